"""The sines and cosines of a point's coordinates."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, number
from course_utils.vision3d.fields.encodings import positional_encoding

_outputs = observe_outputs(("points", "frequencies"), uneven=True)


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the features, "sorted" whatever their order, and the gradient in mode "gradient"."""
    seen = _outputs(function, case)
    if "value" in seen:
        seen["sorted"] = _sorted(seen["value"])
    return seen


def _sorted(features: Plain) -> Plain:
    """The same numbers with every point's features in ascending order."""
    if not features.numeric or not features.shape or not features.shape[-1]:
        return features
    size = features.shape[-1]
    starts = range(0, len(features.values), size)
    rows = [sorted(features.values[start : start + size]) for start in starts]
    return replace(features, values=tuple(value for row in rows for value in row))


exercise = Declared(positional_encoding, observe)


def _case(tried: str, seed: int, shape: tuple[int, ...], frequencies: int, **how: Any) -> Case:
    """Points in [-1, 1]; float32 only up to three frequencies, where all ways of rounding agree."""
    mode = how.pop("mode", "value")
    points = torch.sin(2.0 * normal(seed, shape, 1.0, **how))
    return Case(f"{tried}, L = {frequencies}", lambda: (points.clone(), frequencies), mode=mode)


def _given(points: list[list[float]], frequencies: int) -> Callable[[], tuple]:
    return lambda: (torch.tensor(points), frequencies)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    fine = {"dtype": torch.float64}
    return [
        _case("one number", seed + 11, (1, 1), 3)
        if seed
        else Case("the number 0.3, L = 3", _given([[0.3]], 3)),
        _case("one point with 2 coordinates", seed + 1, (1, 2), 2)
        if seed
        else Case("the point (0.25, −0.5), L = 2", _given([[0.25, -0.5]], 2)),
        _case("4 points with 3 coordinates", seed + 2, (4, 3), 3),
        _case("3 points with 3 coordinates, float64", seed + 3, (3, 3), 6, **fine),
        _case("2 points with 2 coordinates, float64", seed + 4, (2, 2), 10, **fine),
    ]


exercise.claim(3, "sorted", name="waves")(values)


@exercise.claim(1, "value")
def one(seed: int) -> list[Case]:
    return [
        _case("5 points with one coordinate", seed + 5, (5, 1), 1),
        _case("3 points with 2 coordinates", seed + 6, (3, 2), 1),
    ]


@exercise.claim(1, "value", fixed=True)
def by_hand(_: int) -> list[Case]:
    root = math.sqrt(0.5)
    zero = [0.0, 1.0] * 3
    quarter = [root, root, 1.0, 0.0, 0.0, -1.0]
    half = [1.0, 0.0, 0.0, -1.0, 0.0, 1.0]
    expected = {"value": number(*zero, *quarter, *half, shape=(3, 6))}
    return [Case("the numbers 0, 1/4 and 1/2, L = 3", _given([[0.0], [0.25], [0.5]], 3), expected)]


@exercise.claim(1, "value")
def layouts(seed: int) -> list[Case]:
    return [
        _case("2 × 3 points with 3 coordinates", seed + 7, (2, 3, 3), 2),
        _case("a single point with 3 coordinates", seed + 8, (3,), 2),
    ]


@exercise.claim(1, "value")
def none(seed: int) -> list[Case]:
    return [_case("4 points with 3 coordinates", seed + 9, (4, 3), 0)]


@exercise.claim(1)
def gradient(seed: int) -> list[Case]:
    return [_case("the gradient, 2 points", seed + 10, (2, 3), 2, mode="gradient")]


exercise.form(values)
