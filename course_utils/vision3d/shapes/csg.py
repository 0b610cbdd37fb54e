"""Signed distances written by hand, and solids built from them by min and max.

A signed distance is negative inside, positive outside, in world units. Union, intersection and
difference of solids are one line each (A. Ricci, "A constructive geometry for computer graphics",
1973): that is what an implicit shape can do and a mesh cannot. After ``max`` the value is no longer
the exact distance, but never more than it: safe to march by.

All functions take points of any dimension, so that a slice in 2-D is the same code.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.shapes.conversions import Implicit

Points = Float[Tensor, "points axes"]
Distances = Float[Tensor, "points"]


def _place(centre: Sequence[float | int], points: Points) -> Points:
    if points.ndim != 2 or points.shape[-1] != len(centre):
        raise ValueError(f"expected points (n, {len(centre)}), got {tuple(points.shape)}")
    return points - points.new_tensor(centre)


def sphere(radius: float | int, centre: Sequence[float | int] = (0.0, 0.0, 0.0)) -> Implicit:
    """The ball ``|x - centre| - radius``; a disc where the centre has two coordinates.

    Raises:
        ValueError: when the radius is not positive.
    """
    if radius <= 0:
        raise ValueError(f"the radius must be positive, got {radius}")

    def function(points: Points) -> Distances:
        return torch.linalg.vector_norm(_place(centre, points), dim=-1) - radius

    return function


def box(half: Sequence[float | int], centre: Sequence[float | int] = (0.0, 0.0, 0.0)) -> Implicit:
    """The box with half sides ``half``: ``|max(q, 0)| + min(max_i q_i, 0)``, ``q = |x| - half``.

    Outside, the first term is the distance to the nearest corner, edge or face; inside, the second
    is that to the nearest face.

    Raises:
        ValueError: when a half side is not positive, or there is not one for each coordinate.
    """
    if len(half) != len(centre) or min(half) <= 0:
        raise ValueError(f"needs a positive half side for each of {centre}, got {half}")

    def function(points: Points) -> Distances:
        beyond = _place(centre, points).abs() - points.new_tensor(half)
        outside = torch.linalg.vector_norm(beyond.clamp(min=0), dim=-1)
        return outside + beyond.amax(dim=-1).clamp(max=0)

    return function


def torus(ring: float | int, tube: float | int) -> Implicit:
    """The ring about the z axis: ``|(|(x, y)| - ring, z)| - tube``.

    Raises:
        ValueError: when not ring > tube > 0.
    """
    if not ring > tube > 0:
        raise ValueError(f"the ring must be wider than the tube, got {ring} and {tube}")

    def function(points: Points) -> Distances:
        place = _place((0.0, 0.0, 0.0), points)
        flat = torch.linalg.vector_norm(place[:, :2], dim=-1) - ring
        return torch.hypot(flat, place[:, 2]) - tube

    return function


def union(*solids: Implicit) -> Implicit:
    """Inside any of them: ``min(f_1, f_2, ...)``.

    Raises:
        ValueError: when there is no solid.
    """
    return _reduced(solids, torch.amin)


def intersection(*solids: Implicit) -> Implicit:
    """Inside all of them: ``max(f_1, f_2, ...)``.

    Raises:
        ValueError: when there is no solid.
    """
    return _reduced(solids, torch.amax)


def difference(solid: Implicit, gone: Implicit) -> Implicit:
    """Inside the first but not the second: ``max(f, -g)``."""

    def function(points: Points) -> Distances:
        return torch.maximum(solid(points), -gone(points))

    return function


def _reduced(solids: Sequence[Implicit], choose) -> Implicit:
    if not solids:
        raise ValueError("there is no solid to combine")

    def function(points: Points) -> Distances:
        return choose(torch.stack([solid(points) for solid in solids]), dim=0)

    return function


def smooth_union(one: Implicit, other: Implicit, width: float | int) -> Implicit:
    """A union with a filled seam: ``min(f, g) - h^2 width/4``, ``h = max(1 - |f - g|/width, 0)``.

    Source: I. Quilez, "Smooth minimum" (2013), the quadratic one.

    Args:
        width: of the seam, in world units; where ``|f - g|`` is larger, nothing changes.

    Raises:
        ValueError: when the width is not positive.
    """
    if width <= 0:
        raise ValueError(f"the width of the seam must be positive, got {width}")

    def function(points: Points) -> Distances:
        f, g = one(points), other(points)
        near = (1 - (f - g).abs() / width).clamp(min=0)
        return torch.minimum(f, g) - near**2 * width / 4

    return function
