"""A patch of a picture, and its neighbour at one of eight places."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import error, text
from course_utils.selfsup import patches

ARGUMENTS = ("image", "corner", "place", "side", "gap", "shift")
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
_outputs = observe_outputs(ARGUMENTS, ("centre", "neighbour"))


def relative_patch_pair(image, corner, place, side, gap, shift):
    """The lesson's functions, of one picture and one place."""
    pictures, first = image[None], torch.tensor([corner])
    label, shifts = torch.tensor([place]), torch.tensor([shift])
    second = patches.neighbour_corners(first, label, side, gap, shifts)
    return tuple(patches.extract_patches(pictures, where, side)[0] for where in (first, second))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees both patches, and whether the picture was left alone."""
    seen = _outputs(function, case)
    seen["value"] = text(seen["form"].note)  # what came instead of the refusal
    return seen


exercise = Declared(relative_patch_pair, observe, lesson=patches)


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


@exercise.claim(6, "neighbour")
def places(seed: int) -> list[Case]:
    if not seed:
        return [_case(_numbered(8, 9), (3, 4), place) for place in range(8)]
    image, corner = _random_picture(seed)
    return [_case(image, corner, place, side=3) for place in range(8)]


@exercise.claim(2, "neighbour")
def gap(seed: int) -> list[Case]:
    if not seed:
        image = _numbered(11, 12)
        return [_case(image, (4, 5), place, gap=1) for place in (0, 4, 6)]
    image, corner = _random_picture(seed)
    return [_case(image, corner, place, side=3, gap=2) for place in (1, 3, 7)]


@exercise.claim(2, "centre", "neighbour")
def shift(seed: int) -> list[Case]:
    if not seed:
        image = _numbered(10, 11)
        plans = ((2, (1, -1)), (5, (-1, 0)), (4, (0, 1)))
        return [_case(image, (4, 4), place, gap=1, shift=move) for place, move in plans]
    image, corner = _random_picture(seed)
    return [
        _case(image, corner, place, 3, 2, move)
        for place, move in ((0, (1, 0)), (3, (-1, 1)), (7, (0, -1)))
    ]


exercise.claim(1, "centre", name="centre")(places)


@exercise.claim(1, "centre", "neighbour", fixed=True)
def edge(_: int) -> list[Case]:
    return [
        _case(_numbered(4, 4), (2, 2), 0),
        _case(_numbered(5, 5), (0, 0), 7, gap=1),
    ]


@exercise.claim(2, formal=True, fixed=True)
def outside(_: int) -> list[Case]:
    image, refuse = _numbered(6, 6), {"value": error("ValueError")}
    return [
        _case(image, (1, 2), 1, expected=refuse),
        _case(image, (3, 2), 6, expected=refuse),
        _case(image, (2, 2), 4, gap=1, expected=refuse),
        _case(image, (2, 2), 3, shift=(0, -1), expected=refuse),
        _case(image, (2, 2), 7, shift=(1, 0), expected=refuse),
    ]


exercise.form(shift)
