"""What a camera sees of a 3D box is a rectangle; what a rectangle knows of the world is a frustum.

A pixel is a ray, and a 2D box is a frustum: the pyramid of all points that appear in it (the
lecture; Qi et al. 2018, Frustum PointNets, figure 2). How far away an object is, and so how
large, it does not say. Rectangles are (left, top, right, bottom) in pixels, as ``cameras`` has
them, and half spaces as ``boxes`` has them.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.vision3d.boxes.boxes import HalfSpaces, box_corners, check_boxes, edge_ends
from course_utils.vision3d.cameras import Camera, project_points, unproject


def project_boxes(
    camera: Camera, boxes: Float[Tensor, "*batch boxes 9"], near: int | float = 1e-3
) -> tuple[Float[Tensor, "*batch boxes 4"], Bool[Tensor, "*batch boxes"]]:
    """The tight rectangle around each box's picture, and whether any of the box is in front.

    What is nearer to the camera's plane than ``near`` (world units of depth) is cut off: the
    picture's extremes are then corners, or the places where edges cross that plane. Rectangles
    may reach beyond the image, see ``crop_rectangles``; that of a box behind the camera is zero.

    Raises: ValueError as ``check_boxes``, or if ``near`` is not positive.
    """
    if near <= 0:
        raise ValueError(f"the nearest depth must be positive, got {near}")
    corners = box_corners(boxes)
    a, b = corners[..., edge_ends(boxes.device), :].unbind(-2)  # (..., boxes, 12, 3)
    depths = [_depths(camera, x) for x in (a, b)]
    crosses = (depths[0] > near) != (depths[1] > near)
    fall = torch.where(crosses, depths[0] - depths[1], torch.ones_like(depths[0]))
    crossings = a + ((depths[0] - near) / fall)[..., None] * (b - a)
    in_front = torch.cat([_depths(camera, corners) > near, crosses], -1)
    points = torch.cat([corners, crossings], -2)
    # A harmless place for what is not there, so that no gradient divides by a depth of zero.
    safe = (camera.centre + camera.forward)[..., None, None, :]
    points = torch.where(in_front[..., None], points, safe)
    uv = project_points(camera, points.flatten(-3, -2))[0].unflatten(-2, points.shape[-3:-1])
    low = torch.where(in_front[..., None], uv, torch.inf).amin(-2)
    high = torch.where(in_front[..., None], uv, -torch.inf).amax(-2)
    some = in_front.any(-1)
    return torch.where(some[..., None], torch.cat([low, high], -1), 0.0), some


def _depths(camera: Camera, points: Float[Tensor, "*batch boxes corners 3"]) -> Tensor:
    offset = points - camera.centre[..., None, None, :]
    return (offset * camera.forward[..., None, None, :]).sum(-1)


def crop_rectangles(
    camera: Camera, rectangles: Float[Tensor, "*batch boxes 4"]
) -> Float[Tensor, "*batch boxes 4"]:
    """The part of each rectangle that lies in the image; of no area where there is none."""
    size = rectangles.new_tensor([camera.width, camera.height]).repeat(2)
    return rectangles.clamp(min=torch.zeros_like(size), max=size)


def _check_rectangles(rectangles: Tensor) -> None:
    if rectangles.ndim < 1 or rectangles.shape[-1] != 4:
        raise ValueError(f"a rectangle has 4 numbers, got shape {tuple(rectangles.shape)}")
    if not bool((rectangles[..., 2:] >= rectangles[..., :2]).all()):
        raise ValueError("a rectangle is (left, top, right, bottom), left <= right, top <= bottom")


def frustum_planes(camera: Camera, rectangle: Float[Tensor, "*batch 4"]) -> HalfSpaces:
    """The five half spaces of all that one camera can see in a rectangle of its picture.

    In camera axes, left of the frustum is outside where x < z (left - u0) / f, and so on; the
    first four planes (left, top, right, bottom) pass through the pinhole, the fifth is the
    camera's own plane, behind which nothing is seen. A 2D box is this frustum, and no more.

    Raises: ValueError if the rectangle is not (left, top, right, bottom).
    """
    _check_rectangles(rectangle)
    principal, focal = camera.principal.repeat_interleave(2, -1), camera.focal[..., None]
    slope = (rectangle[..., [0, 2, 1, 3]] - principal) / focal
    left, right, top, bottom = slope.unbind(-1)
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    rows = [
        *(-one, zero, left, zero, -one, top),
        *(one, zero, -right, zero, one, -bottom),
        *(zero, zero, -one),
    ]
    local = normalize(torch.stack(rows, -1).unflatten(-1, (5, 3)), dim=-1)
    normals = local @ camera.rotation.transpose(-1, -2)
    return normals, (normals * camera.centre[..., None, :]).sum(-1)


def frustum_corners(
    camera: Camera, rectangle: Float[Tensor, "*batch 4"], near: int | float, far: int | float
) -> Float[Tensor, "*batch 8 3"]:
    """Corners of the frustum between two depths: clockwise from the top left, near ones first.

    near, far: depths in world units.

    Raises: ValueError if not 0 < near < far, or if the rectangle is not (left, top, right, bottom).
    """
    if not 0 < near < far:
        raise ValueError(f"depths must satisfy 0 < near < far, got {near} and {far}")
    _check_rectangles(rectangle)
    around = rectangle[..., [0, 1, 2, 1, 2, 3, 0, 3]].unflatten(-1, (4, 2))
    uv = torch.cat([around, around], -2)
    depth = uv.new_tensor([near] * 4 + [far] * 4)
    return unproject(camera, uv, depth.expand(uv.shape[:-1]))


def slide_boxes(
    camera: Camera, boxes: Float[Tensor, "boxes 9"], factor: int | float
) -> Float[Tensor, "boxes 9"]:
    """Boxes ``factor`` times as far from the pinhole and as large: one camera sees no difference.

    Raises: ValueError if the factor is not positive, or as ``check_boxes``.
    """
    check_boxes(boxes)
    if factor <= 0:
        raise ValueError(f"the factor must be positive, got {factor}")
    centre = camera.centre + factor * (boxes[..., :3] - camera.centre)
    return torch.cat([centre, factor * boxes[..., 3:6], boxes[..., 6:]], -1)
