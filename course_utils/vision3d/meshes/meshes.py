"""Triangle meshes from voxels: cubify, and what a mesh owes to be called closed (the lecture).

Each filled voxel becomes a cube; faces between two filled voxels are left out, and corners that
cubes have in common are one vertex (Gkioxari et al. 2019, "Mesh R-CNN", section 3.2, algorithm 1).
Several meshes are kept *packed*: all vertices in one list, all faces in another. Faces run
anticlockwise seen from outside, as in ``shapes``; grids are indexed along x, y, z.

What cubify promises: each edge has exactly two faces, which walk it in opposite directions, unless
two filled voxels touch along that edge alone. There four faces meet, and the mesh, though it still
encloses the voxels, is no surface any more. ``mend_diagonals`` fills such places up beforehand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.vision3d.shapes.conversions import Faces, MeshArrays, Vertices

Grids = Bool[Tensor, "meshes nx ny nz"]

# For each direction out of a voxel: the corners of its face there, anticlockwise from outside.
SIDES = {
    (0, 1): ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)),
    (0, -1): ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0)),
    (1, 1): ((0, 1, 0), (0, 1, 1), (1, 1, 1), (1, 1, 0)),
    (1, -1): ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)),
    (2, 1): ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
    (2, -1): ((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 0, 0)),
}


@dataclass(frozen=True)
class Meshes:
    """Several triangle meshes, packed one after the other.

    vertices: of all meshes. faces: indices into ``vertices``. vertex_counts, face_counts: how
    many of each belong to each mesh; a mesh may be empty.

    Raises: ValueError if the counts do not add up.
    """

    vertices: Float[Tensor, "vertices 3"]
    faces: Int[Tensor, "faces 3"]
    vertex_counts: Int[Tensor, "meshes"]
    face_counts: Int[Tensor, "meshes"]

    def __post_init__(self):
        found = int(self.vertex_counts.sum()), int(self.face_counts.sum())
        if found != (len(self.vertices), len(self.faces)):
            given = len(self.vertices), len(self.faces)
            raise ValueError(f"{given} vertices and faces, but the counts add up to {found}")

    def __len__(self) -> int:
        return len(self.vertex_counts)

    def __getitem__(self, index: int) -> MeshArrays:
        """The vertices and faces of one mesh, its own vertices counted from 0."""
        index = range(len(self))[index]
        vertex, face = (int(c[:index].sum()) for c in (self.vertex_counts, self.face_counts))
        vertices = self.vertices[vertex : vertex + int(self.vertex_counts[index])]
        return vertices, self.faces[face : face + int(self.face_counts[index])] - vertex

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    @property
    def owner(self) -> Int[Tensor, "vertices"]:
        """Which mesh each vertex belongs to."""
        rows = torch.arange(len(self), device=self.vertices.device)
        return rows.repeat_interleave(self.vertex_counts)

    def moved(self, vertices: Float[Tensor, "vertices 3"]) -> Meshes:
        """The same faces on other vertices."""
        return replace(self, vertices=vertices)

    def detach(self) -> Meshes:
        """The same meshes, cut off from how they were computed."""
        return self.moved(self.vertices.detach())


def pack_meshes(meshes: list[tuple[Float[Tensor, "_ 3"], Int[Tensor, "_ 3"]]]) -> Meshes:
    """One ``Meshes`` from pairs of vertices and faces.

    Raises: ValueError if there is none.
    """
    if not meshes:
        raise ValueError("there are no meshes to pack")
    counts = torch.tensor([[len(v), len(f)] for v, f in meshes], device=meshes[0][1].device)
    starts = counts[:, 0].cumsum(0) - counts[:, 0]
    faces = torch.cat([f + start for (_, f), start in zip(meshes, starts, strict=True)])
    return Meshes(torch.cat([v for v, _ in meshes]), faces, counts[:, 0], counts[:, 1])


def cubify(occupancy: Grids, side: int | float = 2.0) -> Meshes:
    """The surface of the filled voxels of each grid, two triangles for each open voxel face.

    The grid spans [-side / 2, side / 2] along each axis. An empty grid gives an empty mesh.

    Raises: ValueError if the grids are not (meshes, nx, ny, nz), or the side is not positive.
    """
    if occupancy.ndim != 4 or side <= 0:
        raise ValueError(f"need (meshes, nx, ny, nz) and a side > 0, got {tuple(occupancy.shape)}")
    meshes, corners = _open_faces(occupancy)
    size = torch.tensor(occupancy.shape[1:], device=occupancy.device)
    lattice = size + 1
    strides = torch.stack([lattice[1] * lattice[2], lattice[2], torch.ones_like(size[0])])
    key = meshes[:, None] * lattice.prod() + (corners * strides).sum(-1)
    used, quads = key.unique(return_inverse=True)  # sorted: so by mesh, then along x, y, z
    place = used[:, None] // strides % lattice
    vertices = (side * (place - size / 2) / size).to(torch.get_default_dtype())
    faces = quads[:, [[0, 1, 2], [0, 2, 3]]].flatten(0, 1)
    count = len(occupancy)
    of_faces = 2 * torch.bincount(meshes, minlength=count)
    return Meshes(
        vertices, faces, torch.bincount(used // lattice.prod(), minlength=count), of_faces
    )


def _open_faces(occupancy: Grids) -> tuple[Int[Tensor, "quads"], Int[Tensor, "quads 4 3"]]:
    """Faces of filled voxels towards empty ones: of which mesh, and their corners; mesh by mesh."""
    padded = F.pad(occupancy, (1,) * 6)
    meshes, corners = [], []
    for (axis, step), offsets in SIDES.items():
        beyond = padded.roll(-step, axis + 1)[:, 1:-1, 1:-1, 1:-1]
        voxels = (occupancy & ~beyond).nonzero()
        meshes.append(voxels[:, 0])
        corners.append(voxels[:, None, 1:] + voxels.new_tensor(offsets))
    order = torch.cat(meshes).argsort(stable=True)
    return torch.cat(meshes)[order], torch.cat(corners)[order]


def mend_diagonals(
    occupancy: Grids, probability: Float[Tensor, "meshes nx ny nz"] | None = None
) -> Grids:
    """Grids in which no two voxels touch along an edge alone: one of the empty two is filled.

    Filling one place can spoil another, so this goes on until all is well. ``cubify`` of the
    result keeps its promise everywhere.

    probability: the more probable of the empty two is filled; without it, either.

    Raises: ValueError if the shapes differ.
    """
    guess = torch.zeros(occupancy.shape) if probability is None else probability.detach()
    if guess.shape != occupancy.shape:
        raise ValueError(f"{tuple(guess.shape)} probabilities for {tuple(occupancy.shape)} voxels")
    filled, before = occupancy.clone(), -1
    while before != (before := int(filled.sum())):
        for first, second in ((1, 2), (1, 3), (2, 3)):
            a, b, c, d = _corners(filled, first, second)
            prefer_b = _prefers(*_corners(guess, first, second)[1:3])
            prefer_a = _prefers(*_corners(guess, first, second)[::3])
            falling, rising = a & d & ~b & ~c, b & c & ~a & ~d
            b |= falling & prefer_b
            c |= falling & ~prefer_b
            a |= rising & prefer_a
            d |= rising & ~prefer_a
    return filled


def _corners(grid: Tensor, first: int, second: int) -> list[Tensor]:
    """The four voxels around each inner edge of the planes along two axes: views, not copies."""
    low = [grid.narrow(first, i, grid.shape[first] - 1) for i in (0, 1)]
    return [x.narrow(second, j, x.shape[second] - 1) for x in low for j in (0, 1)]


def _prefers(one: Tensor, other: Tensor) -> Tensor:
    return one >= other


# ------------------------------------------------------------------------- edges and promises


def edges_of(faces: Faces) -> tuple[Int[Tensor, "edges 2"], Int[Tensor, "edges"]]:
    """Every edge once, its lower vertex first, and how many faces it has."""
    count = int(faces.max()) + 1 if len(faces) else 1
    low, high = _sides(faces).sort(1).values.unbind(1)
    # One number for each edge: to sort numbers is far quicker than to sort rows.
    keys, faces_at = (low * count + high).unique(return_counts=True)
    return torch.stack([keys // count, keys % count], 1), faces_at


def _sides(faces: Faces) -> Int[Tensor, "sides 2"]:
    """The three sides of every face, in the direction in which it walks them."""
    return torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def is_watertight(faces: Faces) -> bool:
    """Whether each edge has exactly two faces, which walk it in opposite directions."""
    if not len(faces):
        return False
    count = int(faces.max()) + 1
    start, end = _sides(faces).unbind(1)
    there, back = (start * count + end).unique(), (end * count + start).unique()
    return len(there) == len(start) and torch.equal(there, back)


def euler_characteristic(faces: Faces) -> int:
    """Vertices - edges + faces: 2 for each ball, 0 for each ring, of a closed surface."""
    return len(faces.unique()) - len(edges_of(faces)[0]) + len(faces)


def mesh_bytes(vertices: Vertices, faces: Faces) -> int:
    """Bytes of a mesh as it would be kept: three numbers of 2 bytes (float16) for each vertex, and
    for each face three of 2 bytes while there are at most 65,536 vertices, else of 4.
    """
    return 6 * len(vertices) + (6 if len(vertices) <= 2**16 else 12) * len(faces)
