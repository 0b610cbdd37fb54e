"""From scattered values to an implicit function: radial basis functions.

Carr et al. (2001), "Reconstruction and representation of 3D objects with radial basis functions":
f(x) = sum_k w_k |x - c_k| + b . x + b_0, the smoothest function through given values. Unlike the
distance to a cloud it can have an inside: give it negative values there. Four numbers a centre,
and no grid. Lesson 13 puts a network in its place.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.shapes.conversions import CHUNK, Implicit

EXACT = "donot_use_mm_for_euclid_dist"  # the quick way loses small distances


def radial_basis_function(
    centres: Float[Tensor, "centres 3"], values: Float[Tensor, "centres"]
) -> Implicit:
    """The function that takes these values at the centres, which must all differ.

    Solves [[A, P], [P^T, 0]] [w, b] = [values, 0] with A_kl = |c_k - c_l| and P = [c, 1]
    (Carr et al., eq. 7) in float64. Time grows as centres^3, memory as centres^2.

    Raises: ValueError for fewer than five centres, another number of values, or centres that do
        not determine it (two alike, or all in one plane).
    """
    count = len(centres)
    if count < 5 or values.shape != (count,):
        raise ValueError(f"needs five centres and a value for each, got {count}, {len(values)}")
    places = centres.double()
    linear = torch.cat([places, torch.ones_like(places[:, :1])], 1)
    system = places.new_zeros(count + 4, count + 4)
    system[:count, :count] = torch.cdist(places, places, compute_mode=EXACT)
    system[:count, count:], system[count:, :count] = linear, linear.T
    known = torch.cat([values.double(), places.new_zeros(4)])
    solution, fault = torch.linalg.solve_ex(system, known)
    if int(fault) or not bool(solution.isfinite().all()):
        raise ValueError("these centres do not determine it: two alike, or all in one plane")
    return _function(centres, *solution.to(centres).split([count, 3, 1]))


def _function(centres: Tensor, weights: Tensor, slope: Tensor, constant: Tensor) -> Implicit:
    def function(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        some = points.split(max(1, CHUNK // len(centres)))
        parts = [torch.cdist(p, centres, compute_mode=EXACT) @ weights for p in some]
        return torch.cat(parts) + points @ slope + constant

    return function
