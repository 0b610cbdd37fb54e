"""From a verdict to what is written down: a mark, and outputs that nbgrader reads in one way."""

from __future__ import annotations

import math
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output

from course_admin.grading.judging.verdicts import CellMark
from course_admin.grading.submissions import clean


def checked(reply: dict[str, Any], nonce: str, points: float) -> dict[str, Any]:
    """A verdict that is fit to be written down: right nonce, a finite score within the points."""
    score = reply.get("score")
    if reply.get("nonce") != nonce:
        return withheld("the verdict did not come from this test")
    if type(score) not in (int, float) or not math.isfinite(score) or not 0 <= score <= points:
        return withheld(f"the score {score!r:.40} is not a number from 0 to {points:g}")
    return reply


def graded_outputs(mark: CellMark, found: Any) -> list[NotebookNode]:
    """Outputs of a test cell that nbgrader reads in one way only, and a student can read."""
    shown = [o for o in clean.outputs(found) if o["output_type"] != "error"]
    for output in shown:
        if output["output_type"] == "execute_result":  # the report, without the number
            output.pop("execution_count")
            output["output_type"] = "display_data"
            if "text/html" not in output["data"]:
                output["data"] = {}
        if output["output_type"] == "stream":  # nbgrader takes any stderr for a failure
            output["name"] = "stdout"
    shown = [output for output in shown if output.get("data", True)]
    why = ": ".join([*mark.misconceptions, mark.reason]).strip(": ")
    if mark.withheld:
        shown.append(error_output("MarkWithheld", "this mark is given by a person"))
    elif mark.score == 0 and mark.points > 0:
        shown.append(error_output("NoMarks", why or "see the report above"))
    else:
        if why:
            shown.append({"output_type": "stream", "name": "stdout", "text": f"{why}\n"})
        data = {"text/plain": repr(float(mark.score or 0.0))}
        shown.append(
            {
                "output_type": "execute_result",
                "data": data,
                "metadata": {},
                "execution_count": None,
            }
        )
    return [nbformat.from_dict(output) for output in shown]


def by_hand(ours: dict[str, Any], notebook: str) -> CellMark:
    """The mark of a cell that a person marks."""
    points = float(ours.get("points", 0))
    return CellMark(ours["grade_id"], notebook, points, None, "marked by a person")


def zero(reason: str) -> dict[str, Any]:
    """A verdict of no points, with its reason."""
    return {"score": 0.0, "reason": reason, "misconceptions": [], "withheld": ""}


def withheld(why: str) -> dict[str, Any]:
    """A verdict that a person must replace."""
    return {"score": 0.0, "reason": why, "misconceptions": [], "withheld": why}


def error_output(name: str, message: str) -> NotebookNode:
    """An error output."""
    return new_output("error", ename=name, evalue=message, traceback=[f"{name}: {message}"])


def ending(status: int | None) -> str:
    """How a process ended, in words."""
    if status is None:
        return "it stopped answering"
    if status in (-9, 137, 247):
        return "it was killed (memory, processor time, or by its own code)"
    return f"exit status {status}"
