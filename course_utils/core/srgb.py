"""The curve between the numbers of a picture file and light (sRGB, IEC 61966-2-1)."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def linear_from_srgb(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Undoes the gamma of sRGB: ``v / 12.92`` below 0.04045, else ``((v + 0.055) / 1.055)^2.4``."""
    bright = ((values.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4
    return torch.where(values <= 0.04045, values / 12.92, bright)


def srgb_from_linear(values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """Applies the gamma of sRGB (IEC 61966-2-1), the inverse of ``linear_from_srgb``."""
    bright = 1.055 * values.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(values <= 0.0031308, values * 12.92, bright)
