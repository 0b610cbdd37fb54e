"""A small course in a temporary folder: build, execute, check, release."""

import re
import shutil

import nbformat
import pytest

from course_admin.authoring import __main__ as command
from course_admin.authoring import site
from course_admin.authoring.build import build
from course_admin.authoring.check import broken_rules, drift, unexecuted
from course_admin.authoring.execute import NotebookFailed, run
from course_admin.authoring.layout import Layout, select
from course_admin.authoring.release import student_version
from course_admin.authoring.rules import lesson_faults, long_cells

LESSON = """# %% [markdown]
# # First lesson
# Slide 3; about 1 minute on two cores.

# %%
from course_utils import scale

SCALE = scale("laptop")
print(SCALE)

# %%
import os

os.environ["COURSE_STATIC"]
"""
SOLUTION = """# %% [markdown]
# # Homework

# %% nbgrader={"grade_id": "twice", "kind": "solution"}
def twice(number):
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION

# %% nbgrader={"grade_id": "twice_test", "kind": "test", "points": 3}
assert callable(twice)
### BEGIN HIDDEN TESTS
assert twice(21) == 42
### END HIDDEN TESTS
"""


@pytest.fixture
def course(tmp_path, monkeypatch):
    layout = Layout(tmp_path)
    layout.lesson_sources.mkdir(parents=True)
    layout.solution_sources.mkdir(parents=True)
    (layout.lesson_sources / "01_first.py").write_text(LESSON)
    (layout.solution_sources / "a1_twice.py").write_text(SOLUTION)
    monkeypatch.setattr(command, "this_course", lambda: layout)
    return layout


def edit(course: Layout, old: str, new: str) -> None:
    path = course.lesson_sources / "01_first.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_build_makes_three_notebooks_once(course):
    assert len(build(course)) == 3
    assert build(course) == []
    assert drift(course) == []


def test_names_select_what_is_built(course):
    assert [path.name for path in build(course, ["a1"])] == ["a1_twice.ipynb"] * 2
    with pytest.raises(ValueError, match="starts with '7'; there are: 01_first"):
        build(course, ["7"])


def test_students_see_the_stub_and_not_the_answer(course):
    build(course)
    released = nbformat.read(course.assignments / "a1_twice" / "a1_twice.ipynb", as_version=4)
    solution, hidden = released.cells[1:]
    assert "raise NotImplementedError" in solution.source
    assert "2 * number" not in solution.source
    assert hidden.source == "assert callable(twice)"
    assert hidden.metadata.editable is False
    assert hidden.metadata.nbgrader.points == 3


def test_releasing_twice_gives_the_same_bytes_and_leaves_no_gradebook(course):
    build(course, ["a1"])
    solved = course.solutions / "a1_twice" / "a1_twice.ipynb"
    assert student_version(solved) == student_version(solved)
    assert not list(course.root.rglob("*.db"))


def test_the_stub_is_the_one_of_the_course(course):
    stub = "c.ClearSolutions.code_stub = {'python': 'raise NotImplementedError(\"your turn\")'}"
    (course.root / "nbgrader_config.py").write_text(f"c = get_config()\n{stub}\n")
    build(course, ["a1"])
    assert "your turn" in (course.assignments / "a1_twice" / "a1_twice.ipynb").read_text()


def test_a_forgotten_end_marker_is_reported_with_nbgrader_s_words(course):
    source = course.solution_sources / "a1_twice.py"
    source.write_text(SOLUTION.replace("    ### END SOLUTION\n", ""))
    with pytest.raises(RuntimeError, match="could not release a1_twice"):
        build(course)


def test_drift_names_what_was_edited_by_hand_what_is_missing_and_what_is_left_over(course):
    build(course)
    lesson = course.lessons / "01_first.ipynb"
    lesson.write_text(lesson.read_text().replace("First lesson", "By hand"))
    shutil.rmtree(course.assignments)
    (course.solutions / "a1_twice" / "answers.py").write_text("2 * number")
    faults = drift(course)
    assert len(faults) == 3
    assert "notebooks/01_first.ipynb differs" in faults[0]
    assert "assignments/a1_twice/a1_twice.ipynb is missing" in faults[1]
    assert "solutions/a1_twice/answers.py comes from no source" in faults[2]


def test_outputs_of_code_that_changed_are_reported_and_dropped(course):
    build(course)
    assert "01_first.ipynb has no outputs" in unexecuted(course)[0]
    lesson = course.lessons / "01_first.ipynb"
    assert command.main(["execute", "01", "--scale", "test"]) == 0
    assert "01_first.ipynb has no outputs" in unexecuted(course)[0]  # outputs come from "laptop"
    assert command.main(["execute", "01"]) == 0
    assert unexecuted(course) == []
    assert '"laptop\\n"' in lesson.read_text()
    edit(course, "# Slide 3", "# Slide 4")
    build(course)
    assert unexecuted(course) == []
    edit(course, "print(SCALE)", 'print(SCALE, "!")')
    build(course)
    assert "make execute N=01" in unexecuted(course)[0]
    assert '"laptop\\n"' not in lesson.read_text()


