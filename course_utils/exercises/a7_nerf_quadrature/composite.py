"""The colour that a ray sees: the light of its samples before a background."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.vision3d.fields import compositing


def composite(
    weights: Float[Tensor, "*rays samples"],
    values: Float[Tensor, "*rays samples channels"],
    background: Float[Tensor, "channels"],
) -> Float[Tensor, "*rays channels"]:
    """The samples' light and what is left of the background, sum_i w_i v_i + (1 - sum_i w_i) b."""
    opacity = compositing.opacity_from_weights(weights)
    return compositing.over_background(compositing.composite(weights, values), opacity, background)


_observe = observe_outputs(("weights", "values", "background"), uneven=True)
exercise = Declared(composite, _observe, lesson=compositing)


def _ray(tried: str, seed: int, shape: tuple[int, ...], channels: int = 3, **how: Any) -> Case:
    """Weights that sum to less than one, colours (some above 1: bright), and a background."""
    mode, black = how.pop("mode", "value"), how.pop("black", False)
    alpha = positive(seed, shape, 0.8, **how)
    passed = torch.cumprod(1 - alpha, -1).roll(1, -1)
    passed[..., 0] = 1
    values = positive(seed + 1, (*shape, channels), 1.6, **how)
    background = positive(seed + 2, (channels,), 0.0 if black else 1.2, **how)
    return Case(tried, fresh(alpha * passed, values, background), mode=mode)


@exercise.claim(4, "value")
def light(seed: int) -> list[Case]:
    return [
        _ray("one ray with 2 samples", seed + 1, (2,))
        if seed
        else Case(
            "weights 0.5 and 0.2, red and green, a white background",
            listed([0.5, 0.2], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [1.0, 1.0, 1.0]),
            {"value": number(0.8, 0.5, 0.3)},
        ),
        _ray("3 rays with 3 samples of 3 channels", seed + 4, (3, 3)),
        _ray("4 rays with 6 samples in float64", seed + 7, (4, 6), dtype=torch.float64),
    ]


@exercise.claim(2, "value")
def black(seed: int) -> list[Case]:
    return [
        _ray("one ray, 4 samples, a black background", seed + 10, (4,), black=True),
        _ray("3 rays, 5 samples, a black background", seed + 13, (3, 5), black=True),
        _ray("3 rays, 3 samples, a black background", seed + 16, (3, 3), black=True),
    ]


@exercise.claim(1, "value", fixed=True)
def ends(_: int) -> list[Case]:
    grey = [0.25, 0.5, 0.75]
    colours = [[0.2, 0.4, 0.6], [0.8, 0.1, 0.3]]
    return [
        Case(
            "a ray that meets nothing: both weights are 0",
            listed([0.0, 0.0], colours, grey),
            {"value": number(*grey)},
        ),
        Case(
            "a ray that ends at a wall: weights 0 and 1",
            listed([0.0, 1.0], colours, grey),
            {"value": number(*colours[1])},
        ),
    ]


@exercise.claim(1, "value")
def layouts(seed: int) -> list[Case]:
    return [
        _ray("2 × 2 rays, 3 samples", seed + 19, (2, 2, 3)),
        _ray("3 rays, 4 samples, one channel", seed + 22, (3, 4), channels=1),
        _ray("3 rays, 2 samples, 5 channels", seed + 25, (3, 2), channels=5),
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return [_ray("the gradients, 2 rays with 3 samples", seed + 28, (2, 3), mode="gradient")]


exercise.form(layouts)
