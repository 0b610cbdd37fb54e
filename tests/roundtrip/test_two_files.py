"""A new assignment is two files: the solved notebook and the room of its exercises.

A copy of the course that never heard of the practice assignment gets these two, and no more; then
it is built, released, checked by a student, graded and returned, with three mistakes of each kind.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.exercises import MARKS, WRONG
from tests.sources import ROOT

NAME = "a0_practice"
SOLVED, ROOM = f"sources/solutions/{NAME}.py", f"course_utils/exercises/{NAME}"
HEAD = {
    "psnr": "def psnr(picture, truth):\n",
    "training_step": "def training_step(network, optimizer, inputs, targets):\n",
}
ERROR = "(picture - truth).square().mean()"
STEP = [
    "    loss = F.mse_loss(network(inputs), targets)",
    "    optimizer.zero_grad()",
    "    loss.backward()",
    "    optimizer.step()",
    "    return loss.detach()",
]
MISTAKES = {  # of each student: misconception -> what stands in the cell
    "natural": {
        "natural_logarithm": f"    return -10 * {ERROR}.log()",
        "gradients_kept": "\n".join(line for line in STEP if "zero_grad" not in line),
        "answered_a": 'prediction = "a"',
    },
    "twenty": {
        "twenty_for_ten": f"    return -20 * torch.log10({ERROR})",
        "step_forgotten": "\n".join(line for line in STEP if "optimizer.step" not in line),
        "answered_c": 'prediction = "c"',
    },
    "signless": {
        "sign_missing": f"    return 10 * torch.log10({ERROR})",
        "graph_returned": "\n".join(STEP).replace(".detach()", ""),
        "answered_d": 'prediction = "d"',
    },
}
EXERCISES = ("psnr", "training_step", "what_counts")
pytestmark = [pytest.mark.roundtrip, pytest.mark.slow]


def python(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Python in the copied course, which alone is found."""
    environment = os.environ | {"PYTHONPATH": str(course)}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course without practice, then with its two files, built."""
    root = tmp_path_factory.mktemp("two") / "course"
    left = shutil.ignore_patterns("__pycache__", NAME)
    for package in ("course_utils", "course_admin"):
        shutil.copytree(ROOT / package, root / package, ignore=left)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    (root / "sources" / "notebooks").mkdir(parents=True)
    listed = "from course_utils import checks; print(*checks.assignments())"
    assert NAME not in python(root, "-c", listed).stdout

    (root / SOLVED).parent.mkdir()
    shutil.copy(ROOT / SOLVED, root / SOLVED)
    shutil.copytree(ROOT / ROOM, root / ROOM, ignore=shutil.ignore_patterns("__pycache__"))
    assert NAME in python(root, "-c", listed).stdout.split()
    python(root, "-m", "course_admin.authoring", "build")
    return root


def submission(course: Path, answers: dict[str, str]) -> nbformat.NotebookNode:
    """The released notebook with these answers, in the order of the exercises."""
    notebook = nbformat.read(course / "assignments" / NAME / f"{NAME}.ipynb", as_version=4)
    cells = {cell.metadata.get("nbgrader", {}).get("grade_id"): cell for cell in notebook.cells}
    for name, answer in zip(EXERCISES, answers.values(), strict=True):
        cells[name].source = HEAD.get(name, "") + answer
    return notebook


def test_the_release_is_the_one_of_the_whole_course(course: Path) -> None:
    for folder in ("solutions", "assignments"):
        path = f"{folder}/{NAME}/{NAME}.ipynb"
        assert (course / path).read_bytes() == (ROOT / path).read_bytes()


@pytest.mark.parametrize("student", MISTAKES)
def test_the_visible_check_names_each_mistake(
    course: Path, student: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(course))
    monkeypatch.setenv("COURSE_SCALE", "test")
    notebook = submission(course, MISTAKES[student])
    NotebookClient(notebook, timeout=600, allow_errors=True).execute()
    shown = {
        cell.metadata.nbgrader.grade_id: output.data["text/html"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "nbgrader" in cell.metadata and "text/html" in output.get("data", {})
    }
    for name, mistake in zip(EXERCISES[:2], MISTAKES[student], strict=False):
        assert f'data-misconception="{mistake}"' in shown[f"check_{name}"]
    assert "you said" in shown["check_what_counts"]  # a prediction is not judged before


@pytest.fixture(scope="module")
def out(course: Path) -> Path:
    """What grading gives: everybody's marks and pages."""
    right = {"psnr": f"    return -10 * torch.log10({ERROR})", "step": "\n".join(STEP)}
    students = MISTAKES | {"perfect": right | {"choice": 'prediction = "b"'}}
    for student, answers in students.items():
        path = course / "submitted" / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(submission(course, answers), path)
    python(course, "-m", "course_admin.grading", "run", NAME, "--course", str(course))
    return course


def test_marks_are_those_of_each_mistake(out: Path) -> None:
    text = (out / "grades" / NAME / "marks.csv").read_text()
    rows = {row["student"]: row for row in csv.DictReader(text.splitlines())}
    for student, mistakes in MISTAKES.items():
        for name, mistake in zip(EXERCISES, mistakes, strict=True):
            expected = MARKS[name][mistake] if name in MARKS else 0
            assert float(rows[student][f"test_{name}"]) == expected
            assert rows[student][f"test_{name}: reason"].startswith(f"{mistake}: ")
    assert float(rows["perfect"]["score"]) == 8  # all but the written answer, which a person reads


def test_feedback_names_the_mistakes(out: Path) -> None:
    for student in (*MISTAKES, "perfect"):
        page = (out / "feedback" / student / NAME / f"{NAME}.html").read_text()
        for other, mistakes in MISTAKES.items():
            for mistake in mistakes:
                assert (mistake in page) == (student == other)


def test_all_three_mistakes_of_every_kind_were_made() -> None:
    made = {mistake for mistakes in MISTAKES.values() for mistake in mistakes}
    answered = {f"answered_{letter}" for letter in "acd"}
    assert made == {*WRONG["psnr"], *WRONG["training_step"], *answered}
