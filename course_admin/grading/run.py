"""A grading run: who does what is planned, and one writer that writes it down."""

from __future__ import annotations

import contextlib
import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from course_admin.grading import gradebook
from course_admin.grading.judging.fork_client import ForkServerLost
from course_admin.grading.judging.verdicts import Result
from course_admin.grading.plan import MAX_ATTEMPTS, Plan, Settings, failed, plan, task_of
from course_admin.grading.report import printable
from course_admin.grading.submissions.collect import Submission
from course_admin.grading.submissions.course import Course
from course_admin.grading.worker import Workshop

# troubles of the machine, which the next student would meet as well
OF_THE_MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE}


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
