"""Single toy objects brought into one frame: in the middle of the cube [-1, 1]^3, and of its size.

Networks that learn shapes want all of them at one place and in one size. World units are divided
by a scale, so that the longest side of the object's box is ``2 FILL``; z stays up, and all objects
face along +x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.data import toy

FILL = 0.8


@dataclass(frozen=True)
class UnitShape:
    """One object of the toy world in the cube [-1, 1]^3: its signed distance and its surface."""

    scene: toy.Scenes
    middle: Float[Tensor, "3"]
    scale: float

    def distance(self, points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        """Exact signed distance in units of the cube, negative inside (``toy.signed_distance``)."""
        return toy.signed_distance(self.scene, self.middle + self.scale * points)[0] / self.scale

    def surface(
        self, count: int, *, generator: torch.Generator
    ) -> tuple[Float[Tensor, "count 3"], Float[Tensor, "count 3"]]:
        """Points spread evenly over the surface, and the unit normals there.

        Raises: ValueError if count is not positive.
        """
        found = toy.surface_points(self.scene, count, generator=generator)
        return (found.points[0] - self.middle) / self.scale, found.normal[0]


def unit_shapes(kinds: tuple[str, ...], count: int, *, seed: int = 0) -> list[UnitShape]:
    """``count`` objects of these kinds, each with proportions of its own, all facing along +x.

    Raises: ValueError for an unknown kind or a count below 1.
    """
    generator = torch.Generator().manual_seed(seed)
    scenes = toy.sample_scenes(count, generator=generator, kinds=kinds, gloss=0, backdrop="studio")
    objects = replace(scenes.objects, yaw=torch.zeros_like(scenes.objects.yaw))
    scenes = replace(scenes, objects=objects)
    boxes = toy.boxes_3d(objects)[:, 0]
    return [
        UnitShape(scenes[i : i + 1], box[:3], float(box[3:6].max()) / 2 / FILL)
        for i, box in enumerate(boxes)
    ]
