"""What is seen of the functions of assignment 5: some take numbers, some change networks."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, copy_out, is_tensor, text

_linspace, _cat = torch.linspace, torch.cat
_observe_projections = observe_outputs(("projections",))
_observe_batch = observe_outputs(("queries", "keys", "queue"))
_observe_queue = observe_outputs(("queue", "place", "keys"), ("queue", "place"))


def observe_nt_xent(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the loss of projections at a temperature; mode "gradient" sees its gradient."""
    projections, temperature = case.make()
    bound = replace(case, make=lambda: (projections,))
    return _observe_projections(lambda z: function(z, temperature), bound)


def observe_logits(function: Callable[..., Any], case: Case) -> Seen:
    """Sees logits; mode "gradient" an uneven sum's gradient: a plain one would hide mistakes."""
    *tensors, temperature = case.make()

    def uneven(*inputs: Tensor) -> Any:
        result = function(*inputs, temperature)
        if case.mode != "gradient" or not is_tensor(result):
            return result
        slope = _linspace(-1.0, 2.0, result.numel(), dtype=torch.float64).to(result)
        return result * slope.reshape(result.shape) ** 2

    return _observe_batch(uneven, replace(case, make=lambda: tuple(tensors)))


def observe_queue(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the new queue and place; mode "learning": whether a gradient lives in the queue.

    In that mode the keys still hang on the encoder that made them.
    """
    queue, place, keys = case.make()
    if case.mode != "learning":
        return _observe_queue(function, replace(case, make=lambda: (queue, place, keys)))
    result = function(queue, place, keys.requires_grad_(True))
    renewed = result[0] if type(result) in (tuple, list) and result else result
    held = is_tensor(renewed) and renewed.requires_grad
    words = "the new queue still hangs on the encoder" if held else "no gradient in the new queue"
    return {"gradient": text(words)}


def flat(network: nn.Module) -> Tensor:
    """All parameters of a network in one row, copied."""
    return _cat([parameter.detach().flatten() for parameter in network.parameters()]).clone()


# Names of what is seen of a key encoder of up to three layers, with a bend after each but the last.
PARAMETERS = tuple(f"{kind} of layer {k}" for k in (1, 2, 3) for kind in ("weights", "biases"))


def _named(name: str) -> str:
    place, kind = name.split(".")
    return PARAMETERS[int(place) // 2 * 2 + (kind == "bias")]


def observe_momentum(function: Callable[..., Any], case: Case) -> Seen:
    """Sees where both encoders' parameters are after one update, or three in mode "thrice".

    Then the query encoder is moved by 1 to see whether the key encoder has memory of its own.
    """
    key, query, momentum = case.make()
    for _ in range(3 if case.mode == "thrice" else 1):
        function(key, query, momentum)
    seen = {_named(name): copy_out(value) for name, value in key.named_parameters()}
    seen["query encoder"] = copy_out(flat(query))
    hanging = any(parameter.grad_fn is not None for parameter in key.parameters())
    hanging = hanging or any(parameter.requires_grad for parameter in key.parameters())
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


def observe_probe_step(function: Callable[..., Any], case: Case) -> Seen:
    """Sees two steps of a linear probe: the losses, who moved, and what reached the encoder."""
    encoder, linear, optimiser, batches = case.make()
    start, statistics = flat(encoder), _statistics(encoder)
    losses = [function(encoder, linear, optimiser, *batch) for batch in batches]
    loss = losses[-1]
    return {
        "loss": copy_out(loss),
        "classifier": copy_out(flat(linear)),
        "encoder": _moved("weights", start, flat(encoder)),
        "statistics": _moved("batch statistics", statistics, _statistics(encoder)),
        "gradient": text(
            "a gradient reached the encoder"
            if any(parameter.grad is not None for parameter in encoder.parameters())
            else "no gradient reached the encoder"
        ),
        "form": _loss_form(loss),
    }


def _statistics(network: nn.Module) -> Tensor:
    return _cat([buffer.double().flatten() for buffer in network.buffers()]).clone()


def _moved(what: str, before: Tensor, after: Tensor) -> Plain:
    rest = torch.equal(before, after)
    return text(f"the encoder's {what} {'rest' if rest else 'move'}")


def _loss_form(loss: object) -> Plain:
    if is_tensor(loss) and loss.requires_grad:
        return text("a loss that still holds its graph")
    held = copy_out(loss)
    single = held.numeric and len(held.values) == 1
    return text("one number" if single else "not one number")
