"""Colours copied from a reference frame, by attention."""

from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a3_colorization.pointers import frame, one_each
from course_utils.selfsup.pointers import copy_colours

exercise = Declared(copy_colours, observe_outputs(("attention", "colours"), uneven=True))


def _copy(
    tried: str, seed: int, sizes: tuple[int, int, int, int], mode: str = "value", **how: Any
) -> Case:
    """A case of random attention and colours: n, channels, reference and target cells."""
    count, channels, there, here = sizes
    attention = torch.softmax(2.0 * normal(seed, (count, there, here), **how), dim=1)
    colours = normal(seed + 1, (count, channels, there), 30.0, **how)
    return Case(tried, fresh(attention, colours), mode=mode)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    double = torch.float64
    by_hand = frame([1.0, 0.25, 0.5], [0.0, 0.75, 0.5]), frame([40.0, -20.0], [0.0, 60.0])
    return [
        _copy("one target cell", seed, (1, 2, 3, 1))
        if seed
        else Case("2 reference cells, 3 target cells, 2 channels", fresh(*by_hand)),
        _copy("2 clips, 1 channel, 4 reference and 2 target cells", seed + 2, (2, 1, 4, 2)),
        _copy("as many reference as target cells", seed + 4, (2, 3, 4, 4)),
        _copy("float64, 5 channels (shares of a palette)", seed + 6, (1, 5, 3, 4), dtype=double),
    ]


@exercise.claim(3, "value")
def pure(seed: int) -> list[Case]:
    colours = normal(seed + 8, (1, 2, 4), 30.0)
    shift = seed % 3 + 1
    exact = [row[(j - shift) % 4] for row in colours[0].tolist() for j in range(4)]
    mean = [sum(row) / 4 for row in colours[0].tolist() for _ in range(2)]
    return [
        Case(
            "each target cell points to one cell",
            fresh(one_each(shift), colours),
            {"value": number(*exact, shape=(1, 2, 4))},
        ),
        Case(
            "attention that cannot choose",
            fresh(torch.full((1, 4, 2), 0.25), colours),
            {"value": number(*mean, shape=(1, 2, 2))},
        ),
    ]


@exercise.claim(1, "value")
def linear(seed: int) -> list[Case]:
    attention = normal(seed + 9, (2, 3, 5)).abs()
    colours = normal(seed + 10, (2, 2, 3), 30.0)
    return [Case("weights that do not sum to 1: used as they are", fresh(attention, colours))]


@exercise.claim(2, "gradient by attention")
def gradient(seed: int) -> list[Case]:
    return [_copy("the same, looking at the gradient", seed + 12, (2, 2, 3, 4), "gradient")]


exercise.form(values)
