"""The share of the light that each bin of a ray stops."""

import math
from collections.abc import Callable
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import copy_out, error, is_tensor, number
from course_utils.vision3d.fields.compositing import alpha_from_density

# A fog that stops one part in ten billion, made visible. So little is lost in 1 − exp(−x) on
# every processor: the float32 nearest to exp(−10⁻¹⁰) is 1, by far.
ENLARGED = 1e10
_outputs = observe_outputs(("density", "lengths"), uneven=True)


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the shares and their gradients; mode "thin" sees them enlarged."""
    if case.mode != "thin":
        return _outputs(function, case)
    result = function(*case.make())
    return {"value": copy_out(result * ENLARGED if is_tensor(result) else result)}


exercise = Declared(alpha_from_density, observe)


def _fog(tried: str, seed: int, shape: tuple[int, ...], scale: float = 2.0, **how: Any) -> Case:
    """Densities of that shape, and one row of lengths for all rays."""
    mode = how.pop("mode", "value")
    lengths = positive(seed + 1, shape[-1:], 0.8, **how)
    return Case(tried, fresh(positive(seed, shape, scale, **how), lengths), mode=mode)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    by_hand = listed([2.0, 0.5], [0.5, 3.0])
    return [
        _fog("one ray, 3 bins", seed + 1, (3,))
        if seed
        else Case("two bins, densities 2 and 0.5, lengths 0.5 and 3", by_hand),
        _fog("4 rays with 5 bins", seed + 3, (4, 5)),
        _fog("2 × 3 rays with 4 bins, thick fog", seed + 5, (2, 3, 4), 9.0),
        _fog("3 rays with 6 bins in float64", seed + 7, (3, 6), dtype=torch.float64),
    ]


@exercise.claim(1, "value", fixed=True)
def known(_: int) -> list[Case]:
    halves = [math.log(2.0), math.log(4.0), 0.0, 3.0]
    return [
        Case(
            "densities of log 2, log 4, 0 and 3, lengths 1, 1, 5 and 0",
            listed(halves, [1.0, 1.0, 5.0, 0.0]),
            {"value": number(0.5, 0.75, 0.0, 0.0)},
        ),
        Case("a wall: density 10000", listed([1e4], [0.5]), {"value": number(1.0, shape=(1,))}),
    ]


@exercise.claim(1, "value")
def thin(seed: int) -> list[Case]:
    words = "density × length of about 10⁻¹⁰ in float32; the result times 10¹⁰ is"
    return [_fog(words, seed + 9, (5,), 2e-10, mode="thin")]


@exercise.claim(1)
def refused(seed: int) -> list[Case]:
    refuse, little = {"value": error("ValueError")}, -0.01 * (1 + seed % 40)
    return [
        Case("a density below 0", listed([1.0, little], [0.5, 0.5]), refuse),
        Case("a length below 0", listed([1.0, 2.0], [little, 0.5]), refuse),
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return [_fog("the gradients, 3 rays with 4 bins", seed + 11, (3, 4), mode="gradient")]


exercise.form(values)
