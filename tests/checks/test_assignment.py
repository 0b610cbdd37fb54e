"""Assignment 1 as a notebook: what it asks, what it hides, what it gives."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils import checks

ROOT = Path(__file__).resolve().parents[2]
NAME = "a1_gan_minimax"
EXERCISES = checks.ASSIGNMENTS["a1"]
MOST_LINES = 10


def read(folder):
    return nbformat.read(ROOT / folder / NAME / f"{NAME}.ipynb", as_version=4)


def graded(notebook):
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells}


def test_every_exercise_has_its_cells_and_points():
    cells = graded(read("solutions"))
    for name in EXERCISES:
        points = checks.exercise(name).points
        assert cells[name].metadata["nbgrader"]["solution"]
        assert cells[f"check_{name}"].source == f"checks.{name}({name})"
        assert cells[f"test_{name}"].metadata["nbgrader"]["points"] == points
        assert f'checks.grade("{name}", {name}, points={points})' in cells[f"test_{name}"].source
    metadata = [cell.metadata["nbgrader"] for cell in cells.values()]
    assert sum(data.get("points", 0) for data in metadata) == 25


def test_every_solution_is_short_and_keeps_the_arguments():
    cells = graded(read("solutions"))
    for name in EXERCISES:
        source = cells[name].source
        body = re.search(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", source, re.S)[1]
        assert 1 <= len(body.splitlines()) <= MOST_LINES, name
        arguments = ast.parse(source).body[0].args.args
        assert tuple(each.arg for each in arguments) == checks.exercise(name).arguments


def test_the_released_notebook_hides_what_it_must():
    released = read("assignments")
    text = "\n".join(cell.source for cell in released.cells)
    for secret in ("SOLUTION", "HIDDEN", "checks.grade(", "grade_prediction", "A model answer"):
        assert secret not in text
    for line in ("F.logsigmoid(", "binary_cross_entropy", '= "d"', "inputs=list("):
        assert line not in text
    cells = graded(released)
    for name in EXERCISES:
        assert "raise NotImplementedError()" in cells[name].source
        # What is left of a graded cell still says something, and still runs.
        assert f'checks.preview("{name}", {name}' in cells[f"test_{name}"].source
    assert cells["in_your_own_words"].source == "YOUR ANSWER HERE"


def run(notebook, monkeypatch, **settings):
    monkeypatch.setenv("COURSE_SCALE", "test")
    monkeypatch.setenv("COURSE_STATIC", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    NotebookClient(notebook, timeout=120, **settings).execute()
    return {
        name: float(output.data["text/plain"])
        for name, cell in graded(notebook).items()
        for output in cell.get("outputs", [])
        if name.startswith("test_") and output.output_type == "execute_result"
    }


@pytest.mark.notebooks
def test_the_solved_notebook_earns_every_mark(monkeypatch):
    marks = run(read("solutions"), monkeypatch)
    assert marks == {
        "test_game_value": 3,
        "test_discriminator_loss": 3,
        "test_early_gradient": 2,
        "test_generator_losses": 4,
        "test_optimal_discriminator": 3,
        "test_alternating_step": 5,
    }


@pytest.mark.notebooks
def test_the_untouched_notebook_earns_nothing_and_is_told_kindly(monkeypatch):
    notebook = read("assignments")
    marks = run(notebook, monkeypatch, allow_errors=True)
    assert len(marks) == 6 and set(marks.values()) == {0}
    for name in EXERCISES:
        shown, raised = graded(notebook)[f"check_{name}"].outputs
        assert "not written yet" in shown.data["text/html"]
        assert raised.ename == "CheckFailed" and len(raised.traceback) == 1


@pytest.mark.notebooks
def test_one_wrong_function_costs_its_own_part_only(monkeypatch):
    notebook = read("solutions")
    cell = graded(notebook)["generator_losses"]
    cell.source = cell.source.replace("-F.logsigmoid(fake_logits)", "F.logsigmoid(fake_logits)")
    marks = run(notebook, monkeypatch, allow_errors=True)
    # The step uses generator_losses, so it moves G the wrong way too.
    assert (marks["test_generator_losses"], marks["test_alternating_step"]) == (1.75, 2.5)
    assert marks["test_game_value"] == 3 and marks["test_discriminator_loss"] == 3
    report = graded(notebook)["test_generator_losses"].outputs[0].data["text/html"]
    assert 'data-misconception="non_saturating_sign_flipped"' in report
