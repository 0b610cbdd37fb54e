"""Where a course keeps what grading reads and writes, as nbgrader sees it."""

from __future__ import annotations

import copy
import hashlib
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from course_admin.grading.packages import ADMIN, COURSE
from course_admin.grading.submissions.rebuild import Source, grading

CONFIG_FILE = "nbgrader_config.py"
BEHIND_CHECKS = {"core", "exercises", "gan", "selfsup", "vision3d"}  # what `checks` compares with
JUDGING = ("judging", "rpc", "sandbox", "submissions", "worker")  # of grading; not how it reports


class CourseError(ValueError):
    """The course's folders do not hold what is needed; the message says what to do."""


@dataclass(frozen=True)
class Course:
    """A course folder, and where the results of a run go.

    Attributes:
        root: the course's folder, which holds nbgrader_config.py and solutions/.
        assignment: name of the assignment.
        submissions: folder of what was handed in.
        out: results; the course's folder unless another is asked for.
        database: SQLAlchemy URL of the gradebook.
    """

    root: Path
    assignment: str
    submissions: Path
    out: Path
    database: str

    @property
    def state(self) -> Path:
        """Journal and reports of this assignment."""
        return self.out / "grades" / self.assignment

    @property
    def executed(self) -> Path:
        """Rebuilt and executed submissions: what `nbgrader autograde` reads."""
        return self.out / "grades" / "executed"

    @property
    def autograded(self) -> Path:
        """What `nbgrader autograde` writes."""
        return self.out / "autograded"

    @property
    def feedback(self) -> Path:
        """Students' feedback pages."""
        return self.out / "feedback"

    @property
    def solutions(self) -> Path:
        """The instructor's notebooks."""
        return self.root / "solutions"

    def config(self) -> Config:
        """The course's nbgrader configuration, with this run's folders."""
        config = Config()
        if (self.root / CONFIG_FILE).is_file():
            config = PyFileConfigLoader(CONFIG_FILE, path=str(self.root)).load_config()
        config.CourseDirectory.root = str(self.root)
        config.CourseDirectory.db_url = self.database
        config.CourseDirectory.source_directory = str(self.solutions)
        config.CourseDirectory.submitted_directory = str(self.executed)
        config.CourseDirectory.autograded_directory = str(self.autograded)
        config.CourseDirectory.feedback_directory = str(self.feedback)
        return config


def open_course(
    root: Path,
    assignment: str,
    submissions: Path | None = None,
    out: Path | None = None,
    database: str | None = None,
) -> Course:
    """The course at `root`, with the usual places for what is not given.

    Raises:
        CourseError: there is no such assignment.
    """
    root = root.resolve()
    out = (out or root).resolve()
    submissions = (submissions or root / "submitted").resolve()
    course = Course(
        root,
        assignment,
        submissions,
        out,
        database or f"sqlite:///{out / 'gradebook.db'}",
    )
    if not list((course.solutions / assignment).glob("*.ipynb")):
        known = sorted(path.parent.name for path in course.solutions.glob("*/*.ipynb"))
        raise CourseError(
            f"there is no assignment {assignment!r} in {course.solutions}; "
            + (f"there are: {', '.join(known)}" if known else "run `make notebooks` first")
        )
    return course


def sources(course: Course) -> list[Source]:
    """The assignment's notebooks, each with the text that students got in its solution cells."""
    found = []
    config = course.config()
    for path in sorted((course.solutions / course.assignment).glob("*.ipynb")):
        book = nbformat.read(path, as_version=4)
        clear = ClearSolutions(config=config)
        clear.log.setLevel(logging.ERROR)
        released, _ = clear.preprocess(copy.deepcopy(book), {})
        given = {
            grading(cell)["grade_id"]: cell.source
            for cell in released.cells
            if grading(cell).get("solution")
        }
        found.append(Source(path.stem, book, given))
    return found


def fingerprint(course: Course, modules: Iterable[str]) -> str:
    """Hash of what decides marks beside the submission: assignment, course and grading itself.

    Args:
        modules: what the notebooks import; of the course, only those parts count.
    """
    parts = {name.split(".")[1] for name in modules if name.startswith("course_utils.")}
    if "checks" in parts:
        parts |= BEHIND_CHECKS
    places = [
        course.solutions / course.assignment,
        *(COURSE / part for part in sorted(parts)),
        *(ADMIN / "grading" / part for part in JUDGING),
    ]
    digest = hashlib.sha256()
    for place in places:
        for path in _files(place if place.is_dir() else place.with_suffix(".py")):
            name = str(path.relative_to(place.parent))
            digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _files(place: Path) -> list[Path]:
    """A file, or all files of a folder but hidden and compiled ones; nothing where nothing is."""
    found = sorted(place.rglob("*")) if place.is_dir() else [place]
    hidden = (".", "__pycache__")
    return [
        path
        for path in found
        if path.is_file()
        and not any(part.startswith(hidden) for part in path.relative_to(place.parent).parts)
    ]
