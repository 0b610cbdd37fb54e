"""Submitted files: what can be read is read, what cannot says why in plain words."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from course_admin.grading.submissions.collect import safe_id
from course_admin.grading.submissions.find_notebook import find_notebook
from course_admin.grading.submissions.read import Unreadable, read_cells
from tests.course_admin.grading.broken import READABLE, UNREADABLE
from tests.course_admin.grading.synthetic import HW, RIGHT, hand_in, make_course, student_notebook


def _files(root: Path, student: str) -> list[Path]:
    from course_admin.grading.submissions.collect import _files as listed

    return list(listed(root / "submitted" / student / HW))


@pytest.mark.parametrize("name", READABLE)
def test_readable_files_give_all_cells(tmp_path: Path, name: str) -> None:
    root = make_course(tmp_path)
    READABLE[name](root, "student")
    cells = read_cells(find_notebook(_files(root, "student"), HW).data)
    answers = "\n".join(cell.source for cell in cells)
    assert "return x * x" in answers and 'guess = "b"' in answers


@pytest.mark.parametrize("name", UNREADABLE)
def test_unreadable_files_say_why(tmp_path: Path, name: str) -> None:
    root = make_course(tmp_path)
    UNREADABLE[name](root, "student")
    with pytest.raises(Unreadable) as caught:
        read_cells(find_notebook(_files(root, "student"), HW).data)
    assert 10 < len(str(caught.value)) < 200
    assert "Error" not in str(caught.value)


def test_exact_name_wins_over_newer_copies(tmp_path: Path) -> None:
    root = make_course(tmp_path)
    hand_in(root, "s", nbformat.writes(student_notebook({})).encode(), "draft.ipynb")
    hand_in(root, "s", nbformat.writes(student_notebook({})).encode(), f"{HW}-Copy1.ipynb")
    hand_in(root, "s", student_notebook(RIGHT))
    found = find_notebook(_files(root, "s"), HW)
    assert found.name == f"{HW}.ipynb"
    assert found.notes == ()


def test_doubtful_choice_is_noted(tmp_path: Path) -> None:
    root = make_course(tmp_path)
    hand_in(root, "s", student_notebook(RIGHT), f"{HW} (1).ipynb")
    hand_in(root, "s", student_notebook({}), f"{HW} (2).ipynb")
    notes = " ".join(find_notebook(_files(root, "s"), HW).notes)
    assert "several files" in notes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jane.doe@x.org", "jane.doe@x.org"),
        ("../../etc", "etc"),
        ("a b/c", "a-b-c"),
        ("...", "unnamed"),
    ],
)
def test_student_ids_are_safe_folder_names(name: str, expected: str) -> None:
    assert safe_id(name) == expected
