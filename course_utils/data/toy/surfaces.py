"""Points spread evenly over the surfaces of objects."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.toy.primitives import (
    ELLIPSOID,
    EMPTY,
    Parts,
    is_inside,
    pick,
    to_local,
    to_world,
)  # fmt: skip
from course_utils.data.toy.raycast import flat_parts
from course_utils.data.toy.scenes import Scenes


@dataclass(frozen=True)
class SurfacePoints:
    """Points on the surface of each scene's objects, evenly by area.

    points: world units. normal: unit, outward, world axes. part: index into ``PART_NAMES``.
    instance: slot of the object.
    """

    points: Float[Tensor, "scenes points 3"]
    normal: Float[Tensor, "scenes points 3"]
    part: Int[Tensor, "scenes points"]
    instance: Int[Tensor, "scenes points"]


def surface_points(scenes: Scenes, count: int, *, generator: torch.Generator) -> SurfacePoints:
    """``count`` points per scene, uniform over the outer surface of all its objects.

    Candidates are drawn evenly over each part's own surface; those inside another part are
    dropped. The generator must be on the scenes' device.

    Raises: ValueError if count is not positive.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    parts, owner = flat_parts(scenes)
    drawn: list[tuple[Tensor, ...]] = []
    while not drawn or int(torch.cat([d[0] for d in drawn], 1).sum(1).min()) < count:
        drawn.append(_candidates(parts, 2 * count, generator))
    good, points, normal, index = (torch.cat(x, 1) for x in zip(*drawn, strict=True))
    order = (~good).int().argsort(stable=True, dim=1)[:, :count]
    view = torch.arange(len(order), device=order.device)[:, None]
    index = index[view, order]
    return SurfacePoints(
        points[view, order], normal[view, order], parts.label[view, index], owner[view, index]
    )


def _candidates(parts: Parts, count: int, generator: torch.Generator):
    share = _proposal_mass(parts)
    index = torch.multinomial(share, count, replacement=True, generator=generator)
    view = torch.arange(len(index), device=index.device)[:, None]
    on = parts[view, index]
    local, normal, kept = _on_parts(on, generator)
    points = to_world(on, local)
    normal = (on.rotation @ normal[..., None])[..., 0]
    each = parts.map(lambda x: x[:, None])
    inside = is_inside(each.shape, each.size, each.taper, to_local(each, points[:, :, None]))
    own = torch.arange(parts.shape.shape[1], device=index.device) == index[..., None]
    return kept & ~(inside & ~own).any(-1), points, normal, index


def _proposal_mass(parts: Parts) -> Float[Tensor, "*parts"]:
    """How often to try each part: its area, over the share of its tries that are kept.

    For an ellipsoid both together are 4 pi abc / min(a, b, c), see ``_ellipsoid_points``.
    """
    x, y, z = parts.size.unbind(-1)
    ellipsoid = 4 * math.pi * x * y * z / parts.size.amin(-1)
    prism = torch.stack(_prism_areas(parts), -1).sum(-1)
    frustum = torch.stack(_frustum_areas(parts), -1).sum(-1)
    return pick(parts.shape, ellipsoid, prism, frustum, torch.zeros_like(x))


def _slanted(parts: Parts) -> Tensor:
    x, z = parts.size[..., 0], parts.size[..., 2]
    return torch.sqrt((x * (parts.taper - 1)) ** 2 + 4 * z**2)


def _prism_areas(parts: Parts) -> list[Tensor]:
    """Both slanted sides, both ends, bottom, top."""
    x, y, z = parts.size.unbind(-1)
    ends = 4 * x * (1 + parts.taper) * z
    return [4 * y * _slanted(parts), ends, 4 * x * y, 4 * x * parts.taper * y]


def _frustum_areas(parts: Parts) -> list[Tensor]:
    """Side, bottom, top."""
    x = parts.size[..., 0]
    side = math.pi * x * (1 + parts.taper) * _slanted(parts)
    return [side, math.pi * x**2, math.pi * (x * parts.taper) ** 2]


