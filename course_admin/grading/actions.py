"""What the commands do."""

from __future__ import annotations

import sys
from pathlib import Path

from course_admin.grading import gradebook
from course_admin.grading.exports import EXPORTS
from course_admin.grading.journal import Journal, write_atomically
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import Settings, isolation_here
from course_admin.grading.plan import plan as make_plan
from course_admin.grading.report import Progress, printable, summary
from course_admin.grading.run import run as grade_all
from course_admin.grading.submissions.course import Course

WARNING = """\
WARNING: bubblewrap is not at work here, so students' code runs with your rights: it can read your
files, reach the network and disturb other submissions. Only the limits on time, memory and
output hold. Grade only what you would run yourself, or see `doctor` for what is missing."""


def _results(course: Course) -> list[Result]:
    return [entry.seen() for entry in Journal(course.state / "journal").entries()]


def run(course: Course, settings: Settings) -> int:
    """Grade, then say what came of it and where it lies."""
    if isolation_here(settings) != "full":
        print(WARNING, file=sys.stderr)
    progress = Progress()
    work = grade_all(course, settings, progress.tell)
    progress.finish()
    results, scores = _results(course), gradebook.scores(course)
    marks = course.state / "marks.csv"
    write_atomically(marks, EXPORTS["csv"][1](results, scores))
    text = summary(results, scores)
    write_atomically(course.state / "summary.txt", text + "\n")
    print(f"\n{text}\n")
    print(f"marks     {marks}\nfeedback  {course.feedback}\ngradebook {course.database}")
    missing = len(work.handed_in) - len(work.done)
    return 0 if not missing else 1


def status(course: Course) -> int:
    """Say what is graded, what is not, and who needs a person."""
    work = make_plan(course, Settings())
    print(f"{course.assignment}: {len(work.done)} graded, {len(work.pending)} to do")
    for name in work.pending:
        print(f"  to do: {name}")
    for name, entry in work.done.items():
        if flags := entry.seen().flags:
            print(printable(f"  needs a person: {name}: {'; '.join(dict.fromkeys(flags))}"))
    return 0


def report(course: Course) -> int:
    """Print the summary and the statistics; write the plot."""
    from course_admin.grading import statistics

    results = _results(course)
    print(summary(results, gradebook.scores(course)))
    if results:
        print()
        print(statistics.table(results))
        path = course.state / "statistics.png"
        statistics.plot(results).savefig(path, dpi=150)
        print(f"\nplot      {path}")
    return 0


def export(course: Course, to: str, file: Path | None) -> int:
    """Write marks in a platform's format."""
    name, write = EXPORTS[to]
    path = file or course.state / name
    write_atomically(path, write(_results(course), gradebook.scores(course)))
    print(path)
    return 0


def feedback(course: Course) -> int:
    """Write every student's page again, with the gradebook's marks."""
    recorder = gradebook.Recorder(course)
    results = _results(course)
    failed = []
    for result in results:
        try:
            recorder.send_back(result.student)
        except gradebook.Unavailable:
            raise
        except gradebook.GradebookError as error:
            failed.append(error)
    print(f"{len(results) - len(failed)} students' pages in {course.feedback}")
    for error in failed:
        print(printable(f"  left out: {error}"), file=sys.stderr)
    return 1 if failed else 0


def similar(course: Course, above: float) -> int:
    """Report pairs of submissions that share much of their text."""
    from course_admin.grading import similarity

    text = similarity.report(course, above)
    path = course.state / "similar.txt"
    write_atomically(path, text + "\n")
    print(text)
    return 0
