"""The gradebook: stock nbgrader is its only writer.

`register` runs nbgrader's generate_assignment (into a folder that is thrown away) so that the
gradebook knows the cells; `record` runs its autograde with execution switched off on the
notebooks that we have executed; `send_back` runs its generate_feedback.
"""

from __future__ import annotations

import contextlib
import functools
import glob
import io
import json
import logging
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbgrader.api
from alembic.script import ScriptDirectory
from jinja2 import pass_context
from nbconvert.exporters import Exporter, HTMLExporter
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, TagRemovePreprocessor
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.dbutil import ALEMBIC_DIR
from nbgrader.preprocessors import GetGrades
from sqlalchemy import make_url
from sqlalchemy import text as sql
from sqlalchemy.exc import InterfaceError, OperationalError
from traitlets import List, Set, Type
from traitlets.config import Config

from course_admin.grading.journal import write_atomically
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.submissions import clean
from course_admin.grading.submissions.collect import Submission
from course_admin.grading.submissions.course import Course, sources
from course_admin.grading.submissions.rebuild import GRADERS_ONLY


def newest_schema() -> str:
    """Version of nbgrader's tables; it asks the program `alembic`, which takes two seconds."""
    return ScriptDirectory(ALEMBIC_DIR).get_current_head() or ""


# nbgrader opens the gradebook nine times for one submission. With one engine for all of them,
# SQLAlchemy keeps its compiled statements.
nbgrader.api.create_engine = functools.lru_cache(maxsize=4)(nbgrader.api.create_engine)
nbgrader.api.get_alembic_version = newest_schema


class GradebookError(RuntimeError):
    """nbgrader reported a failure; the message says what it could not do, and why."""


class Unavailable(GradebookError):
    """The gradebook cannot be used at all: nobody's marks can be entered."""


def _api(config: Config) -> NbGraderAPI:
    config.NbGraderAPI.log_level = logging.ERROR
    return NbGraderAPI(config=config)


def _checked(outcome: dict[str, Any], what: str) -> None:
    if not outcome["success"]:
        detail = f"{outcome.get('log') or ''}\n{outcome.get('error') or ''}".strip()
        raise GradebookError(f"nbgrader could not {what}:\n" + "\n".join(detail.splitlines()[-40:]))


@contextlib.contextmanager
def needed(course: Course) -> Iterator[None]:
    """Where the gradebook is used: that it cannot be is said in a sentence.

    Raises:
        Unavailable: the database is locked, or cannot be reached or written.
    """
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        reason = str(error.orig or error).strip().splitlines()[0]
        raise Unavailable(
            f"the gradebook {make_url(course.database).render_as_string()} cannot be used: "
            f"{reason}. Nothing is lost: the same command goes on when it can."
        ) from error


def _try_to_write(course: Course) -> None:
    """Start a change of nothing: what is locked, full or out of reach refuses it."""
    with needed(course), Gradebook(course.database) as book:
        book.db.execute(sql("UPDATE assignment SET name = name WHERE 1 = 0"))
        book.db.commit()


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
        if not outcome["success"]:
            _try_to_write(course)
        _checked(outcome, f"register {course.assignment}")
    write_atomically(stamp, json.dumps(wanted))


def _is_known(course: Course) -> bool:
    with needed(course), Gradebook(course.database) as book:
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


class FeedbackPages(HTMLExporter):
    """Pages on which only the instructor's own Markdown is shown as nbconvert renders it."""

    given = Set(help="What the instructor's Markdown cells hold.").tag(config=True)

    @pass_context
    def markdown2html(self, context: Any, source: str) -> str:
        """nbconvert's filter, cleaned after rendering."""
        rendered = super().markdown2html(context, source)
        return rendered if source in self.given else clean.page_part(rendered)


class _GenerateFeedback(_Kept, GenerateFeedback):
    """`nbgrader generate_feedback`, without what is there for graders only."""

    exporter_class = Type(FeedbackPages, klass=Exporter).tag(config=True)
    preprocessors = List([TagRemovePreprocessor, GetGrades, CSSHTMLHeaderPreprocessor])


class Recorder:
    """nbgrader's autograde and feedback, kept ready for many students."""

    def __init__(self, course: Course) -> None:
        self.course = course
        config = course.config()
        config.Execute.enabled = False
        config.ClearOutput.enabled = False  # what `nbgrader autograde --no-execute` sets
        config.HTMLExporter.template_name = "feedback"
        config.FeedbackPages.given = {
            cell.source for source in sources(course) for cell in source.notebook.cells
        }
        config.TagRemovePreprocessor.enabled = True
        config.TagRemovePreprocessor.remove_cell_tags = {GRADERS_ONLY}
        api = _api(config)
        self.folder = api.coursedir
        self.folder.assignment_id = course.assignment
        self.autograde = _Autograde(coursedir=self.folder, parent=api)
        self.feedback = _GenerateFeedback(coursedir=self.folder, parent=api)
        for converter in (self.autograde, self.feedback):
            converter.force = True

    def record(self, student: str, *, timed: bool = True) -> None:
        """Enter one student's marks.

        Args:
            timed: there is a time of handing in; else one that was entered before is taken back.

        Raises:
            Unavailable: nobody's marks can be entered.
            GradebookError: nbgrader failed.
        """
        if not timed:
            self._forget_time(student)
        self._convert(self.autograde, student, f"enter the marks of {student}")

    def send_back(self, student: str) -> list[Path]:
        """Write one student's feedback pages.

        Raises:
            Unavailable: the gradebook cannot be read.
            GradebookError: nbgrader failed.
        """
        self._convert(self.feedback, student, f"write the feedback of {student}")
        return sorted((self.course.feedback / student / self.course.assignment).glob("*.html"))

    def _forget_time(self, student: str) -> None:
        with (
            needed(self.course),
            Gradebook(self.course.database) as book,
            contextlib.suppress(MissingEntry),
        ):
            book.find_submission(self.course.assignment, student).timestamp = None
            book.db.commit()

    def _convert(self, converter: _Kept, student: str, what: str) -> None:
        # the id is part of a glob pattern there
        self.folder.student_id = glob.escape(student)
        for again in (True, False):
            with warnings.catch_warnings(), _log_of(converter) as log:
                warnings.simplefilter("ignore")
                try:
                    return converter.start()
                except (Exception, SystemExit) as error:
                    _try_to_write(self.course)
                    if again and isinstance(error.__context__, OperationalError):
                        continue  # it was locked, and is free by now
                    reason = _last_error(log.getvalue()) or f"{type(error).__name__}: {error}"
                    raise GradebookError(f"nbgrader could not {what} ({reason})") from error


@contextlib.contextmanager
def _log_of(converter: _Kept) -> Iterator[io.StringIO]:
    """What nbgrader logs meanwhile."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    converter.log.addHandler(handler)
    try:
        yield log
    finally:
        converter.log.removeHandler(handler)


def _last_error(log: str) -> str:
    """The line of a logged traceback that says what went wrong, as short as it can be."""
    lines = re.findall(r"(?m)^(?:\w+\.)*(\w+(?:Error|Exception|Entry)\b.*)$", log)
    return lines[-1][:200] if lines else ""


def scores(course: Course) -> dict[str, dict[str, Any]]:
    """Each student's marks as the gradebook has them: with those given by hand, and lateness."""
    found: dict[str, dict[str, Any]] = {}
    with needed(course), Gradebook(course.database) as book:
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
