"""Plausible mistakes in assignment 8, exercise by exercise."""

from course_utils.checks.a8.misconceptions_growing import DENSIFY_MASK
from course_utils.checks.a8.misconceptions_picture import GAUSSIAN_FOOTPRINT, SORT_AND_COMPOSITE
from course_utils.checks.a8.misconceptions_shape import COVARIANCE_3D, PROJECT_COVARIANCE

MISCONCEPTIONS = {
    "covariance_3d": COVARIANCE_3D,
    "project_covariance": PROJECT_COVARIANCE,
    "gaussian_footprint": GAUSSIAN_FOOTPRINT,
    "sort_and_composite": SORT_AND_COMPOSITE,
    "densify_mask": DENSIFY_MASK,
}
