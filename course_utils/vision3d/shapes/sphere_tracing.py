"""Pictures of a signed distance: walk along the ray by the distance itself.

    t <- t + f(o + t d)

At any point the ball of radius f holds no surface, so a step of f can never pass one. Where f is
small the steps get small; where the ray is far from everything they are large.

Source: J. C. Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of implicit
surfaces", 1996.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.vision3d.cameras import Camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.shapes.conversions import Implicit
from course_utils.vision3d.shapes.implicit import field_gradient


class Traced(NamedTuple):
    """Where rays met the surface.

    distance: along the ray, in world units; where nothing was hit, that of the last point asked.
    hit: whether the function came within the tolerance of 0. steps: how often it was asked.
    """

    distance: Float[Tensor, "rays"]
    hit: Bool[Tensor, "rays"]
    steps: Int[Tensor, "rays"]


@torch.no_grad()
def sphere_trace(
    function: Implicit,
    origins: Float[Tensor, "rays 3"],
    directions: Float[Tensor, "rays 3"],
    near: float | int = 0.0,
    far: float | int = 10.0,
    most: int = 64,
    tolerance: float = 1e-3,
) -> Traced:
    """Walks along each ray until the function is within ``tolerance`` of 0, or ``far`` is passed.

    Only the rays still under way are asked again. A negative value sends the walk back.

    Args:
        directions: unit vectors; else steps are too long or too short.
        near, far: where along the ray to start and to give up, in world units.
        most: steps before a ray counts as missing.

    Raises:
        ValueError: when origins and directions differ in shape, or near is not before far.
    """
    if origins.shape != directions.shape or origins.ndim != 2 or origins.shape[-1] != 3:
        raise ValueError(
            f"rays are (n, 3) twice, got {tuple(origins.shape)} and {tuple(directions.shape)}"
        )
    if not near < far:
        raise ValueError(f"near must be before far, got {near} and {far}")
    distance = origins.new_full((len(origins),), float(near))
    hit = torch.zeros(len(origins), dtype=torch.bool, device=origins.device)
    steps = torch.zeros(len(origins), dtype=torch.long, device=origins.device)
    walking = torch.arange(len(origins), device=origins.device)
    for _ in range(most):
        if not len(walking):
            break
        value = function(origins[walking] + distance[walking, None] * directions[walking])
        steps[walking] += 1
        there = value.abs() < tolerance
        hit[walking[there]] = True
        distance[walking[~there]] += value[~there]
        walking = walking[~there & (distance[walking] < far)]
    return Traced(distance, hit, steps)


class Seen(NamedTuple):
    """A picture of a surface: what each pixel's ray met, and the unit normal there (0 for none)."""

    distance: Float[Tensor, "height width"]
    hit: Bool[Tensor, "height width"]
    steps: Int[Tensor, "height width"]
    normal: Float[Tensor, "height width 3"]


def render_surface(
    function: Implicit,
    camera: Camera,
    radius: float | int = 1.8,
    most: int = 64,
    tolerance: float = 2e-3,
) -> Seen:
    """Sphere traces every pixel; normals are the normalised gradient of the function.

    Args:
        radius: of the ball about the origin that holds the surface, in world units; rays that miss
            it are not walked.

    Raises:
        ValueError: for more than one camera, or one inside of that ball.
    """
    if camera.batch_shape:
        raise ValueError(f"one camera makes one picture, got {tuple(camera.batch_shape)}")
    away = float(camera.centre.norm())
    if away <= radius:
        raise ValueError(f"the camera is {away:.2f} from the origin, within the ball of {radius}")
    origins, directions = (x.reshape(-1, 3) for x in pixels_to_rays(camera, _flat(camera)))
    closest = (origins * directions).sum(-1)
    gap = (origins - closest[:, None] * directions).norm(dim=-1)
    rays = (gap < radius).nonzero()[:, 0]
    found = sphere_trace(
        function, origins[rays], directions[rays], away - radius, away + radius, most, tolerance
    )
    shape = (camera.height, camera.width)
    distance, hit = origins.new_full((len(origins),), away + radius), gap < 0
    steps, normal = torch.zeros_like(hit, dtype=torch.long), torch.zeros_like(origins)
    distance[rays], hit[rays], steps[rays] = found
    if bool(hit.any()):
        points = origins[hit] + distance[hit, None] * directions[hit]
        slope = field_gradient(function, points).detach()
        normal[hit] = torch.nn.functional.normalize(slope, dim=-1)
    return Seen(*(x.reshape(*shape, *x.shape[1:]) for x in (distance, hit, steps, normal)))


def _flat(camera: Camera) -> Float[Tensor, "pixels 2"]:
    return pixel_centres(camera).reshape(-1, 2)


def shade(
    normal: Float[Tensor, "height width 3"],
    hit: Bool[Tensor, "height width"],
    light: Float[Tensor, "3"],
    ambient: float = 0.4,
) -> Float[Tensor, "height width"]:
    """Brightness of a matt surface, ``ambient + (1 - ambient) max(n . l, 0)``; 1 where is nothing.

    Source: Lambert (1760), the cosine law.

    Args:
        light: towards the light, of any length.
    """
    towards = torch.nn.functional.normalize(light, dim=0).to(normal)
    matt = ambient + (1 - ambient) * (normal @ towards).clamp(min=0)
    return torch.where(hit, matt, torch.ones_like(matt))
