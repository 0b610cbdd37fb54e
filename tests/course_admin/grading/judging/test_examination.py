"""One submission in its two processes: what a test sees, what is shown, what is lost."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import nbformat
import pytest
import torch

from course_admin.grading import doctor
from course_admin.grading.judging.judge import judged
from course_admin.grading.judging.outcomes import checked, graded_outputs
from course_admin.grading.judging.shell import Ran
from course_admin.grading.judging.verdicts import CellMark, Result
from course_admin.grading.sandbox.bubblewrap import bubblewrap
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.find_notebook import Found
from course_admin.grading.submissions.rebuild import Source
from course_admin.grading.submissions.slicing import names_defined, needs, statements
from course_admin.grading.worker import Bundle, Task, Workshop, modules_of
from tests.course_admin.grading.conftest import marks_of
from tests.course_admin.grading.synthetic import FULL, HW, RIGHT, source_notebook, student_notebook

Examine = Callable[..., Result]
LIMITS = replace(Limits(), cell_seconds=3.0, call_seconds=3.0, test_seconds=12.0)


@pytest.fixture(scope="module")
def examine() -> Iterator[Examine]:
    """Grades answers in processes that are kept for all tests of this module."""
    given = dict.fromkeys(RIGHT, "raise NotImplementedError()")
    source = Source(HW, source_notebook(), given)
    shop = Workshop(Bundle(HW, (source,), (), LIMITS, True, "test"))

    def grade(extra: str | None = None, **answers: str) -> Result:
        book = student_notebook({**RIGHT, **answers}, extra=extra)
        data = nbformat.writes(book).encode()
        return shop.grade(Task("student", {HW: Found(f"{HW}.ipynb", data)}))

    yield grade
    shop.close()


def outputs(result: Result, cell_id: str) -> str:
    cells = json.loads(result.notebooks[HW])["cells"]
    return json.dumps([cell["outputs"] for cell in cells if cell["id"] == cell_id])


@pytest.mark.slow
def test_right_answers_get_full_marks(examine: Examine) -> None:
    assert {test: marks_of(examine())[test] for test in FULL} == FULL


@pytest.mark.slow
def test_partial_credit_and_reasons(examine: Examine) -> None:
    result = examine(
        mean="def mean(x):\n    return x[0]", square="def square(x):\n    return 2 * x"
    )
    assert marks_of(result)["test_mean"] == 1.0
    assert [m.reason for m in result.marks if m.grade_id == "test_square"] == ["not the square"]
    assert "not the square" in outputs(result, "test_square")


@pytest.mark.slow
def test_function_that_detaches_fails_on_the_gradient(examine: Examine) -> None:
    result = examine(square="def square(x):\n    return (x * x).detach()")
    assert marks_of(result)["test_square"] == 0.0


@pytest.mark.slow
def test_error_of_a_students_is_told(examine: Examine) -> None:
    result = examine(square="def square(x):\n    return x.no_such_thing")
    (mark,) = [mark for mark in result.marks if mark.grade_id == "test_square"]
    assert mark.reason.startswith("AttributeError") and "no_such_thing" in mark.reason


@pytest.mark.slow
def test_missing_function_is_named(examine: Examine) -> None:
    result = examine(square="def sqare(x):\n    return x * x")
    (mark,) = [mark for mark in result.marks if mark.grade_id == "test_square"]
    assert mark.score == 0.0 and "'square' is not defined" in mark.reason


@pytest.mark.slow
def test_helper_cells_and_imports_of_the_student_are_used(examine: Examine) -> None:
    result = examine(extra="import math\ndef helper(x): return x * x", square="square = helper")
    assert marks_of(result)["test_square"] == 2.0


@pytest.mark.slow
def test_one_test_leaves_no_trace_for_the_next(examine: Examine) -> None:
    code = "calls = []\ndef square(x):\n    calls.append(1)\n    return x * x"
    result = examine(square=code, guess='guess = "b" if not calls else "x"')
    assert marks_of(result)["test_guess"] == 1.0


@pytest.mark.slow
def test_function_that_hangs_costs_its_own_mark_only(examine: Examine) -> None:
    result = examine(square="def square(x):\n    while True: pass")
    expected = {**FULL, "test_square": 0.0}
    assert {test: marks_of(result)[test] for test in FULL} == expected
    assert not result.flags


@pytest.mark.slow
def test_cell_that_ends_the_process_is_left_out(examine: Examine) -> None:
    result = examine(extra="import os\nos._exit(3)")
    assert {test: marks_of(result)[test] for test in FULL} == FULL
    assert "process was lost in cell 3" in result.flags[0] and "exit status 3" in result.flags[0]


@pytest.mark.slow
def test_random_numbers_are_the_same_for_everybody(examine: Examine) -> None:
    code = "import random, numpy\nprint(random.random(), numpy.random.rand(), torch.rand(1).item())"
    shown = {outputs(examine(extra=code), "added-1") for _ in range(2)}
    assert len(shown) == 1 and "stream" in shown.pop()


@pytest.mark.slow
def test_figures_and_markup_are_kept(examine: Examine) -> None:
    result = examine(extra="import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in outputs(result, "added-1")


@pytest.mark.slow
def test_only_one_thread_computes(examine: Examine) -> None:
    assert "1\\n" in outputs(examine(extra="print(torch.get_num_threads())"), "added-1")


@pytest.mark.slow
@pytest.mark.skipif(bubblewrap() is None, reason="bubblewrap cannot make namespaces here")
def test_doctor_finds_that_everything_holds() -> None:
    findings = doctor.examine(bubblewrap())
    assert [finding.name for finding in findings if not finding.holds] == []
    assert {finding.name for finding in findings} == set(doctor.PROBES)


@pytest.mark.slow
def test_doctor_finds_what_is_open_without_bubblewrap() -> None:
    findings = doctor.examine(None)
    holds = {finding.name: finding.holds for finding in findings}
    assert not holds["files"] and not holds["network"]
    assert holds["memory"] and holds["time"] and holds["environment"]
    assert "OPEN" in doctor.text_of(findings, None)


@pytest.mark.parametrize(
    ("value", "score"), [(1.5, 1.5), (0, 0.0), (2, 2.0), (torch.tensor(1.0), 1.0), (None, 2.0)]
)
def test_numbers_are_scores_and_nothing_is_full_marks(value: object, score: float) -> None:
    verdict = judged(Ran([], value), 2.0)
    assert verdict["score"] == score and not verdict["withheld"]


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), -0.1, 2.1, True, "2", [2.0], 10**400]
)
def test_anything_else_is_withheld(value: object) -> None:
    verdict = judged(Ran([], value), 2.0)
    assert verdict["score"] == 0.0 and verdict["withheld"]


@pytest.mark.parametrize("score", [None, "2", float("nan"), 3.0, -1.0, True])
def test_supervisor_checks_the_verdict_again(score: object) -> None:
    assert checked({"nonce": "n", "score": score}, "n", 2.0)["withheld"]
    assert checked({"nonce": "other", "score": 1.0}, "n", 2.0)["withheld"]
    assert not checked({"nonce": "n", "score": 1.0, "withheld": ""}, "n", 2.0)["withheld"]


@pytest.mark.parametrize("score", [0.0, 0.5, 1 / 3, 2.0])
def test_nbgrader_reads_the_same_score_from_the_outputs(score: float) -> None:
    from nbgrader.utils import determine_grade

    ours = {"grade": True, "solution": False, "points": 2.0, "grade_id": "t"}
    noise = [
        {"output_type": "stream", "name": "stderr", "text": "a warning"},
        {"output_type": "execute_result", "data": {"text/plain": "2.0"}},
        {"output_type": "error", "ename": "x", "evalue": "", "traceback": []},
    ]
    cell = nbformat.v4.new_code_cell("", metadata={"nbgrader": ours})
    cell.outputs = graded_outputs(CellMark("t", HW, 2.0, score), noise)
    assert determine_grade(cell) == (score, 2.0)


CELLS = [
    ("import torch\nfrom math import pi as half_turn", False),
    ("base = 3\n\ndef helper(x):\n    return answer(x) + base", False),
    ("def answer(x):\n    return x", True),
    ("table = {}\ntable['a'] = helper\nother = 5\nprint(answer(1))", False),
]


def test_test_brings_in_what_it_needs_and_asks_the_student_for_the_rest() -> None:
    before = [s for text, student in CELLS for s in statements(text, student=student)]
    found = needs("assert table['a'](2) == torch.tensor(5)", before)
    sources = [statement.source for statement in found.statements]
    assert sources == [
        "import torch", "base = 3", "def helper(x):\n    return answer(x) + base", "table = {}",
        "table['a'] = helper",
    ]  # fmt: skip
    assert "answer" in found.asked and "other" not in " ".join(sources)


def test_cells_that_do_not_parse_bind_nothing() -> None:
    assert statements("def broken(:") == [] and names_defined("1 +") == frozenset()
    assert names_defined("%matplotlib inline\nimport os\nf = 1\ndef g(): pass") == {"f", "g"}


def test_fork_server_imports_what_the_notebook_imports() -> None:
    book = source_notebook()
    book.cells[1].source = "%pylab\nimport scipy.stats as s\nfrom course_utils import checks, scale"
    modules = modules_of([Source(HW, book, {})])
    assert {"scipy.stats", "course_utils.checks", "torch"} <= set(modules)
    assert "course_utils.scale" not in modules
