"""Fresh inputs for cases: random by seed, over sizes, shapes, dtypes and scales."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_randn, _rand, _Generator, _tensor = torch.randn, torch.rand, torch.Generator, torch.tensor
_float32 = torch.float32


def _seeded(seed: int) -> torch.Generator:
    return _Generator("cpu").manual_seed(seed)


def normal(
    seed: int, shape: tuple[int, ...], scale: float = 1.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Normal numbers of standard deviation `scale`, the same for the same seed."""
    return scale * _randn(shape, generator=_seeded(seed), dtype=dtype, device="cpu")


def positive(
    seed: int, shape: tuple[int, ...], scale: float = 1.0, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Uniform numbers between 5 % and 100 % of `scale`."""
    draw = _rand(shape, generator=_seeded(seed), dtype=dtype, device="cpu")
    return scale * (0.05 + 0.95 * draw)


def fresh(*values: Any) -> Callable[[], tuple]:
    """Maker of copies of these tensors, new ones at every call; other values are handed on."""
    return lambda: tuple(x.clone() if isinstance(x, Tensor) else x for x in values)


def listed(*rows: list[float]) -> Callable[[], tuple[Tensor, ...]]:
    """Maker of one float32 tensor for each list of numbers."""
    return lambda: tuple(_tensor(row, dtype=_float32, device="cpu") for row in rows)


def log_sigmoid(logit: float) -> float:
    """log(1 / (1 + exp(-a))) in float64, exact at both ends; written without torch."""
    return min(logit, 0.0) - math.log1p(math.exp(-abs(logit)))


def cross_entropy(rows: list[list[float]], labels: list[int], temperature: float = 1.0) -> float:
    """Mean of log(sum exp a) - a_label over rows of logits, in float64; written without torch."""
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        logits = [score / temperature for score in row]
        top = max(logits)
        total += top + math.log(sum(math.exp(a - top) for a in logits)) - logits[label]
    return total / len(rows)
