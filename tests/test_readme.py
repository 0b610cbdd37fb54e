"""What the documents promise is there, and what is there is not called planned."""

import re
import subprocess
from pathlib import Path

import pytest

from course_admin.authoring.layout import select, this_course

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "INSTRUCTORS.md"]
COURSE = this_course()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in t]
    assert not [target for target in targets if not (ROOT / target).exists()]


def test_the_lecture_map_has_every_row_once():
    rows = re.findall(r"^\| (\d+) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 32)]


def test_every_lesson_and_assignment_is_linked():
    text = (ROOT / "README.md").read_text()
    for source in select(COURSE.lesson_sources, []):
        assert f"(notebooks/{source.stem}.ipynb)" in text
    for source in select(COURSE.solution_sources, []):
        assert f"(assignments/{source.stem}/{source.stem}.ipynb)" in text
    assert "planned" not in text


def test_the_readme_lists_what_make_help_lists():
    shown = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=ROOT, text=True)
    text = (ROOT / "README.md").read_text()
    listed = dict(re.findall(r"^make ([a-z-]+) +(.+)$", text, re.MULTILINE))
    offered = dict(re.findall(r"^  make ([a-z-]+) +(.+)$", shown, re.MULTILINE))
    assert listed.items() >= offered.items()
