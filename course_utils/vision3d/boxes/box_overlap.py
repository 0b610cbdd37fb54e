"""How much two turned 3D boxes have in common: exact volume, IoU, and a loss to learn by.

The common part of two boxes is one box, cut by the six half spaces of the other. A solid is kept
as the oriented edges of its faces; nothing needs to be in order, because a flat face with edges
a -> b has the area vector 1/2 sum a x b, and the volume is 1/3 sum over faces of q . area vector
for any point q of the face (divergence theorem). A half space shortens the edges that cross its
plane (Sutherland & Hodgman 1974). A face that lost a piece is closed by an edge from where it was
left to where it was entered; the same edges, reversed, bound the new face in the plane.

Everything is differentiable but where a corner of one box lies in a plane of the other.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.boxes.boxes import (
    box_corners,
    box_planes,
    box_volumes,
    check_boxes,
    rotation_from_angles,
)

CHUNK = 4096  # pairs at a time: about 10 kB for each
# Corners of the faces in the order of ``box_planes``, anticlockwise seen from outside.
FACES = ((4, 6, 7, 5), (2, 3, 7, 6), (1, 5, 7, 3), (0, 1, 3, 2), (0, 4, 5, 1), (0, 2, 6, 4))

Edges = Float[Tensor, "pairs faces edges ends=2 3"]


def common_volume(
    a: Float[Tensor, "pairs 9"], b: Float[Tensor, "pairs 9"]
) -> Float[Tensor, "pairs"]:
    """The volume that each box of a shares with that of b, in cubic world units.

    Raises: ValueError as ``boxes.check_boxes``.
    """
    check_boxes(a)
    check_boxes(b)
    parts = [_common_volume(x, y) for x, y in zip(a.split(CHUNK), b.split(CHUNK), strict=True)]
    return torch.cat(parts) if parts else a.new_zeros(0)


def _common_volume(a: Float[Tensor, "pairs 9"], b: Float[Tensor, "pairs 9"]) -> Tensor:
    middle = (a[:, :3] + b[:, :3]) / 2  # numbers stay small, and so do their errors
    a, b = (torch.cat([x[:, :3] - middle, x[:, 3:]], -1) for x in (a, b))
    corners = box_corners(a)
    faces = torch.tensor(FACES, device=a.device)
    ring = torch.stack([faces, faces.roll(-1, 1)], -1)  # each edge from a corner to the next
    edges = corners[:, ring]  # (pairs, 6, 4, 2, 3)
    places = [edges[:, :, 0, 0]]  # a point of each face
    normals, offsets = box_planes(b)
    # What lies in a plane but for rounding counts as inside: equal boxes are not cut at all.
    reach = a[:, 3:6].norm(dim=-1) + b[:, 3:6].norm(dim=-1)
    slack = 32 * torch.finfo(a.dtype).eps * reach.detach()
    for k in range(6):
        edges = clip_solid(edges, normals[:, k], offsets[:, k], slack)
        places.append((normals[:, k] * offsets[:, k, None])[:, None])
    # a x (b - a), not a x b: nothing at all remains of edges that shrank to a point.
    areas = torch.linalg.cross(edges[..., 0, :], edges[..., 1, :] - edges[..., 0, :]).sum(2) / 2
    return ((areas * torch.cat(places, 1)).sum((1, 2)) / 3).clamp(min=0)


def clip_solid(
    edges: Edges,
    normal: Float[Tensor, "pairs 3"],
    offset: Float[Tensor, "pairs"],
    slack: Float[Tensor, "pairs"],
) -> Float[Tensor, "pairs more longer 2 3"]:
    """The part of convex solids in normal . x <= offset, with one face more than before.

    Edges that are cut off altogether shrink to a point, and so do those of a new face where
    nothing was cut. slack: how far outside still counts as inside.
    """
    height = (edges * normal[:, None, None, None]).sum(-1) - offset[:, None, None, None]
    inside = height <= slack[:, None, None, None]
    first, last = inside.unbind(-1)
    leaves, enters = first & ~last, ~first & last
    crossing = _crossings(edges, height, first, leaves | enters)[..., None, :]
    gone = torch.where(last[..., None, None], crossing, edges[..., :1, :])
    start = torch.where(first[..., None, None], edges[..., :1, :], gone)
    kept = torch.where(first[..., None, None], crossing, edges[..., :1, :])
    end = torch.where(last[..., None, None], edges[..., 1:, :], kept)
    # A convex face is left at most once and entered at most once: the sum is that one point.
    out, back = (
        torch.where(here[..., None, None], crossing, 0.0).sum(2) for here in (leaves, enters)
    )
    closing = torch.cat([out, back], -2)  # (pairs, faces, 2, 3)
    old = torch.cat([torch.cat([start, end], -2), closing[:, :, None]], 2)
    return torch.cat(_of_equal_length(old, closing.flip(-2)[:, None]), 1)


def _crossings(edges: Tensor, height: Tensor, first: Tensor, crosses: Tensor) -> Tensor:
    """Where edges meet the plane, always reckoned from the inner end to the outer one.

    So the two faces of an edge find the same point to the last bit, and the solid stays closed.
    """
    flip = first[..., None]
    inner = torch.where(flip, height[..., :1], height[..., 1:])
    outer = torch.where(flip, height[..., 1:], height[..., :1])
    rise = torch.where(crosses[..., None], outer - inner, torch.ones_like(outer))
    share = (-inner / rise).clamp(0, 1)
    a, b = edges.unbind(-2)
    start, end = torch.where(flip, a, b), torch.where(flip, b, a)
    return start + share * (end - start)


def _of_equal_length(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Two sets of faces with as many edges each; those added go from the origin to itself."""
    most = max(a.shape[2], b.shape[2])
    pads = [x.new_zeros(*x.shape[:2], most - x.shape[2], 2, 3) for x in (a, b)]
    return torch.cat([a, pads[0]], 2), torch.cat([b, pads[1]], 2)


