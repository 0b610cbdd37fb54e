"""Files as they arrive: unreadable ones, and odd ones that can be read all the same.

`BROKEN[name](root, student)` hands one in. Names that begin with "readable: " must get full
marks, all others zero with a reason and a flag.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from .synthetic import HW, RIGHT, hand_in, student_notebook

Writer = Callable[[Path, str], object]


def _right() -> nbformat.NotebookNode:
    return student_notebook(RIGHT)


def _text() -> str:
    return nbformat.writes(_right())


def _file(data: Callable[[], bytes], name: str = f"{HW}.ipynb") -> Writer:
    return lambda root, student: hand_in(root, student, data(), name)


def _changed(change: Callable[[dict], object]) -> Callable[[], bytes]:
    def make() -> bytes:
        book = json.loads(_text())
        change(book)
        return json.dumps(book).encode()

    return make


def _zipped(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return file.getvalue()


def _link(root: Path, student: str) -> None:
    path = hand_in(root, student, b"")
    path.unlink()
    path.symlink_to(root / "solutions" / HW / f"{HW}.ipynb")


def _folder_instead(root: Path, student: str) -> None:
    (root / "submitted" / student / HW / f"{HW}.ipynb").mkdir(parents=True)


def _nothing(root: Path, student: str) -> None:
    (root / "submitted" / student / HW).mkdir(parents=True)


def _as_version_3(book: dict) -> None:
    cells = book.pop("cells")
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["input"], cell["language"] = cell.pop("source"), "python"
    book.update(worksheets=[{"cells": cells, "metadata": {}}], nbformat=3, nbformat_minor=0)


def _colab(book: dict) -> None:
    for cell in book["cells"]:
        cell["metadata"] = {"id": cell.pop("id"), "colab_type": "code", "outputId": "1"}
    book["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}}
    book["nbformat_minor"] = 0


def _vs_code(book: dict) -> None:
    for cell in book["cells"]:
        cell["metadata"]["vscode"] = {"languageId": "python"}
    book["metadata"] = {"language_info": {"name": "python"}, "orig_nbformat": 4}


def _no_metadata_no_ids(book: dict) -> None:
    for cell in book["cells"]:
        cell["metadata"] = {}
        cell.pop("id")


def _retyped(book: dict) -> None:
    for cell in book["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and "def" in "".join(
            cell["source"]
        ):
            cell["cell_type"] = "markdown"
            cell.pop("outputs"), cell.pop("execution_count")


def _doubled(book: dict) -> None:
    wrong = json.loads(json.dumps(book["cells"]))
    for cell in wrong:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = ["square = mean = share = guess = None"]
    book["cells"] = wrong + book["cells"]


def _swapped(book: dict) -> None:
    named = {
        c["metadata"]["nbgrader"]["grade_id"]: c
        for c in book["cells"]
        if "nbgrader" in c["metadata"]
    }
    first, second = named["square"]["metadata"]["nbgrader"], named["mean"]["metadata"]["nbgrader"]
    first["grade_id"], second["grade_id"] = "mean", "square"
    named["square"]["id"], named["mean"]["id"] = "mean", "square"


def _regraded(book: dict) -> None:
    for cell in book["cells"]:
        ours = cell["metadata"].get("nbgrader", {})
        ours.update(points=1000, grade=True, locked=False, schema_version=99)


def _tests_gone(book: dict) -> None:
    book["cells"] = [
        c for c in book["cells"] if not c["metadata"].get("nbgrader", {}).get("locked")
    ]


def _tests_rewritten(book: dict) -> None:
    for cell in book["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["source"] = ["raise SystemExit"]


def _odd_metadata(book: dict) -> None:
    for cell in book["cells"]:
        cell["metadata"]["tags"], cell["outputs"] = 5, "none"
    book["metadata"] = "nothing"


UNREADABLE: dict[str, Writer] = {
    "empty file": _file(bytes),
    "white space": _file(lambda: b"  \n \n"),
    "cut off": _file(lambda: _text()[:900].encode()),
    "plain text": _file(lambda: b"I could not export it, sorry."),
    "picture": _file(lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20),
    "list": _file(lambda: b"[1, 2, 3]"),
    "no cells": _file(_changed(lambda book: book.pop("cells"))),
    "cells are text": _file(_changed(lambda book: book.update(cells="none"))),
    "empty list of cells": _file(_changed(lambda book: book.update(cells=[]))),
    "nested deeply": _file(lambda: b"[" * 200_000),
    "too many cells": _file(_changed(lambda book: book.update(cells=book["cells"] * 500))),
    "too large": _file(lambda: b'{"cells": ["' + b"x" * (21 << 20) + b'"]}'),
    "link to the solution": _link,
    "folder instead of a file": _folder_instead,
    "nothing handed in": _nothing,
    "not a zip": _file(lambda: b"PK\x03\x04 broken", f"{HW}.zip"),
    "zip bomb": _file(lambda: _zipped({f"{HW}.ipynb": bytes(30 << 20)}), f"{HW}.zip"),
    "only a pdf": _file(lambda: b"%PDF-1.7", f"{HW}.pdf"),
}
READABLE: dict[str, Writer] = {
    "readable: byte order mark": _file(lambda: b"\xef\xbb\xbf" + _text().encode()),
    "readable: utf-16": _file(lambda: _text().encode("utf-16")),
    "readable: latin-1": _file(lambda: _text().replace("it is so", "café").encode("latin-1")),
    "readable: windows line ends": _file(lambda: _text().replace("\n", "\r\n").encode()),
    "readable: nbformat 3": _file(_changed(_as_version_3)),
    "readable: colab": _file(_changed(_colab)),
    "readable: vs code": _file(_changed(_vs_code)),
    "readable: no metadata at all": _file(_changed(_no_metadata_no_ids)),
    "readable: downloaded twice": _file(lambda: _text().encode(), f"{HW} (1).ipynb"),
    "readable: renamed": _file(lambda: _text().encode(), "Jane Doe final FINAL.ipynb"),
    "readable: zip": _file(lambda: _zipped({f"folder/{HW}.ipynb": _text().encode()}), "upload.zip"),
    "readable: answers in markdown cells": _file(_changed(_retyped)),
    "readable: every cell twice": _file(_changed(_doubled)),
    "readable: grade ids swapped": _file(_changed(_swapped)),
    "readable: points and kinds changed": _file(_changed(_regraded)),
    "readable: tests deleted": _file(_changed(_tests_gone)),
    "readable: tests rewritten": _file(_changed(_tests_rewritten)),
    "readable: impossible metadata": _file(_changed(_odd_metadata)),
}
BROKEN = {**UNREADABLE, **READABLE}
