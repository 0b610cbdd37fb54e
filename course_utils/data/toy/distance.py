"""Exact signed distance to the toy world's primitives: negative inside, in world units.

All functions take points in a part's own frame; leading axes broadcast.
"""

from __future__ import annotations

import torch
from torch import Tensor

from course_utils.data.toy.primitives import half_width


def prism_distance(size: Tensor, taper: Tensor, points: Tensor) -> Tensor:
    """A trapezoid in (x, z) drawn out along y: d = min(max(d2, e), 0) + |max((d2, e), 0)|."""
    flat = trapezoid_distance(size, taper, points[..., 0].abs(), points[..., 2])
    beyond = points[..., 1].abs() - size[..., 1]
    inner = torch.maximum(flat, beyond).clamp(max=0)
    return inner + _length(flat.clamp(min=0), beyond.clamp(min=0))


def frustum_distance(size: Tensor, taper: Tensor, points: Tensor) -> Tensor:
    """The same trapezoid turned about z, so measured at (radius, z)."""
    radius = _length(points[..., 0], points[..., 1])
    return trapezoid_distance(size, taper, radius, points[..., 2])


def trapezoid_distance(size: Tensor, taper: Tensor, x: Tensor, z: Tensor) -> Tensor:
    """Signed distance in the half plane x >= 0 to an upright trapezoid symmetric about x = 0.

    The outline is (0,-h) -> (bottom,-h) -> (top,h) -> (0,h): the distance to the nearest of
    its three segments, negative inside.
    """
    bottom, h = size[..., 0], size[..., 2]
    top = bottom * taper
    below = _length((x - bottom).clamp(min=0), z + h)
    above = _length((x - top).clamp(min=0), z - h)
    run, rise = top - bottom, 2 * h
    t = ((x - bottom) * run + (z + h) * rise) / (run * run + rise * rise)
    t = t.clamp(0, 1)
    beside = _length(x - bottom - t * run, z + h - t * rise)
    distance = torch.minimum(torch.minimum(below, above), beside)
    inside = (z.abs() < h) & (x < half_width(size, taper, z))
    return torch.where(inside, -distance, distance)


def ellipsoid_distance(size: Tensor, points: Tensor) -> Tensor:
    """Distance to the nearest point of an ellipsoid, to rounding error."""
    closest = ellipsoid_closest_point(size, points.detach())
    outside = ((points / size) ** 2).sum(-1) > 1
    gap = _length_of(points - closest)
    return torch.where(outside, gap, -gap)


@torch.no_grad()
def ellipsoid_closest_point(size: Tensor, points: Tensor, rounds: int = 12) -> Tensor:
    """The nearest surface point, x_i = s_i^2 y_i / (u + s_i^2 - m) with m = min s^2.

    u > 0 is the root of F(u) = sum (s_i y_i / (u + s_i^2 - m))^2 - 1, convex and falling
    (Eberly 2013, "Distance from a point to an ellipse, an ellipsoid, or a hyperellipsoid").
    F >= 0 at the start, where the largest term is 1; F <= 0 at |s y|. Each round improves
    the lower end by Newton's step and halves the bracket's logarithm, so tiny roots, for
    points near the plane of the two long axes, are found to the same relative precision.
    """
    size, points = torch.broadcast_tensors(size, points)
    tiny = 0.1 * torch.finfo(points.dtype).eps
    y = points.abs().clamp(min=tiny)
    pull = size * y
    spread = size**2 - (size**2).amin(-1, keepdim=True)
    low = (pull - spread).amax(-1)
    high = torch.linalg.vector_norm(pull, dim=-1)
    for _ in range(rounds):
        low = _newton(pull, spread, low).clamp(max=high)
        middle = (low * high).sqrt()
        short = _terms(pull, spread, middle).sum(-1) > 1
        low, high = torch.where(short, middle, low), torch.where(short, high, middle)
    low = _newton(pull, spread, _newton(pull, spread, low))
    side = torch.where(points < 0, -1.0, 1.0).to(points)  # at zero either side will do
    return side * size**2 * y / (low[..., None] + spread)


def _terms(pull: Tensor, spread: Tensor, u: Tensor) -> Tensor:
    return (pull / (u[..., None] + spread)) ** 2


def _newton(pull: Tensor, spread: Tensor, u: Tensor) -> Tensor:
    terms = _terms(pull, spread, u)
    slope = -2 * (terms / (u[..., None] + spread)).sum(-1)
    return torch.maximum(u, u - (terms.sum(-1) - 1) / slope)


def _length(x: Tensor, y: Tensor) -> Tensor:
    return _length_of(torch.stack(torch.broadcast_tensors(x, y), -1))


def _length_of(v: Tensor) -> Tensor:
    """Euclidean length whose gradient at zero is zero instead of undefined."""
    squared = (v * v).sum(-1)
    positive = squared > 0
    return torch.where(positive, torch.where(positive, squared, 1.0).sqrt(), 0.0)
