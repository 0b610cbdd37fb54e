"""A course in a temporary folder, and graded results, for the tests of grading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from course_utils.grading.course import Course, open_course
from course_utils.grading.journal import Journal
from course_utils.grading.run import Settings, run
from course_utils.grading.verdicts import Result

from .synthetic import HW, make_course

# nbgrader starts the program `alembic`, which lies beside Python where nothing is activated
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

Grade = Callable[..., dict[str, Result]]


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    """A course with one assignment and no submissions."""
    return make_course(tmp_path / "course")


@pytest.fixture
def grade(course_folder: Path) -> Grade:
    """Grade what was handed in; returns results by student."""

    def grade_it(**settings: object) -> dict[str, Result]:
        course = open_course(course_folder, HW)
        run(course, Settings(**{"workers": 2, "feedback": False, **settings}), lambda *_: None)
        return results_of(course)

    return grade_it


def results_of(course: Course) -> dict[str, Result]:
    """What the journal holds, by student."""
    return {e.result.student: e.result for e in Journal(course.state / "journal").entries()}


def marks_of(result: Result) -> dict[str, float | None]:
    """Scores by cell."""
    return {mark.grade_id: mark.score for mark in result.marks}
