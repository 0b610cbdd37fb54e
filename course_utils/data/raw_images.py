"""Pictures and labels as a source holds them, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = ["RawImages", "labels_and_classes", "pictures_from_array"]


@dataclass(frozen=True)
class RawImages:
    """pictures (n, channels, height, width), uint8 or float32 in [0, 1]; labels (n) int64.

    train_count: the first so many are the training set; None where the source has no split.
    """

    pictures: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    train_count: int | None = None


def pictures_from_array(array: np.ndarray, name: str) -> Tensor:
    """(n, channels, height, width) uint8, or float32 in [0, 1], from the usual ways to store
    pictures.

    array: (n, h, w), (n, h, w, 1 or 3) or (n, 1 or 3, h, w); uint8, bool, or numbers from 0 to 1 or
    from 0 to 255.

    Raises: ValueError, naming the array, for anything else.
    """
    if array.dtype == object or array.dtype.kind not in "uifb":
        raise ValueError(f"{name} holds {array.dtype}, not numbers")
    array = array[:, None] if array.ndim == 3 else array
    if array.ndim != 4 or 0 in array.shape:
        raise ValueError(
            f"{name} has shape {array.shape}; pictures are (n, height, width), "
            "(n, height, width, 3) or (n, 3, height, width)"
        )
    first, last = array.shape[1] in (1, 3), array.shape[3] in (1, 3)
    if not first and not last:
        raise ValueError(f"{name} has shape {array.shape}; pictures have 1 or 3 channels")
    if last and not (first and array.shape[2] > 3):
        array = array.transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(_in_range(array, name)))


def _in_range(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.float32)
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinite values")
    low, high = float(array.min()), float(array.max())
    if low < 0 or high > 255:
        raise ValueError(
            f"{name} runs from {low:g} to {high:g}; pictures run from 0 to 1 or from 0 to 255"
        )
    return array / 255 if high > 1 else array


def labels_and_classes(
    parts: Sequence[np.ndarray], names: Sequence[str], classes: Sequence[str] | None
) -> tuple[list[np.ndarray], tuple[str, ...]]:
    """Labels as int64 indices, and what they stand for, for all parts (training, test) alike.

    parts: whole numbers, class names, or one-hot rows, each (n), (n, 1) or (n, k). classes: their
    names if known; otherwise the values that occur are numbered in order.

    Raises: ValueError for labels that are none of these, or beyond ``classes``.
    """
    flat = [_flat_labels(part, name) for part, name in zip(parts, names, strict=True)]
    values = np.unique(np.concatenate(flat))
    if classes is not None:
        if values.dtype.kind in "US":
            known = np.array([str(name) for name in classes])
            if missing := sorted(set(values.tolist()) - set(known.tolist())):
                raise ValueError(f"labels {missing} are not among the classes {known.tolist()}")
            position = {name: index for index, name in enumerate(known.tolist())}
            flat = [np.array([position[value] for value in part.tolist()]) for part in flat]
        elif values.min() < 0 or values.max() >= len(classes):
            raise ValueError(
                f"labels run from {values.min()} to {values.max()}, "
                f"but there are {len(classes)} classes"
            )
        return [part.astype(np.int64) for part in flat], tuple(str(name) for name in classes)
    return [np.searchsorted(values, part) for part in flat], tuple(str(value) for value in values)


def _flat_labels(labels: np.ndarray, name: str) -> np.ndarray:
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2 and labels.dtype.kind in "uifb":
        if not ((labels == 0) | (labels == 1)).all() or not (labels.sum(1) == 1).all():
            raise ValueError(f"{name} has shape {labels.shape}, but its rows are not one-hot")
        return labels.argmax(1)
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"{name} has shape {labels.shape}; labels are one per picture")
    if labels.dtype.kind in "US":
        return labels.astype(str)
    if labels.dtype.kind not in "uifb" or (labels.dtype.kind == "f" and (labels % 1 != 0).any()):
        raise ValueError(f"{name} holds {labels.dtype} that are no whole numbers or names")
    return labels.astype(np.int64)
