"""What a run tells the person who started it: progress, a line per submission, a summary."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any, TextIO

from course_admin.grading.judging.verdicts import Result
from course_admin.grading.submissions.collect import OWN_STAMP


class Progress:
    """One line per submission, and one that is overwritten with the time left."""

    def __init__(self, out: TextIO | None = None) -> None:
        self.out = out or sys.stdout
        self.start = time.monotonic()
        self.first: int | None = None
        self.live = self.out.isatty()

    def tell(self, count: int, total: int, result: Result) -> None:
        """Report a finished submission."""
        if self.first is None:
            self.first = count - 1
        if self.live:
            self.out.write("\r\033[K")
        self.out.write(line(result) + "\n")
        spent = time.monotonic() - self.start
        pace = spent / max(count - self.first, 1)
        text = (
            f"{count} of {total} graded, {pace:.2f} s each, {duration(pace * (total - count))} left"
        )
        if self.live:
            self.out.write(text)
        elif count == total or count % 10 == 0:
            self.out.write(text + "\n")
        self.out.flush()

    def finish(self) -> None:
        """End the overwritten line."""
        if self.live:
            self.out.write("\r\033[K")
            self.out.flush()


def duration(seconds: float) -> str:
    """Seconds in a form for people."""
    seconds = round(seconds)
    if seconds < 90:
        return f"{seconds} s"
    return (
        f"{seconds // 60} min {seconds % 60:02d} s" if seconds < 3600 else f"{seconds / 3600:.1f} h"
    )


def number(value: float) -> str:
    """A mark without needless zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def printable(text: str) -> str:
    """A line without what a terminal obeys: control characters are shown as Python writes them."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def line(result: Result) -> str:
    """One submission on one line."""
    marks = f"{number(result.score):>6} / {number(result.points):<5}"
    if result.flags:
        remark = f"NEEDS A PERSON: {result.flags[0]}"
    else:
        names = [name for mark in result.marks for name in mark.misconceptions]
        remark = ", ".join(dict.fromkeys(names)) or (result.notes[0] if result.notes else "")
    text = f"{result.student[:24]:<24} {marks} {result.seconds:6.2f} s  {remark[:90]}"
    return printable(text).rstrip()


def summary(results: Iterable[Result], scores: dict[str, dict[str, Any]]) -> str:
    """The whole run in a screenful: how many, how they did, who needs a person and why."""
    found = list(results)
    if not found:
        return "nothing has been graded yet"
    totals = sorted(result.score for result in found)
    middle = totals[len(totals) // 2]
    lines = [
        f"{len(found)} submissions, {number(found[0].points)} points by tests: "
        f"lowest {number(totals[0])}, median {number(middle)}, highest {number(totals[-1])}"
    ]
    flagged = [result for result in found if result.flags]
    if flagged:
        lines += ["", f"{len(flagged)} need a person:"]
        for result in flagged:
            lines += [f"  {result.student}"] + [
                f"      {printable(flag)}" for flag in dict.fromkeys(result.flags)
            ]
    own_times = [result.student for result in found if OWN_STAMP in result.notes]
    if own_times:
        lines += ["", f"{OWN_STAMP}: {', '.join(own_times)}"]
    by_hand = [name for name, entry in scores.items() if entry["needs_manual_grade"]]
    if by_hand:
        lines += [
            "",
            f"{len(by_hand)} have written answers to mark (nbgrader's formgrader)",
        ]
    late = {name: entry for name, entry in scores.items() if entry["penalty"]}
    if late:
        lines += ["", f"{len(late)} were late:"]
        lines += [f"  {name}: -{number(entry['penalty'])}" for name, entry in sorted(late.items())]
    return "\n".join(lines)
