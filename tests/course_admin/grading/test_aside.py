"""What one student hands in cannot set its own time, nor keep the others from their marks."""

from __future__ import annotations

import csv
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from course_admin.grading import gradebook
from course_admin.grading.cli import main
from course_admin.grading.journal import Journal
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import MAX_ATTEMPTS, Settings
from course_admin.grading.report import line, printable, summary
from course_admin.grading.run import run
from course_admin.grading.submissions.collect import OWN_STAMP, Submission, submissions
from course_admin.grading.submissions.course import Course, open_course

from .conftest import Grade, marks_of, results_of
from .synthetic import FULL, HW, RIGHT, hand_in, student_notebook

EPOCH = "0001-01-01 00:00:00 +2359"


def collected(course_folder: Path, stamp: str | bytes) -> Submission:
    """A submission in nbgrader's own folder, with this timestamp.txt."""
    path = hand_in(course_folder, "ann", student_notebook(RIGHT)).with_name("timestamp.txt")
    path.write_bytes(stamp if isinstance(stamp, bytes) else stamp.encode())
    (found,) = submissions(open_course(course_folder, HW))
    return found


@pytest.mark.parametrize(
    ("stamp", "utc"),
    [
        ("2021-03-01 18:00:00.123456 UTC", "2021-03-01 18:00:00.123456 UTC"),
        ("2021-03-01 18:00:00 +0130\n", "2021-03-01 16:30:00.000000 UTC"),
        ("2021-03-01T18:00:00-05:00", "2021-03-01 23:00:00.000000 UTC"),
        ("2021-03-01T18:00Z", "2021-03-01 18:00:00.000000 UTC"),
    ],
)
def test_time_that_the_exchange_wrote_counts(course_folder: Path, stamp: str, utc: str) -> None:
    found = collected(course_folder, stamp)
    assert (found.timestamp, found.flags, found.notes) == (utc, (), ())


@pytest.mark.parametrize(
    "stamp",
    [
        EPOCH, "9999-12-31 23:59:59 -2359", "1999-12-31 23:59:59 UTC", "2000-01-01 00:00:00 +0100",
        pytest.param(f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d} 00:00:00 UTC", id="ahead"),
        "2021-03-01 18:00:00 EST",
        "2021-03-01 18:00:00 CEST", "2021-03-01 18:00:00", "2021-03-01 18:00:00 +9999", "18:00 UTC",
        "2021-02-30 18:00:00 UTC", "2021-03-01 18:00:00 UTC+3", "yesterday", "", b"\xff\xfe\x00",
        "2021-03-01 18:00:00 UTC" + " " * 300,
    ],
)  # fmt: skip
def test_time_that_cannot_be_relied_on_needs_a_person(
    course_folder: Path, stamp: str | bytes
) -> None:
    found = collected(course_folder, stamp)
    assert found.timestamp is None
    (flag,) = found.flags
    assert flag.startswith("hand-in time could not be read: ") and "Error" not in flag


@pytest.mark.parametrize("kind", ["link", "folder", "closed"])
def test_time_in_no_ordinary_file_needs_a_person(course_folder: Path, kind: str) -> None:
    path = hand_in(course_folder, "ann", student_notebook(RIGHT)).with_name("timestamp.txt")
    if kind == "folder":
        path.mkdir()
    else:
        real = path.with_name("real")
        real.write_text("2021-03-01 18:00:00 UTC")
        path.symlink_to(real if kind == "link" else path.with_name("gone"))
    (found,) = submissions(open_course(course_folder, HW))
    assert found.timestamp is None and "hand-in time could not be read" in found.flags[0]


@pytest.mark.parametrize(
    "place",
    ["Ann_1_assignsubmission_file_", f"Ann_1_assignsubmission_file_/{HW}", "Ann", f"Ann/{HW}"],
)
@pytest.mark.parametrize("stamp", ["2020-01-01 00:00:00 UTC", EPOCH])
def test_uploaded_time_is_never_believed(
    course_folder: Path, tmp_path: Path, place: str, stamp: str
) -> None:
    folder = tmp_path / "downloads" / place
    folder.mkdir(parents=True)
    (folder / f"{HW}.ipynb").write_text(nbformat.writes(student_notebook(RIGHT)))
    (folder / "timestamp.txt").write_text(stamp)
    (found,) = submissions(open_course(course_folder, HW, tmp_path / "downloads"))
    assert (found.student, found.timestamp, found.flags) == ("Ann", None, ())
    assert found.notes == (OWN_STAMP,)


