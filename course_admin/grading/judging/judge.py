"""The process that gives the marks: it runs hidden tests and holds no object of the student's.

For every test it receives a fresh socket to the student's process. Names that the student
defines are looked up there (`rpc`), all else comes from the instructor's notebook
(`slicing`). The verdict returns to the supervisor on a socket that no other process has.
"""

from __future__ import annotations

import math
import numbers
import os
import socket
from typing import Any

import torch

from course_admin.grading.judging.shell import CourseShell, Ran, run_cell
from course_admin.grading.judging.student import seed_everything
from course_admin.grading.rpc import wire
from course_admin.grading.rpc.client import Line, RemoteFunction, RemoteObject
from course_admin.grading.submissions.slicing import Statement, needs, statements


class Judge:
    """State of one submission's judging: names bound so far, statements met so far."""

    def __init__(self, channel: socket.socket, shell: CourseShell) -> None:
        self.channel, self.shell = channel, shell
        self.before: list[Statement] = []
        self.done: set[int] = set()

    def live(self) -> None:
        """Obey the supervisor until it hangs up."""
        while True:
            try:
                message = wire.receive(self.channel, descriptors=1)
            except wire.PeerGone:
                return
            header = message.header
            if header["do"] == "meet":
                self.before += statements(header["source"], student=header["student"])
                continue
            reply = self.test(header, message.descriptors[0])
            wire.send(self.channel, reply)

    def test(self, header: dict[str, Any], descriptor: int) -> dict[str, Any]:
        """Run one hidden test; return the verdict with what was displayed."""
        line = Line(socket.socket(fileno=descriptor), header["call_seconds"], self._fresh_line)
        seed_everything(header["seed"])
        try:
            self._prepare(header["source"], line)
            ran = run_cell(self.shell, header["source"])
            self.before += statements(header["source"])
            self.done.update(
                range(
                    len(self.before) - len(statements(header["source"])),
                    len(self.before),
                )
            )
        except Exception as error:
            ran = Ran([_error_output(error)], None, error)
        finally:
            line.sock.close()
        verdict = judged(ran, header["points"])
        return {
            **verdict,
            "nonce": header["nonce"],
            "outputs": ran.outputs,
            "lost": line.lost,
        }

    def _fresh_line(self) -> socket.socket:
        wire.send(self.channel, {"need": "line"})
        return socket.socket(fileno=wire.receive(self.channel, descriptors=1).descriptors[0])

    def _prepare(self, source: str, line: Line) -> None:
        wanted = needs(source, self.before)
        names = self.shell.user_ns
        for name in wanted.asked:
            names.pop(name, None)
            try:
                names[name] = line.look(name)
            except NameError:
                continue  # the test itself will say that the name is not defined
        for statement in wanted.statements:
            index = self.before.index(statement)
            if index not in self.done:
                exec(compile(statement.source, "<notebook>", "exec"), names)
                self.done.add(index)


def judged(ran: Ran, points: float) -> dict[str, Any]:
    """The verdict on a test that ran: a score, why, and whether a person must look.

    A test that raises gives 0, one that ends in a number gives that number, one that ends in
    nothing gives all points. Anything else, or a number outside 0..points, is withheld.
    """
    if ran.error is not None:
        return _verdict(0.0, _reason(ran.error))
    value = ran.value
    if value is None:
        return _verdict(points, "")
    number = isinstance(value, (numbers.Real, torch.Tensor)) or hasattr(type(value), "__float__")
    if isinstance(value, (bool, RemoteFunction, RemoteObject)) or not number:
        return _withheld(f"the test ended in a {type(value).__name__}, not in a number")
    try:
        score = float(value)
    except Exception as error:
        return _withheld(f"the test's value is not a number ({type(error).__name__})")
    if not math.isfinite(score) or not 0 <= score <= points:
        return _withheld(f"the test gave {score:g}, outside 0 to {points:g}")
    if getattr(value, "trusted", True) is not True:
        return _withheld(
            getattr(getattr(value, "report", None), "cause", "") or "the check withholds it"
        )
    return _verdict(score, *_reasons(value, score < points))


def _reasons(value: Any, less: bool) -> tuple[str, list[str]]:
    """The reason and the misconceptions of a mark from `course_utils.checks`; else nothing."""
    report = getattr(value, "report", None)
    if report is None or not less:
        return "", []
    name = str(getattr(report, "misconception", ""))
    failed = [str(line.claim) for line in getattr(report, "lines", ()) if line.holds is False]
    reason = (
        report.cause
        or report.hint
        or ("does not hold: " + "; ".join(failed) if failed else report.headline)
    )
    return " ".join(str(reason).split())[:1000], [name] if name else []


def _verdict(score: float, reason: str, misconceptions: list[str] | None = None) -> dict[str, Any]:
    return {
        "score": score,
        "reason": reason,
        "misconceptions": misconceptions or [],
        "withheld": "",
    }


def _withheld(why: str) -> dict[str, Any]:
    return {"score": 0.0, "reason": why, "misconceptions": [], "withheld": why}


def _reason(error: BaseException) -> str:
    message = str(error).strip()
    first = message.splitlines()[0][:500] if message else "the test's condition does not hold"
    return first if isinstance(error, AssertionError) else f"{type(error).__name__}: {first}"


def _error_output(error: BaseException) -> dict[str, Any]:
    name, message = type(error).__name__, str(error)[:2000]
    return {
        "output_type": "error",
        "ename": name,
        "evalue": message,
        "traceback": [f"{name}: {message}"],
    }


def live(channel: socket.socket, shell: CourseShell) -> None:
    """Entry point of a forked judge."""
    torch.set_num_threads(1)
    Judge(channel, shell).live()
    os._exit(0)
