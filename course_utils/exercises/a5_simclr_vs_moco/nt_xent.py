"""SimCLR's loss: each view finds the other view of its picture among all others."""

import math
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import expected_number
from course_utils.selfsup.simclr import nt_xent

exercise = Declared(nt_xent)


def _case(
    tried: str,
    seed: int,
    shape: tuple[int, int],
    temperature: float,
    mode: str = "value",
    **how: Any,
) -> Case:
    make = fresh(normal(seed, shape, **how), temperature)
    return Case(f"{tried}, temperature {temperature:g}", make, mode=mode)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    by_hand = torch.tensor([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0], [-1.0, 2.0]])
    words = "two pictures: views (2, 0), (0, 1), then (1, 1), (−1, 2); temperature 0.5"
    return [
        _case("two pictures", seed, (4, 3), 0.5) if seed else Case(words, fresh(by_hand, 0.5)),
        _case("5 pictures, 4 features", seed + 1, (10, 4), 0.3),
        _case("3 pictures in float64", seed + 2, (6, 5), 2.0, dtype=torch.float64),
        _case("8 pictures, long vectors", seed + 3, (16, 3), 1.0, scale=9.0),
    ]


@exercise.claim(1, "value", fixed=True)
def alike(_: int) -> list[Case]:
    return [
        Case(
            f"{count} pictures whose views all look alike",
            fresh(torch.ones(2 * count, 3), 0.2),
            expected_number(math.log(2 * count - 1)),
        )
        for count in (2, 5)
    ]


@exercise.claim(2, "value", fixed=True)
def agreeing(_: int) -> list[Case]:
    # One candidate at cosine 1, 2n - 2 at cosine 0.
    return [
        Case(
            f"{count} pictures, two views the same, others at right angles, "
            f"temperature {temperature:g}",
            fresh(torch.eye(count).repeat(2, 1), temperature),
            expected_number(math.log(1 + (2 * count - 2) * math.exp(-1 / temperature))),
        )
        for count, temperature in ((2, 1.0), (4, 0.5))
    ]


@exercise.claim(1, "value", fixed=True, formal=True)
def single(_: int) -> list[Case]:
    opposed = torch.tensor([[0.6, 0.8], [-1.2, -1.6]])
    return [Case("one picture, two opposed views", fresh(opposed, 0.02), expected_number(0.0))]


@exercise.claim(2, "value")
def lengths(seed: int) -> list[Case]:
    factors = torch.tensor([0.1, 5.0, 1.0, 30.0, 2.0, 0.5, 10.0, 3.0])[:, None]
    made = fresh(normal(seed + 5, (8, 4)) * factors, 0.5)
    return [Case("4 pictures, vectors of very different lengths", made)]


@exercise.claim(2, "value")
def sure(seed: int) -> list[Case]:
    return [
        _case("4 pictures", seed + 7, (8, 3), 0.004),
        _case("3 pictures", seed + 8, (6, 4), 0.008),
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return [
        _case("the gradient, 3 pictures", seed + 9, (6, 3), 0.5, "gradient"),
        _case("the gradient, 5 pictures", seed + 10, (10, 4), 0.2, "gradient"),
    ]


exercise.form(values)
