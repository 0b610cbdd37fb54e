"""Every lesson runs from top to bottom in a fresh kernel, at its smallest scale."""

import pytest

from course_admin.authoring.execute import run
from course_admin.authoring.layout import select, this_course

pytestmark = pytest.mark.notebooks

COURSE = this_course()
LESSONS = select(COURSE.lesson_sources, [])


def test_there_are_lessons():
    assert LESSONS


@pytest.mark.timeout(600)
@pytest.mark.parametrize("source", LESSONS, ids=lambda source: source.stem)
def test_lesson_runs_without_an_error(source, capsys):
    result = run(COURSE.lesson(source), scale="test")
    with capsys.disabled():
        print("\n" + result.report())
    code = [cell for cell in result.notebook.cells if cell.cell_type == "code" and cell.source]
    assert len(result.cells) == len(code)  # none was passed over
