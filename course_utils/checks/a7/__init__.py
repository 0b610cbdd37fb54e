"""The exercises of assignment 7: volume rendering by quadrature, encoding and sampling."""

from jaxtyping import Float
from torch import Tensor

from course_utils.checks.a7.encoding import ENCODING_PROPERTIES, observe_encoding
from course_utils.checks.a7.light import (
    ALPHA_PROPERTIES,
    COMPOSITE_PROPERTIES,
    LIGHT,
    WEIGHT_PROPERTIES,
    observe_alpha,
    observe_composite,
    observe_weights,
)
from course_utils.checks.a7.observe import observe_pdf, observe_stratified
from course_utils.checks.a7.samples import PDF_PROPERTIES, STRATIFIED_PROPERTIES
from course_utils.checks.exercise import declaring
from course_utils.vision3d.fields import compositing, nerf, ray_sampling


def composite_over(
    weights: Float[Tensor, "*rays samples"],
    values: Float[Tensor, "*rays samples channels"],
    background: Float[Tensor, "channels"],
) -> Float[Tensor, "*rays channels"]:
    """The samples' light and what is left of the background, sum_i w_i v_i + (1 - sum_i w_i) b."""
    opacity = compositing.opacity_from_weights(weights)
    return compositing.over_background(compositing.composite(weights, values), opacity, background)


_exercise = declaring("a7", None)

EXERCISES = (
    _exercise(
        "alpha_from_density",
        "The share that a bin stops",
        3,
        arguments=("density", "lengths"),
        reference=compositing.alpha_from_density,
        lesson=compositing,
        observe=observe_alpha,
        properties=ALPHA_PROPERTIES,
    ),
    _exercise(
        "weights_from_alpha",
        "What still gets through",
        4,
        arguments=("alpha",),
        reference=compositing.weights_from_alpha,
        lesson=compositing,
        observe=observe_weights,
        properties=WEIGHT_PROPERTIES,
    ),
    _exercise(
        "composite",
        "What the ray sees",
        3,
        arguments=LIGHT,
        reference=composite_over,
        lesson=compositing,
        observe=observe_composite,
        properties=COMPOSITE_PROPERTIES,
    ),
    _exercise(
        "stratified_distances",
        "One place in each bin",
        3,
        arguments=("edges", "rays", "generator"),
        reference=ray_sampling.stratified_distances,
        lesson=ray_sampling,
        observe=observe_stratified,
        properties=STRATIFIED_PROPERTIES,
    ),
    _exercise(
        "sample_pdf",
        "A second look where it matters",
        4,
        arguments=("edges", "weights", "count", "generator"),
        reference=ray_sampling.sample_pdf,
        lesson=ray_sampling,
        observe=observe_pdf,
        properties=PDF_PROPERTIES,
    ),
    _exercise(
        "positional_encoding",
        "Waves instead of coordinates",
        3,
        arguments=("points", "frequencies"),
        reference=nerf.positional_encoding,
        lesson=nerf,
        observe=observe_encoding,
        properties=ENCODING_PROPERTIES,
    ),
)
