"""One call of a student's function, watched: time, printing, the reference, exceptions."""

import contextlib
import io
import linecache
import os
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import torch

from course_utils.checks.plain import Plain, clean, error, type_name
from course_utils.checks.reference_calls import Watch

MOST_PRINTED = 2000
PATIENCE = 6.0  # a waiting function may wait this many times longer than a working one works
_clock, _cpu = time.perf_counter, time.thread_time
_PYTHON = str(Path(threading.__file__).resolve().parent)
_ROOT = Path(__file__).resolve().parents[2]
_COURSE = tuple(f"{_ROOT / name}{os.sep}" for name in ("course_utils", "course_admin"))


class TimeLimit(BaseException):
    """Raised in a student's function that takes too long; not an Exception, so rarely caught."""


@dataclass(frozen=True)
class Call:
    """What one watched call did: what was `seen`, and what else was noticed."""

    seen: dict[str, Plain]
    printed: str = ""
    reference: str = ""
    tampered: bool = False
    seconds: float = 0.0

    @property
    def problem(self) -> Plain | None:
        """The exception that ended the call, if one did."""
        return self.seen.get("error")


def watch_call(
    action: Callable[[], dict[str, Plain]],
    *,
    seconds: float,
    lesson: str = "",
    interruptible: bool = True,
) -> Call:
    """Run `action` for a bounded time, catch all that it does, and say what was noticed.

    Args:
        seconds: of processor time (so that a busy machine fails nobody); a function that only
            waits is stopped after 6 times as long.
        lesson: folder whose functions the action must not call (the reference lives there).
        interruptible: whether Ctrl-C goes through; a grading run catches it instead.
    """
    printed, calls, start = Bounded(), Watch(lesson), _clock()
    try:
        with _surroundings_kept(printed), calls, _deadline(seconds):
            seen = action()
    except TimeLimit as late:
        seen = {"error": error("TimeLimit", f"stopped after {seconds:g} s of work", where(late))}
    except KeyboardInterrupt as interrupt:
        if interruptible:
            raise
        seen = {"error": _caught(interrupt)}
    except BaseException as problem:
        seen = {"error": _caught(problem)}
    return Call(seen, printed.kept(), calls.called, calls.removed, _clock() - start)


def _caught(problem: BaseException) -> Plain:
    return error(type_name(problem), clean(problem), where(problem))


def where(problem: BaseException) -> str:
    """The student's own last line, as "line 3: `return a / b`", or "" when there is none."""
    for frame, line in reversed(list(traceback.walk_tb(problem.__traceback__))):
        filename = frame.f_code.co_filename
        if not _is_library(filename):
            source = linecache.getline(filename, line, frame.f_globals).strip()
            quoted = f"line {line}: `{source.replace('`', '')}`"
            return clean(quoted if source else f"line {line}", 160)
    return ""


def _is_library(filename: str) -> bool:
    """Whether code belongs to Python, to an installed package, to the course or its grading."""
    return filename.startswith((_PYTHON, *_COURSE, "<frozen")) or "site-packages" in filename


class Bounded(io.TextIOBase):
    """Takes everything that is printed, keeps the first 2,000 characters."""

    def __init__(self) -> None:
        super().__init__()
        self._text, self._left, self._lost = [], MOST_PRINTED, 0

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, words: str) -> int:
        """Keep what still fits."""
        kept = words[: self._left]
        self._text.append(kept)
        self._left -= len(kept)
        self._lost += len(words) - len(kept)
        return len(words)

    def kept(self) -> str:
        """What was printed, made printable, with a note on what was dropped."""
        note = f"\n(and {self._lost} more characters)" if self._lost else ""
        return clean("".join(self._text), MOST_PRINTED) + note


@contextlib.contextmanager
def _surroundings_kept(printed: Bounded) -> Iterator[None]:
    """Printing goes to `printed`; warnings, random state, gradient mode and dtype are kept."""
    dtype, grad = torch.get_default_dtype(), torch.is_grad_enabled()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            torch.random.fork_rng(devices=[]),
        ):
            warnings.simplefilter("ignore")
            torch.set_grad_enabled(True)
            yield
    finally:
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad)


def _deadline(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Ends the block when its time is up: by a signal in the main thread, else by tracing lines."""
    main = threading.current_thread() is threading.main_thread()
    return (_alarm if main and hasattr(signal, "setitimer") else _traced)(_stopwatch(seconds))


def _stopwatch(seconds: float) -> Callable[[], bool]:
    """Says whether the time is up, in processor time of this thread or in (longer) real time."""
    start, worked = _clock(), _cpu()
    return lambda: _cpu() - worked > seconds or _clock() - start > PATIENCE * seconds


@contextlib.contextmanager
def _alarm(time_is_up: Callable[[], bool]) -> Iterator[None]:
    # It rings again and again: the first ring may be swallowed by a bare `except:`.
    def ring(_: int, frame: FrameType | None) -> None:
        if time_is_up():
            _trace_all(frame)
            raise TimeLimit

    start, tracing = _clock(), sys.gettrace()
    before = signal.signal(signal.SIGALRM, ring)
    left, interval = signal.setitimer(signal.ITIMER_REAL, 0.25, 0.05)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.settrace(tracing)
        if left:  # somebody else's alarm, such as a test runner's
            signal.setitimer(signal.ITIMER_REAL, max(left - (_clock() - start), 0.001), interval)


def _trace_all(frame: FrameType | None) -> None:
    """Make the next line in a student's frame raise too, wherever its handlers lead."""

    def late(frame: FrameType, event: str, _: object) -> Callable:
        if event == "line":
            raise TimeLimit
        return late

    while frame is not None and frame.f_code is not watch_call.__code__:
        if not _is_library(frame.f_code.co_filename):
            frame.f_trace = late
        frame = frame.f_back
    sys.settrace(lambda *_: None)


@contextlib.contextmanager
def _traced(time_is_up: Callable[[], bool]) -> Iterator[None]:
    before = sys.gettrace()

    def look(frame: FrameType, event: str, _: object) -> Callable:
        if not frame.f_code.co_filename.startswith(_COURSE) and time_is_up():
            raise TimeLimit
        return look

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)
