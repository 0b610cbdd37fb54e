"""How far a mesh is from a surface: Chamfer distance, normals, edges (Gkioxari et al. 2019, 3.4).

Surfaces are compared by points drawn on them, each with its unit normal. For every point the
nearest one of the other set counts; which one that is has no gradient, how far it is has.
Lengths are in the units of the points.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.vision3d.meshes.meshes import Meshes
from course_utils.vision3d.shapes.conversions import points_from_mesh

Points = Float[Tensor, "meshes points 3"]
Others = Float[Tensor, "meshes others 3"]


class Surface(NamedTuple):
    """Points on one surface a row, and the unit normals there."""

    points: Float[Tensor, "meshes points 3"]
    normals: Float[Tensor, "meshes points 3"]


def sample_meshes(meshes: Meshes, count: int, *, generator: torch.Generator) -> Surface:
    """``count`` points spread evenly over each mesh; differentiable in its vertices.

    Raises: ValueError as ``points_from_mesh``: an empty mesh has no place for points.
    """
    drawn = [points_from_mesh(*mesh, count, generator=generator) for mesh in meshes]
    points, normals = zip(*drawn, strict=True)
    return Surface(torch.stack(points), torch.stack(normals))


@torch.no_grad()
def nearest(points: Points, others: Others) -> Int[Tensor, "meshes points"]:
    """For each point, the index of the nearest of the other points.

    Raises: ValueError if either is empty or the numbers of meshes differ.
    """
    if points.shape[0] != others.shape[0] or not points.shape[1] or not others.shape[1]:
        raise ValueError(f"nothing is nearest: {tuple(points.shape)} to {tuple(others.shape)}")
    return torch.cdist(points, others).argmin(-1)


def _gather(values: Tensor, index: Int[Tensor, "meshes points"]) -> Tensor:
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[-1]))


def chamfer_distance(points: Points, others: Others) -> Float[Tensor, "meshes"]:
    """mean over p of min over q |p - q|^2, and the same from the other side, added (eq. 1).

    Raises: ValueError as ``nearest``.
    """
    there = (points - _gather(others, nearest(points, others))).square().sum(-1).mean(-1)
    back = (others - _gather(points, nearest(others, points))).square().sum(-1).mean(-1)
    return there + back


def edge_loss(
    vertices: Float[Tensor, "vertices 3"], edges: Int[Tensor, "edges 2"]
) -> Float[Tensor, ""]:
    """The mean squared length of the edges: long ones are pulled hardest, so no spike grows.

    Raises: ValueError if there is no edge.
    """
    if not len(edges):
        raise ValueError("a mesh without edges has no edge loss")
    return (vertices[edges[:, 0]] - vertices[edges[:, 1]]).square().sum(-1).mean()


class Comparison(NamedTuple):
    """How far two surfaces are apart: one number of each kind a mesh."""

    chamfer: Float[Tensor, "meshes"]
    normal: Float[Tensor, "meshes"]
    f_score: Float[Tensor, "meshes"]


def compare(surface: Surface, other: Surface, radius: int | float = 0.05) -> Comparison:
    """Chamfer distance, normal distance and F-score, with one search for the nearest points.

    The normal distance is -mean |u_p . u_q| over p and its nearest q, and the same from the other
    side, added (eq. 2): between -2, where all normals agree up to sign, and 0.

    The F-score is 2 P R / (P + R), where P is the share of points with another one within
    ``radius`` and R the share of the others with one of the points (Knapitsch et al. 2017,
    section 4.2); it has no gradient.

    Raises: ValueError if the radius is not positive, or as ``nearest``.
    """
    if radius <= 0:
        raise ValueError(f"the radius must be positive, got {radius}")
    squares, agree, near = [], [], []
    for one, two in ((surface, other), (other, surface)):
        index = nearest(one.points, two.points)
        gap = (one.points - _gather(two.points, index)).square().sum(-1)
        squares.append(gap.mean(-1))
        near.append((gap.detach() <= radius**2).to(gap).mean(-1))
        agree.append((one.normals * _gather(two.normals, index)).sum(-1).abs().mean(-1))
    precision, recall = near
    score = 2 * precision * recall / (precision + recall).clamp(min=1e-12)
    return Comparison(squares[0] + squares[1], -agree[0] - agree[1], score)


class MeshLosses(NamedTuple):
    """The three losses, each a mean over the meshes."""

    chamfer: Float[Tensor, ""]
    normal: Float[Tensor, ""]
    edge: Float[Tensor, ""]


def mesh_losses(
    meshes: Meshes,
    edges: Int[Tensor, "edges 2"],
    truth: Surface,
    *,
    generator: torch.Generator,
) -> MeshLosses:
    """Chamfer distance, normal distance and edge loss of meshes, from as many points as the truth.

    Raises: ValueError as ``sample_meshes``, ``nearest`` and ``edge_loss``.
    """
    drawn = sample_meshes(meshes, truth.points.shape[1], generator=generator)
    found = compare(drawn, truth)
    return MeshLosses(found.chamfer.mean(), found.normal.mean(), edge_loss(meshes.vertices, edges))
