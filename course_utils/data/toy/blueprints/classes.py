"""The ten kinds of object, their parts and keypoints by name, and how to draw some of each."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.toy.blueprints.base import COLOURS, PALETTE, Blueprint, Objects
from course_utils.data.toy.blueprints.living import LIVING
from course_utils.data.toy.blueprints.things import THINGS
from course_utils.data.toy.blueprints.vehicles import VEHICLES
from course_utils.data.toy.primitives import ELLIPSOID, FRUSTUM, PRISM

BLUEPRINTS = {**THINGS, **LIVING, **VEHICLES}
KINDS = (
    "house", "tree", "car", "mushroom", "chair", "snowman", "duck", "aeroplane", "lamp", "boat",
)  # fmt: skip
CLUTTER, EMPTY_SLOT = -1, -2


def _clutter(count: int, generator: torch.Generator) -> Blueprint:
    """Small balls, boxes and cones of any colour that belong to no kind."""
    b = Blueprint(count, generator, dict.fromkeys(PALETTE, 1.0))
    shape = torch.randint(0, 3, (count,), generator=generator)
    r = b.uniform(0.08, 0.17)
    tall = r * b.uniform(0.6, 1.4)
    taper = torch.where(b.chance(0.5), 1.0, 0.1)
    b.part(
        "clutter", shape, (0, 0, tall), (r, r, tall), taper=taper, colour=b.main,
        gloss=b.uniform(0, 0.6),
    )  # fmt: skip
    b.keypoint("top", 0, (0, 0, 1))
    return b


def _names() -> tuple[tuple[str, ...], dict[str, int], dict[str, tuple[str, ...]]]:
    """Part names as kind/part, each kind's first label, and each kind's keypoint names."""
    parts, first, keypoints = [], {}, {}
    for kind in KINDS:
        b = BLUEPRINTS[kind](1, torch.Generator())
        first[kind] = len(parts)
        parts += [f"{kind}/{name}" for name in dict.fromkeys(b.part_names)]
        keypoints[kind] = tuple(b.keypoint_names)
    first["clutter"] = len(parts)
    return (*parts, "clutter/clutter"), first, keypoints


PART_NAMES, _FIRST_LABEL, KEYPOINT_NAMES = _names()


def make_objects(
    kind: Int[Tensor, "count"], scale: Float[Tensor, "count"], *, generator: torch.Generator
) -> Objects:
    """One object of each given kind, at the origin with yaw 0.

    kind: indices into KINDS, or CLUTTER. scale: (count), a factor on every length. Objects
    of the same kind are drawn together, so the cost per object is small.

    Raises: ValueError if a kind is unknown.
    """
    if kind.ndim != 1 or bool(((kind < CLUTTER) | (kind >= len(KINDS))).any()):
        raise ValueError(f"kinds must be a list of indices from {CLUTTER} to {len(KINDS) - 1}")
    groups, where = [], []
    for k in range(CLUTTER, len(KINDS)):
        slots = (kind == k).nonzero()[:, 0]
        if not len(slots):
            continue
        name = "clutter" if k == CLUTTER else KINDS[k]
        blueprint = _clutter if k == CLUTTER else BLUEPRINTS[name]
        b = blueprint(len(slots), generator)
        groups.append(b.build(k, _FIRST_LABEL[name], scale[slots].double()))
        where.append(slots)
    back = torch.cat(where).argsort()
    return _concatenate(groups)[back]


def _concatenate(groups: list[Objects]) -> Objects:
    flat = [[] for _ in groups]
    for group, tensors in zip(groups, flat, strict=True):
        group.map(lambda x, to=tensors: to.append(x) or x)
    columns = iter([torch.cat(c) for c in zip(*flat, strict=True)])
    return groups[0].map(lambda _: next(columns))


__all__ = [
    "CLUTTER", "COLOURS", "ELLIPSOID", "EMPTY_SLOT", "FRUSTUM", "KEYPOINT_NAMES", "KINDS",
    "PART_NAMES", "PRISM", "make_objects",
]  # fmt: skip
