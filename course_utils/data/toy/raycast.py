"""The plain renderer: every ray against every part, whole tensors at once, on any device.

It is the reference for ``raycast_numba`` and what runs on a GPU. No bounding volumes, no
early exits. Rays have axes (views, rays); each view is given its own scene.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.core.srgb import linear_from_srgb
from course_utils.data.toy import lighting
from course_utils.data.toy.backdrops import OUTDOORS, Backdrop
from course_utils.data.toy.distance import frustum_distance, prism_distance
from course_utils.data.toy.intersect import ray_hits
from course_utils.data.toy.primitives import EMPTY, Parts, bounding_radius, pick, to_local
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera, depth_from_distance, pixel_centres, pixels_to_rays

SKIN = 1e-3  # shadow rays start this far off the surface
REACHES = ((0.05, 0.30), (0.13, 0.30), (0.30, 0.30))  # ambient occlusion: distance, weight
PAIRS_AT_ONCE = {"cpu": 2**16, "cuda": 2**24}  # of rays and parts, to bound the memory


def flat_parts(scenes: Scenes) -> tuple[Parts, Int[Tensor, "scenes parts"]]:
    """The parts of each scene in world coordinates, and the slot of the object each belongs to.

    Empty parts go last and are cut off as far as the fullest scene allows.
    """
    parts = scenes.objects.world_parts
    slots = torch.arange(parts.shape.shape[1], device=parts.shape.device)
    owner = slots[None, :, None].expand(parts.shape.shape).flatten(1)
    parts = parts.map(lambda x: x.flatten(1, 2))
    empty = parts.shape == EMPTY
    order = empty.int().argsort(stable=True, dim=1)[:, : max(1, int((~empty).sum(1).max()))]
    view = torch.arange(len(order), device=order.device)[:, None]
    return parts[view, order], owner[view, order]


def cast(
    parts: Parts, origins: Float[Tensor, "views rays 3"], directions: Float[Tensor, "views rays 3"]
) -> tuple[Tensor, Tensor, Tensor]:
    """Distance, index of the part (-1 for none) and world normal of each ray's nearest hit."""
    each = parts.map(lambda x: x[:, None])
    start = to_local(each, origins[:, :, None])
    ahead = (directions[:, :, None, None, :] @ each.rotation)[..., 0, :]
    t, normal = ray_hits(each.shape, each.size, each.taper, start, ahead)
    distance, index = t.min(-1)
    normal = normal.gather(2, index[..., None, None].expand(*index.shape, 1, 3))
    rotation = _of_part(parts.rotation, index)
    normal = (rotation @ normal[:, :, 0, :, None])[..., 0]
    return distance, torch.where(distance.isfinite(), index, -1), normal


def _of_part(values: Tensor, index: Tensor) -> Tensor:
    """values (views, parts, ...) picked by index (views, rays) to (views, rays, ...)."""
    view = torch.arange(len(values), device=values.device)[:, None]
    return values[view, index.clamp(min=0)]


def blocked(
    parts: Parts,
    origins: Float[Tensor, "views rays 3"],
    directions: Float[Tensor, "views rays 3"],
    limits: Float[Tensor, "views rays"],
) -> Bool[Tensor, "views rays"]:
    """Whether any part lies on each ray nearer than its limit."""
    return cast(parts, origins, directions)[0] < limits


def first_hit(parts: Parts, world: Backdrop, origins: Tensor, directions: Tensor):
    """The nearest of parts and ground: distance, part index, normal, and where it is ground."""
    distance, index, normal = cast(parts, origins, directions)
    down = -origins[..., 2] / directions[..., 2]
    above = (directions[..., 2] < 0) & (origins[..., 2] > 0)
    down = torch.where(above & (world.code == OUTDOORS)[:, None], down, torch.inf)
    on_ground = down < distance
    up = torch.zeros_like(normal)
    up[..., 2] = 1
    normal = torch.where(on_ground[..., None], up, normal)
    index = torch.where(on_ground, -1, index)
    return torch.where(on_ground, down, distance), index, normal, on_ground


def rough_distance(parts: Parts, points: Float[Tensor, "*points 3"]) -> Tensor:
    """Distance to each part; a first-order estimate for ellipsoids, and near slanted rims.

    |p/s| (|p/s| - 1) / |p/s^2| for an ellipsoid, cheap enough for ambient occlusion.
    """
    p = to_local(parts, points)
    k0 = (p / parts.size).norm(dim=-1)
    k1 = (p / parts.size**2).norm(dim=-1).clamp(min=1e-9)
    prism, frustum = (f(parts.size, parts.taper, p) for f in (prism_distance, frustum_distance))
    return pick(parts.shape, k0 * (k0 - 1) / k1, prism, frustum, torch.full_like(k0, torch.inf))


