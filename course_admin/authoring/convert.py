"""Percent-format text to a notebook that depends on the text alone."""

import hashlib
import re

import jupytext
import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_admin.authoring.exercises import with_checks

KERNEL = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}
KEPT_METADATA = ("nbgrader", "tags", "jupyter", "slideshow")

# What nbgrader (schema version 3) calls the kinds of cell: (grade, solution, locked, task).
KINDS = {
    "solution": (False, True, False, False),
    "test": (True, False, True, False),
    "readonly": (False, False, True, False),
    "manual": (True, True, False, False),
    "task": (False, False, True, True),
}
SCORED = ("test", "manual", "task")
SCHEMA_VERSION = 3


def notebook_from_text(text: str) -> NotebookNode:
    """Notebook of the percent-format `text`: no outputs, and every byte fixed by the text.

    Cell ids are the `grade_id` where there is one, else a digest of the cell's own source.

    Raises:
        ValueError: on a cell that is neither markdown nor code, or on wrong nbgrader metadata.
    """
    taken: set[str] = set()
    cells = []
    for raw in with_checks(jupytext.reads(text, fmt="py:percent").cells):
        if raw.cell_type not in ("markdown", "code"):
            raise ValueError(
                f"a {raw.cell_type} cell has no place in a lesson: {raw.source[:60]!r}"
            )
        metadata = {key: raw.metadata[key] for key in KEPT_METADATA if key in raw.metadata}
        if "nbgrader" in metadata:
            metadata["nbgrader"] = expand_nbgrader(metadata["nbgrader"], raw.cell_type)
        make = new_code_cell if raw.cell_type == "code" else new_markdown_cell
        cell = make(source=raw.source, metadata=metadata)
        cell.id = cell_id(cell, taken)
        taken.add(cell.id)
        cells.append(cell)
    return new_notebook(cells=cells, metadata=nbformat.from_dict(KERNEL))


def cell_id(cell: NotebookNode, taken: set[str]) -> str:
    """Id of a cell: its `grade_id`, else 12 hex digits of its source's SHA-256, made unique.

    Raises:
        ValueError: when a `grade_id` is used twice or is no valid cell id.
    """
    grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
    if grade_id is not None:
        if grade_id in taken:
            raise ValueError(f"grade_id {grade_id!r} is used twice")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", grade_id):
            raise ValueError(f"grade_id {grade_id!r} may hold only letters, digits, _ and -")
        return grade_id
    digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    candidate, repeat = digest, 1
    while candidate in taken:
        repeat += 1
        candidate = f"{digest}-{repeat}"
    return candidate


def expand_nbgrader(short: dict, cell_type: str) -> dict:
    """Metadata that nbgrader reads, from the short form `{"grade_id", "kind", "points"}`.

    Raises:
        ValueError: on an unknown kind or key, or points where none (or some) belong.
    """
    unknown = set(short) - {"grade_id", "kind", "points"}
    if unknown or "grade_id" not in short:
        raise ValueError(f'nbgrader metadata needs "grade_id" and "kind" only; got {short}')
    name, kind = short["grade_id"], short.get("kind")
    if kind not in KINDS:
        raise ValueError(f"cell {name!r}: kind {kind!r} is none of {', '.join(KINDS)}")
    if (kind in SCORED) != ("points" in short):
        raise ValueError(
            f'cell {name!r}: "points" belong to {", ".join(SCORED)} cells, and only there'
        )
    if (cell_type, kind) in {("markdown", "solution"), ("markdown", "test"), ("code", "task")}:
        raise ValueError(f"cell {name!r}: a {cell_type} cell cannot be a {kind} cell")
    grade, solution, locked, task = KINDS[kind]
    full = {
        "grade": grade,
        "grade_id": name,
        "locked": locked,
        "schema_version": SCHEMA_VERSION,
        "solution": solution,
        "task": task,
    }
    if "points" in short:
        full["points"] = short["points"]
    return full


def notebook_bytes(notebook: NotebookNode) -> bytes:
    """The one way in which a notebook is written to disk: sorted keys, indent 1, UTF-8."""
    nbformat.validate(notebook)
    text = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return (text.rstrip("\n") + "\n").encode()
