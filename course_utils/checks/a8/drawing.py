"""What must hold of the alpha of Gaussians on the pixels, and of their picture."""

import math

import torch
from torch import Tensor

from course_utils.checks.a8.shaping import spread
from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, listed, normal, positive
from course_utils.checks.plain import number

_double = torch.float64
_tensor, _zeros = torch.tensor, torch.zeros


# --------------------------------------------------------------------- gaussian_footprint

Size = tuple[int, int]


def _blobs(tried: str, seed: int, count: int, size: Size, least: float, **how) -> Case:
    """Gaussians whose means lie on the picture; no standard deviation is below sqrt(least)."""
    mode, dtype = how.pop("mode", "value"), how.pop("dtype", torch.float32)
    height, width = size
    means = positive(seed, (count, 2), dtype=dtype) * _tensor([width, height], dtype=dtype)
    covariances = spread(seed + 1, count, 2, least, dtype)
    if how.pop("upright", False):
        covariances = covariances.diagonal(dim1=1, dim2=2).diag_embed()
    opacities = how.pop("opacity", 0.9) * (0.5 + 0.5 * positive(seed + 2, (count,), dtype=dtype))
    copies = fresh(means, covariances, opacities)
    return Case(tried, lambda: (*copies(), height, width), mode=mode)


def _upright(seed: int) -> list[Case]:
    return [
        _blobs("2 upright Gaussians on 3 × 4 pixels", seed, 2, (3, 4), 8.0, upright=True),
        _blobs("1 upright Gaussian on 4 × 2 pixels", seed + 4, 1, (4, 2), 6.0, upright=True),
    ]


def _slanted(seed: int) -> list[Case]:
    return [
        _blobs("1 slanted Gaussian on 4 × 5 pixels", seed + 8, 1, (4, 5), 7.0),
        _blobs(
            "3 slanted Gaussians on 2 × 4 pixels, float64", seed + 12, 3, (2, 4), 6.0, dtype=_double
        ),
        _blobs("2 slanted Gaussians on 3 × 3 pixels", seed + 16, 2, (3, 3), 5.0),
    ]


def _peak(_: int) -> list[Case]:
    # A ball of standard deviation 2 whose mean is the centre of the first of three pixels.
    falls = [0.8 * math.exp(-0.5 * (steps / 2) ** 2) for steps in (0, 1, 2)]
    where = listed([[0.5, 0.5]], [[[4.0, 0], [0, 4]]], [0.8])
    return [
        Case(
            "standard deviation 2, opacity 0.8, on the centre of the first of 3 pixels",
            lambda: (*where(), 1, 3),
            {"value": number(*falls, shape=(1, 1, 3))},
        )
    ]


def _opaque(seed: int) -> list[Case]:
    means = 1.5 + 0.3 * normal(seed + 20, (2, 2))
    copies = fresh(means, spread(seed + 21, 2, 2, 5e4), _tensor([1.0, 0.999]))
    return [Case("2 wide and quite opaque Gaussians on 3 × 3 pixels", lambda: (*copies(), 3, 3))]


def _faint(seed: int) -> list[Case]:
    return [
        _blobs("3 small Gaussians on 5 × 4 pixels", seed + 24, 3, (5, 4), 0.4),
        _blobs("2 faint Gaussians on 3 × 5 pixels", seed + 28, 2, (3, 5), 2.0, opacity=0.02),
    ]


def _footprint_slopes(seed: int) -> list[Case]:
    tried, how = (
        "the gradients, 2 Gaussians on 3 × 3 pixels",
        {"mode": "gradient", "dtype": _double},
    )
    return [_blobs(tried, seed + k, 2, (3, 3), 5.0, **how) for k in (32, 36)]


FOOTPRINT_PROPERTIES = (
    Property("upright", "right for upright ellipses", 3, _upright, ("value",)),
    Property("slanted", "right for slanted ellipses", 4, _slanted, ("value",)),
    Property("peak", "the opacity at the mean, e^(−1/2) of it one σ away", 2, _peak, fixed=True),
    Property("opaque", "no alpha above 0.99", 2, _opaque, ("value",)),
    Property("faint", "an alpha below 1/255 is 0", 2, _faint, ("value",)),
    Property(
        "gradient",
        "the gradients that reach means and opacities",
        1,
        _footprint_slopes,
        ("gradient by means", "gradient by opacities"),
    ),
    Property("form", "gives (gaussians, height, width)", 1, _slanted, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _slanted, ("inputs",), formal=True),
)


