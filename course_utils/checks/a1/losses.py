"""What must hold of the losses: of two batches of logits, and of one."""

import math
from collections.abc import Callable

import torch

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, listed, log_sigmoid, normal
from course_utils.checks.observe import expected_number
from course_utils.checks.plain import number

PAIR = ("saturating", "non_saturating")


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _two_batches(seed: int) -> list[Case]:
    single, double = torch.float32, torch.float64
    return [
        Case("three real and two generated logits", listed([2.0, 0.0, -1.0], [1.0, -3.0]))
        if seed == 0
        else Case("one logit each", fresh(normal(seed, (1,)), normal(seed + 1, (1,)))),
        Case(
            "8 real and 5 generated logits", fresh(normal(seed + 2, (8,)), normal(seed + 3, (5,)))
        ),
        Case(
            "columns of logits, as a network gives them: shapes (6, 1) and (4, 1)",
            fresh(normal(seed + 4, (6, 1), 3.0), normal(seed + 5, (4, 1), 3.0)),
        ),
        Case(
            "a grid of logits, one for each patch, in float64",
            fresh(
                normal(seed + 6, (2, 1, 3, 3), 2.0, double),
                normal(seed + 7, (3, 1, 2, 2), 2.0, double),
            ),
        ),
        Case(
            "undecided logits near 0",
            fresh(normal(seed + 8, (7,), 1e-2, single), normal(seed + 9, (7,), 1e-2, single)),
        ),
    ]


def _two_gradients(seed: int) -> list[Case]:
    return [
        Case("the same, looking at the gradients", make, mode="gradient")
        for make in (
            listed([2.0, 0.0, -1.0], [1.0, -3.0]),
            fresh(normal(seed + 12, (6, 1), 2.0), normal(seed + 13, (4, 1), 2.0)),
        )
    ]


def _undecided(sign: float) -> Callable[[int], list[Case]]:
    def cases(_: int) -> list[Case]:
        zeros = listed([0.0] * 4, [0.0] * 3)
        return [Case("D = 1/2 for every sample", zeros, expected_number(sign * -math.log(4.0)))]

    return cases


def _extreme(sign: float) -> Callable[[int], list[Case]]:
    def cases(seed: int) -> list[Case]:
        found = []
        for real, fake in (
            ([-200.0, 1.0], [0.5]),
            ([3.0], [250.0, -1.0]),
            ([40.0 + seed % 7], [-90.0]),
        ):
            value = _mean([log_sigmoid(a) for a in real]) + _mean([log_sigmoid(-a) for a in fake])
            found.append(
                Case(
                    "a discriminator that is very sure",
                    listed(real, fake),
                    expected_number(sign * value),
                )
            )
        return found

    return cases


def two_batch_properties(sign: float, undecided: str) -> tuple[Property, ...]:
    """Properties of V (sign 1) and of the discriminator's loss (sign -1)."""
    return (
        Property(
            "values", "the value, for batches of any size and shape", 4, _two_batches, ("value",)
        ),
        Property("undecided", undecided, 2, _undecided(sign), fixed=True),
        Property("extreme", "stays finite and exact for logits of ±200", 2, _extreme(sign)),
        Property("gradient", "the gradient that reaches both batches of logits", 2, _two_gradients),
        Property(
            "form", "gives one number, a scalar tensor", 1, _two_batches, ("form",), formal=True
        ),
        Property(
            "inputs", "leaves its arguments as they were", 1, _two_batches, ("inputs",), formal=True
        ),
    )


def _one_batch(seed: int) -> list[Case]:
    return [
        Case("three logits of generated samples", listed([1.0, -3.0, 0.0]))
        if seed == 0
        else Case("one logit", fresh(normal(seed, (1,)))),
        Case("8 logits", fresh(normal(seed + 2, (8,), 2.0))),
        Case("a column of logits, shape (5, 1)", fresh(normal(seed + 4, (5, 1), 3.0))),
        Case("logits in float64", fresh(normal(seed + 6, (4,), 2.0, torch.float64))),
    ]


def _one_gradient(seed: int) -> list[Case]:
    fooled = "early in training, D(G(z)) near 0.01: gradients"
    return [
        Case(fooled, listed([-4.6, -4.0, -5.0]), mode="gradient"),
        Case("gradients", fresh(normal(seed + 12, (6, 1), 2.0)), mode="gradient"),
    ]


def _one_extreme(_: int) -> list[Case]:
    cases = []
    for logits in ([-200.0, 1.0], [150.0, -2.0, 0.0]):
        pair = {
            "saturating": number(_mean([log_sigmoid(-a) for a in logits])),
            "non_saturating": number(-_mean([log_sigmoid(a) for a in logits])),
        }
        cases.append(Case("a discriminator that is very sure", listed(logits), pair))
    return cases


def _gradient_of(name: str) -> tuple[str, ...]:
    return (f"gradient of {name} by fake_logits",)


GENERATOR_PROPERTIES = (
    Property("saturating", "the saturating loss, mean log(1 − D)", 3, _one_batch, PAIR[:1]),
    Property("non_saturating", "the non-saturating loss, −mean log D", 3, _one_batch, PAIR[1:]),
    Property(
        "slope", "the gradient of the saturating loss", 2, _one_gradient, _gradient_of(PAIR[0])
    ),
    Property(
        "slope_ns",
        "the gradient of the non-saturating loss",
        2,
        _one_gradient,
        _gradient_of(PAIR[1]),
    ),
    Property(
        "extreme", "both stay finite and exact for logits of ±200", 4, _one_extreme, fixed=True
    ),
    Property("form", "gives a pair of scalar tensors", 1, _one_batch, ("form",), formal=True),
    Property("inputs", "leaves its argument as it was", 1, _one_batch, ("inputs",), formal=True),
)
