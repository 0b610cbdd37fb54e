"""Fogs whose light can be summed exactly: the truth that a quadrature is held against.

Along a ray from t = 0, each fog has its density sigma(t) and the optical depth
tau(t) = int_0^t sigma(s) ds in closed form; then T(t) = exp(-tau(t)), and fog of one colour c is
seen as

    C = c (1 - exp(-tau(far)))    (Max 1995, section 2).

Densities are per world unit, distances in world units, optical depths without unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Curve = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Fog:
    """A fog along a ray: its name, its density and its optical depth from t = 0."""

    name: str
    density: Curve
    optical_depth: Curve

    def transmittance(self, distance: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        """Share of the light that arrives from a distance, T(t) = exp(-tau(t))."""
        return torch.exp(-self.optical_depth(distance))

    def opacity(
        self, near: float | int, far: float | int, like: Float[Tensor, "..."]
    ) -> Float[Tensor, ""]:
        """Share that is stopped between near and far, 1 - exp(tau(near) - tau(far))."""
        ends = self.optical_depth(torch.as_tensor([near, far], dtype=like.dtype))
        return -torch.expm1(ends[0] - ends[1])


def uniform_fog(density: float | int) -> Fog:
    """The same everywhere: sigma = s, tau = s t (Beer 1852, Lambert 1760).

    Raises: ValueError if the density is negative.
    """
    _not_negative(density=density)
    return Fog("uniform", lambda t: torch.full_like(t, density), lambda t: density * t)


def slab(density: float | int, begin: float | int, end: float | int) -> Fog:
    """A block of fog between two distances: tau = s (min(t, end) - min(t, begin)).

    Raises: ValueError if the density is negative or the slab ends before it begins.
    """
    _not_negative(density=density)
    if not 0 <= begin < end:
        raise ValueError(f"a slab needs 0 <= begin < end, got {begin} and {end}")

    def sigma(t: Tensor) -> Tensor:
        return density * ((t >= begin) & (t < end)).to(t.dtype)

    return Fog("slab", sigma, lambda t: density * (t.clamp(max=end) - t.clamp(max=begin)))


def exponential_fog(density: float | int, scale: float | int) -> Fog:
    """Air above a planet: sigma = s exp(-t / h), tau = s h (1 - exp(-t / h)).

    Raises: ValueError if the density is negative or the scale height not positive.
    """
    _not_negative(density=density)
    if scale <= 0:
        raise ValueError(f"the scale height must be positive, got {scale}")
    return Fog(
        "exponential",
        lambda t: density * torch.exp(-t / scale),
        lambda t: -density * scale * torch.expm1(-t / scale),
    )


def _not_negative(**values: float) -> None:
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"the {name} of a fog must not be negative, got {value}")
