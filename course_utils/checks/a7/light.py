"""What must hold along a ray: of the shares that bins stop, of the weights, of the colour."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs, unevenly
from course_utils.checks.plain import copy_out, error, is_tensor, number

LIGHT = ("weights", "values", "background")
# A fog that stops one part in ten billion, made visible. So little is lost in 1 − exp(−x) on
# every processor: the float32 nearest to exp(−10⁻¹⁰) is 1, by far.
ENLARGED = 1e10
_double = torch.float64
_alpha, _weights, _light = map(observe_outputs, (("density", "lengths"), ("alpha",), LIGHT))


def observe_alpha(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the shares and their gradients; mode "thin" sees them enlarged."""
    if case.mode == "gradient":
        return _alpha(lambda *inputs: unevenly(function(*inputs)), case)
    if case.mode != "thin":
        return _alpha(function, case)
    result = function(*case.make())
    return {"value": copy_out(result * ENLARGED if is_tensor(result) else result)}


def observe_weights(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the weights and their gradient; mode "sum" sees what each ray's weights sum to."""
    if case.mode == "sum":
        result = function(*case.make())
        added = is_tensor(result) and result.ndim
        return {"sum": copy_out(result.sum(-1) if added else result)}
    if case.mode == "gradient":
        return _weights(lambda alpha: unevenly(function(alpha)), case)
    return _weights(function, case)


def observe_composite(function: Callable[..., Any], case: Case) -> Seen:
    """Sees what rays see, and the gradients by weights, values and background."""
    if case.mode == "gradient":
        return _light(lambda *inputs: unevenly(function(*inputs)), case)
    return _light(function, case)


# ------------------------------------------------------------------ alpha_from_density


def _fog(tried: str, seed: int, shape: tuple[int, ...], scale: float = 2.0, **how: Any) -> Case:
    """Densities of that shape, and one row of lengths for all rays."""
    mode = how.pop("mode", "value")
    lengths = positive(seed + 1, shape[-1:], 0.8, **how)
    return Case(tried, fresh(positive(seed, shape, scale, **how), lengths), mode=mode)


def _fogs(seed: int) -> list[Case]:
    return [
        Case("two bins, densities 2 and 0.5, lengths 0.5 and 3", listed([2.0, 0.5], [0.5, 3.0]))
        if not seed
        else _fog("one ray, 3 bins", seed + 1, (3,)),
        _fog("4 rays with 5 bins", seed + 3, (4, 5)),
        _fog("2 × 3 rays with 4 bins, thick fog", seed + 5, (2, 3, 4), 9.0),
        _fog("3 rays with 6 bins in float64", seed + 7, (3, 6), dtype=_double),
    ]


def _known(_: int) -> list[Case]:
    halves = [math.log(2.0), math.log(4.0), 0.0, 3.0]
    return [
        Case(
            "densities of log 2, log 4, 0 and 3, lengths 1, 1, 5 and 0",
            listed(halves, [1.0, 1.0, 5.0, 0.0]),
            {"value": number(0.5, 0.75, 0.0, 0.0)},
        ),
        Case("a wall: density 10000", listed([1e4], [0.5]), {"value": number(1.0, shape=(1,))}),
    ]


def _thin(seed: int) -> list[Case]:
    words = "density × length of about 10⁻¹⁰ in float32; the result times 10¹⁰ is"
    return [_fog(words, seed + 9, (5,), 2e-10, mode="thin")]


def _impossible(seed: int) -> list[Case]:
    refuse, little = {"value": error("ValueError")}, -0.01 * (1 + seed % 40)
    return [
        Case("a density below 0", listed([1.0, little], [0.5, 0.5]), refuse),
        Case("a length below 0", listed([1.0, 2.0], [little, 0.5]), refuse),
    ]


def _fog_slopes(seed: int) -> list[Case]:
    return [_fog("the gradients, 3 rays with 4 bins", seed + 11, (3, 4), mode="gradient")]


ALPHA_PROPERTIES = (
    Property("values", "1 − exp(−density · length), for every bin", 5, _fogs, ("value",)),
    Property("known", "0, 1/2, 3/4 and 1 where they are known", 1, _known, ("value",), fixed=True),
    Property("thin", "thin fog keeps its digits", 1, _thin, ("value",)),
    Property("refused", "a negative density or length raises ValueError", 1, _impossible),
    Property("gradient", "the gradients that reach density and lengths", 2, _fog_slopes),
    Property("form", "gives one share for each bin", 1, _fogs, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _fogs, ("inputs",), formal=True),
)

# ------------------------------------------------------------------ weights_from_alpha


def _shares(seed: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    """Shares between 5 % and 80 %."""
    return 0.8 * positive(seed, shape, 1.0, dtype)


def _ray(tried: str, seed: int, shape: tuple[int, ...], mode: str = "value", **how: Any) -> Case:
    return Case(tried, fresh(_shares(seed, shape, **how)), mode=mode)


def _single_rays(seed: int) -> list[Case]:
    return [
        Case("one ray, shares 0.5, 0.2, 0.4", listed([0.5, 0.2, 0.4]))
        if not seed
        else _ray("one ray, 3 bins", seed + 1, (3,)),
        _ray("one ray, 6 bins", seed + 2, (6,)),
        _ray("one ray, 12 bins, in float64", seed + 3, (12,), dtype=_double),
        _ray("one ray, one bin", seed + 4, (1,)),
    ]


def _many_rays(seed: int) -> list[Case]:
    return [
        _ray("4 rays with 4 bins", seed + 5, (4, 4)),
        _ray("3 rays with 5 bins", seed + 6, (3, 5)),
        _ray("2 × 3 rays with 4 bins", seed + 7, (2, 3, 4)),
    ]


def _halves(_: int) -> list[Case]:
    return [
        Case(
            "each of four bins stops a half",
            listed([0.5] * 4),
            {"value": number(0.5, 0.25, 0.125, 0.0625)},
        ),
        Case(
            "empty space, then a quarter, then empty space, then a half",
            listed([0.0, 0.25, 0.0, 0.5]),
            {"value": number(0.0, 0.25, 0.0, 0.375)},
        ),
    ]


def _walls(seed: int) -> list[Case]:
    first, last = _shares(seed + 8, (2,)).tolist()
    rest = 1.0 - first
    return [
        Case(
            "a wall (share 1) in the third place",
            listed([first, 0.0, 1.0, last, 0.3]),
            {"value": number(first, 0.0, rest, 0.0, 0.0)},
        ),
        Case("a wall at once", listed([1.0, last, 1.0]), {"value": number(1.0, 0.0, 0.0)}),
        Case("a wall at the end", listed([first, 1.0]), {"value": number(first, rest)}),
    ]


def _sums(seed: int) -> list[Case]:
    alpha = _shares(seed + 10, (3, 4), _double)
    behind = [math.prod(1 - share for share in row) for row in alpha.tolist()]
    expected = {"sum": number(*(1 - left for left in behind))}
    words = "the weights of 3 rays with 4 bins, added up"
    return [Case(words, fresh(alpha), expected, mode="sum")]


def _weight_slopes(seed: int) -> list[Case]:
    return [
        _ray("the gradient, 4 bins", seed + 11, (4,), "gradient"),
        _ray("the gradient, 2 rays with 3 bins", seed + 12, (2, 3), "gradient"),
    ]


WEIGHT_PROPERTIES = (
    Property("values", "each share times all that those in front let pass", 5, _single_rays,
             ("value",)),
    Property("rays", "every ray by itself, along the last axis", 2, _many_rays, ("value",)),
    Property("halves", "1/2, 1/4, 1/8, ... where each bin stops a half", 1, _halves, ("value",),
             fixed=True),
    Property("walls", "a wall gets all that is left, and nothing is behind it", 3, _walls,
             ("value",)),
    Property("sum", "the weights sum to all that is stopped", 1, _sums, ("sum",)),
    Property("gradient", "the gradient that reaches the shares", 2, _weight_slopes),
    Property("form", "gives one weight for each share", 1, _many_rays, ("form",), formal=True),
    Property("inputs", "leaves its argument as it was", 1, _many_rays, ("inputs",), formal=True),
)  # fmt: skip

# ------------------------------------------------------------------------- composite


def _picture(
    seed: int, shape: tuple[int, ...], channels: int = 3, black: bool = False, **how: Any
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights that sum to less than one, colours (some above 1: bright), and a background."""
    alpha = _shares(seed, shape, **how)
    passed = torch.cumprod(1 - alpha, -1).roll(1, -1)
    passed[..., 0] = 1
    values = positive(seed + 1, (*shape, channels), 1.6, **how)
    background = positive(seed + 2, (channels,), 1.2, **how)
    return alpha * passed, values, background * (0 if black else 1)


def _seen(tried: str, seed: int, shape: tuple[int, ...], **how: Any) -> Case:
    return Case(tried, fresh(*_picture(seed, shape, **how)))


def _before_light(seed: int) -> list[Case]:
    return [
        Case(
            "weights 0.5 and 0.2, red and green, a white background",
            listed([0.5, 0.2], [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], [1.0, 1.0, 1.0]),
            {"value": number(0.8, 0.5, 0.3)},
        )
        if not seed
        else _seen("one ray with 2 samples", seed + 1, (2,)),
        _seen("3 rays with 3 samples of 3 channels", seed + 4, (3, 3)),
        _seen("4 rays with 6 samples in float64", seed + 7, (4, 6), dtype=_double),
    ]


def _before_black(seed: int) -> list[Case]:
    return [
        _seen("one ray, 4 samples, a black background", seed + 10, (4,), black=True),
        _seen("3 rays, 5 samples, a black background", seed + 13, (3, 5), black=True),
        _seen("3 rays, 3 samples, a black background", seed + 16, (3, 3), black=True),
    ]


def _ends(_: int) -> list[Case]:
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


def _layouts(seed: int) -> list[Case]:
    return [
        _seen("2 × 2 rays, 3 samples", seed + 19, (2, 2, 3)),
        _seen("3 rays, 4 samples, one channel", seed + 22, (3, 4), channels=1),
        _seen("3 rays, 2 samples, 5 channels", seed + 25, (3, 2), channels=5),
    ]


def _light_slopes(seed: int) -> list[Case]:
    case = _seen("the gradients, 2 rays with 3 samples", seed + 28, (2, 3))
    return [replace(case, mode="gradient")]


COMPOSITE_PROPERTIES = (
    Property("light", "the samples' light, and what is left from behind", 4, _before_light,
             ("value",)),
    Property("black", "right before a black background", 2, _before_black, ("value",)),
    Property("ends", "all background without weight, none with all of it", 1, _ends, ("value",),
             fixed=True),
    Property("layouts", "any rays, any number of channels", 1, _layouts, ("value",)),
    Property("gradient", "the gradients by weights, values and background", 2, _light_slopes),
    Property("form", "gives one colour for each ray", 1, _layouts, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _layouts, ("inputs",), formal=True),
)  # fmt: skip
