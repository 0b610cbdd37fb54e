"""What must hold of the cosines of all pairs, and of the numbers of the positives."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import fresh, listed, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, error, number, text

_double = torch.float64
_outputs = observe_outputs(("pictures",))


# ---------------------------------------------------------------------- cosine_scores


def _pair(tried: str, seed: int, sizes: tuple[int, int, int], mode: str = "value", **how) -> Case:
    """A case of random vectors: numbers of queries, of keys, of features."""
    queries, keys, features = sizes
    made = normal(seed, (queries, features), **how), normal(seed + 1, (keys, features), **how)
    return Case(tried, fresh(*made), mode=mode)


def _vectors(seed: int) -> list[Case]:
    return [
        Case(
            "2 queries and 3 keys with 2 features",
            listed([[3.0, 4.0], [0.0, 2.0]], [[1.0, 0.0], [-2.0, 2.0], [5.0, 12.0]]),
        )
        if not seed
        else _pair("1 query and 3 keys with 2 features", seed + 1, (1, 3, 2)),
        _pair("3 queries and 5 keys with 4 features", seed + 3, (3, 5, 4), scale=2.0),
        _pair("4 queries and 4 keys with 3 features", seed + 5, (4, 4, 3)),
        _pair("5 queries and 2 keys in float64", seed + 7, (5, 2, 6), dtype=_double),
    ]


def _angles(_: int) -> list[Case]:
    turn = math.pi / 3
    keys = [[2.0, 0.0], [math.cos(turn), math.sin(turn)], [0.0, 7.0], [-3.0, 0.0]]
    return [
        Case(
            "one query, and keys at 0, 60, 90 and 180 degrees from it",
            listed([[5.0, 0.0]], keys),
            {"value": number(1.0, 0.5, 0.0, -1.0, shape=(1, 4))},
        )
    ]


def _lengths(seed: int) -> list[Case]:
    queries, keys = normal(seed + 9, (3, 4)), normal(seed + 10, (4, 4))
    far = torch.tensor([[200.0], [0.02], [1.0]])
    case = Case("the same directions, other lengths", fresh(queries * far, keys * 30.0))
    return [case, _pair("short vectors", seed + 11, (2, 3, 5), scale=0.01)]


def _nothing(seed: int) -> list[Case]:
    # A right angle apart: the first key has cosine 1, the second 0, whatever the length.
    length = 1.0 + 0.1 * (seed % 37)
    return [
        Case(
            "a query of zeros, and one along the first key",
            listed([[0.0, 0.0], [length, 0.0]], [[2.0, 0.0], [0.0, 3.0]]),
            {"value": number(0.0, 0.0, 1.0, 0.0, shape=(2, 2))},
        )
    ]


def _slopes(seed: int) -> list[Case]:
    tried = "the same, looking at the gradients"
    return [
        _pair(tried, seed + 13, (2, 3, 3), "gradient"),
        _pair(tried, seed + 15, (3, 2, 4), "gradient", scale=2.0),
    ]


SCORE_PROPERTIES = (
    Property("values", "the cosine of every query with every key", 4, _vectors, ("value",)),
    Property("angles", "1, 1/2, 0 and −1 at 0, 60, 90 and 180 degrees", 1, _angles, fixed=True),
    Property("lengths", "the lengths of the vectors do not matter", 2, _lengths, ("value",)),
    Property("zeros", "a vector of zeros has cosine 0 with everything", 1, _nothing, ("value",)),
    Property("gradient", "the gradients that reach queries and keys", 2, _slopes),
    Property("form", "gives (queries, keys)", 1, _vectors, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _vectors, ("inputs",), formal=True),
)


# ---------------------------------------------------------------- positives_as_labels


def observe_labels(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the labels, and how many of them name the other view of the same picture."""
    seen = _outputs(function, case)
    pictures = case.make()[0].tolist()
    seen["partners"] = _partners(seen["value"], pictures)
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


def _batch(seed: int, count: int, names: Tensor | None = None) -> Tensor:
    """Two views of each of `count` pictures, shuffled; pictures are called by `names`."""
    generator = torch.Generator("cpu").manual_seed(seed)
    order = torch.randperm(2 * count, generator=generator)
    numbers = torch.arange(count) if names is None else names
    return numbers.repeat(2)[order]


def _given(*pictures: int) -> Callable[[], tuple[Tensor]]:
    return lambda: (torch.tensor(pictures),)


def _batches(seed: int) -> list[Case]:
    return [
        Case("six views of the pictures 0, 1, 2, 1, 2, 0", _given(0, 1, 2, 1, 2, 0))
        if not seed
        else Case("6 views of 3 pictures", fresh(_batch(seed + 1, 3))),
        Case("10 views of 5 pictures, shuffled", fresh(_batch(seed + 3, 5))),
        Case("14 views of 7 pictures, shuffled", fresh(_batch(seed + 5, 7))),
    ]


def _names(seed: int) -> list[Case]:
    names = torch.tensor([70, 3, -1, 1000, 12]) + seed % 50
    return [
        Case("picture numbers that are just names, such as 1000 and −1", fresh(batch))
        for batch in (_batch(seed + 7, 5, names), _batch(seed + 8, 3, names[1:4]))
    ]


def _layouts(_: int) -> list[Case]:
    return [
        Case(
            "first all first views, then all second views",
            _given(0, 1, 2, 3, 0, 1, 2, 3),
            {"value": number(4, 5, 6, 7, 0, 1, 2, 3)},
        ),
        Case("both views side by side", _given(5, 5, 8, 8), {"value": number(1, 0, 3, 2)}),
    ]


def _refused(seed: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    extra = 2 + seed % 5
    return [
        Case("a picture with one view", _given(0, extra, 0), refuse),
        Case("a picture with three views", _given(extra, 1, extra, 1, extra), refuse),
        Case("a picture with four views", _given(7, 7, 7, 7), refuse),
    ]


LABEL_PROPERTIES = (
    Property("values", "the number of the other view, for each view", 4, _batches, ("value",)),
    Property("partners", "no view is its own positive", 1, _batches, ("partners",)),
    Property("names", "pictures may have any numbers", 2, _names, ("value",)),
    Property("layouts", "right in both usual orders", 1, _layouts, ("value",), fixed=True),
    Property("refused", "a picture without exactly two views raises ValueError", 2, _refused),
    Property("form", "gives whole numbers (int64)", 1, _batches, ("form",), formal=True),
    Property("inputs", "leaves its argument as it was", 1, _batches, ("inputs",), formal=True),
)
