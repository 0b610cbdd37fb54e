"""What a grading run is to do: who handed in, what is graded already, how the rest is tried."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from course_admin.grading.journal import Entry, Journal
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.sandbox.bubblewrap import bubblewrap
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.collect import Submission, submissions
from course_admin.grading.submissions.course import Course, fingerprint, sources
from course_admin.grading.worker import Bundle, Task, enter_unreadable, modules_of, task_for
from course_utils.cores import available_cores

MAX_ATTEMPTS = 5
MAX_FOLDER = 200 << 20


@dataclass(frozen=True)
class Settings:
    """How to run.

    Attributes:
        workers: submissions graded at the same time.
        isolate: use bubblewrap where it works.
        students: only these; all where empty.
        again: grade again what is already graded.
        scheduler: address of a Dask scheduler; "local" starts one here.
        feedback: write the students' pages.
    """

    workers: int = field(default_factory=available_cores)
    limits: Limits = field(default_factory=Limits)
    isolate: bool = True
    students: tuple[str, ...] = ()
    again: bool = False
    scheduler: str | None = None
    feedback: bool = True


@dataclass
class Plan:
    """What a run found: everything to be graded, and what is graded already."""

    course: Course
    bundle: Bundle
    journal: Journal
    handed_in: dict[str, Submission]
    keys: dict[str, str]
    done: dict[str, Entry]
    pending: list[str]


def plan(course: Course, settings: Settings) -> Plan:
    """Look at the submissions and at the journal."""
    handed_in = {s.student: s for s in submissions(course)}
    if settings.students:
        unknown = sorted(set(settings.students) - set(handed_in))
        if unknown:
            raise ValueError(f"no submission of {', '.join(unknown)} in {course.submissions}")
        handed_in = {name: handed_in[name] for name in settings.students}
    bundle = bundle_for(course, settings.limits, settings.isolate)
    journal = Journal(course.state / "journal")
    keys = {name: _key(bundle, submission) for name, submission in handed_in.items()}
    if settings.again:
        for name in handed_in:
            journal.forget(name)
    done = {
        name: entry
        for name in handed_in
        if (entry := journal.finished(name, keys[name])) is not None
    }
    pending = [name for name in handed_in if name not in done]
    return Plan(course, bundle, journal, handed_in, keys, done, pending)


def bundle_for(course: Course, limits: Limits, isolate: bool) -> Bundle:
    """Pack the instructor's notebooks and the files beside them."""
    folder = course.solutions / course.assignment
    files, total = [], 0
    for path in sorted(folder.rglob("*")):
        hidden = any(p.startswith((".", "__pycache__")) for p in path.relative_to(folder).parts)
        if path.is_file() and path.suffix != ".ipynb" and not hidden:
            total += path.stat().st_size
            if total <= MAX_FOLDER:
                files.append((str(path.relative_to(folder)), path.read_bytes()))
    books = tuple(sources(course))
    mark = fingerprint(course, modules_of(books))
    return Bundle(course.assignment, books, tuple(files), limits, isolate, mark)


def _key(bundle: Bundle, submission: Submission) -> str:
    when = submission.timestamp or "\0".join(submission.flags)
    text = "\0".join([bundle.fingerprint, submission.digest(), when])
    return hashlib.sha256(text.encode()).hexdigest()


def task_of(work: Plan, name: str) -> Task | Result:
    """The task for a student, or the result that says why it is not tried any more."""
    tried = work.journal.attempt(name, work.keys[name])
    if tried >= MAX_ATTEMPTS:
        return failed(
            work.bundle,
            name,
            f"stopped the run {tried} times: put aside",
            "quarantined",
        )
    names = [source.name for source in work.bundle.sources]
    return task_for(work.handed_in[name], names)


def failed(bundle: Bundle, student: str, why: str, status: str = "failed") -> Result:
    """A result without marks, for a person to look at."""
    result = Result(student, bundle.assignment, status)
    for source in bundle.sources:
        enter_unreadable(result, source, why)
    for mark in result.marks:
        mark.withheld = "" if mark.score is None else why
    return result


def isolation_here(settings: Settings) -> str:
    """In words, what keeps students' code apart on this machine."""
    if settings.isolate and bubblewrap():
        return "full"
    return "limits"
