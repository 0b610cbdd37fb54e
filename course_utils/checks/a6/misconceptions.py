"""Plausible mistakes in assignment 6, exercise by exercise."""

from course_utils.checks.a6.misconceptions_pinhole import (
    FRUSTUM_PLANES,
    PIXELS_TO_RAYS,
    PROJECT_POINTS,
)
from course_utils.checks.a6.misconceptions_voxels import (
    BALANCED_OCCUPANCY_LOSS,
    VOXEL_IOU,
    VOXELISE,
)

MISCONCEPTIONS = {
    "project_points": PROJECT_POINTS,
    "pixels_to_rays": PIXELS_TO_RAYS,
    "frustum_planes": FRUSTUM_PLANES,
    "voxelise": VOXELISE,
    "balanced_occupancy_loss": BALANCED_OCCUPANCY_LOSS,
    "voxel_iou": VOXEL_IOU,
}
