"""What must hold of the waves of a coordinate."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.observe import observe_outputs, unevenly
from course_utils.checks.plain import Plain, number

_double = torch.float64
_outputs = observe_outputs(("points",))


def observe_encoding(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the features, "sorted" whatever their order, and the gradient in mode "gradient"."""
    points, frequencies = case.make()
    bound = replace(case, make=lambda: (points,))
    if case.mode == "gradient":
        return _outputs(lambda p: unevenly(function(p, frequencies)), bound)
    seen = _outputs(lambda p: function(p, frequencies), bound)
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


def _case(tried: str, seed: int, shape: tuple[int, ...], frequencies: int, **how: Any) -> Case:
    """Points in [-1, 1]; float32 only up to three frequencies, where all ways of rounding agree."""
    mode = how.pop("mode", "value")
    points = torch.sin(2.0 * normal(seed, shape, 1.0, **how))
    return Case(f"{tried}, L = {frequencies}", lambda: (points.clone(), frequencies), mode=mode)


def _points(seed: int) -> list[Case]:
    return [
        Case("the number 0.3, L = 3", lambda: (torch.tensor([[0.3]]), 3))
        if not seed
        else _case("one number", seed + 11, (1, 1), 3),
        Case("the point (0.25, −0.5), L = 2", lambda: (torch.tensor([[0.25, -0.5]]), 2))
        if not seed
        else _case("one point with 2 coordinates", seed + 1, (1, 2), 2),
        _case("4 points with 3 coordinates", seed + 2, (4, 3), 3),
        _case("3 points with 3 coordinates, float64", seed + 3, (3, 3), 6, dtype=_double),
        _case("2 points with 2 coordinates, float64", seed + 4, (2, 2), 10, dtype=_double),
    ]


def _lone(seed: int) -> list[Case]:
    return [
        _case("5 points with one coordinate", seed + 5, (5, 1), 1),
        _case("3 points with 2 coordinates", seed + 6, (3, 2), 1),
    ]


def _by_hand(_: int) -> list[Case]:
    root = math.sqrt(0.5)
    half = [1.0, 0.0, 0.0, -1.0, 0.0, 1.0]
    quarter = [root, root, 1.0, 0.0, 0.0, -1.0]
    return [
        Case(
            "the numbers 0, 1/4 and 1/2, L = 3",
            lambda: (torch.tensor([[0.0], [0.25], [0.5]]), 3),
            {"value": number(*([0.0, 1.0] * 3), *quarter, *half, shape=(3, 6))},
        )
    ]


def _layouts(seed: int) -> list[Case]:
    return [
        _case("2 × 3 points with 3 coordinates", seed + 7, (2, 3, 3), 2),
        _case("a single point with 3 coordinates", seed + 8, (3,), 2),
    ]


def _none(seed: int) -> list[Case]:
    return [_case("4 points with 3 coordinates", seed + 9, (4, 3), 0)]


def _slopes(seed: int) -> list[Case]:
    return [_case("the gradient, 2 points", seed + 10, (2, 3), 2, mode="gradient")]


ENCODING_PROPERTIES = (
    Property("values", "the sines and cosines of all octaves, in order", 5, _points, ("value",)),
    Property("waves", "the right waves, in whatever order", 3, _points, ("sorted",)),
    Property("one", "right with a single octave", 1, _lone, ("value",)),
    Property("by_hand", "known values at 0, 1/4 and 1/2", 1, _by_hand, ("value",), fixed=True),
    Property("layouts", "any leading axes", 1, _layouts, ("value",)),
    Property("none", "L = 0 gives the points themselves", 1, _none, ("value",)),
    Property("gradient", "the gradient that reaches the points", 1, _slopes),
    Property("form", "gives 2 L D features for each point", 1, _points, ("form",), formal=True),
    Property("inputs", "leaves the points as they were", 1, _points, ("inputs",), formal=True),
)
