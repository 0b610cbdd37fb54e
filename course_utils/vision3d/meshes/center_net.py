"""A small 2D detector: objects as points, each with the sides of its box.

For each cell of a coarse grid: is the middle of an object here, how large is its box, and where
exactly in the cell is its middle? No anchors, and no other suppression of doubles than that only
peaks count (Zhou et al. 2019, "Objects as Points", sections 3 and 4). In the lecture's Mesh R-CNN
this is the part called *detect*. Boxes are (left, top, right, bottom) in pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.vision3d.meshes.roi_align import Boxes, check_rectangles


class CentreMaps(NamedTuple):
    """What the head says of each cell.

    heat: logit of "the middle of an object is here". sides: log of (width, height) over the
    stride. shift: from the cell's top-left corner to the middle, in cells.
    """

    heat: Float[Tensor, "pictures down across"]
    sides: Float[Tensor, "pictures 2 down across"]
    shift: Float[Tensor, "pictures 2 down across"]


class CentreTargets(NamedTuple):
    """What is true: the heat of each cell, 1 at middles; and the cell and box of each object."""

    heat: Float[Tensor, "pictures down across"]
    picture: Int[Tensor, "boxes"]
    cell: Int[Tensor, "boxes 2"]
    sides: Float[Tensor, "boxes 2"]
    shift: Float[Tensor, "boxes 2"]


def centre_targets(
    boxes: Boxes, picture: Int[Tensor, "boxes"], shape: tuple[int, int, int], stride: int
) -> CentreTargets:
    """The targets of a grid of (pictures, down, across) cells.

    heat = max over boxes exp(-|x - c|^2 / (2 s^2)) with s a tenth of the box's mean side, at least
    half a cell: near misses are forgiven in part.

    Raises: ValueError as ``check_rectangles``.
    """
    check_rectangles(boxes)
    middle, size = (boxes[:, :2] + boxes[:, 2:]) / (2 * stride), (boxes[:, 2:] - boxes[:, :2])
    most = torch.tensor([shape[2], shape[1]], device=boxes.device) - 1
    cell = middle.floor().long().clamp(min=torch.zeros_like(most), max=most)  # (across, down)
    width = (0.1 * size.mean(1) / stride).clamp(min=0.5)
    down, across = (torch.arange(n, device=boxes.device) for n in shape[1:])
    far = (across - cell[:, :1])[:, None] ** 2 + (down - cell[:, 1:])[:, :, None] ** 2
    bump = torch.exp(-far / (2 * width**2)[:, None, None])
    rows = picture[:, None, None].expand_as(bump)
    heat = boxes.new_zeros(shape).scatter_reduce(0, rows, bump.to(boxes), "amax")
    return CentreTargets(heat, picture, cell, (size / stride).log(), middle - cell)


def heat_loss(
    logits: Float[Tensor, "pictures down across"], heat: Float[Tensor, "pictures down across"]
) -> Float[Tensor, ""]:
    """The penalty-reduced focal loss of Zhou et al. (2019), eq. 1, for each object.

    -(1 - p)^2 log p where the heat is 1, -(1 - heat)^4 p^2 log(1 - p) elsewhere.

    Raises: ValueError if the shapes differ.
    """
    if logits.shape != heat.shape:
        raise ValueError(f"{tuple(logits.shape)} logits for {tuple(heat.shape)} cells")
    p, peak = logits.sigmoid(), heat >= 1
    there = -((1 - p) ** 2) * F.logsigmoid(logits)
    elsewhere = -((1 - heat) ** 4) * p**2 * F.logsigmoid(-logits)
    return torch.where(peak, there, elsewhere).sum() / peak.sum().clamp(min=1)


def box_losses(maps: CentreMaps, targets: CentreTargets) -> dict[str, Float[Tensor, ""]]:
    """The losses of heat, sides and shift; the last two only where the objects are, as |error|.

    So few cells learn about sides and shift that these count twice.
    """
    index = targets.picture, slice(None), targets.cell[:, 1], targets.cell[:, 0]
    return {
        "heat": heat_loss(maps.heat, targets.heat),
        "sides": 2 * (maps.sides[index] - targets.sides).abs().mean(),
        "shift": 2 * (maps.shift[index] - targets.shift).abs().mean(),
    }


class Detections(NamedTuple):
    """Boxes found, the picture that each is on, and a score in [0, 1]."""

    boxes: Float[Tensor, "boxes 4"]
    picture: Int[Tensor, "boxes"]
    score: Float[Tensor, "boxes"]

    def kept(self, which: Bool[Tensor, "boxes"]) -> Detections:
        """Some of them."""
        return Detections(*(values[which] for values in self))


def find_boxes(maps: CentreMaps, stride: int, least: int | float = 0.3) -> Detections:
    """Boxes at the peaks of the heat: cells that no neighbour exceeds, with a score >= ``least``.

    Raises: ValueError if ``least`` is not in (0, 1).
    """
    if not 0 < least < 1:
        raise ValueError(f"a score lies between 0 and 1, and so must the least, got {least}")
    score = maps.heat.detach().sigmoid()
    peaks = (F.max_pool2d(score[:, None], 3, 1, 1)[:, 0] == score) & (score >= least)
    picture, y, x = peaks.nonzero(as_tuple=True)
    at = picture, slice(None), y, x
    middle = (torch.stack([x, y], -1) + maps.shift.detach()[at]) * stride
    half = maps.sides.detach()[at].clamp(-2, 5).exp() * stride / 2
    return Detections(torch.cat([middle - half, middle + half], -1), picture, score[picture, y, x])
