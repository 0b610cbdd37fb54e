"""Grids of voxels as predictions: the loss to train them with, and scores to judge them by.

A grid is ``(batch, r, r, r)``, indexed x, y, z as in ``shapes``. Most of it is air. So a loss that
counts every voxel alike is nearly content with no object at all, and so is accuracy. The balanced
loss gives what is full as much to say as what is empty; intersection over union (IoU) looks only
at voxels that are full in the prediction or in truth.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

Grid = Bool[Tensor, "batch r r r"]
Logits = Float[Tensor, "batch r r r"]
Soft = Float[Tensor, "batch r r r"]


def _check_pair(predicted: Tensor, truth: Tensor) -> None:
    if predicted.ndim != 4 or predicted.shape != truth.shape:
        raise ValueError(
            "prediction and truth must both be (batch, r, r, r), got "
            f"{tuple(predicted.shape)} and {tuple(truth.shape)}"
        )
    if not predicted.numel():
        raise ValueError("there is no voxel to compare")


def plain_occupancy_loss(logits: Logits, occupancy: Grid) -> Float[Tensor, ""]:
    """The mean cross-entropy of all voxels, -[y log p + (1 - y) log(1 - p)] with p = sigmoid.

    Choy et al. (2016), 3D-R2N2. In nats. Every voxel counts the same, hence empty
    ones far more than full ones.

    Raises: ValueError if shapes differ, or are not (batch, r, r, r).
    """
    _check_pair(logits, occupancy)
    return F.binary_cross_entropy_with_logits(logits, occupancy.to(logits.dtype))


def balanced_occupancy_loss(logits: Logits, occupancy: Grid) -> Float[Tensor, ""]:
    """Cross-entropy in which the full voxels of an object weigh as much as its empty ones.

    For each object 1/2 mean_{full} -log p + 1/2 mean_{empty} -log(1 - p), with p = sigmoid(logit);
    then the mean over the batch. After Xie & Tu (2015), eq. 2, who weigh edges against all other
    pixels so; here the two shares are made exactly equal. In nats: log 2 where nothing is known.

    Raises: ValueError if shapes differ, are not (batch, r, r, r), or if an object has no full or
        no empty voxel.
    """
    _check_pair(logits, occupancy)
    full = occupancy.flatten(1)
    count = full.sum(1)
    if bool(((count == 0) | (count == full.shape[1])).any()):
        raise ValueError("every object needs both full and empty voxels to balance")
    miss = F.softplus(-logits.flatten(1)) * full  # -log p
    false_alarm = F.softplus(logits.flatten(1)) * ~full  # -log(1 - p)
    each = miss.sum(1) / count + false_alarm.sum(1) / (full.shape[1] - count)
    return each.mean() / 2


def voxel_iou(
    predicted: Soft | Grid, truth: Grid, threshold: float | int = 0.5
) -> Float[Tensor, "batch"]:
    """Intersection over union of each object: |P and T| / |P or T|, with P = predicted > threshold.

    predicted: probabilities, or an occupancy. One number in [0, 1] for each object of the batch
    (take their mean for a data set); 1 where both are empty. The measure of Choy et al. (2016).

    Raises: ValueError if shapes differ, are not (batch, r, r, r), or threshold is not in [0, 1).
    """
    _check_pair(predicted, truth)
    if not 0 <= threshold < 1:
        raise ValueError(f"the threshold must lie in [0, 1), got {threshold}")
    full = (predicted > threshold).flatten(1)
    truth = truth.flatten(1)
    either = (full | truth).sum(1)
    both = (full & truth).sum(1)
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


def surface_voxels(occupancy: Grid) -> Grid:
    """Full voxels with an empty one on at least one of their six sides; beyond the grid is empty.

    Raises: ValueError if the grid is not (batch, r, r, r).
    """
    _check_pair(occupancy, occupancy)
    padded = F.pad(occupancy, (1,) * 6)
    within = occupancy.clone()
    for axis in (1, 2, 3):
        for step in (-1, 1):
            within &= padded.roll(step, axis)[:, 1:-1, 1:-1, 1:-1]
    return occupancy & ~within


def surface_f_score(
    predicted: Soft | Grid, truth: Grid, threshold: float | int = 0.5, reach: int = 1
) -> Float[Tensor, "batch"]:
    """F-score of the surfaces, 2 P R / (P + R), of each object.

    Precision P: share of the predicted surface voxels with a true surface voxel at most ``reach``
    voxels away along each axis; recall R the other way round. Unlike IoU it does not reward the
    inside of bulky objects. After Tatarchenko et al. (2019), with voxels for points. 0 where
    nothing is predicted but something is there, 1 where both are empty.

    Raises: ValueError as ``voxel_iou``, or if reach is negative.
    """
    _check_pair(predicted, truth)
    if reach < 0:
        raise ValueError(f"reach must not be negative, got {reach}")
    mine, real = surface_voxels(predicted > threshold), surface_voxels(truth)
    precision, recall = _share_near(mine, real, reach), _share_near(real, mine, reach)
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    neither = ~(mine.flatten(1).any(1) | real.flatten(1).any(1))
    return torch.where(neither, 1.0, score)


def _share_near(some: Grid, others: Grid, reach: int) -> Float[Tensor, "batch"]:
    grown = F.max_pool3d(others[:, None].float(), 2 * reach + 1, 1, reach)[:, 0] > 0
    return (some & grown).flatten(1).sum(1) / some.flatten(1).sum(1).clamp(min=1)


def best_threshold(
    predicted: Soft, truth: Grid, candidates: tuple[float, ...] = tuple(k / 20 for k in range(20))
) -> float:
    """The threshold with the largest mean IoU. Choose it on objects that are not the test's.

    Raises: ValueError as ``voxel_iou``.
    """
    return max(candidates, key=lambda level: float(voxel_iou(predicted, truth, level).mean()))
