"""How good a detector is: which detections are right, and average precision.

Detections are taken by falling score. One is right if it overlaps an object by at least the
threshold and no better-scored one has taken that object: a second box on the same object is as
wrong as a box on nothing. Precision is the share of right ones among those taken so far, recall
the share of objects found so far, and average precision the area under the one over the other
(Everingham et al. 2010, PASCAL VOC, in the form used since 2010).

Overlaps arrive as tables of IoU, so that the same functions judge 2D and 3D boxes.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def match_detections(
    iou: Float[Tensor, "detections objects"],
    scores: Float[Tensor, "detections"],
    threshold: int | float,
) -> Bool[Tensor, "detections"]:
    """Which detections of one picture are right, each object being found at most once.

    By falling score, each takes the object it overlaps most among those not yet taken, if by
    ``threshold`` or more (Lin et al. 2014, COCO; PASCAL would count a detection as wrong whose
    best object is taken, even if it also fits another). Equal scores keep their order.

    Raises: ValueError if the threshold is not in (0, 1], or shapes do not fit.
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"the IoU threshold must be above 0 and at most 1, got {threshold}")
    if iou.ndim != 2 or scores.shape != iou.shape[:1]:
        raise ValueError(f"{tuple(scores.shape)} scores do not fit a {tuple(iou.shape)} IoU table")
    left = iou.detach().clone()
    right = torch.zeros(len(scores), dtype=torch.bool, device=iou.device)
    if left.shape[1] == 0:
        return right
    for i in scores.argsort(descending=True, stable=True).tolist():
        overlap, j = left[i].max(0)
        if overlap >= threshold:
            right[i] = True
            left[:, j] = -1
    return right


def precision_recall(
    scores: Float[Tensor, "detections"], right: Bool[Tensor, "detections"], objects: int
) -> tuple[Float[Tensor, "detections"], Float[Tensor, "detections"]]:
    """Precision and recall after each detection, by falling score: TP / (TP + FP), TP / objects.

    objects: how many there were to find, in all pictures together.

    Raises: ValueError if there was nothing to find, or more was found than there is.
    """
    if objects < 1:
        raise ValueError("without a single object to find, there is no recall")
    if int(right.sum()) > objects:
        raise ValueError(f"{int(right.sum())} right detections of only {objects} objects")
    order = scores.argsort(descending=True, stable=True)
    found = right[order].to(scores).cumsum(0)
    taken = torch.arange(1, len(scores) + 1, dtype=scores.dtype, device=scores.device)
    return found / taken, found / objects


def average_precision(
    scores: Float[Tensor, "detections"], right: Bool[Tensor, "detections"], objects: int
) -> float:
    """AP = sum over detections of (recall gained) x (best precision at that recall or higher).

    All-point interpolation (PASCAL VOC since 2010), over the detections of all pictures
    together; 0 without any, 1 if all objects are found before anything wrong.

    Raises: ValueError as ``precision_recall``.
    """
    if len(scores) != len(right):
        raise ValueError(f"{len(scores)} scores, but {len(right)} verdicts")
    precision, recall = precision_recall(scores, right, objects)
    if not len(scores):
        return 0.0
    envelope = precision.flip(0).cummax(0).values.flip(0)
    gained = recall.diff(prepend=recall.new_zeros(1))
    return float((envelope * gained).sum())


def average_precision_of(
    tables: Sequence[Float[Tensor, "_ _"]],
    scores: Sequence[Float[Tensor, "_"]],
    threshold: int | float,
) -> float:
    """AP of a detector over many pictures, from each one's IoU table (detections, objects).

    Raises: ValueError if there are not as many tables as lists of scores, or nothing to find.
    """
    if len(tables) != len(scores) or not len(tables):
        raise ValueError(f"{len(tables)} IoU tables, but scores of {len(scores)} pictures")
    right = [match_detections(*pair, threshold) for pair in zip(tables, scores, strict=True)]
    objects = sum(table.shape[1] for table in tables)
    return average_precision(torch.cat(list(scores)), torch.cat(right), objects)


def rectangle_iou(
    a: Float[Tensor, "many 4"], b: Float[Tensor, "others 4"]
) -> Float[Tensor, "many others"]:
    """The IoU of every rectangle (left, top, right, bottom) of a with every one of b.

    Zero where both are without area.

    Raises: ValueError if the last axis is not 4.
    """
    if a.shape[-1] != 4 or b.shape[-1] != 4:
        raise ValueError(f"rectangles have 4 numbers, got {a.shape[-1]} and {b.shape[-1]}")
    low = torch.maximum(a[:, None, :2], b[None, :, :2])
    high = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    common = (high - low).clamp(min=0).prod(-1)
    area_a, area_b = ((x[:, 2:] - x[:, :2]).prod(-1) for x in (a, b))
    union = area_a[:, None] + area_b[None] - common
    some = union > 0
    return torch.where(some, common / torch.where(some, union, torch.ones_like(union)), 0.0)
