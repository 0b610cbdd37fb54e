"""The distance to a triangle mesh: from the explicit shape to an implicit function.

How far it is to the nearest triangle is plain geometry; on which side is not, once parts overlap
or triangles are many. The winding number tells (Jacobson et al. 2013): the solid angles under
which all triangles are seen from a point, over 4 pi, sum to 1 inside and to 0 outside.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.shapes.conversions import Faces, Implicit, Vertices, check_mesh

CHUNK = 2**17  # pairs of a point and a triangle at a time


def distance_to_mesh(vertices: Vertices, faces: Faces) -> Implicit:
    """The signed distance to a closed mesh in world units, negative inside.

    Parts may overlap: inside is where the winding number is above 1/2. Time and memory grow as
    points times triangles.

    Raises: ValueError if this is no mesh.
    """
    check_mesh(vertices, faces)
    triangles = vertices[faces]

    def function(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        found = []
        for part in points.split(max(1, CHUNK // len(faces))):
            offset = triangles - part[:, None, None]  # (points, faces, 3, 3)
            distance = _distance_to_triangles(offset).amin(-1)
            inside = _solid_angles(offset).sum(-1) > 2 * math.pi
            found.append(torch.where(inside, -distance, distance))
        return torch.cat(found)

    return function


def distance_to_surface(
    vertices: Vertices, faces: Faces, points: Float[Tensor, "points 3"]
) -> Float[Tensor, "points"]:
    """From each point to the nearest place of the mesh, closed or open, in world units.

    A triangle with its middle m away, and no corner farther than r from its middle, is at least
    m - r away; the nearest is no farther than the nearest middle. So few triangles are measured.

    Raises: ValueError if this is no mesh.
    """
    check_mesh(vertices, faces)
    triangles = vertices[faces]
    middle = triangles.mean(1)
    reach = (triangles - middle[:, None]).norm(dim=-1).amax(1)
    found = []
    for part in points.split(max(1, CHUNK // len(faces))):
        away = (part[:, None] - middle).norm(dim=-1)
        # A little more than needed: rounding must not lose the nearest one.
        point, face = (away - 1.001 * reach <= away.amin(1, keepdim=True)).nonzero(as_tuple=True)
        distance = _distance_to_triangles((triangles[face] - part[point, None])[:, None])[:, 0]
        nearest = distance.new_full((len(part),), math.inf)
        found.append(nearest.scatter_reduce(0, point, distance, "amin"))
    return torch.cat(found)


def _solid_angles(offset: Float[Tensor, "points faces 3 3"]) -> Float[Tensor, "points faces"]:
    """Solid angles of triangles seen from the origin (van Oosterom & Strackee 1983, eq. 8)."""
    a, b, c = offset.unbind(-2)
    la, lb, lc = offset.norm(dim=-1).unbind(-1)
    ab, bc, ca = (a * b).sum(-1), (b * c).sum(-1), (c * a).sum(-1)
    volume = (a * torch.linalg.cross(b, c)).sum(-1)
    return 2 * torch.atan2(volume, la * lb * lc + ab * lc + bc * la + ca * lb)


def _distance_to_triangles(offset: Float[Tensor, "points faces 3 3"]) -> Tensor:
    """From the origin: to the plane if its nearest point is in the triangle, else to an edge."""
    start, side = offset, offset.roll(-1, -2) - offset
    length = (side * side).sum(-1, keepdim=True).clamp(min=torch.finfo(offset.dtype).tiny)
    share = (-(start * side).sum(-1, keepdim=True) / length).clamp(0, 1)
    to_edges = (start + share * side).norm(dim=-1).amin(-1)
    normal = torch.linalg.cross(side[..., 0, :], side[..., 1, :])
    size = normal.norm(dim=-1)
    # On the inner side of all three edges; never so in a triangle without area.
    inner = torch.linalg.cross(normal[..., None, :].expand_as(side), side)
    within = ((inner * start).sum(-1) < 0).all(-1) & (size > 0)
    height = (normal * start[..., 0, :]).sum(-1).abs() / size.clamp(min=1e-30)
    return torch.where(within, height, to_edges)
