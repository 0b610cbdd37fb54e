"""What must hold of a centre patch and its neighbour."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import error, text

PAIR = ("centre", "neighbour")
PLACES = (
    "upper left",
    "above",
    "upper right",
    "left",
    "right",
    "lower left",
    "below",
    "lower right",
)
_outputs = observe_outputs(("image",), PAIR)


def observe_pair(function: Callable[..., Any], case: Case) -> Seen:
    """Observer of `relative_patch_pair`: both patches, and whether the picture was left alone."""
    image, *rest = case.make()
    seen = _outputs(
        lambda image: function(image, *rest), replace(case, make=lambda: (image.clone(),))
    )
    seen["value"] = text(seen["form"].note)  # what came instead of the refusal
    return seen


def _numbered(height: int, width: int, channels: int = 1) -> Tensor:
    """A picture whose pixel at row r, column c is 10 r + c: a patch says where it was."""
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None, :]
    return (10.0 * rows + columns).expand(channels, -1, -1).clone()


def _case(
    image: Tensor,
    corner: tuple[int, int],
    place: int,
    side: int = 2,
    gap: int = 0,
    shift: tuple[int, int] = (0, 0),
    **more: Any,
) -> Case:
    size = f"{image.shape[1]} × {image.shape[2]}"
    pixels = " (each pixel is 10 · row + column)" if float(image[0, 0, 1]) == 1.0 else ""
    words = (
        f"picture of {size}{pixels}, side {side}, corner {corner}, place {place} "
        f"({PLACES[place]}), gap {gap}, shift {shift}"
    )
    return Case(words, lambda: (image.clone(), corner, place, side, gap, shift), **more)


def _random_picture(seed: int) -> tuple[Tensor, tuple[int, int]]:
    """A picture of any shape, and a corner round which patches of 3, gap 2, shift 1 fit."""
    height, width = 16 + seed % 3, 15 + seed % 4
    return positive(seed, (3, height, width)), (6 + seed % 2, 6)


def _eight(seed: int) -> list[Case]:
    if not seed:
        return [_case(_numbered(8, 9), (3, 4), place) for place in range(8)]
    image, corner = _random_picture(seed)
    return [_case(image, corner, place, side=3) for place in range(8)]


def _gaps(seed: int) -> list[Case]:
    if not seed:
        image = _numbered(11, 12)
        return [_case(image, (4, 5), place, gap=1) for place in (0, 4, 6)]
    image, corner = _random_picture(seed)
    return [_case(image, corner, place, side=3, gap=2) for place in (1, 3, 7)]


def _shifts(seed: int) -> list[Case]:
    if not seed:
        image = _numbered(10, 11)
        plans = ((2, (1, -1)), (5, (-1, 0)), (4, (0, 1)))
        return [_case(image, (4, 4), place, gap=1, shift=shift) for place, shift in plans]
    image, corner = _random_picture(seed)
    return [
        _case(image, corner, place, 3, 2, shift)
        for place, shift in ((0, (1, 0)), (3, (-1, 1)), (7, (0, -1)))
    ]


def _at_the_edge(_: int) -> list[Case]:
    return [
        _case(_numbered(4, 4), (2, 2), 0),
        _case(_numbered(5, 5), (0, 0), 7, gap=1),
    ]


def _outside(_: int) -> list[Case]:
    image, refuse = _numbered(6, 6), {"value": error("ValueError")}
    return [
        _case(image, (1, 2), 1, expected=refuse),
        _case(image, (3, 2), 6, expected=refuse),
        _case(image, (2, 2), 4, gap=1, expected=refuse),
        _case(image, (2, 2), 3, shift=(0, -1), expected=refuse),
        _case(image, (2, 2), 7, shift=(1, 0), expected=refuse),
    ]


PLACE_PROPERTIES = (
    Property("places", "the neighbour at each of the eight places", 6, _eight, PAIR[1:]),
    Property("gap", "a gap between the two patches", 2, _gaps, PAIR[1:]),
    Property("shift", "the neighbour, and it alone, is shifted", 2, _shifts, PAIR),
    Property("centre", "the centre patch, at its corner", 1, _eight, PAIR[:1]),
    Property("edge", "a neighbour at the very edge still fits", 1, _at_the_edge, PAIR, fixed=True),
    Property(
        "outside",
        "a neighbour outside the picture raises ValueError",
        2,
        _outside,
        formal=True,
        fixed=True,
    ),
    Property(
        "form", "gives a pair of patches with all channels", 1, _shifts, ("form",), formal=True
    ),
    Property("inputs", "leaves the picture as it was", 1, _shifts, ("inputs",), formal=True),
)
