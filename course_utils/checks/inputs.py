"""Fresh inputs for cases: random by seed, over sizes, shapes, dtypes and scales."""

import math
from collections.abc import Callable

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


def fresh(*tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
    """Maker of copies of these tensors, new ones at every call."""
    return lambda: tuple(tensor.clone() for tensor in tensors)


def listed(*rows: list[float]) -> Callable[[], tuple[Tensor, ...]]:
    """Maker of one float32 tensor for each list of numbers."""
    return lambda: tuple(_tensor(row, dtype=_float32, device="cpu") for row in rows)


def log_sigmoid(logit: float) -> float:
    """log(1 / (1 + exp(-a))) in float64, exact at both ends; written without torch."""
    return min(logit, 0.0) - math.log1p(math.exp(-abs(logit)))
