"""Scenes: objects placed without touching, clutter between them, a backdrop, and a camera."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.toy.backdrops import Backdrop, make_backdrops
from course_utils.data.toy.blueprints.base import Objects
from course_utils.data.toy.blueprints.classes import CLUTTER, EMPTY_SLOT, KINDS, make_objects
from course_utils.data.toy.boxes import object_extent
from course_utils.data.toy.primitives import EMPTY
from course_utils.vision3d.cameras import Camera, orbit_camera


@dataclass(frozen=True)
class Scenes:
    """A batch of scenes: objects with axes (scenes, slots) and one backdrop each."""

    objects: Objects
    backdrop: Backdrop

    def map(self, change: Callable[[Tensor], Tensor]) -> Scenes:
        """The same scenes with ``change`` applied to every tensor."""
        return Scenes(self.objects.map(change), self.backdrop.map(change))

    def __len__(self) -> int:
        return self.objects.kind.shape[0]

    def __getitem__(self, index) -> Scenes:
        if isinstance(index, int):
            index = range(len(self))[index]
            index = slice(index, index + 1)
        return self.map(lambda x: x[index])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def to(self, *args, **kwargs) -> Scenes:
        """The same scenes on another device, or with another dtype for what is not an index."""

        def move(x: Tensor) -> Tensor:
            moved = x.to(*args, **kwargs)
            return moved if x.is_floating_point() else moved.to(x.dtype)

        return self.map(move)

    @property
    def exists(self) -> Bool[Tensor, "scenes slots"]:
        """Which slots hold an object of one of the ten kinds (not clutter, not empty)."""
        return self.objects.kind >= 0


def stack_scenes(scenes: list[Scenes]) -> Scenes:
    """One batch from several with the same number of slots.

    Raises: ValueError if there is none.
    """
    if not scenes:
        raise ValueError("stack_scenes needs at least one batch of scenes")
    columns: list[list[Tensor]] = []
    for batch in scenes:
        tensors: list[Tensor] = []
        batch.map(lambda x, to=tensors: to.append(x) or x)
        columns.append(tensors)
    joined = iter([torch.cat(c) for c in zip(*columns, strict=True)])
    return scenes[0].map(lambda _: next(joined))


def sample_scenes(
    count: int,
    *,
    generator: torch.Generator,
    backdrop: str = "outdoors",
    objects: int | tuple[int, int] = 1,
    clutter: int = 0,
    kinds: tuple[str, ...] = KINDS,
    gloss: int | float | None = None,
    dtype: torch.dtype = torch.float32,
) -> Scenes:
    """Random scenes, equally many of each kind in slot 0.

    objects: how many, or (fewest, most). clutter: small distractors around them. gloss: a
    factor for every part's clear coat (0: matt, so that colours do not depend on the view),
    or None to leave the blueprints' own. dtype: of everything that is not an index; the same
    scenes come out in each.

    Raises: ValueError for numbers that make no sense and for unknown names.
    """
    fewest, most = (objects, objects) if isinstance(objects, int) else objects
    _check(count, fewest, most, clutter, kinds, gloss)
    kind = _draw_kinds(count, fewest, most, clutter, kinds, generator)
    scale = _uniform(0.80, 1.25, (count, most + clutter), generator)
    flat = kind.flatten().clamp(min=CLUTTER)
    made = make_objects(flat, scale.flatten(), generator=generator)
    made = made.map(lambda x: x.unflatten(0, (count, most + clutter)))
    made = _remove(made, kind == EMPTY_SLOT)
    yaw = _uniform(0, 2 * math.pi, kind.shape, generator)
    made = _place(replace(made, yaw=yaw), generator)
    if gloss is not None:
        made = replace(made, parts=replace(made.parts, gloss=made.parts.gloss * gloss))
    return Scenes(made, make_backdrops(backdrop, count, generator=generator)).to(dtype)


def _uniform(low: int | float, high: int | float, shape, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator, dtype=torch.float64)


def _check(count, fewest, most, clutter, kinds, gloss) -> None:
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    if not 1 <= fewest <= most:
        raise ValueError(f"objects must be at least 1 (and fewest <= most), got {fewest}, {most}")
    if clutter < 0 or most + clutter > 32:
        raise ValueError("clutter must not be negative, nor objects and clutter more than 32")
    unknown = [k for k in kinds if k not in KINDS]
    if unknown or not kinds:
        raise ValueError(f"unknown kinds {unknown}; choose from {', '.join(KINDS)}")
    if gloss is not None and not 0 <= gloss <= 1:
        raise ValueError(f"gloss must lie between 0 and 1, got {gloss}")


def _draw_kinds(count, fewest, most, clutter, kinds, generator) -> Int[Tensor, "count slots"]:
    """Slot 0 balanced over the kinds, the others random; clutter after them."""
    choice = torch.tensor([KINDS.index(k) for k in kinds])
    first = choice[torch.arange(count) % len(choice)]
    first = first[torch.randperm(count, generator=generator)][:, None]
    rest = choice[torch.randint(len(choice), (count, most - 1), generator=generator)]
    number = torch.randint(fewest, most + 1, (count, 1), generator=generator)
    rest = torch.where(torch.arange(1, most) < number, rest, EMPTY_SLOT)
    return torch.cat([first, rest, torch.full((count, clutter), CLUTTER)], 1)


def _remove(objects: Objects, gone: Bool[Tensor, "scenes slots"]) -> Objects:
    parts = objects.parts
    parts = replace(
        parts,
        shape=torch.where(gone[..., None], EMPTY, parts.shape),
        label=torch.where(gone[..., None], -1, parts.label),
    )
    return replace(
        objects,
        kind=torch.where(gone, EMPTY_SLOT, objects.kind),
        keypoint_part=torch.where(gone[..., None], -1, objects.keypoint_part),
        parts=parts,
    )


def footprint(objects: Objects) -> Float[Tensor, "*objects"]:
    """Radius, about an object's origin, of a disc on the ground that it never leaves."""
    low, high = object_extent(objects)
    return torch.maximum(low.abs(), high.abs())[..., :2].norm(dim=-1)


