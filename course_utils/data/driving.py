"""Pictures from a camera on a car: several toy objects on the ground before it, with their boxes.

As in KITTI (Geiger et al. 2012) the camera stands at a known height above a flat ground and looks
ahead, a little down; height and pitch differ somewhat from picture to picture. World axes as in
``cameras``: the camera stands above the origin and looks along x, y is to its left, z up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.core.numba_support import digest_of
from course_utils.data import toy
from course_utils.data.cache import load_or_build
from course_utils.data.toy.dataset import generator_version
from course_utils.data.toy.scenes import footprint
from course_utils.vision3d.cameras import Camera, look_at

KINDS = ("car", "house", "tree", "snowman")
NEAREST, FARTHEST = 3.2, 8.0  # of an object's middle along x, world units
ASIDE = 0.42  # how far to either side, per unit of x
ANGLE = 0.62  # field of view across the height, radians
HEIGHT, PITCH = (1.8, 2.2), (0.22, 0.28)  # of the camera: world units, and radians downwards
SIZE = (64, 96)  # pixels
BLOCK = 250  # pictures from one random stream, so that a longer set begins like a shorter one
TRIES = 60  # places drawn for each object


@dataclass(frozen=True)
class RoadPictures:
    """Pictures with the 3D box and the kind of every object, and the camera of each.

    images: sRGB in [0, 1]. boxes: (x, y, z, length, width, height, yaw), world units and
    radians; kind: index into ``KINDS``, -1 where a slot is empty.
    """

    images: Float[Tensor, "count 3 height width"]
    boxes: Float[Tensor, "count slots 7"]
    kind: Int[Tensor, "count slots"]
    cameras: Camera

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, rows: slice | Tensor) -> RoadPictures:
        return RoadPictures(
            self.images[rows], self.boxes[rows], self.kind[rows], self.cameras[rows]
        )


def road_cameras(
    height: Float[Tensor, "count"], pitch: Float[Tensor, "count"], size: tuple[int, int] = SIZE
) -> Camera:
    """Cameras above the origin that look along x, turned down by ``pitch`` radians.

    height: above the ground, world units. size: (height, width) in pixels.
    """
    zero = torch.zeros_like(height)
    eye = torch.stack([zero, zero, height], -1)
    ahead = torch.stack([pitch.cos(), zero, -pitch.sin()], -1)
    return look_at(eye, eye + ahead, field_of_view=ANGLE, size=size)


def sample_road(
    count: int,
    *,
    generator: torch.Generator,
    objects: tuple[int, int] = (1, 5),
    kinds: tuple[str, ...] = KINDS,
    backdrop: str = "outdoors",
) -> toy.Scenes:
    """Scenes of objects that stand apart on the ground before the camera.

    objects: (fewest, most); kinds and backdrop as for ``toy.sample_scenes``. Nearer ones may
    hide farther ones in part, never wholly. Scenes in which not all find a place are drawn again.

    Raises: ValueError as ``toy.sample_scenes``.
    """
    kept: list[toy.Scenes] = []
    while sum(map(len, kept)) < count:
        scenes = toy.sample_scenes(
            count, generator=generator, objects=objects, kinds=kinds, backdrop=backdrop
        )
        places, free = _places(scenes, generator)
        scenes = replace(scenes, objects=replace(scenes.objects, position=places))
        kept.append(scenes[free])
    return toy.stack_scenes(kept)[:count]


def _places(scenes: toy.Scenes, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A place for each object, one after the other, and which scenes have places for all.

    Discs around objects may not meet on the ground; seen from the camera, two of them may not be
    nearer in angle than half of the sum of their own.
    """
    objects, exists = scenes.objects, scenes.exists
    radius = torch.where(exists, footprint(objects), 0.0)
    count, slots = radius.shape
    draws = torch.rand(count, slots, TRIES, 2, generator=generator, dtype=torch.float64).to(radius)
    x = NEAREST + (FARTHEST - NEAREST) * draws[..., 0]
    tries = torch.stack([x, ASIDE * x * (2 * draws[..., 1] - 1)], -1)
    chosen, free = tries[:, :, 0].clone(), torch.ones(count, dtype=torch.bool)
    for slot in range(1, slots):
        mine, others = tries[:, slot, :, None], chosen[:, None, :slot]  # (count, tries, slots, 2)
        reach = radius[:, slot, None, None] + radius[:, None, :slot]
        apart = (mine - others).norm(dim=-1) > 1.1 * reach
        angles = [torch.atan2(p[..., 1], p[..., 0]) for p in (mine, others)]
        wide = [radius[:, slot, None, None] / mine.norm(dim=-1)]
        wide.append(radius[:, None, :slot] / others.norm(dim=-1))
        beside = (angles[0] - angles[1]).abs() > 0.5 * (wide[0] + wide[1])
        absent = ~exists[:, None, :slot]
        good = ((apart & beside) | absent).all(-1)  # (count, tries)
        chosen[:, slot] = tries[torch.arange(count), slot, good.int().argmax(1)]
        free &= good.any(1) | ~exists[:, slot]
    return torch.cat([chosen, objects.position[..., 2:]], -1), free


