"""Short films: objects that drive, fly and turn, before a camera that may move too."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.cache import load_or_build
from course_utils.data.toy.dataset import BLOCK, _mixed_seed, generator_version
from course_utils.data.toy.ground_truth import keypoints
from course_utils.data.toy.motion import correspondence
from course_utils.data.toy.render import render
from course_utils.data.toy.scenes import Scenes, footprint, sample_scenes, scene_ball
from course_utils.vision3d.cameras import Camera, orbit_camera

CLIPS_AT_ONCE = 25


@dataclass(frozen=True)
class ClipScenes:
    """The scenes and cameras of ``count`` clips, frame after frame, clip after clip."""

    scenes: Scenes
    camera: Camera
    frames: int

    def __len__(self) -> int:
        return len(self.scenes) // self.frames

    def at(self, frame: int) -> tuple[Scenes, Camera]:
        """Scenes and cameras of all clips at one moment."""
        here = slice(range(self.frames)[frame], None, self.frames)
        return self.scenes[here], self.camera[here]


@dataclass(frozen=True)
class Clips:
    """Films with their ground truth.

    images: sRGB in [0, 1]. instance: slot of each pixel's object or -1. flow, visible: from
    each frame to the next, see ``Correspondence``. keypoint: (u, v) in pixels of slot 0's
    keypoints, keypoint_visible: where they can be seen. label: kind of the object in slot 0.
    """

    images: Float[Tensor, "clips frames 3 height width"]
    instance: Int[Tensor, "clips frames height width"]
    flow: Float[Tensor, "clips steps 2 height width"]
    visible: Bool[Tensor, "clips steps height width"]
    keypoint: Float[Tensor, "clips frames keypoints 2"]
    keypoint_visible: Bool[Tensor, "clips frames keypoints"]
    label: Int[Tensor, "clips"]

    def __len__(self) -> int:
        return len(self.label)


def sample_clips(
    count: int,
    frames: int = 8,
    *,
    generator: torch.Generator,
    size: int | tuple[int, int] = 32,
    speed: int | float = 1.0,
    camera_speed: int | float = 1.0,
    **options,
) -> ClipScenes:
    """Random clips: every object drives forward and turns, the camera orbits.

    speed, camera_speed: 0 keeps objects or camera still, 1 is lively. Objects never meet.
    options: as for ``sample_scenes``; two objects unless told otherwise.

    Raises: ValueError if there is no frame, or a speed is negative, or for bad options.
    """
    if frames < 1 or speed < 0 or camera_speed < 0:
        raise ValueError("a clip needs at least one frame and speeds of at least 0")
    scenes = sample_scenes(count, generator=generator, **({"objects": 2} | options))
    time = torch.linspace(-1, 1, frames, dtype=torch.float64) if frames > 1 else torch.zeros(1)
    time = time.to(scenes.objects.yaw)
    camera = _moving_camera(scenes, time, camera_speed, size, generator)
    return ClipScenes(_moving_objects(scenes, time, speed, generator), camera, frames)


def _uniform(
    like: Tensor, low: int | float, high: int | float, generator: torch.Generator
) -> Tensor:
    noise = torch.rand(like.shape, generator=generator, dtype=torch.float64)
    return (low + (high - low) * noise).to(like)


def _moving_objects(scenes: Scenes, time: Tensor, speed: int | float, generator) -> Scenes:
    """Straight along each object's front, at most half the gap to its nearest neighbour."""
    objects = scenes.objects
    yaw = objects.yaw
    reach = torch.minimum(0.45 * _gaps(scenes), torch.full_like(yaw, 0.45))
    reach = speed * reach.clamp(min=0) * _uniform(yaw, 0.5, 1.0, generator)
    spin = speed * _uniform(yaw, -0.6, 0.6, generator)
    moving = (objects.kind >= 0).to(yaw)
    step = moving * reach
    heading = torch.stack([yaw.cos(), yaw.sin(), torch.zeros_like(yaw)], -1)
    position = (
        objects.position[:, None] + time[:, None, None] * (step[..., None] * heading)[:, None]
    )
    turned = yaw[:, None] + time[:, None] * (moving * spin)[:, None]
    repeated = scenes.map(lambda x: x.repeat_interleave(len(time), 0))
    moved = replace(repeated.objects, position=position.flatten(0, 1), yaw=turned.flatten(0, 1))
    return replace(repeated, objects=moved)


