"""Mesh R-CNN in small: from a picture to a mesh of every object on it (the lecture).

Detect boxes; pool features from under each; say its kind, mask and coarse voxels; cubify these;
refine the mesh by graph convolution with features of the picture (Gkioxari et al. 2019, "Mesh
R-CNN", figure 3). Shapes live in the frames of their boxes, see ``roi_align``: how far away an
object is, one picture does not tell, and the paper too is given the depth of its middle.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.meshes import center_net, mesh_losses
from course_utils.vision3d.meshes.center_net import CentreMaps, Detections
from course_utils.vision3d.meshes.graph_conv import FeatureMap, Refiner
from course_utils.vision3d.meshes.mesh_heads import (
    CELLS,
    BoxAnswers,
    BoxHeads,
    CentreHead,
    FeaturePyramid,
)
from course_utils.vision3d.meshes.meshes import Meshes, cubify, edges_of, mend_diagonals
from course_utils.vision3d.meshes.roi_align import frame_cameras, frame_from_grid, pool_boxes
from course_utils.vision3d.meshes.targets import ShapeScenes
from course_utils.vision3d.shapes.voxels import balanced_occupancy_loss

Losses = dict[str, Float[Tensor, ""]]


class Weights(NamedTuple):
    """How much each loss of the meshes counts; the unit of length is a box's longer side."""

    chamfer: float = 100.0
    normal: float = 0.2
    edge: float = 20.0


class MeshRCNN(nn.Module):
    """The whole network. width: channels of the finest features. stages: of refinement."""

    def __init__(self, kinds: int = 10, width: int = 32, stages: int = 2, resolution: int = CELLS):
        super().__init__()
        self.pyramid = FeaturePyramid(width)
        fine, middle = self.pyramid.channels
        self.centres = CentreHead(middle)
        self.heads = BoxHeads(fine, kinds, 2 * width, resolution)
        self.refiner = Refiner(fine + middle, stages)

    def detect(
        self, images: Float[Tensor, "pictures 3 height width"]
    ) -> tuple[list[FeatureMap], CentreMaps]:
        """Features of the pictures, and where boxes may be."""
        maps = self.pyramid(images)
        return maps, self.centres(maps[1].values)

    def pooled(
        self,
        maps: list[FeatureMap],
        picture: Int[Tensor, "boxes"],
        boxes: Float[Tensor, "boxes 4"],
    ) -> Float[Tensor, "boxes channels cells cells"]:
        """The finest features under each box."""
        return pool_boxes(maps[0].values, picture, boxes, maps[0].stride, CELLS)


# --------------------------------------------------------------------------------- truth


def coarse_occupancy(
    occupancy: Bool[Tensor, "objects n n n"], resolution: int
) -> Bool[Tensor, "objects r r r"]:
    """A coarser grid: a voxel is full if a quarter of those in it are, so that thin parts stay.

    Raises: ValueError if the resolution does not divide that of the grid.
    """
    if occupancy.shape[-1] % resolution:
        raise ValueError(f"{resolution} does not divide {occupancy.shape[-1]} voxels")
    step = occupancy.shape[-1] // resolution
    return F.avg_pool3d(occupancy[:, None].float(), step)[:, 0] >= 0.25


def box_masks(scenes: ShapeScenes, cells: int) -> Bool[Tensor, "objects cells cells"]:
    """Which part of each box shows its object."""
    rows = torch.arange(len(scenes.picture), device=scenes.picture.device)
    shown = scenes.instance[scenes.picture] == rows[:, None, None]
    return pool_boxes(shown[:, None].float(), rows, scenes.box, 1, cells)[:, 0] >= 0.5


# --------------------------------------------------------------------------------- losses


def detection_losses(maps: CentreMaps, scenes: ShapeScenes, stride: int) -> Losses:
    """Heat, sides and shift of the box head."""
    targets = center_net.centre_targets(scenes.box, scenes.picture, tuple(maps.heat.shape), stride)
    return center_net.box_losses(maps, targets)


def box_head_losses(answers: BoxAnswers, scenes: ShapeScenes) -> Losses:
    """Kind, depth, mask and voxels, of the true boxes."""
    mask = box_masks(scenes, answers.mask.shape[-1]).to(answers.mask)
    truth = coarse_occupancy(scenes.occupancy, answers.voxels.shape[-1])
    return {
        "kind": F.cross_entropy(answers.kind, scenes.kind),
        "extent": (answers.extent - scenes.extent.log()).abs().mean(),
        "mask": F.binary_cross_entropy_with_logits(answers.mask, mask),
        "voxels": balanced_occupancy_loss(answers.voxels, truth),
    }


