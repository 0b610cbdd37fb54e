"""3D proposals: boxes on the ground where an object might be, and how a box is told from one.

The lecture: "Same idea as Faster RCNN, but proposals are in 3D". Chen et al. (2016), "Monocular
3D object detection for autonomous driving", put boxes of typical sizes all over the ground plane,
which is known because the camera's height and pitch are. Here a box is seven numbers, as in
``boxes``: (x, y, z, length, width, height, yaw); the ground is z = 0, the camera is above the
origin and looks along x. Proposals lie on rays along the ground, more densely where it is near.
A picture sees a thing from the side that its ray meets, so proposals turn with their rays.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.vision3d.boxes.box_overlap import box_iou
from course_utils.vision3d.boxes.boxes import full_boxes

NOTHING, BETWEEN = -1, -2  # what a proposal is that stands for no box, or for none clearly
CODE = 8  # numbers that tell a box from its proposal


def ground_proposals(
    distances: Float[Tensor, "distances"],
    bearings: Float[Tensor, "bearings"],
    sides: Float[Tensor, "3"],
) -> Float[Tensor, "places turns=2 7"]:
    """Two boxes on the ground at every distance along every ray: turned with the ray, and across.

    distances: from the origin to the middles of boxes, world units. bearings: of rays, radians
    from x towards y. sides: length, width, height. Places: all bearings of the first distance,
    then of the second.

    Raises: ValueError if a distance or a side is not positive.
    """
    if not bool((distances > 0).all() and (sides > 0).all()):
        raise ValueError("distances and sides of proposals must be positive")
    r, b = (grid.flatten() for grid in torch.meshgrid(distances, bearings, indexing="ij"))
    middle = torch.stack([r * b.cos(), r * b.sin(), (sides[2] / 2).expand_as(r)], -1)
    one = torch.cat([middle, sides.expand(len(r), 3), b[:, None]], -1)
    across = one.clone()
    across[:, 6] += math.pi / 2
    return torch.stack([one, across], 1)


def grid_of_distances(near: float | int, far: float | int, count: int) -> Float[Tensor, "count"]:
    """Distances each the same factor farther than the last: the same step on the picture's scale.

    Raises: ValueError unless 0 < near < far and there are two at least.
    """
    if not 0 < near < far or count < 2:
        raise ValueError(f"need 0 < near < far and two distances, got {near}, {far}, {count}")
    return torch.logspace(math.log10(near), math.log10(far), count)


# ------------------------------------------------------------------------------ encode, decode


def encode_boxes(
    proposals: Float[Tensor, "*boxes 7"], boxes: Float[Tensor, "*boxes 7"]
) -> Float[Tensor, "*boxes 8"]:
    """What to tell a proposal p so that it becomes the box b, about as large for all numbers.

    (R(-yaw_p)(b - p) / sides_p, log(sides_b / sides_p), sin 2d, cos 2d) with d = yaw_b - yaw_p:
    the offset in the proposal's own axes and sides (Girshick et al. 2014, R-CNN, in 3D), and
    twice the angle, because a box turned by half is the same solid.

    Raises: ValueError if a side is not positive.
    """
    if not bool((proposals[..., 3:6] > 0).all() and (boxes[..., 3:6] > 0).all()):
        raise ValueError("only boxes with positive sides can be told")
    x, y, z = (boxes[..., :3] - proposals[..., :3]).unbind(-1)
    c, s = proposals[..., 6].cos(), proposals[..., 6].sin()
    offset = torch.stack([c * x + s * y, c * y - s * x, z], -1) / proposals[..., 3:6]
    larger = (boxes[..., 3:6] / proposals[..., 3:6]).log()
    twice = 2 * (boxes[..., 6:] - proposals[..., 6:])
    return torch.cat([offset, larger, twice.sin(), twice.cos()], -1)


def decode_boxes(
    proposals: Float[Tensor, "*#boxes 7"], code: Float[Tensor, "*#boxes 8"]
) -> Float[Tensor, "*boxes 7"]:
    """The inverse of ``encode_boxes``, but for half turns: yaw lies within 90 degrees of p's."""
    a, b, z = (code[..., :3] * proposals[..., 3:6]).unbind(-1)
    c, s = proposals[..., 6].cos(), proposals[..., 6].sin()
    middle = proposals[..., :3] + torch.stack([c * a - s * b, s * a + c * b, z], -1)
    sides = proposals[..., 3:6] * code[..., 3:6].exp()
    yaw = proposals[..., 6] + torch.atan2(code[..., 6], code[..., 7]) / 2
    return torch.cat([middle, sides, yaw[..., None]], -1)


