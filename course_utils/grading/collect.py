"""Find the submissions: nbgrader's folders, or a folder of downloads from a learning platform."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from course_utils.grading.course import Course, CourseError
from course_utils.grading.reading import MAX_BYTES

SUFFIXES = (".ipynb", ".zip")


@dataclass(frozen=True)
class Submission:
    """One student's files.

    Attributes:
        student: id, safe as a folder's name.
        files: paths; all below `folder`.
        timestamp: when it was handed in, as far as known.
    """

    student: str
    folder: Path
    files: tuple[Path, ...]
    timestamp: str | None = None

    def digest(self) -> str:
        """Hash of its files' names and contents."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(path.name.encode(errors="replace") + b"\0")
            try:
                with path.open("rb") as file:
                    digest.update(file.read(MAX_BYTES + 1))
            except OSError:
                digest.update(b"unreadable")
        return digest.hexdigest()


def submissions(course: Course) -> list[Submission]:
    """Every submission, ordered by student.

    Three layouts are understood: `<student>/<assignment>/` (nbgrader), `<student>/` with files
    (Moodle's folders), and files named after the student (Canvas).

    Raises:
        CourseError: there is nothing, with the places where submissions are expected.
    """
    folder = course.submissions
    found: dict[str, Submission] = {}
    if folder.is_dir():
        entries = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
        found = _nbgrader(entries, course.assignment) or _folders(entries) | _flat(folder, entries)
    if not found:
        raise CourseError(
            f"no submissions of {course.assignment} in {folder}.\n"
            f"Put each student's notebook at\n"
            f"    {folder}/<student>/{course.assignment}/{course.assignment}.ipynb\n"
            "(`nbgrader collect` does that), or name a folder of downloads with --submissions DIR: "
            "files named after the student, or one folder per student."
        )
    return [found[name] for name in sorted(found)]


def _nbgrader(entries: list[Path], assignment: str) -> dict[str, Submission]:
    found = {}
    for entry in entries:
        folder = entry / assignment
        if folder.is_dir() and not entry.is_symlink():
            name = safe_id(entry.name)
            found[name] = Submission(name, folder, _files(folder), _timestamp(folder))
    return found


def _folders(entries: list[Path]) -> dict[str, Submission]:
    found = {}
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            name = safe_id(re.sub(r"_(\d+_)?assignsubmission_file_?.*$", "", entry.name))
            found[name] = Submission(name, entry, _files(entry), _timestamp(entry))
    return found


def _flat(folder: Path, entries: list[Path]) -> dict[str, Submission]:
    """Files such as `doejane_LATE_123_456_a1 (1).ipynb`; several of one student go together."""
    groups: dict[str, list[Path]] = {}
    for entry in entries:
        if entry.suffix.casefold() in SUFFIXES and entry.is_file() and not entry.is_symlink():
            groups.setdefault(safe_id(entry.stem.split("_")[0]), []).append(entry)
    return {name: Submission(name, folder, tuple(files)) for name, files in groups.items()}


def safe_id(name: str) -> str:
    """A student's id without what file systems, URLs and nbgrader stumble over."""
    cleaned = re.sub(r"[^\w.@-]+", "-", name).strip("-.")
    return cleaned[:100] or "unnamed"


def _files(folder: Path) -> tuple[Path, ...]:
    found = []
    for base, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))[:100]
        found += [Path(base) / name for name in sorted(names)[:500]]
    kept = [
        p for p in found if p.suffix.casefold() in SUFFIXES and not p.is_symlink() and p.is_file()
    ]
    return tuple(kept[:200])


def _timestamp(folder: Path) -> str | None:
    """nbgrader's timestamp.txt, if it holds a date."""
    path = folder / "timestamp.txt"
    if path.is_symlink() or not path.is_file() or path.stat().st_size > 200:
        return None
    text = path.read_text(errors="replace").strip()
    from dateutil.parser import parse

    try:
        parsed = parse(text)
    except (ValueError, OverflowError):
        return None
    return text if parsed.tzinfo else f"{parsed:%Y-%m-%d %H:%M:%S.%f} UTC"


def now() -> str:
    """The present time as nbgrader writes it."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
