"""The exercises of assignment 3: colour as a label, and colour copied through time."""

from course_utils.checks.a3.annealing import MEAN_PROPERTIES, WEIGHT_PROPERTIES
from course_utils.checks.a3.lab import NORMALISE_PROPERTIES, NORMALISED, QUANTISE_PROPERTIES
from course_utils.checks.a3.misconceptions import MISCONCEPTIONS
from course_utils.checks.a3.observe import (
    observe_uneven_gradients,
    observe_weights,
    observe_with_number,
)
from course_utils.checks.a3.pointing import ATTENTION_PROPERTIES, COPY_PROPERTIES
from course_utils.checks.exercise import declaring
from course_utils.checks.observe import observe_outputs
from course_utils.selfsup import color, pointers

QUANTISE = ("chroma", "bins")
FEATURES = ("reference", "target")
COPY = ("attention", "colours")

_exercise = declaring("a3", MISCONCEPTIONS)

EXERCISES = (
    _exercise(
        "normalise_lab",
        "Lab as a network reads it",
        2,
        arguments=("lab",),
        reference=color.normalise_lab,
        lesson=color,
        observe=observe_outputs(("lab",), NORMALISED),
        properties=NORMALISE_PROPERTIES,
    ),
    _exercise(
        "quantise_ab",
        "The nearest bin",
        3,
        arguments=QUANTISE,
        reference=color.quantise_ab,
        lesson=color,
        observe=observe_outputs(QUANTISE),
        properties=QUANTISE_PROPERTIES,
    ),
    _exercise(
        "rebalancing_weights",
        "Weights for rare colours",
        3,
        arguments=("shares", "uniform"),
        reference=color.rebalancing_weights,
        lesson=color,
        observe=observe_weights,
        properties=WEIGHT_PROPERTIES,
    ),
    _exercise(
        "annealed_mean",
        "The annealed mean",
        4,
        arguments=("logits", "bins", "temperature"),
        reference=color.annealed_mean,
        lesson=color,
        observe=observe_with_number("logits", "bins"),
        properties=MEAN_PROPERTIES,
    ),
    _exercise(
        "pointer_attention",
        "Pointing into the reference frame",
        3,
        arguments=FEATURES,
        reference=pointers.pointer_attention,
        lesson=pointers,
        observe=observe_uneven_gradients(*FEATURES),
        properties=ATTENTION_PROPERTIES,
    ),
    _exercise(
        "copy_colours",
        "Copying colours",
        3,
        arguments=COPY,
        reference=pointers.copy_colours,
        lesson=pointers,
        observe=observe_uneven_gradients(*COPY),
        properties=COPY_PROPERTIES,
    ),
)