def _place(objects: Objects, generator: torch.Generator, tries: int = 24) -> Objects:
    """Put the objects of each scene on the ground so that their footprints do not meet.

    One after the other, each takes the try nearest the middle that is free; should none be,
    it goes beyond all that stand already.
    """
    count, slots = objects.kind.shape
    radius = torch.where(objects.kind == EMPTY_SLOT, 0.0, footprint(objects))
    placed = torch.zeros(count, slots, 2, dtype=torch.float64)
    for slot in range(1, slots):
        angle = _uniform(0, 2 * math.pi, (count, tries), generator)
        reach = radius[:, :slot].amax(1, keepdim=True) + radius[:, slot, None]
        distance = reach * _uniform(0.85, 1.45, (count, tries), generator)
        offset = distance[..., None] * torch.stack([angle.cos(), angle.sin()], -1)
        gap = (offset[:, :, None] - placed[:, None, :slot]).norm(dim=-1)
        free = (gap > 1.04 * (radius[:, None, :slot] + radius[:, slot, None, None])).all(-1)
        best = torch.where(free, distance, torch.inf).argmin(1)
        chosen = offset[torch.arange(count), best]
        beyond = (placed[:, :slot].norm(dim=-1) + radius[:, :slot]).amax(1) + radius[:, slot] * 1.1
        away = angle[:, 0, None] + torch.tensor([0.0, -math.pi / 2]).to(angle)
        chosen = torch.where(free.any(1)[:, None], chosen, beyond[:, None] * away.cos())
        placed[:, slot] = chosen
    middle = _middle(placed, objects.kind)
    placed = placed - middle[:, None]
    height = objects.position[..., 2:]
    return replace(objects, position=torch.cat([placed, height], -1))


def _middle(placed: Float[Tensor, "scenes slots 2"], kind: Tensor) -> Float[Tensor, "scenes 2"]:
    weight = (kind >= 0).to(placed)[..., None]
    return (placed * weight).sum(1) / weight.sum(1)


def sample_cameras(
    scenes: Scenes,
    *,
    generator: torch.Generator,
    size: int | tuple[int, int] = 32,
    elevation: tuple[int | float, int | float] = (0.06, 0.55),
    zoom: int | float = 1.0,
) -> Camera:
    """One random camera per scene, looking at its objects from all around.

    size: pixels, one number or (height, width). elevation: range in radians. zoom: above 1
    comes closer. The objects (clutter aside) fill most of the image.

    Raises: ValueError if zoom is not positive.
    """
    if zoom <= 0:
        raise ValueError(f"zoom must be positive, got {zoom}")
    centre, radius = scene_ball(scenes.to("cpu", torch.float64))
    angle, count = 0.62, len(scenes)
    several = scenes.exists.sum(1).cpu() > 1  # a ball around several holds much air
    radius = torch.where(several, 0.82 * radius, radius)
    distance = radius / math.sin(angle / 2) * _uniform(0.90, 1.10, (count,), generator) / zoom
    target = centre + radius[:, None] * _uniform(-0.07, 0.07, (count, 3), generator)
    azimuth = _uniform(0, 2 * math.pi, (count,), generator)
    height = _uniform(*elevation, (count,), generator)
    camera = orbit_camera(azimuth, height, distance, target, angle, size)
    return camera.to(scenes.objects.position)


def scene_ball(scenes: Scenes) -> tuple[Float[Tensor, "scenes 3"], Float[Tensor, "scenes"]]:
    """Centre and radius of a ball around the objects of each scene, clutter left out."""
    objects = scenes.objects
    low, high = object_extent(objects)
    exists = scenes.exists
    middle = (low + high) / 2
    middle = objects.position + torch.stack(
        [
            middle[..., 0] * objects.yaw.cos() - middle[..., 1] * objects.yaw.sin(),
            middle[..., 0] * objects.yaw.sin() + middle[..., 1] * objects.yaw.cos(),
            middle[..., 2],
        ],
        -1,
    )
    half = (high - low).norm(dim=-1) / 2
    weight = exists.to(half)[..., None]
    centre = (middle * weight).sum(1) / weight.sum(1)
    reach = (middle - centre[:, None]).norm(dim=-1) + half
    return centre, torch.where(exists, reach, 0.0).amax(1)
