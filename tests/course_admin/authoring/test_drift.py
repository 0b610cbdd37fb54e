"""What is committed is what the sources say."""

import json

import nbformat
import pytest

from course_admin.authoring.check import broken_rules, drift, redrawn, unexecuted
from course_admin.authoring.layout import select, this_course
from course_admin.authoring.outputs import FIGURE_LIMIT, PICTURE_LIMIT, PLOTLY, WIDGET_VIEW

COURSE = this_course()
MARKERS = ("BEGIN SOLUTION", "END SOLUTION", "BEGIN HIDDEN", "END HIDDEN", "BEGIN MARK SCHEME")


def lessons() -> list:
    return [
        nbformat.read(COURSE.lesson(s), as_version=4) for s in select(COURSE.lesson_sources, [])
    ]


def test_there_is_something_to_compare():
    assert len(select(COURSE.lesson_sources, [])) >= 2
    assert select(COURSE.solution_sources, [])


def test_notebooks_solutions_and_assignments_are_what_their_sources_give():
    faults = drift(COURSE)
    assert not faults, "\n".join(faults)


@pytest.mark.slow  # to execute a lesson takes minutes: while you work on one, it is due
def test_stored_outputs_belong_to_the_code_above_them_and_to_its_figures():
    faults = unexecuted(COURSE) + redrawn(COURSE)
    assert not faults, "\n".join(faults)


def test_lessons_and_assignments_keep_the_rules():
    faults = broken_rules(COURSE)
    assert not faults, "\n".join(faults)


def test_no_source_lies_where_nbgrader_would_hand_it_out():
    """nbgrader copies every file beside a notebook into the release, answers and all."""
    for folder in (COURSE.solutions, COURSE.assignments):
        extra = [p for p in folder.rglob("*") if p.is_file() and p.suffix != ".ipynb"]
        assert not extra


def test_students_get_neither_answers_nor_hidden_tests():
    released = sorted(COURSE.assignments.rglob("*.ipynb"))
    assert released
    for path in released:
        text = path.read_text(encoding="utf-8")
        assert not [marker for marker in MARKERS if marker in text], path.name


def test_no_line_of_an_answer_is_left_in_the_student_version():
    for source in select(COURSE.solution_sources, []):
        solved = nbformat.read(COURSE.solution(source), as_version=4)
        released = nbformat.read(COURSE.assignment(source), as_version=4)
        answers = [line for cell in solved.cells for line in secret_lines(cell.source)]
        assert answers
        # A line that is told elsewhere in the open, `with torch.no_grad():`, gives nothing away.
        told = {line for cell in solved.cells for line in open_lines(cell.source)}
        shown = {line.strip() for cell in released.cells for line in cell.source.splitlines()}
        assert not [line for line in answers if len(line) > 20 and line in shown - told]


def test_assignments_and_solutions_store_no_outputs():
    for folder in (COURSE.solutions, COURSE.assignments):
        for path in folder.rglob("*.ipynb"):
            cells = nbformat.read(path, as_version=4).cells
            assert not [c for c in cells if c.get("outputs") or c.get("execution_count")]


def test_stored_outputs_are_static_small_and_without_errors():
    for notebook in lessons():
        for cell in notebook.cells:
            for output in cell.get("outputs", []):
                assert output.output_type != "error"
                assert output.get("name") != "stderr"
                assert WIDGET_VIEW not in output.get("data", {})
                picture = output.get("data", {}).get("image/png", "")
                assert len(picture) * 3 / 4 <= PICTURE_LIMIT
                figure = output.get("data", {}).get(PLOTLY)
                assert figure is None or picture
                assert len(json.dumps(figure, separators=(",", ":"))) <= FIGURE_LIMIT
                assert "<script" not in output.get("data", {}).get("text/html", "").lower()
        assert "widgets" not in notebook.metadata


@pytest.mark.parametrize("marker", ["SOLUTION", "HIDDEN TESTS"])
def test_secret_lines_are_found(marker):
    cell = f"def f():\n    ### BEGIN {marker}\n    return 1\n    ### END {marker}\nf()"
    assert secret_lines(cell) == ["return 1"]


def secret_lines(source: str) -> list[str]:
    """Lines between the markers of a solution or of hidden tests."""
    return parted_lines(source)[0]


def open_lines(source: str) -> list[str]:
    """All other lines."""
    return parted_lines(source)[1]


def parted_lines(source: str) -> tuple[list[str], list[str]]:
    secret, told, inside = [], [], False
    for line in source.splitlines():
        if "### END" in line:
            inside = False
        (secret if inside else told).append(line.strip())
        if "### BEGIN" in line:
            inside = True
    return secret, told
