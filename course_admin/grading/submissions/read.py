"""Read what students hand in, whatever state it is in.

Only five things of a notebook count: the cells' order, type, text, `grade_id` and id. They are
read from any nbformat version, in any usual encoding, with or without valid metadata. What
cannot be read raises `Unreadable` with a reason that a person understands.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 20 << 20
MAX_CELLS = 2000
MAX_SOURCE = 500_000


class Unreadable(ValueError):
    """A submission that no mark can be computed from; the message says why."""


@dataclass(frozen=True)
class StudentCell:
    """One cell of a submitted notebook."""

    kind: str  # "code", "markdown" or "raw"
    source: str
    grade_id: str | None
    cell_id: str | None


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