def test_moodle_folders_in_the_collected_place_are_still_uploads(course_folder: Path) -> None:
    name = "Ann_1_assignsubmission_file_"
    stamp = hand_in(course_folder, name, student_notebook(RIGHT)).with_name("timestamp.txt")
    stamp.write_text("2020-01-01 00:00:00 UTC")
    (found,) = submissions(open_course(course_folder, HW))
    assert found.timestamp is None and found.notes == (OWN_STAMP,)


def test_names_of_files_cannot_command_a_terminal() -> None:
    evil = "a4\x1b[2J\x1b]0;OWNED\x07_\u202e\udcff.ipynb"
    result = Result("ann", HW, notes=[f"graded file: {evil}"])
    flagged = Result("bob", HW, flags=[f"no notebook among: {evil}"])
    for text in (line(result), line(flagged), summary([flagged], {}), printable(evil)):
        assert all(c.isprintable() for row in text.split("\n") for c in row)
        assert "a4\\x1b[2J" in text
    assert printable("Zoë läuft: ½ ✓") == "Zoë läuft: ½ ✓"


def entered(course: Course, student: str) -> dict[str, float | None]:
    """A student's marks in the gradebook."""
    with Gradebook(course.database) as book:
        return {test: book.find_grade(test, HW, HW, student).score for test in FULL}


