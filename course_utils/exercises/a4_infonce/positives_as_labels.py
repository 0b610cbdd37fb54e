"""The number of the other view of the same picture, for each view."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, error, number, text
from course_utils.selfsup.contrastive import positives_as_labels

_outputs = observe_outputs(("pictures",))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the labels, and how many of them name the other view of the same picture."""
    seen = _outputs(function, case)
    seen["partners"] = _partners(seen["value"], case.make()[0].tolist())
    return seen


def _partners(labels: Plain, pictures: list[int]) -> Plain:
    if not labels.numeric or labels.shape != (len(pictures),):
        return text("there is not one label for each view")
    if not all(label in range(len(pictures)) for label in labels.values):
        return text("some labels are no view of the batch")
    pairs = [(i, int(label)) for i, label in enumerate(labels.values)]
    if any(i == j for i, j in pairs):
        return text("some views are their own positive")
    good = all(pictures[i] == pictures[j] for i, j in pairs)
    return text("every label is the other view" if good else "some labels are another picture")


exercise = Declared(positives_as_labels, observe)


def _batch(seed: int, count: int, names: Tensor | None = None) -> Tensor:
    """Two views of each of `count` pictures, shuffled; pictures are called by `names`."""
    order = torch.randperm(2 * count, generator=torch.Generator("cpu").manual_seed(seed))
    numbers = torch.arange(count) if names is None else names
    return numbers.repeat(2)[order]


def _given(*pictures: int) -> Callable[[], tuple[Tensor]]:
    return lambda: (torch.tensor(pictures),)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    return [
        Case("6 views of 3 pictures", fresh(_batch(seed + 1, 3)))
        if seed
        else Case("six views of the pictures 0, 1, 2, 1, 2, 0", _given(0, 1, 2, 1, 2, 0)),
        Case("10 views of 5 pictures, shuffled", fresh(_batch(seed + 3, 5))),
        Case("14 views of 7 pictures, shuffled", fresh(_batch(seed + 5, 7))),
    ]


exercise.claim(1, "partners", name="partners")(values)


@exercise.claim(2, "value")
def names(seed: int) -> list[Case]:
    called = torch.tensor([70, 3, -1, 1000, 12]) + seed % 50
    return [
        Case("picture numbers that are just names, such as 1000 and −1", fresh(batch))
        for batch in (_batch(seed + 7, 5, called), _batch(seed + 8, 3, called[1:4]))
    ]


@exercise.claim(1, "value", fixed=True)
def layouts(_: int) -> list[Case]:
    halves, side_by_side = _given(0, 1, 2, 3, 0, 1, 2, 3), _given(5, 5, 8, 8)
    later = {"value": number(4, 5, 6, 7, 0, 1, 2, 3)}
    return [
        Case("first all first views, then all second views", halves, later),
        Case("both views side by side", side_by_side, {"value": number(1, 0, 3, 2)}),
    ]


@exercise.claim(2)
def refused(seed: int) -> list[Case]:
    refuse, extra = {"value": error("ValueError")}, 2 + seed % 5
    return [
        Case("a picture with one view", _given(0, extra, 0), refuse),
        Case("a picture with three views", _given(extra, 1, extra, 1, extra), refuse),
        Case("a picture with four views", _given(7, 7, 7, 7), refuse),
    ]


exercise.form(values)
