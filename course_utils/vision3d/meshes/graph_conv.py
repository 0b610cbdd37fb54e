"""Refining a mesh: graph convolution over its edges, and vertices that look at the picture.

A stage asks the picture at the place where each vertex is seen, lets neighbours talk to each other
in graph convolutions, and moves each vertex a little: v + tanh(W [f, v]). The faces stay as they
are (Gkioxari et al. 2019, "Mesh R-CNN", section 3.3; graph convolution after Wang et al. 2018,
"Pixel2Mesh"). Graph convolution here takes the mean over neighbours, where the paper sums: so
features keep their size whether a vertex has four neighbours or eight.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.cameras import Camera, project_points
from course_utils.vision3d.meshes.meshes import Meshes, edges_of
from course_utils.vision3d.meshes.roi_align import pool_pixels

Seen = Float[Tensor, "vertices seen"]
Before = Float[Tensor, "vertices before"]
After = Float[Tensor, "vertices after"]

PLACE = 6  # numbers that tell a vertex where it is: its coordinates and its Laplacian


class FeatureMap(NamedTuple):
    """Features of pictures, and how many pixels lie from one to the next."""

    values: Float[Tensor, "pictures channels height width"]
    stride: int


def neighbour_mean(edges: Int[Tensor, "edges 2"], count: int) -> Float[Tensor, "vertices vertices"]:
    """The sparse matrix M with (M f)_i = mean of f_j over the neighbours j of i.

    Rows of vertices without a neighbour are empty. edges: each once, as ``edges_of`` gives them.
    count: of the vertices.

    Raises: ValueError if an edge names a vertex that is not there.
    """
    if len(edges) and (int(edges.min()) < 0 or int(edges.max()) >= count):
        raise ValueError(f"an edge names a vertex beyond the {count} there are")
    to, source = torch.cat([edges, edges.flip(1)]).T
    degree = torch.bincount(to, minlength=count).clamp(min=1)
    weights = 1 / degree[to].to(torch.get_default_dtype())
    index = torch.stack([to, source])
    return torch.sparse_coo_tensor(
        index, weights, (count, count), check_invariants=False
    ).coalesce()


def laplacian(
    vertices: Float[Tensor, "vertices 3"], mean: Float[Tensor, "vertices vertices"]
) -> Float[Tensor, "vertices 3"]:
    """From each vertex to the middle of its neighbours, M v - v: zero on a flat, even mesh.

    The uniform Laplacian of Taubin (1995), "A signal processing approach to fair surface design".
    mean: from ``neighbour_mean``.
    """
    return torch.sparse.mm(mean, vertices) - vertices


class GraphConv(nn.Module):
    """f'_i = W0 f_i + W1 mean of f_j over the neighbours j of i, + b (section 3.3).

    A 3 x 3 convolution knows which neighbour is the upper left one; here no neighbour is special,
    so all share W1.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.own = nn.Linear(inputs, outputs)
        self.others = nn.Linear(inputs, outputs, bias=False)

    def forward(
        self,
        features: Float[Tensor, "vertices inputs"],
        mean: Float[Tensor, "vertices vertices"],
    ) -> Float[Tensor, "vertices outputs"]:
        """The new features. mean: from ``neighbour_mean``."""
        # W1 first or the mean first is the same; the narrower side is the cheaper one to average.
        if self.others.out_features <= self.others.in_features:
            return self.own(features) + torch.sparse.mm(mean, self.others(features))
        return self.own(features) + self.others(torch.sparse.mm(mean, features))


def vertex_features(
    maps: list[FeatureMap], pictures: Int[Tensor, "meshes"], frames: Camera, meshes: Meshes
) -> Seen:
    """What each vertex sees: the features of all maps at the pixel that it is projected to.

    pictures: which picture each mesh is on. frames: the camera of each in its mesh's frame.
    """
    owner = meshes.owner
    uv, _ = project_points(frames[owner], meshes.vertices[:, None])
    rows = pictures[owner]
    return torch.cat([pool_pixels(m.values, rows, uv[:, 0], m.stride) for m in maps], 1)


class RefineStage(nn.Module):
    """One stage: look, talk to the neighbours, move.

    inputs: features that a vertex sees. before: features it brings from the stage before. width:
    of its own. layers: graph convolutions. reach: the farthest that a vertex moves along each axis,
    in units of the frame.
    """

    def __init__(
        self, inputs: int, before: int, width: int = 48, layers: int = 3, reach: float = 0.25
    ):
        super().__init__()
        self.look = nn.Linear(inputs, width)
        wide = width + PLACE + before
        self.layers = nn.ModuleList(
            GraphConv(wide if i == 0 else width + PLACE, width) for i in range(layers)
        )
        self.move = nn.Linear(width + PLACE, 3)
        self.reach = reach
        nn.init.normal_(self.move.weight, std=0.01)  # at first it leaves the mesh as it is
        nn.init.zeros_(self.move.bias)

    def forward(
        self,
        seen: Seen,
        vertices: Float[Tensor, "vertices 3"],
        mean: Float[Tensor, "vertices vertices"],
        before: Before | None = None,
    ) -> tuple[Float[Tensor, "vertices 3"], After]:
        """The moved vertices, and features for the next stage.

        Each layer is told again where its vertices are, and where from there the middle of their
        neighbours is: so to smooth a little is the first thing that a stage can learn.
        """
        place = torch.cat([vertices, laplacian(vertices, mean) / self.reach], 1)
        own = [F.relu(self.look(seen)), place]
        features = torch.cat(own if before is None else [*own, before], 1)
        for layer in self.layers:
            features = torch.cat([F.relu(layer(features, mean)), place], 1)
        moved = vertices + self.reach * torch.tanh(self.move(features))
        return moved, features


class Refiner(nn.Module):
    """Stages one after the other; each looks anew from where the last has left the vertices."""

    def __init__(self, inputs: int, stages: int = 2, width: int = 48, layers: int = 3):
        super().__init__()
        if stages < 1 or layers < 1:
            raise ValueError(f"need at least one stage and layer, got {stages} and {layers}")
        self.stages = nn.ModuleList(
            RefineStage(inputs, width + PLACE if i else 0, width, layers) for i in range(stages)
        )

    def forward(
        self,
        maps: list[FeatureMap],
        pictures: Int[Tensor, "meshes"],
        frames: Camera,
        meshes: Meshes,
    ) -> list[Meshes]:
        """The meshes after each stage.

        Raises: ValueError if there are not as many pictures and cameras as meshes.
        """
        if not len(pictures) == len(frames) == len(meshes):
            raise ValueError(f"{len(meshes)} meshes on {len(pictures)}, {len(frames)} pictures")
        mean = neighbour_mean(edges_of(meshes.faces)[0], len(meshes.vertices))
        after, features = [], None
        for stage in self.stages:
            seen = vertex_features(maps, pictures, frames, meshes)
            vertices, features = stage(seen, meshes.vertices, mean, features)
            meshes = meshes.moved(vertices)
            after.append(meshes)
        return after
