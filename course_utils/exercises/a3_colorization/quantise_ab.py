"""The number of the bin nearest to each pixel's colour."""

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.plain import number
from course_utils.selfsup.color import quantise_ab

exercise = Declared(quantise_ab)


def _grid_bins(radius: float) -> Tensor:
    """Centres of cells 10 units wide in a disc of the ab plane."""
    ticks = torch.arange(-radius, radius + 1.0, 10.0, device="cpu")
    centres = torch.cartesian_prod(ticks, ticks)
    return centres[centres.norm(dim=1) <= radius]


def _scattered_bins(seed: int, count: int) -> Tensor:
    return normal(seed, (count, 2), 45.0)


def _clear_points(seed: int, bins: Tensor, count: int, spread: float = 40.0) -> Tensor:
    """Random colours (count, 2) that are at least half an ab unit clearer of the second bin."""
    found = normal(seed, (40 * count, 2), spread, torch.float64)
    apart = (found[:, None] - bins.double()).norm(dim=2).sort(dim=1).values
    clear = found[apart[:, 1] - apart[:, 0] > 0.5]
    return clear[:count].float()


def _picture(points: Tensor, count: int, height: int, width: int) -> Tensor:
    """Lists of colours as pictures, (n, 2, height, width)."""
    return points.view(count, height, width, 2).permute(0, 3, 1, 2).contiguous()


def _case(tried: str, seed: int, bins: Tensor, shape: tuple[int, int, int]) -> Case:
    points = _clear_points(seed, bins, shape[0] * shape[1] * shape[2])
    return Case(tried, fresh(_picture(points, *shape), bins))


@exercise.claim(4, "value")
def nearest(seed: int) -> list[Case]:
    three = torch.tensor([[0.0, 0.0], [60.0, 20.0], [-30.0, 40.0]])
    pixels = torch.tensor([[5.0, -3.0], [44.0, 30.0], [-20.0, 28.0]])
    four, nine, many = (_scattered_bins(seed + k, count) for k, count in ((1, 4), (3, 9), (5, 14)))
    return [
        _case("three pixels, four bins", seed, four, (1, 1, 3))
        if seed
        else Case("three pixels and three bins", fresh(_picture(pixels, 1, 1, 3), three)),
        _case("2 pictures of 3 × 4 pixels, 9 scattered bins", seed + 2, nine, (2, 3, 4)),
        _case("a picture of 4 × 6 pixels, 14 scattered bins", seed + 4, many, (1, 4, 6)),
        _case("the bins of a grid", seed + 6, _grid_bins(40.0), (3, 2, 4)),
    ]


@exercise.claim(2, "value")
def centres(seed: int) -> list[Case]:
    bins = _grid_bins(30.0)[:24].roll(seed % 23, dims=0)
    expected = {"value": number(*range(24), shape=(2, 3, 4))}
    picture = _picture(bins, 2, 3, 4)
    return [Case("pixels that lie exactly on the centres", fresh(picture, bins), expected)]


@exercise.claim(2, "value")
def outside(seed: int) -> list[Case]:
    bins = _scattered_bins(seed + 8, 8)
    points = _clear_points(seed + 9, bins, 400, 150.0)
    far = points[points.norm(dim=1) > 130][:12]
    return [Case("colours outside of the gamut", fresh(_picture(far, 1, 3, 4), bins))]


exercise.form(nearest)
