"""Where rays meet the toy world's primitives, in closed form.

Every function works in a part's own frame and returns the distance at which the ray enters
the solid (infinite where it misses, or where the entry lies behind the start) and the outward
normal there. Origins, directions, sizes and tapers broadcast over their leading axes.
A ray that starts inside a part does not see that part.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.toy.primitives import half_width, pick

Hit = tuple[Float[Tensor, "*hits"], Float[Tensor, "*hits 3"]]


def ray_hits(
    shape: Int[Tensor, "*parts"],
    size: Float[Tensor, "*parts 3"],
    taper: Float[Tensor, "*parts"],
    origins: Float[Tensor, "*starts 3"],
    directions: Float[Tensor, "*rays 3"],
    nearest: float = 1e-5,
) -> Hit:
    """Entry distance (> nearest, else infinity) and local unit normal for each ray and part."""
    t0, n0 = ellipsoid_hits(size, origins, directions)
    t1, n1 = prism_hits(size, taper, origins, directions)
    t2, n2 = frustum_hits(size, taper, origins, directions)
    missed = torch.full_like(t0, torch.inf)
    distance = pick(shape, t0, t1, t2, missed)
    normal = pick(shape[..., None], n0, n1, n2, torch.zeros_like(n0))
    hit = (distance > nearest) & distance.isfinite()  # false for nan too
    distance = torch.where(hit, distance, missed)
    return distance, torch.where(hit[..., None], normal, torch.zeros_like(normal))


def ellipsoid_hits(size: Tensor, origins: Tensor, directions: Tensor) -> Hit:
    """|o + t d|^2 = 1 in coordinates divided by the half sizes: the smaller root."""
    o, d = origins / size, directions / size
    a, b, c = (d * d).sum(-1), (o * d).sum(-1), (o * o).sum(-1) - 1
    disc = b * b - a * c
    t = torch.where(disc > 0, (-b - disc.clamp(min=0).sqrt()) / a, torch.inf)
    normal = (origins + _finite(t)[..., None] * directions) / size**2
    return t, torch.nn.functional.normalize(normal, dim=-1)


def prism_hits(size: Tensor, taper: Tensor, origins: Tensor, directions: Tensor) -> Hit:
    """Clip the ray by six half-spaces n . p <= h; the last plane entered is the face hit.

    The slanted sides have the normals (1, 0, -slope) and (-1, 0, -slope).
    """
    (ox, oy, oz), (dx, dy, dz) = origins.unbind(-1), directions.unbind(-1)
    x, y, z = size.unbind(-1)
    slope = x * (taper - 1) / (2 * z)  # of the half width per unit of height
    side = x * (1 + taper) / 2
    gaps = [side - ox + slope * oz, side + ox + slope * oz, y - oy, y + oy, z - oz, z + oz]
    speeds = [dx - slope * dz, -dx - slope * dz, dy, -dy, dz, -dz]
    enter = torch.full_like(gaps[0], -torch.inf)
    leave = torch.full_like(gaps[0], torch.inf)
    face = torch.zeros_like(enter, dtype=torch.long)
    for i, (gap, speed) in enumerate(zip(gaps, speeds, strict=True)):
        t = gap / speed
        later = (speed < 0) & (t > enter)
        enter, face = torch.where(later, t, enter), torch.where(later, i, face)
        leave = torch.where((speed > 0) & (t < leave), t, leave)
        leave = torch.where((speed == 0) & (gap < 0), -torch.inf, leave)
    enter = torch.where(enter < leave, enter, torch.inf)
    return enter, _prism_normal(face, slope)


def _prism_normal(face: Tensor, slope: Tensor) -> Tensor:
    signs = torch.zeros(6, 3, dtype=slope.dtype, device=slope.device)
    signs[0, 0] = signs[2, 1] = signs[4, 2] = 1
    signs[1, 0] = signs[3, 1] = signs[5, 2] = -1
    normal = signs[face]
    normal[..., 2] -= torch.where(face < 2, slope, 0.0)
    return torch.nn.functional.normalize(normal, dim=-1)


def frustum_hits(size: Tensor, taper: Tensor, origins: Tensor, directions: Tensor) -> Hit:
    """The nearest valid crossing with the cone's side or with one of its two discs.

    Side: a t^2 + 2 b t + c = 0 from x^2 + y^2 = w(z)^2, solved without cancellation.
    """
    ox, oy, oz = origins.unbind(-1)
    dx, dy, dz = directions.unbind(-1)
    x, z = size[..., 0], size[..., 2]
    slope = x * (taper - 1) / (2 * z)
    width = x * (1 + taper) / 2 + slope * oz
    a = dx * dx + dy * dy - (slope * dz) ** 2
    b = ox * dx + oy * dy - slope * dz * width
    c = ox * ox + oy * oy - width * width
    disc = b * b - a * c
    q = -(b + torch.where(b < 0, -1.0, 1.0) * disc.clamp(min=0).sqrt())
    sides = [torch.where(disc >= 0, root, torch.nan) for root in (q / a, c / q)]
    sides = [torch.where((oz + t * dz).abs() <= z, t, torch.inf) for t in sides]
    caps = [(s * z - oz) / dz for s in (-1, 1)]
    limits = [x, x * taper]
    caps = [
        torch.where((ox + t * dx) ** 2 + (oy + t * dy) ** 2 <= r * r, t, torch.inf)
        for t, r in zip(caps, limits, strict=True)
    ]
    t, which = torch.stack([*sides, *caps], -1).min(-1)
    return t, _frustum_normal(size, taper, slope, which, _along(origins, directions, t))


def _frustum_normal(size, taper, slope, which, points) -> Tensor:
    flat = torch.zeros_like(points)
    flat[..., 2] = torch.where(which == 2, -1.0, 1.0)
    radius = half_width(size, taper, points[..., 2])[..., None]
    slope = slope.expand(points.shape[:-1])[..., None]
    side = torch.cat([points[..., :2] / radius, -slope], -1)
    side = torch.nn.functional.normalize(side, dim=-1)
    return torch.where((which >= 2)[..., None], flat, side)


def _finite(t: Tensor) -> Tensor:
    return torch.where(t.isfinite(), t, 0)


def _along(origins: Tensor, directions: Tensor, t: Tensor) -> Tensor:
    return origins + _finite(t)[..., None] * directions
