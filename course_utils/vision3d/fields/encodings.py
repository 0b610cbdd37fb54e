"""The positional encoding: sines and cosines of a point, so that a network can draw fine detail.

B. Mildenhall et al., "NeRF: Representing Scenes as Neural Radiance Fields for View Synthesis",
ECCV 2020, section 5.1.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor


def positional_encoding(
    points: Float[Tensor, "*points axes"], frequencies: int
) -> Float[Tensor, "*points features"]:
    """gamma(p) = (sin(2^0 pi p), cos(2^0 pi p), ..., sin(2^{L-1} pi p), cos(2^{L-1} pi p)).

    NeRF 2020, eq. 4, applied to every coordinate. Coordinates should lie in [-1, 1], where the
    slowest wave is unambiguous. Features run by frequency, then sine before cosine, then axis:
    2 L axes of them. With L = 0 the points themselves come back: no encoding.

    Raises: ValueError if frequencies is negative.
    """
    if frequencies < 0:
        raise ValueError(f"the number of frequencies must not be negative, got {frequencies}")
    if frequencies == 0:
        return points
    octave = torch.arange(frequencies, dtype=points.dtype, device=points.device)
    phase = points[..., None, :] * (math.pi * 2**octave)[:, None]
    return torch.stack([phase.sin(), phase.cos()], -2).flatten(-3)