# --------------------------------------------------------------------- sort_and_composite


def _scene(tried: str, seed: int, depths: list[float], size: Size, **how) -> Case:
    """Gaussians of random alpha and colour at these depths, on a picture of that size."""
    mode, dtype = how.pop("mode", "value"), how.pop("dtype", torch.float32)
    count = len(depths)
    tensors = (
        positive(seed, (count, *size), 0.95, dtype),
        _tensor(depths, dtype=dtype),
        positive(seed + 1, (count, 3), dtype=dtype),
        positive(seed + 2, (3,), dtype=dtype),
    )
    return Case(tried, fresh(*tensors), mode=mode)


def _depths(seed: int, count: int) -> list[float]:
    return (1 + 9 * positive(seed, (count,))).tolist()


def _in_order(seed: int) -> list[Case]:
    return [
        _scene("2 Gaussians, the nearer one first, 1 × 2 pixels", seed + 50, [2.0, 3.0], (1, 2)),
        _scene(
            "5 Gaussians from near to far, 2 × 3 pixels",
            seed + 54,
            sorted(_depths(seed + 5, 5)),
            (2, 3),
        ),
    ]


def _any_order(seed: int) -> list[Case]:
    return [
        _scene("3 Gaussians at depths 5, 2, 3", seed + 58, [5.0, 2.0, 3.0], (1, 2))
        if not seed
        else _scene("4 Gaussians in any order", seed + 58, _depths(seed + 6, 4), (1, 2)),
        _scene("6 Gaussians in any order, 2 × 2 pixels", seed + 62, _depths(seed + 7, 6), (2, 2)),
        _scene(
            "4 Gaussians in any order, float64",
            seed + 66,
            [4.0, 1.5, 9.0, 2.0],
            (3, 1),
            dtype=_double,
        ),
    ]


def _one(_: int) -> list[Case]:
    alpha, colour, background = [[[0.25]]], [[1.0, 0.0, 0.5]], [0.2, 1.0, 0.5]
    return [
        Case(
            "one Gaussian of alpha 1/4 before a background",
            listed(alpha, [3.0], colour, background),
            {"value": number(0.4, 0.75, 0.5, shape=(3, 1, 1))},
        )
    ]


def _nothing(seed: int) -> list[Case]:
    _, depths, colours, background = _scene("", seed + 70, _depths(seed + 8, 3), (2, 2)).make()
    return [
        Case(
            "3 Gaussians with alpha 0 everywhere: the background alone",
            fresh(_zeros(3, 2, 2), depths, colours, background),
        ),
        Case(
            "3 Gaussians before black",
            fresh(_alpha(seed + 74), depths, colours, 0.0 * background),
        ),
    ]


def _alpha(seed: int) -> Tensor:
    return positive(seed, (3, 2, 2), 0.9)


def _picture_slopes(seed: int) -> list[Case]:
    tried = "the gradients, 3 Gaussians, 1 × 2 pixels"
    plans = ((78, [3.0, 5.0, 1.0]), (82, [2.0, 8.0, 4.0]))
    how = {"mode": "gradient", "dtype": _double}
    return [_scene(tried, seed + k, depths, (1, 2), **how) for k, depths in plans]


COMPOSITE_PROPERTIES = (
    Property("in_order", "right where the list runs from near to far", 4, _in_order, ("value",)),
    Property("any_order", "right for a list in any order", 5, _any_order, ("value",)),
    Property("one", "α of the colour and 1 − α of the background", 1, _one, ("value",), fixed=True),
    Property("nothing", "right before black, and with nothing there", 1, _nothing, ("value",)),
    Property(
        "gradient",
        "the gradients that reach alpha, colours and background",
        3,
        _picture_slopes,
        ("gradient by alpha", "gradient by colours", "gradient by background"),
    ),
    Property("form", "gives (3, height, width)", 1, _any_order, ("form",), formal=True),
    Property(
        "inputs", "leaves its arguments as they were", 1, _any_order, ("inputs",), formal=True
    ),
)
