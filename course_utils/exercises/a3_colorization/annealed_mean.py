"""One colour for each pixel, made of many bins: between their mean and the likeliest."""

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.plain import error, number
from course_utils.exercises.a3_colorization.pixels import pixel
from course_utils.selfsup.color import annealed_mean

exercise = Declared(annealed_mean)


def _bins(seed: int, count: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return normal(seed, (count, 2), 40.0, dtype)


def _three() -> Tensor:
    return torch.tensor([[60.0, 40.0], [-40.0, 50.0], [20.0, -60.0]])


def _case(tried: str, seed: int, temperature: float, shape: tuple[int, ...], **how) -> Case:
    logits = normal(seed, shape, 1.5, **how)
    bins = _bins(seed + 1, shape[1], **how)
    return Case(f"{tried}, T = {temperature:g}", fresh(logits, bins, temperature))


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    # Never near 1, where forgetting the temperature would change nothing.
    temperature, double = 0.3 + 0.02 * (seed * 5 % 11), torch.float64
    return [
        _case("one pixel, three bins", seed, 0.4, (1, 3, 1, 1))
        if seed
        else Case("one pixel, three bins, T = 0.5", fresh(pixel(1.0, 0.0, -1.0), _three(), 0.5)),
        _case("2 pictures of 3 × 4 pixels, 5 bins", seed + 2, 0.38, (2, 5, 3, 4)),
        _case("2 pictures of 2 × 2 pixels, 2 bins", seed + 4, 1.7, (2, 2, 2, 2)),
        _case("logits in float64, 7 bins", seed + 6, temperature, (1, 7, 4, 3), dtype=double),
    ]


@exercise.claim(2, "value")
def plain(seed: int) -> list[Case]:
    return [_case("the plain mean of 6 bins", seed + 8, 1.0, (1, 6, 3, 4))]


@exercise.claim(2, "value", fixed=True)
def cold(_: int) -> list[Case]:
    sure = {"value": number(-40, 50, shape=(1, 2, 1, 1))}
    torn = {"value": number(10, 45, shape=(1, 2, 1, 1))}
    nearly = "nearly cold, T = 0.01"
    return [
        Case(f"one bin ahead, {nearly}", fresh(pixel(0.0, 0.5, -1.0), _three(), 0.01), sure),
        Case(f"two bins equal, {nearly}", fresh(pixel(0.5, 0.5, -1.0), _three(), 0.01), torn),
        Case(
            "every bin unlikely, T = 0.02",
            fresh(normal(5, (1, 40, 1, 1), 0.1), _bins(6, 40), 0.02),
        ),
    ]


@exercise.claim(1, "value", fixed=True)
def hot(_: int) -> list[Case]:
    middle = {"value": number(40 / 3, 10, shape=(1, 2, 1, 1))}
    return [Case("very hot, T = 10⁷", fresh(pixel(2.0, 0.5, -1.0), _three(), 1e7), middle)]


@exercise.claim(2, "value")
def large(seed: int) -> list[Case]:
    sure = {"value": number(60, 40, shape=(1, 2, 1, 1))}
    shifted = normal(seed + 9, (1, 3, 1, 1))
    return [
        Case("logits of ±300", fresh(pixel(300.0, -200.0, 10.0), _three(), 0.38), sure),
        Case("all logits near 500", fresh(shifted + 500.0, _three(), 1.0)),
    ]


@exercise.claim(2, "gradient by logits")
def gradient(seed: int) -> list[Case]:
    logits, bins = normal(seed + 12, (2, 4, 1, 3)), _bins(seed + 13, 4)
    return [Case("the same, looking at the gradient", fresh(logits, bins, 0.6), mode="gradient")]


@exercise.claim(1, fixed=True)
def refused(_: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    return [
        Case(f"T = {value:g}", fresh(pixel(1.0, 0.0, -1.0), _three(), value), refuse)
        for value in (0.0, -0.5)
    ]


exercise.form(values)
