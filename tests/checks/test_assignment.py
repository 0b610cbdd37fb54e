"""The assignments as notebooks: what they ask, what they hide, what they give."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils import checks

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    assignment: source.stem
    for assignment in checks.ASSIGNMENTS
    for source in (ROOT / "sources" / "solutions").glob(f"{assignment}_*.py")
}
# Lines of the solutions that a released notebook must not hold, and the predictions.
SECRETS = {
    "a1": ("F.logsigmoid(", "binary_cross_entropy", '= "d"', "inputs=list("),
    "a2": (
        "torch.rot90(",
        "return F.cross_entropy(",
        '= "c"',
        "requires_grad_(False)",
        "randperm(",
        "divmod(",
    ),
    "a3": ("/ 50 - 1", "torch.cdist(", "1 / mixture", '= "c"', "einsum(", "return colours @"),
    "a4": (
        "@ F.normalize(",
        "same.fill_diagonal_(",
        "F.cross_entropy(",
        '= "b"',
        "math.log(scores.shape[1])",
        "F.one_hot(labels",
    ),
    "a5": (
        ".roll(pictures)",
        "scores.fill_diagonal_(",
        '= "d"',
        "key.mul_(momentum)",
        "queue.index_copy(",
        "keys.detach()",
        "encoder.eval()\n",
    ),
    "a6": (
        "points - centre",
        "local @ rotation.T",
        "-one, zero, left",
        '= "c"',
        "index[inside]",
        "F.softplus(",
        "either.clamp(",
    ),
    "a7": (
        "torch.expm1(",
        '= "b"',
        "passed[..., :-1]",
        "weights[..., None] * values",
        "edges[:-1] +",
        "mass.cumsum(",
        "2**k * math.pi",
    ),
    "a8": (
        "* scales[:, None, :]",
        "@ rotation.T",
        '= "a"',
        "torch.linalg.inv(",
        "torch.cumprod(",
        "gradients.norm(",
    ),
}
PREDICTIONS = {
    "a1": {"early_gradient": 2},
    "a2": {"letter_n": 2},
    "a3": {"torn_between_two": 2},
    "a4": {"how_much_can_be_shown": 2},
    "a5": {"all_the_same": 2},
    "a6": {"ten_percent_too_large": 2},
    "a7": {"one_bin_or_a_hundred": 2},
    "a8": {"twice_as_far": 2},
}
MOST_LINES = 10
assignments = pytest.mark.parametrize("assignment", checks.ASSIGNMENTS)


def read(folder, assignment="a1"):
    name = NAMES[assignment]
    return nbformat.read(ROOT / folder / name / f"{name}.ipynb", as_version=4)


def graded(notebook):
    cells = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    return {cell.metadata["nbgrader"]["grade_id"]: cell for cell in cells}


@assignments
def test_every_exercise_has_its_cells_and_points(assignment):
    cells = graded(read("solutions", assignment))
    for name in checks.ASSIGNMENTS[assignment]:
        points = checks.exercise(name).points
        assert cells[name].metadata["nbgrader"]["solution"]
        assert cells[f"check_{name}"].source == f"checks.{name}({name})"
        assert cells[f"test_{name}"].metadata["nbgrader"]["points"] == points
        assert f'checks.grade("{name}", {name}, points={points})' in cells[f"test_{name}"].source
    metadata = [cell.metadata["nbgrader"] for cell in cells.values()]
    assert sum(data.get("points", 0) for data in metadata) == 25


@assignments
def test_every_solution_is_short_and_keeps_the_arguments(assignment):
    cells = graded(read("solutions", assignment))
    for name in checks.ASSIGNMENTS[assignment]:
        source = cells[name].source
        body = re.search(r"### BEGIN SOLUTION\n(.*?)\n\s*### END SOLUTION", source, re.S)[1]
        assert 1 <= len(body.splitlines()) <= MOST_LINES, name
        arguments = ast.parse(source).body[0].args.args
        assert tuple(each.arg for each in arguments) == checks.exercise(name).arguments


@assignments
def test_the_released_notebook_hides_what_it_must(assignment):
    released, solved = read("assignments", assignment), read("solutions", assignment)
    text = "\n".join(cell.source for cell in released.cells)
    for secret in ("SOLUTION", "HIDDEN", "checks.grade(", "grade_prediction", "A model answer"):
        assert secret not in text
    for line in SECRETS[assignment]:
        assert line not in text
        assert any(line in cell.source for cell in solved.cells)
    cells = graded(released)
    for name in checks.ASSIGNMENTS[assignment]:
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
    points = {name: checks.exercise(name).points for name in checks.ASSIGNMENTS[assignment]}
    points |= PREDICTIONS[assignment]
    assert marks == {f"test_{name}": each for name, each in points.items()}


@pytest.mark.notebooks
@assignments
def test_the_untouched_notebook_earns_nothing_and_is_told_kindly(assignment, monkeypatch):
    notebook = read("assignments", assignment)
    marks = run(notebook, monkeypatch, allow_errors=True)
    exercises = checks.ASSIGNMENTS[assignment]
    assert len(marks) == len(exercises) + len(PREDICTIONS[assignment])
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
    notebook = read("solutions", "a2")
    cell = graded(notebook)["rotate_batch"]
    assert "torch.rot90(images, k," in cell.source
    cell.source = cell.source.replace("torch.rot90(images, k,", "torch.rot90(images, -k,")
    marks = run(notebook, monkeypatch, allow_errors=True)
    assert marks.pop("test_rotate_batch") == 1.25
    assert sum(marks.values()) == 16
    report = graded(notebook)["test_rotate_batch"].outputs[0].data["text/html"]
    assert 'data-misconception="clockwise"' in report
