"""The weight of each sample in what a ray sees: its share of what still gets through to it."""

import math
from collections.abc import Callable
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import copy_out, is_tensor, number
from course_utils.vision3d.fields.compositing import weights_from_alpha

_outputs = observe_outputs(("alpha",), uneven=True)


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the weights and their gradient; mode "sum" sees what each ray's weights sum to."""
    if case.mode != "sum":
        return _outputs(function, case)
    result = function(*case.make())
    added = is_tensor(result) and result.ndim
    return {"sum": copy_out(result.sum(-1) if added else result)}


exercise = Declared(weights_from_alpha, observe)


def _ray(tried: str, seed: int, shape: tuple[int, ...], mode: str = "value", **how: Any) -> Case:
    return Case(tried, fresh(positive(seed, shape, 0.8, **how)), mode=mode)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    return [
        _ray("one ray, 3 bins", seed + 1, (3,))
        if seed
        else Case("one ray, shares 0.5, 0.2, 0.4", listed([0.5, 0.2, 0.4])),
        _ray("one ray, 6 bins", seed + 2, (6,)),
        _ray("one ray, 12 bins, in float64", seed + 3, (12,), dtype=torch.float64),
        _ray("one ray, one bin", seed + 4, (1,)),
    ]


@exercise.claim(2, "value")
def rays(seed: int) -> list[Case]:
    return [
        _ray("4 rays with 4 bins", seed + 5, (4, 4)),
        _ray("3 rays with 5 bins", seed + 6, (3, 5)),
        _ray("2 × 3 rays with 4 bins", seed + 7, (2, 3, 4)),
    ]


@exercise.claim(1, "value", fixed=True)
def halves(_: int) -> list[Case]:
    return [
        Case(
            "each of four bins stops a half",
            listed([0.5] * 4),
            {"value": number(0.5, 0.25, 0.125, 0.0625)},
        ),
        Case(
            "empty space, then a quarter, then empty space, then a half",
            listed([0.0, 0.25, 0.0, 0.5]),
            {"value": number(0.0, 0.25, 0.0, 0.375)},
        ),
    ]


@exercise.claim(3, "value")
def walls(seed: int) -> list[Case]:
    first, last = positive(seed + 8, (2,), 0.8).tolist()
    rest = 1.0 - first
    return [
        Case(
            "a wall (share 1) in the third place",
            listed([first, 0.0, 1.0, last, 0.3]),
            {"value": number(first, 0.0, rest, 0.0, 0.0)},
        ),
        Case("a wall at once", listed([1.0, last, 1.0]), {"value": number(1.0, 0.0, 0.0)}),
        Case("a wall at the end", listed([first, 1.0]), {"value": number(first, rest)}),
    ]


@exercise.claim(1, "sum", name="sum")
def sums(seed: int) -> list[Case]:
    alpha = positive(seed + 10, (3, 4), 0.8, torch.float64)
    stopped = [1 - math.prod(1 - share for share in row) for row in alpha.tolist()]
    words = "the weights of 3 rays with 4 bins, added up"
    return [Case(words, fresh(alpha), {"sum": number(*stopped)}, mode="sum")]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return [
        _ray("the gradient, 4 bins", seed + 11, (4,), "gradient"),
        _ray("the gradient, 2 rays with 3 bins", seed + 12, (2, 3), "gradient"),
    ]


exercise.form(rays)
