"""The loss of guessing by which of four turns a picture was turned."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import cross_entropy, fresh, normal
from course_utils.checks.observe import expected_number
from course_utils.selfsup.pretext import rotation_loss

exercise = Declared(rotation_loss)


def _given(rows: list[list[float]], turns: list[int]) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (torch.tensor(rows), torch.tensor(turns))


def _batch(seed: int, count: int, scale: float, dtype: torch.dtype = torch.float32) -> Callable:
    generator = torch.Generator("cpu").manual_seed(seed + 1)
    turns = torch.randint(0, 4, (count,), generator=generator)
    return fresh(normal(seed, (count, 4), scale, dtype), turns)


def _two() -> Callable[[], tuple[Tensor, Tensor]]:
    return _given([[2.0, 0.0, -1.0, 0.5], [0.0, 1.0, 3.0, -2.0]], [0, 1])


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    return [
        Case("the logits of one picture", _batch(seed, 1, 1.0))
        if seed
        else Case("the logits of two pictures, turns 0 and 1", _two()),
        Case("the logits of 8 pictures", _batch(seed + 2, 8, 2.0)),
        Case("the logits of 5 pictures, in float64", _batch(seed + 4, 5, 3.0, torch.float64)),
        Case("the logits of 4 pictures, nearly undecided", _batch(seed + 6, 4, 0.01)),
    ]


@exercise.claim(1, fixed=True)
def undecided(_: int) -> list[Case]:
    zeros = _given([[0.0] * 4] * 3, [3, 0, 2])
    return [Case("the same logit for all four turns", zeros, expected_number(math.log(4.0)))]


@exercise.claim(2)
def sure(seed: int) -> list[Case]:
    return [
        Case(
            "a network that is very sure",
            _given(rows, turns),
            expected_number(cross_entropy(rows, turns)),
        )
        for rows, turns in (
            ([[200.0, 0.0, -1.0, 2.0], [0.0, 1.0, 0.0, 0.0]], [1, 1]),
            ([[-150.0 - seed % 9, 0.0, 0.0, 1.0]], [0]),
            ([[120.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 110.0]], [0, 3]),
        )
    ]


@exercise.claim(1)
def gradient(seed: int) -> list[Case]:
    return [
        Case("the same, looking at the gradient", make, mode="gradient")
        for make in (_two(), _batch(seed + 12, 6, 2.0))
    ]


exercise.form(values)
