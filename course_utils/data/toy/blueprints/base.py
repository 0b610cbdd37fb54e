"""Drawing up many objects of one kind at once: parts, colours and keypoints.

A ``Blueprint`` stands for ``count`` objects of one kind that differ in proportions and
colours, so every number in it may be one value or ``count`` of them. Objects face +x, their
left is +y, up is +z, and they stand on z = 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.toy.primitives import EMPTY, FRUSTUM, Parts, on_surface, to_world

MAX_PARTS, MAX_KEYPOINTS = 16, 6
QUARTER = math.pi / 2

PALETTE = {  # sRGB
    "red": (0.80, 0.13, 0.12),
    "orange": (0.94, 0.47, 0.10),
    "yellow": (0.98, 0.80, 0.20),
    "green": (0.28, 0.58, 0.22),
    "turquoise": (0.16, 0.66, 0.64),
    "blue": (0.16, 0.38, 0.80),
    "purple": (0.50, 0.27, 0.68),
    "pink": (0.95, 0.55, 0.68),
    "brown": (0.47, 0.29, 0.16),
    "white": (0.94, 0.93, 0.89),
    "grey": (0.48, 0.50, 0.54),
}
COLOURS = tuple(PALETTE)
DARK, GLASS, METAL, WOOD = (0.10, 0.10, 0.12), (0.28, 0.44, 0.58), (0.62, 0.64, 0.68), "brown"
Value = int | float | Tensor


@dataclass(frozen=True)
class Objects:
    """Objects with their poses; every field starts with the same axes (*objects).

    kind: index into ``kinds.KINDS``, CLUTTER (-1) for a distractor, EMPTY_SLOT (-2) for no
    object. colour: index into ``COLOURS``. scale: already contained in the parts. yaw: radians
    from the world's x axis towards y. position: world units. parts: in the object's own frame,
    (*objects, parts). keypoint: (*objects, keypoints, 3) in the object's own frame;
    keypoint_part: the slot of the part it lies on, or -1 where there is no keypoint.
    """

    kind: Int[Tensor, "*objects"]
    colour: Int[Tensor, "*objects"]
    scale: Float[Tensor, "*objects"]
    yaw: Float[Tensor, "*objects"]
    position: Float[Tensor, "*objects 3"]
    parts: Parts
    keypoint: Float[Tensor, "*objects keypoints 3"]
    keypoint_part: Int[Tensor, "*objects keypoints"]

    def map(self, change: Callable[[Tensor], Tensor]) -> Objects:
        """The same objects with ``change`` applied to every tensor."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return Objects(
            **{k: v.map(change) if isinstance(v, Parts) else change(v) for k, v in values.items()}
        )

    def __getitem__(self, index) -> Objects:
        return self.map(lambda x: x[index])

    @property
    def world_parts(self) -> Parts:
        """The parts placed in the world by each object's yaw and position."""
        rotation = turn_about("z", self.yaw)
        return self.parts.moved(rotation[..., None, :, :], self.position[..., None, :])


def turn_about(axis: str, angle: Tensor) -> Float[Tensor, "*angles 3 3"]:
    """Rotation matrix about a coordinate axis by an angle in radians, right-handed."""
    i, j = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = torch.zeros(*angle.shape, 3, 3, dtype=angle.dtype, device=angle.device)
    k = 3 - i - j
    matrix[..., k, k] = 1
    matrix[..., i, i] = matrix[..., j, j] = angle.cos()
    matrix[..., j, i], matrix[..., i, j] = angle.sin(), -angle.sin()
    return matrix


