"""Wrong answers to assignment 8: `WRONG[exercise][misconception]` is a list of variants."""

from .a8_growing import DENSIFY_MASK
from .a8_picture import GAUSSIAN_FOOTPRINT, SORT_AND_COMPOSITE
from .a8_shape import COVARIANCE_3D, PROJECT_COVARIANCE

WRONG = {
    "covariance_3d": COVARIANCE_3D,
    "project_covariance": PROJECT_COVARIANCE,
    "gaussian_footprint": GAUSSIAN_FOOTPRINT,
    "sort_and_composite": SORT_AND_COMPOSITE,
    "densify_mask": DENSIFY_MASK,
}
