"""Checks that diagnose: `checks.game_value(game_value)` says which mistake it is.

checks.<exercise>(function)             report, or CheckFailed after showing it
checks.preview(name, function, points)  marks on the visible inputs, in the student's copy
checks.grade(name, function, points)    marks on other inputs, in the hidden test
checks.predict(name, answer)            takes down a prediction, before the reveal
checks.quiz(name, answer)               answers a question at once, with the reason
checks.grade_prediction(name, answer, points)

A new exercise is declared in `checks/aN/` (see `exercise.Exercise`) and listed below. Its wrong
and right answers are written in `tests/checks/`; `python -m tests.checks.make_fingerprints`
then makes the numbers by which the mistakes are recognised.
"""

import functools
import importlib
from collections.abc import Callable
from typing import Any

from course_utils.checks import engine
from course_utils.checks.exercise import Exercise
from course_utils.checks.predictions import grade_prediction, predict, preview_prediction, quiz
from course_utils.checks.report import CheckFailed, Mark, Report

# Which exercises an assignment has; its module is imported when one of them is asked for.
ASSIGNMENTS = {
    "a1": (
        "game_value",
        "discriminator_loss",
        "generator_losses",
        "optimal_discriminator",
        "alternating_step",
    ),
    "a2": (
        "rotate_batch",
        "rotation_loss",
        "freeze_first_blocks",
        "label_budget",
        "relative_patch_pair",
    ),
    "a3": (
        "normalise_lab",
        "quantise_ab",
        "rebalancing_weights",
        "annealed_mean",
        "pointer_attention",
        "copy_colours",
    ),
    "a4": (
        "cosine_scores",
        "positives_as_labels",
        "info_nce",
        "mutual_information_bound",
        "temperature_gradient",
    ),
    "a5": (
        "two_views_index",
        "nt_xent",
        "momentum_update",
        "enqueue_dequeue",
        "moco_logits",
        "linear_probe_step",
    ),
    "a6": (
        "project_points",
        "pixels_to_rays",
        "frustum_planes",
        "voxelise",
        "balanced_occupancy_loss",
        "voxel_iou",
    ),
    "a7": (
        "alpha_from_density",
        "weights_from_alpha",
        "composite",
        "stratified_distances",
        "sample_pdf",
        "positional_encoding",
    ),
    "a8": (
        "covariance_3d",
        "project_covariance",
        "gaussian_footprint",
        "sort_and_composite",
        "densify_mask",
    ),
}
_WHERE = {name: assignment for assignment, names in ASSIGNMENTS.items() for name in names}


@functools.cache
def exercise(name: str) -> Exercise:
    """The declared exercise of that name.

    Raises:
        ValueError: when there is none; the message lists those that exist.
    """
    if name not in _WHERE:
        raise ValueError(f"There is no exercise {name!r}; there are: {', '.join(sorted(_WHERE))}.")
    module = importlib.import_module(f"course_utils.checks.{_WHERE[name]}")
    return next(found for found in module.EXERCISES if found.name == name)


def check(name: str, function: Callable[..., Any]) -> Report:
    """The visible check of one exercise: `checks.game_value(f)` is `checks.check("game_value", f)`.

    Raises:
        CheckFailed: when the answer is not right yet, after the report was shown.
        ValueError: when there is no such exercise.
    """
    return engine.check(exercise(name), function)


def grade(
    name: str, function: Callable[..., Any], points: float | None = None, seed: int = 1
) -> Mark:
    """Marks for one function on inputs it has not seen; the last line of a hidden test.

    Raises:
        ValueError: when there is no such exercise. The student's function raises nothing here.
    """
    return engine.grade(exercise(name), function, points, seed)


def preview(name: str, function: Callable[..., Any], points: float | None = None) -> Mark:
    """Marks on the visible inputs only: what a graded cell shows in the student's copy.

    Raises:
        ValueError: when there is no such exercise.
    """
    return engine.preview(exercise(name), function, points)


def __getattr__(name: str) -> Callable[[Callable[..., Any]], Report]:
    if name in _WHERE:
        return functools.partial(check, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_WHERE])


__all__ = [
    "ASSIGNMENTS",
    "CheckFailed",
    "Mark",
    "Report",
    "check",
    "exercise",
    "grade",
    "grade_prediction",
    "predict",
    "preview",
    "preview_prediction",
    "quiz",
]
