"""What is seen of the functions of assignment 3: some take a number, some give weights."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, is_tensor, number

_linspace = torch.linspace


def observe_with_number(*tensors: str) -> Callable:
    """Observer of a function of these tensors and, as its last argument, a plain number."""
    observe_tensors = observe_outputs(tensors)

    def observe(function: Callable[..., Any], case: Case) -> Seen:
        *inputs, value = case.make()
        bound = replace(case, make=lambda: tuple(inputs))
        return observe_tensors(lambda *given: function(*given, value), bound)

    return observe


def observe_weights(function: Callable[..., Any], case: Case) -> Seen:
    """Sees of rebalancing weights also their ratios, and their mean under the distribution."""
    shares = case.make()[0].double().tolist()
    seen = observe_with_number("shares")(function, case)
    weights = seen["value"]
    if not weights.numeric or len(weights.values) != len(shares):
        missing = Plain("missing", note="no weight for each bin")
        return {**seen, "ratios to the first weight": missing, "mean weight": missing}
    first = weights.values[0]
    ratios = [value / first if first else float("nan") for value in weights.values]
    mean = sum(p * w for p, w in zip(shares, weights.values, strict=True))
    return {**seen, "ratios to the first weight": number(*ratios), "mean weight": number(mean)}


def observe_uneven_gradients(*arguments: str) -> Callable:
    """Observer of a function of tensors that adds up its output unevenly before the gradient.

    The plain sum of a softmax is constant: its gradient would be 0 whatever the function does.
    """
    observe_tensors = observe_outputs(arguments)

    def observe(function: Callable[..., Any], case: Case) -> Seen:
        chosen = _uneven(function) if case.mode == "gradient" else function
        return observe_tensors(chosen, case)

    return observe


def _uneven(function: Callable[..., Any]) -> Callable[..., Any]:
    def weighted(*inputs: torch.Tensor) -> Any:
        result = function(*inputs)
        if not is_tensor(result):
            return result
        slope = _linspace(-1.0, 2.0, result.numel(), dtype=torch.float64).to(result)
        return result * slope.reshape(result.shape) ** 2

    return weighted
