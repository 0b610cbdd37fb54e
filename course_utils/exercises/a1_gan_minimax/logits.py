"""What goes in where two batches of logits do: D's of real samples, and of generated ones."""

import math

import torch

from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, log_sigmoid, normal
from course_utils.checks.observe import expected_number

SURE = "a discriminator that is very sure"


def mean(values: list[float]) -> float:
    """The mean, in float64."""
    return sum(values) / len(values)


def batches(seed: int) -> list[Case]:
    """Real and generated logits, of several sizes and shapes."""
    grids = (
        normal(seed + 6, (2, 1, 3, 3), 2.0, torch.float64),
        normal(seed + 7, (3, 1, 2, 2), 2.0, torch.float64),
    )
    return [
        Case("one logit each", fresh(normal(seed, (1,)), normal(seed + 1, (1,))))
        if seed
        else Case("three real and two generated logits", listed([2.0, 0.0, -1.0], [1.0, -3.0])),
        Case(
            "8 real and 5 generated logits", fresh(normal(seed + 2, (8,)), normal(seed + 3, (5,)))
        ),
        Case(
            "columns of logits, as a network gives them: shapes (6, 1) and (4, 1)",
            fresh(normal(seed + 4, (6, 1), 3.0), normal(seed + 5, (4, 1), 3.0)),
        ),
        Case("a grid of logits, one for each patch, in float64", fresh(*grids)),
        Case(
            "undecided logits near 0",
            fresh(normal(seed + 8, (7,), 1e-2), normal(seed + 9, (7,), 1e-2)),
        ),
    ]


def undecided(sign: float) -> list[Case]:
    """Logits of 0, where V is −log 4; sign -1 is for the discriminator's loss."""
    zeros = listed([0.0] * 4, [0.0] * 3)
    return [Case("D = 1/2 for every sample", zeros, expected_number(sign * -math.log(4.0)))]


def extreme(seed: int, sign: float) -> list[Case]:
    """Logits of ±200, and what V is there; sign -1 is for the discriminator's loss."""
    return [
        Case(SURE, listed(real, fake), expected_number(sign * _game_value(real, fake)))
        for real, fake in (
            ([-200.0, 1.0], [0.5]),
            ([3.0], [250.0, -1.0]),
            ([40.0 + seed % 7], [-90.0]),
        )
    ]


def _game_value(real: list[float], fake: list[float]) -> float:
    return mean([log_sigmoid(a) for a in real]) + mean([log_sigmoid(-a) for a in fake])


def gradients(seed: int) -> list[Case]:
    """Two batches, to look at the gradient that reaches them."""
    return [
        Case("the same, looking at the gradients", make, mode="gradient")
        for make in (
            listed([2.0, 0.0, -1.0], [1.0, -3.0]),
            fresh(normal(seed + 12, (6, 1), 2.0), normal(seed + 13, (4, 1), 2.0)),
        )
    ]
