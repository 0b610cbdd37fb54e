"""A course in a temporary folder, and graded results, for the tests of grading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from course_admin.grading import run as running
from course_admin.grading.journal import Journal
from course_admin.grading.judging.examination import Rooms
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.submissions.course import Course, open_course
from course_admin.grading.worker import Workshop, modules_of

from .synthetic import HW, make_course

# nbgrader starts the program `alembic`, which lies beside Python where nothing is activated
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

Grade = Callable[..., dict[str, Result]]


@pytest.fixture
def course_folder(tmp_path: Path) -> Path:
    """A course with one assignment and no submissions."""
    return make_course(tmp_path / "course")


class KeptWorkshop(Workshop):
    """A workshop whose fork servers outlive it: starting them takes longer than most tests."""

    kept: ClassVar[dict[object, Rooms]] = {}

    def _start(self) -> Rooms:
        key = (self.bundle.isolate, self.bundle.files, *modules_of(self.bundle.sources))
        if key not in self.kept or not self._alive(self.kept[key]):
            self.kept[key] = super()._start()
        return self.kept[key]

    def close(self) -> None:
        """Leave the fork servers to the next one."""
        self.closed = True


@pytest.fixture(scope="module")
def kept_fork_servers() -> Iterator[None]:
    """Runs in this process share their fork servers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(running, "Workshop", KeptWorkshop)
        yield
    for rooms in KeptWorkshop.kept.values():
        rooms.close()
    KeptWorkshop.kept.clear()


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
