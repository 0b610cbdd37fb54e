"""Rebuild a submission from the instructor's notebook and the text of the student's answers.

Every graded cell comes from the source. From the student comes only the text of solution
cells, matched by `grade_id`, then by cell id, then by the names that the cell defines.
Cells that the student added run where they stood, without any grading metadata. Deleted,
duplicated, retyped, relabelled or re-pointed cells therefore cannot matter.
"""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from course_admin.grading.submissions.read import StudentCell
from course_admin.grading.submissions.slicing import names_defined

MAX_EXTRA = 200
GRADERS_ONLY = "graders-only"  # tag of cells that feedback leaves out


@dataclass(frozen=True)
class Source:
    """An instructor's notebook, and the text that students were given in its solution cells."""

    name: str
    notebook: NotebookNode
    given: dict[str, str]


@dataclass
class Piece:
    """A cell of the rebuilt notebook, and what it is for.

    `role` is "given" (the instructor's), "answer" (the student's text in a solution cell),
    "extra" (added by the student), "test" (a graded test), "text" (the student's Markdown) or
    "guide" (the instructor's, for whoever marks by hand).
    """

    role: str
    cell: NotebookNode


@dataclass
class Rebuilt:
    """A rebuilt notebook."""

    name: str
    metadata: NotebookNode
    pieces: list[Piece]
    notes: list[str] = field(default_factory=list)
    untouched: bool = False


def grading(cell: NotebookNode) -> dict[str, Any]:
    """A cell's nbgrader metadata, or nothing."""
    return dict(cell.metadata.get("nbgrader", {}))


def rebuild(source: Source, cells: list[StudentCell]) -> Rebuilt:
    """The notebook to execute: the instructor's, with the student's answers."""
    answers, used, notes = _answers(source, cells)
    extras = _extras(source, cells, used)
    pieces = [Piece(*pair) for pair in extras.get(None, [])]
    for index, original in enumerate(source.notebook.cells):
        cell = _fresh(original)
        grade_id = grading(cell).get("grade_id")
        if grade_id in source.given:
            cell.source = answers.get(grade_id, source.given[grade_id])
        changed = grade_id in source.given and cell.source != source.given[grade_id]
        pieces.append(Piece(_role(cell, changed), cell))
        pieces += _guide(original)
        pieces += [Piece(*pair) for pair in extras.get(index, [])]
    missing = [name for name in source.given if name not in answers]
    if missing:
        notes.append(f"no answer found for: {', '.join(missing)}")
    untouched = all(
        answers.get(name, text).strip() == text.strip() for name, text in source.given.items()
    )
    return Rebuilt(source.name, source.notebook.metadata, pieces, notes, untouched)


def _guide(original: NotebookNode) -> list[Piece]:
    """The model answer and the rubric of a written question, beside what a person marks."""
    ours = grading(original)
    region = re.search(r"BEGIN SOLUTION[^\n]*\n(.*?)\n[^\n]*END SOLUTION", original.source, re.S)
    if not (ours.get("grade") and ours.get("solution") and region):
        return []
    text = region[1] if original.cell_type == "markdown" else f"```python\n{region[1]}\n```"
    cell = new_markdown_cell(
        f"**For graders** (students do not get this cell)\n\n{text}",
        id=f"{ours['grade_id']}-guide"[:64],
        metadata={"tags": [GRADERS_ONLY]},
    )
    return [Piece("guide", cell)]


def _role(cell: NotebookNode, changed: bool) -> str:
    ours = grading(cell)
    if cell.cell_type != "code":
        return "text" if changed else "given"
    if ours.get("solution"):
        return "answer"
    return "test" if ours.get("grade") else "given"


def _fresh(cell: NotebookNode) -> NotebookNode:
    cell = copy.deepcopy(cell)
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    return cell


def _answers(
    source: Source, cells: list[StudentCell]
) -> tuple[dict[str, str], set[int], list[str]]:
    """Text by grade_id, the student's cells used for it, and notes."""
    ids = {c.get("id"): grading(c).get("grade_id") for c in source.notebook.cells if c.get("id")}
    answers: dict[str, str] = {}
    used: set[int] = set()
    notes: list[str] = []
    chosen: dict[str, int] = {}
    for index, cell in enumerate(cells):  # the last of several wins, as if run top to bottom
        if cell.grade_id in source.given:
            if cell.grade_id in chosen:
                notes.append(f"cell {cell.grade_id} is there more than once: took the last")
            chosen[cell.grade_id] = index
    by_id = [
        (ids[cell.cell_id], index)
        for index, cell in enumerate(cells)
        if cell.cell_id in ids and ids[cell.cell_id] in source.given
    ]
    for grade_id, index in by_id:
        if grade_id not in chosen and index not in chosen.values():
            chosen[grade_id] = index
            notes.append(f"cell {grade_id} was recognised by its id")
    _mend(source, cells, chosen, notes)
    for grade_id, index in chosen.items():
        answers[grade_id] = cells[index].source
        used.add(index)
    return answers, used, notes


def _mend(
    source: Source, cells: list[StudentCell], chosen: dict[str, int], notes: list[str]
) -> None:
    """Where an answer lacks the function it should define, take the cell that defines it."""
    solutions = {
        grading(cell).get("grade_id"): names_defined(cell.source)
        for cell in source.notebook.cells
        if cell.cell_type == "code"
    }
    defined = [names_defined(cell.source) for cell in cells]
    for grade_id in source.given:
        wanted = solutions.get(grade_id, frozenset()) & names_defined(source.given[grade_id])
        index = chosen.get(grade_id)
        if not wanted or (index is not None and wanted <= defined[index]):
            continue
        holders = [k for k, names in enumerate(defined) if wanted <= names]
        if holders:
            chosen[grade_id] = holders[-1]
            notes.append(f"cell {grade_id} was recognised by what it defines")


def _extras(
    source: Source, cells: list[StudentCell], used: set[int]
) -> dict[int | None, list[tuple[str, NotebookNode]]]:
    """Cells that the student added, by the index of the instructor's cell they follow."""
    original = source.notebook.cells
    by_grade = {grading(c).get("grade_id"): k for k, c in enumerate(original) if grading(c)}
    by_id = {c.get("id"): k for k, c in enumerate(original) if c.get("id")}
    by_text = {c.source.strip(): k for k, c in enumerate(original)}
    stubs = {text.strip() for text in source.given.values()}
    extras: dict[int | None, list[tuple[str, NotebookNode]]] = {}
    last: int | None = None
    count = 0
    for index, cell in enumerate(cells):
        known = by_grade.get(
            cell.grade_id, by_id.get(cell.cell_id, by_text.get(cell.source.strip()))
        )
        if known is not None and (last is None or known > last):
            last = known
        text = cell.source.strip()
        ours = known is not None and bool(grading(original[known])) and index not in used
        copied = (
            text in by_text or text in stubs or (ours and not _is_answer(original[known], source))
        )
        if index in used or not text or copied or cell.kind == "raw" or count >= MAX_EXTRA:
            continue
        count += 1
        # an earlier copy of an answer runs before the answer that counts
        place = known - 1 if ours and known else last
        extras.setdefault(place, []).append(_extra(cell, count))
    return extras


def _is_answer(cell: NotebookNode, source: Source) -> bool:
    return grading(cell).get("grade_id") in source.given


def _extra(cell: StudentCell, number: int) -> tuple[str, NotebookNode]:
    name = f"added-{number}"
    if cell.kind == "code":
        return "extra", new_code_cell(cell.source, id=name)
    return "text", new_markdown_cell(cell.source, id=name)
