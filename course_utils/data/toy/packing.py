"""Scenes, cameras and backdrops as the flat float64 arrays that the compiled renderer reads."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from course_utils.core.srgb import linear_from_srgb
from course_utils.data.toy.backdrops import Backdrop
from course_utils.data.toy.primitives import EMPTY, bounding_radius
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera

# Columns of a part.
SHAPE, LABEL, CENTRE, ROTATION, SIZE, TAPER, COLOUR, GLOSS, GLOW, RADIUS, PART_WIDTH = (
    0, 1, 2, 5, 14, 17, 18, 21, 22, 23, 24,
)  # fmt: skip
# Columns of an object's ball.
PARTS_USED, BALL, BALL_RADIUS = 0, 1, 4
# Columns of a camera.
FOCAL, PRINCIPAL, AXES, EYE = 0, 1, 3, 12


def _backdrop_columns() -> dict[str, int]:
    """The first column of each field of a packed backdrop."""
    scalars, pairs = ("code", "texture", "texture_scale", "clouds", "hills", "haze"), ("offset",)
    columns, at = {}, 0
    for field in fields(Backdrop):
        columns[field.name] = at
        at += 1 if field.name in scalars else 2 if field.name in pairs else 3
    return columns


BACKDROP = _backdrop_columns()


def pack_parts(scenes: Scenes) -> np.ndarray:
    """(scenes, slots, parts, PART_WIDTH) in world coordinates, colours in linear light."""
    p = scenes.map(_double).objects.world_parts
    columns = [
        p.shape[..., None], p.label[..., None], p.centre, p.rotation.flatten(-2), p.size,
        p.taper[..., None], linear_from_srgb(p.colour), p.gloss[..., None], p.glow[..., None],
        bounding_radius(p)[..., None],
    ]  # fmt: skip
    return torch.cat([c.double() for c in columns], -1).contiguous().numpy()


def pack_balls(parts: np.ndarray) -> np.ndarray:
    """(scenes, slots, 5): how many parts to look at, and a ball that holds them all."""
    used = parts[..., SHAPE] != EMPTY
    last = np.where(used, np.arange(1, parts.shape[2] + 1), 0).max(-1)
    centre, radius = parts[..., CENTRE : CENTRE + 3], parts[..., RADIUS, None]
    low = np.where(used[..., None], centre - radius, np.inf).min(2)
    high = np.where(used[..., None], centre + radius, -np.inf).max(2)
    some = used.any(-1)[..., None]
    middle = (np.where(some, low, 0.0) + np.where(some, high, 0.0)) / 2
    reach = np.linalg.norm(centre - middle[:, :, None], axis=-1) + radius[..., 0]
    reach = np.where(used, reach, -1.0).max(-1)
    return np.concatenate([last[..., None], middle, reach[..., None]], -1)


def pack_backdrop(backdrop: Backdrop) -> np.ndarray:
    """(scenes, columns), laid out as in ``BACKDROP``."""
    columns = [getattr(backdrop, f.name).cpu().double() for f in fields(Backdrop)]
    columns = [c[..., None] if c.ndim == 1 else c for c in columns]
    return torch.cat(columns, -1).contiguous().numpy()


def pack_cameras(camera: Camera) -> np.ndarray:
    """(views, 15): focal, principal point, rotation, centre."""
    rotation = camera.rotation.flatten(-2)
    columns = [camera.focal[..., None], camera.principal, rotation, camera.centre]
    return torch.cat([c.cpu().double() for c in columns], -1).contiguous().numpy()


def _double(x: Tensor) -> Tensor:
    return x.cpu().double() if x.is_floating_point() else x.cpu()
