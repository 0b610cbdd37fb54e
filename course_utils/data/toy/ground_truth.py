"""Ground truth beyond the picture: occupancy, signed distance, keypoints, 2D boxes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.data.toy.distance import ellipsoid_distance, frustum_distance, prism_distance
from course_utils.data.toy.primitives import (
    ELLIPSOID,
    EMPTY,
    FRUSTUM,
    PRISM,
    Parts,
    is_inside,
    to_local,
)
from course_utils.data.toy.raycast import flat_parts
from course_utils.data.toy.render import is_blocked, match_views
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera, in_image, project_points

PAIRS_AT_ONCE = 2**18  # of points and parts, to bound the memory
MEASURES = {
    ELLIPSOID: lambda size, taper, points: ellipsoid_distance(size, points),
    PRISM: prism_distance,
    FRUSTUM: frustum_distance,
}


def _check_points(scenes: Scenes, points: Tensor) -> Tensor:
    if points.shape[-1] != 3 or points.ndim not in (2, 3):
        raise ValueError(f"points must be (points, 3) or (scenes, points, 3), got {points.shape}")
    if points.ndim == 3 and len(points) != len(scenes):
        raise ValueError(f"{len(scenes)} scenes but points for {len(points)}")
    return points.expand(len(scenes), *points.shape[-2:])


def _over_chunks(parts: Parts, points: Tensor, reduce) -> Tensor:
    step = max(1, PAIRS_AT_ONCE // parts.shape.numel())
    return torch.cat([reduce(parts, chunk) for chunk in points.split(step, dim=1)], 1)


def _inside_any(parts: Parts, points: Tensor) -> Bool[Tensor, "scenes points"]:
    each = parts.map(lambda x: x[:, None])
    local = to_local(each, points[:, :, None])
    return is_inside(each.shape, each.size, each.taper, local).any(-1)


def _least_distance(parts: Parts, points: Tensor) -> Float[Tensor, "scenes points"]:
    """Shape by shape, because the distance to an ellipsoid costs far more than the others."""
    least = torch.full_like(points[..., 0], torch.inf)
    for shape, measure in MEASURES.items():
        scene, part = (parts.shape == shape).nonzero(as_tuple=True)
        if not len(scene):
            continue
        chosen = parts[scene, part].map(lambda x: x[:, None])
        distance = measure(chosen.size, chosen.taper, to_local(chosen, points[scene]))
        index = scene[:, None].expand_as(distance)
        least = least.scatter_reduce(0, index, distance, "amin")
    return least


def occupancy(
    scenes: Scenes, points: Float[Tensor, "*batch points 3"]
) -> Bool[Tensor, "scenes points"]:
    """Whether each point lies inside any object of its scene (the ground does not count).

    points: world units, (scenes, points, 3), or (points, 3) to ask every scene the same.

    Raises: ValueError for another shape.
    """
    parts, _ = flat_parts(scenes)
    return _over_chunks(parts, _check_points(scenes, points), _inside_any)


def signed_distance(
    scenes: Scenes, points: Float[Tensor, "*batch points 3"]
) -> Float[Tensor, "scenes points"]:
    """The least of the exact signed distances to all parts of each scene; negative inside.

    Zero exactly on the surface and, outside, exactly the distance to it. Inside a place where
    parts overlap it is the depth in the deepest single part, which is at most the depth in
    their union. Differentiable in the points, with a gradient of length 1. Shapes as for
    ``occupancy``; world units; the ground does not count.

    Raises: ValueError for another shape.
    """
    parts, _ = flat_parts(scenes)
    return _over_chunks(parts, _check_points(scenes, points), _least_distance)


@dataclass(frozen=True)
class Keypoints:
    """Named points of each object, see ``KEYPOINT_NAMES``, seen from each view.

    points: world units. uv: pixels. depth: along the optical axis. visible: in the image and
    hidden by nothing. exists: whether the object has this keypoint. part: index into
    ``PART_NAMES`` of the part it lies on, -1 where it does not exist.
    """

    points: Float[Tensor, "views slots keypoints 3"]
    uv: Float[Tensor, "views slots keypoints 2"]
    depth: Float[Tensor, "views slots keypoints"]
    visible: Bool[Tensor, "views slots keypoints"]
    exists: Bool[Tensor, "views slots keypoints"]
    part: Int[Tensor, "views slots keypoints"]


def keypoints(scenes: Scenes, camera: Camera) -> Keypoints:
    """The keypoints of every object in space and in every view.

    Raises: ValueError if the numbers of scenes and cameras do not fit.
    """
    scene_of, camera = match_views(scenes, camera)
    scenes = scenes.map(lambda x: x[scene_of])
    objects = scenes.objects
    c, s = objects.yaw.cos()[..., None], objects.yaw.sin()[..., None]
    x, y, z = objects.keypoint.unbind(-1)
    points = torch.stack([c * x - s * y, s * x + c * y, z], -1) + objects.position[..., None, :]
    exists = objects.keypoint_part >= 0
    part = objects.parts.label.gather(-1, objects.keypoint_part.clamp(min=0))
    uv, depth = project_points(camera, points.flatten(1, 2))
    seen = in_image(camera, uv, depth) & is_seen(scenes, camera, points.flatten(1, 2))
    shape = exists.shape
    return Keypoints(
        points=points,
        uv=uv.reshape(*shape, 2),
        depth=depth.reshape(shape),
        visible=seen.reshape(shape) & exists,
        exists=exists,
        part=torch.where(exists, part, -1),
    )


def is_seen(
    scenes: Scenes, camera: Camera, points: Float[Tensor, "views points 3"], slack: float = 2e-3
) -> Bool[Tensor, "views points"]:
    """Whether nothing lies between the camera and points on surfaces, one scene per view.

    slack: how much nearer than the point a hit may be, in world units, so that a surface
    does not hide its own points.
    """
    offset = points - camera.centre[:, None]
    length = offset.norm(dim=-1)
    origins = camera.centre[:, None].expand_as(offset)
    return ~is_blocked(scenes, origins, offset / length[..., None], length - slack)


def full_boxes(scenes: Scenes, camera: Camera) -> Float[Tensor, "views slots 4"]:
    """Boxes (left, top, right, bottom) in pixels around each whole object, hidden parts too.

    Exact: corners for prisms; for discs and ellipsoids the dual conic C of the outline, whose
    extremes are u = (C13 +- sqrt(C13^2 - C11 C33)) / C33 (Hartley & Zisserman 2004, eq. 8.5).
    Zero for empty slots. Every object must lie in front of its camera.

    Raises: ValueError if the numbers of scenes and cameras do not fit.
    """
    scene_of, camera = match_views(scenes, camera)
    parts = scenes.map(lambda x: x[scene_of]).objects.world_parts
    matrix = camera.intrinsics @ camera.world_to_camera  # (views, 3, 4)
    low, high = _part_bounds(parts, matrix[:, None, None])
    none = (parts.shape == EMPTY)[..., None]
    low = torch.where(none, torch.inf, low).amin(2)
    high = torch.where(none, -torch.inf, high).amax(2)
    boxes = torch.cat([low, high], -1)
    return torch.where(boxes.isfinite(), boxes, 0.0)


def _part_bounds(parts: Parts, matrix: Tensor) -> tuple[Tensor, Tensor]:
    axes = parts.rotation * parts.size[..., None, :]  # columns: half axes
    ellipsoid = _conic_bounds(matrix, axes, parts.centre)
    round_, cornered = [], []
    for end in (-1, 1):
        ratio = torch.ones_like(parts.taper) if end < 0 else parts.taper
        middle = parts.centre + end * axes[..., 2]
        disc = axes[..., :2] * ratio[..., None, None]
        round_.append(_conic_bounds(matrix, disc, middle))
        for sx in (-1, 1):
            for sy in (-1, 1):
                corner = middle + sx * disc[..., 0] + sy * axes[..., 1]
                cornered.append(_project(matrix, corner))
    frustum = [f(side) for f, side in zip((_least, _most), zip(*round_, strict=True), strict=True)]
    prism = [_least(cornered), _most(cornered)]
    shape = parts.shape[..., None]
    return tuple(
        torch.where(shape == ELLIPSOID, e, torch.where(shape == FRUSTUM, f, p))
        for e, f, p in zip(ellipsoid, frustum, prism, strict=True)
    )


def _least(values) -> Tensor:
    return torch.stack(list(values)).amin(0)


def _most(values) -> Tensor:
    return torch.stack(list(values)).amax(0)


def _project(matrix: Tensor, point: Tensor) -> Tensor:
    p = (matrix[..., :3] @ point[..., None] + matrix[..., 3:])[..., 0]
    return p[..., :2] / p[..., 2:]


def _conic_bounds(matrix: Tensor, axes: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Bounds of the image of {centre + axes u, |u| <= 1}: dual conic C = A A^T - c c^T."""
    a = matrix[..., :3] @ axes
    c = matrix[..., :3] @ centre[..., None] + matrix[..., 3:]
    conic = a @ a.transpose(-1, -2) - c @ c.transpose(-1, -2)
    c33 = conic[..., 2, 2, None]
    middle = conic[..., :2, 2] / c33
    diagonal = torch.stack([conic[..., 0, 0], conic[..., 1, 1]], -1)
    reach = (middle**2 - diagonal / c33).clamp(min=0).sqrt()
    return middle - reach, middle + reach
