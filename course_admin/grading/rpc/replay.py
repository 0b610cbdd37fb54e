"""What happened in the student's process happens again in the judge's: errors, calls, printing.

A check that watches a student's function (which line failed, which course functions it
called, what it printed) then sees from afar what it would see at home.
"""

from __future__ import annotations

import builtins
import itertools
import linecache
from types import FunctionType
from typing import Any

from course_utils.checks.guards import TimeLimit

_files = itertools.count()


class StudentCodeError(RuntimeError):
    """The student's function raised an exception of a type that Python does not build in."""


class StudentProcessLost(RuntimeError):
    """The student's process ended or broke the protocol during a call."""


class NoAnswer(TimeLimit):
    """The student's function did not return in time."""


def course_calls(calls: Any) -> None:
    """Call empty functions named like the course functions that the student's code called.

    A check that watches for calls of the reference sees them here as it would at home.
    """
    for entry in calls[:50] if isinstance(calls, list) else []:
        if not (isinstance(entry, list) and len(entry) == 3 and all(type(e) is str for e in entry)):
            continue
        file, module, name = (part[:300] for part in entry)
        code = compile("pass", file, "exec").replace(co_name=name.split(".")[-1], co_qualname=name)
        FunctionType(code, {"__name__": module})()


def throw(raised: Any) -> None:
    """Raise the student's exception, from a line that reads like the student's own.

    Raises:
        Exception: the student's, or a `StudentCodeError` that names it.
    """
    error = exception(raised)
    line, text = raised.get("line"), raised.get("text")
    if type(line) is not int or not 0 < line < 5000 or type(text) is not str:
        raise error
    file = f"<student's cell, {next(_files)}>"
    linecache.cache[file] = (0, None, ["\n"] * (line - 1) + [text[:300] + "\n"], file)
    exec(compile("\n" * (line - 1) + "raise error", file, "exec"), {"error": error})


def exception(raised: Any) -> Exception:
    """The student's exception, if Python builds its type in; else a `StudentCodeError`."""
    name, message = str(raised.get("type")), str(raised.get("message"))[:2000]
    kind = getattr(builtins, name, None)
    plain_kind = isinstance(kind, type) and issubclass(kind, Exception)
    if plain_kind and not issubclass(kind, (UnicodeError, ExceptionGroup)):
        return kind(message)
    return StudentCodeError(f"{name}: {message}")
