"""Ruff sees everything that a person wrote, and what it cannot say of lessons is held here."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from course_admin.authoring.layout import select, this_course
from tests.sources import ROOT, project_files

COURSE = this_course()
LONGEST = 100  # characters of a line
LINK = re.compile(r"\]\([^)\s]+\)|https?://\S+")


def test_ruff_sees_all_python_and_no_generated_notebook():
    command = [sys.executable, "-m", "ruff", "check", "--show-files", "."]
    shown = subprocess.check_output(command, cwd=ROOT, text=True).splitlines()
    seen = {Path(name) for name in shown}
    written = {path for path in project_files() if path.suffix == ".py"}
    assert {*COURSE.lesson_sources.glob("*.py"), *COURSE.solution_sources.glob("*.py")} <= written
    assert written <= seen, f"not seen: {sorted(written - seen)}"
    assert not [path for path in seen if path.suffix == ".ipynb"]


def test_solved_notebooks_import_nothing_in_vain():
    """Ruff reads the notebooks: their sources lack the cells that use `checks`."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--select", "F401", "solutions"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("folder", [COURSE.lesson_sources, COURSE.solution_sources])
def test_lines_of_lessons_fit_on_a_projector(folder):
    faults = []
    for source in select(folder, []):
        lines = source.read_text(encoding="utf-8").splitlines()
        numbered = enumerate(lines, start=1)
        faults += [f"{source.name}:{n}: {len(x)} characters" for n, x in numbered if too_long(x)]
    assert not faults, "\n".join(faults)


def too_long(line: str) -> bool:
    """Whether a line of a source must be wrapped; rows of tables and links cannot be."""
    longest_link = max(map(len, LINK.findall(line)), default=0)
    is_row = re.fullmatch(r"# \|.*\|", line)
    return len(line) - longest_link > LONGEST and not is_row


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("# " + "word " * 19 + "ends", True),
        ("# " + "word " * 19 + "end", False),
        ("x = 1  # " + "α" * 92, True),
        ("# | " + "word " * 30 + "|", False),
        ("# | " + "word " * 30, True),
        ("# see [here](https://" + "a" * 100 + ")", False),
        ("# " + "word " * 20 + "[here](https://" + "a" * 100 + ")", True),
        ("# " + "".join(f"[{n}](../{'a' * 60}.ipynb)" for n in "12"), False),
        ("# " + "".join(f"[{n}](../{'a' * 60}.ipynb)" for n in "123"), True),
    ],
)
def test_long_lines_are_found(line, found):
    assert too_long(line) == found