class Blueprint:
    """Collects the parts and keypoints of ``count`` objects of one kind."""

    def __init__(self, count: int, generator: torch.Generator, colours: dict[str, int | float]):
        self.count, self.generator = count, generator
        self.parts: list[dict[str, Tensor]] = []
        self.part_names: list[str] = []
        self.keypoint_names: list[str] = []
        self._keypoints: list[tuple[int, tuple[float, float, float]]] = []
        self.colour, self.main = self.choose(colours)

    def uniform(self, low: int | float, high: int | float) -> Float[Tensor, "count"]:
        """One random number in [low, high] for each object."""
        return low + (high - low) * torch.rand(
            self.count, generator=self.generator, dtype=torch.float64
        )

    def chance(self, probability: int | float) -> Tensor:
        """True for each object with the given probability."""
        return self.uniform(0, 1) < probability

    def choose(self, colours: dict[str, int | float]) -> tuple[Tensor, Tensor]:
        """A palette colour for each object by weight, as its index and as a shade of it."""
        weights = torch.tensor(list(colours.values()), dtype=torch.float64)
        edges = (weights.cumsum(0) / weights.sum()).clamp(max=1)
        pick = torch.searchsorted(edges, self.uniform(0, 1)).clamp(max=len(colours) - 1)
        index = torch.tensor([COLOURS.index(c) for c in colours])[pick]
        return index, self.shade(torch.tensor(list(PALETTE.values()))[index])

    def shade(self, colour, spread: int | float = 0.08) -> Float[Tensor, "count 3"]:
        """The colour (a name, an RGB triple or one per object), a little brighter or darker."""
        colour = PALETTE[colour] if isinstance(colour, str) else colour
        colour = torch.as_tensor(colour, dtype=torch.float64).expand(self.count, 3)
        bright = 1 + self.uniform(-spread, spread)[:, None]
        tint = torch.stack([self.uniform(-spread, spread) / 3 for _ in range(3)], -1)
        return (colour * bright + tint).clamp(0.02, 0.98)

    def part(
        self, name, shape, centre, size, *, taper=1.0, turns=(), colour, gloss=0.0, glow=0.0,
        present=None,
    ) -> int:  # fmt: skip
        """Add a part to every object and return its slot.

        centre, size: three values each. turns: (axis, angle) pairs, applied in order.
        colour: sRGB per object, or anything ``shade`` takes. present: objects that have it.

        Raises: ValueError if a frustum's half sizes in x and y differ.
        """
        shape = self._fill(shape).long()
        if present is not None:
            shape = torch.where(present, shape, EMPTY)
        size = torch.stack([self._fill(x) for x in size], -1)
        if not isinstance(colour, Tensor):
            colour = self.shade(colour, 0.04)
        rotation = torch.eye(3, dtype=torch.float64).expand(self.count, 3, 3)
        for axis, angle in turns:
            rotation = turn_about(axis, self._fill(angle)) @ rotation
        round_ = shape == FRUSTUM
        if bool((size[round_, 0] != size[round_, 1]).any()):
            raise ValueError(f"the frustum {name!r} needs equal half sizes in x and y")
        self.parts.append(
            {
                "shape": shape,
                "centre": torch.stack([self._fill(x) for x in centre], -1),
                "rotation": rotation,
                "size": size,
                "taper": self._fill(taper),
                "colour": colour,
                "gloss": self._fill(gloss),
                "glow": self._fill(glow),
            }
        )
        self.part_names.append(name)
        return len(self.parts) - 1

    def keypoint(
        self, name: str, part: int, unit: tuple[int | float, int | float, int | float]
    ) -> None:
        """Name a point on a part's surface by its unit coordinates (see ``on_surface``)."""
        self.keypoint_names.append(name)
        self._keypoints.append((part, unit))

    def _fill(self, value: Value) -> Tensor:
        return torch.as_tensor(value, dtype=torch.float64).expand(self.count)

    def build(self, kind: int, first_label: int, scale: Tensor) -> Objects:
        """The finished objects at the origin with yaw 0, float64, all sizes times ``scale``."""
        parts, keypoint, keypoint_part = self._assemble(first_label, scale)
        full = torch.full((self.count,), kind)
        zero = torch.zeros(self.count, dtype=torch.float64)
        return Objects(
            kind=full,
            colour=self.colour,
            scale=scale,
            yaw=zero,
            position=zero[:, None].repeat(1, 3),
            parts=parts,
            keypoint=keypoint,
            keypoint_part=keypoint_part,
        )

    def _assemble(self, first_label: int, scale: Tensor) -> tuple[Parts, Tensor, Tensor]:
        columns = {k: torch.stack([p[k] for p in self.parts], 1) for k in self.parts[0]}
        unique = list(dict.fromkeys(self.part_names))
        label = torch.tensor([first_label + unique.index(n) for n in self.part_names])
        columns["label"] = torch.where(columns["shape"] == EMPTY, -1, label)
        columns["size"] = columns["size"] * scale[:, None, None]
        columns["centre"] = columns["centre"] * scale[:, None, None]
        parts = Parts(**columns)
        slots = torch.tensor([p for p, _ in self._keypoints], dtype=torch.long)
        unit = torch.tensor([u for _, u in self._keypoints], dtype=torch.float64)
        on = parts[:, slots]
        local = on_surface(on.shape, on.size, on.taper, unit.expand(self.count, -1, 3))
        slots = slots.expand(self.count, -1)
        parts = parts.map(lambda x: _pad(x, MAX_PARTS, EMPTY if x.dtype == torch.long else 0))
        eye = torch.eye(3, dtype=torch.float64)
        parts.rotation[parts.shape == EMPTY] = eye
        parts.size[parts.shape == EMPTY] = 1.0
        keypoint = _pad(to_world(on, local), MAX_KEYPOINTS, 0)
        return parts, keypoint, _pad(slots, MAX_KEYPOINTS, -1)


def _pad(x: Tensor, length: int, value: int) -> Tensor:
    if x.shape[1] > length:
        raise ValueError(f"{x.shape[1]} parts or keypoints, but only {length} slots")
    filler = x.new_full((x.shape[0], length - x.shape[1], *x.shape[2:]), value)
    return torch.cat([x, filler], 1)
