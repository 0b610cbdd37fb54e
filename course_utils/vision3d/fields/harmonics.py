"""Colours that depend on the viewing direction: real spherical harmonics up to degree 3.

A Gaussian stores (degree + 1)^2 coefficients per colour channel; its colour seen along the unit
direction d is 1/2 + sum_k c_k Y_k(d), not below zero. Order and signs are those of the 3D
Gaussian Splatting code (Kerbl et al. 2023) and so of its files: degree by degree, m from -l to l,
with the Condon-Shortley phase (Sloan 2008, "Stupid spherical harmonics tricks", appendix A2).
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

MAX_DEGREE = 3
CONSTANT = 0.5 / math.sqrt(math.pi)  # Y_0: the same in all directions


def harmonics_basis(
    directions: Float[Tensor, "*rays 3"], degree: int
) -> Float[Tensor, "*rays basis"]:
    """Values Y_k(d) of the (degree + 1)^2 real spherical harmonics, orthonormal on the sphere.

    directions: unit vectors, world axes. Sloan 2008, appendix A2.

    Raises: ValueError if the degree is not 0, 1, 2 or 3.
    """
    if degree not in range(MAX_DEGREE + 1):
        raise ValueError(f"the degree of spherical harmonics must be 0, 1, 2 or 3, got {degree}")
    x, y, z = directions.unbind(-1)
    basis = [torch.full_like(x, CONSTANT)]
    if degree >= 1:
        c = math.sqrt(3 / (4 * math.pi))
        basis += [-c * y, c * z, -c * x]
    if degree >= 2:
        basis += _second_degree(x, y, z)
    if degree >= 3:
        basis += _third_degree(x, y, z)
    return torch.stack(basis, -1)


def _second_degree(x: Tensor, y: Tensor, z: Tensor) -> list[Tensor]:
    c = math.sqrt(15 / (4 * math.pi))
    zonal = math.sqrt(5 / (16 * math.pi)) * (3 * z * z - 1)
    return [c * x * y, -c * y * z, zonal, -c * x * z, c / 2 * (x * x - y * y)]


def _third_degree(x: Tensor, y: Tensor, z: Tensor) -> list[Tensor]:
    outer = math.sqrt(35 / (32 * math.pi))
    inner = math.sqrt(105 / (4 * math.pi))
    near = math.sqrt(21 / (32 * math.pi)) * (5 * z * z - 1)
    zonal = math.sqrt(7 / (16 * math.pi)) * z * (5 * z * z - 3)
    return [
        -outer * y * (3 * x * x - y * y),
        inner * x * y * z,
        -near * y,
        zonal,
        -near * x,
        inner / 2 * z * (x * x - y * y),
        -outer * x * (x * x - 3 * y * y),
    ]


def degree_of(harmonics: Float[Tensor, "gaussians basis 3"]) -> int:
    """Degree l of coefficients, from their number (l + 1)^2.

    Raises: ValueError if the number is not 1, 4, 9 or 16.
    """
    degree = math.isqrt(harmonics.shape[1]) - 1
    if (degree + 1) ** 2 != harmonics.shape[1] or degree > MAX_DEGREE or degree < 0:
        raise ValueError(f"spherical harmonics come in 1, 4, 9 or 16, got {harmonics.shape[1]}")
    return degree


def colours_from_harmonics(
    harmonics: Float[Tensor, "gaussians basis 3"],
    means: Float[Tensor, "gaussians 3"],
    eye: Float[Tensor, "3"],
) -> Float[Tensor, "gaussians 3"]:
    """Colour of each Gaussian seen from ``eye``: max(0, 1/2 + sum_k c_k Y_k(d)).

    d is the unit direction from the eye to the Gaussian's mean (Kerbl et al. 2023, their
    ``forward.cu``). means, eye: world units.

    Raises: ValueError if the number of coefficients is not 1, 4, 9 or 16.
    """
    degree = degree_of(harmonics)
    if degree == 0:
        light = CONSTANT * harmonics[:, 0]
    else:
        basis = harmonics_basis(normalize(means - eye.to(means), dim=-1), degree)
        light = (basis[:, None] @ harmonics)[:, 0]
    return (0.5 + light).clamp_min(0)


def harmonics_from_colours(
    colours: Float[Tensor, "gaussians 3"], degree: int = 0
) -> Float[Tensor, "gaussians basis 3"]:
    """Coefficients that show a colour in all directions: c_0 = (colour - 1/2) / Y_0, the rest 0.

    Raises: ValueError if the degree is not 0, 1, 2 or 3.
    """
    if degree not in range(MAX_DEGREE + 1):
        raise ValueError(f"the degree of spherical harmonics must be 0, 1, 2 or 3, got {degree}")
    harmonics = colours.new_zeros(len(colours), (degree + 1) ** 2, 3)
    harmonics[:, 0] = (colours - 0.5) / CONSTANT
    return harmonics
