"""One shape in four representations, and the ways from each to the others (the lecture).

- Occupancy grid: ``(r, r, r)`` over the cube [-side/2, side/2]^3 in world units. Index i, j, k runs
  along x, y, z; a value belongs to the voxel's centre.
- Point cloud: ``(points, 3)``, on the surface.
- Mesh: vertices ``(vertices, 3)`` and triangles ``(faces, 3)`` of their indices, anticlockwise
  seen from outside.
- Implicit function: a callable from points ``(points, 3)`` to a number for each, positive outside
  as a signed distance is.

    from / to     occupancy grid           points            mesh                implicit function
    occupancy                              (by the mesh)     mesh_from_occupancy (by the mesh)
    points        occupancy_from_points                      (by the grid)       distance_to_points
    mesh          (by the function)        points_from_mesh                      distance_to_mesh *
    function      occupancy_from_function  (by the mesh)     mesh_from_function

* in ``mesh_sdf``.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

Implicit = Callable[[Float[Tensor, "points 3"]], Float[Tensor, "points"]]
Vertices = Float[Tensor, "vertices 3"]
Faces = Int[Tensor, "faces 3"]
MeshArrays = tuple[Vertices, Faces]

CHUNK = 2**20  # pairs of points at a time


def _check_grid(resolution: int, side: int | float) -> None:
    if resolution < 2:
        raise ValueError(f"a grid needs at least 2 voxels along each side, got {resolution}")
    if side <= 0:
        raise ValueError(f"the side of the cube must be positive, got {side}")


def check_mesh(vertices: Vertices, faces: Faces) -> None:
    """Nothing if these are a mesh.

    Raises: ValueError if they are not (vertices, 3) and (faces, 3), or there is no face.
    """
    if vertices.ndim != 2 or vertices.shape[-1] != 3 or faces.ndim != 2 or faces.shape[-1] != 3:
        raise ValueError(f"no mesh: {tuple(vertices.shape)} vertices, {tuple(faces.shape)} faces")
    if not len(faces):
        raise ValueError("the mesh has no face")


def voxel_centres(
    resolution: int, side: int | float = 2.0, dtype: torch.dtype = torch.float32
) -> Float[Tensor, "r r r 3"]:
    """The centre of each voxel: x_i = side ((i + 1/2) / resolution - 1/2), and so y_j and z_k.

    Raises: ValueError if there are fewer than 2 voxels along a side, or the side is not positive.
    """
    _check_grid(resolution, side)
    axis = side * ((torch.arange(resolution, dtype=dtype) + 0.5) / resolution - 0.5)
    return torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"), -1)


# --------------------------------------------------------------------------- occupancy grids


def occupancy_from_function(
    function: Implicit, resolution: int, side: int | float = 2.0
) -> Bool[Tensor, "r r r"]:
    """Which voxel centres are inside, where the function is not positive.

    Raises: ValueError as ``voxel_centres``.
    """
    centres = voxel_centres(resolution, side)
    return (function(centres.flatten(0, 2)) <= 0).unflatten(0, (resolution,) * 3)


def occupancy_from_points(
    points: Float[Tensor, "points 3"], resolution: int, side: int | float = 2.0
) -> Bool[Tensor, "r r r"]:
    """Which voxels hold at least one point: the surface only, what is inside stays empty.

    Points outside of the cube are left out.

    Raises: ValueError as ``voxel_centres``.
    """
    _check_grid(resolution, side)
    index = ((points / side + 0.5) * resolution).floor().long()
    index = index[((index >= 0) & (index < resolution)).all(-1)]
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool, device=points.device)
    grid[index.unbind(-1)] = True
    return grid


# ------------------------------------------------------------------------------------ meshes


def _marching_cubes(values: Tensor, level: float, side: int | float) -> MeshArrays:
    from skimage.measure import marching_cubes

    if not bool((values > level).any()) or not bool((values <= level).any()):
        raise ValueError("the surface does not pass through this grid: all of it is on one side")
    resolution = values.shape[0] - 2  # there is one layer around the grid
    found = marching_cubes(values.cpu().numpy(), level, gradient_direction="descent")
    vertices = torch.from_numpy(found[0].copy()).to(values)
    faces = torch.from_numpy(found[1].copy()).long().to(values.device)
    return side * ((vertices - 0.5) / resolution - 0.5), faces


def mesh_from_occupancy(
    occupancy: Bool[Tensor, "r r r"] | Float[Tensor, "r r r"],
    side: int | float = 2.0,
    level: float = 0.5,
) -> MeshArrays:
    """The surface between voxels above ``level`` and the others, by marching cubes.

    Lorensen & Cline 1987. All around the grid is taken as empty, so that the mesh is closed.

    Raises: ValueError if all voxels are empty, or as ``voxel_centres``.
    """
    _check_grid(occupancy.shape[0], side)
    values = occupancy.to(torch.get_default_dtype()) if occupancy.dtype == torch.bool else occupancy
    return _marching_cubes(-torch.nn.functional.pad(values, (1,) * 6), -level, side)


def mesh_from_function(function: Implicit, resolution: int, side: int | float = 2.0) -> MeshArrays:
    """The surface where the function is 0, by marching cubes over its values at voxel centres.

    Unlike an occupancy, the values say where between two voxels the surface is. One more layer of
    voxels is asked on each side; a surface that leaves these too stays open.

    Raises: ValueError if the surface is not in the cube, or as ``voxel_centres``.
    """
    _check_grid(resolution, side)
    wider = side * (resolution + 2) / resolution
    centres = voxel_centres(resolution + 2, wider)
    values = function(centres.flatten(0, 2)).unflatten(0, (resolution + 2,) * 3)
    return _marching_cubes(values.detach(), 0.0, side)


# ------------------------------------------------------------------------------ point clouds


def points_from_mesh(
    vertices: Vertices, faces: Faces, count: int, *, generator: torch.Generator
) -> tuple[Float[Tensor, "count 3"], Float[Tensor, "count 3"]]:
    """Points spread evenly over the surface, and the unit normals there.

    A triangle is drawn by its area, then a place in it (Osada et al. 2002, eq. 1):
    (1 - sqrt u) a + sqrt u (1 - v) b + sqrt u v c.

    Raises: ValueError if count is not positive, if this is no mesh, or one without area.
    """
    check_mesh(vertices, faces)
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    a, b, c = vertices[faces].unbind(1)
    normal = torch.linalg.cross(b - a, c - a)
    area = normal.norm(dim=-1)
    if not float(area.detach().sum()) > 0:
        raise ValueError("a mesh without area has no place for points")
    chosen = torch.multinomial(area, count, replacement=True, generator=generator)
    like = {"generator": generator, "dtype": vertices.dtype, "device": vertices.device}
    u, v = torch.rand(2, count, 1, **like)
    root = u.sqrt()
    points = (1 - root) * a[chosen] + root * (1 - v) * b[chosen] + root * v * c[chosen]
    return points, normal[chosen] / area[chosen, None]


# ------------------------------------------------------------------------ implicit functions


def distance_to_points(cloud: Float[Tensor, "cloud 3"]) -> Implicit:
    """The distance to the nearest point of a cloud, in world units: it knows no inside.

    Raises: ValueError if the cloud is empty.
    """
    if not len(cloud):
        raise ValueError("an empty point cloud is at no distance")

    def function(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        parts = points.split(max(1, CHUNK // len(cloud)))
        exact = "donot_use_mm_for_euclid_dist"  # the quick way loses small distances
        return torch.cat([torch.cdist(p, cloud, compute_mode=exact).amin(-1) for p in parts])

    return function
