"""The covariance of an ellipsoid that is given by its axes and a rotation."""

import math
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.vision3d.splats.gaussians import covariance_3d

exercise = Declared(covariance_3d, observe_outputs(("scales", "quaternions"), uneven=True))


def _shapes(
    tried: str, seed: int, count: int, length: float = 1.0, mode: str = "value", **how: Any
) -> Case:
    """Random axes, and quaternions about `length` long."""
    quaternions = normal(seed + 1, (count, 4), **how)
    quaternions = quaternions / quaternions.norm(dim=1, keepdim=True)
    return Case(tried, fresh(positive(seed, (count, 3), **how), length * quaternions), mode=mode)


@exercise.claim(4, "value")
def unit(seed: int) -> list[Case]:
    by_hand = listed([[1.0, 0.5, 0.2]], [[0.5, 0.1, 0.7, -0.5]])
    words = "4 Gaussians, quaternions of length 1"
    return [
        _shapes("1 Gaussian", seed + 2, 1)
        if seed
        else Case("axes 1, 0.5, 0.2 and quaternion (0.5, 0.1, 0.7, −0.5)", by_hand),
        _shapes(words, seed + 5, 4, dtype=torch.float64),
        _shapes("3 Gaussians in float32", seed + 9, 3),
    ]


@exercise.claim(2, "value")
def length(seed: int) -> list[Case]:
    fine = {"dtype": torch.float64}
    return [
        _shapes("3 Gaussians, quaternions of length 0.3", seed + 13, 3, 0.3, **fine),
        _shapes("2 Gaussians, quaternions of length 20", seed + 17, 2, 20.0, **fine),
    ]


@exercise.claim(2, fixed=True)
def quarter(_: int) -> list[Case]:
    half = math.sqrt(0.5)
    quaternions = [[1.0, 0, 0, 0], [half, half, 0, 0], [half, 0, half, 0], [half, 0, 0, half]]
    values = []
    for first, second, third in ((4, 1, 0.25), (4, 0.25, 1), (0.25, 1, 4), (1, 4, 0.25)):
        values += [first, 0, 0, 0, second, 0, 0, 0, third]
    return [
        Case(
            "axes 2, 1, 0.5; not turned, and a quarter turn about x, y and z",
            listed([[2.0, 1.0, 0.5]] * 4, quaternions),
            {"value": number(*values, shape=(4, 3, 3))},
        )
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    tried, how = "the gradients, 2 Gaussians", {"mode": "gradient", "dtype": torch.float64}
    return [_shapes(tried, seed + k, 2, 1.5, **how) for k in (21, 25)]


exercise.form(unit)