def box_iou(a: Float[Tensor, "pairs 9"], b: Float[Tensor, "pairs 9"]) -> Float[Tensor, "pairs"]:
    """Intersection over union of the volumes of each box of a with that of b, exact.

    Zero if both boxes are flat: then there is no union.

    Raises: ValueError if there are not as many a as b, or as ``boxes.check_boxes``.
    """
    return _iou_and_union(a, b)[0]


def _iou_and_union(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    if a.shape != b.shape:
        raise ValueError(f"as many boxes a as b, please: got {tuple(a.shape)}, {tuple(b.shape)}")
    common = common_volume(a, b)
    union = box_volumes(a) + box_volumes(b) - common
    some = union > 0
    iou = torch.where(some, common / torch.where(some, union, torch.ones_like(union)), 0.0)
    return iou, union


def pairwise_iou(
    a: Float[Tensor, "many 9"], b: Float[Tensor, "others 9"]
) -> Float[Tensor, "many others"]:
    """The IoU of every box of a with every box of b.

    Only pairs whose circumscribed balls meet are clipped.

    Raises: ValueError as ``boxes.check_boxes``.
    """
    check_boxes(a)
    check_boxes(b)
    gap = (a[:, None, :3] - b[None, :, :3]).norm(dim=-1)
    reach = a[:, None, 3:6].norm(dim=-1) + b[None, :, 3:6].norm(dim=-1)
    i, j = (gap < reach / 2).nonzero(as_tuple=True)
    return torch.zeros_like(gap).index_put((i, j), box_iou(a[i], b[j]))


def iou_loss(
    predicted: Float[Tensor, "pairs 9"], truth: Float[Tensor, "pairs 9"]
) -> Float[Tensor, "pairs"]:
    """1 - IoU, between 0 and 1; flat, without a gradient, where boxes do not meet.

    Zhou et al. 2019, "IoU loss for 2D/3D object detection". Autograd through the exact clipping.

    Raises: ValueError as ``box_iou``.
    """
    return 1 - box_iou(predicted, truth)


def generalised_iou_loss(
    predicted: Float[Tensor, "pairs 9"], truth: Float[Tensor, "pairs 9"]
) -> Float[Tensor, "pairs"]:
    """1 - IoU + (H - union) / H, between 0 and 2; H is the volume of a hull around both boxes.

    Rezatofighi et al. 2019, eq. 3, who take the smallest convex hull; here it is the smallest box
    along the axes of the true one that has both, which turns with the world and is zero loss for
    equal boxes just so. Where boxes are apart it still pulls them together.

    Raises: ValueError as ``box_iou``.
    """
    iou, union = _iou_and_union(predicted, truth)
    offset = box_corners(predicted) - truth[:, None, :3]
    local = offset @ rotation_from_angles(truth[:, 6:])  # in the axes of the true box
    half = truth[:, 3:6] / 2
    sides = torch.maximum(local.amax(1), half) - torch.minimum(local.amin(1), -half)
    hull = sides.prod(-1)
    some = hull > 0
    waste = torch.where(some, 1 - union / torch.where(some, hull, torch.ones_like(hull)), 0.0)
    return 1 - iou + waste
