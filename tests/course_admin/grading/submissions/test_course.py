"""What a course's marks depend on: change it, and submissions are graded again."""

from __future__ import annotations

from pathlib import Path

import pytest

from course_admin.grading import packages
from course_admin.grading.submissions import course as places
from course_admin.grading.submissions.course import (
    BEHIND_CHECKS,
    JUDGING,
    Course,
    fingerprint,
    open_course,
)
from tests.course_admin.grading.synthetic import HW

CHECKS = ["torch", "course_utils", "course_utils.checks"]


@pytest.fixture
def course(course_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A course beside packages in which every part is a file."""
    for part in ("checks", *BEHIND_CHECKS, "data", "live", "lessons"):
        write(tmp_path / "course_utils" / part / "part.py", "1")
    write(tmp_path / "course_utils" / "plots.py", "1")
    for part in ("judging", "rpc", "sandbox", "submissions"):
        write(tmp_path / "course_admin" / "grading" / part / "part.py", "1")
    for part in ("report", "worker"):
        write(tmp_path / "course_admin" / "grading" / f"{part}.py", "1")
    write(tmp_path / "course_admin" / "authoring" / "part.py", "1")
    monkeypatch.setattr(places, "COURSE", tmp_path / "course_utils")
    monkeypatch.setattr(places, "ADMIN", tmp_path / "course_admin")
    return open_course(course_folder, HW)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def matters(course: Course, path: Path, modules: list[str]) -> bool:
    """Whether another text of a file would have all submissions graded again."""
    before = fingerprint(course, modules)
    write(path, "2")
    return fingerprint(course, modules) != before


@pytest.mark.parametrize("part", ["checks", *sorted(BEHIND_CHECKS)])
def test_what_checks_compare_with_decides_marks(course: Course, part: str) -> None:
    path = places.COURSE / part / "part.py"
    assert not matters(course, path, ["torch"])
    write(path, "1")
    assert matters(course, path, CHECKS)


def test_grading_itself_and_the_assignment_decide_marks(course: Course) -> None:
    for part in JUDGING:
        file = f"{part}.py" if part == "worker" else f"{part}/part.py"
        assert matters(course, places.ADMIN / "grading" / file, ["torch"])
    assert matters(course, course.solutions / HW / "data.csv", ["torch"])


@pytest.mark.parametrize("part", ["data/part.py", "live/part.py", "plots.py"])
def test_other_parts_decide_marks_where_notebooks_import_them(course: Course, part: str) -> None:
    name = part.split("/")[0].removesuffix(".py")
    assert not matters(course, places.COURSE / part, CHECKS)
    write(places.COURSE / part, "1")
    assert matters(course, places.COURSE / part, [*CHECKS, f"course_utils.{name}"])


def test_what_decides_no_mark_grades_nobody_again(course: Course) -> None:
    assert not matters(course, places.ADMIN / "authoring" / "part.py", CHECKS)
    assert not matters(course, places.ADMIN / "grading" / "report.py", CHECKS)
    write(places.COURSE / "core" / "__pycache__" / "part.pyc", "1")
    assert not matters(course, places.COURSE / "core" / "__pycache__" / "part.pyc", CHECKS)


def test_what_is_said_to_decide_marks_is_there() -> None:
    gone = {part for part in BEHIND_CHECKS if not list((packages.COURSE / part).rglob("*.py"))}
    assert not gone
    grading = {path.stem for path in (packages.ADMIN / "grading").iterdir()}
    assert set(JUDGING) <= grading
