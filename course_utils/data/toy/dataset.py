"""Image sets of the toy world, with every attribute of what they show, kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.core.numba_support import digest_of
from course_utils.data.cache import load_or_build
from course_utils.data.toy.blueprints.classes import KINDS
from course_utils.data.toy.render import render, render_image
from course_utils.data.toy.scenes import Scenes, sample_cameras, sample_scenes, stack_scenes
from course_utils.vision3d import cameras
from course_utils.vision3d.cameras import Camera

BLOCK = 250  # scenes drawn from one random stream, so that a longer set begins like a shorter


@dataclass(frozen=True)
class ToyImages:
    """Pictures and what is true of the object in slot 0 of each.

    images: sRGB in [0, 1]. label: index into ``KINDS``. colour: index into ``COLOURS``. yaw:
    radians, in the world. view: the camera's azimuth as seen by the object, in radians in
    (-pi, pi]: 0 shows its front, pi / 2 its left side. position: world units. scale: factor
    on its size. count: objects in the scene. instance: slot of each pixel's object or -1, if
    asked for, else None.
    """

    images: Float[Tensor, "count 3 height width"]
    label: Int[Tensor, "count"]
    colour: Int[Tensor, "count"]
    yaw: Float[Tensor, "count"]
    view: Float[Tensor, "count"]
    position: Float[Tensor, "count 3"]
    scale: Float[Tensor, "count"]
    count: Int[Tensor, "count"]
    instance: Int[Tensor, "count height width"] | None = None

    classes = KINDS

    def __len__(self) -> int:
        return len(self.label)


def toy_scenes(
    count: int,
    *,
    size: int | tuple[int, int] = 32,
    seed: int = 0,
    zoom: int | float = 1.0,
    **options,
) -> Iterator[tuple[Scenes, Camera]]:
    """The scenes and cameras behind ``make_images``, in blocks, the same for the same seed.

    Scene i does not depend on ``count``. options: as for ``sample_scenes``.

    Raises: ValueError if count is not positive, or for bad options.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    for first in range(0, count, BLOCK):
        generator = torch.Generator().manual_seed(_mixed_seed(seed, first // BLOCK))
        scenes = sample_scenes(BLOCK, generator=generator, **options)
        camera = sample_cameras(scenes, generator=generator, size=size, zoom=zoom)
        here = slice(0, min(BLOCK, count - first))
        yield scenes[here], camera[here]


def _mixed_seed(seed: int, block: int) -> int:
    digest = hashlib.sha256(f"{seed}/{block}".encode()).digest()
    return int.from_bytes(digest[:7], "big")


def all_toy_scenes(count: int, **options) -> tuple[Scenes, Camera]:
    """The blocks of ``toy_scenes`` as one batch."""
    blocks = list(toy_scenes(count, **options))
    scenes = stack_scenes([s for s, _ in blocks])
    names = ("focal", "rotation", "centre", "principal")
    together = {k: torch.cat([getattr(camera, k) for _, camera in blocks]) for k in names}
    return scenes, replace(blocks[0][1], **together)


def make_images(
    count: int = 10_000,
    *,
    size: int | tuple[int, int] = 32,
    seed: int = 0,
    samples: int = 2,
    masks: bool = False,
    progress: Callable[[int, int], None] | None = None,
    **options,
) -> ToyImages:
    """``count`` random pictures with their labels and attributes, cached on disk.

    size: pixels, one number or (height, width). seed: picture i depends on it and on i alone.
    samples: rays per pixel side. masks: also keep which object each pixel shows. progress:
    called with (pictures done, pictures in all). options: backdrop, objects, clutter, kinds,
    gloss as for ``sample_scenes``, and zoom.

    Raises: ValueError for bad options.
    """
    height, width = (size, size) if isinstance(size, int) else size
    key = {
        "name": "toy-images",
        "generator": generator_version(),
        "count": count,
        "size": [height, width],
        "seed": seed,
        "samples": samples,
        "masks": masks,
        **options,
    }

    def build() -> dict[str, np.ndarray]:
        size_and_seed = {"size": (height, width), "seed": seed}
        blocks = []
        for scenes, camera in toy_scenes(count, **size_and_seed, **options):
            blocks.append(_describe(scenes, camera, samples, masks))
            if progress is not None:
                progress(sum(len(b["label"]) for b in blocks), count)
        return {k: np.concatenate([b[k] for b in blocks]) for k in blocks[0]}

    arrays = load_or_build(key, build)
    tensors = {k: torch.from_numpy(v) for k, v in arrays.items()}
    tensors["images"] = tensors["images"].float() / 255
    if masks:
        tensors["instance"] = tensors["instance"].long()
    return ToyImages(**tensors)


def _describe(scenes: Scenes, camera: Camera, samples: int, masks: bool) -> dict[str, np.ndarray]:
    first = scenes.objects[:, 0]
    away = camera.centre - first.position
    view = torch.atan2(away[:, 1], away[:, 0]) - first.yaw
    tensors = {
        "label": first.kind,
        "colour": first.colour,
        "yaw": first.yaw,
        "view": torch.atan2(view.sin(), view.cos()),
        "position": first.position,
        "scale": first.scale,
        "count": scenes.exists.sum(1),
    }
    if masks:
        rendering = render(scenes, camera, samples=samples)
        image, tensors["instance"] = rendering.image, rendering.instance.to(torch.int8)
    else:
        image = render_image(scenes, camera, samples=samples)
    tensors["images"] = (image * 255).round().to(torch.uint8)
    return {k: v.numpy() for k, v in tensors.items()}


@cache
def generator_version() -> str:
    """A digest of the sources that decide what a picture looks like.

    It is part of every cache key, so a change to the toy world never meets old pictures.
    """
    camera = Path(cameras.__file__)
    return digest_of([camera, *Path(__file__).parent.rglob("*.py")])[:12]