# ------------------------------------------------------------------------------ who stands for whom


def ground_overlap(
    proposals: Float[Tensor, "proposals 7"], boxes: Float[Tensor, "boxes 7"]
) -> Float[Tensor, "proposals boxes"]:
    """IoU from above as if each box were turned like the proposal; 0 if it differs by over 45°.

    In closed form, where the exact one would need clipping for every pair (so Yan et al. 2018,
    SECOND, section 3.2, assign targets by their nearest upright boxes).
    """
    x, y = (boxes[None, :, :2] - proposals[:, None, :2]).unbind(-1)
    c, s = proposals[:, None, 6].cos(), proposals[:, None, 6].sin()
    gap = torch.stack([c * x + s * y, c * y - s * x], -1).abs()
    p, b = proposals[:, None, 3:5], boxes[None, :, 3:5]
    common = torch.minimum(torch.minimum(p, b), ((p + b) / 2 - gap).clamp(min=0)).prod(-1)
    union = p.prod(-1) + b.prod(-1) - common
    alike = (2 * (boxes[None, :, 6] - proposals[:, None, 6])).cos() >= 0
    return torch.where(alike & (union > 0), common / union.clamp(min=1e-12), 0.0)


def assign_boxes(
    proposals: Float[Tensor, "proposals 7"],
    boxes: Float[Tensor, "boxes 7"],
    least: float | int = 0.4,
    most: float | int = 0.25,
) -> Int[Tensor, "proposals"]:
    """Which box each proposal stands for: an index, or NOTHING, or BETWEEN.

    The box it overlaps most from above, if by ``least`` or more; NOTHING below ``most``; BETWEEN
    otherwise, and then it teaches nothing. The best proposal of a box stands for it in any case
    (Ren et al. 2015, Faster R-CNN, section 3.1.2).

    Raises: ValueError unless 0 < most <= least <= 1.
    """
    if not 0 < most <= least <= 1:
        raise ValueError(f"limits of overlap must be 0 < most <= least <= 1, got {most}, {least}")
    nothing = torch.full((len(proposals),), NOTHING, device=proposals.device)
    if len(boxes) == 0:
        return nothing
    overlap = ground_overlap(proposals, boxes)
    best, which = overlap.max(1)
    found = torch.where(best >= least, which, torch.where(best < most, NOTHING, BETWEEN))
    top, place = overlap.max(0)
    mine = top > 0
    found[place[mine]] = torch.arange(len(boxes), device=boxes.device)[mine]
    return found


def suppress_doubles(
    boxes: Float[Tensor, "boxes 7"], scores: Float[Tensor, "boxes"], most: float | int = 0.1
) -> Int[Tensor, "kept"]:
    """Non-maximum suppression: by falling score, those that overlap none kept by over ``most``.

    IoU of turned 3D boxes, exact. Returns indices.

    Raises: ValueError if there are not as many scores as boxes.
    """
    if len(boxes) != len(scores):
        raise ValueError(f"{len(boxes)} boxes but {len(scores)} scores")
    order = scores.argsort(descending=True, stable=True)
    solid = full_boxes(boxes[order])
    double = _overlap_more(solid, most)
    alive = torch.ones(len(boxes), dtype=torch.bool, device=boxes.device)
    for i in range(len(boxes)):
        if alive[i]:
            alive &= ~double[i]
    return order[alive]


def _overlap_more(solid: Tensor, most: float | int) -> Tensor:
    """Which upright boxes overlap each earlier one too much; only those near each other are cut."""
    i, j = torch.triu_indices(len(solid), len(solid), 1, device=solid.device)
    reach = solid[:, 3:5].norm(dim=-1) / 2
    near = (solid[i, :2] - solid[j, :2]).norm(dim=-1) < reach[i] + reach[j]
    i, j = i[near], j[near]
    double = torch.zeros(len(solid), len(solid), dtype=torch.bool, device=solid.device)
    double[i, j] = box_iou(solid[i], solid[j]) > most
    return double
