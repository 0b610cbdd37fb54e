"""A run as a whole: killed and resumed, one worker or many, late, regraded, reported."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.dbutil import _temp_alembic_ini

from course_admin.grading import gradebook, late
from course_admin.grading.cli import main
from course_admin.grading.journal import Journal
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import Settings
from course_admin.grading.run import run
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.course import Course, open_course

from .conftest import Grade, marks_of, results_of
from .synthetic import FULL, HW, RIGHT, TESTS, hand_in, student_notebook

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("kept_fork_servers")]
WRONG = {**RIGHT, "square": "def square(x):\n    return 2 * x"}
ENDLESS = "while True: pass"


def hand_in_class(root: Path, size: int, seed: int = 0) -> None:
    """Right and wrong submissions; of the first two, one ends its process, one never ends."""
    dice = random.Random(seed)
    for k, extra in enumerate((ENDLESS, "import os\nos._exit(1)", *[None] * (size - 2))):
        hand_in(root, f"s{k:03d}", student_notebook(dice.choice([RIGHT, WRONG]), extra=extra))


def outcome(course: Course) -> dict[str, dict[str, float | None]]:
    """Marks in the journal, after checking that the gradebook has the same, once each."""
    found = {student: marks_of(result) for student, result in results_of(course).items()}
    with Gradebook(course.database) as book:
        assert sorted(s.student.id for s in book.assignment_submissions(HW)) == sorted(found)
        for student, marks in found.items():
            for test in FULL:
                assert book.find_grade(test, HW, HW, student).score == marks[test]
    return found


def command(root: Path, out: Path, *more: str) -> list[str]:
    """Our command line."""
    words = [sys.executable, "-m", "course_admin.grading", "run", HW, "--course", str(root)]
    return [*words, "--out", str(out), "--no-feedback", *more]


def test_killed_twice_and_resumed_gives_the_marks_of_an_undisturbed_run(
    course_folder: Path, tmp_path: Path
) -> None:
    size = int(os.environ.get("COURSE_CLASS_SIZE", "12"))
    hand_in_class(course_folder, size)
    limits = replace(Limits(), cell_seconds=5.0)
    quiet, rough = (open_course(course_folder, HW, out=tmp_path / n) for n in ("quiet", "rough"))
    run(quiet, Settings(workers=1, limits=limits, feedback=False), lambda *_: None)
    journal = rough.state / "journal"
    for share in (0.3, 0.6):  # with time without limit, the endless one keeps the run from its end
        endless = ["--workers", "2", "--cell-seconds", "900", "--total-seconds", "900"]
        running = subprocess.Popen(
            command(course_folder, rough.out, *endless), stdout=subprocess.DEVNULL
        )
        while running.poll() is None and len(list(journal.glob("*.json"))) < share * size:
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    run(rough, Settings(workers=8, limits=limits, feedback=False), lambda *_: None)
    assert outcome(rough) == outcome(quiet)


def test_interrupted_run_says_how_to_go_on(course_folder: Path, tmp_path: Path) -> None:
    for k in range(6):
        hand_in(course_folder, f"s{k:03d}", student_notebook(RIGHT))
    running = subprocess.Popen(
        command(course_folder, tmp_path / "out", "--workers", "1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Started in the background, these tests would hand on that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    while running.stdout and not running.stdout.readline().startswith("s00"):
        pass
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=180)
    assert running.returncode == 130
    assert "run the same command again" in errors
    assert "Traceback" not in errors


def test_late_penalty_is_entered(course_folder: Path, grade: Grade) -> None:
    config = course_folder / "nbgrader_config.py"
    config.write_text(config.read_text().replace("percent_per_day = 0.0", "percent_per_day = 10.0"))
    for student, stamp in (
        ("early", "2021-01-01 11:00:00 UTC"),
        ("grace", "2021-01-01 12:30:00 UTC"),
        ("late", "2021-01-03 12:30:00 UTC"),
    ):
        path = hand_in(course_folder, student, student_notebook(RIGHT))
        (path.parent / "timestamp.txt").write_text(stamp)
    with Gradebook(f"sqlite:///{course_folder / 'gradebook.db'}") as book:
        book.add_assignment(HW, duedate="2021-01-01 12:00:00.000000 UTC")
    grade()
    with Gradebook(f"sqlite:///{course_folder / 'gradebook.db'}") as book:
        found = {
            s: book.find_submission(HW, s).late_submission_penalty
            for s in ("early", "grace", "late")
        }
    assert found == {"early": 0.0, "grace": 0.0, "late": pytest.approx(0.2 * sum(FULL.values()))}


@pytest.mark.parametrize(
    ("hours", "expected"), [(-5, 0), (0, 0), (1, 0), (1.01, 1), (25, 1), (25.01, 2), (24 * 30, 10)]
)
def test_penalty_counts_days_begun_after_the_grace(hours: float, expected: float) -> None:
    assert late.penalty(10.0, hours * 3600, 10.0, 1.0, 100.0) == pytest.approx(expected)


def test_new_upload_is_graded_again_and_the_others_are_not(
    course_folder: Path, grade: Grade
) -> None:
    for student in ("a", "b"):
        hand_in(course_folder, student, student_notebook(WRONG))
    first = grade()
    hand_in(course_folder, "a", student_notebook(RIGHT))
    second = grade()
    assert marks_of(first["a"])["test_square"] == 0.0
    assert marks_of(second["a"])["test_square"] == 2.0
    assert second["b"].seconds == first["b"].seconds  # the very same entry


def test_fixed_test_regrades_everybody(course_folder: Path, grade: Grade) -> None:
    hand_in(course_folder, "a", student_notebook({**RIGHT, "guess": 'guess = "c"'}))
    assert marks_of(grade()["a"])["test_guess"] == 0.0
    path = course_folder / "solutions" / HW / f"{HW}.ipynb"
    book = nbformat.read(path, as_version=4)
    for cell in book.cells:
        if cell.source == TESTS["guess"]:
            cell.source = "assert guess in 'bc'"
    nbformat.write(book, path)
    assert marks_of(grade()["a"])["test_guess"] == 1.0
    with Gradebook(f"sqlite:///{course_folder / 'gradebook.db'}") as book:
        assert book.find_grade("test_guess", HW, HW, "a").score == 1.0


def test_one_student_is_regraded(course_folder: Path, grade: Grade) -> None:
    for student in ("a", "b"):
        hand_in(course_folder, student, student_notebook(RIGHT))
    grade()
    journal = course_folder / "grades" / HW / "journal"
    before = {path.name: path.stat().st_mtime_ns for path in journal.glob("*.json")}
    assert (
        main(["regrade", HW, "--course", str(course_folder), "--student", "a", "--no-feedback"])
        == 0
    )
    after = {path.name: path.stat().st_mtime_ns for path in journal.glob("*.json")}
    assert [name for name in before if before[name] != after[name]] == ["a.json"]


def test_mark_given_by_hand_survives_a_regrade(course_folder: Path, grade: Grade) -> None:
    hand_in(course_folder, "a", student_notebook(RIGHT))
    grade()
    url = f"sqlite:///{course_folder / 'gradebook.db'}"
    with Gradebook(url) as book:
        mark = book.find_grade("essay", HW, HW, "a")
        mark.manual_score, mark.needs_manual_grade = 3.5, False
        book.db.commit()
    grade(again=True)
    with Gradebook(url) as book:
        assert book.find_grade("essay", HW, HW, "a").manual_score == 3.5


def test_scores_that_make_no_sense_are_withheld(course_folder: Path, grade: Grade) -> None:
    nonsense = {
        "nan": "return float('nan')",
        "inf": "return float('inf')",
        "large": "return 1e9",
        "negative": "return -1.0",
        "text": "return '1.0'",
        "true": "return True",
    }
    for name, line in nonsense.items():
        hand_in(
            course_folder, name, student_notebook({**RIGHT, "share": f"def share():\n    {line}"})
        )
    for name, result in grade().items():
        (mark,) = [mark for mark in result.marks if mark.grade_id == "test_share"]
        assert mark.score == 0.0 and mark.withheld, name
        assert result.flags and "withheld" in result.flags[0]


def test_folder_of_downloads(course_folder: Path, tmp_path: Path) -> None:
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    text = nbformat.writes(student_notebook(RIGHT))
    for name in (f"doejane_LATE_12345_6789_{HW}.ipynb", f"roerick_1234_99_{HW} (1).ipynb"):
        (downloads / name).write_text(text)
    moodle = tmp_path / "moodle"
    for name in ("Ann Other_4711_assignsubmission_file_", "Bo Peep_4712_assignsubmission_file_"):
        (moodle / name).mkdir(parents=True)
        (moodle / name / f"{HW}.ipynb").write_text(text)
    for folder, students in (
        (downloads, ["doejane", "roerick"]),
        (moodle, ["Ann-Other", "Bo-Peep"]),
    ):
        out = tmp_path / f"out-{folder.name}"
        arguments = [
            "--course",
            str(course_folder),
            "--submissions",
            str(folder),
            "--out",
            str(out),
        ]
        assert main(["run", HW, *arguments, "--no-feedback"]) == 0
        rows = list(csv.DictReader((out / "grades" / HW / "marks.csv").read_text().splitlines()))
        assert [row["student"] for row in rows] == students
        assert {float(row["score"]) for row in rows} == {sum(FULL.values())}


def test_status_and_report(
    course_folder: Path, grade: Grade, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_in(course_folder, "a", student_notebook(WRONG))
    hand_in(course_folder, "b", b"{")
    grade()
    hand_in(course_folder, "c", student_notebook(RIGHT))
    assert main(["status", HW, "--course", str(course_folder)]) == 0
    text = capsys.readouterr().out
    assert "2 graded, 1 to do" in text and "to do: c" in text and "needs a person: b" in text
    assert main(["report", HW, "--course", str(course_folder)]) == 0
    text = capsys.readouterr().out
    assert "test_square: mean 0 of 2" in text and "not the square" in text
    assert (course_folder / "grades" / HW / "statistics.png").stat().st_size > 10_000


def test_submission_that_stopped_runs_again_and_again_is_put_aside(
    course_folder: Path, grade: Grade
) -> None:
    hand_in(course_folder, "a", student_notebook(RIGHT))
    from course_admin.grading.plan import MAX_ATTEMPTS, Settings, plan

    work = plan(open_course(course_folder, HW), Settings())
    for _ in range(MAX_ATTEMPTS):
        work.journal.attempt("a", work.keys["a"])
    result = grade()["a"]
    assert result.status == "quarantined" and result.flags
    assert all(mark.withheld for mark in result.marks if mark.score is not None)


def test_journal_survives_a_write_cut_short(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.write("key", Result("a", HW))
    (tmp_path / ".a.json.99.part").write_text('{"key": "other", "resu')
    entry = journal.finished("a", "key")
    assert entry is not None and entry.result == Result("a", HW)
    journal.path("a").write_text(json.dumps({"key": "key"}))
    assert journal.finished("a", "key") is None
    assert [e.result.student for e in journal.entries()] == []


def test_newest_schema_is_the_one_that_nbgrader_asks_for() -> None:
    program = [Path(sys.executable).parent / "alembic", "-c"]
    with _temp_alembic_ini("sqlite://") as settings:
        told = subprocess.check_output([*program, settings, "heads"], text=True)
    assert gradebook.newest_schema() == told.split()[0]
