"""Pictures with one to three objects, and the exact shape of each in the frame of its box.

For lessons that detect things and predict their shapes: 2D boxes, masks, voxels and surface
points, all from the toy world. The frame of a box is told in ``vision3d.meshes.roi_align``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_utils.core.numba_support import digest_of
from course_utils.data import toy
from course_utils.data.cache import load_or_build
from course_utils.data.toy.boxes import support
from course_utils.data.toy.dataset import BLOCK, generator_version
from course_utils.vision3d.cameras import Camera, unproject
from course_utils.vision3d.meshes import roi_align
from course_utils.vision3d.meshes.targets import ShapeScenes
from course_utils.vision3d.shapes.conversions import voxel_centres

LEAST = 60  # pixels that must be seen of every object of a picture


def make_shape_scenes(
    count: int,
    *,
    size: int = 64,
    seed: int = 0,
    grid: int = 24,
    points: int = 400,
    backdrop: str = "outdoors",
    progress: Callable[[int, int], None] | None = None,
) -> ShapeScenes:
    """``count`` pictures of scenes in which every object can be seen; cached on disk.

    size: pixels. seed: picture i and its voxels depend on it and on i alone; points are drawn anew
    for each count. grid: voxels along each side. points: on each surface. progress: called with
    (scenes done, scenes in all).

    Raises: ValueError for a count below 1, a grid below 2, or an unknown backdrop.
    """
    if count < 1 or grid < 2 or points < 1:
        raise ValueError(f"need count, points >= 1 and grid >= 2: {count}, {points}, {grid}")
    settings = {"size": size, "seed": seed, "grid": grid, "points": points, "backdrop": backdrop}
    version = generator_version() + digest_of([Path(__file__), Path(roi_align.__file__)])[:8]
    key = {"name": "shape-scenes", "generator": version, "count": count, **settings}
    arrays = load_or_build(key, lambda: _build(count, settings, progress))
    loose = {k: torch.from_numpy(v) for k, v in arrays.items()}
    loose["images"] = loose["images"].float() / 255
    shape = (-1, grid, grid, grid)
    bits = np.unpackbits(arrays["occupancy"], axis=1)[:, : grid**3].reshape(shape)
    loose["occupancy"] = torch.from_numpy(bits).bool()
    for name in ("points", "normals"):
        loose[name] = loose[name].float()
    return ShapeScenes(**loose, classes=toy.KINDS)


def _build(count: int, settings: dict, progress) -> dict[str, np.ndarray]:
    """Blocks of scenes until there are enough in which nothing is almost hidden."""
    blocks, found, number = [], 0, 0
    options = {k: settings[k] for k in ("size", "seed", "backdrop")}
    while found < count:
        scenes, camera = _block(number, options)
        rendering = toy.render(scenes, camera)
        slots = torch.arange(scenes.exists.shape[1])
        seen = (rendering.instance[:, None] == slots[:, None, None]).sum((-1, -2))
        good = ((seen >= LEAST) | ~scenes.exists).all(1).nonzero()[:, 0][: count - found]
        dice = torch.Generator().manual_seed(1_000_003 * settings["seed"] + number)
        images = (rendering.image[good] * 255).round().to(torch.uint8)
        block = _shapes(scenes[good], camera[good], settings, dice)
        block |= _pictures(block, images, rendering.instance[good], camera[good])
        blocks.append(block)
        found, number = found + len(good), number + 1
        if progress is not None:
            progress(found, count)
    return {k: v.numpy() for k, v in _joined(blocks).items()}


def _block(number: int, options: dict) -> tuple[toy.Scenes, Camera]:
    """The scenes of one block: the last of as many as end with it."""
    *_, last = toy.toy_scenes((number + 1) * BLOCK, objects=(1, 3), **options)
    return last


def _pictures(block: dict, images: Tensor, instance: Tensor, camera: Camera) -> dict:
    """Pictures whose pixels name rows of objects instead of slots of scenes."""
    rows = torch.full((len(images), int(block["slot"].max()) + 2), -1)
    rows[block["picture"], block["slot"]] = torch.arange(len(block["slot"]))
    named = rows.gather(1, instance.flatten(1).clamp(min=-1) % rows.shape[1])
    named = torch.where(instance.flatten(1) < 0, -1, named).view_as(instance)
    return {
        "images": images,
        "instance": named.to(torch.int32),
        "focal": camera.focal.float(),
        "principal": camera.principal.float(),
    }


def _shapes(scenes: toy.Scenes, camera: Camera, settings: dict, dice: torch.Generator) -> dict:
    """What is kept of each object, one kind after the other: a kind has its number of parts."""
    boxes, parts = toy.full_boxes(scenes, camera), []
    for kind in range(len(toy.KINDS)):
        picture, slot = (scenes.objects.kind == kind).nonzero(as_tuple=True)
        if not len(picture):
            continue
        alone = scenes[picture]
        objects = alone.objects.map(lambda x, s=slot: x[torch.arange(len(s)), s][:, None])
        alone = toy.Scenes(objects, alone.backdrop)
        found = _shape(alone, camera[picture], boxes[picture, slot], settings, dice)
        parts.append(
            found | {"picture": picture, "slot": slot, "kind": torch.full_like(slot, kind)}
        )
    together = {k: torch.cat([part[k] for part in parts]) for k in parts[0]}
    order = (together["picture"] * 64 + together["slot"]).argsort()
    return {k: v[order] for k, v in together.items()}


def _shape(
    scenes: toy.Scenes, camera: Camera, box: Tensor, settings: dict, dice: torch.Generator
) -> dict[str, Tensor]:
    """Extent, occupancy and surface of single objects in the frames of their boxes."""
    near, far = _depth_range(scenes, camera)
    depth, side = (near + far) / 2, (box[:, 2:] - box[:, :2]).amax(1)
    unit = depth * side / camera.focal  # world units in one of the frame's
    drawn = toy.surface_points(scenes, settings["points"], generator=dice)
    points = roi_align.frame_from_world(camera, box, depth, drawn.points)
    shares = voxel_centres(settings["grid"], side=1.0).flatten(0, 2)
    uv = (box[:, None, :2] + box[:, None, 2:]) / 2 + shares[:, :2] * (box[:, 2:] - box[:, :2])[
        :, None
    ]
    inside = toy.occupancy(
        scenes, unproject(camera, uv, depth[:, None] + (far - near)[:, None] * shares[:, 2])
    )
    return {
        "box": box.float(),
        "extent": ((far - near) / unit).float(),
        "occupancy": torch.from_numpy(np.packbits(inside.numpy(), axis=1)),
        "points": points.half(),
        "normals": (drawn.normal @ camera.rotation).half(),
    }


def _depth_range(scenes: toy.Scenes, camera: Camera) -> tuple[Tensor, Tensor]:
    """Exact depths of the nearest and the farthest point of each scene, in world units."""
    parts, forward = scenes.objects.world_parts, camera.forward[:, None, None]
    middle = ((parts.centre - camera.centre[:, None, None]) * forward).sum(-1)
    near, far = middle - support(parts, -forward), middle + support(parts, forward)
    return near.amin((1, 2)), far.amax((1, 2))


def _joined(blocks: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """One set from several, whose rows are counted on."""
    pictures = objects = 0
    for block in blocks:
        block["picture"] = block["picture"] + pictures
        block["instance"] = torch.where(block["instance"] < 0, -1, block["instance"] + objects)
        pictures, objects = pictures + len(block["images"]), objects + len(block["kind"])
    names = [f.name for f in fields(ShapeScenes) if f.name != "classes"]
    return {name: torch.cat([block[name] for block in blocks]) for name in names}
