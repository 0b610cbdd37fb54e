"""The assignments as notebooks: what they ask, what they hide, what they give."""

import ast
import re

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils import checks
from tests.sources import ROOT

from .points import graded_points

MOST_LINES = 10
assignments = pytest.mark.parametrize("assignment", checks.assignments())


def read(folder, assignment="a1_gan_minimax"):
    return nbformat.read(ROOT / folder / assignment / f"{assignment}.ipynb", as_version=4)


SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", re.S)


def secret_lines(notebook, name):
    """Lines of a solution that stand nowhere else in the solved notebook."""
    rest = "\n".join(SOLUTION.sub("", cell.source) for cell in notebook.cells)
    lines = [
        line.strip() for line in SOLUTION.search(graded(notebook)[name].source)[1].splitlines()
    ]
    return [line for line in lines if line not in rest]


def graded(notebook):
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells}


@assignments
def test_every_exercise_has_its_cells_and_points(assignment):
    cells = graded(read("solutions", assignment))
    for name in checks.assignments()[assignment]:
        points = cells[f"test_{name}"].metadata["nbgrader"]["points"]
        assert cells[name].metadata["nbgrader"]["solution"]
        assert cells[f"check_{name}"].source == f"checks.{name}({name})"
        assert f'checks.grade("{name}", {name}, points={points})' in cells[f"test_{name}"].source
    metadata = [cell.metadata["nbgrader"] for cell in cells.values()]
    whole = 10 if assignment == "a0_practice" else 25
    assert sum(data.get("points", 0) for data in metadata) == whole


@assignments
def test_every_solution_is_short_and_keeps_the_arguments(assignment):
    cells = graded(read("solutions", assignment))
    for name in checks.assignments()[assignment]:
        source = cells[name].source
        body = SOLUTION.search(source)[1]
        assert 1 <= len(body.splitlines()) <= MOST_LINES, name
        arguments = ast.parse(source).body[0].args.args
        assert tuple(each.arg for each in arguments) == checks.exercise(name).arguments


@assignments
def test_the_released_notebook_hides_what_it_must(assignment):
    released, solved = read("assignments", assignment), read("solutions", assignment)
    text = "\n".join(cell.source for cell in released.cells)
    for secret in ("SOLUTION", "HIDDEN", "checks.grade(", "grade_prediction", "A model answer"):
        assert secret not in text
    answers = [n for n, cell in graded(solved).items() if SOLUTION.search(cell.source)]
    for name in answers:
        secret = secret_lines(solved, name)
        assert secret and not any(line in text for line in secret), name
    assert {*checks.assignments()[assignment]} < {*answers}
    cells = graded(released)
    for name in checks.assignments()[assignment]:
        assert "raise NotImplementedError()" in cells[name].source
        # What is left of a graded cell still says something, and still runs.
        assert f'checks.preview("{name}", {name}' in cells[f"test_{name}"].source
    assert cells["in_your_own_words"].source == "YOUR ANSWER HERE"


def run(notebook, monkeypatch, **settings):
    monkeypatch.setenv("COURSE_SCALE", "test")
    monkeypatch.setenv("COURSE_STATIC", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    NotebookClient(notebook, timeout=600, **settings).execute()
    return {
        name: float(output.data["text/plain"])
        for name, cell in graded(notebook).items()
        for output in cell.get("outputs", [])
        if name.startswith("test_") and output.output_type == "execute_result"
    }


@pytest.mark.notebooks
@assignments
def test_the_solved_notebook_earns_every_mark(assignment, monkeypatch):
    marks = run(read("solutions", assignment), monkeypatch)
    assert marks == {f"test_{name}": each for name, each in graded_points(assignment).items()}


@pytest.mark.notebooks
@assignments
def test_the_untouched_notebook_earns_nothing_and_is_told_kindly(assignment, monkeypatch):
    notebook = read("assignments", assignment)
    marks = run(notebook, monkeypatch, allow_errors=True)
    exercises = checks.assignments()[assignment]
    assert {*marks} == {f"test_{name}" for name in graded_points(assignment)}
    assert set(marks.values()) == {0}
    for name in exercises:
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


@pytest.mark.notebooks
def test_a_wrong_turn_costs_the_turns_only(monkeypatch):
    notebook = read("solutions", "a2_rotation")
    cell = graded(notebook)["rotate_batch"]
    assert "torch.rot90(images, k," in cell.source
    cell.source = cell.source.replace("torch.rot90(images, k,", "torch.rot90(images, -k,")
    marks = run(notebook, monkeypatch, allow_errors=True)
    assert marks.pop("test_rotate_batch") == 1.25
    assert sum(marks.values()) == 16
    report = graded(notebook)["test_rotate_batch"].outputs[0].data["text/html"]
    assert 'data-misconception="clockwise"' in report