def slide_scenes(
    scenes: toy.Scenes, pinhole: Float[Tensor, "3"], factor: float | int
) -> toy.Scenes:
    """Objects ``factor`` times as far from the pinhole and as large: its picture stays the same.

    Only where there is no ground; there they would hover over it, or stick in it.

    Raises: ValueError if the factor is not positive.
    """
    if factor <= 0:
        raise ValueError(f"the factor must be positive, got {factor}")
    objects, parts = scenes.objects, scenes.objects.parts
    larger = replace(parts, centre=factor * parts.centre, size=factor * parts.size)
    position = pinhole + factor * (objects.position - pinhole)
    moved = replace(
        objects, parts=larger, position=position, keypoint=factor * objects.keypoint,
        scale=factor * objects.scale,
    )  # fmt: skip
    return replace(scenes, objects=moved)


def with_mirror_images(pictures: RoadPictures) -> RoadPictures:
    """The pictures, and then all of them with left and right exchanged, boxes too.

    The camera looks straight ahead, so its mirror image is itself.
    """
    turned = pictures.boxes * pictures.boxes.new_tensor([1, -1, 1, 1, 1, 1, -1])
    c = pictures.cameras
    twice = Camera(
        c.focal.repeat(2), c.width, c.height, c.rotation.repeat(2, 1, 1), c.centre.repeat(2, 1)
    )
    return RoadPictures(
        torch.cat([pictures.images, pictures.images.flip(-1)]),
        torch.cat([pictures.boxes, turned]),
        pictures.kind.repeat(2, 1),
        twice,
    )


def make_road(
    count: int, *, seed: int = 0, progress: Callable[[int, int], None] | None = None
) -> RoadPictures:
    """``count`` random pictures of 1 to 5 objects, cached on disk.

    seed: picture i depends on it and on i alone. progress: called with (pictures done, pictures
    in all).

    Raises: ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, got {count}")
    version = generator_version() + digest_of([Path(__file__)])[:8]
    key = {"name": "roadside", "generator": version, "count": count, "seed": seed}

    def build() -> dict[str, np.ndarray]:
        blocks = []
        for first in range(0, count, BLOCK):
            blocks.append(_block(min(BLOCK, count - first), 1_000_003 * seed + first // BLOCK))
            if progress is not None:
                progress(sum(len(block["kind"]) for block in blocks), count)
        return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}

    arrays = {name: torch.from_numpy(array) for name, array in load_or_build(key, build).items()}
    cameras = road_cameras(arrays["height"], arrays["pitch"])
    images = arrays["images"].float() / 255
    return RoadPictures(images, arrays["boxes"], arrays["kind"], cameras)


def _block(count: int, seed: int) -> dict[str, np.ndarray]:
    generator = torch.Generator().manual_seed(seed)
    scenes = sample_road(BLOCK, generator=generator)[:count]
    height, pitch = (
        low + (high - low) * torch.rand(BLOCK, generator=generator)[:count]
        for low, high in (HEIGHT, PITCH)
    )
    pictures = toy.render_image(scenes, road_cameras(height, pitch))
    number = torch.full((len(toy.KINDS),), -1)
    for place, name in enumerate(KINDS):
        number[toy.KINDS.index(name)] = place
    kind = torch.where(scenes.exists, number[scenes.objects.kind.clamp(min=0)], -1)
    found = {
        "images": (pictures * 255).round().to(torch.uint8),
        "boxes": toy.boxes_3d(scenes.objects)[..., :7],
        "kind": kind,
        "height": height,
        "pitch": pitch,
    }
    return {name: tensor.numpy() for name, tensor in found.items()}