def refinement_losses(
    stages: list[Meshes], scenes: ShapeScenes, weights: Weights, *, generator: torch.Generator
) -> Losses:
    """``mesh``: the weighted sum of the losses, the mean over the stages; ``last``: the Chamfer
    distance after the last one.

    stages: refined meshes, without the one from which they began.
    """
    edges = edges_of(stages[0].faces)[0]
    every = [
        mesh_losses.mesh_losses(meshes, edges, scenes.surfaces, generator=generator)
        for meshes in stages
    ]
    chamfer, normal, edge = (torch.stack(values).mean() for values in zip(*every, strict=True))
    total = weights.chamfer * chamfer + weights.normal * normal + weights.edge * edge
    return {"mesh": total, "last": every[-1].chamfer.detach()}


class Look(NamedTuple):
    """What the network says of pictures: features, where boxes may be, answers for given boxes."""

    maps: list[FeatureMap]
    centres: CentreMaps
    answers: BoxAnswers


def look_at_boxes(network: MeshRCNN, scenes: ShapeScenes) -> Look:
    """The network's answers for the true boxes, which is how heads are trained."""
    maps, centres = network.detect(scenes.images)
    return Look(maps, centres, network.heads(network.pooled(maps, scenes.picture, scenes.box)))


def answer_losses(look: Look, scenes: ShapeScenes) -> Losses:
    """All losses of detection, masks and voxels."""
    stride = look.maps[1].stride
    return detection_losses(look.centres, scenes, stride) | box_head_losses(look.answers, scenes)


def refined(network: MeshRCNN, look: Look, scenes: ShapeScenes, level: float) -> list[Meshes]:
    """The meshes of the true boxes: cubified from the voxels predicted now, then stage by stage.

    level: the probability from which a voxel is full.

    Raises: ValueError as ``meshes_from_voxels``.
    """
    frames = scenes.frames
    start = meshes_from_voxels(look.answers.voxels, level, frames, scenes.box, scenes.extent)
    return [start, *network.refiner(look.maps, scenes.picture, frames, start)]


# --------------------------------------------------------------------------------- predicting


def meshes_from_voxels(
    logits: Float[Tensor, "boxes nu nv depth"],
    level: float,
    frames: Camera,
    boxes: Float[Tensor, "boxes 4"],
    extent: Float[Tensor, "boxes"],
) -> Meshes:
    """Cubified voxels with a probability above ``level``, mended and laid into the boxes' frames.

    Where none is so probable, the most probable one is taken: a mesh cannot grow from nothing.

    Raises: ValueError if the level is not in (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"the level is a probability between 0 and 1, got {level}")
    probability = logits.detach().sigmoid()
    most = probability.flatten(1).amax(1)[:, None, None, None]
    full = mend_diagonals(probability >= most.clamp(max=level), probability)
    meshes = cubify(full, side=1.0)
    owner = meshes.owner
    placed = frame_from_grid(
        frames[owner], boxes[owner], extent[owner], meshes.vertices[:, None].to(boxes)
    )
    return meshes.moved(placed[:, 0])


class Shapes(NamedTuple):
    """What was found on pictures: boxes, what is said of each, its mesh before and after stages.

    extent: from the nearest to the farthest depth, in units of the frame.
    """

    found: Detections
    frames: Camera
    answers: BoxAnswers
    extent: Float[Tensor, "boxes"]
    stages: list[Meshes]


@torch.no_grad()
def shapes_in_boxes(
    network: MeshRCNN, scenes: ShapeScenes, found: Detections, level: float
) -> Shapes:
    """The meshes of given boxes: cubified voxels first, then after each stage.

    Raises: ValueError if there is no box.
    """
    if not len(found.boxes):
        raise ValueError("there is no box to look into")
    maps, _ = network.detect(scenes.images)
    camera = scenes.focal[found.picture], scenes.principal[found.picture]
    frames = frame_cameras(*camera, found.boxes, scenes.images.shape[-1])
    answers = network.heads(network.pooled(maps, found.picture, found.boxes))
    extent = answers.extent.exp().minimum(-1.8 * frames.centre[:, 2])  # before the pinhole
    start = meshes_from_voxels(answers.voxels, level, frames, found.boxes, extent)
    stages = network.refiner(maps, found.picture, frames, start)
    return Shapes(found, frames, answers, extent, [start, *stages])


@torch.no_grad()
def find_shapes(network: MeshRCNN, scenes: ShapeScenes, level: float, least: float = 0.3) -> Shapes:
    """Everything: boxes with a score of at least ``least``, and the mesh in each.

    Raises: ValueError if nothing is found.
    """
    maps, centres = network.detect(scenes.images)
    found = center_net.find_boxes(centres, maps[1].stride, least)
    return shapes_in_boxes(network, scenes, found, level)
