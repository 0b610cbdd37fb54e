"""The cosine of every query with every key."""

import math

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, normal
from course_utils.checks.plain import number
from course_utils.selfsup.contrastive import cosine_scores

exercise = Declared(cosine_scores)


def _pair(tried: str, seed: int, sizes: tuple[int, int, int], mode: str = "value", **how) -> Case:
    """A case of random vectors: numbers of queries, of keys, of features."""
    queries, keys, features = sizes
    made = normal(seed, (queries, features), **how), normal(seed + 1, (keys, features), **how)
    return Case(tried, fresh(*made), mode=mode)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    by_hand = listed([[3.0, 4.0], [0.0, 2.0]], [[1.0, 0.0], [-2.0, 2.0], [5.0, 12.0]])
    return [
        _pair("1 query and 3 keys with 2 features", seed + 1, (1, 3, 2))
        if seed
        else Case("2 queries and 3 keys with 2 features", by_hand),
        _pair("3 queries and 5 keys with 4 features", seed + 3, (3, 5, 4), scale=2.0),
        _pair("4 queries and 4 keys with 3 features", seed + 5, (4, 4, 3)),
        _pair("5 queries and 2 keys in float64", seed + 7, (5, 2, 6), dtype=torch.float64),
    ]


@exercise.claim(1, fixed=True)
def angles(_: int) -> list[Case]:
    turn = math.pi / 3
    keys = [[2.0, 0.0], [math.cos(turn), math.sin(turn)], [0.0, 7.0], [-3.0, 0.0]]
    tried = "one query, and keys at 0, 60, 90 and 180 degrees from it"
    expected = {"value": number(1.0, 0.5, 0.0, -1.0, shape=(1, 4))}
    return [Case(tried, listed([[5.0, 0.0]], keys), expected)]


@exercise.claim(2, "value")
def lengths(seed: int) -> list[Case]:
    queries, keys = normal(seed + 9, (3, 4)), normal(seed + 10, (4, 4))
    far = torch.tensor([[200.0], [0.02], [1.0]])
    case = Case("the same directions, other lengths", fresh(queries * far, keys * 30.0))
    return [case, _pair("short vectors", seed + 11, (2, 3, 5), scale=0.01)]


@exercise.claim(1, "value")
def zeros(seed: int) -> list[Case]:
    # A right angle apart: the first key has cosine 1, the second 0, whatever the length.
    made = listed([[0.0, 0.0], [1.0 + 0.1 * (seed % 37), 0.0]], [[2.0, 0.0], [0.0, 3.0]])
    expected = {"value": number(0.0, 0.0, 1.0, 0.0, shape=(2, 2))}
    return [Case("a query of zeros, and one along the first key", made, expected)]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    tried = "the same, looking at the gradients"
    return [
        _pair(tried, seed + 13, (2, 3, 3), "gradient"),
        _pair(tried, seed + 15, (3, 2, 4), "gradient", scale=2.0),
    ]


exercise.form(values)