def _gaps(scenes: Scenes) -> Float[Tensor, "scenes slots"]:
    """Free room on the ground between each object and its nearest neighbour."""
    objects = scenes.objects
    place, radius = objects.position[..., :2], footprint(objects)
    gap = (place[:, :, None] - place[:, None]).norm(dim=-1) - radius[:, :, None] - radius[:, None]
    empty = objects.kind == -2
    same = torch.eye(gap.shape[1], dtype=torch.bool, device=gap.device)
    gap = torch.where(same | empty[:, None] | empty[:, :, None], torch.inf, gap)
    return gap.amin(-1)


def _moving_camera(scenes: Scenes, time: Tensor, speed: int | float, size, generator) -> Camera:
    centre, radius = scene_ball(scenes)
    angle = 0.62
    distance = (0.82 * radius + 0.25) / math.sin(angle / 2) * _uniform(radius, 0.9, 1.05, generator)
    azimuth = _uniform(radius, 0, 2 * math.pi, generator)
    turn = speed * _uniform(radius, -0.35, 0.35, generator)
    height = _uniform(radius, 0.18, 0.50, generator)
    rise = speed * _uniform(radius, -0.08, 0.08, generator)
    return orbit_camera(
        (azimuth[:, None] + turn[:, None] * time).flatten(),
        (height[:, None] + rise[:, None] * time).flatten(),
        distance.repeat_interleave(len(time)),
        centre.repeat_interleave(len(time), 0),
        angle,
        size,
    )


def render_clips(clips: ClipScenes, *, samples: int = 2) -> Clips:
    """All frames of clips, with masks, keypoints and the flow from each frame to the next."""
    rendering = render(clips.scenes, clips.camera, samples=samples)
    points = keypoints(clips.scenes, clips.camera)
    flow = [correspondence(*clips.at(t), *clips.at(t + 1)) for t in range(clips.frames - 1)]
    height, width = rendering.image.shape[-2:]
    none = rendering.image.new_zeros(len(clips), 0, 2, height, width)

    def split(x: Tensor) -> Tensor:
        return x.unflatten(0, (len(clips), clips.frames))

    return Clips(
        images=split(rendering.image),
        instance=split(rendering.instance),
        flow=torch.stack([f.flow for f in flow], 1) if flow else none,
        visible=torch.stack([f.visible for f in flow], 1) if flow else none[:, :, 0].bool(),
        keypoint=split(points.uv[:, 0]),
        keypoint_visible=split(points.visible[:, 0]),
        label=clips.at(0)[0].objects.kind[:, 0],
    )


def make_clips(
    count: int = 200, frames: int = 8, *, size: int | tuple[int, int] = 64, seed: int = 0,
    samples: int = 2, **options,
) -> Clips:  # fmt: skip
    """``count`` random clips with their ground truth, cached on disk.

    size: pixels. seed: clip i depends on it and on i alone. options: as for ``sample_clips``.

    Raises: ValueError for bad options.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    size = (size, size) if isinstance(size, int) else tuple(size)
    key = {"name": "toy-clips", "generator": generator_version(), "count": count, "size": size,
           "frames": frames, "seed": seed, "samples": samples, **options}  # fmt: skip

    def build() -> dict[str, np.ndarray]:
        blocks = []
        for first in range(0, count, CLIPS_AT_ONCE):
            stream = torch.Generator().manual_seed(_mixed_seed(seed, BLOCK + first))
            clips = sample_clips(CLIPS_AT_ONCE, frames, generator=stream, size=size, **options)
            keep = min(CLIPS_AT_ONCE, count - first)
            blocks.append(_stored(render_clips(_first(clips, keep), samples=samples)))
        return {k: np.concatenate([b[k] for b in blocks]) for k in blocks[0]}

    tensors = {k: torch.from_numpy(v) for k, v in load_or_build(key, build).items()}
    tensors["images"] = tensors["images"].float() / 255
    tensors["instance"] = tensors["instance"].long()
    return Clips(**tensors)


def _first(clips: ClipScenes, count: int) -> ClipScenes:
    here = slice(0, count * clips.frames)
    return ClipScenes(clips.scenes[here], clips.camera[here], clips.frames)


def _stored(clips: Clips) -> dict[str, np.ndarray]:
    tensors = vars(clips) | {
        "images": (clips.images * 255).round().to(torch.uint8),
        "instance": clips.instance.to(torch.int8),
    }
    return {k: v.numpy() for k, v in tensors.items()}
