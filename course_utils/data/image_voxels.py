"""Pictures of objects, each with the occupancy grid of what it shows.

The frame of the grids is the object's own: its front along +x, its left along +y, up along +z,
in a cube around the object whose longest side fills ``FILLED`` of the cube. The picture is taken
from anywhere around it, so a network has to find out from where it looks; but whatever it sees,
the answer stands the same way. The cube hides the size, since a picture of one object cannot tell
it. ``frame="camera"`` turns each grid about the vertical, so that +x points to the camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.cache import load_or_build
from course_utils.data.toy.blueprints.base import Objects, turn_about
from course_utils.data.toy.blueprints.classes import KINDS
from course_utils.data.toy.boxes import object_extent, support
from course_utils.data.toy.dataset import generator_version, toy_scenes
from course_utils.data.toy.ground_truth import signed_distance
from course_utils.data.toy.primitives import EMPTY, Parts, is_inside
from course_utils.data.toy.render import render_image
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera

FRAMES = ("object", "camera")
FILLED = 0.94  # of the cube's side, by the longest side of the object
SIDE = 2.0  # of the cube, in the grids' own units
ROUNDING = 1e-3  # voxels
AT_ONCE = 2**17  # pairs of a part and a voxel, to bound the memory


@dataclass(frozen=True)
class ShapePictures:
    """images: in [0, 1]. occupancy: index i, j, k along x, y, z. label: index into ``names``."""

    images: Float[Tensor, "count channels height width"]
    occupancy: Bool[Tensor, "count r r r"]
    label: Int[Tensor, "count"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.label)

    def __getitem__(self, index) -> ShapePictures:
        """Some of them: a slice, a mask, or a tensor of indices."""
        return ShapePictures(
            self.images[index], self.occupancy[index], self.label[index], self.names
        )


def _check_frame(frame: str) -> None:
    if frame not in FRAMES:
        raise ValueError(f"unknown frame {frame!r}; choose one of {', '.join(FRAMES)}")


def cube_of(
    objects: Objects, frame: str = "object"
) -> tuple[Float[Tensor, "*objects 3"], Float[Tensor, "*objects"]]:
    """Middle of each object in its own frame, and how long a grid unit is in world units.

    In the camera's frame the cube holds the object however it is turned about the vertical.

    Raises: ValueError for an unknown frame.
    """
    _check_frame(frame)
    low, high = object_extent(objects)
    longest = (high - low).amax(-1)
    if frame == "camera":
        longest = torch.maximum(longest, (high - low)[..., :2].norm(dim=-1))
    return (low + high) / 2, longest / (SIDE * FILLED)


def object_distance(scenes: Scenes) -> Callable[[Tensor], Tensor]:
    """The signed distance to the one object of one scene in its cube, in grid units.

    Takes points (points, 3) in [-1, 1]^3 and gives a number for each, negative inside.

    Raises: ValueError unless there is one scene.
    """
    if len(scenes) != 1:
        raise ValueError(f"this is the shape of one scene's object, got {len(scenes)} scenes")
    still = _still(scenes)
    middle, unit = (x[0, 0] for x in cube_of(still.objects))

    def function(points: Tensor) -> Tensor:
        return signed_distance(still, (points * unit + middle).to(middle))[0].to(points) / unit

    return function


def toy_shapes(
    count: int,
    *,
    seed: int = 0,
    size: int = 32,
    resolution: int = 32,
    frame: str = "object",
    progress: Callable[[int, int], None] | None = None,
    **options,
) -> ShapePictures:
    """``count`` toy objects: picture, grid of ``resolution`` voxels a side, kind; kept on disk.

    size: pixels, both ways. seed: object i depends on it and on i alone. options: as for
    ``toy_scenes``, for example ``backdrop="studio"``. progress: called with (done, in all).

    Raises: ValueError for an unknown frame, more than one object, or other bad options.
    """
    _check_frame(frame)
    if "objects" in options or "clutter" in options:
        raise ValueError("these are pictures of one object each: neither objects= nor clutter=")
    settings = {"count": count, "seed": seed, "size": size, **options}
    key = {"name": "toy-shapes", "generator": generator_version(), "version": 2, **settings}
    key |= {"resolution": resolution, "frame": frame}

    def build() -> dict[str, np.ndarray]:
        blocks = []
        for scenes, camera in toy_scenes(**settings):
            blocks.append(_describe(scenes, camera, resolution, frame))
            if progress is not None:
                progress(sum(len(block["label"]) for block in blocks), count)
        return {name: np.concatenate([b[name] for b in blocks]) for name in blocks[0]}

    arrays = load_or_build(key, build)
    return ShapePictures(
        torch.from_numpy(arrays["images"]).float() / 255,
        _unpacked(arrays["occupancy"], resolution),
        torch.from_numpy(arrays["label"]),
        KINDS,
    )


def _describe(scenes: Scenes, camera: Camera, resolution: int, frame: str) -> dict:
    images = (render_image(scenes, camera) * 255).round().to(torch.uint8)
    turn = torch.zeros_like(scenes.objects.yaw[:, 0])
    if frame == "camera":
        away = camera.centre - scenes.objects.position[:, 0]
        turn = torch.atan2(away[:, 1], away[:, 0]) - scenes.objects.yaw[:, 0]
    grids = object_grids(scenes, turn, resolution, frame)
    return {
        "images": images.numpy(),
        "occupancy": np.packbits(grids.flatten(1).numpy(), axis=1),
        "label": scenes.objects.kind[:, 0].numpy(),
    }


def object_grids(
    scenes: Scenes, turn: Float[Tensor, "scenes"], resolution: int, frame: str = "object"
) -> Bool[Tensor, "scenes r r r"]:
    """The occupancy of each scene's first object in its cube, asked at the voxels' centres.

    turn: radians by which the cube's x axis is turned from the object's front towards its left.

    Raises: ValueError if the resolution is below 2, or for an unknown frame.
    """
    if resolution < 2:
        raise ValueError(f"a grid needs at least 2 voxels along each side, got {resolution}")
    parts = _in_voxels(scenes.objects[:, 0], turn, resolution, frame)
    count = parts.shape.shape[1]
    flat = parts.map(lambda x: x.flatten(0, 1))
    low, sides = _boxes(flat, resolution)
    grids = torch.zeros(len(scenes) * resolution**3, dtype=torch.bool)
    # Only the voxels in each part's own box are asked: a tenth of all pairs, or less.
    each = sides.prod(1)
    for some in _groups(each):
        part = some.repeat_interleave(each[some])
        starts = each[some].cumsum(0) - each[some]
        rank = torch.arange(len(part)) - starts.repeat_interleave(each[some])
        _, ny, nz = sides[part].unbind(1)
        place = low[part] + torch.stack([rank // (ny * nz), rank // nz % ny, rank % nz], 1)
        offset = place - flat.centre[part]
        local = (offset[:, :, None] * flat.rotation[part]).sum(1)
        inside = is_inside(flat.shape[part], flat.size[part], flat.taper[part], local)
        i, j, k = place[inside].unbind(1)
        grids[((part[inside] // count * resolution + i) * resolution + j) * resolution + k] = True
    return grids.view(len(scenes), *(resolution,) * 3)


def _in_voxels(objects: Objects, turn: Tensor, resolution: int, frame: str) -> Parts:
    """Parts in their object's cube, in voxels, so that voxel i, j, k has its centre there."""
    middle, unit = cube_of(objects, frame)
    voxel = unit * SIDE / resolution
    parts = replace(objects.parts, centre=objects.parts.centre - middle[:, None])
    parts = parts.moved(turn_about("z", -turn)[:, None], torch.zeros_like(parts.centre))
    scale = voxel[:, None, None]
    return replace(
        parts, size=parts.size / scale, centre=parts.centre / scale + (resolution - 1) / 2
    )


