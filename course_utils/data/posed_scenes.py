"""Posed pictures of toy objects before white, and the toy world as a radiance field.

A radiance field says how dense and which colour every point is. Here it is known exactly: fog
that is thick inside the objects and thin outside, with a soft skin of a given width.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.data.toy.ground_truth import MEASURES
from course_utils.data.toy.primitives import Parts, to_local
from course_utils.data.toy.raycast import flat_parts
from course_utils.data.toy.render import render
from course_utils.data.toy.scenes import Scenes, scene_ball
from course_utils.vision3d.cameras import Camera, orbit_camera

Field = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))  # radians; never comes back to where it was
SUBPIXELS = 3  # per pixel side: object edges are mixed with the white behind them


def part_distances(
    parts: Parts, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points parts"]:
    """Signed distance from every point to every part, in world units, negative inside.

    parts: one axis; empty slots are infinitely far.
    """
    distance = points.new_full((len(points), len(parts.shape)), torch.inf)
    for shape, measure in MEASURES.items():
        chosen = (parts.shape == shape).nonzero()[:, 0]
        if len(chosen):
            some = parts[chosen].map(lambda x: x[None])
            distance[:, chosen] = measure(some.size, some.taper, to_local(some, points[:, None]))
    return distance


def radiance_field(scenes: Scenes, peak: float | int = 40, softness: float | int = 0.02) -> Field:
    """The field of one scene: density = peak sigmoid(-distance / softness), colour of the part.

    peak: density deep inside, per world unit. softness: in world units, how gently the density
    fades across the surface. The colour is the matt colour of the nearest part, without light or
    shadow, and the same from everywhere. The ground does not count.

    Raises: ValueError for more than one scene, or a peak or softness that is not positive.
    """
    if len(scenes) != 1:
        raise ValueError(f"a radiance field is of one scene, got {len(scenes)}")
    if peak <= 0 or softness <= 0:
        raise ValueError(f"peak and softness must be positive, got {peak} and {softness}")
    parts = flat_parts(scenes)[0][0]

    def field(points: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        nearest = part_distances(parts, points.reshape(-1, 3)).min(-1)
        density = peak * torch.sigmoid(-nearest.values / softness)
        colour = parts.colour[nearest.indices]
        return density.view(points.shape[:-1]), colour.view(*points.shape[:-1], 3)

    return field


@dataclass(frozen=True)
class PosedViews:
    """Pictures of one scene from known places: sRGB in [0, 1] before white, opacity, cameras.

    distance: along the ray to the surface, in world units, infinite where there is only white.
    """

    images: Float[Tensor, "views 3 height width"]
    opacity: Float[Tensor, "views height width"]
    distance: Float[Tensor, "views height width"]
    cameras: Camera

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: slice | Tensor) -> PosedViews:
        return PosedViews(
            self.images[index], self.opacity[index], self.distance[index], self.cameras[index]
        )


def sphere_cameras(
    scenes: Scenes, count: int, size: int = 100, *, generator: torch.Generator
) -> Camera:
    """Cameras spread over the upper half sphere around a scene, all looking at its middle.

    Elevations run evenly in height from just above the ground to well overhead (equal areas of
    the sphere), azimuths by the golden angle, all turned by one random angle.

    Raises: ValueError if count is not positive.
    """
    if count < 1:
        raise ValueError(f"needs at least one camera, got {count}")
    centre, radius = (x[0] for x in scene_ball(scenes))
    turn = torch.arange(count, dtype=torch.get_default_dtype())
    start = 2 * math.pi * torch.rand((), generator=generator, dtype=turn.dtype)
    height = 0.08 + 0.82 * (turn + 0.5) / count
    angle = 0.7
    distance = 1.08 * float(radius) / math.sin(angle / 2)
    return orbit_camera(
        start + GOLDEN_ANGLE * turn, height.asin(), distance, centre.tolist(), angle, size
    )


def posed_views(scenes: Scenes, cameras: Camera) -> PosedViews:
    """Pictures of one scene's objects from given cameras, the world around them left white.

    Every pixel is the mean over 3 x 3 rays, so that edges are soft as in a photograph. The
    objects keep the light and the shadows that fall on them.

    Raises: ValueError for more than one scene.
    """
    if len(scenes) != 1:
        raise ValueError(f"posed views are of one scene, got {len(scenes)}")
    n = SUBPIXELS
    fine = replace(
        cameras,
        focal=n * cameras.focal,
        principal=n * cameras.principal,
        width=n * cameras.width,
        height=n * cameras.height,
    )
    seen = render(scenes, fine, samples=1)
    inside = seen.foreground[:, None].to(seen.image.dtype)
    images = F.avg_pool2d(inside * seen.image + (1 - inside), n)
    # The middle of the 3 x 3 rays goes through the pixel's centre.
    middle = slice(n // 2, None, n)
    hit = seen.foreground[:, middle, middle]
    distance = torch.where(hit, seen.distance[:, middle, middle], torch.inf)
    return PosedViews(images, F.avg_pool2d(inside, n)[:, 0], distance, cameras)
