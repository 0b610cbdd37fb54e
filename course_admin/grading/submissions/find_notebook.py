"""Which of the files that a student handed in is the notebook, whatever it is called."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from course_admin.grading.submissions.read import MAX_BYTES, Unreadable

MAX_FILES = 500


@dataclass(frozen=True)
class Found:
    """A submitted file, and what was odd about finding it."""

    name: str
    data: bytes
    notes: tuple[str, ...] = ()


def find_notebook(files: Sequence[Path], name: str) -> Found:
    """The file among a submission's that is meant to be notebook `name` (without suffix).

    An exact name wins; then a name that differs by what browsers and systems add
    ("a1 (1)", "Copy of a1", "a1-Copy1"); then the most similar one. Zip archives are looked
    into.

    Raises:
        Unreadable: there is no notebook.
    """
    candidates = [found for path in files for found in _notebooks(path)]
    if not candidates:
        names = ", ".join(path.name for path in files[:5])
        raise Unreadable(
            f"no notebook among: {names}" if names else "there is no notebook in the submission"
        )
    ranked = sorted(candidates, key=lambda found: _rank(found.name, name))
    best = ranked[0]
    notes = list(best.notes)
    if best.name != f"{name}.ipynb":
        notes.append(f"graded file: {best.name}")
    same = [
        found for found in ranked[1:] if _rank(found.name, name)[0] == _rank(best.name, name)[0]
    ]
    if any(found.data != best.data for found in same):
        notes.append(f"several files could be {name}: took {best.name}")
    return Found(best.name, best.data, tuple(notes))


def _rank(filename: str, name: str) -> tuple[int, float, str]:
    stem = Path(filename).stem
    if stem == name:
        return 0, 0.0, filename
    if _bare(stem) == _bare(name):
        return 1, 0.0, filename
    contained = _bare(name) in _bare(stem)
    return (
        2 if contained else 3,
        -SequenceMatcher(None, _bare(stem), _bare(name)).ratio(),
        filename,
    )


def _bare(stem: str) -> str:
    """A file name without what copying and downloading add."""
    stem = stem.casefold()
    stem = re.sub(r"^(copy of|kopie von)\s+", "", stem)
    stem = re.sub(r"([\s_-]*\(\d+\)|[\s_-]*copy\s*\d*|\.ipynb)+$", "", stem)
    return re.sub(r"[^a-z0-9]+", "", stem)


def _notebooks(path: Path) -> Iterator[Found]:
    if path.suffix.casefold() == ".ipynb":
        yield Found(path.name, _read(path))
    elif path.suffix.casefold() == ".zip":
        yield from _in_zip(path, path.name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError:
        return b""


def _in_zip(path: Path, name: str) -> Iterator[Found]:
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist()[:MAX_FILES]:
                inner = Path(entry.filename)
                hidden = any(part.startswith((".", "__MACOSX")) for part in inner.parts)
                if inner.suffix.casefold() != ".ipynb" or hidden or entry.file_size > MAX_BYTES:
                    continue
                with archive.open(entry) as file:
                    yield Found(inner.name, file.read(MAX_BYTES + 1), (f"unpacked from {name}",))
    except (
        zipfile.BadZipFile,
        RuntimeError,
        OSError,
        NotImplementedError,
        EOFError,
        ValueError,
    ):
        return
