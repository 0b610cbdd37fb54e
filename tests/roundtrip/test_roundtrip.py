"""Homework out and back: assignment 1 is released, answered, graded, and returned with reasons."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from course_admin.grading.cli import main

from .samples import ASSIGNMENT, write_samples

ROOT = Path(__file__).resolve().parents[2]
TESTS = {
    "test_game_value": 3.0,
    "test_discriminator_loss": 3.0,
    "test_early_gradient": 2.0,
    "test_generator_losses": 4.0,
    "test_optimal_discriminator": 3.0,
    "test_alternating_step": 5.0,
}
EXPECTED = {
    "perfect": list(TESTS.values()),
    "half": [2.5, 0.0, 0.0, 0.0, 2.5, 4.5],
    "untouched": [0.0] * 6,
    "broken": [0.0] * 6,
}
MISTAKES = {
    "test_game_value": "naive_log_sigmoid",
    "test_discriminator_loss": "value_instead_of_loss",
    "test_early_gradient": "answered_b",
    "test_generator_losses": "order_swapped",
    "test_optimal_discriminator": "nan_where_both_zero",
    "test_alternating_step": "discriminator_not_frozen",
}
pytestmark = [pytest.mark.roundtrip, pytest.mark.slow]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of grading the four samples."""
    folder = tmp_path_factory.mktemp("roundtrip")
    write_samples(ROOT, folder / "submitted")
    command = ["run", ASSIGNMENT, "--course", str(ROOT), "--submissions", str(folder / "submitted")]
    assert main([*command, "--out", str(folder / "out"), "--workers", "2"]) == 0
    return folder / "out"


@pytest.fixture(scope="module")
def rows(out: Path) -> dict[str, dict[str, str]]:
    """The marks as a spreadsheet has them."""
    text = (out / "grades" / ASSIGNMENT / "marks.csv").read_text()
    return {row["student"]: row for row in csv.DictReader(text.splitlines())}


@pytest.mark.parametrize("student", EXPECTED)
def test_gradebook_has_exactly_the_expected_marks(out: Path, student: str) -> None:
    with Gradebook(f"sqlite:///{out / 'gradebook.db'}") as book:
        found = {name: book.find_grade(name, ASSIGNMENT, ASSIGNMENT, student) for name in TESTS}
        assert [found[name].score for name in TESTS] == EXPECTED[student]
        assert [found[name].max_score for name in TESTS] == list(TESTS.values())
        written = book.find_grade("in_your_own_words", ASSIGNMENT, ASSIGNMENT, student)
        assert written.needs_manual_grade == (student in ("perfect", "half"))


@pytest.mark.parametrize("student", EXPECTED)
def test_csv_has_the_same_marks(rows: dict[str, dict[str, str]], student: str) -> None:
    assert [float(rows[student][name]) for name in TESTS] == EXPECTED[student]
    assert float(rows[student]["score"]) == sum(EXPECTED[student])


@pytest.mark.parametrize("test", MISTAKES)
def test_csv_names_the_misconception(rows: dict[str, dict[str, str]], test: str) -> None:
    assert rows["half"][f"{test}: reason"].startswith(f"{MISTAKES[test]}: ")
    assert rows["perfect"][f"{test}: reason"] == ""


@pytest.mark.parametrize("test", MISTAKES)
def test_feedback_names_the_misconception(out: Path, test: str) -> None:
    page = (out / "feedback" / "half" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    assert MISTAKES[test] in page
    perfect = (out / "feedback" / "perfect" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    assert MISTAKES[test] not in perfect


def test_graders_see_the_model_answer_and_students_do_not(out: Path) -> None:
    for student in ("perfect", "half"):
        graded = out / "autograded" / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
        assert "A model answer" in graded.read_text()
        page = out / "feedback" / student / ASSIGNMENT / f"{ASSIGNMENT}.html"
        assert "A model answer" not in page.read_text()


def test_feedback_shows_the_report_of_the_check(out: Path) -> None:
    page = (out / "feedback" / "half" / ASSIGNMENT / f"{ASSIGNMENT}.html").read_text()
    assert "likely cause" in page
    assert "The two losses have changed places." in page


def test_only_the_broken_file_needs_a_person(rows: dict[str, dict[str, str]]) -> None:
    assert "no valid JSON" in rows["broken"]["needs_person"]
    assert [name for name, row in rows.items() if row["needs_person"]] == ["broken"]
    assert rows["broken"]["status"] == "unreadable"


def test_second_run_changes_nothing(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (out / "grades" / ASSIGNMENT / "marks.csv").read_bytes()
    submitted = out.parent / "submitted"
    command = ["resume", ASSIGNMENT, "--course", str(ROOT), "--submissions", str(submitted)]
    assert main([*command, "--out", str(out)]) == 0
    assert "graded, " not in capsys.readouterr().out  # nobody was graded again
    assert (out / "grades" / ASSIGNMENT / "marks.csv").read_bytes() == before


def test_without_submissions_it_says_where_they_go(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "course_admin.grading", ASSIGNMENT, "--course", str(ROOT),
               "--submissions", str(tmp_path / "nothing")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert f"<student>/{ASSIGNMENT}/{ASSIGNMENT}.ipynb" in done.stderr
    assert "Traceback" not in done.stderr
