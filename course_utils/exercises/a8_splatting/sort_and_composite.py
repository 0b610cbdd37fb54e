"""The picture of Gaussians that are listed in any order, before a background."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.vision3d.fields.compositing import (
    composite,
    transmittance_behind,
    weights_from_alpha,
)
from course_utils.vision3d.splats import gaussians
from course_utils.vision3d.splats.splatting import front_to_back


def sort_and_composite(
    alpha: Float[Tensor, "gaussians height width"],
    depths: Float[Tensor, "gaussians"],
    colours: Float[Tensor, "gaussians 3"],
    background: Float[Tensor, "3"],
) -> Float[Tensor, "3 height width"]:
    """The picture of Gaussians listed in any order (Kerbl et al. 2023, eq. 3)."""
    order = front_to_back(depths)
    ordered = alpha[order].movedim(0, -1)
    seen = composite(weights_from_alpha(ordered), colours[order])
    seen = seen + transmittance_behind(ordered)[..., None] * background
    return seen.movedim(-1, 0)


_observe = observe_outputs(("alpha", "depths", "colours", "background"), uneven=True)
exercise = Declared(sort_and_composite, _observe, lesson=gaussians)


def _scene(tried: str, seed: int, depths: list[float], size: tuple[int, int], **how: Any) -> Case:
    """Gaussians of random alpha and colour at these depths, on a picture of that size."""
    mode, count = how.pop("mode", "value"), len(depths)
    tensors = (
        positive(seed, (count, *size), 0.95, **how),
        torch.tensor(depths, **how),
        positive(seed + 1, (count, 3), **how),
        positive(seed + 2, (3,), **how),
    )
    return Case(tried, fresh(*tensors), mode=mode)


def _depths(seed: int, count: int) -> list[float]:
    return (1 + 9 * positive(seed, (count,))).tolist()


@exercise.claim(4, "value")
def in_order(seed: int) -> list[Case]:
    words, far = "5 Gaussians from near to far, 2 × 3 pixels", sorted(_depths(seed + 5, 5))
    return [
        _scene("2 Gaussians, the nearer one first, 1 × 2 pixels", seed + 50, [2.0, 3.0], (1, 2)),
        _scene(words, seed + 54, far, (2, 3)),
    ]


@exercise.claim(5, "value")
def any_order(seed: int) -> list[Case]:
    words, four = "4 Gaussians in any order", [4.0, 1.5, 9.0, 2.0]
    return [
        _scene(words, seed + 58, _depths(seed + 6, 4), (1, 2))
        if seed
        else _scene("3 Gaussians at depths 5, 2, 3", 58, [5.0, 2.0, 3.0], (1, 2)),
        _scene("6 Gaussians in any order, 2 × 2 pixels", seed + 62, _depths(seed + 7, 6), (2, 2)),
        _scene(f"{words}, float64", seed + 66, four, (3, 1), dtype=torch.float64),
    ]


@exercise.claim(1, "value", fixed=True)
def one(_: int) -> list[Case]:
    alpha, colour, background = [[[0.25]]], [[1.0, 0.0, 0.5]], [0.2, 1.0, 0.5]
    return [
        Case(
            "one Gaussian of alpha 1/4 before a background",
            listed(alpha, [3.0], colour, background),
            {"value": number(0.4, 0.75, 0.5, shape=(3, 1, 1))},
        )
    ]


@exercise.claim(1, "value")
def nothing(seed: int) -> list[Case]:
    _, *more, background = _scene("", seed + 70, _depths(seed + 8, 3), (2, 2)).make()
    alpha = positive(seed + 74, (3, 2, 2), 0.9)
    words = "3 Gaussians with alpha 0 everywhere: the background alone"
    return [
        Case(words, fresh(torch.zeros(3, 2, 2), *more, background)),
        Case("3 Gaussians before black", fresh(alpha, *more, 0.0 * background)),
    ]


@exercise.claim(3, "gradient by alpha", "gradient by colours", "gradient by background")
def gradient(seed: int) -> list[Case]:
    tried = "the gradients, 3 Gaussians, 1 × 2 pixels"
    plans = ((78, [3.0, 5.0, 1.0]), (82, [2.0, 8.0, 4.0]))
    how = {"mode": "gradient", "dtype": torch.float64}
    return [_scene(tried, seed + k, depths, (1, 2), **how) for k, depths in plans]


exercise.form(any_order)
