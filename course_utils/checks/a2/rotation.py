"""What must hold of the turned batch, and of the loss on it."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import fresh, listed, normal, positive
from course_utils.checks.observe import expected_number, observe_outputs
from course_utils.checks.plain import Plain, number, text

BATCH = ("pictures", "labels")
BLOCKS = tuple(f"turned by {k}" for k in range(4))
_outputs = observe_outputs(("images",), BATCH)
_scalar, _slope = observe_outputs(("logits", "turns")), observe_outputs(("logits",))


# ------------------------------------------------------------------ rotate_batch


def observe_turns(function: Callable[..., Any], case: Case) -> Seen:
    """Observer of `rotate_batch`: its four blocks, and whether each label undoes its turn.

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


def _pictures(seed: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    return positive(seed, shape, 1.0, dtype)


def _batches(seed: int) -> list[Case]:
    small = fresh(_pictures(seed + 1, (2, 1, 2, 2)))
    return [
        Case(
            "two grey pictures of 2 × 2 pixels",
            listed([[[[1.0, 2.0], [3.0, 4.0]]], [[[5.0, 6.0], [7.0, 8.0]]]]) if not seed else small,
        ),
        Case("3 pictures with 3 channels, 4 × 4 pixels", fresh(_pictures(seed + 2, (3, 3, 4, 4)))),
        Case(
            "one picture with 2 channels, 3 × 3 pixels, in float64",
            fresh(_pictures(seed + 3, (1, 2, 3, 3), torch.float64)),
        ),
        Case("5 pictures with 2 channels, 2 × 2 pixels", fresh(_pictures(seed + 4, (5, 2, 2, 2)))),
    ]


def _by_hand(_: int) -> list[Case]:
    turned = ((1, 2, 3, 4), (2, 4, 1, 3), (4, 3, 2, 1), (3, 1, 4, 2))
    return [
        Case(
            "one picture of 2 × 2 pixels: 1, 2 above 3, 4",
            listed([[[[1.0, 2.0], [3.0, 4.0]]]]),
            {
                name: number(*pixels, shape=(1, 1, 2, 2))
                for name, pixels in zip(BLOCKS, turned, strict=True)
            },
        )
    ]


def _round(seed: int) -> list[Case]:
    # Equal numbers at equal distances from the middle: a quarter turn changes nothing.
    corner, edge, middle = 0.2 + 0.01 * (seed % 50), 0.5, 0.9
    row, centre = [corner, edge, corner], [edge, middle, edge]
    picture = [[[row, centre, row]]]
    return [
        Case(
            "one round thing, 3 × 3 pixels",
            listed(picture),
            dict.fromkeys(BLOCKS, number(*row, *centre, *row, shape=(1, 1, 3, 3))),
        )
    ]


TURN_PROPERTIES = (
    Property(
        "pictures",
        "all pictures by 0, then all by 1, 2 and 3 quarter turns, counter-clockwise",
        5,
        _batches,
        BLOCKS,
    ),
    Property("labels", "the number of quarter turns as the label of each", 2, _batches, BATCH[1:]),
    Property(
        "undone", "turned back by its label, every picture is upright", 3, _batches, ("undone",)
    ),
    Property("by_hand", "1, 2 above 3, 4 becomes 2, 4 above 1, 3", 3, _by_hand, fixed=True),
    Property("round", "a round thing looks the same four times", 1, _round, formal=True),
    Property(
        "form",
        "gives pictures of the old shape and whole-number labels",
        1,
        _batches,
        ("form",),
        formal=True,
    ),
    Property("inputs", "leaves its argument as it was", 1, _batches, ("inputs",), formal=True),
)


# ------------------------------------------------------------------ rotation_loss


def observe_loss(function: Callable[..., Any], case: Case) -> Seen:
    """Observer of `rotation_loss`; mode "gradient" sees the gradient by the logits."""
    if case.mode != "gradient":
        return _scalar(function, case)
    logits, turns = case.make()
    return _slope(lambda logits: function(logits, turns), replace(case, make=lambda: (logits,)))


def _turns(seed: int, count: int) -> Tensor:
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randint(0, 4, (count,), generator=generator)


def _given(rows: list[list[float]], turns: list[int]) -> Callable[[], tuple[Tensor, Tensor]]:
    return lambda: (torch.tensor(rows), torch.tensor(turns))


def _batch(seed: int, count: int, scale: float, dtype: torch.dtype = torch.float32) -> Callable:
    return fresh(normal(seed, (count, 4), scale, dtype), _turns(seed + 1, count))


def _losses(seed: int) -> list[Case]:
    first = _given([[2.0, 0.0, -1.0, 0.5], [0.0, 1.0, 3.0, -2.0]], [0, 1])
    return [
        Case("the logits of two pictures, turns 0 and 1", first)
        if not seed
        else Case("the logits of one picture", _batch(seed, 1, 1.0)),
        Case("the logits of 8 pictures", _batch(seed + 2, 8, 2.0)),
        Case("the logits of 5 pictures, in float64", _batch(seed + 4, 5, 3.0, torch.float64)),
        Case("the logits of 4 pictures, nearly undecided", _batch(seed + 6, 4, 0.01)),
    ]


def _undecided(_: int) -> list[Case]:
    zeros = _given([[0.0] * 4] * 3, [3, 0, 2])
    return [Case("the same logit for all four turns", zeros, expected_number(math.log(4.0)))]


def _cross_entropy(rows: list[list[float]], turns: list[int]) -> float:
    """Mean of log(sum exp a) - a_turn in float64, exact at both ends."""
    total = 0.0
    for row, turn in zip(rows, turns, strict=True):
        largest = max(row)
        total += largest + math.log(sum(math.exp(a - largest) for a in row)) - row[turn]
    return total / len(rows)


def _sure(seed: int) -> list[Case]:
    cases = []
    for rows, turns in (
        ([[200.0, 0.0, -1.0, 2.0], [0.0, 1.0, 0.0, 0.0]], [1, 1]),
        ([[-150.0 - seed % 9, 0.0, 0.0, 1.0]], [0]),
        ([[120.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 110.0]], [0, 3]),
    ):
        case = Case("a network that is very sure", _given(rows, turns))
        cases.append(replace(case, expected=expected_number(_cross_entropy(rows, turns))))
    return cases


def _slopes(seed: int) -> list[Case]:
    return [
        Case("the same, looking at the gradient", make, mode="gradient")
        for make in (
            _given([[2.0, 0.0, -1.0, 0.5], [0.0, 1.0, 3.0, -2.0]], [0, 1]),
            _batch(seed + 12, 6, 2.0),
        )
    ]


LOSS_PROPERTIES = (
    Property("values", "the mean of −log p(turn), for any batch", 4, _losses, ("value",)),
    Property("undecided", "log 4 when all four turns seem alike", 1, _undecided, fixed=True),
    Property("sure", "stays finite and exact for logits of ±200", 2, _sure),
    Property("gradient", "the gradient that reaches the logits", 1, _slopes),
    Property("form", "gives one number, a scalar tensor", 1, _losses, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _losses, ("inputs",), formal=True),
)
