"""The exercises of assignment 8: Gaussian splatting, from one ellipsoid to a picture that grows."""

from course_utils.checks.a8.drawing import COMPOSITE_PROPERTIES, FOOTPRINT_PROPERTIES
from course_utils.checks.a8.growing import DENSIFY_PROPERTIES
from course_utils.checks.a8.observe import observe_masks, observe_splats
from course_utils.checks.a8.references import (
    densify_from_gradients,
    footprints_on_picture,
    picture_from_alpha,
    projected_covariance,
)
from course_utils.checks.a8.shaping import COVARIANCE_PROPERTIES, PROJECTION_PROPERTIES
from course_utils.checks.exercise import declaring
from course_utils.vision3d.splats import gaussians

SHAPE = ("scales", "quaternions")
PROJECTION = ("means", "covariances", "rotation", "centre", "focal")
FOOTPRINT = ("means", "covariances", "opacities", "height", "width")
COMPOSITE = ("alpha", "depths", "colours", "background")
DENSIFY = ("gradients", "scales", "pull_limit", "size_limit")

_exercise = declaring("a8", None, lesson=gaussians)

EXERCISES = (
    _exercise(
        "covariance_3d",
        "An ellipsoid from axes and a rotation",
        3,
        arguments=SHAPE,
        reference=gaussians.covariance_3d,
        observe=observe_splats(SHAPE),
        properties=COVARIANCE_PROPERTIES,
    ),
    _exercise(
        "project_covariance",
        "Its ellipse on the picture",
        4,
        arguments=PROJECTION,
        reference=projected_covariance,
        observe=observe_splats(PROJECTION[:4]),
        properties=PROJECTION_PROPERTIES,
    ),
    _exercise(
        "gaussian_footprint",
        "What it covers of each pixel",
        4,
        arguments=FOOTPRINT,
        reference=footprints_on_picture,
        observe=observe_splats(FOOTPRINT[:3]),
        properties=FOOTPRINT_PROPERTIES,
    ),
    _exercise(
        "sort_and_composite",
        "Front to back",
        4,
        arguments=COMPOSITE,
        reference=picture_from_alpha,
        observe=observe_splats(COMPOSITE),
        properties=COMPOSITE_PROPERTIES,
    ),
    _exercise(
        "densify_mask",
        "Clone or split",
        4,
        arguments=DENSIFY,
        reference=densify_from_gradients,
        observe=observe_masks(DENSIFY[:2], ("clone", "split")),
        properties=DENSIFY_PROPERTIES,
    ),
)
