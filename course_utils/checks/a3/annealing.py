"""What must hold of the weights of rare colours, and of one colour made of many bins."""

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.plain import error, number

_double = torch.float64
_tensor = torch.tensor
_softmax = torch.softmax


def _shares(seed: int, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return _softmax(1.5 * normal(seed, (count,), 1.0, dtype), dim=0)


def _with(value: float, *tensors: Tensor):
    """Maker of copies of tensors, followed by a plain number."""
    make = fresh(*tensors)
    return lambda: (*make(), value)


def _lambda(seed: int) -> float:
    """A share of the uniform distribution in 0.10 ... 0.40, never near 1/2."""
    return 0.1 + 0.01 * (seed * 7 % 31)


def _distributions(seed: int) -> list[Case]:
    value = _lambda(seed)
    return [
        Case(
            "three bins, 1/2, 3/10 and 1/5 of the pixels, λ = 1/4",
            _with(0.25, _tensor([0.5, 0.3, 0.2])),
        )
        if seed == 0
        else Case(f"two bins, λ = {value:.2f}", _with(value, _shares(seed, 2))),
        Case(f"8 bins, λ = {value:.2f}", _with(value, _shares(seed + 2, 8))),
        Case(
            f"5 bins in float64, λ = {1 - value:.2f}",
            _with(1 - value, _shares(seed + 4, 5, _double)),
        ),
        Case("6 bins, λ = 1/2", _with(0.5, _shares(seed + 6, 6))),
    ]


def _empty(_: int) -> list[Case]:
    return [
        Case(
            "two bins, one of them empty, λ = 1/2",
            _with(0.5, _tensor([1.0, 0.0])),
            {"value": number(1, 3)},
        ),
        Case(
            "four bins, two of them empty, λ = 1/5",
            _with(0.2, _tensor([0.0, 0.5, 0.5, 0.0])),
            # 1 / 0.05 = 20 against 1 / (0.4 + 0.05) = 20 / 9.
            {"value": number(9, 1, 1, 9)},
        ),
    ]


def _ends(seed: int) -> list[Case]:
    shares = _shares(seed + 8, 5)
    exact = [1.0 / (5 * p) for p in shares.double().tolist()]
    return [
        Case("λ = 1: only the uniform part", _with(1.0, shares), {"value": number(*[1.0] * 5)}),
        Case("λ = 0: only the distribution", _with(0.0, shares), {"value": number(*exact)}),
    ]


WEIGHT_PROPERTIES = (
    Property("values", "the weight of every bin", 4, _distributions, ("value",)),
    Property(
        "ratios",
        "how much more a rare bin counts than a common one",
        2,
        _distributions,
        ("ratios to the first weight",),
    ),
    Property(
        "mean", "a random pixel's weight is 1 on average", 2, _distributions, ("mean weight",)
    ),
    Property("empty", "an empty bin has a finite weight, the largest", 1, _empty, fixed=True),
    Property("ends", "λ = 1 ignores the distribution, λ = 0 follows it", 1, _ends),
    Property("form", "a tensor with one weight per bin", 1, _distributions, ("form",), formal=True),
    Property(
        "inputs", "leaves its argument as it was", 1, _distributions, ("inputs",), formal=True
    ),
)


# ---------------------------------------------------------------------- annealed mean


def _column(*values: float) -> Tensor:
    """Logits of one pixel, (1, bins, 1, 1)."""
    return _tensor(values, dtype=torch.float32, device="cpu").view(1, -1, 1, 1)


def _bins(seed: int, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return normal(seed, (count, 2), 40.0, dtype)


def _three() -> Tensor:
    return _tensor([[60.0, 40.0], [-40.0, 50.0], [20.0, -60.0]])


def _annealed(tried: str, seed: int, temperature: float, shape: tuple[int, ...], **options) -> Case:
    logits = normal(seed, shape, options.pop("scale", 1.5), **options)
    bins = _bins(seed + 1, shape[1], **options)
    return Case(f"{tried}, T = {temperature:g}", _with(temperature, logits, bins))


def _logits(seed: int) -> list[Case]:
    # Never near 1, where forgetting the temperature would change nothing.
    temperature = 0.3 + 0.02 * (seed * 5 % 11)
    return [
        Case("one pixel, three bins, T = 0.5", _with(0.5, _column(1.0, 0.0, -1.0), _three()))
        if seed == 0
        else _annealed("one pixel, three bins", seed, 0.4, (1, 3, 1, 1)),
        _annealed("2 pictures of 3 × 4 pixels, 5 bins", seed + 2, 0.38, (2, 5, 3, 4)),
        _annealed("2 pictures of 2 × 2 pixels, 2 bins", seed + 4, 1.7, (2, 2, 2, 2)),
        _annealed("logits in float64, 7 bins", seed + 6, temperature, (1, 7, 4, 3), dtype=_double),
    ]


def _plain_mean(seed: int) -> list[Case]:
    return [_annealed("the plain mean of 6 bins", seed + 8, 1.0, (1, 6, 3, 4))]


def _cold(_: int) -> list[Case]:
    sure = {"value": number(-40, 50, shape=(1, 2, 1, 1))}
    torn = {"value": number(10, 45, shape=(1, 2, 1, 1))}
    cold = "nearly cold, T = 0.01"
    return [
        Case(f"one bin ahead, {cold}", _with(0.01, _column(0.0, 0.5, -1.0), _three()), sure),
        Case(f"two bins equal, {cold}", _with(0.01, _column(0.5, 0.5, -1.0), _three()), torn),
        Case(
            "every bin unlikely, T = 0.02",
            _with(0.02, normal(5, (1, 40, 1, 1), 0.1), _bins(6, 40)),
        ),
    ]


def _hot(_: int) -> list[Case]:
    middle = {"value": number(40 / 3, 10, shape=(1, 2, 1, 1))}
    return [Case("very hot, T = 10⁷", _with(1e7, _column(2.0, 0.5, -1.0), _three()), middle)]


def _large(seed: int) -> list[Case]:
    sure = {"value": number(60, 40, shape=(1, 2, 1, 1))}
    shifted = normal(seed + 9, (1, 3, 1, 1))
    return [
        Case("logits of ±300", _with(0.38, _column(300.0, -200.0, 10.0), _three()), sure),
        Case("all logits near 500", _with(1.0, shifted + 500.0, _three())),
    ]


def _annealed_gradient(seed: int) -> list[Case]:
    logits, bins = normal(seed + 12, (2, 4, 1, 3)), _bins(seed + 13, 4)
    return [Case("the same, looking at the gradient", _with(0.6, logits, bins), mode="gradient")]


def _refused(_: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    return [
        Case(f"T = {value:g}", _with(value, _column(1.0, 0.0, -1.0), _three()), refuse)
        for value in (0.0, -0.5)
    ]


MEAN_PROPERTIES = (
    Property(
        "values", "the colour of every pixel, at several temperatures", 4, _logits, ("value",)
    ),
    Property("plain", "T = 1 gives the plain mean", 2, _plain_mean, ("value",)),
    Property(
        "cold",
        "T near 0 gives the likeliest bin, or the mean of equals",
        2,
        _cold,
        ("value",),
        fixed=True,
    ),
    Property("hot", "T very large counts every bin alike", 1, _hot, ("value",), fixed=True),
    Property("large", "stays finite and exact for logits of ±500", 2, _large, ("value",)),
    Property(
        "gradient",
        "the gradient that reaches the logits",
        2,
        _annealed_gradient,
        ("gradient by logits",),
    ),
    Property("refused", "T = 0 or below raises ValueError", 1, _refused, fixed=True),
    Property("form", "gives (n, 2, height, width)", 1, _logits, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _logits, ("inputs",), formal=True),
)
