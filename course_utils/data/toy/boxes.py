"""Exact 3D boxes of objects, and exact 2D boxes of their projections.

A convex part reaches furthest along a direction a (in its own frame) by its support function:
|s a| for an ellipsoid, the best vertex for a prism, the better of two discs for a frustum.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.data.toy.blueprints.base import Objects
from course_utils.data.toy.primitives import EMPTY, Parts, pick


def support(parts: Parts, direction: Float[Tensor, "*axes 3"]) -> Float[Tensor, "*parts"]:
    """max over the part of direction . (x - centre); direction in the frame of ``centre``."""
    a = (direction[..., None, :] @ parts.rotation)[..., 0, :]
    size, x = parts.size, parts.size[..., 0]
    ellipsoid = (a * size).norm(dim=-1)
    top = parts.taper * x
    along, across = a[..., 2] * size[..., 2], a[..., 0].abs()
    prism = torch.maximum(across * x - along, across * top + along)
    prism = prism + a[..., 1].abs() * size[..., 1]
    radial = a[..., :2].norm(dim=-1)
    frustum = torch.maximum(radial * x - along, radial * top + along)
    return pick(parts.shape, ellipsoid, prism, frustum, torch.full_like(ellipsoid, -torch.inf))


def parts_extent(parts: Parts) -> tuple[Float[Tensor, "*objects 3"], Float[Tensor, "*objects 3"]]:
    """Lowest and highest coordinates reached by any of the parts along the last axis.

    Zero for both where there is no part at all.
    """
    eye = torch.eye(3, dtype=parts.size.dtype, device=parts.size.device)
    high = torch.stack([parts.centre[..., i] + support(parts, eye[i]) for i in range(3)], -1)
    low = torch.stack([parts.centre[..., i] - support(parts, -eye[i]) for i in range(3)], -1)
    none = (parts.shape == EMPTY)[..., None]
    high = torch.where(none, -torch.inf, high).amax(-2)
    low = torch.where(none, torch.inf, low).amin(-2)
    some = high >= low
    return torch.where(some, low, 0.0), torch.where(some, high, 0.0)


def object_extent(
    objects: Objects,
) -> tuple[Float[Tensor, "*objects 3"], Float[Tensor, "*objects 3"]]:
    """Lowest and highest coordinates of each object in its own frame (before the yaw)."""
    return parts_extent(objects.parts)


def boxes_3d(objects: Objects) -> Float[Tensor, "*objects 9"]:
    """Tight 3D boxes (x, y, z, length, width, height, yaw, pitch, roll).

    Centre and full side lengths in world units; length runs along the object's front. Angles
    in radians; pitch and roll are 0 because objects only turn about the vertical.
    """
    low, high = object_extent(objects)
    middle, c, s = (low + high) / 2, objects.yaw.cos(), objects.yaw.sin()
    x = objects.position[..., 0] + c * middle[..., 0] - s * middle[..., 1]
    y = objects.position[..., 1] + s * middle[..., 0] + c * middle[..., 1]
    z = objects.position[..., 2] + middle[..., 2]
    zero = torch.zeros_like(x)
    centre = torch.stack([x, y, z], -1)
    angles = torch.stack([objects.yaw, zero, zero], -1)
    return torch.cat([centre, high - low, angles], -1)
