"""Triangle meshes of toy objects: one closed, convex mesh for each part.

The mesh of an object is the union of its parts' meshes. They overlap where parts do, so a
point is inside the object if it is inside any part. Triangles run anticlockwise seen from
outside; all vertices lie exactly on the part's surface.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.data.toy.primitives import ELLIPSOID, EMPTY, PRISM, Parts, on_surface, to_world
from course_utils.data.toy.scenes import Scenes


@dataclass(frozen=True)
class Mesh:
    """Vertices in world units, faces as vertex indices, and where each face comes from.

    part: index into ``PART_NAMES``. instance: slot of the object. solid: number of the closed
    surface that the face belongs to. colour: sRGB of each face.
    """

    vertices: Float[Tensor, "vertices 3"]
    faces: Int[Tensor, "faces 3"]
    part: Int[Tensor, "faces"]
    instance: Int[Tensor, "faces"]
    solid: Int[Tensor, "faces"]
    colour: Float[Tensor, "faces 3"]


def mesh_of(scenes: Scenes, resolution: int = 32) -> Mesh:
    """The mesh of all objects in one scene.

    resolution: corners of a circle. Use ``scenes[i]`` for one scene of a batch.

    Raises: ValueError unless there is exactly one scene and at least 3 corners.
    """
    if len(scenes) != 1:
        raise ValueError(f"mesh_of takes one scene, got {len(scenes)}; index the batch first")
    if resolution < 3:
        raise ValueError(f"a circle needs at least 3 corners, got {resolution}")
    parts = scenes.objects.world_parts[0]
    columns: list[tuple[Tensor, ...]] = []
    start = 0
    for solid, (slot, k) in enumerate((parts.shape != EMPTY).nonzero().tolist()):
        part = parts[slot, k]
        vertices, faces = part_mesh(part, resolution)
        ones = torch.ones(len(faces), dtype=torch.long, device=faces.device)
        colour = part.colour.expand(len(faces), 3)
        columns.append(
            (vertices, faces + start, ones * part.label, ones * slot, ones * solid, colour)
        )
        start += len(vertices)
    return Mesh(*(torch.cat(c) for c in zip(*columns, strict=True)))


def part_mesh(part: Parts, resolution: int = 32) -> tuple[Tensor, Tensor]:
    """Vertices (v, 3) in the frame the part is placed in, and faces (f, 3), of one part."""
    if int(part.shape) == ELLIPSOID:
        unit, faces = _globe(resolution)
    elif int(part.shape) == PRISM:
        unit, faces = _cube()
    else:
        unit, faces = _drum(resolution)
    unit = unit.to(part.size)
    on = part.map(lambda x: x.expand(len(unit), *x.shape))
    return to_world(on, on_surface(on.shape, on.size, on.taper, unit)), faces.to(unit.device)


@cache
def _cube() -> tuple[Tensor, Tensor]:
    unit = torch.tensor([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    return unit.double(), torch.tensor([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


def _circle(resolution: int) -> Float[Tensor, "corners 2"]:
    angle = 2 * math.pi * torch.arange(resolution, dtype=torch.float64) / resolution
    return torch.stack([angle.cos(), angle.sin()], -1)


@cache
def _drum(resolution: int) -> tuple[Tensor, Tensor]:
    """Bottom ring, top ring, bottom middle, top middle."""
    ring, one = _circle(resolution), torch.ones(resolution, 1, dtype=torch.float64)
    middle = torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    unit = torch.cat([torch.cat([ring, -one], 1), torch.cat([ring, one], 1), middle])
    n, faces = resolution, []
    for i in range(n):
        j = (i + 1) % n
        faces += [(i, j, n + j), (i, n + j, n + i), (2 * n, j, i), (2 * n + 1, n + i, n + j)]
    return unit, torch.tensor(faces)


@cache
def _globe(resolution: int) -> tuple[Tensor, Tensor]:
    """Rings of latitude between two poles."""
    rows = max(2, resolution // 2) - 1
    ring, pole = _circle(resolution), torch.tensor([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    rings = []
    for row in range(rows):
        latitude = math.pi * ((row + 1) / (rows + 1) - 0.5)
        height = torch.full((resolution, 1), math.sin(latitude), dtype=torch.float64)
        rings.append(torch.cat([ring * math.cos(latitude), height], 1))
    unit = torch.cat([*rings, pole.double()])
    n, south, north, faces = resolution, rows * resolution, rows * resolution + 1, []
    for i in range(n):
        j = (i + 1) % n
        faces += [(south, j, i), (north, (rows - 1) * n + i, (rows - 1) * n + j)]
        for row in range(rows - 1):
            a, b = row * n, (row + 1) * n
            faces += [(a + i, a + j, b + j), (a + i, b + j, b + i)]
    return unit, torch.tensor(faces)
