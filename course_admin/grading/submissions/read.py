"""Read what students hand in, whatever state it is in.

Only five things of a notebook count: the cells' order, type, text, `grade_id` and id. They are
read from any nbformat version, in any usual encoding, with or without valid metadata. What
cannot be read raises `Unreadable` with a reason that a person understands.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

MAX_BYTES = 20 << 20
MAX_CELLS = 2000
MAX_SOURCE = 500_000
MAX_FILES = 500


class Unreadable(ValueError):
    """A submission that no mark can be computed from; the message says why."""


@dataclass(frozen=True)
class StudentCell:
    """One cell of a submitted notebook."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str | None
    cell_id: str | None


@dataclass(frozen=True)
class Found:
    """A submitted file, and what was odd about finding it."""

    name: str
    data: bytes
    notes: tuple[str, ...] = ()


def read_cells(data: bytes) -> list[StudentCell]:
    """Cells of a notebook file.

    Raises:
        Unreadable: empty, too large, not JSON, or not a notebook.
    """
    if len(data) > MAX_BYTES:
        raise Unreadable(f"the file is larger than {MAX_BYTES >> 20} MB")
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        book = json.loads(_decode(data))
    except json.JSONDecodeError as error:
        raise Unreadable(
            f"not a notebook: no valid JSON ({error.msg}, line {error.lineno})"
        ) from None
    except RecursionError:
        raise Unreadable("not a notebook: nested too deeply") from None
    except ValueError as error:
        raise Unreadable(f"not a notebook: {error}") from None
    if not isinstance(book, dict):
        raise Unreadable("not a notebook: the file holds no notebook object")
    cells = _raw_cells(book)
    if not cells:
        raise Unreadable("the notebook has no cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"the notebook has more than {MAX_CELLS} cells")
    return [_cell(cell) for cell in cells if isinstance(cell, dict)]


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _raw_cells(book: dict[str, Any]) -> list[Any]:
    """Cells of nbformat 4, or of the worksheets of formats 1 to 3."""
    cells = book.get("cells")
    if isinstance(cells, list):
        return cells
    sheets = book.get("worksheets")
    if isinstance(sheets, list):
        found = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        return [cell for cells in found if isinstance(cells, list) for cell in cells]
    raise Unreadable("not a notebook: it has no list of cells")


def _cell(cell: dict[str, Any]) -> StudentCell:
    kind = cell.get("cell_type")
    kind = kind if kind in ("code", "markdown", "raw") else "markdown"
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    ours = metadata.get("nbgrader")
    grade_id = ours.get("grade_id") if isinstance(ours, dict) else None
    cell_id = cell.get("id") or metadata.get("id")
    source = cell.get("source", cell.get("input", ""))
    return StudentCell(
        kind,
        _text(source),
        grade_id if isinstance(grade_id, str) else None,
        cell_id if isinstance(cell_id, str) else None,
    )


def _text(source: Any) -> str:
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    text = source if isinstance(source, str) else ""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    # half a surrogate pair cannot be written as UTF-8
    return text.encode("utf-8", errors="replace").decode()[:MAX_SOURCE]


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
