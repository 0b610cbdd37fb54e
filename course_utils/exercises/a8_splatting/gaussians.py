"""Random Gaussians."""

import math

import torch
from torch import Tensor

from course_utils.checks.inputs import normal


def spread(
    seed: int, count: int, axes: int, least: float, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Random covariances of so many axes, with no standard deviation below sqrt(least)."""
    half = normal(seed, (count, axes, axes), 0.6 * math.sqrt(least), dtype)
    return half @ half.transpose(1, 2) + least * torch.eye(axes, dtype=dtype)
