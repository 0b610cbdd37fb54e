"""A queue of keys: the new ones take the place of the oldest."""

from collections.abc import Callable
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import is_tensor, text
from course_utils.selfsup.moco import enqueue_dequeue

_outputs = observe_outputs(("queue", "place", "keys"), ("queue", "place"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the new queue and place; mode "learning": whether a gradient lives in the queue.

    In that mode the keys still hang on the encoder that made them.
    """
    if case.mode != "learning":
        return _outputs(function, case)
    queue, place, keys = case.make()
    result = function(queue, place, keys.requires_grad_(True))
    renewed = result[0] if type(result) in (tuple, list) and result else result
    held = is_tensor(renewed) and renewed.requires_grad
    words = "the new queue still hangs on the encoder" if held else "no gradient in the new queue"
    return {"gradient": text(words)}


exercise = Declared(enqueue_dequeue, observe)


def _case(tried: str, seed: int, sizes: tuple[int, int, int], place: int, **more: Any) -> Case:
    """Keys in the queue, new keys, features; the arguments are drawn for the seed."""
    held, count, features = sizes
    queue, keys = normal(seed, (held, features)), normal(seed + 1, (count, features))
    return Case(tried, fresh(queue, place, keys), **more)


def _numbered(held: int, count: int, place: int) -> Callable[[], tuple]:
    """Maker of a queue 0, 1, ... of one feature, and of keys 100, 101, ..."""
    old, new = (torch.arange(float(rows))[:, None] for rows in (held, count))
    return fresh(old, place, 100.0 + new)


@exercise.claim(5, "queue")
def rows(seed: int) -> list[Case]:
    if not seed:
        return [
            Case("a queue 0 ... 5, place 0, two keys", _numbered(6, 2, 0)),
            Case("a queue 0 ... 5, place 2, three keys", _numbered(6, 3, 2)),
            _case("8 keys of 3 features, place 5, two keys", 3, (8, 2, 3), 5),
        ]
    return [
        _case("room enough", seed, (7 + seed % 3, 3, 2), 1),
        _case("one key", seed + 3, (5, 1, 4), 1 + seed % 3),
        _case("the last rows", seed + 6, (9, 4, 3), 4),
    ]


@exercise.claim(3, "queue")
def round(seed: int) -> list[Case]:
    if not seed:
        return [
            Case("a queue 0 ... 4, place 3, four keys", _numbered(5, 4, 3)),
            Case("a queue 0 ... 5, place 5, two keys", _numbered(6, 2, 5)),
        ]
    return [
        _case("past the end", seed + 9, (6 + seed % 3, 4, 2), 5),
        _case("from the last row", seed + 12, (4, 3, 3), 3),
    ]


@exercise.claim(2, "place")
def place(seed: int) -> list[Case]:
    return [*rows(seed), *round(seed)]


@exercise.claim(1, "queue", "place")
def exact(seed: int) -> list[Case]:
    # The keys end exactly at the end of the queue, or fill it.
    return [
        _case("as many keys as rows from the place on", seed + 15, (6, 2, 2), 4),
        _case("as many keys as the queue has rows", seed + 18, (4, 4, 3), 0),
    ]


@exercise.claim(2, formal=True)
def gradient(seed: int) -> list[Case]:
    how = {"mode": "learning", "expected": {"gradient": text("no gradient in the new queue")}}
    return [_case("keys that still hang on their encoder", seed + 21, (6, 2, 3), 1, **how)]


exercise.claim(2, "inputs", name="inputs", formal=True)(rows)
exercise.claim(1, "queue", "place", name="form", formal=True)(rows)
