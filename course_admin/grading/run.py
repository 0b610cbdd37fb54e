"""A grading run: what is to do, who does it, and one writer that writes it down."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from course_admin.grading import gradebook
from course_admin.grading.journal import Entry, Journal
from course_admin.grading.processes import ForkServerLost
from course_admin.grading.report import printable
from course_admin.grading.sandbox.bubblewrap import bubblewrap
from course_admin.grading.sandbox.limits import Limits
from course_admin.grading.submissions.collect import Submission, submissions
from course_admin.grading.submissions.course import Course, fingerprint, sources
from course_admin.grading.verdicts import Result
from course_admin.grading.worker import (
    Bundle,
    Task,
    Workshop,
    enter_unreadable,
    modules_of,
    task_for,
)
from course_utils.cores import available_cores

MAX_ATTEMPTS = 5
MAX_FOLDER = 200 << 20
# troubles of the machine, which the next student would meet as well
OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}


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


def run(course: Course, settings: Settings, tell: Callable[[int, int, Result], None]) -> Plan:
    """Grade what is pending; write results, gradebook and feedback as they come.

    Args:
        tell: called with (number done, number in all, result) after each.
    """
    work = plan(course, settings)
    with _results(work, settings) as results:  # which starts, while the gradebook is prepared
        gradebook.register(course, work.bundle.fingerprint)
        recorder = gradebook.Recorder(course)
        for entry in work.done.values():  # graded, but killed or failed before it was entered
            if not (entry.recorded and (entry.sent_back or not settings.feedback)):
                _enter(work, recorder, entry.result, settings.feedback)
        total, count = len(work.handed_in), len(work.done)
        for result in results:
            _as_handed_in(result, work.handed_in[result.student])
            work.journal.write(work.keys[result.student], result)
            seen = _enter(work, recorder, result, settings.feedback)
            count += 1
            tell(count, total, seen)
    work.done = {n: e for n in work.handed_in if (e := work.journal.finished(n, work.keys[n]))}
    return work


def _as_handed_in(result: Result, submission: Submission) -> None:
    """Add what collecting found; names of files are a student's, and may hold anything."""
    result.notes = [printable(note) for note in (*submission.notes, *result.notes)]
    result.flags = [printable(flag) for flag in (*submission.flags, *result.flags)]


def _enter(work: Plan, recorder: gradebook.Recorder, result: Result, feedback: bool) -> Result:
    """nbgrader's files, gradebook and feedback of what the journal holds: can be repeated.

    What fails for one student puts that student aside, until the tries are used up; a failure
    of the gradebook or of the machine ends the run, and counts for nobody.

    Returns:
        The result as people see it.
    """
    student, key, journal = result.student, work.keys[result.student], work.journal
    if journal.attempts(student, key) < MAX_ATTEMPTS:
        journal.attempt(student, key)
        try:
            why = _write_down(work, recorder, result, feedback)
        except BaseException:
            journal.forget_attempts(student)
            raise
        if why:
            journal.put_aside(key, result, why)
        else:
            journal.write(key, result, recorded=True, sent_back=feedback)
    entry = journal.read(student)
    if entry and not (entry.recorded or entry.aside):
        why = f"put aside: stopped the run {MAX_ATTEMPTS} times while its marks were entered"
        journal.put_aside(key, result, why)
        entry = journal.read(student)
    return entry.seen() if entry else result


def _write_down(work: Plan, recorder: gradebook.Recorder, result: Result, feedback: bool) -> str:
    """Enter one result; why that cannot be done, in words, where the fault is this one's alone.

    Raises:
        gradebook.Unavailable: the gradebook cannot be used by anybody.
        OSError: the disk is full, or the like.
    """
    submission = work.handed_in[result.student]
    try:
        gradebook.lay_out(work.course, submission, result)
        recorder.record(result.student, timed=submission.timestamp is not None)
        if feedback:
            recorder.send_back(result.student)
    except gradebook.Unavailable:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in OF_THE_MACHINE:
            raise
        return printable(f"put aside, its mark in the gradebook is missing or old: {error}")
    return ""


@contextlib.contextmanager
def _results(work: Plan, settings: Settings) -> Iterator[Iterator[Result]]:
    if not work.pending:
        yield iter(())
    elif settings.scheduler:
        from course_admin.grading.cluster import results_from_cluster

        with contextlib.closing(results_from_cluster(work, settings)) as results:
            yield results
    else:
        with (
            contextlib.closing(Workshop(work.bundle)) as shop,
            contextlib.closing(_results_here(work, settings, shop)) as results,
        ):
            shop.prepare()
            yield results


def _results_here(work: Plan, settings: Settings, shop: Workshop) -> Iterator[Result]:
    """Grade with threads of this process, which only watch the processes that work."""
    stop = threading.Event()
    pool = ThreadPoolExecutor(settings.workers, thread_name_prefix="grader")
    waiting = iter(work.pending)
    running: dict[Future[Result], str] = {}

    def refill() -> None:
        for name in waiting:
            running[pool.submit(_one, work, shop, name, stop)] = name
            if len(running) >= settings.workers + 1:
                return

    try:
        refill()
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                del running[future]
                yield future.result()
            refill()
    finally:
        stop.set()
        for name in running.values():  # stopped by us: no fault of theirs
            work.journal.forget_attempts(name)
        pool.shutdown(wait=True, cancel_futures=True)


def _one(work: Plan, shop: Workshop, name: str, stop: threading.Event) -> Result:
    task = task_of(work, name)
    if isinstance(task, Result):
        return task
    try:
        return shop.grade(task)
    except ForkServerLost:
        raise  # nobody can be graded here
    except Exception as error:
        if stop.is_set():
            raise
        return failed(work.bundle, name, f"grading failed: {type(error).__name__}: {error}")


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
