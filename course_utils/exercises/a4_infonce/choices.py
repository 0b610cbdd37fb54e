"""What goes in where one key among N is to be chosen: scores, labels, a temperature."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal

FIRST = [[0.9, 0.1, -0.4], [0.2, -0.6, 0.5]]
MASKED = "a batch with itself: scores of −inf on the diagonal"
AGAIN = "the same, looking at the gradient"


def labels_of(seed: int, queries: int, keys: int) -> Tensor:
    """One key for each query, never the one of the query's own number."""
    generator = torch.Generator("cpu").manual_seed(seed)
    steps = torch.randint(1, keys, (queries,), generator=generator)
    return (torch.arange(queries) + steps) % keys


def table(seed: int, queries: int, keys: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Scores between -1 and 1, as cosines are."""
    return torch.sin(2.0 * normal(seed, (queries, keys), 1.0, dtype))


def choice(
    tried: str, seed: int, sizes: tuple[int, int], temperature: float | None, **how: Any
) -> Case:
    """A case of random scores: numbers of queries and of keys; None is without a temperature."""
    mode = how.pop("mode", "value")
    make = fresh(table(seed, *sizes, **how), labels_of(seed + 1, *sizes))
    if temperature is None:
        return Case(tried, make, mode=mode)
    return Case(f"{tried}, temperature {temperature:g}", lambda: (*make(), temperature), mode=mode)


def given(rows: list[list[float]], labels: list[int], *more: float) -> Callable[[], tuple]:
    """Maker of these scores and labels."""
    return lambda: (torch.tensor(rows), torch.tensor(labels), *more)


def tables(seed: int, warm: bool = True) -> list[Case]:
    """Choices of several sizes; with temperatures or without."""
    hot, cold, mild = (0.5, 0.1 + 0.01 * (seed % 7), 2.5) if warm else (None,) * 3
    words, more = (", temperature 0.5", (0.5,)) if warm else ("", ())
    first = f"2 queries, 3 keys, labels 1 and 2{words}"
    return [
        choice("1 query, 3 keys", seed + 1, (1, 3), hot)
        if seed
        else Case(first, given(FIRST, [1, 2], *more)),
        choice("4 queries, 6 keys", seed + 3, (4, 6), cold),
        choice("3 queries, 8 keys in float64", seed + 5, (3, 8), mild, dtype=torch.float64),
        choice("5 queries, 5 keys", seed + 7, (5, 5), hot),
    ]


def masked(seed: int, temperature: float) -> list[Case]:
    """Scores of a batch with itself: the diagonal is out of the choice."""
    scores = table(seed, 4, 4).masked_fill(torch.eye(4, dtype=torch.bool), -math.inf)
    make = fresh(scores, labels_of(seed + 1, 4, 4))
    return [Case(MASKED, lambda: (*make(), temperature))]
