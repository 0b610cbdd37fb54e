"""The gradebook: stock nbgrader is its only writer.

`register` runs nbgrader's generate_assignment (into a folder that is thrown away) so that the
gradebook knows the cells; `record` runs its autograde with execution switched off on the
notebooks that we have executed; `send_back` runs its generate_feedback.
"""

from __future__ import annotations

import functools
import glob
import json
import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

import nbgrader.api
from alembic.script import ScriptDirectory
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, TagRemovePreprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import GetGrades
from nbgrader.utils import capture_log
from traitlets import List
from traitlets.config import Config

from course_utils.grading.collect import Submission
from course_utils.grading.course import Course
from course_utils.grading.journal import write_atomically
from course_utils.grading.rebuild import GRADERS_ONLY
from course_utils.grading.verdicts import Result


def newest_schema() -> str:
    """Version of nbgrader's tables; it asks the program `alembic`, which takes two seconds."""
    return ScriptDirectory(ALEMBIC_DIR).get_current_head() or ""


# nbgrader opens the gradebook nine times for one submission. With one engine for all of them,
# SQLAlchemy keeps its compiled statements.
nbgrader.api.create_engine = functools.lru_cache(maxsize=4)(nbgrader.api.create_engine)
nbgrader.api.get_alembic_version = newest_schema


class GradebookError(RuntimeError):
    """nbgrader reported a failure; the message is its log's end."""


def _api(config: Config) -> NbGraderAPI:
    config.NbGraderAPI.log_level = logging.ERROR
    return NbGraderAPI(config=config)


def _checked(outcome: dict[str, Any], what: str) -> None:
    if not outcome["success"]:
        detail = f"{outcome.get('log') or ''}\n{outcome.get('error') or ''}".strip()
        raise GradebookError(f"nbgrader could not {what}:\n" + "\n".join(detail.splitlines()[-40:]))


def register(course: Course, fingerprint: str) -> None:
    """Let the gradebook know the assignment's cells and points, where it does not yet."""
    stamp = course.state / "registered.json"
    wanted = {"fingerprint": fingerprint, "database": course.database}
    if stamp.is_file() and json.loads(stamp.read_text()) == wanted and _is_known(course):
        return
    with tempfile.TemporaryDirectory(prefix="course-release-") as folder:
        config = course.config()
        config.CourseDirectory.release_directory = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcome = _api(config).generate_assignment(course.assignment, force=True, create=True)
        _checked(outcome, f"register {course.assignment}")
    write_atomically(stamp, json.dumps(wanted))


def _is_known(course: Course) -> bool:
    with Gradebook(course.database) as book:
        try:
            book.find_assignment(course.assignment)
        except MissingEntry:
            return False
    return True


def lay_out(course: Course, submission: Submission, result: Result) -> None:
    """Write a result's executed notebooks where nbgrader reads submissions."""
    folder = course.executed / result.student / course.assignment
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.ipynb"):
        if old.stem not in result.notebooks:
            old.unlink()
    for name, text in result.notebooks.items():
        write_atomically(folder / f"{name}.ipynb", text)
    stamp = folder / "timestamp.txt"
    if submission.timestamp:
        write_atomically(stamp, submission.timestamp)
    else:
        stamp.unlink(missing_ok=True)


class _Kept:
    """A converter of nbgrader's that keeps its exporter, and so its compiled templates."""

    def start(self) -> None:
        """Convert what the course directory's student id points to."""
        if not self.trait_has_value("exporter"):
            super().start()
            return
        self.init_notebooks()
        self.convert_notebooks()


class _Autograde(_Kept, Autograde):
    """`nbgrader autograde`."""


class _GenerateFeedback(_Kept, GenerateFeedback):
    """`nbgrader generate_feedback`, without what is there for graders only."""

    preprocessors = List([TagRemovePreprocessor, GetGrades, CSSHTMLHeaderPreprocessor])


class Recorder:
    """nbgrader's autograde and feedback, kept ready for many students."""

    def __init__(self, course: Course) -> None:
        self.course = course
        config = course.config()
        config.Execute.enabled = False
        config.ClearOutput.enabled = False  # what `nbgrader autograde --no-execute` sets
        config.HTMLExporter.template_name = "feedback"
        config.TagRemovePreprocessor.enabled = True
        config.TagRemovePreprocessor.remove_cell_tags = {GRADERS_ONLY}
        api = _api(config)
        self.folder = api.coursedir
        self.folder.assignment_id = course.assignment
        self.autograde = _Autograde(coursedir=self.folder, parent=api)
        self.feedback = _GenerateFeedback(coursedir=self.folder, parent=api)
        for converter in (self.autograde, self.feedback):
            converter.force = True

    def record(self, student: str) -> None:
        """Enter one student's marks.

        Raises:
            GradebookError: nbgrader failed.
        """
        self._convert(self.autograde, student, f"enter the marks of {student}")

    def send_back(self, student: str) -> list[Path]:
        """Write one student's feedback pages.

        Raises:
            GradebookError: nbgrader failed.
        """
        self._convert(self.feedback, student, f"write the feedback of {student}")
        return sorted((self.course.feedback / student / self.course.assignment).glob("*.html"))

    def _convert(self, converter: _Kept, student: str, what: str) -> None:
        # the id is part of a glob pattern there
        self.folder.student_id = glob.escape(student)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            _checked(capture_log(converter), what)


def scores(course: Course) -> dict[str, dict[str, Any]]:
    """Each student's marks as the gradebook has them: with those given by hand, and lateness."""
    found: dict[str, dict[str, Any]] = {}
    with Gradebook(course.database) as book:
        try:
            submitted = book.assignment_submissions(course.assignment)
        except MissingEntry:
            return {}
        for submission in submitted:
            student = submission.student
            found[student.id] = {
                "first_name": student.first_name or "",
                "last_name": student.last_name or "",
                "email": student.email or "",
                "score": float(submission.score),
                "max_score": float(submission.max_score),
                "penalty": float(submission.late_submission_penalty or 0.0),
                "seconds_late": float(submission.total_seconds_late),
                "needs_manual_grade": bool(submission.needs_manual_grade),
                "cells": {
                    grade.name: None if grade.needs_manual_grade and grade.manual_score is None
                    and grade.auto_score is None else float(grade.score)
                    for notebook in submission.notebooks for grade in notebook.grades
                },
            }  # fmt: skip
    return found
