"""Putting a solid thing into a field of fog: in front of some of it and behind the rest.

A solid thing stops what is left of a ray at a distance s. So the ray is summed up to s and no
farther, and the thing's colour gets the light that has come through:

    C = sum_{t_i < s} w_i c_i + T(s) c_solid,

NeRF's sum (Mildenhall et al. 2020, eq. 3) with the solid as its background. The field need not
know: its bins are cut off at s, and a bin of no length stops nothing. This is how the lecture's
slide "detailed scene geometry with occlusion effects" lets things stand within a scene.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.fields.compositing import over_background
from course_utils.vision3d.fields.volume_rendering import Field, Rendered, render_rays


def distance_to_ball(
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    centre: Float[Tensor, "3"],
    radius: float | int,
) -> Float[Tensor, "*rays"]:
    """How far along each ray a ball begins, in world units; infinite where it is missed.

    t = b - sqrt(b^2 - |m|^2 + r^2) with m = centre - origin, b = m . direction. directions: of
    unit length. A ray that starts inside meets nothing.

    Raises: ValueError if the radius is not positive.
    """
    if radius <= 0:
        raise ValueError(f"the radius of a ball must be positive, got {radius}")
    offset = centre - origins
    along = (offset * directions).sum(-1)
    inside = along**2 - (offset**2).sum(-1) + radius**2
    first = along - inside.clamp_min(0).sqrt()
    return torch.where((inside > 0) & (first > 0), first, torch.inf)


def shaded_ball(
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    centre: Float[Tensor, "3"],
    radius: float | int,
    colour: Float[Tensor, "3"],
    light: Float[Tensor, "3"],
) -> tuple[Float[Tensor, "*rays"], Float[Tensor, "*rays 3"]]:
    """Distance and colour of a matt ball: colour (0.35 + 0.65 max(0, n . light)), Lambert 1760.

    light: unit direction towards the lamp. Where the ball is missed the colour means nothing.
    """
    distance = distance_to_ball(origins, directions, centre, radius)
    hit = origins + distance.nan_to_num(posinf=0)[..., None] * directions
    facing = (((hit - centre) / radius) * light).sum(-1).clamp(0, 1)
    return distance, colour * (0.35 + 0.65 * facing)[..., None]


def render_before(
    field: Field,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    edges: Float[Tensor, "edges"],
    stop: Float[Tensor, "*rays"],
) -> Rendered:
    """What rays see of a field before the distance ``stop``: its bins are cut off there."""
    return render_rays(field, origins, directions, torch.minimum(edges, stop[..., None]))


def render_with_solid(
    field: Field,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    edges: Float[Tensor, "edges"],
    solid: tuple[Float[Tensor, "*rays"], Float[Tensor, "*rays 3"]],
    background: Float[Tensor, "3"],
) -> Float[Tensor, "*rays 3"]:
    """Field and solid in one picture. solid: its distance (infinite: not there) and colour."""
    stop, colour = solid
    seen = render_before(field, origins, directions, edges, stop)
    behind = torch.where(torch.isfinite(stop)[..., None], colour, background)
    return over_background(seen.colour, seen.opacity, behind)
