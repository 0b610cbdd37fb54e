"""The best answer to two densities: p / (p + q)."""

import math

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.plain import error, number
from course_utils.gan.minimax import optimal_discriminator

exercise = Declared(optimal_discriminator)


def _bell(x: Tensor, centre: float) -> Tensor:
    return torch.exp(-0.5 * (x - centre) ** 2) / math.sqrt(2.0 * math.pi)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    x = torch.linspace(-3.0, 4.0, 9, device="cpu")
    # Two bells at 0 and 1: p / (p + q) = sigmoid((1 − 2x)/2), known without any density.
    logistic = [1.0 / (1.0 + math.exp(value - 0.5)) for value in x.tolist()]
    grid = positive(seed + 2, (4, 3), 2.0), positive(seed + 3, (4, 3))
    double = (
        positive(seed + 4, (5,), 3.0, torch.float64),
        positive(seed + 5, (5,), 0.2, torch.float64),
    )
    return [
        Case("densities at three points", listed([0.2, 0.5, 0.0], [0.6, 0.5, 0.3])),
        Case(
            "two bell curves, centred at 0 and at 1",
            fresh(_bell(x, 0.0), _bell(x, 1.0)),
            {"value": number(*logistic)},
        ),
        Case("densities on a 4 × 3 grid", fresh(*grid)),
        Case("densities in float64", fresh(*double)),
    ]


@exercise.claim(2, "value", fixed=True)
def nowhere(_: int) -> list[Case]:
    made = listed([0.0, 0.3, 0.0], [0.0, 0.1, 0.0])
    expected = {"value": number(0.5, 0.75, 0.5)}
    return [Case("two points where no sample ever falls", made, expected)]


@exercise.claim(2, "value")
def tails(seed: int) -> list[Case]:
    small = 10.0 ** -(20 + seed % 9)
    far = listed([1e-12, 3e-20], [3e-12, 1e-20])
    decades = [10.0**-k for k in range(4, 14)], [3.0 * 10.0**-k for k in range(4, 14)]
    farther = listed([small, 0.0], [4.0 * small, small])
    return [
        Case("far out in the tails", far, {"value": number(0.25, 0.75)}),
        Case(
            "one point for every decade from 1e-4 to 1e-13",
            listed(*decades),
            {"value": number(*[0.25] * 10)},
        ),
        Case("farther still", farther, {"value": number(0.2, 0.0)}),
    ]


@exercise.claim(1, fixed=True)
def negative(_: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    return [
        Case("a negative density of the data", listed([0.2, -0.1], [0.3, 0.4]), refuse),
        Case("a negative density of the generator", listed([0.2, 0.1], [-0.3, 0.4]), refuse),
    ]


exercise.form(values)
