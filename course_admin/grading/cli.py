"""Command line: `python -m course_admin.grading run a1_gan_minimax`."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from course_admin.grading.submissions.course import Course, CourseError, open_course
from course_utils.cores import available_cores

COMMANDS = (
    "run",
    "resume",
    "regrade",
    "status",
    "report",
    "export",
    "feedback",
    "similar",
    "doctor",
)


def parser() -> argparse.ArgumentParser:
    """The command line's grammar."""
    top = argparse.ArgumentParser(
        prog="python -m course_admin.grading",
        description="Grade a class: isolated, fast, resumable.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("assignment", nargs="?", help="for example a1_gan_minimax")
    common.add_argument("--assignment", dest="named", help="the same, by name")
    common.add_argument("--course", type=Path, default=Path.cwd(), help="the course's folder")
    common.add_argument("--submissions", type=Path, help="default: submitted/ in the course")
    common.add_argument("--out", type=Path, help="where results go; default: the course's folder")
    common.add_argument("--db", help="gradebook's URL; default: SQLite beside the results")
    for name, about in (
        ("run", "grade what is not graded yet"),
        ("resume", "the same as run: go on where a run was stopped"),
        ("regrade", "grade again: all, or the students named with --student"),
    ):
        _run_options(commands.add_parser(name, parents=[common], help=about))
    commands.add_parser("status", parents=[common], help="what is graded, what is not")
    commands.add_parser("report", parents=[common], help="summary and statistics, with a plot")
    export = commands.add_parser("export", parents=[common], help="marks for a platform")
    export.add_argument("--to", choices=("csv", "canvas", "moodle", "gradescope"), default="csv")
    export.add_argument("--file", type=Path, help="default: beside the journal")
    commands.add_parser("feedback", parents=[common], help="the pages again, after marking by hand")
    similar = commands.add_parser(
        "similar", parents=[common], help="submissions that resemble each other"
    )
    similar.add_argument("--above", type=float, default=0.5, help="share of fingerprints in common")
    doctor = commands.add_parser("doctor", help="what isolation holds on this machine")
    doctor.add_argument("--json", action="store_true", help="for programs")
    return top


def _run_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--student", action="append", default=[], help="only this one; repeatable")
    command.add_argument("--workers", type=int, default=available_cores(), help="at the same time")
    command.add_argument("--scheduler", help="address of a Dask scheduler, or `local`")
    command.add_argument("--no-isolation", action="store_true", help="limits only, no bubblewrap")
    command.add_argument("--no-feedback", action="store_true", help="marks, but no pages")
    command.add_argument("--cell-seconds", type=float, help="wall time of one cell")
    command.add_argument("--total-seconds", type=float, help="wall time of one submission")
    command.add_argument("--memory-mb", type=int, help="memory of one submission")


def main(arguments: list[str] | None = None) -> int:
    """Program entry; the exit status is 0 when all went well, 1 for a plain error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and words[0] not in COMMANDS and not words[0].startswith("-"):
        words.insert(0, "run")  # `make grade A=...`
    options = parser().parse_args(words)
    try:
        if options.command == "doctor":
            from course_admin.grading.doctor import main as doctor

            return doctor(as_json=options.json)
        name = options.named or options.assignment
        if not name:
            raise CourseError("which assignment? For example: run a1_gan_minimax")
        course = open_course(options.course, name, options.submissions, options.out, options.db)
        return _obey(options, course)
    except (CourseError, ValueError, RuntimeError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        what = f"{error.strerror}: {error.filename or ''}".rstrip(": ")
        print(f"{what}\nNothing is lost: the same command goes on.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; run the same command again to go on", file=sys.stderr)
        return 130


def _obey(options: argparse.Namespace, course: Course) -> int:
    from course_admin.grading import actions

    if options.command in ("run", "resume", "regrade"):
        return actions.run(course, _settings(options))
    if options.command == "status":
        return actions.status(course)
    if options.command == "report":
        return actions.report(course)
    if options.command == "feedback":
        return actions.feedback(course)
    if options.command == "similar":
        return actions.similar(course, options.above)
    return actions.export(course, options.to, options.file)


def _settings(options: argparse.Namespace):
    from course_admin.grading.plan import Settings
    from course_admin.grading.sandbox.limits import MIB, Limits

    limits = Limits()
    if options.cell_seconds:
        limits = replace(limits, cell_seconds=options.cell_seconds)
    if options.total_seconds:
        limits = replace(limits, total_seconds=options.total_seconds)
    if options.memory_mb:
        limits = replace(limits, memory=options.memory_mb * MIB)
    if options.workers < 1:
        raise CourseError("--workers must be at least 1")
    return Settings(
        workers=options.workers, limits=limits, isolate=not options.no_isolation,
        students=tuple(options.student), again=options.command == "regrade",
        scheduler=options.scheduler, feedback=not options.no_feedback,
    )  # fmt: skip
