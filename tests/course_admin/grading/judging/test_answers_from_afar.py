"""Every right and wrong answer to the assignments, through the judge: the marks are those at home.

What each earns in one process is held by tests/exercises. Here the answers live in a student's
process and the checks in the judge's, as when a class is graded; several answers share both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course_admin.grading.judging.examination import Examination, Rooms
from course_admin.grading.judging.fork_client import ForkServerClient
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.rebuild import Piece, Rebuilt
from course_utils import checks
from tests.exercises import MARKS, RIGHT
from tests.exercises.points import POINTS

pytestmark = pytest.mark.slow
SHARED = {"momentum_update"}  # one of its mistakes shows in memory that two objects share
NAMES = [name for names in checks.assignments().values() for name in names if name not in SHARED]
Marks = dict[str, list[object]]  # score, misconception, whether it is trusted

TEST = """\
import functools, json
from course_utils import checks
from course_utils.checks import engine
engine.reference_holds = functools.cache(engine.reference_holds)  # asked for every mark otherwise
print(json.dumps([
    [mark.score, mark.report.misconception, mark.trusted]
    for mark in (checks.grade({name!r}, answer, {points}) for answer in [{answers}])
]))
0.0
"""


def ways(name: str) -> list[str]:
    """The right answers, then the first variant of each mistake."""
    return [*RIGHT[name], *MARKS[name]]


def notebook(name: str) -> Rebuilt:
    """Answers as variables of a student's notebook, and one hidden test that grades them all."""
    variables = [f"answer_{k}" for k in range(len(ways(name)))]
    answers = (
        "from tests.exercises import RIGHT, WRONG\n"
        f"right, wrong = RIGHT[{name!r}], WRONG[{name!r}]\n"
        f"{', '.join(variables)} = *right.values(), *(wrong[w][0] for w in {list(MARKS[name])})"
    )
    test = TEST.format(name=name, points=POINTS[name], answers=", ".join(variables))
    ours = {"grade_id": "test", "grade": True, "solution": False, "points": 1}
    return Rebuilt(
        name,
        NotebookNode(),
        [
            Piece("answer", new_code_cell(answers)),
            Piece("test", new_code_cell(test, metadata={"nbgrader": ours})),
        ],
    )


def marks_through_the_judge(rooms: Rooms, name: str) -> Marks:
    """What the hidden test printed, by answer."""
    limits = Limits(total_seconds=600.0, test_seconds=500.0, cell_seconds=100.0)
    examination = Examination(rooms, notebook(name), limits)
    book = examination.run({})
    return dict(zip(ways(name), json.loads(printed(book)), strict=True))


def printed(book: NotebookNode) -> str:
    """The test's standard output."""
    outputs = book.cells[-1].outputs
    found = [part.text for part in outputs if part.get("name") == "stdout"]
    assert found, f"the test printed nothing: {outputs}"
    return found[0]


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Future[Marks]]]:
    """Marks of all answers, two exercises at a time."""
    modules = ["torch._dynamo", "course_utils.checks", "tests.exercises"]
    rooms = Rooms(*(ForkServerClient(role, modules) for role in ("student", "judge")))
    with ThreadPoolExecutor(2) as pool:
        yield {name: pool.submit(marks_through_the_judge, rooms, name) for name in NAMES}
        pool.shutdown(cancel_futures=True)
    rooms.close()


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_those_at_home(found: dict[str, Future[Marks]], name: str) -> None:
    full = POINTS[name]
    right = {way: [full, "", True] for way in RIGHT[name]}
    wrong = {way: [score, way, True] for way, score in MARKS[name].items()}
    assert found[name].result() == right | wrong
