"""What must hold of colours as a network reads them, and of their bins."""

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.plain import number

NORMALISED = ("lightness", "chroma")
_double = torch.float64
_tensor = torch.tensor


def _lab(seed: int, shape: tuple[int, int, int], dtype: torch.dtype = torch.float32) -> Tensor:
    """Random Lab pictures, (n, 3, height, width)."""
    count, height, width = shape
    lightness = positive(seed, (count, 1, height, width), 100.0, dtype)
    return torch.cat([lightness, normal(seed + 1, (count, 2, height, width), 30.0, dtype)], dim=1)


def _pixel(*values: float) -> Tensor:
    return _tensor(values, dtype=torch.float32, device="cpu").view(1, -1, 1, 1)


def _lab_pictures(seed: int) -> list[Case]:
    return [
        Case("one pixel, L = 75, a = 22, b = −33", fresh(_pixel(75.0, 22.0, -33.0)))
        if seed == 0
        else Case("one pixel", fresh(_lab(seed, (1, 1, 1)))),
        Case("2 Lab pictures of 3 × 4 pixels", fresh(_lab(seed + 2, (2, 3, 4)))),
        Case("3 Lab pictures of 3 × 3 pixels", fresh(_lab(seed + 4, (3, 3, 3)))),
        Case("a Lab picture in float64", fresh(_lab(seed + 6, (1, 2, 5), _double))),
    ]


def _greys(_: int) -> list[Case]:
    found = []
    for name, lightness, expected in (
        ("black", 0, -1),
        ("middle grey", 50, 0),
        ("white", 100, 1),
    ):
        seen = {
            "lightness": number(expected, shape=(1, 1, 1, 1)),
            "chroma": number(0, 0, shape=(1, 2, 1, 1)),
        }
        found.append(Case(f"{name}, L = {lightness}", fresh(_pixel(lightness, 0, 0)), seen))
    return found


NORMALISE_PROPERTIES = (
    Property(
        "lightness", "lightness: L in [0, 100] becomes [−1, 1]", 3, _lab_pictures, ("lightness",)
    ),
    Property("chroma", "a and b: divided by 110, their signs kept", 3, _lab_pictures, ("chroma",)),
    Property(
        "greys", "black, middle grey and white: −1, 0 and 1, no colour", 2, _greys, fixed=True
    ),
    Property(
        "form",
        "a pair (n, 1, height, width) and (n, 2, height, width)",
        1,
        _lab_pictures,
        ("form",),
        formal=True,
    ),
    Property("inputs", "leaves its argument as it was", 1, _lab_pictures, ("inputs",), formal=True),
)


# ------------------------------------------------------------------------------- bins


def _grid_bins(radius: float) -> Tensor:
    """Centres of cells 10 units wide in a disc of the ab plane."""
    ticks = torch.arange(-radius, radius + 1.0, 10.0, device="cpu")
    centres = torch.cartesian_prod(ticks, ticks)
    return centres[centres.norm(dim=1) <= radius]


def _scattered_bins(seed: int, count: int) -> Tensor:
    return normal(seed, (count, 2), 45.0)


def _clear_points(seed: int, bins: Tensor, count: int, spread: float = 40.0) -> Tensor:
    """Random colours (count, 2) that are at least half an ab unit clearer of the second bin."""
    found = normal(seed, (40 * count, 2), spread, _double)
    apart = (found[:, None] - bins.double()).norm(dim=2).sort(dim=1).values
    clear = found[apart[:, 1] - apart[:, 0] > 0.5]
    return clear[:count].float()


def _picture(points: Tensor, count: int, height: int, width: int) -> Tensor:
    """Lists of colours as pictures, (n, 2, height, width)."""
    return points.view(count, height, width, 2).permute(0, 3, 1, 2).contiguous()


def _chroma_case(tried: str, seed: int, bins: Tensor, shape: tuple[int, int, int]) -> Case:
    points = _clear_points(seed, bins, shape[0] * shape[1] * shape[2])
    return Case(tried, fresh(_picture(points, *shape), bins))


def _chroma_pictures(seed: int) -> list[Case]:
    three = _tensor([[0.0, 0.0], [60.0, 20.0], [-30.0, 40.0]])
    pixels = _tensor([[5.0, -3.0], [44.0, 30.0], [-20.0, 28.0]])
    return [
        Case("three pixels and three bins", fresh(_picture(pixels, 1, 1, 3), three))
        if seed == 0
        else _chroma_case("three pixels, four bins", seed, _scattered_bins(seed + 1, 4), (1, 1, 3)),
        _chroma_case(
            "2 pictures of 3 × 4 pixels, 9 scattered bins",
            seed + 2,
            _scattered_bins(seed + 3, 9),
            (2, 3, 4),
        ),
        _chroma_case(
            "a picture of 4 × 6 pixels, 14 scattered bins",
            seed + 4,
            _scattered_bins(seed + 5, 14),
            (1, 4, 6),
        ),
        _chroma_case("the bins of a grid", seed + 6, _grid_bins(40.0), (3, 2, 4)),
    ]


def _centres(seed: int) -> list[Case]:
    bins = _grid_bins(30.0)[:24].roll(seed % 23, dims=0)
    expected = {"value": number(*range(24), shape=(2, 3, 4))}
    picture = _picture(bins, 2, 3, 4)
    return [Case("pixels that lie exactly on the centres", fresh(picture, bins), expected)]


def _outside(seed: int) -> list[Case]:
    bins = _scattered_bins(seed + 8, 8)
    points = _clear_points(seed + 9, bins, 400, 150.0)
    far = points[points.norm(dim=1) > 130][:12]
    return [Case("colours outside of the gamut", fresh(_picture(far, 1, 3, 4), bins))]


QUANTISE_PROPERTIES = (
    Property("nearest", "the bin nearest to each pixel's colour", 4, _chroma_pictures, ("value",)),
    Property("centres", "a bin's own colour gets that bin's number", 2, _centres, ("value",)),
    Property("outside", "the nearest bin for colours outside the gamut", 2, _outside, ("value",)),
    Property(
        "form",
        "whole numbers (int64), one per pixel: (n, height, width)",
        1,
        _chroma_pictures,
        ("form",),
        formal=True,
    ),
    Property(
        "inputs", "leaves its arguments as they were", 1, _chroma_pictures, ("inputs",), formal=True
    ),
)
