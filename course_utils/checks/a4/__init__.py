"""The exercises of assignment 4: the InfoNCE loss, its bound and its gradient."""

from course_utils.checks.a4.choosing import (
    BOUND_PROPERTIES,
    GRADIENT_PROPERTIES,
    LOSS_PROPERTIES,
    observe_choice,
)
from course_utils.checks.a4.misconceptions import MISCONCEPTIONS
from course_utils.checks.a4.scoring import LABEL_PROPERTIES, SCORE_PROPERTIES, observe_labels
from course_utils.checks.exercise import declaring
from course_utils.checks.observe import observe_outputs
from course_utils.selfsup import contrastive, mutual_information

SCORES = ("queries", "keys")
CHOICE = ("scores", "labels", "temperature")

_exercise = declaring("a4", MISCONCEPTIONS)

EXERCISES = (
    _exercise(
        "cosine_scores",
        "The score of every pair",
        3,
        arguments=SCORES,
        reference=contrastive.cosine_scores,
        lesson=contrastive,
        observe=observe_outputs(SCORES),
        properties=SCORE_PROPERTIES,
    ),
    _exercise(
        "positives_as_labels",
        "The positive as a label",
        3,
        arguments=("pictures",),
        reference=contrastive.positives_as_labels,
        lesson=contrastive,
        observe=observe_labels,
        properties=LABEL_PROPERTIES,
    ),
    _exercise(
        "info_nce",
        "The InfoNCE loss",
        4,
        arguments=CHOICE,
        reference=contrastive.info_nce,
        lesson=contrastive,
        observe=observe_choice,
        properties=LOSS_PROPERTIES,
    ),
    _exercise(
        "mutual_information_bound",
        "A bound on mutual information",
        4,
        arguments=CHOICE[:2],
        reference=mutual_information.mutual_information_bound,
        lesson=mutual_information,
        observe=observe_choice,
        properties=BOUND_PROPERTIES,
    ),
    _exercise(
        "temperature_gradient",
        "Who is pushed, and how hard",
        4,
        arguments=CHOICE,
        reference=contrastive.temperature_gradient,
        lesson=contrastive,
        observe=observe_choice,
        properties=GRADIENT_PROPERTIES,
    ),
)
