"""Two photographs of one object from two sides, and for each pixel where it went: exact matches.

The object stands still and the camera moves, so the matches of Florence et al. (2018), which they
get from a depth camera on a robot's arm and a 3D reconstruction, come here from the toy world.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
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


@dataclass(frozen=True)
class ViewPairs:
    """Pairs of pictures of one object, and the exact matches from the first to the second.

    first, second: sRGB in [0, 1]. target: for each pixel centre of the first picture, where the
    same point of the world lies in the second, (u right, v down) in pixels from the top-left
    corner. visible: it can be seen there. on_object, on_object_second: the object's pixels.
    keypoint: of both views, pixels; keypoint_visible: hidden by nothing. kind: into ``toy.KINDS``.
    """

    first: Float[Tensor, "n 3 size size"]
    second: Float[Tensor, "n 3 size size"]
    target: Float[Tensor, "n 2 size size"]
    visible: Bool[Tensor, "n size size"]
    on_object: Bool[Tensor, "n size size"]
    on_object_second: Bool[Tensor, "n size size"]
    keypoint: Float[Tensor, "n 2 keypoints 2"]
    keypoint_visible: Bool[Tensor, "n 2 keypoints"]
    kind: Int[Tensor, " n"]

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, rows: Int[Tensor, " rows"] | Bool[Tensor, " n"] | slice) -> ViewPairs:
        return ViewPairs(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def make_view_pairs(
    count: int,
    *,
    size: int = 64,
    seed: int = 0,
    turn: float = 0.7,
    backdrop: str = "pattern",
    kinds: tuple[str, ...] = toy.KINDS,
    progress: Callable[[int, int], None] | None = None,
) -> ViewPairs:
    """``count`` random objects, each seen from two sides; cached on disk.

    size: pixels. seed: pair i depends on it and on i alone. turn: the largest angle, in radians,
    by which the camera walks round the object. progress: called with (pairs done, pairs in all).

    Raises: ValueError for a count below 1, or unknown kinds or backdrops.
    """
    key = {
        "name": "view-pairs",
        "generator": generator_version() + digest_of([Path(__file__)])[:8],
        "count": count,
        "size": size,
        "seed": seed,
        "turn": turn,
        "backdrop": backdrop,
        "kinds": list(kinds),
    }

    def build() -> dict[str, np.ndarray]:
        blocks = []
        options = {"size": size, "seed": seed, "backdrop": backdrop, "kinds": kinds}
        for number, (scenes, camera) in enumerate(toy.toy_scenes(count, **options)):
            generator = torch.Generator().manual_seed(1_000_003 * seed + number)
            # All numbers of a block are drawn, so that a longer set begins like a shorter one.
            draws = torch.rand(BLOCK, 3, generator=generator, dtype=torch.float64)[: len(scenes)]
            blocks.append(_describe(scenes, camera, walked(scenes, camera, turn, draws)))
            if progress is not None:
                progress(sum(len(block["kind"]) for block in blocks), count)
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    tensors = {k: torch.from_numpy(v) for k, v in load_or_build(key, build).items()}
    for name in ("first", "second"):
        tensors[name] = tensors[name].float() / 255
    return ViewPairs(**tensors)


def walked(scenes: toy.Scenes, camera: Camera, turn: float, draws: Float[Tensor, "n 3"]) -> Camera:
    """Other cameras on the same scenes: up to ``turn`` radians further, nearly as far away.

    draws: three numbers in [0, 1] a scene, for azimuth, distance and elevation.

    Raises: ValueError if the turn is not positive.
    """
    if turn <= 0:
        raise ValueError(f"turn must be positive, got {turn}")
    middle, _ = toy.scene_ball(scenes)
    away = camera.centre - middle.to(camera.centre)
    across, along, up = draws.to(away).unbind(dim=1)
    azimuth = torch.atan2(away[:, 1], away[:, 0]) + turn * (2 * across - 1)
    distance = away.norm(dim=1) * (0.9 + 0.25 * along)
    return orbit_camera(azimuth, 0.1 + 0.5 * up, distance, middle.to(away), ANGLE, camera.height)


def _describe(scenes: toy.Scenes, camera: Camera, other: Camera) -> dict[str, np.ndarray]:
    pictures = [toy.render_image(scenes, view, samples=2) for view in (camera, other)]
    masks = [toy.render_truth(scenes, view).instance >= 0 for view in (camera, other)]
    matches = toy.correspondence(scenes, camera, scenes, other)
    points = [toy.keypoints(scenes, view) for view in (camera, other)]
    tensors = {
        "first": (pictures[0] * 255).round().to(torch.uint8),
        "second": (pictures[1] * 255).round().to(torch.uint8),
        "target": matches.target.float(),
        "visible": matches.visible,
        "on_object": masks[0],
        "on_object_second": masks[1],
        "keypoint": torch.stack([p.uv[:, 0] for p in points], dim=1).float(),
        "keypoint_visible": torch.stack([p.visible[:, 0] for p in points], dim=1),
        "kind": scenes.objects.kind[:, 0],
    }
    return {name: tensor.numpy() for name, tensor in tensors.items()}
