"""What Mesh R-CNN learns from: pictures with the box, kind, voxels and surface of each object.

Gkioxari et al. 2019, section 3; shapes are told in the frame of the object's box (`roi_align`).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.meshes import roi_align
from course_utils.vision3d.meshes.mesh_losses import Surface


@dataclass(frozen=True)
class ShapeScenes:
    """Pictures, and all of their objects in one list.

    images: sRGB in [0, 1]. instance: for each pixel the row of its object, or -1. focal,
    principal: of each picture's camera, pixels. picture: which one each object is on. kind:
    into ``classes``. box: around the whole object, hidden parts too, (left, top, right, bottom)
    in pixels. extent: from its nearest to its farthest depth, in units of its box's frame.
    occupancy: of the grid in the box's frustum, indexed along u, v, depth. points, normals: evenly
    over its surface, in the box's frame.
    """

    images: Float[Tensor, "pictures 3 size size"]
    instance: Int[Tensor, "pictures size size"]
    focal: Float[Tensor, "pictures"]
    principal: Float[Tensor, "pictures 2"]
    picture: Int[Tensor, "objects"]
    kind: Int[Tensor, "objects"]
    box: Float[Tensor, "objects 4"]
    extent: Float[Tensor, "objects"]
    occupancy: Bool[Tensor, "objects g g g"]
    points: Float[Tensor, "objects points 3"]
    normals: Float[Tensor, "objects points 3"]

    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: Int[Tensor, "rows"] | slice) -> ShapeScenes:
        """Some of the pictures, each at most once, with their objects."""
        chosen = torch.arange(len(self))[rows]
        place = torch.full((len(self),), -1)
        place[chosen] = torch.arange(len(chosen))
        kept = (place[self.picture] >= 0).nonzero()[:, 0]
        kept = kept[place[self.picture[kept]].argsort(stable=True)]
        number = torch.full((len(self.picture) + 1,), -1)  # the last is for -1: no object
        number[kept] = torch.arange(len(kept))
        objects = ("kind", "box", "extent", "occupancy", "points", "normals")
        pictures = ("images", "focal", "principal")
        return ShapeScenes(
            **{name: getattr(self, name)[chosen] for name in pictures},
            **{name: getattr(self, name)[kept] for name in objects},
            instance=number[self.instance[chosen]],
            picture=place[self.picture[kept]],
            classes=self.classes,
        )

    @property
    def frames(self) -> Camera:
        """The camera of each object's picture in the frame of its box."""
        focal, principal = self.focal[self.picture], self.principal[self.picture]
        return roi_align.frame_cameras(focal, principal, self.box, self.images.shape[-1])

    @property
    def surfaces(self) -> Surface:
        """Points and normals of all objects."""
        return Surface(self.points, self.normals)
