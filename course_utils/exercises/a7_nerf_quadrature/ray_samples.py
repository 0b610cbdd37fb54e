"""Bins along rays, and what is seen of random distances: only what all right answers share."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Seen
from course_utils.checks.inputs import positive
from course_utils.checks.plain import Plain, copy_out, text

DRAWN = ("the same seed", "the global generator")
FRESH = ("another seed", "the next draw")


def uneven_edges(seed: int, bins: int, **how: Any) -> Tensor:
    """Edges of bins of different lengths; the first is at 0.5."""
    lengths = positive(seed, (bins,), 1.5, **how)
    return 0.5 + torch.cat([torch.zeros_like(lengths[:1]), lengths.cumsum(0)])


def generator(seed: int) -> torch.Generator:
    """A generator of its own, at its first draw."""
    return torch.Generator("cpu").manual_seed(seed)


def seen_draws(draw: Callable[[torch.Generator], object], seed: int) -> Seen:
    """Sees same and other generators, while the global one is set to different states."""
    runs, global_used = [], False
    for global_seed, own_seed in enumerate((seed, seed, seed + 1)):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        runs.append(copy_out(draw(generator(own_seed))).values)
        global_used = global_used or not torch.equal(before, torch.get_rng_state())
    going_on = generator(seed)
    first, second = (copy_out(draw(going_on)).values for _ in range(2))
    return {
        "the same seed": _same(runs[0], runs[1]),
        "the global generator": text("was used" if global_used else "left alone"),
        "another seed": _same(runs[1], runs[2]),
        "the next draw": _same(first, second),
    }


def _same(first: tuple, second: tuple) -> Plain:
    return text("the same distances" if first == second else "other distances")


def table(plain: Plain, shape: tuple[int, ...]) -> Tensor | None:
    """The numbers as (rays, samples) in float64; None where they are no such table."""
    if plain.kind != "tensor" or plain.shape != shape or not plain.finite:
        return None
    return torch.tensor(plain.values, dtype=torch.float64).view(-1, shape[-1])


def unfit(plain: Plain, shape: tuple[int, ...]) -> Plain:
    """In words, why the numbers are no table."""
    if plain.kind == "tensor" and plain.shape == shape:
        return text("some distances are NaN or infinite")
    return text("there is not one distance for each ray and each place")


def unevenness(shares: Tensor) -> float:
    """Largest distance between the distribution of these shares and the even one on [0, 1]."""
    ordered = shares.flatten().sort().values
    even = torch.linspace(0, 1, ordered.numel(), dtype=torch.float64)
    return float((ordered - even).abs().max())
