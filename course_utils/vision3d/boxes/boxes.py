"""3D boxes: nine numbers, or seven; their corners, their half spaces, and what lies inside.

A box is (x, y, z, length, width, height, yaw, pitch, roll): its centre and full side lengths in
world units, then angles in radians. Its own x axis is its front, y its left and z its upper side,
and the angles turn these into the world by R = Rz(yaw) Ry(pitch) Rx(roll). Things on the ground
only turn about the vertical, and detectors simplify the box to seven numbers, without pitch and
roll (the lecture; Geiger et al. 2012, KITTI). A convex solid is what its half spaces have in
common: pairs of outward unit normals n and offsets c in world units, inside where n . x <= c.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

HalfSpaces = tuple[Float[Tensor, "*batch planes 3"], Float[Tensor, "*batch planes"]]


def check_boxes(boxes: Float[Tensor, "*boxes 9"]) -> None:
    """Nothing if these can be boxes.

    Raises: ValueError if the last axis is not 9 or a side length is negative or not a number.
    """
    if boxes.ndim < 1 or boxes.shape[-1] != 9:
        raise ValueError(f"a 3D box has 9 numbers, got a tensor of shape {tuple(boxes.shape)}")
    if not bool((boxes[..., 3:6] >= 0).all()):
        raise ValueError("the side lengths of a box cannot be negative or not a number")


def full_boxes(simplified: Float[Tensor, "*boxes 7"]) -> Float[Tensor, "*boxes 9"]:
    """Nine numbers from seven: pitch and roll are zero.

    Raises: ValueError if the last axis is not 7.
    """
    if simplified.ndim < 1 or simplified.shape[-1] != 7:
        raise ValueError(f"a simplified box has 7 numbers, got shape {tuple(simplified.shape)}")
    return torch.cat([simplified, torch.zeros_like(simplified[..., :2])], -1)


def simplified_boxes(boxes: Float[Tensor, "*boxes 9"]) -> Float[Tensor, "*boxes 7"]:
    """Seven numbers from nine: centre, sides and yaw stay, pitch and roll are forgotten.

    Raises: ValueError as ``check_boxes``.
    """
    check_boxes(boxes)
    return boxes[..., :7]


def rotation_from_angles(angles: Float[Tensor, "*boxes 3"]) -> Float[Tensor, "*boxes 3 3"]:
    """R = Rz(yaw) Ry(pitch) Rx(roll); its columns are the box's front, left and up in the world.

    angles: (yaw, pitch, roll) in radians, each right-handed. Positive pitch lowers the front.

    Raises: ValueError if the last axis is not 3.
    """
    if angles.ndim < 1 or angles.shape[-1] != 3:
        raise ValueError(f"yaw, pitch and roll are 3 numbers, got shape {tuple(angles.shape)}")
    (cy, cp, cr), (sy, sp, sr) = angles.cos().unbind(-1), angles.sin().unbind(-1)
    rows = [
        *(cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr),
        *(sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr),
        *(-sp, cp * sr, cp * cr),
    ]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def box_corners(boxes: Float[Tensor, "*boxes 9"]) -> Float[Tensor, "*boxes 8 3"]:
    """The eight corners in the world; bit 2, 1, 0 of the index: on the front, left, upper side.

    Raises: ValueError as ``check_boxes``.
    """
    check_boxes(boxes)
    index = torch.arange(8, device=boxes.device)
    bits = torch.stack([index >> 2 & 1, index >> 1 & 1, index & 1], -1)
    corners = (bits.to(boxes) - 0.5) * boxes[..., None, 3:6]
    rotation = rotation_from_angles(boxes[..., 6:])
    return corners @ rotation.transpose(-1, -2) + boxes[..., None, :3]


def edge_ends(device: torch.device | str = "cpu") -> Int[Tensor, "12 2"]:
    """The two corners at the ends of each of a box's twelve edges, as indices of corners."""
    pairs = [(i, i | bit) for bit in (4, 2, 1) for i in range(8) if not i & bit]
    return torch.tensor(pairs, device=device)


def box_volumes(boxes: Float[Tensor, "*boxes 9"]) -> Float[Tensor, "*boxes"]:
    """Length times width times height, in cubic world units.

    Raises: ValueError as ``check_boxes``.
    """
    check_boxes(boxes)
    return boxes[..., 3:6].prod(-1)


# ------------------------------------------------------------------------------ half spaces


def box_planes(boxes: Float[Tensor, "*boxes 9"]) -> HalfSpaces:
    """The six half spaces whose common part is the box: front, left, upper, back, right, lower.

    Raises: ValueError as ``check_boxes``.
    """
    check_boxes(boxes)
    axes = rotation_from_angles(boxes[..., 6:]).transpose(-1, -2)  # rows: front, left, up
    normals = torch.cat([axes, -axes], -2)
    middle = (normals * boxes[..., None, :3]).sum(-1)
    half = boxes[..., 3:6] / 2
    return normals, middle + torch.cat([half, half], -1)


def points_inside(
    half_spaces: HalfSpaces, points: Float[Tensor, "*batch points 3"], slack: int | float = 0.0
) -> Bool[Tensor, "*batch points"]:
    """Whether points lie in all half spaces, their planes included.

    slack: how far outside a point may lie, in world units.

    Raises: ValueError if the last axis of points is not 3.
    """
    if points.ndim < 2 or points.shape[-1] != 3:
        raise ValueError(f"points must be (..., points, 3), got {tuple(points.shape)}")
    normals, offsets = half_spaces
    return (points @ normals.transpose(-1, -2) <= offsets[..., None, :] + slack).all(-1)