def _on_parts(parts: Parts, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """A local point on each part, its normal, and whether to keep it."""
    shape = parts.shape.shape
    noise = torch.rand(
        *shape, 4, generator=generator, dtype=parts.size.dtype, device=parts.size.device
    )
    e, en, kept = _ellipsoid_points(parts, noise)
    p, pn = _prism_points(parts, noise)
    f, fn = _frustum_points(parts, noise)
    which = parts.shape[..., None]
    kept = kept | (parts.shape != ELLIPSOID)
    return pick(which, e, p, f, e), pick(which, en, pn, fn, en), kept & (parts.shape != EMPTY)


def _ellipsoid_points(parts: Parts, noise: Tensor) -> tuple[Tensor, Tensor, Bool[Tensor, "..."]]:
    """Even on the sphere, then kept in proportion to how much the map u -> s u stretches area.

    The stretch is abc |u / s|, at most abc / min(s).
    """
    z, angle = 2 * noise[..., 0] - 1, 2 * math.pi * noise[..., 1]
    flat = (1 - z * z).clamp(min=0).sqrt()
    u = torch.stack([flat * angle.cos(), flat * angle.sin(), z], -1)
    slant = (u / parts.size).norm(dim=-1)
    kept = noise[..., 2] < slant * parts.size.amin(-1)
    return u * parts.size, torch.nn.functional.normalize(u / parts.size, dim=-1), kept


def _along_side(taper: Tensor, noise: Tensor) -> Tensor:
    """Height in [-1, 1] with density proportional to the width there, 1 + (taper - 1) h."""
    squared = 1 + noise * (taper**2 - 1)
    even = (taper - 1).abs() < 1e-6
    slope = torch.where(even, 1.0, taper - 1)
    return 2 * torch.where(even, noise, (squared.clamp(min=0).sqrt() - 1) / slope) - 1


def _prism_points(parts: Parts, noise: Tensor) -> tuple[Tensor, Tensor]:
    a, b, c, d = noise.unbind(-1)
    areas = torch.stack(_prism_areas(parts), -1)
    face = _choose(areas, d)
    side = torch.where(c < 0.5, -1.0, 1.0).to(a)
    x, y, z = parts.size.unbind(-1)
    tilt = torch.where(face == 1, _along_side(parts.taper, b), 2 * b - 1)
    h = torch.where(face == 2, -1.0, torch.where(face == 3, 1.0, tilt)).to(a)
    width = x * (0.5 * (1 + parts.taper) + 0.5 * (parts.taper - 1) * h)
    px = torch.where(face == 0, side, 2 * a - 1) * width
    py = torch.where(face == 1, side, torch.where(face == 0, 2 * a - 1, 2 * b - 1)) * y
    zero = torch.zeros_like(a)
    slope = x * (parts.taper - 1) / (2 * z)
    normals = [
        torch.stack([side, zero, -slope], -1),
        torch.stack([zero, side, zero], -1),
        torch.stack([zero, zero, zero - 1], -1),
        torch.stack([zero, zero, zero + 1], -1),
    ]
    return torch.stack([px, py, h * z], -1), _picked(normals, face)


def _frustum_points(parts: Parts, noise: Tensor) -> tuple[Tensor, Tensor]:
    a, b, _, d = noise.unbind(-1)
    face = _choose(torch.stack(_frustum_areas(parts), -1), d)
    x, _, z = parts.size.unbind(-1)
    side = _along_side(parts.taper, b)
    h = torch.where(face == 0, side, torch.where(face == 1, -1.0, 1.0).to(a))
    width = x * (0.5 * (1 + parts.taper) + 0.5 * (parts.taper - 1) * h)
    radius = torch.where(face == 0, width, width * b.sqrt())
    angle = 2 * math.pi * a
    zero, c, s = torch.zeros_like(a), angle.cos(), angle.sin()
    slope = x * (parts.taper - 1) / (2 * z)
    normals = [
        torch.stack([c, s, -slope], -1),
        torch.stack([zero, zero, zero - 1], -1),
        torch.stack([zero, zero, zero + 1], -1),
    ]
    return torch.stack([radius * c, radius * s, h * z], -1), _picked(normals, face)


def _choose(areas: Tensor, noise: Tensor) -> Int[Tensor, "..."]:
    edges = areas.cumsum(-1) / areas.sum(-1, keepdim=True)
    return (noise[..., None] > edges[..., :-1]).sum(-1)


def _picked(options: list[Tensor], index: Tensor) -> Tensor:
    stacked = torch.stack(options, -2)
    index = index[..., None, None].expand(*index.shape, 1, 3)
    return torch.nn.functional.normalize(stacked.gather(-2, index)[..., 0, :], dim=-1)
