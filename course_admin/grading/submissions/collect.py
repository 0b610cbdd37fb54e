"""Find the submissions: nbgrader's folders, or a folder of downloads from a learning platform."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from course_admin.grading.submissions.course import Course, CourseError
from course_admin.grading.submissions.read import MAX_BYTES

SUFFIXES = (".ipynb", ".zip")
STAMP = "timestamp.txt"
MOODLE = re.compile(r"_(\d+_)?assignsubmission_file_?.*$")
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
OWN_STAMP = "a timestamp.txt among the uploaded files was ignored: students can write it themselves"


@dataclass(frozen=True)
class Submission:
    """One student's files.

    Attributes:
        student: id, safe as a folder's name.
        files: paths; all below `folder`.
        timestamp: when it was handed in, as far as known.
        notes: what was odd about it.
        flags: why a person must look at it.
    """

    student: str
    folder: Path
    files: tuple[Path, ...]
    timestamp: str | None = None
    notes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

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
        moodle = [entry for entry in entries if MOODLE.search(entry.name)]
        others = [entry for entry in entries if entry not in moodle]
        found = _nbgrader(others, course) or _folders(others) | _flat(folder, others)
        found = _folders(moodle) | found
    if not found:
        raise CourseError(
            f"no submissions of {course.assignment} in {folder}.\n"
            f"Put each student's notebook at\n"
            f"    {folder}/<student>/{course.assignment}/{course.assignment}.ipynb\n"
            "(`nbgrader collect` does that), or name a folder of downloads with --submissions DIR: "
            "files named after the student, or one folder per student."
        )
    return [found[name] for name in sorted(found)]


def _nbgrader(entries: list[Path], course: Course) -> dict[str, Submission]:
    """nbgrader's layout. Its times count only where `nbgrader collect` writes.

    In a folder of downloads, everything below a student's folder is what the student uploaded.
    """
    collected = course.submissions == course.root / "submitted"
    found = {}
    for entry in entries:
        folder = entry / course.assignment
        if folder.is_dir() and not entry.is_symlink():
            name = safe_id(entry.name)
            found[name] = _collected(name, folder) if collected else _uploaded(name, folder)
    return found


def _collected(name: str, folder: Path) -> Submission:
    try:
        return Submission(name, folder, _files(folder), _timestamp(folder / STAMP))
    except ValueError as error:
        flag = f"hand-in time could not be read: {error}"
        return Submission(name, folder, _files(folder), flags=(flag,))


def _uploaded(name: str, folder: Path) -> Submission:
    own = any(os.path.lexists(place / STAMP) for place in (folder, *_subfolders(folder)))
    return Submission(name, folder, _files(folder), notes=(OWN_STAMP,) if own else ())


def _subfolders(folder: Path) -> list[Path]:
    return [Path(base) / name for base, names, _ in _walk(folder) for name in names]


def _folders(entries: list[Path]) -> dict[str, Submission]:
    found = {}
    for entry in entries:
        if entry.is_dir() and not entry.is_symlink():
            name = safe_id(MOODLE.sub("", entry.name))
            found[name] = _uploaded(name, entry)
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


def _walk(folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    """`os.walk` without hidden folders, and with an end to how many there may be."""
    for base, folders, names in os.walk(folder, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))[:100]
        yield base, folders, names


def _files(folder: Path) -> tuple[Path, ...]:
    found = []
    for base, _, names in _walk(folder):
        found += [Path(base) / name for name in sorted(names)[:500]]
    kept = [
        p for p in found if p.suffix.casefold() in SUFFIXES and not p.is_symlink() and p.is_file()
    ]
    return tuple(kept[:200])


def _timestamp(path: Path) -> str | None:
    """The time in nbgrader's timestamp.txt, in UTC as nbgrader writes it; None without a file.

    Raises:
        ValueError: there is one, but it holds no time that can be relied on.
    """
    if not os.path.lexists(path):
        return None
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > 200:
            raise ValueError(f"{STAMP} is no short text file")
        text = path.read_text(errors="replace").strip()
    except OSError as error:
        raise ValueError(f"{STAMP}: {error.strerror}") from None
    return _written(_moment(text))


def _moment(text: str) -> datetime:
    """A time with its zone.

    Raises:
        ValueError: no date, no zone that says what it is (EST may be anywhere), or no year of ours.
    """
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d[ T][\d:.]+) ?(UTC|GMT|Z|[+-]\d\d:?\d\d)", text)
    try:
        zone = "Z" if match and match[2] in ("UTC", "GMT") else match and match[2]
        moment = datetime.fromisoformat(f"{match[1]}{zone}") if match else None
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f"{text!r:.60} is no date and time with UTC or an offset such as +0100")
    if moment.year < EARLIEST.year or not EARLIEST <= moment <= datetime.now(UTC) + timedelta(1):
        raise ValueError(f"{text!r:.60} is before {EARLIEST.year} or in the future")
    return moment


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC"
