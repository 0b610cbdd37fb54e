"""What is seen of functions that take tensors, and after them plain numbers; masks in words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from torch import Tensor

from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import observe_outputs, unevenly
from course_utils.checks.plain import Plain, text


def observe_splats(tensors: tuple[str, ...], outputs: tuple[str, ...] = ("value",)) -> Callable:
    """Observer of a function of these tensors, followed by the numbers that a case gives.

    Mode "gradient" looks at the gradients of an uneven sum.
    """
    watch = observe_outputs(tensors, outputs)

    def observe(function: Callable[..., Any], case: Case) -> Seen:
        given = case.make()
        numbers = given[len(tensors) :]

        def bound(*inputs: Tensor) -> Any:
            result = function(*inputs, *numbers)
            return unevenly(result) if case.mode == "gradient" else result

        return watch(bound, replace(case, make=lambda: given[: len(tensors)]))

    return observe


def observe_masks(tensors: tuple[str, ...], outputs: tuple[str, ...]) -> Callable:
    """Observer of a function that gives one mask for each output: sees which Gaussians it picks."""
    watch = observe_splats(tensors, outputs)

    def observe(function: Callable[..., Any], case: Case) -> Seen:
        seen = watch(function, case)
        return seen | {name: _picked(seen[name]) for name in outputs}

    return observe


def _picked(mask: Plain) -> Plain:
    """In words, "Gaussians 0, 3 of 8"; what is no mask stays as it is."""
    if not mask.numeric or len(mask.shape) != 1 or not set(mask.values) <= {0.0, 1.0}:
        return mask
    places = [str(k) for k, value in enumerate(mask.values) if value]
    return text(f"{'Gaussians ' + ', '.join(places) if places else 'none'} of {len(mask.values)}")
