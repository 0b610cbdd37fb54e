"""Rebuilding: graded cells from the instructor, answers from the student, whatever was moved."""

from __future__ import annotations

import copy
import json
import random

import nbformat
import pytest

from course_admin.grading.submissions.read import StudentCell, read_cells
from course_admin.grading.submissions.rebuild import GRADERS_ONLY, Rebuilt, Source, rebuild
from tests.course_admin.grading.synthetic import RIGHT, TESTS, source_notebook, student_notebook

STUB = {name: f"stub of {name}" for name in RIGHT}


@pytest.fixture
def source() -> Source:
    """The instructor's notebook."""
    return Source("hw", source_notebook(), STUB)


def cells_of(book: nbformat.NotebookNode) -> list[StudentCell]:
    return read_cells(json.dumps(book).encode())  # as it is: nbformat would mend it


def by_id(rebuilt: Rebuilt) -> dict[str, str]:
    """Text of every graded cell."""
    found = {}
    for piece in rebuilt.pieces:
        if grade_id := piece.cell.metadata.get("nbgrader", {}).get("grade_id"):
            assert grade_id not in found, "a graded cell appears twice"
            found[grade_id] = piece.cell.source
    return found


EXPECTED = {**RIGHT, **{f"test_{name}": text for name, text in TESTS.items()}}


def test_answers_come_from_the_student_and_tests_from_the_source(source: Source) -> None:
    assert by_id(rebuild(source, cells_of(student_notebook(RIGHT)))) == EXPECTED


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_doubled_and_relabelled_cells_cannot_matter(source: Source, seed: int) -> None:
    """Property: no mutilation of graded cells changes what is tested, nor loses an answer."""
    dice = random.Random(seed)
    book = student_notebook(RIGHT)
    for cell in book.cells:
        ours = cell.metadata.get("nbgrader", {})
        if ours.get("locked"):
            cell.source = "raise SystemExit"
            if dice.random() < 0.3:
                del cell.metadata["nbgrader"]
        elif ours and dice.random() < 0.4:
            del cell.metadata["nbgrader"]  # the cell's id is left
        elif ours:
            ours.update(points=dice.choice([0, 99]), locked=True, grade=dice.random() < 0.5)
    tests = [c for c in book.cells if c.source == "raise SystemExit"]
    for cell in tests:
        if dice.random() < 0.5:
            book.cells.remove(cell)
        elif dice.random() < 0.5:
            book.cells.insert(dice.randrange(len(book.cells)), copy.deepcopy(cell))
    dice.shuffle(book.cells)
    assert by_id(rebuild(source, cells_of(book))) == EXPECTED


def test_added_cells_run_where_they_stood(source: Source) -> None:
    book = student_notebook(RIGHT, extra="helper = 1")
    roles = [(piece.role, piece.cell.source) for piece in rebuild(source, cells_of(book)).pieces]
    place = roles.index(("extra", "helper = 1"))
    assert roles[place - 1][1] == "import torch"
    assert roles[place + 1] == ("answer", RIGHT["square"])


def test_changed_instructor_cell_runs_after_the_original(source: Source) -> None:
    book = student_notebook(RIGHT)
    book.cells[1].source = "import torch\nimport math"
    texts = [piece.cell.source for piece in rebuild(source, cells_of(book)).pieces]
    assert texts.index("import torch") + 1 == texts.index("import torch\nimport math")


def test_missing_answers_get_what_was_given_out(source: Source) -> None:
    rebuilt = rebuild(source, cells_of(student_notebook({}))[:2])
    assert {name: by_id(rebuilt)[name] for name in STUB} == STUB
    assert rebuilt.untouched
    assert any("no answer found" in note for note in rebuilt.notes)


def test_last_of_two_answers_counts(source: Source) -> None:
    book = student_notebook(RIGHT)
    older = copy.deepcopy(book.cells[2])
    older.source = "def square(x):\n    return None"
    book.cells.insert(2, older)
    assert by_id(rebuild(source, cells_of(book)))["square"] == RIGHT["square"]


def test_model_answer_goes_to_graders_and_to_nobody_else(source: Source) -> None:
    essay = source.notebook.cells[-1]
    essay.source = "### BEGIN SOLUTION\nBecause.\n- 2: says why\n### END SOLUTION"
    rebuilt = rebuild(source, cells_of(student_notebook(RIGHT)))
    answer, guide = rebuilt.pieces[-2:]
    assert answer.cell.source == RIGHT["essay"]
    assert (guide.role, guide.cell.cell_type) == ("guide", "markdown")
    assert "Because.\n- 2: says why" in guide.cell.source and "SOLUTION" not in guide.cell.source
    assert "nbgrader" not in guide.cell.metadata and guide.cell.metadata["tags"] == [GRADERS_ONLY]
