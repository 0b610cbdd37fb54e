"""Where every pixel goes: correspondence between two views or two moments, and optical flow."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.data.toy.blueprints.base import turn_about
from course_utils.data.toy.ground_truth import is_seen
from course_utils.data.toy.render import is_blocked, match_views, render_truth
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import (
    Camera,
    in_image,
    pixel_centres,
    pixels_to_rays,
    project_points,
)  # fmt: skip


@dataclass(frozen=True)
class Correspondence:
    """For each pixel centre of view a, where the same point of the world lies in view b.

    target: (u, v) in view b's pixels. flow: target minus the pixel's own centre. visible:
    the point is in view b's image and nothing hides it there.
    """

    target: Float[Tensor, "views 2 height width"]
    flow: Float[Tensor, "views 2 height width"]
    visible: Bool[Tensor, "views height width"]


def correspondence(
    scenes_a: Scenes, camera_a: Camera, scenes_b: Scenes, camera_b: Camera
) -> Correspondence:
    """Dense matches from view a to view b; the scenes may differ in their objects' poses.

    Points on objects move with them; points on the ground stay; sky and backdrop are
    infinitely far away and move only by the camera's rotation. Both scenes must hold the same
    objects in the same slots.

    Raises: ValueError if they do not, or if the numbers of scenes and cameras do not fit.
    """
    if not torch.equal(scenes_a.objects.kind, scenes_b.objects.kind):
        raise ValueError("both scenes must hold the same objects in the same slots")
    truth = render_truth(scenes_a, camera_a)
    of_a, camera_a = match_views(scenes_a, camera_a)
    of_b, camera_b = match_views(scenes_b, camera_b)
    scenes_a, scenes_b = scenes_a[of_a], scenes_b[of_b]
    uv = pixel_centres(camera_a).flatten(0, 1)
    origins, directions = pixels_to_rays(camera_a, uv)
    distance, instance = truth.distance.flatten(1), truth.instance.flatten(1)
    near = distance.isfinite()
    points = origins + torch.where(near, distance, 1.0)[..., None] * directions
    points = carried(scenes_a, scenes_b, points, instance)
    points = torch.where(near[..., None], points, camera_b.centre[:, None] + directions)
    target, depth = project_points(camera_b, points)
    seen = torch.where(
        near, is_seen(scenes_b, camera_b, points), _sky_is_seen(scenes_b, camera_b, directions)
    )
    size = (camera_a.height, camera_a.width)
    flow = target - uv
    return Correspondence(
        target=target.transpose(1, 2).unflatten(2, size),
        flow=flow.transpose(1, 2).unflatten(2, size),
        visible=(seen & in_image(camera_b, target, depth)).unflatten(1, size),
    )


def carried(
    scenes_a: Scenes, scenes_b: Scenes, points: Float[Tensor, "scenes points 3"], instance: Tensor
) -> Float[Tensor, "scenes points 3"]:
    """Points on objects of scene a, moved to where they are in scene b.

    instance: (scenes, points), the object each point belongs to; -1 stays where it is.
    """
    view = torch.arange(len(points), device=points.device)[:, None]
    slot = instance.clamp(min=0)
    a, b = scenes_a.objects, scenes_b.objects
    turn = turn_about("z", (b.yaw - a.yaw)[view, slot])
    arm = points - a.position[view, slot]
    moved = (turn @ arm[..., None])[..., 0] + b.position[view, slot]
    return torch.where((instance >= 0)[..., None], moved, points)


def _sky_is_seen(scenes: Scenes, camera: Camera, directions: Tensor) -> Tensor:
    origins = camera.centre[:, None].expand_as(directions)
    endless = torch.full_like(directions[..., 0], torch.inf)
    return ~is_blocked(scenes, origins, directions, endless)
