"""All four quarter turns of a batch, and their labels."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, listed, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, number, text
from course_utils.selfsup.pretext import rotate_batch

BLOCKS = tuple(f"turned by {k}" for k in range(4))
_outputs = observe_outputs(("images",), ("pictures", "labels"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the four blocks of pictures, and whether each label undoes its turn.

    The last does not depend on the order in which the pictures come.
    """
    seen = _outputs(function, case)
    seen.update(_blocks(seen["pictures"], len(case.make()[0])))
    seen["undone"] = _undone(seen["pictures"], seen["labels"], case.make()[0])
    return seen


def _blocks(pictures: Plain, count: int) -> Seen:
    """The copies by 0, 1, 2 and 3 turns; all of them in place of each when they are not 4n."""
    if pictures.shape[:1] != (4 * count,):
        return dict.fromkeys(BLOCKS, pictures)
    shape, size = (count, *pictures.shape[1:]), len(pictures.values) // 4
    return {
        name: replace(pictures, values=pictures.values[k * size : (k + 1) * size], shape=shape)
        for k, name in enumerate(BLOCKS)
    }


def _undone(pictures: Plain, labels: Plain, images: Tensor) -> Plain:
    rows = len(labels.values)
    if not rows or pictures.shape != (rows, *images.shape[1:]) or labels.shape != (rows,):
        return text("there is not one label for each picture")
    if not all(label in (0.0, 1.0, 2.0, 3.0) for label in labels.values):
        return text("labels other than 0, 1, 2 and 3")
    turned = torch.tensor(pictures.values, dtype=torch.float64).reshape(pictures.shape)
    upright = [
        torch.rot90(picture, -int(label), (1, 2))
        for picture, label in zip(turned, labels.values, strict=True)
    ]
    known = images.double()
    good = all(any(torch.equal(back, image) for image in known) for back in upright)
    return text(
        "every label undoes its turn" if good else "some labels do not undo their picture's turn"
    )


exercise = Declared(rotate_batch, observe)


@exercise.claim(5, *BLOCKS)
def pictures(seed: int) -> list[Case]:
    by_hand = listed([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]])
    small = by_hand if not seed else fresh(positive(seed + 1, (2, 1, 2, 2)))
    double = fresh(positive(seed + 3, (1, 2, 3, 3), dtype=torch.float64))
    return [
        Case("two grey pictures of 2 × 2 pixels", small),
        Case("3 pictures with 3 channels, 4 × 4 pixels", fresh(positive(seed + 2, (3, 3, 4, 4)))),
        Case("one picture with 2 channels, 3 × 3 pixels, in float64", double),
        Case("5 pictures with 2 channels, 2 × 2 pixels", fresh(positive(seed + 4, (5, 2, 2, 2)))),
    ]


exercise.claim(2, "labels", name="labels")(pictures)
exercise.claim(3, "undone", name="undone")(pictures)


@exercise.claim(3, fixed=True)
def by_hand(_: int) -> list[Case]:
    turned = ((1, 2, 3, 4), (2, 4, 1, 3), (4, 3, 2, 1), (3, 1, 4, 2))
    expected = {
        name: number(*pixels, shape=(1, 1, 2, 2))
        for name, pixels in zip(BLOCKS, turned, strict=True)
    }
    made = listed([[[[1.0, 2.0], [3.0, 4.0]]]])
    return [Case("one picture of 2 × 2 pixels: 1, 2 above 3, 4", made, expected)]


@exercise.claim(1, name="round", formal=True)
def round_thing(seed: int) -> list[Case]:
    # Equal numbers at equal distances from the middle: a quarter turn changes nothing.
    corner, edge, middle = 0.2 + 0.01 * (seed % 50), 0.5, 0.9
    row, centre = [corner, edge, corner], [edge, middle, edge]
    same = number(*row, *centre, *row, shape=(1, 1, 3, 3))
    made = listed([[[row, centre, row]]])
    return [Case("one round thing, 3 × 3 pixels", made, dict.fromkeys(BLOCKS, same))]


exercise.form(pictures)