def _boxes(parts: Parts, resolution: int) -> tuple[Int[Tensor, "parts 3"], Int[Tensor, "parts 3"]]:
    """The lowest voxel that each part can hold, and how many along each axis; 0 if empty."""
    eye = torch.eye(3, dtype=parts.centre.dtype)
    up = torch.stack([support(parts, axis) for axis in eye], -1)
    down = torch.stack([support(parts, -axis) for axis in eye], -1)
    empty = parts.shape == EMPTY
    up[empty], down[empty] = 0, 0
    low = (parts.centre - down - ROUNDING).ceil().clamp(0, resolution).long()
    high = (parts.centre + up + ROUNDING).floor().clamp(-1, resolution - 1).long()
    sides = (high - low + 1).clamp(min=0)
    sides[empty] = 0
    return low, sides


def _groups(sizes: Int[Tensor, "parts"]) -> list[Int[Tensor, "some"]]:
    """Runs of the indices whose sizes sum to about ``AT_ONCE``."""
    group = (sizes.cumsum(0) - sizes) // AT_ONCE
    return list(
        torch.arange(len(sizes)).split(group.unique_consecutive(return_counts=True)[1].tolist())
    )


def _still(scenes: Scenes) -> Scenes:
    """The first object of each scene, at the origin with yaw 0."""
    first = scenes.objects[:, :1]
    nowhere = {"yaw": torch.zeros_like(first.yaw), "position": torch.zeros_like(first.position)}
    return Scenes(replace(first, **nowhere), scenes.backdrop)


def _unpacked(bits: np.ndarray, resolution: int) -> Bool[Tensor, "count r r r"]:
    count = resolution**3
    flat = np.unpackbits(bits, axis=1, count=count).view(np.bool_)
    return torch.from_numpy(flat).unflatten(1, (resolution,) * 3)