def lost_light(parts: Parts, world: Backdrop, points: Tensor, normal: Tensor) -> Tensor:
    """Ambient light that neighbouring surfaces keep from each point, in [0, 1].

    Steps out along the normal and compares the distance to the nearest surface with the
    step (Evans 2006, "Fast approximations for global illumination on dynamic scenes").
    """
    each = parts.map(lambda x: x[:, None])
    outdoors = (world.code == OUTDOORS)[:, None]
    lost = torch.zeros_like(points[..., 0])
    for reach, weight in REACHES:
        p = points + reach * normal
        distance = rough_distance(each, p[:, :, None])
        near = (p[:, :, None] - each.centre).norm(dim=-1) <= bounding_radius(each) + reach
        nearest = torch.where(near, distance, reach).amin(-1).clamp(max=reach)
        nearest = torch.where(outdoors, torch.minimum(nearest, p[..., 2]), nearest)
        lost = lost + weight * ((reach - nearest).clamp(min=0) / reach).clamp(max=1)
    return lost.clamp(max=1)


def shade(
    parts: Parts, world: Backdrop, origins: Tensor, directions: Tensor, forward: Tensor
) -> Float[Tensor, "views rays 3"]:
    """Linear light that arrives along each ray."""
    distance, index, normal, on_ground = first_hit(parts, world, origins, directions)
    hit = distance.isfinite()
    far = torch.where(hit, distance, 1.0)
    points = origins + far[..., None] * directions
    colour = _of_part(linear_from_srgb(parts.colour), index)
    colour = torch.where(on_ground[..., None], lighting.ground(world, points, far), colour)
    on_part = (index >= 0).to(far)
    gloss, glow = (_of_part(x, index) * on_part for x in (parts.gloss, parts.glow))
    sun = world.sun[:, None].expand_as(points)
    limit = torch.full_like(far, torch.inf)
    dark = blocked(parts, points + SKIN * normal, sun, limit)
    open_share = 1 - lost_light(parts, world, points, normal)
    light = lighting.lit(
        world, colour, gloss, glow, normal, directions, (~dark).to(far), open_share
    )
    light = lighting.hazed(world, light, far)
    return torch.where(hit[..., None], light, lighting.backdrop(world, directions, forward))


def _chunks(scenes: Scenes, camera: Camera, scene_of: Tensor, uv: Float[Tensor, "pixels 2"]):
    """Views and pixels in portions small enough for the memory: (slices, arguments)."""
    slots, parts = scenes.objects.parts.shape.shape[1:]
    budget = PAIRS_AT_ONCE.get(scene_of.device.type, 2**20) // (slots * parts)
    pixels = max(1, min(len(uv), budget))
    views = max(1, budget // pixels)
    for v in range(0, len(scene_of), views):
        here = slice(v, v + views)
        some = scenes.map(lambda x, here=here: x[scene_of[here]])
        flat, owner = flat_parts(some)
        for p in range(0, len(uv), pixels):
            there = slice(p, p + pixels)
            origins, directions = pixels_to_rays(camera[here], uv[there])
            yield (here, there), flat, owner, some.backdrop, origins, directions, camera[here]


@torch.no_grad()
def render_light(
    scenes: Scenes, camera: Camera, scene_of: Int[Tensor, "views"], samples: int
) -> Float[Tensor, "views height width 3"]:
    """Tone-mapped linear light, the mean of samples x samples rays in each pixel."""
    centres = pixel_centres(camera).flatten(0, 1)
    shifts = (torch.arange(samples).to(centres) + 0.5) / samples - 0.5
    image = centres.new_zeros(len(scene_of), len(centres), 3)
    for dv in shifts:
        for du in shifts:
            uv = centres + torch.stack([du, dv])
            for at, parts, _, world, o, d, cam in _chunks(scenes, camera, scene_of, uv):
                image[at] += lighting.tone(shade(parts, world, o, d, cam.forward))
    return (image / samples**2).unflatten(1, (camera.height, camera.width))


@torch.no_grad()
def render_truth(
    scenes: Scenes, camera: Camera, scene_of: Int[Tensor, "views"]
) -> dict[str, Tensor]:
    """Depth, distance, normal, instance and part label at every pixel's centre."""
    uv = pixel_centres(camera).flatten(0, 1)
    shape = (len(scene_of), len(uv))
    distance, depth = uv.new_zeros(shape), uv.new_zeros(shape)
    normal = uv.new_zeros(*shape, 3)
    instance, part = (torch.full(shape, -1, device=uv.device) for _ in range(2))
    for at, parts, owner, world, o, d, cam in _chunks(scenes, camera, scene_of, uv):
        t, index, n, _ = first_hit(parts, world, o, d)
        distance[at], normal[at] = t, n
        depth[at] = depth_from_distance(cam, d, t)
        instance[at] = torch.where(index >= 0, _of_part(owner, index), -1)
        part[at] = torch.where(index >= 0, _of_part(parts.label, index), -1)
    size = (camera.height, camera.width)
    flat = {"depth": depth, "distance": distance, "instance": instance, "part": part}
    truth = {k: v.unflatten(1, size) for k, v in flat.items()}
    return truth | {"normal": normal.unflatten(1, size).permute(0, 3, 1, 2).contiguous()}
