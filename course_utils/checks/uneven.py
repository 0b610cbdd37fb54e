"""Gradients that show: of a sum in which every number counts differently."""

from typing import Any

import torch

from course_utils.checks.plain import is_tensor

_double, _linspace = torch.float64, torch.linspace


def unevenly(result: Any) -> Any:
    """The result, or each of a tuple of them, times another factor everywhere.

    What observes a gradient takes that of a plain sum, in which opposite mistakes may cancel.
    """
    if type(result) in (tuple, list):
        return tuple(unevenly(item) for item in result)
    if not is_tensor(result):
        return result
    slope = _linspace(-1.0, 2.0, result.numel(), dtype=_double).to(result)
    return result * slope.reshape(result.shape) ** 2
