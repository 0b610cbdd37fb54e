"""Checks that diagnose: `checks.game_value(game_value)` says which mistake it is.

checks.<exercise>(function)             report, or CheckFailed after showing it
checks.preview(name, function, points)  marks on the visible inputs, in the student's copy
checks.grade(name, function, points)    marks on other inputs, in the hidden test
checks.predict(name, answer)            takes down a prediction, before the reveal
checks.quiz(name, answer)               answers a question at once, with the reason
checks.grade_prediction(name, answer, points)

An exercise is declared in its assignment's room, `course_utils/exercises/aN_.../` (see
`rooms` and `declare`). Its wrong and right answers are written in `tests/exercises/`;
`python -m tests.exercises.make_fingerprints` then makes the numbers by which mistakes are
recognised.
"""

import functools
from collections.abc import Callable
from typing import Any

from course_utils.checks import engine
from course_utils.checks.predictions import grade_prediction, predict, preview_prediction, quiz
from course_utils.checks.report import CheckFailed, Mark, Report
from course_utils.checks.rooms import assignments, exercise


def check(name: str, function: Callable[..., Any]) -> Report:
    """The visible check of one exercise: `checks.game_value(f)` is `checks.check("game_value", f)`.

    Raises:
        CheckFailed: when the answer is not right yet, after the report was shown.
        ValueError: when there is no such exercise.
    """
    return engine.check(exercise(name), function)


def grade(name: str, function: Callable[..., Any], points: float, seed: int = 1) -> Mark:
    """Marks for one function on inputs it has not seen; the last line of a hidden test.

    Raises:
        ValueError: when there is no such exercise. The student's function raises nothing here.
    """
    return engine.grade(exercise(name), function, points, seed)


def preview(name: str, function: Callable[..., Any], points: float) -> Mark:
    """Marks on the visible inputs only: what a graded cell shows in the student's copy.

    Raises:
        ValueError: when there is no such exercise.
    """
    return engine.preview(exercise(name), function, points)


def __getattr__(name: str) -> Callable[[Callable[..., Any]], Report]:
    if name in _exercises():
        return functools.partial(check, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _exercises() -> list[str]:
    return [name for names in assignments().values() for name in names]


def __dir__() -> list[str]:
    return sorted([*__all__, *_exercises()])


__all__ = [
    "CheckFailed",
    "Mark",
    "Report",
    "assignments",
    "check",
    "exercise",
    "grade",
    "grade_prediction",
    "predict",
    "preview",
    "preview_prediction",
    "quiz",
]
