"""Weights by which rare colours count more, 1 on average."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, number
from course_utils.selfsup.color import rebalancing_weights

_outputs = observe_outputs(("shares", "uniform"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees of the weights also their ratios, and their mean under the distribution."""
    shares = case.make()[0].double().tolist()
    seen = _outputs(function, case)
    weights = seen["value"]
    if not weights.numeric or len(weights.values) != len(shares):
        missing = Plain("missing", note="no weight for each bin")
        return {**seen, "ratios to the first weight": missing, "mean weight": missing}
    first = weights.values[0]
    ratios = [value / first if first else float("nan") for value in weights.values]
    mean = sum(p * w for p, w in zip(shares, weights.values, strict=True))
    return {**seen, "ratios to the first weight": number(*ratios), "mean weight": number(mean)}


exercise = Declared(rebalancing_weights, observe)


def _shares(seed: int, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.softmax(1.5 * normal(seed, (count,), 1.0, dtype), dim=0)


def _lambda(seed: int) -> float:
    """A share of the uniform distribution in 0.10 ... 0.40, never near 1/2."""
    return 0.1 + 0.01 * (seed * 7 % 31)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    value = _lambda(seed)
    return [
        Case(f"two bins, λ = {value:.2f}", fresh(_shares(seed, 2), value))
        if seed
        else Case(
            "three bins, 1/2, 3/10 and 1/5 of the pixels, λ = 1/4",
            fresh(torch.tensor([0.5, 0.3, 0.2]), 0.25),
        ),
        Case(f"8 bins, λ = {value:.2f}", fresh(_shares(seed + 2, 8), value)),
        Case(
            f"5 bins in float64, λ = {1 - value:.2f}",
            fresh(_shares(seed + 4, 5, torch.float64), 1 - value),
        ),
        Case("6 bins, λ = 1/2", fresh(_shares(seed + 6, 6), 0.5)),
    ]


exercise.claim(2, "ratios to the first weight", name="ratios")(values)
exercise.claim(2, "mean weight", name="mean")(values)


@exercise.claim(1, fixed=True)
def empty(_: int) -> list[Case]:
    return [
        Case(
            "two bins, one of them empty, λ = 1/2",
            fresh(torch.tensor([1.0, 0.0]), 0.5),
            {"value": number(1, 3)},
        ),
        Case(
            "four bins, two of them empty, λ = 1/5",
            fresh(torch.tensor([0.0, 0.5, 0.5, 0.0]), 0.2),
            # 1 / 0.05 = 20 against 1 / (0.4 + 0.05) = 20 / 9.
            {"value": number(9, 1, 1, 9)},
        ),
    ]


@exercise.claim(1)
def ends(seed: int) -> list[Case]:
    shares = _shares(seed + 8, 5)
    exact = [1.0 / (5 * p) for p in shares.double().tolist()]
    return [
        Case("λ = 1: only the uniform part", fresh(shares, 1.0), {"value": number(*[1.0] * 5)}),
        Case("λ = 0: only the distribution", fresh(shares, 0.0), {"value": number(*exact)}),
    ]


exercise.form(values)
