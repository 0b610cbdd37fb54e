"""What must hold of the momentum update, of the queue, and of the logits against it."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor, nn

from course_utils.checks.a5.observe import PARAMETERS
from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import normal
from course_utils.checks.plain import number, text

_double = torch.float64
_arange, _normalise, _eye = torch.arange, nn.functional.normalize, torch.eye


# ------------------------------------------------------------------------ momentum_update


def encoders(seed: int, momentum: float, sizes: tuple[int, ...] = (2, 3, 2)) -> Callable:
    """Maker of (key encoder, query encoder, momentum), small, in float64.

    Both start at random and apart; the key encoder needs no gradient, the query encoder does.
    """

    def make() -> tuple[nn.Module, nn.Module, float]:
        key, query = (_network(seed + k, sizes) for k in (0, 50))
        return key.requires_grad_(False), query, momentum

    return make


def _network(seed: int, sizes: tuple[int, ...]) -> nn.Sequential:
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        layers += [nn.Linear(inputs, outputs), nn.Tanh()]
    network = nn.Sequential(*layers[:-1]).double().cpu()
    with torch.no_grad():
        for index, parameter in enumerate(network.parameters()):
            parameter.copy_(normal(seed + index, tuple(parameter.shape), 1.0, _double))
    return network


def _updates(seed: int) -> list[Case]:
    plans = ((0.9, (2, 3, 2)), (0.75, (3, 2)), (0.2, (2, 2, 2, 1)))
    return [
        Case(
            f"two encoders of {len(sizes) - 1} layers, momentum {momentum:g}",
            encoders(seed + 200 * number, momentum, sizes),
        )
        for number, (momentum, sizes) in enumerate(plans)
    ]


def _again(seed: int) -> list[Case]:
    return [
        Case("three updates, momentum 0.6", encoders(seed + 700, 0.6), mode="thrice"),
        Case("three updates, momentum 0.9", encoders(seed + 800, 0.9), mode="thrice"),
    ]


def _ends(seed: int) -> list[Case]:
    return [
        Case("momentum 1: the key encoder rests", encoders(seed + 900, 1.0)),
        Case("momentum 0: the key encoder is a copy", encoders(seed + 950, 0.0)),
    ]


MOMENTUM_PROPERTIES = (
    Property("moves", "m of the key encoder, 1 − m of the query's", 5, _updates, PARAMETERS),
    Property("again", "the same after three updates", 2, _again, PARAMETERS),
    Property("ends", "rests at m = 1 and copies at m = 0", 1, _ends, PARAMETERS),
    Property(
        "query", "leaves the query encoder alone", 1, _updates, ("query encoder",), formal=True
    ),
    Property(
        "gradient", "leaves no gradient in the key encoder", 2, _updates, ("gradient",), formal=True
    ),
    Property(
        "memory", "the key encoder keeps memory of its own", 1, _updates, ("memory",), formal=True
    ),
)


# ------------------------------------------------------------------------ enqueue_dequeue


def _queue_case(tried: str, seed: int, sizes: tuple[int, int, int], place: int, **more) -> Case:
    """Keys in the queue, new keys, features; the arguments are drawn for the seed."""
    held, count, features = sizes
    queue, keys = normal(seed, (held, features)), normal(seed + 1, (count, features))
    return Case(tried, lambda: (queue.clone(), place, keys.clone()), **more)


def _numbered(held: int, count: int, place: int) -> Callable[[], tuple[Tensor, int, Tensor]]:
    old = _arange(float(held))[:, None]
    new = 100.0 + _arange(float(count))[:, None]
    return lambda: (old.clone(), place, new.clone())


def _room(seed: int) -> list[Case]:
    if not seed:
        return [
            Case("a queue 0 ... 5, place 0, two keys", _numbered(6, 2, 0)),
            Case("a queue 0 ... 5, place 2, three keys", _numbered(6, 3, 2)),
            _queue_case("8 keys of 3 features, place 5, two keys", 3, (8, 2, 3), 5),
        ]
    return [
        _queue_case("room enough", seed, (7 + seed % 3, 3, 2), 1),
        _queue_case("one key", seed + 3, (5, 1, 4), 1 + seed % 3),
        _queue_case("the last rows", seed + 6, (9, 4, 3), 4),
    ]


def _round(seed: int) -> list[Case]:
    if not seed:
        return [
            Case("a queue 0 ... 4, place 3, four keys", _numbered(5, 4, 3)),
            Case("a queue 0 ... 5, place 5, two keys", _numbered(6, 2, 5)),
        ]
    return [
        _queue_case("past the end", seed + 9, (6 + seed % 3, 4, 2), 5),
        _queue_case("from the last row", seed + 12, (4, 3, 3), 3),
    ]


def _places(seed: int) -> list[Case]:
    return [*_room(seed), *_round(seed)]


def _exact(seed: int) -> list[Case]:
    """The keys end exactly at the end of the queue, or fill it."""
    return [
        _queue_case("as many keys as rows from the place on", seed + 15, (6, 2, 2), 4),
        _queue_case("as many keys as the queue has rows", seed + 18, (4, 4, 3), 0),
    ]


def _learning(seed: int) -> list[Case]:
    expected = {"gradient": text("no gradient in the new queue")}
    return [
        _queue_case(
            "keys that still hang on their encoder",
            seed + 21,
            (6, 2, 3),
            1,
            mode="learning",
            expected=expected,
        )
    ]


QUEUE_PROPERTIES = (
    Property("rows", "the new keys, in order, in place of the oldest", 5, _room, ("queue",)),
    Property("round", "goes on at row 0 after the last row", 3, _round, ("queue",)),
    Property("place", "the place of the next oldest", 2, _places, ("place",)),
    Property("exact", "the place is a row again at the end", 1, _exact, ("queue", "place")),
    Property("gradient", "no gradient lives in the queue", 2, _learning, formal=True),
    Property(
        "inputs", "leaves the queue that went in as it was", 2, _room, ("inputs",), formal=True
    ),
    Property("form", "gives a pair (queue, place)", 1, _room, ("queue", "place"), formal=True),
)


# ---------------------------------------------------------------------------- moco_logits


def _logit_case(
    tried: str, seed: int, sizes: tuple[int, int, int], temperature: float, **options
) -> Case:
    count, held, features = sizes
    shapes = ((count, features), (count, features), (held, features))
    drawn = [
        _normalise(normal(seed + k, shape, **options), dim=1) for k, shape in enumerate(shapes)
    ]
    tried = f"{tried}, temperature {temperature:g}"
    return Case(tried, lambda: (*(tensor.clone() for tensor in drawn), temperature))


def _logits(seed: int) -> list[Case]:
    return [
        _logit_case("2 queries, a queue of 3", seed + 30, (2, 3, 3), 0.5),
        _logit_case("5 queries, a queue of 4", seed + 34, (5, 4, 3), 0.2),
        _logit_case(
            "3 queries, a queue of 8, in float64", seed + 38, (3, 8, 4), 2.0, dtype=_double
        ),
        _logit_case("one query, a queue of 6", seed + 42, (1, 6, 2), 0.1),
    ]


def _axes(_: int) -> list[Case]:
    # Queries and keys are axes: the first agrees with its key, the second with a queued one.
    axes = _eye(3)
    rows = (axes[:2], axes[[0, 2]], axes[[1, 2, 0, 1]])
    wanted = number(4, 0, 0, 4, 0, 0, 4, 0, 0, 4, shape=(2, 5))
    return [
        Case(
            "queries and keys along the axes, temperature 0.25",
            lambda: (*(tensor.clone() for tensor in rows), 0.25),
            {"value": wanted},
        )
    ]


def _own_column(seed: int) -> list[Case]:
    drawn = _normalise(normal(seed + 46, (6, 3)), dim=1)
    return [
        Case(
            "6 queries equal to their own keys, temperature 0.5",
            lambda: (drawn.clone(), drawn.clone(), -drawn.clone()[:4], 0.5),
        )
    ]


def _slopes(seed: int) -> list[Case]:
    found = [
        _logit_case("the gradients, 3 queries, a queue of 4", seed + 50, (3, 4, 3), 0.5),
        _logit_case("the gradients, 2 queries, a queue of 5", seed + 54, (2, 5, 2), 0.2),
    ]
    return [Case(case.tried, case.make, mode="gradient") for case in found]


LOGIT_PROPERTIES = (
    Property(
        "values", "own key first, then the queue, over the temperature", 5, _logits, ("value",)
    ),
    Property("axes", "4 where vectors agree, 0 at right angles", 1, _axes, fixed=True),
    Property("own", "the first column belongs to the own key", 1, _own_column, ("value",)),
    Property(
        "query_gradient",
        "the gradient that reaches the queries",
        1,
        _slopes,
        ("gradient by queries",),
    ),
    Property(
        "no_gradient",
        "no gradient reaches keys or queue",
        2,
        _slopes,
        ("gradient by keys", "gradient by queue"),
        formal=True,
    ),
    Property("form", "gives one row for each query", 1, _logits, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _logits, ("inputs",), formal=True),
)
