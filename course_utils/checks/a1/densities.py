"""What must hold of the optimal discriminator, p / (p + q)."""

import math

import torch

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.plain import error, number


def _bell(x: torch.Tensor, centre: float) -> torch.Tensor:
    return torch.exp(-0.5 * (x - centre) ** 2) / math.sqrt(2.0 * math.pi)


def _densities(seed: int) -> list[Case]:
    x = torch.linspace(-3.0, 4.0, 9, device="cpu")
    # Two bells at 0 and 1: p / (p + q) = sigmoid((1 − 2x)/2), known without any density.
    logistic = [1.0 / (1.0 + math.exp(value - 0.5)) for value in x.tolist()]
    return [
        Case("densities at three points", listed([0.2, 0.5, 0.0], [0.6, 0.5, 0.3])),
        Case(
            "two bell curves, centred at 0 and at 1",
            fresh(_bell(x, 0.0), _bell(x, 1.0)),
            {"value": number(*logistic)},
        ),
        Case(
            "densities on a 4 × 3 grid",
            fresh(positive(seed + 2, (4, 3), 2.0), positive(seed + 3, (4, 3))),
        ),
        Case(
            "densities in float64",
            fresh(
                positive(seed + 4, (5,), 3.0, torch.float64),
                positive(seed + 5, (5,), 0.2, torch.float64),
            ),
        ),
    ]


def _nowhere(_: int) -> list[Case]:
    return [
        Case(
            "two points where no sample ever falls",
            listed([0.0, 0.3, 0.0], [0.0, 0.1, 0.0]),
            {"value": number(0.5, 0.75, 0.5)},
        ),
    ]


def _tails(seed: int) -> list[Case]:
    small = 10.0 ** -(20 + seed % 9)
    return [
        Case(
            "far out in the tails",
            listed([1e-12, 3e-20], [3e-12, 1e-20]),
            {"value": number(0.25, 0.75)},
        ),
        Case(
            "one point for every decade from 1e-4 to 1e-13",
            listed([10.0**-k for k in range(4, 14)], [3.0 * 10.0**-k for k in range(4, 14)]),
            {"value": number(*[0.25] * 10)},
        ),
        Case(
            "farther still", listed([small, 0.0], [4.0 * small, small]), {"value": number(0.2, 0.0)}
        ),
    ]


def _negative(_: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    return [
        Case("a negative density of the data", listed([0.2, -0.1], [0.3, 0.4]), refuse),
        Case("a negative density of the generator", listed([0.2, 0.1], [-0.3, 0.4]), refuse),
    ]


DENSITY_PROPERTIES = (
    Property(
        "values", "the share p / (p + q), at every point of any grid", 5, _densities, ("value",)
    ),
    Property("nowhere", "1/2 where both densities are 0", 2, _nowhere, ("value",), fixed=True),
    Property("tails", "exact in the tails, where densities are tiny", 2, _tails, ("value",)),
    Property("negative", "a negative density raises ValueError", 1, _negative, fixed=True),
    Property("form", "gives a tensor of the same shape", 1, _densities, ("form",), formal=True),
    Property(
        "inputs", "leaves its arguments as they were", 1, _densities, ("inputs",), formal=True
    ),
)
