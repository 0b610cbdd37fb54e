"""Grade one submission: two fresh processes, cells in order, a verdict per graded cell."""

from __future__ import annotations

import json
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import nbformat
from nbformat import NotebookNode

from course_admin.grading.judging import outcomes
from course_admin.grading.judging.fork_client import Child, ForkServerClient
from course_admin.grading.judging.verdicts import CellMark
from course_admin.grading.rpc import wire
from course_admin.grading.sandbox.limits import SEED, Limits
from course_admin.grading.submissions import clean
from course_admin.grading.submissions.rebuild import Piece, Rebuilt, grading

MAX_RESTARTS = 2
GRACE_SECONDS = 2.0


class OutOfTime(RuntimeError):
    """The submission has used up its time."""


@dataclass
class Rooms:
    """The two fork servers that a worker keeps for an assignment."""

    students: ForkServerClient
    judges: ForkServerClient

    def close(self) -> None:
        """End both."""
        self.students.close()
        self.judges.close()


@dataclass
class Examination:
    """The run of one rebuilt notebook."""

    rooms: Rooms
    rebuilt: Rebuilt
    limits: Limits
    marks: list[CellMark] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    student: Child | None = None
    judge: Child | None = None
    ran: list[int] = field(default_factory=list)  # cells that a restarted process repeats
    met: list[tuple[str, bool]] = field(default_factory=list)
    restarts: int = 0
    written: int = 0  # bytes of outputs so far
    end: float = 0.0

    def run(self, meet: dict[str, str]) -> NotebookNode:
        """Execute everything; return the executed notebook.

        Args:
            meet: the instructor's text of solution cells, by grade_id: tells the judge which
                names to ask of the student.
        """
        self.end = time.monotonic() + self.limits.total_seconds
        try:
            for index, piece in enumerate(self.rebuilt.pieces):
                self._piece(index, piece, meet)
        finally:
            for child in (self.student, self.judge):
                if child is not None:
                    child.end(wait=False)
        return self._notebook()

    def _piece(self, index: int, piece: Piece, meet: dict[str, str]) -> None:
        cell, ours = piece.cell, grading(piece.cell)
        if piece.role == "test":
            self._test(cell)
        elif cell.cell_type == "code":
            self._execute(index, cell)
            if piece.role == "given":
                self._meet(cell.source, False)
            elif piece.role == "answer":
                self._meet(meet.get(ours.get("grade_id"), ""), True)
        elif piece.role == "text":
            cell.source = clean.markdown(cell.source)
        if ours.get("grade") and piece.role != "test":
            self.marks.append(outcomes.by_hand(ours, self.rebuilt.name))

    def _left(self, seconds: float) -> float:
        deadline = min(time.monotonic() + seconds, self.end)
        if deadline <= time.monotonic():
            raise OutOfTime
        return deadline

    # --- the student's process -------------------------------------------------------------

    def _execute(self, index: int, cell: NotebookNode) -> None:
        if not cell.source.strip():
            return
        try:
            reply = self._run_in(self._student(), cell.source)
        except OutOfTime:
            self._note_once("the time for the whole submission was used up")
            cell.outputs = [
                outcomes.error_output("OutOfTime", "the time for the whole submission was used up")
            ]
            return
        except wire.FrameError:
            cell.outputs = [outcomes.error_output("ProcessLost", self._lost(f"cell {index + 1}"))]
            return
        self.ran.append(index)
        outputs = clean.outputs(reply.get("outputs"))
        self.written += len(json.dumps(outputs))
        if self.written > self.limits.output_bytes:
            outputs = [
                {
                    "output_type": "stream",
                    "name": "stderr",
                    "text": "[output left out]\n",
                }
            ]
        cell.outputs = [nbformat.from_dict(output) for output in outputs]

    def _run_in(self, child: Child, source: str) -> dict[str, Any]:
        """One cell; a cell that takes too long is interrupted, then the process is ended."""
        deadline = self._left(self.limits.cell_seconds)
        child.tell({"do": "run", "source": source}, deadline)
        try:
            return child.hear(deadline).header
        except TimeoutError:
            child.interrupt()
            try:
                return child.hear(time.monotonic() + GRACE_SECONDS).header
            except TimeoutError:
                child.why = f"a cell ran longer than {self.limits.cell_seconds:g} s"
                raise wire.PeerGone(child.why) from None

    def _student(self) -> Child:
        """The student's process; a new one repeats what ran in the one that was lost."""
        if self.student is None:
            if self.restarts > MAX_RESTARTS:
                raise wire.PeerGone("restarted too often")
            self.student = self.rooms.students.fork(self.limits)
            for index in list(self.ran):
                self._run_in(self.student, self.rebuilt.pieces[index].cell.source)
        return self.student

    def _lost(self, where: str) -> str:
        """Give up on the student's process; the reason, in words."""
        child, self.student = self.student, None
        why = "it had ended too often before"
        if child is not None:
            child.gone.wait(0.5)
            why = child.why or outcomes.ending(child.status)
            child.end()
            self.restarts += 1
            self._note_once(f"the process was lost in {where}: {why}")
        return f"the process that ran this notebook ended: {why}"

    def _note_once(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    # --- the judge -------------------------------------------------------------------------

    def _meet(self, source: str, student: bool) -> None:
        self.met.append((source, student))
        if self.judge is not None:
            self._tell_met(self.judge, source, student)

    def _tell_met(self, judge: Child, source: str, student: bool) -> None:
        header = {"do": "meet", "source": source, "student": student}
        judge.tell(header, time.monotonic() + 10)

    def _judge(self) -> Child:
        if self.judge is None:
            limits = Limits(memory=self.limits.memory, cpu_seconds=self.limits.cpu_seconds)
            self.judge = self.rooms.judges.fork(limits)
            for source, student in self.met:
                self._tell_met(self.judge, source, student)
        return self.judge

    def _test(self, cell: NotebookNode) -> None:
        ours = grading(cell)
        points = float(ours.get("points", 0))
        try:
            verdict = self._verdict(cell.source, points)
        except OutOfTime:
            verdict = outcomes.zero("the time for the whole submission was used up")
        mark = CellMark(
            ours["grade_id"], self.rebuilt.name, points, verdict["score"], verdict["reason"],
            verdict["misconceptions"], verdict["withheld"],
        )  # fmt: skip
        self.marks.append(mark)
        if mark.withheld:
            self.flags.append(f"{mark.grade_id}: mark withheld, {mark.withheld}")
        cell.outputs = outcomes.graded_outputs(mark, verdict.get("outputs"))

    def _verdict(self, source: str, points: float) -> dict[str, Any]:
        """Ask the judge; whatever goes wrong on the way has its own answer."""
        try:
            self._student()
        except wire.FrameError:
            return outcomes.zero(self._lost("an earlier cell"))
        nonce = secrets.token_hex(16)
        header = {
            "do": "test", "source": source, "points": points, "nonce": nonce, "seed": SEED,
            "call_seconds": self.limits.call_seconds,
        }  # fmt: skip
        deadline = self._left(self.limits.test_seconds)
        try:
            judge = self._judge()
            self._connect(judge, header, deadline)
            reply = judge.hear(deadline).header
            while reply.get("need") == "line":
                self._connect(judge, {"do": "line"}, deadline)
                reply = judge.hear(deadline).header
        except TimeoutError:
            self._end_judge()
            return outcomes.zero(f"the test took longer than {self.limits.test_seconds:g} s")
        except wire.FrameError:
            self._end_judge()
            return outcomes.withheld("the judge's process ended")
        except _StudentGone as gone:
            self._end_judge()
            return outcomes.zero(str(gone))
        return outcomes.checked(reply, nonce, points)

    def _connect(self, judge: Child, header: dict[str, Any], deadline: float) -> None:
        """Give the judge a fresh socket to a fork of the student's process."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                answer = self._student().ask({"do": "serve"}, deadline, [ours.fileno()]).header
                if answer.get("serving") is not True:
                    raise wire.PeerGone("the student's process did not answer")
            except (wire.FrameError, TimeoutError):
                raise _StudentGone(self._lost("a test")) from None
            judge.tell(header, deadline, [theirs.fileno()])

    def _end_judge(self) -> None:
        if self.judge is not None:
            self.judge.end()
            self.judge = None

    def _notebook(self) -> NotebookNode:
        kept = {k: v for k, v in self.rebuilt.metadata.items() if k == "kernelspec"}
        book = nbformat.v4.new_notebook(metadata=kept)
        seen: set[str] = set()
        for piece in self.rebuilt.pieces:
            if piece.cell.get("id") in seen:
                piece.cell["id"] = secrets.token_hex(4)
            seen.add(piece.cell.get("id", ""))
            book.cells.append(piece.cell)
        return book


class _StudentGone(RuntimeError):
    """The student's process could not serve a test."""
