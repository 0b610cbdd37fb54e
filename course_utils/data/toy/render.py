"""``render``: from scenes and cameras to pictures with all their ground truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.core.devices import torch_threads_kept
from course_utils.core.srgb import srgb_from_linear
from course_utils.data.toy import raycast
from course_utils.data.toy.lighting import noise_table
from course_utils.data.toy.packing import pack_backdrop, pack_balls, pack_cameras, pack_parts
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera

BACKENDS = ("auto", "numba", "torch")


@dataclass(frozen=True)
class Truth:
    """What is true at the centre of each pixel.

    depth: along the optical axis, distance: along the ray, both in world units and infinite
    where there is only sky or backdrop. normal: unit, world axes, zero where depth is
    infinite. instance: the object's slot, -1 for ground and backdrop. part: index into
    ``PART_NAMES``, -1 where there is no object.
    """

    depth: Float[Tensor, "views height width"]
    distance: Float[Tensor, "views height width"]
    normal: Float[Tensor, "views 3 height width"]
    instance: Int[Tensor, "views height width"]
    part: Int[Tensor, "views height width"]

    @property
    def foreground(self) -> Bool[Tensor, "views height width"]:
        """Pixels whose centre shows an object (clutter included)."""
        return self.instance >= 0

    def __len__(self) -> int:
        return self.depth.shape[0]

    def __getitem__(self, index):
        if isinstance(index, int):
            index = slice(index, index + 1 or None)
        return type(self)(**{k: v[index] for k, v in vars(self).items()})


@dataclass(frozen=True)
class Rendering(Truth):
    """Pictures with their ground truth. image: sRGB in [0, 1]."""

    image: Float[Tensor, "views 3 height width"]


def render(scenes: Scenes, camera: Camera, *, samples: int = 2, backend: str = "auto") -> Rendering:
    """Pictures of scenes through cameras, with depth, normals and masks.

    One camera per scene, or one camera for all scenes, or many cameras for one scene.
    samples: rays per pixel side, for smooth edges; the ground truth always belongs to the
    pixel's centre. backend: "numba" (CPU), "torch" (any device), or "auto" by device. Results
    are float32 on the scenes' device, float64 if scenes and camera are float64.

    Raises: ValueError if the numbers of scenes and cameras do not fit, or for bad options.
    """
    scenes, camera, scene_of, backend = _prepare(scenes, camera, samples, backend)
    if backend == "torch":
        light = raycast.render_light(scenes, camera, scene_of, samples)
        truth = raycast.render_truth(scenes, camera, scene_of)
    else:
        light = _numba_light(scenes, camera, scene_of, samples)
        truth = _numba_truth(scenes, camera, scene_of)
    return Rendering(image=_picture(light, scenes), **truth)


def render_image(
    scenes: Scenes, camera: Camera, *, samples: int = 2, backend: str = "auto"
) -> Float[Tensor, "views 3 height width"]:
    """Only the pictures of ``render``: sRGB in [0, 1]."""
    scenes, camera, scene_of, backend = _prepare(scenes, camera, samples, backend)
    draw = raycast.render_light if backend == "torch" else _numba_light
    return _picture(draw(scenes, camera, scene_of, samples), scenes)


def render_truth(scenes: Scenes, camera: Camera, *, backend: str = "auto") -> Truth:
    """Only the ground truth of ``render``, at the pixels' centres."""
    scenes, camera, scene_of, backend = _prepare(scenes, camera, 1, backend)
    draw = raycast.render_truth if backend == "torch" else _numba_truth
    return Truth(**draw(scenes, camera, scene_of))


def is_blocked(
    scenes: Scenes,
    origins: Float[Tensor, "scenes rays 3"],
    directions: Float[Tensor, "scenes rays 3"],
    limits: Float[Tensor, "scenes rays"],
) -> Bool[Tensor, "scenes rays"]:
    """Whether an object of the scene lies on each ray nearer than its limit (world units).

    directions: unit vectors. The ground does not count.
    """
    if origins.device.type != "cpu":
        return _blocked_by_torch(scenes, origins, directions, limits)
    kernels = _compiled()
    parts = pack_parts(scenes)
    rays = [
        np.ascontiguousarray(x.detach().double().numpy()) for x in (origins, directions, limits)
    ]
    out = np.zeros(rays[2].shape, dtype=np.bool_)
    with torch_threads_kept():
        kernels.blocked_rays(parts, pack_balls(parts), np.arange(len(parts)), *rays, out)
    return torch.from_numpy(out)