@pytest.mark.slow
@pytest.mark.usefixtures("kept_fork_servers")
class TestRuns:
    def test_student_with_an_impossible_time_stops_nobody(
        self, course_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        downloads = tmp_path / "downloads"
        for name in ("One_1", "Late Liar_2", "Zoe_3"):
            folder = downloads / f"{name}_assignsubmission_file_"
            folder.mkdir(parents=True)
            (folder / f"{HW}.ipynb").write_text(nbformat.writes(student_notebook(RIGHT)))
        (downloads / "Late Liar_2_assignsubmission_file_" / "timestamp.txt").write_text(EPOCH)
        command = ["run", HW, "--course", str(course_folder), "--submissions", str(downloads)]
        for _ in range(2):
            assert main([*command, "--no-feedback"]) == 0
            printed = capsys.readouterr()
            assert f"{OWN_STAMP}: Late-Liar" in printed.out and not printed.err
        course = open_course(course_folder, HW)
        for student in ("One", "Late-Liar", "Zoe"):
            assert entered(course, student) == FULL

    def test_time_that_cannot_be_read_is_listed_and_an_earlier_one_forgotten(
        self, course_folder: Path, grade: Grade, capsys: pytest.CaptureFixture[str]
    ) -> None:
        stamp = hand_in(course_folder, "ann", student_notebook(RIGHT)).with_name("timestamp.txt")
        stamp.write_text("2021-03-01 18:00:00 UTC")
        grade()
        course = open_course(course_folder, HW)
        with Gradebook(course.database) as book:
            assert book.find_submission(HW, "ann").timestamp == datetime(2021, 3, 1, 18)
        stamp.write_text(EPOCH)
        assert main(["run", HW, "--course", str(course_folder), "--no-feedback"]) == 0
        assert "hand-in time could not be read" in capsys.readouterr().out
        rows = csv.DictReader((course.state / "marks.csv").read_text().splitlines())
        assert [EPOCH in row["needs_person"] for row in rows] == [True]
        with Gradebook(course.database) as book:
            assert book.find_submission(HW, "ann").timestamp is None
        assert entered(course, "ann") == FULL

    @pytest.mark.parametrize("step", ["record", "send_back", "lay_out"])
    def test_failure_about_one_student_puts_that_one_aside(
        self, course_folder: Path, monkeypatch: pytest.MonkeyPatch, step: str,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        for student in ("a", "b", "c"):
            hand_in(course_folder, student, student_notebook(RIGHT))
        tried = break_for(monkeypatch, step, "b")
        command = ["run", HW, "--course", str(course_folder), "--workers", "1"]
        for number in range(1, MAX_ATTEMPTS + 3):
            assert main(command) == 0
            printed = capsys.readouterr()
            assert "1 need a person:\n  b\n      put aside" in printed.out
            assert "date value out of range" in printed.out and "Traceback" not in printed.err
            assert len(tried) == min(number, MAX_ATTEMPTS)
        course = open_course(course_folder, HW)
        for student in ("a", "c"):
            assert entered(course, student) == FULL
            assert (course.feedback / student / HW / f"{HW}.html").is_file()
        assert main(["status", HW, "--course", str(course_folder)]) == 0
        assert "needs a person: b: put aside" in capsys.readouterr().out
        monkeypatch.undo()
        assert main(["regrade", *command[1:], "--student", "b"]) == 0
        assert "put aside" not in capsys.readouterr().out
        assert entered(course, "b") == FULL

    def test_next_run_enters_what_was_put_aside(
        self, course_folder: Path, monkeypatch: pytest.MonkeyPatch, grade: Grade
    ) -> None:
        for student in ("a", "b"):
            hand_in(course_folder, student, student_notebook(RIGHT))
        with monkeypatch.context() as patch:
            break_for(patch, "record", "a")
            first = grade()
        second = grade()
        assert not second["a"].flags and second["a"].seconds == first["a"].seconds
        assert marks_of(second["a"]) == marks_of(second["b"])
        assert entered(open_course(course_folder, HW), "a") == FULL

    def test_marks_whose_entering_ended_every_run_are_put_aside(
        self, course_folder: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for student in ("a", "b"):
            hand_in(course_folder, student, student_notebook(RIGHT))
        with monkeypatch.context() as patch:
            break_for(patch, "record", "a")
            grade()
        course = open_course(course_folder, HW)
        journal = Journal(course.state / "journal")
        entry = journal.read("a")
        journal.write(entry.key, entry.result)  # as a run leaves it that is killed
        for _ in range(MAX_ATTEMPTS):
            journal.attempt("a", entry.key)
        grade()
        seen = journal.read("a").seen()
        assert seen.status == "quarantined" and "stopped the run 5 times" in seen.flags[-1]

    def test_error_inside_nbgrader_is_told_in_a_line(
        self, course_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for student in ("a", "b"):
            hand_in(course_folder, student, student_notebook(RIGHT))
        real = gradebook._Autograde.init_assignment

        def init_assignment(self: object, assignment: str, student: str) -> None:
            if student == "a":
                raise OverflowError("date value out of range")
            real(self, assignment, student)

        monkeypatch.setattr(gradebook._Autograde, "init_assignment", init_assignment)
        told: list[Result] = []
        settings = Settings(workers=1, feedback=False)
        run(open_course(course_folder, HW), settings, lambda *done: told.append(done[2]))
        (aside,) = [result for result in told if result.status == "quarantined"]
        assert aside.student == "a"
        assert aside.flags[-1].endswith("(OverflowError: date value out of range)")
        assert entered(open_course(course_folder, HW), "b") == FULL

    def test_locked_gradebook_is_nobodys_fault(
        self, course_folder: Path, grade: Grade, monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:  # fmt: skip
        hand_in(course_folder, "a", student_notebook(RIGHT))
        grade()
        hand_in(course_folder, "b", student_notebook(RIGHT))
        course = open_course(course_folder, HW)
        other = sqlite3.connect(course_folder / "gradebook.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        command = ["run", HW, "--course", str(course_folder), "--no-feedback"]
        assert main(command) == 1
        printed = capsys.readouterr().err
        assert "database is locked" in printed and "Nothing is lost" in printed
        assert "Traceback" not in printed and len(printed.strip().splitlines()) == 1
        other.rollback()
        other.close()
        assert main(command) == 0
        assert entered(course, "b") == FULL
        assert not results_of(course)["b"].flags and "put aside" not in capsys.readouterr().out


def break_for(patch: pytest.MonkeyPatch, step: str, student: str) -> list[str]:
    """Make one step of the writing fail for one student; returns the list of those tries."""
    owner = gradebook if step == "lay_out" else gradebook.Recorder
    real, tried = getattr(owner, step), []

    def broken(first: object, second: object, *rest: object, **options: object) -> object:
        name = rest[0].student if step == "lay_out" else second
        if name == student:
            tried.append(student)
            raise OverflowError("date value out of range")
        return real(first, second, *rest, **options)

    patch.setattr(owner, step, broken)
    return tried
