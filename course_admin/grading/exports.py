"""Marks for a spreadsheet and for learning platforms."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

from course_admin.grading.judging.verdicts import CellMark, Result
from course_admin.grading.report import number

Scores = dict[str, dict[str, Any]]


def _cell(value: object) -> object:
    """A spreadsheet must not take text from a student for a formula."""
    if isinstance(value, str):
        value = " ".join(value.split())
        if value[:1] in ("=", "+", "-", "@", "\t", "\r"):
            return "'" + value
    return value


def _table(rows: Sequence[Sequence[object]]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(
        [[_cell(value) for value in row] for row in rows]
    )
    return file.getvalue()


def final(result: Result, scores: Scores) -> tuple[float, float]:
    """Marks after hand marking and lateness, and the most that can be reached."""
    entry = scores.get(result.student)
    if entry is None:
        return result.score, sum(mark.points for mark in result.marks)
    return max(0.0, entry["score"] - entry["penalty"]), entry["max_score"]


def _given(mark: CellMark, result: Result, scores: Scores) -> float | None:
    """The gradebook's mark of a cell (a person may have changed it), else ours."""
    cells = scores.get(result.student, {}).get("cells", {})
    return cells.get(mark.grade_id, mark.score)


def why(mark: CellMark) -> str:
    """The reason for a mark: the misconceptions by name, and the sentence."""
    names = ", ".join(mark.misconceptions)
    return f"{names}: {mark.reason}" if names and mark.reason else names or mark.reason


def marks_csv(results: Sequence[Result], scores: Scores) -> str:
    """One row per student: marks by exercise, each with its reason."""
    exercises = list(dict.fromkeys(mark.grade_id for result in results for mark in result.marks))
    head = ["student", "score", "max_score", "late_penalty", "needs_person", "status"]
    rows: list[list[object]] = [head + [t for name in exercises for t in (name, f"{name}: reason")]]
    for result in results:
        score, most = final(result, scores)
        penalty = scores.get(result.student, {}).get("penalty", 0.0)
        flags = "; ".join(dict.fromkeys(result.flags))
        row: list[object] = [
            result.student,
            number(score),
            number(most),
            number(penalty),
            flags,
            result.status,
        ]
        marks = {mark.grade_id: mark for mark in result.marks}
        for name in exercises:
            mark = marks.get(name)
            given = _given(mark, result, scores) if mark else None
            row += ["" if given is None else number(given), why(mark) if mark else ""]
        rows.append(row)
    return _table(rows)


def canvas_csv(results: Sequence[Result], scores: Scores) -> str:
    """Canvas's gradebook import: students are matched by SIS Login ID."""
    name = results[0].assignment if results else "assignment"
    most = final(results[0], scores)[1] if results else 0.0
    rows: list[list[object]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name],
        ["    Points Possible", "", "", "", "", number(most)],
    ]
    for result in results:
        rows.append(["", "", "", result.student, "", number(final(result, scores)[0])])
    return _table(rows)


def moodle_csv(results: Sequence[Result], scores: Scores) -> str:
    """Moodle's grade import: map "username" to the user, the last columns to grade and feedback."""
    name = results[0].assignment if results else "assignment"
    rows: list[list[object]] = [["username", "email", name, f"{name} feedback"]]
    for result in results:
        email = scores.get(result.student, {}).get("email", "")
        remarks = [f"{m.grade_id}: {why(m)}" for m in result.marks if m.misconceptions]
        rows.append(
            [
                result.student,
                email,
                number(final(result, scores)[0]),
                "; ".join(remarks),
            ]
        )
    return _table(rows)


def gradescope_json(results: Sequence[Result], scores: Scores) -> str:
    """A list of Gradescope autograder results, one per student."""
    return json.dumps([_gradescope(result, scores) for result in results], indent=1)


def _gradescope(result: Result, scores: Scores) -> dict[str, Any]:
    tests = []
    for mark in result.marks:
        given = _given(mark, result, scores)
        if given is None:  # not marked yet: Gradescope must not count it as zero
            continue
        tests.append(
            {
                "name": mark.grade_id, "score": given, "max_score": mark.points,
                "output": why(mark), "output_format": "text", "visibility": "visible",
            }
        )  # fmt: skip
    return {
        "student": result.student, "score": final(result, scores)[0], "output_format": "text",
        "output": "; ".join(result.notes), "tests": tests,
        "extra_data": {"status": result.status, "flags": result.flags},
    }  # fmt: skip


EXPORTS: dict[str, tuple[str, Callable[[Sequence[Result], Scores], str]]] = {
    "csv": ("marks.csv", marks_csv),
    "canvas": ("canvas.csv", canvas_csv),
    "moodle": ("moodle.csv", moodle_csv),
    "gradescope": ("gradescope.json", gradescope_json),
}
