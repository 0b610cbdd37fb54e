"""The peak signal-to-noise ratio of two pictures."""

import math

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, positive
from course_utils.checks.observe import expected_number
from course_utils.core import metrics


def psnr(picture: Tensor, truth: Tensor) -> Tensor:
    """The course's function of an error, for two pictures."""
    return torch.tensor(metrics.psnr((picture - truth).square().mean()))


exercise = Declared(psnr, lesson=metrics)


def _pair(tried: str, seed: int, shape: tuple[int, ...], dtype: torch.dtype) -> Case:
    return Case(
        tried, fresh(positive(seed, shape, 1.0, dtype), positive(seed + 1, shape, 1.0, dtype))
    )


@exercise.claim(6, "value")
def values(seed: int) -> list[Case]:
    return [
        _pair("two pictures of 2×3 pixels", seed + 1, (2, 3), torch.float32),
        _pair("two colour pictures of 4×4 pixels", seed + 3, (3, 4, 4), torch.float32),
        _pair("two pictures in float64", seed + 5, (5, 5), torch.float64),
    ]


@exercise.claim(3, "value", fixed=True)
def known(_: int) -> list[Case]:
    return [
        Case(
            f"every pixel is off by {gap:g}",
            fresh(torch.full((2, 2), gap), torch.zeros(2, 2)),
            expected_number(-20 * math.log10(gap)),
        )
        for gap in (0.5, 0.125)
    ]


@exercise.claim(1, "value", fixed=True)
def equal(_: int) -> list[Case]:
    picture = torch.tensor([[0.25, 0.5]])
    return [Case("two equal pictures", fresh(picture, picture), expected_number(math.inf))]


exercise.form(values)
