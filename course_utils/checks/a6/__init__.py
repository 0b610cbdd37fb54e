"""The exercises of assignment 6: a camera by hand, and shapes as voxels."""

from torch import Tensor

from course_utils.checks.a6.observe import (
    CAMERA,
    observe_grid,
    observe_iou,
    observe_loss,
    observe_planes,
    observe_projection,
    observe_rays,
)
from course_utils.checks.a6.pinhole import PLANE_PROPERTIES, PROJECTION_PROPERTIES, RAY_PROPERTIES
from course_utils.checks.a6.voxels import GRID_PROPERTIES, IOU_PROPERTIES, LOSS_PROPERTIES
from course_utils.checks.exercise import declaring
from course_utils.vision3d import cameras
from course_utils.vision3d.boxes import frustums
from course_utils.vision3d.shapes import conversions, voxels


def _camera(rotation: Tensor, centre: Tensor, focal: Tensor, principal: Tensor) -> cameras.Camera:
    """The lesson's camera from its numbers; the size of its image plays no part here."""
    return cameras.Camera(focal, 64, 48, rotation, centre, principal)


def _project_points(points: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    return cameras.project_points(_camera(*camera), points)


def _pixels_to_rays(pixels: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    return cameras.pixels_to_rays(_camera(*camera), pixels)


def _frustum_planes(rectangle: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    return frustums.frustum_planes(_camera(*camera), rectangle)


_exercise = declaring("a6", None)

EXERCISES = (
    _exercise(
        "project_points",
        "From a point to its pixel",
        4,
        arguments=("points", *CAMERA),
        reference=_project_points,
        lesson=cameras,
        observe=observe_projection,
        properties=PROJECTION_PROPERTIES,
    ),
    _exercise(
        "pixels_to_rays",
        "From a pixel to its ray",
        3,
        arguments=("pixels", *CAMERA),
        reference=_pixels_to_rays,
        lesson=cameras,
        observe=observe_rays,
        properties=RAY_PROPERTIES,
    ),
    _exercise(
        "frustum_planes",
        "What a rectangle knows",
        4,
        arguments=("rectangle", *CAMERA),
        reference=_frustum_planes,
        lesson=frustums,
        observe=observe_planes,
        properties=PLANE_PROPERTIES,
    ),
    _exercise(
        "voxelise",
        "Points into voxels",
        3,
        arguments=("points", "resolution", "side"),
        reference=conversions.occupancy_from_points,
        lesson=conversions,
        observe=observe_grid,
        properties=GRID_PROPERTIES,
    ),
    _exercise(
        "balanced_occupancy_loss",
        "Most of the world is air",
        3,
        arguments=("logits", "occupancy"),
        reference=voxels.balanced_occupancy_loss,
        lesson=voxels,
        observe=observe_loss,
        properties=LOSS_PROPERTIES,
    ),
    _exercise(
        "voxel_iou",
        "How well two shapes agree",
        3,
        arguments=("predicted", "truth", "threshold"),
        reference=voxels.voxel_iou,
        lesson=voxels,
        observe=observe_iou,
        properties=IOU_PROPERTIES,
    ),
)
