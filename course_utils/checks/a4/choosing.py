"""What must hold of the choice among N: the loss, the bound, and the gradient by the scores."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property, Seen
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import expected_number, observe_outputs
from course_utils.checks.plain import number

_double = torch.float64
_value, _slope = observe_outputs(("scores", "labels")), observe_outputs(("scores",))


def observe_choice(function: Callable[..., Any], case: Case) -> Seen:
    """Observer of a function of (scores, labels) or (scores, labels, temperature).

    Mode "gradient" sees the gradient that reaches the scores.
    """
    scores, labels, *temperature = case.make()
    if case.mode == "gradient":
        bound = replace(case, make=lambda: (scores,))
        return _slope(lambda table: function(table, labels, *temperature), bound)
    bound = replace(case, make=lambda: (scores, labels))
    return _value(lambda table, right: function(table, right, *temperature), bound)


# -------------------------------------------------------------------------- the inputs


def _labels(seed: int, queries: int, keys: int) -> Tensor:
    """One key for each query, never the one of the query's own number."""
    generator = torch.Generator("cpu").manual_seed(seed)
    steps = torch.randint(1, keys, (queries,), generator=generator)
    return (torch.arange(queries) + steps) % keys


def _table(seed: int, queries: int, keys: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Scores between -1 and 1, as cosines are."""
    return torch.sin(2.0 * normal(seed, (queries, keys), 1.0, dtype))


def _choice(
    tried: str, seed: int, sizes: tuple[int, int], temperature: float | None, **how: Any
) -> Case:
    """A case of random scores: numbers of queries and of keys; None is without a temperature."""
    mode = how.pop("mode", "value")
    made = _table(seed, *sizes, **how), _labels(seed + 1, *sizes)
    if temperature is None:
        return Case(tried, fresh(*made), mode=mode)
    return Case(f"{tried}, temperature {temperature:g}", _with(temperature, *made), mode=mode)


def _with(temperature: float, *tensors: Tensor) -> Callable[[], tuple]:
    make = fresh(*tensors)
    return lambda: (*make(), temperature)


def _given(rows: list[list[float]], labels: list[int], *more: float) -> Callable[[], tuple]:
    return lambda: (torch.tensor(rows), torch.tensor(labels), *more)


FIRST = [[0.9, 0.1, -0.4], [0.2, -0.6, 0.5]]


def _tables(seed: int, warm: bool = True) -> list[Case]:
    """Choices of several sizes; with temperatures or without."""
    hot, cold, mild = (0.5, 0.1 + 0.01 * (seed % 7), 2.5) if warm else (None,) * 3
    more = (0.5,) if warm else ()
    words = ", temperature 0.5" if warm else ""
    return [
        Case(f"2 queries, 3 keys, labels 1 and 2{words}", _given(FIRST, [1, 2], *more))
        if not seed
        else _choice("1 query, 3 keys", seed + 1, (1, 3), hot),
        _choice("4 queries, 6 keys", seed + 3, (4, 6), cold),
        _choice("3 queries, 8 keys in float64", seed + 5, (3, 8), mild, dtype=_double),
        _choice("5 queries, 5 keys", seed + 7, (5, 5), hot),
    ]


def _masked_table(seed: int) -> Tensor:
    """Scores of a batch with itself: the diagonal is out of the choice."""
    return _table(seed, 4, 4).masked_fill(torch.eye(4, dtype=torch.bool), -math.inf)


def _exact(rows: list[list[float]], labels: list[int], temperature: float) -> float:
    """The loss in float64, by a loop."""
    total = 0.0
    for row, label in zip(rows, labels, strict=True):
        logits = [score / temperature for score in row]
        top = max(logits)
        total += top + math.log(sum(math.exp(a - top) for a in logits)) - logits[label]
    return total / len(rows)


def _sure(seed: int) -> list[Case]:
    high = 0.9 + 0.01 * (seed % 9)
    cases = []
    for rows, labels, temperature in (
        ([[high, -1.0, 0.2], [-0.9, high, 0.0]], [0, 1], 0.005),
        ([[high, -1.0, 0.2], [-0.9, high, 0.0]], [1, 2], 0.005),
    ):
        case = Case("a temperature of 0.005", _given(rows, labels, temperature))
        cases.append(replace(case, expected=expected_number(_exact(rows, labels, temperature))))
    return cases


# ---------------------------------------------------------------------------- info_nce


def _alike(_: int) -> list[Case]:
    return [
        Case(
            f"{count} keys with the same score",
            _given([[0.3] * count] * 2, [1, 0], 0.1),
            expected_number(math.log(count)),
        )
        for count in (2, 5, 16)
    ]


def _masked(seed: int) -> list[Case]:
    tried = "a batch with itself: scores of −inf on the diagonal"
    return [Case(tried, _with(0.2, _masked_table(seed + 9), _labels(seed + 10, 4, 4)))]


def _slopes(seed: int) -> list[Case]:
    tried = "the same, looking at the gradient"
    return [
        _choice(tried, seed + 13, (3, 4), 0.3, mode="gradient"),
        _choice(tried, seed + 15, (2, 5), 1.5, mode="gradient"),
    ]


LOSS_PROPERTIES = (
    Property("values", "the mean of −log softmax at the positive", 5, _tables, ("value",)),
    Property("alike", "log N when all N keys score alike", 1, _alike, fixed=True),
    Property("masked", "a score of −inf takes a key out of the choice", 2, _masked, ("value",)),
    Property("sure", "stays finite and exact at a temperature of 0.005", 3, _sure, ("value",)),
    Property("gradient", "the gradient that reaches the scores", 3, _slopes),
    Property("form", "gives one number, a scalar tensor", 1, _tables, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _tables, ("inputs",), formal=True),
)


# ------------------------------------------------------------ mutual_information_bound


def _wide(seed: int) -> list[Case]:
    return _tables(seed, warm=False)


def _ends(_: int) -> list[Case]:
    sure = [[60.0 if i == j else 0.0 for j in range(8)] for i in range(8)]
    return [
        Case(
            "8 keys, every query is sure and right",
            _given(sure, list(range(8))),
            expected_number(math.log(8)),
        ),
        Case(
            "5 keys that score alike: nothing is known",
            _given([[0.7] * 5] * 3, [4, 0, 2]),
            expected_number(0.0),
        ),
    ]


def _below_zero(seed: int) -> list[Case]:
    # The positive has the lowest score: worse than guessing.
    low = -2.0 - 0.01 * (seed % 50)
    rows = [[low, 1.0, 0.5, 0.0], [1.0, 0.2, low, 0.1]]
    value = math.log(4) - _exact(rows, [0, 2], 1.0)
    return [Case("positives that score lowest", _given(rows, [0, 2]), expected_number(value))]


def _many(seed: int) -> list[Case]:
    return [
        _choice("one query, 200 keys", seed + 17, (1, 200), None),
        _choice("6 queries, 40 keys", seed + 19, (6, 40), None),
    ]


def _steep(seed: int) -> list[Case]:
    high = 150.0 + seed % 11
    rows = [[high, -100.0, 0.0], [0.0, high, -high]]
    value = math.log(3) - _exact(rows, [0, 0], 1.0)
    return [Case("scores of ±150", _given(rows, [0, 0]), expected_number(value))]


def _bound_slopes(seed: int) -> list[Case]:
    return [_choice("the same, looking at the gradient", seed + 21, (3, 4), None, mode="gradient")]


BOUND_PROPERTIES = (
    Property("values", "log N − L for any scores", 5, _wide, ("value",)),
    Property("ends", "log N for the sure, 0 for those who guess", 2, _ends, fixed=True),
    Property("negative", "below 0 where the loss is above log N", 2, _below_zero, ("value",)),
    Property("many", "N counts the keys, not the queries", 2, _many, ("value",)),
    Property("steep", "stays finite and exact for scores of ±150", 2, _steep, ("value",)),
    Property("gradient", "the gradient that reaches the scores", 1, _bound_slopes),
    Property("form", "gives one number, a scalar tensor", 1, _wide, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _wide, ("inputs",), formal=True),
)


# ---------------------------------------------------------------- temperature_gradient


def _by_hand(_: int) -> list[Case]:
    logs = [[0.0, math.log(2.0), math.log(5.0)]]
    eighths = (1 / 8, 2 / 8 - 1, 5 / 8)
    return [
        Case(
            "scores of log 1, log 2 and log 5, temperature 1",
            _given(logs, [1], 1.0),
            {"value": number(*eighths, shape=(1, 3))},
        ),
        Case(
            "the same divided by 2, temperature 1/2",
            _given([[score / 2 for score in logs[0]]], [1], 0.5),
            {"value": number(*(2 * share for share in eighths), shape=(1, 3))},
        ),
    ]


def _out_of_choice(seed: int) -> list[Case]:
    tried = "a batch with itself: scores of −inf on the diagonal"
    return [Case(tried, _with(0.3, _masked_table(seed + 23), _labels(seed + 24, 4, 4)))]


def _coldest(seed: int) -> list[Case]:
    rows = [[0.1, 0.9, 0.5, -0.2 - 0.01 * (seed % 20)]]
    # Nearly all of the push goes to the nearest negative.
    expected = {"value": number(-1 / 0.005, 1 / 0.005, 0.0, 0.0, shape=(1, 4))}
    return [Case("a temperature of 0.005", _given(rows, [0], 0.005), expected)]


GRADIENT_PROPERTIES = (
    Property("values", "the slope of the loss by every score", 6, _tables, ("value",)),
    Property("by_hand", "slopes known by hand at temperatures 1 and 1/2", 3, _by_hand, fixed=True),
    Property("cold", "finite when cold, and all on the nearest negative", 3, _coldest, ("value",)),
    Property("masked", "no push on a key with score −inf", 2, _out_of_choice, ("value",)),
    Property("form", "gives (queries, keys), as the scores", 1, _tables, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _tables, ("inputs",), formal=True),
)
