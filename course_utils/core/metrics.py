"""Numbers that several ideas report: how many weights a network has, how close pictures are."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn


def count_parameters(module: nn.Module, trainable_only: bool = False) -> int:
    """Number of weights of a network: of all, or of those that training changes."""
    return sum(
        parameter.numel()
        for parameter in module.parameters()
        if parameter.requires_grad or not trainable_only
    )


def psnr(mean_squared_error: Float[Tensor, ""] | float) -> float:
    """Peak signal-to-noise ratio of pictures in [0, 1], -10 log10(mse), in decibels.

    Raises: ValueError if the error is negative.
    """
    error = float(torch.as_tensor(mean_squared_error).detach())
    if error < 0:
        raise ValueError(f"a mean squared error is not negative, got {error}")
    return math.inf if error == 0 else -10 * math.log10(error)


def image_psnr(
    image: Float[Tensor, "*batch 3 height width"], picture: Float[Tensor, "*batch 3 height width"]
) -> float:
    """Peak signal-to-noise ratio of two pictures in decibels, -10 log10 of their mean squared
    error. Values of ``image`` outside of [0, 1] count as 0 or 1; equal pictures have 120 dB.
    """
    return psnr((image.clamp(0, 1) - picture).square().mean().clamp_min(1e-12))
