"""Wrong and right answers to pixels_to_rays."""

import torch
from torch.nn import functional as F
from torch.nn.functional import normalize

from .shared import in_double, listed, no_grad


def ones(x):
    return torch.ones_like(x)


def rays(
    *,
    offset=lambda uv, f, m: (uv - m) / f,
    depth=ones,
    world=lambda d, r: d @ r.T,
    unit=lambda d: normalize(d, dim=-1),
    origin=lambda d, c: c.expand_as(d),
    result=lambda o, d: (o, d),
):
    """The right way, with one or more of its parts changed."""

    def answer(pixels, rotation, centre, focal, principal):
        plane = offset(pixels, focal, principal)
        local = torch.cat([plane, depth(plane[:, :1])], 1)
        directions = unit(world(local, rotation))
        return result(origin(directions, centre), directions)

    return answer


def _end(pixels, rotation, centre, focal, principal):
    """The point at depth 1, taken for a direction."""
    origins, directions = rays(unit=lambda d: d)(pixels, rotation, centre, focal, principal)
    return origins, normalize(origins + directions, dim=-1)


WRONG = {
    "not_unit": [
        rays(unit=lambda d: d),
        rays(unit=lambda d: normalize(d, dim=-1) * 2),
    ],
    "unit_over_the_rays": [
        rays(unit=lambda d: normalize(d, dim=0)),
        rays(unit=lambda d: d / d.norm()),
    ],
    "divided_by_the_square": [rays(unit=lambda d: d / (d * d).sum(-1, keepdim=True))],
    "rotation_transposed": [rays(world=lambda d, r: d @ r)],
    "rotation_forgotten": [rays(world=lambda d, r: d)],
    "focal_forgotten": [rays(offset=lambda uv, f, m: uv - m)],
    "focal_multiplied": [rays(offset=lambda uv, f, m: (uv - m) * f)],
    "focal_as_depth_twice": [rays(depth=lambda x: 0 * x + 45.0)],
    "principal_forgotten": [rays(offset=lambda uv, f, m: uv / f)],
    "principal_added": [rays(offset=lambda uv, f, m: (uv + m) / f)],
    "principal_after_focal": [rays(offset=lambda uv, f, m: uv / f - m)],
    "principal_swapped": [rays(offset=lambda uv, f, m: (uv - m.flip(-1)) / f)],
    "v_flipped": [rays(offset=lambda uv, f, m: (uv - m) / f * torch.tensor([1.0, -1.0]).to(uv))],
    "both_flipped": [rays(offset=lambda uv, f, m: (m - uv) / f)],
    "backwards": [
        rays(depth=lambda x: -ones(x)),
        rays(unit=lambda d: -normalize(d, dim=-1)),
    ],
    "flat": [rays(depth=torch.zeros_like)],
    "rows_before_columns": [rays(offset=lambda uv, f, m: (uv.flip(-1) - m) / f)],
    "half_pixel_moved": [
        rays(offset=lambda uv, f, m: (uv + 0.5 - m) / f),
        rays(offset=lambda uv, f, m: (uv - 0.5 - m) / f),
    ],
    "centre_in_direction": [_end],
    "origin_at_zero": [rays(origin=lambda d, c: torch.zeros_like(d))],
    "origin_on_the_picture": [
        rays(origin=lambda d, c: c + d),
    ],
    "origin_negated": [
        rays(origin=lambda d, c: (-c).expand_as(d)),
    ],
    "one_origin": [rays(origin=lambda d, c: c), rays(origin=lambda d, c: c[None])],
    "direction_first": [rays(result=lambda o, d: (d, o))],
    "directions_only": [
        rays(result=lambda o, d: d),
        rays(result=lambda o, d: torch.cat([o, d], 1)),
    ],
    "gradient_cut": [
        rays(result=lambda o, d: (o.detach(), d.detach())),
        no_grad(rays()),
        listed(rays()),
    ],
}


def _rays(pixels, rotation, centre, focal, principal):
    local = F.pad((pixels - principal) / focal, (0, 1), value=1.0)
    directions = F.normalize(local @ rotation.T, dim=-1)
    return centre.expand_as(directions), directions


def _rays_unit_first(pixels, rotation, centre, focal, principal):
    """The focal length as depth, divided by the length before turning."""
    depth = focal.expand(len(pixels), 1)
    local = torch.cat([pixels - principal, depth], 1)
    local = local / (local * local).sum(1, keepdim=True).sqrt()
    return centre.repeat(len(pixels), 1), (rotation @ local.T).T


def _rays_loop(pixels, rotation, centre, focal, principal):
    directions = []
    for u, v in pixels:
        x, y = (u - principal[0]) / focal, (v - principal[1]) / focal
        along = rotation[:, 0] * x + rotation[:, 1] * y + rotation[:, 2]
        directions.append(along / along.norm())
    return torch.stack([centre] * len(pixels)), torch.stack(directions)


def _rays_matrix(pixels, rotation, centre, focal, principal):
    one, zero = torch.ones_like(focal), torch.zeros_like(focal)
    rows = [focal, zero, principal[0], zero, focal, principal[1], zero, zero, one]
    inverse = torch.linalg.inv(torch.stack(rows).view(3, 3))
    homogeneous = torch.cat([pixels, torch.ones_like(pixels[:, :1])], 1)
    directions = torch.einsum("ij,jk,nk->ni", rotation, inverse, homogeneous)
    return centre[None].expand(len(pixels), 3), F.normalize(directions, dim=1)


RIGHT = {
    "pad, normalise": _rays,
    "unit length first": _rays_unit_first,
    "loop": _rays_loop,
    "inverse matrix": _rays_matrix,
    "in float64": in_double(_rays),
}


# What the first variant of each mistake earns.
MARKS = {
    "not_unit": 1.25,
    "unit_over_the_rays": 0.75,
    "divided_by_the_square": 1.25,
    "rotation_transposed": 1.25,
    "rotation_forgotten": 1.25,
    "focal_forgotten": 1,
    "focal_multiplied": 1,
    "focal_as_depth_twice": 1,
    "principal_forgotten": 1,
    "principal_added": 1,
    "principal_after_focal": 1,
    "principal_swapped": 1,
    "v_flipped": 1,
    "both_flipped": 1,
    "backwards": 1,
    "flat": 1,
    "rows_before_columns": 1,
    "half_pixel_moved": 1,
    "centre_in_direction": 1.25,
    "origin_at_zero": 2,
    "origin_on_the_picture": 2.5,
    "origin_negated": 2,
    "one_origin": 2,
    "direction_first": 0,
    "directions_only": 0,
    "gradient_cut": 2.75,
}
