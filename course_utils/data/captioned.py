"""Pictures of the toy world with a sentence about each, for learning from pairs of both.

One object stands left, in the middle or right, at its own size; two are seen whole, and the
sentence says how they stand. Unlike in ``toy.make_images`` the camera keeps its distance from a
single object and may look past it, so that size and place can be seen and not only read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.core.numba_support import digest_of
from course_utils.data import toy
from course_utils.data.cache import load_or_build
from course_utils.data.toy.dataset import BLOCK, generator_version
from course_utils.vision3d.cameras import Camera, orbit_camera

ANGLE = 0.62  # field of view in radians
DISTANCE = 2.9  # world units from a single object, so that a large aeroplane still fits
ASIDE = 0.5  # how far from the middle a single object may stand, in halves of the picture


@dataclass(frozen=True)
class CaptionedPictures:
    """Pictures, a sentence about each, and what it says as numbers.

    images: sRGB in [0, 1]. kind, colour: indices into ``toy.KINDS`` and ``toy.COLOURS`` of the
    two slots; kind is ``toy.EMPTY_SLOT`` in the second where there is one object only.
    """

    images: Float[Tensor, "count 3 size size"]
    captions: tuple[str, ...]
    kind: Int[Tensor, "count 2"]
    colour: Int[Tensor, "count 2"]

    def __len__(self) -> int:
        return len(self.captions)

    def __getitem__(self, rows: Int[Tensor, " rows"] | Bool[Tensor, " count"]) -> CaptionedPictures:
        chosen = torch.arange(len(self))[rows]
        captions = tuple(self.captions[i] for i in chosen.tolist())
        return CaptionedPictures(
            self.images[chosen], captions, self.kind[chosen], self.colour[chosen]
        )

    @property
    def alone(self) -> Bool[Tensor, " count"]:
        """Where the picture shows one object only."""
        return self.kind[:, 1] < 0


def make_captioned(
    count: int,
    *,
    size: int = 32,
    seed: int = 0,
    backdrop: str = "outdoors",
    progress: Callable[[int, int], None] | None = None,
) -> CaptionedPictures:
    """``count`` random pictures, half of one object and half of two, with captions; cached on disk.

    size: pixels. seed: picture i depends on it and on i alone. progress: called with
    (pictures done, pictures in all).

    Raises: ValueError for a count below 1 or an unknown backdrop.
    """
    key = {
        "name": "captioned",
        "generator": generator_version() + digest_of([Path(__file__)])[:8],
        "count": count,
        "size": size,
        "seed": seed,
        "backdrop": backdrop,
    }

    def build() -> dict[str, np.ndarray]:
        blocks = []
        options = {"size": size, "seed": seed, "backdrop": backdrop, "objects": (1, 2)}
        for number, (scenes, camera) in enumerate(toy.toy_scenes(count, **options)):
            generator = torch.Generator().manual_seed(1_000_003 * seed + number)
            # All numbers of a block are drawn, so that a longer set begins like a shorter one.
            draws = torch.rand(BLOCK, generator=generator, dtype=torch.float64)[: len(scenes)]
            blocks.append(_describe(scenes, _step_aside(scenes, camera, draws)))
            if progress is not None:
                progress(sum(len(block["kind"]) for block in blocks), count)
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    arrays = load_or_build(key, build)
    return CaptionedPictures(
        torch.from_numpy(arrays["images"]).float() / 255,
        tuple(arrays["captions"].tolist()),
        torch.from_numpy(arrays["kind"]),
        torch.from_numpy(arrays["colour"]),
    )


def _describe(scenes: toy.Scenes, camera: Camera) -> dict[str, np.ndarray]:
    pictures = toy.render_image(scenes, camera, samples=2)
    return {
        "images": (pictures * 255).round().to(torch.uint8).numpy(),
        "captions": np.array(toy.captions(scenes, camera)),
        "kind": scenes.objects.kind[:, :2].numpy(),
        "colour": scenes.objects.colour[:, :2].numpy(),
    }


def _step_aside(scenes: toy.Scenes, camera: Camera, draws: Float[Tensor, " n"]) -> Camera:
    """The same cameras, but for single objects at one distance and aimed beside them."""
    backward = -camera.rotation[:, :, 2]  # from the scene to the camera
    azimuth = torch.atan2(backward[:, 1], backward[:, 0])
    elevation = torch.asin(backward[:, 2].clamp(-1, 1))
    step = ASIDE * (2 * draws.to(azimuth) - 1) * DISTANCE * math.tan(ANGLE / 2)
    middle, _ = toy.scene_ball(scenes)
    right = torch.stack([-azimuth.sin(), azimuth.cos(), torch.zeros_like(azimuth)], 1)
    target = middle + step[:, None] * right
    moved = orbit_camera(azimuth, elevation, DISTANCE, target, ANGLE, camera.height)
    alone = scenes.exists.sum(1) == 1
    names = ("focal", "rotation", "centre", "principal")
    mixed = {}
    for name in names:
        theirs, ours = getattr(moved, name), getattr(camera, name)
        chosen = alone.view(-1, *[1] * (ours.ndim - 1))
        mixed[name] = torch.where(chosen, theirs.to(ours), ours)
    return replace(camera, **mixed)
