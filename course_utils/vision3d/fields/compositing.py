"""Compositing along a ray, front to back: the one step that NeRF and Gaussian splatting share.

A ray meets samples 1, 2, ... from near to far. Sample i covers a share alpha_i of what lies
behind it, so of its light arrives the weight

    w_i = T_i alpha_i    with the transmittance    T_i = (1 - alpha_1) ... (1 - alpha_{i-1}),

the product over everything *in front*, sample i itself left out (Max 1995, eq. 6; Mildenhall et
al. 2020, NeRF, eq. 3; Kerbl et al. 2023, 3D Gaussian Splatting, eq. 3). In NeRF a sample is a
bin of the ray, in splatting it is a Gaussian; after this module the two are the same.

Samples are always the last axis of alpha and of the weights; there may be none. All numbers are
shares in [0, 1] without unit, except densities (per world unit) and lengths (world units).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def alpha_from_density(
    density: Float[Tensor, "*#rays samples"], lengths: Float[Tensor, "*#rays samples"]
) -> Float[Tensor, "*rays samples"]:
    """Share of the light that each bin stops, alpha = 1 - exp(-density length).

    Exact where the density is constant over the bin (Max 1995, eq. 5; NeRF 2020, eq. 3).
    density: per world unit, not negative. lengths: world units, along a *unit* direction.
    Written with expm1, so that thin fog keeps all its digits.

    Raises: ValueError if a density or a length is negative.
    """
    if bool((density < 0).any()) or bool((lengths < 0).any()):
        raise ValueError("densities and lengths must not be negative")
    return -torch.expm1(-density * lengths)


def transmittance_from_alpha(
    alpha: Float[Tensor, "*rays samples"],
) -> Float[Tensor, "*rays samples"]:
    """Share of the light that reaches each sample, T_i = prod_{j<i} (1 - alpha_j).

    The product is exclusive: T_1 = 1, and a sample does not hide itself. What is left behind
    the last sample is ``transmittance_behind``.

    Raises: ValueError if alpha has no axis for samples.
    """
    _check_alpha(alpha)
    passed = torch.cumprod(1 - alpha[..., :-1], -1)
    return torch.cat([torch.ones_like(alpha[..., :1]), passed], -1)


def transmittance_behind(alpha: Float[Tensor, "*rays samples"]) -> Float[Tensor, "*rays"]:
    """Share of the light that passes every sample, prod_i (1 - alpha_i): the background's weight.

    Raises: ValueError if alpha has no axis for samples.
    """
    _check_alpha(alpha)
    return torch.prod(1 - alpha, -1)


def weights_from_alpha(alpha: Float[Tensor, "*rays samples"]) -> Float[Tensor, "*rays samples"]:
    """Share that each sample has in what the ray sees, w_i = alpha_i prod_{j<i} (1 - alpha_j).

    With the background's ``transmittance_behind`` the weights sum to one. Samples are ordered
    from near to far along the last axis.

    Raises: ValueError if alpha has no axis for samples.
    """
    return alpha * transmittance_from_alpha(alpha)


def composite(
    weights: Float[Tensor, "*rays samples"], values: Float[Tensor, "*#rays samples channels"]
) -> Float[Tensor, "*rays channels"]:
    """What the ray sees of its samples, sum_i w_i v_i, for colours or any other channels.

    values: one row per sample, with leading axes like the weights or of size one. Nothing is
    added for the background; see ``over_background``.

    Raises: ValueError if weights and values have different numbers of samples.
    """
    if values.ndim < 2 or values.shape[-2] != weights.shape[-1]:
        raise ValueError(
            f"weights {tuple(weights.shape)} and values {tuple(values.shape)} must be "
            "(..., samples) and (..., samples, channels) with the same samples"
        )
    return (weights[..., None, :] @ values)[..., 0, :]


def opacity_from_weights(weights: Float[Tensor, "*rays samples"]) -> Float[Tensor, "*rays"]:
    """Share of the ray that its samples stop, sum_i w_i = 1 - prod_i (1 - alpha_i)."""
    return weights.sum(-1)


def depth_from_weights(
    weights: Float[Tensor, "*rays samples"], depths: Float[Tensor, "*#rays samples"]
) -> Float[Tensor, "*rays"]:
    """Mean depth of what the ray sees, sum_i w_i d_i / sum_i w_i, in the unit of the depths.

    A ray that meets nothing has depth zero: ask ``opacity_from_weights`` first.
    """
    total = weights.sum(-1)
    tiny = torch.finfo(weights.dtype).tiny
    return (weights * depths).sum(-1) / total.clamp_min(tiny)


def over_background(
    colour: Float[Tensor, "*rays channels"],
    opacity: Float[Tensor, "*rays"],
    background: Float[Tensor, "*#rays channels"],
) -> Float[Tensor, "*rays channels"]:
    """Composited samples in front of a background, colour + (1 - opacity) background.

    This is the operator "over" for premultiplied colour (Porter & Duff 1984).
    """
    return colour + (1 - opacity)[..., None] * background


# ------------------------------------------------------------------ the same as a loop


def composite_by_loop(
    alpha: Float[Tensor, "samples"],
    values: Float[Tensor, "samples channels"],
    background: Float[Tensor, "channels"],
) -> tuple[Float[Tensor, "channels"], Float[Tensor, "samples"]]:
    """One ray, sample after sample, to be read: what it sees, and the weights.

    The same as ``over_background(composite(w, values), w.sum(), background)`` with
    w = ``weights_from_alpha(alpha)`` (NeRF 2020, eq. 3).
    """
    seen, weights = torch.zeros_like(background), []
    transmittance = torch.ones_like(alpha[0])
    for share, value in zip(alpha, values, strict=True):
        weight = transmittance * share
        seen = seen + weight * value
        transmittance = transmittance * (1 - share)
        weights.append(weight)
    return seen + transmittance * background, torch.stack(weights)


def _check_alpha(alpha: Tensor) -> None:
    if alpha.ndim < 1:
        raise ValueError("alpha needs an axis for its samples, got a single number")
