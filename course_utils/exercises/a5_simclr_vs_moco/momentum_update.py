"""The key encoder follows the query encoder, slowly."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import nn

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.observe import flat
from course_utils.checks.plain import copy_out, text
from course_utils.selfsup.moco import momentum_update

# Names of what is seen of a key encoder of up to three layers, with a bend after each but the last.
PARAMETERS = tuple(f"{kind} of layer {k}" for k in (1, 2, 3) for kind in ("weights", "biases"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees where both encoders' parameters are after one update, or three in mode "thrice".

    Then the query encoder is moved by 1 to see whether the key encoder has memory of its own.
    """
    key, query, momentum = case.make()
    for _ in range(3 if case.mode == "thrice" else 1):
        function(key, query, momentum)
    seen = {_named(name): copy_out(value) for name, value in key.named_parameters()}
    seen["query encoder"] = copy_out(flat(query))
    hanging = any(p.grad_fn is not None or p.requires_grad for p in key.parameters())
    seen["gradient"] = text(
        "the key encoder hangs on the query encoder"
        if hanging
        else "no gradient in the key encoder"
    )
    before = flat(key)
    with torch.no_grad():
        for parameter in query.parameters():
            parameter.add_(1.0)
    own = torch.equal(before, flat(key))
    seen["memory"] = text("memory of its own" if own else "shares memory with the query encoder")
    return seen


def _named(name: str) -> str:
    place, kind = name.split(".")
    return PARAMETERS[int(place) // 2 * 2 + (kind == "bias")]


exercise = Declared(momentum_update, observe)


def _encoders(seed: int, momentum: float, sizes: tuple[int, ...] = (2, 3, 2)) -> Callable:
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
            parameter.copy_(normal(seed + index, tuple(parameter.shape), 1.0, torch.float64))
    return network


@exercise.claim(5, *PARAMETERS)
def moves(seed: int) -> list[Case]:
    plans = ((0.9, (2, 3, 2)), (0.75, (3, 2)), (0.2, (2, 2, 2, 1)))
    return [
        Case(
            f"two encoders of {len(sizes) - 1} layers, momentum {momentum:g}",
            _encoders(seed + 200 * number, momentum, sizes),
        )
        for number, (momentum, sizes) in enumerate(plans)
    ]


@exercise.claim(2, *PARAMETERS)
def again(seed: int) -> list[Case]:
    return [
        Case("three updates, momentum 0.6", _encoders(seed + 700, 0.6), mode="thrice"),
        Case("three updates, momentum 0.9", _encoders(seed + 800, 0.9), mode="thrice"),
    ]


@exercise.claim(1, *PARAMETERS)
def ends(seed: int) -> list[Case]:
    return [
        Case("momentum 1: the key encoder rests", _encoders(seed + 900, 1.0)),
        Case("momentum 0: the key encoder is a copy", _encoders(seed + 950, 0.0)),
    ]


exercise.claim(1, "query encoder", name="query", formal=True)(moves)
exercise.claim(2, "gradient", name="gradient", formal=True)(moves)
exercise.claim(1, "memory", name="memory", formal=True)(moves)
