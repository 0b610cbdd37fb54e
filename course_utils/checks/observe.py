"""What is seen of one call of a function that takes and returns tensors."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.plain import (
    Plain,
    copy_out,
    difference,
    is_tensor,
    number,
    text,
    type_name,
)

_grad = torch.autograd.grad
_double, _linspace, _cat = torch.float64, torch.linspace, torch.cat


def observe_outputs(
    arguments: tuple[str, ...], outputs: tuple[str, ...] = ("value",), uneven: bool = False
) -> Callable[[Callable[..., Any], Case], Seen]:
    """Observer of a function with one output, or a tuple of several.

    In mode "value" it sees each output by its name, "form" (what kind of thing and which
    shape) and "inputs" (which tensors were changed in place); in mode "gradient" it sees
    "gradient of <output> by <argument>", which for one output is "gradient by <argument>", for
    every argument that is a tensor of fractional numbers. Other arguments are handed on.

    Args:
        uneven: whether the gradient is that of an uneven sum (see `unevenly`), not of a plain one.
    """

    def observe(function: Callable[..., Any], case: Case) -> Seen:
        inputs, slopes = case.make(), case.mode == "gradient"
        watched = [
            k for k, x in enumerate(inputs)
            if is_tensor(x) and not (slopes and not x.is_floating_point())
        ]  # fmt: skip
        names = tuple(arguments[k] for k in watched)

        def bound(*tensors: Any) -> Any:
            given = dict(zip(watched, tensors, strict=True))
            result = function(*(given.get(k, x) for k, x in enumerate(inputs)))
            return unevenly(result) if slopes and uneven else result

        see = _gradients if slopes else _values
        return see(bound, tuple(inputs[k] for k in watched), names, outputs)

    return observe


def unevenly(result: Any) -> Any:
    """The result, or each of a tuple of them, times another factor everywhere.

    In a plain sum opposite mistakes may cancel, and that of a softmax is constant: its gradient is
    0 whatever the function does.
    """
    if type(result) in (tuple, list):
        return tuple(unevenly(item) for item in result)
    if not is_tensor(result):
        return result
    slope = _linspace(-1.0, 2.0, result.numel(), dtype=_double).to(result)
    return result * slope.reshape(result.shape) ** 2


def _values(function: Callable, inputs: tuple, arguments: tuple, outputs: tuple) -> Seen:
    before = [copy_out(item) for item in inputs]
    result = function(*inputs)
    results = _split(result, outputs)
    if results is None:
        seen = {name: _not_several(result, outputs) for name in (*outputs, "form")}
    else:
        seen = {name: copy_out(item) for name, item in zip(outputs, results, strict=True)}
        seen["form"] = text("; ".join(form(item) for item in results))
    changed = [
        name
        for name, item, old in zip(arguments, inputs, before, strict=True)
        if difference(old, copy_out(item)) is not None
    ]
    seen["inputs"] = text(
        "changed in place: " + ", ".join(changed) if changed else "left as they were"
    )
    return seen


def _split(result: object, outputs: tuple[str, ...]) -> tuple | None:
    """The outputs one by one, or None where the result does not hold so many."""
    if len(outputs) == 1:
        return (result,)
    if type(result) in (tuple, list) and len(result) == len(outputs):
        return tuple(result)
    return None


def _not_several(result: object, outputs: tuple[str, ...]) -> Plain:
    if result is None:
        return Plain("none")
    names = ", ".join(outputs)
    return Plain("missing", note=f"{form(result)}, where ({names}) was expected")


def form(result: object) -> str:
    """In words: "a scalar tensor", "a tensor of shape (3, 1)", "a Python float", "None"."""
    if not is_tensor(result):
        return "None" if result is None else f"a Python {type_name(result)}"
    plain = copy_out(result)
    exact = plain.note.startswith(("torch.float", "torch.bfloat"))
    kind = "tensor" if exact or plain.kind != "tensor" else f"{plain.note} tensor"
    if plain.kind != "tensor":
        return f"a {plain.note}"
    return f"a scalar {kind}" if plain.shape == () else f"a {kind} of shape {plain.shape}"


def _gradients(function: Callable, inputs: tuple, arguments: tuple, outputs: tuple) -> Seen:
    inputs = tuple(item.clone().requires_grad_(True) for item in inputs)
    result = function(*inputs)
    results = _split(result, outputs) or (result,) * len(outputs)
    seen = {}
    for name, result in zip(outputs, results, strict=True):
        of = "" if len(outputs) == 1 else f" of {name}"
        slopes = _slopes(result, inputs)
        for argument, slope in zip(arguments, slopes, strict=True):
            seen[f"gradient{of} by {argument}"] = slope
    return seen


def _slopes(result: object, inputs: tuple) -> list[Plain]:
    if not is_tensor(result):
        return [Plain("missing", note=f"no gradient, the result is {form(result)}")] * len(inputs)
    if not result.requires_grad:
        return [Plain("missing", note="no gradient reaches it")] * len(inputs)
    slopes = _grad(result.sum(), inputs, retain_graph=True, allow_unused=True)
    return [
        Plain("missing", note="no gradient reaches it") if slope is None else copy_out(slope)
        for slope in slopes
    ]


def flat(network: nn.Module) -> Tensor:
    """All parameters of a network in one row, copied."""
    return _cat([parameter.detach().flatten() for parameter in network.parameters()]).clone()


def expected_number(value: float) -> Seen:
    """What a closed form for one scalar output expects."""
    return {"value": number(value)}
