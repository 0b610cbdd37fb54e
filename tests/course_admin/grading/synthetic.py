"""A small course, made in a temporary folder: one assignment and as many submissions as needed."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[3]
HW = "hw"
HIDDEN = "hidden-marker-7391"
SOLVED = "solution-marker-4426"
FULL = {"test_square": 2.0, "test_mean": 3.0, "test_share": 1.0, "test_guess": 1.0}

SOLUTIONS = {
    "square": """\
def square(x):
    ### BEGIN SOLUTION
    return x**2  # solution-marker-4426
    ### END SOLUTION""",
    "mean": "def mean(x):\n    ### BEGIN SOLUTION\n    return x.mean()\n    ### END SOLUTION",
    "share": "def share():\n    ### BEGIN SOLUTION\n    return 1.0\n    ### END SOLUTION",
    "guess": 'guess = ...\n### BEGIN SOLUTION\nguess = "b"\n### END SOLUTION',
}
TESTS = {
    "square": """\
# hidden-marker-7391
x = torch.randn(5, dtype=torch.float64, requires_grad=True)
y = square(x)
assert isinstance(y, torch.Tensor), "not a tensor"
assert torch.allclose(y, x * x), "not the square"
(slope,) = torch.autograd.grad(y.sum(), x)
assert torch.allclose(slope, 2 * x), "wrong gradient"
""",
    "mean": """\
# hidden-marker-7391: one point for each batch
score = 0
for n in (1, 4, 7):
    x = torch.arange(float(n))
    if abs(float(mean(x)) - (n - 1) / 2) < 1e-6:
        score += 1
score
""",
    "share": "# hidden-marker-7391: takes the student's number for the mark\nshare()",
    "guess": "# hidden-marker-7391\nassert guess == 'b', 'another letter'",
}
RIGHT = {
    "square": "def square(x):\n    return x * x",
    "mean": "def mean(x):\n    return x.sum() / x.numel()",
    "share": "def share():\n    return 1.0",
    "guess": 'guess = "b"',
    "essay": "Because it is so.",
}


def _cell(
    kind: str, grade_id: str, source: str, points: float | None = None
) -> nbformat.NotebookNode:
    ours = {
        "schema_version": 3, "grade_id": grade_id, "task": False,
        "solution": kind in ("solution", "manual"), "grade": kind in ("test", "manual"),
        "locked": kind == "test",
    }  # fmt: skip
    if points is not None:
        ours["points"] = points
    make = new_markdown_cell if kind == "manual" else new_code_cell
    return make(source, metadata={"nbgrader": ours}, id=grade_id)


def source_notebook() -> nbformat.NotebookNode:
    """The instructor's notebook."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = new_notebook(metadata={"kernelspec": kernel})
    book.cells = [
        new_markdown_cell("# Homework", id="title"),
        new_code_cell("import torch", id="imports"),
    ]
    for name, text in SOLUTIONS.items():
        book.cells += [
            _cell("solution", name, text),
            _cell("test", f"test_{name}", TESTS[name], FULL[f"test_{name}"]),
        ]
    book.cells.append(_cell("manual", "essay", "Why?", 4.0))
    return book


def student_notebook(answers: dict[str, str], extra: str | None = None) -> nbformat.NotebookNode:
    """A submission: answers by grade_id, and one more cell right after the imports."""
    book = copy.deepcopy(source_notebook())
    for cell in book.cells:
        ours = cell.metadata.get("nbgrader", {})
        if ours.get("solution"):
            stub = "raise NotImplementedError()" if cell.cell_type == "code" else "YOUR ANSWER HERE"
            cell.source = answers.get(ours["grade_id"], stub)
        elif ours.get("grade"):
            cell.source = "# the test comes after you hand in"
    if extra is not None:
        book.cells.insert(2, new_code_cell(extra, id="added"))
    return book


def make_course(root: Path) -> Path:
    """Write a course with one assignment; returns its folder."""
    folder = root / "solutions" / HW
    folder.mkdir(parents=True)
    nbformat.write(source_notebook(), folder / f"{HW}.ipynb")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return root


def hand_in(
    root: Path, student: str, content: nbformat.NotebookNode | bytes, name: str = f"{HW}.ipynb"
) -> Path:
    """Put one file where nbgrader collects; returns its path."""
    folder = root / "submitted" / student / HW
    folder.mkdir(parents=True, exist_ok=True)
    data = content if isinstance(content, bytes) else nbformat.writes(content).encode()
    (folder / name).write_bytes(data)
    return folder / name
