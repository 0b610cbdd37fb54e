"""Logits of each query with its own key, then with the keys of the queue."""

from typing import Any

import torch
from torch.nn.functional import normalize

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.selfsup.moco import moco_logits

ARGUMENTS = ("queries", "keys", "queue", "temperature")
CONSTANTS = ("gradient by keys", "gradient by queue")

exercise = Declared(moco_logits, observe_outputs(ARGUMENTS, uneven=True))


def _case(
    tried: str,
    seed: int,
    sizes: tuple[int, int, int],
    temperature: float,
    mode: str = "value",
    **how: Any,
) -> Case:
    """A case of random vectors of length 1: numbers of queries, of queued keys, of features."""
    count, held, features = sizes
    drawn = (normal(seed + k, (n, features), **how) for k, n in enumerate((count, count, held)))
    make = fresh(*(normalize(each, dim=1) for each in drawn), temperature)
    return Case(f"{tried}, temperature {temperature:g}", make, mode=mode)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    double = torch.float64
    return [
        _case("2 queries, a queue of 3", seed + 30, (2, 3, 3), 0.5),
        _case("5 queries, a queue of 4", seed + 34, (5, 4, 3), 0.2),
        _case("3 queries, a queue of 8, in float64", seed + 38, (3, 8, 4), 2.0, dtype=double),
        _case("one query, a queue of 6", seed + 42, (1, 6, 2), 0.1),
    ]


@exercise.claim(1, fixed=True)
def axes(_: int) -> list[Case]:
    # The first query agrees with its key, the second with a queued one.
    unit = torch.eye(3)
    made = fresh(unit[:2], unit[[0, 2]], unit[[1, 2, 0, 1]], 0.25)
    expected = {"value": number(4, 0, 0, 4, 0, 0, 4, 0, 0, 4, shape=(2, 5))}
    return [Case("queries and keys along the axes, temperature 0.25", made, expected)]


@exercise.claim(1, "value")
def own(seed: int) -> list[Case]:
    drawn = normalize(normal(seed + 46, (6, 3)), dim=1)
    made = fresh(drawn, drawn, -drawn[:4], 0.5)
    return [Case("6 queries equal to their own keys, temperature 0.5", made)]


@exercise.claim(1, "gradient by queries")
def query_gradient(seed: int) -> list[Case]:
    return [
        _case("the gradients, 3 queries, a queue of 4", seed + 50, (3, 4, 3), 0.5, "gradient"),
        _case("the gradients, 2 queries, a queue of 5", seed + 54, (2, 5, 2), 0.2, "gradient"),
    ]


exercise.claim(2, *CONSTANTS, name="no_gradient", formal=True)(query_gradient)

exercise.form(values)
