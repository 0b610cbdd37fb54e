"""What each of the four representations costs, and how far it is from the shape it stands for.

The shape itself is known exactly, as a signed distance. Each representation (the lecture's
four) is made from it at some detail; then its bytes are counted, and its surface is compared with
the true one in both directions. Lengths are those of the cube [-1, 1]^3.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.vision3d.shapes.conversions import (
    Implicit,
    MeshArrays,
    distance_to_points,
    mesh_from_function,
    occupancy_from_function,
    points_from_mesh,
)
from course_utils.vision3d.shapes.mesh_sdf import distance_to_mesh
from course_utils.vision3d.shapes.rbf import radial_basis_function

SIDE = 2.0
NUMBER = 4  # bytes of a float32 or int32
FINE = 48  # voxels a side at which an implicit function is turned into a surface


class Represented(NamedTuple):
    """A shape in one representation: its bytes, points on its surface, the distance to it."""

    bytes: int
    points: Float[Tensor, "points 3"]
    distance: Implicit


def exact_surface(
    function: Implicit, count: int, *, generator: torch.Generator
) -> Float[Tensor, "count 3"]:
    """Points on the surface where a signed distance is 0: drawn from a mesh, then moved onto it.

    Each of three steps goes the distance along the gradient, x - f(x) grad f(x): Newton's step
    where |grad f| = 1.

    Raises: ValueError as ``points_from_mesh``.
    """
    mesh = mesh_from_function(function, FINE, SIDE)
    points, _ = points_from_mesh(*mesh, count, generator=generator)
    for _ in range(3):
        points = points.detach().requires_grad_()
        with torch.enable_grad():
            value = function(points)
            (slope,) = torch.autograd.grad(value.sum(), points)
        points = (points - value[:, None] * slope).detach()
    return points


def block_faces(
    occupancy: Bool[Tensor, "r r r"],
) -> tuple[Float[Tensor, "faces 4 3"], Float[Tensor, "faces 3"]]:
    """The squares between full voxels and empty ones, as corners and outward unit normals.

    Raises: ValueError if the grid is not (r, r, r), or has no full voxel.
    """
    if occupancy.ndim != 3 or not bool(occupancy.any()):
        raise ValueError(f"needs a grid with a full voxel, got {tuple(occupancy.shape)}")
    resolution, around = len(occupancy), torch.nn.functional.pad(occupancy, (1,) * 6)
    corners, normals = [], []
    for axis in range(3):
        for sign in (-1, 1):
            bare = occupancy & ~around.roll(-sign, axis)[1:-1, 1:-1, 1:-1]
            normal = torch.zeros(3)
            normal[axis] = sign
            one, two = (torch.eye(3)[(axis + k) % 3] for k in (1, 2))
            square = torch.stack([-one - two, one - two, one + two, -one + two])
            square = normal + (square if sign > 0 else square.flip(0))
            middle = bare.nonzero().to(square) + 0.5
            corners.append(middle[:, None] + 0.5 * square)
            normals.append(normal.expand(len(middle), 3))
    return SIDE * (torch.cat(corners) / resolution - 0.5), torch.cat(normals)


def as_occupancy(function: Implicit, resolution: int, *, generator: torch.Generator) -> Represented:
    """A grid of blocks, one bit each: resolution^3 / 8 bytes. Its surface is that of the blocks.

    Raises: ValueError if no voxel is full.
    """
    corners, _ = block_faces(occupancy_from_function(function, resolution, SIDE))
    share = torch.rand(2, len(corners), 16, 1, generator=generator)
    start, one, two = corners[:, :1], corners[:, 1:2], corners[:, 3:]
    points = (start + share[0] * (one - start) + share[1] * (two - start)).flatten(0, 1)
    return Represented(-(-(resolution**3) // 8), points, distance_to_points(points))


def as_points(function: Implicit, count: int, *, generator: torch.Generator) -> Represented:
    """``count`` points on the surface, three numbers each."""
    points = exact_surface(function, count, generator=generator)
    return Represented(3 * NUMBER * count, points, distance_to_points(points))


def as_mesh(function: Implicit, resolution: int, *, generator: torch.Generator) -> Represented:
    """Triangles by marching cubes: three numbers a vertex, three indices a face.

    Raises: ValueError if the surface slips through the grid.
    """
    mesh = mesh_from_function(function, resolution, SIDE)
    return _from_mesh(mesh, NUMBER * sum(x.numel() for x in mesh), generator)


def as_function(function: Implicit, count: int, *, generator: torch.Generator) -> Represented:
    """Radial basis functions with ``count`` centres, four numbers each, and four more.

    One centre in eight is anywhere in the cube, the others within some hundredths of the surface;
    all are told their true distance.
    """
    near = exact_surface(function, count - count // 8, generator=generator)
    near = near + 0.04 * torch.randn(near.shape, generator=generator)
    anywhere = SIDE * (torch.rand(count // 8, 3, generator=generator) - 0.5)
    centres = torch.cat([near, anywhere])
    learned = radial_basis_function(centres, function(centres))
    mesh = mesh_from_function(learned, FINE, SIDE)
    return _from_mesh(mesh, NUMBER * (4 * count + 4), generator)


def _from_mesh(mesh: MeshArrays, size: int, generator: torch.Generator) -> Represented:
    points, _ = points_from_mesh(*mesh, 2000, generator=generator)
    return Represented(size, points, distance_to_mesh(*mesh))


def surface_error(shape: Represented, function: Implicit, truth: Float[Tensor, "truth 3"]) -> float:
    """1/2 mean |f| over the representation's points + 1/2 mean distance of true ones to it.

    In the cube's units. truth: points on the true surface.
    """
    there = function(shape.points).abs().mean()
    back = shape.distance(truth).abs().mean()
    return float(there + back) / 2


REPRESENTATIONS = {
    "occupancy grid": as_occupancy,
    "point cloud": as_points,
    "mesh": as_mesh,
    "implicit function": as_function,
}
