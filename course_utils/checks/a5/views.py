"""What must hold of the index of the other view, and of the loss on all views."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import normal
from course_utils.checks.observe import expected_number
from course_utils.checks.plain import number

_double = torch.float64
_tensor, _eye, _ones = torch.tensor, torch.eye, torch.ones


# ------------------------------------------------------------------------ two_views_index


def _counts(seed: int) -> list[Case]:
    counts = (3, 2, 8) if not seed else (4 + seed % 3, 9 + seed % 5, 16 + seed % 7)
    return [Case(f"{count} pictures", lambda count=count: (count,)) for count in counts]


def _one_and_two(_: int) -> list[Case]:
    return [
        Case("one picture", lambda: (1,), {"value": number(1, 0)}),
        Case("two pictures", lambda: (2,), {"value": number(2, 3, 0, 1)}),
    ]


INDEX_PROPERTIES = (
    Property("rows", "for each view the row of the other view", 5, _counts, ("value",)),
    Property("small", "1, 0 for one picture; 2, 3, 0, 1 for two", 2, _one_and_two, fixed=True),
    Property("form", "gives whole numbers, one for each view", 1, _counts, ("form",), formal=True),
)


# -------------------------------------------------------------------------------- nt_xent


def _with(temperature: float, projections: Tensor) -> Callable[[], tuple[Tensor, float]]:
    return lambda: (projections.clone(), temperature)


def _case(tried: str, seed: int, shape: tuple[int, int], temperature: float, **options) -> Case:
    drawn = normal(seed, shape, **options)
    return Case(f"{tried}, temperature {temperature:g}", _with(temperature, drawn))


SMALL = ([2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0])


def _batches(seed: int) -> list[Case]:
    first = Case(
        "two pictures: views (2, 0), (0, 1), then (1, 1), (−1, 2); temperature 0.5",
        _with(0.5, _tensor(SMALL, dtype=torch.float32, device="cpu")),
    )
    return [
        first if not seed else _case("two pictures", seed, (4, 3), 0.5),
        _case("5 pictures, 4 features", seed + 1, (10, 4), 0.3),
        _case("3 pictures in float64", seed + 2, (6, 5), 2.0, dtype=_double),
        _case("8 pictures, long vectors", seed + 3, (16, 3), 1.0, scale=9.0),
    ]


def _alike(_: int) -> list[Case]:
    return [
        Case(
            f"{count} pictures whose views all look alike",
            _with(0.2, _ones((2 * count, 3))),
            expected_number(math.log(2 * count - 1)),
        )
        for count in (2, 5)
    ]


def _agreeing(_: int) -> list[Case]:
    # One candidate at cosine 1, 2n - 2 at cosine 0.
    cases = []
    for count, temperature in ((2, 1.0), (4, 0.5)):
        expected = math.log(1 + (2 * count - 2) * math.exp(-1 / temperature))
        drawn = _eye(count).repeat(2, 1)
        cases.append(
            Case(
                f"{count} pictures, two views the same, others at right angles, "
                f"temperature {temperature:g}",
                _with(temperature, drawn),
                expected_number(expected),
            )
        )
    return cases


def _single(_: int) -> list[Case]:
    opposed = _tensor([[0.6, 0.8], [-1.2, -1.6]])
    return [Case("one picture, two opposed views", _with(0.02, opposed), expected_number(0.0))]


def _lengths(seed: int) -> list[Case]:
    drawn = normal(seed + 5, (8, 4))
    factors = _tensor([0.1, 5.0, 1.0, 30.0, 2.0, 0.5, 10.0, 3.0])[:, None]
    return [Case("4 pictures, vectors of very different lengths", _with(0.5, drawn * factors))]


def _sure(seed: int) -> list[Case]:
    return [
        _case("4 pictures", seed + 7, (8, 3), 0.004),
        _case("3 pictures", seed + 8, (6, 4), 0.008),
    ]


def _slopes(seed: int) -> list[Case]:
    found = [
        _case("the gradient, 3 pictures", seed + 9, (6, 3), 0.5),
        _case("the gradient, 5 pictures", seed + 10, (10, 4), 0.2),
    ]
    return [Case(case.tried, case.make, mode="gradient") for case in found]


NT_XENT_PROPERTIES = (
    Property("values", "the mean over all views, for any batch", 4, _batches, ("value",)),
    Property("alike", "log(2n − 1) when all views look alike", 1, _alike, ("value",), fixed=True),
    Property("agreeing", "its closed form when pairs agree", 2, _agreeing, ("value",), fixed=True),
    Property(
        "single",
        "0 for one picture: there is but one candidate",
        1,
        _single,
        ("value",),
        formal=True,
        fixed=True,
    ),
    Property("lengths", "does not see the lengths of the vectors", 2, _lengths, ("value",)),
    Property("sure", "stays finite and exact at temperatures below 0.01", 2, _sure, ("value",)),
    Property("gradient", "the gradient that reaches the projections", 2, _slopes),
    Property("form", "gives one number, a scalar tensor", 1, _batches, ("form",), formal=True),
    Property(
        "inputs", "leaves the projections as they were", 1, _batches, ("inputs",), formal=True
    ),
)