@pytest.mark.slow
def test_executing_twice_gives_the_same_bytes(course):
    lesson = course.lessons / "01_first.ipynb"
    assert command.main(["execute"]) == 0
    stored = lesson.read_bytes()
    assert command.main(["execute"]) == 0
    assert lesson.read_bytes() == stored


def test_a_failing_cell_is_named_and_nothing_is_stored(course, capsys):
    edit(course, 'os.environ["COURSE_STATIC"]', "1 / 0")
    assert command.main(["execute"]) == 1
    said = capsys.readouterr().err
    assert "01_first.ipynb, code cell 2 (import os)" in said
    assert "ZeroDivisionError: division by zero" in said
    assert "has no outputs" in unexecuted(course)[0]


@pytest.mark.slow
def test_a_hanging_cell_is_named(course):
    edit(course, 'os.environ["COURSE_STATIC"]', "import time; time.sleep(600)")
    build(course, ["01"])
    with pytest.raises(NotebookFailed, match="code cell 2"):
        run(course.lessons / "01_first.ipynb", timeout=10)


def test_times_are_compared_with_the_budgets(course):
    build(course, ["01"])
    result = run(course.lessons / "01_first.ipynb", scale="test")
    assert set(result.cells) == {1, 2}
    assert result.within_budget
    assert "OVER BUDGET" not in result.report()
    result.cells[2] = 61.0
    assert not result.within_budget
    assert "61.0 s  cell 2: import os  OVER BUDGET (60 s)" in result.report()
    result.cells[2] = 60.0
    for seconds, kept in ((180.0, True), (180.1, False)):  # many cells, each of them quick
        result.seconds = seconds
        assert result.within_budget is kept
        assert ("OVER BUDGET (180 s)" in result.report()) is not kept
    assert all("execution" not in cell.metadata for cell in result.notebook.cells)


@pytest.mark.parametrize("imports", ["", "import os\nfrom re import (\n    sub,\n)\n", "%magic\n"])
@pytest.mark.parametrize(("lines", "faults"), [(24, 0), (25, 0), (26, 1)])
def test_a_cell_may_have_exactly_25_lines_beside_its_imports(lines, faults, imports):
    source = imports + "1\n" * (lines - imports.count("%"))
    long = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    assert len(long_cells(long)) == faults


@pytest.mark.slow
def test_the_site_has_a_page_per_lesson(course):
    build(course, ["01"])
    index = site.write(course, course.root / "site")
    assert '<a href="01_first.html">First lesson</a>' in index.read_text()
    assert "SCALE" in (course.root / "site" / "01_first.html").read_text()


TURNABLE = """
from IPython.display import display

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAGNQzrAAAAABJRU5ErkJggg"
display({
    "application/vnd.plotly.v1+json": {"data": [{"type": "mesh3d"}], "layout": {}},
    "image/png": PIXEL + "==", "text/plain": "Two meshes.",
}, metadata={"image/png": {"alt": "Two meshes."}}, raw=True)
"""


@pytest.mark.slow
def test_the_site_shows_the_picture_of_a_plotly_figure_and_asks_nobody_for_a_script(course):
    """No script is added to what the page of a lesson without such a figure has."""
    build(course, ["01"])
    folder = course.root / "site"
    site.write(course, folder)
    before = (folder / "01_first.html").read_text()
    edit(course, 'os.environ["COURSE_STATIC"]', TURNABLE)
    assert command.main(["execute", "01"]) == 0
    site.write(course, folder)
    page = (folder / "01_first.html").read_text()
    assert 'src="data:image/png;base64,' in page
    assert 'src="data:image/png;base64,' not in before
    assert page.count("<script") == before.count("<script")
    addresses = [
        re.findall(r"""(?:src|href)=["'](https?:[^"']+)""", text) for text in (page, before)
    ]
    assert addresses[0] == addresses[1]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("# # First lesson", "# First lesson", "must open with a markdown cell"),
        ("about 1 minute", "about a while", "how many minutes"),
        ("Slide 3", "Page 3", "the slide it belongs to"),
        ("SCALE = scale", "SIZE = scale", "must set SCALE"),
        ("import os\n", "import os\n\n# %%\n1\n", "third in a row"),
        ("import os\n", "import os\n" + "1\n" * 30, "more than 25"),
    ],
)
def test_each_rule_for_lessons_notices_its_breach(course, old, new, fault):
    build(course, ["01"])
    lesson = course.lessons / "01_first.ipynb"
    assert lesson_faults(nbformat.read(lesson, as_version=4)) == []
    edit(course, old, new)
    build(course)
    faults = broken_rules(course)
    assert any(fault in line for line in faults), faults


def test_select_is_in_order_and_by_beginning(course):
    (course.lesson_sources / "00_start.py").write_text(LESSON)
    assert [s.stem for s in select(course.lesson_sources, [])] == ["00_start", "01_first"]
    assert [s.stem for s in select(course.lesson_sources, ["01"])] == ["01_first"]