def _blocked_by_torch(scenes: Scenes, origins, directions, limits) -> Tensor:
    parts, _ = raycast.flat_parts(scenes)
    step = max(1, raycast.PAIRS_AT_ONCE["cuda"] // parts.shape.numel())
    chunks = zip(*(x.split(step, 1) for x in (origins, directions, limits)), strict=True)
    return torch.cat([raycast.blocked(parts, *chunk) for chunk in chunks], 1)


def _picture(light: Tensor, scenes: Scenes) -> Tensor:
    dtype = scenes.objects.position.dtype
    return srgb_from_linear(light).clamp(0, 1).permute(0, 3, 1, 2).to(dtype).contiguous()


def _prepare(scenes: Scenes, camera: Camera, samples: int, backend: str):
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r}; choose one of {', '.join(BACKENDS)}")
    if not isinstance(samples, int) or samples < 1:
        raise ValueError(f"samples must be a whole number of at least 1, got {samples}")
    scene_of, camera = match_views(scenes, camera)
    device = scenes.objects.position.device
    if backend == "auto":
        backend = "numba" if device.type == "cpu" else "torch"
    if backend == "numba" and device.type != "cpu":
        raise ValueError("the numba backend renders on the CPU; move the scenes there first")
    return scenes, camera.to(device), scene_of, backend


def match_views(scenes: Scenes, camera: Camera) -> tuple[Int[Tensor, "views"], Camera]:
    """Which scene each view shows, and the cameras with one entry per view.

    Raises: ValueError unless the numbers agree or one of them is 1.
    """
    if len(camera.batch_shape) > 1:
        raise ValueError(f"cameras may have one batch axis, got {tuple(camera.batch_shape)}")
    if not camera.batch_shape:
        camera = camera._map(lambda x: x[None])
    count, views = len(scenes), len(camera)
    if count != views and 1 not in (count, views):
        raise ValueError(f"{count} scenes and {views} cameras: the numbers must agree, or one be 1")
    device = scenes.objects.position.device
    if views == 1 and count > 1:
        camera = camera._map(lambda x: x.expand(count, *x.shape[1:]))
        views = count
    same = torch.zeros(views, dtype=torch.long, device=device)
    return (torch.arange(views, device=device) if count == views else same), camera


def _numba_arguments(scenes: Scenes, camera: Camera, scene_of: Tensor):
    parts = pack_parts(scenes)
    worlds = pack_backdrop(scenes.backdrop)
    return parts, pack_balls(parts), worlds, pack_cameras(camera), scene_of.numpy()


def _numba_light(scenes: Scenes, camera: Camera, scene_of: Tensor, samples: int) -> Tensor:
    kernels = _compiled()
    arguments = _numba_arguments(scenes, camera, scene_of)
    image = np.zeros((len(scene_of), camera.height, camera.width, 3))
    with torch_threads_kept():
        kernels.paint(*arguments, noise_table().numpy(), image, samples)
    return torch.from_numpy(image)


def _numba_truth(scenes: Scenes, camera: Camera, scene_of: Tensor) -> dict[str, Tensor]:
    kernels = _compiled()
    arguments = _numba_arguments(scenes, camera, scene_of)
    shape = (len(scene_of), camera.height, camera.width)
    distance, depth = np.zeros(shape), np.zeros(shape)
    normal = np.zeros((shape[0], 3, *shape[1:]))
    instance, part = np.full(shape, -1), np.full(shape, -1)
    with torch_threads_kept():
        kernels.measure(*arguments, distance, depth, normal, instance, part)
    dtype = scenes.objects.position.dtype
    return {
        "depth": torch.from_numpy(depth).to(dtype),
        "distance": torch.from_numpy(distance).to(dtype),
        "normal": torch.from_numpy(normal).to(dtype),
        "instance": torch.from_numpy(instance),
        "part": torch.from_numpy(part),
    }


def _compiled():
    """The compiled renderer's module, after saying so if it has to be compiled first."""
    from course_utils.core import numba_support
    from course_utils.data.toy import raycast_numba

    numba_support.prepare(raycast_numba.paint, raycast_numba.SOURCES, "the toy world's renderer")
    return raycast_numba


def warm_up() -> None:
    """Compile the CPU renderer, or load it from numba's cache, before it is needed."""
    from course_utils.data.toy.scenes import sample_cameras, sample_scenes

    generator = torch.Generator().manual_seed(0)
    scenes = sample_scenes(1, generator=generator)
    render(scenes, sample_cameras(scenes, generator=generator, size=4), backend="numba")
