"""A changed figure makes its lesson due; a change further below is only told."""

import shutil
from pathlib import Path

import nbformat
import pytest

from course_admin.authoring import __main__ as command
from course_admin.authoring.build import build
from course_admin.authoring.check import older_below, redrawn
from course_admin.authoring.digests import digests, modules_behind
from course_admin.authoring.layout import Layout
from tests.sources import ROOT

pytestmark = pytest.mark.slow  # each copies the package
LESSON, OTHER = "05_colorization", "06_video_colorization"
FIGURES = "course_utils/lessons/colorization/figures.py"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """Two lessons and the package, in a folder of their own."""
    layout = Layout(tmp_path)
    left = shutil.ignore_patterns("__pycache__", "static", "*.npz")
    shutil.copytree(ROOT / "course_utils", tmp_path / "course_utils", ignore=left)
    layout.solution_sources.mkdir(parents=True)
    for name in (LESSON, OTHER):
        for folder, end in (("sources/notebooks", "py"), ("notebooks", "ipynb")):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / folder / f"{name}.{end}", tmp_path / folder)
    for name in (LESSON, OTHER):  # as if executed now
        path = layout.lessons / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata["course"] |= digests(notebook, tmp_path)
        nbformat.write(notebook, path)
    monkeypatch.setattr(command, "this_course", lambda: layout)
    return layout


def change(course: Layout, file: str, old: str, new: str) -> None:
    path = course.root / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_nothing_is_due_after_an_execution(course):
    assert redrawn(course) == older_below(course) == []


def test_another_size_of_a_figure_makes_its_lesson_due(course, capsys):
    change(course, FIGURES, " = figure(", " = figure(1 + ")
    assert redrawn(course) == [
        f"{LESSON}.ipynb shows figures as they were before: run `make execute N=05`"
    ]
    build(course)
    capsys.readouterr()
    assert command.main(["check"]) == 1
    assert f"{LESSON}.ipynb shows figures as they were before" in capsys.readouterr().out


def test_what_figures_share_makes_all_of_its_lessons_due(course):
    change(course, "course_utils/plots.py", "def use_style() -> None:", "def use_style(x=0):")
    assert [line[:2] for line in redrawn(course)] == ["05", "06"]


def test_comments_and_docstrings_change_nothing(course):
    path = course.root / FIGURES
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert lines[0].startswith('"""')
    path.write_text("# a comment\n" + '"""Other words.' + "".join(lines)[3:], "utf-8")
    assert redrawn(course) == []


@pytest.mark.parametrize(
    ("file", "due"),
    [
        ("course_utils/selfsup/color.py", [LESSON]),
        ("course_utils/core/training.py", [LESSON, OTHER]),
        ("course_utils/live/background_training.py", [LESSON, OTHER]),
        ("course_utils/checks/engine.py", []),
        ("course_utils/vision3d/splats/splatting.py", []),
    ],
)
def test_code_below_is_told_and_no_fault(course, file, due, capsys):
    (course.root / file).open("a", encoding="utf-8").write("\nMORE = 1\n")
    assert redrawn(course) == []
    assert {*due} <= {name.removesuffix(".ipynb") for name in older_below(course)}
    if not due:
        assert older_below(course) == []
    build(course)
    capsys.readouterr()
    command.main(["check"])
    told = "code below the figures has changed since these were executed" in capsys.readouterr().out
    assert told == bool(due)


def test_what_is_imported_late_or_by_a_package_counts(tmp_path):
    package = tmp_path / "course_utils"
    (package / "room").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "room" / "__init__.py").write_text("from course_utils.deep import f\n")
    (package / "room" / "figures.py").write_text("def g():\n    from course_utils import late\n")
    for name in ("deep", "late", "unused"):
        (package / f"{name}.py").write_text("import torch\n")
    found = modules_behind(
        ["%matplotlib inline", "from course_utils.room import figures"], tmp_path
    )
    names = {"", ".room", ".room.figures", ".deep", ".late"}
    assert found == {f"course_utils{name}" for name in names}
