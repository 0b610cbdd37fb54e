"""Exports, statistics, similarity: the forms that people and platforms read."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from course_admin.grading import exports, similarity, statistics
from course_admin.grading.judging.verdicts import CellMark, Result
from course_admin.grading.report import duration, line, summary

ESSAY = CellMark("essay", "hw", 4.0, None, "marked by a person")


def result(student: str, score: float, *mistakes: str, flags: list[str] | None = None) -> Result:
    marks = [CellMark("test_square", "hw", 2.0, score, "because", list(mistakes)), ESSAY]
    return Result(student, "hw", marks=marks, flags=flags or [])


RESULTS = [
    result("ann", 2.0),
    result("bob", 0.5, "sign_flipped"),
    result("=cmd|' /C calc'!A0", 0.0, "sign_flipped", flags=["the process was lost"]),
]
SCORES = {
    "ann": {
        "score": 5.5,
        "max_score": 6.0,
        "penalty": 0.5,
        "email": "ann@x.org",
        "needs_manual_grade": False,
        "cells": {"test_square": 2.0, "essay": 3.5},
    }
}


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(text.splitlines()))


def test_csv_has_marks_reasons_and_hand_marks() -> None:
    table = rows(exports.marks_csv(RESULTS, SCORES))
    ann, bob = (dict(zip(table[0], row, strict=True)) for row in table[1:3])
    assert (ann["score"], ann["late_penalty"], ann["essay"]) == ("5", "0.5", "3.5")
    assert (bob["score"], bob["test_square"], bob["essay"]) == ("0.5", "0.5", "")
    assert bob["test_square: reason"] == "sign_flipped: because"


def test_csv_is_no_formula() -> None:
    for name, export in exports.EXPORTS.values():
        if name.endswith(".csv"):
            cells = [cell for row in rows(export(RESULTS, {})) for cell in row]
            assert not [cell for cell in cells if cell[:1] in ("=", "+", "@")]


def test_canvas_columns() -> None:
    table = rows(exports.canvas_csv(RESULTS, SCORES))
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "hw"]
    assert table[1][0].strip() == "Points Possible" and table[1][-1] == "6"
    assert table[2][3] == "ann" and table[2][-1] == "5"


def test_moodle_columns() -> None:
    table = rows(exports.moodle_csv(RESULTS, SCORES))
    assert table[0] == ["username", "email", "hw", "hw feedback"]
    assert table[1][:3] == ["ann", "ann@x.org", "5"]
    assert "sign_flipped" in table[2][3]


def test_gradescope_has_one_entry_per_marked_test() -> None:
    ann, bob, _ = json.loads(exports.gradescope_json(RESULTS, SCORES))
    assert ann["score"] == 5.0 and [test["name"] for test in ann["tests"]] == [
        "test_square",
        "essay",
    ]
    assert [test["name"] for test in bob["tests"]] == ["test_square"]
    assert bob["tests"][0] | {"score": 0.5, "max_score": 2.0} == bob["tests"][0]
    assert bob["tests"][0]["visibility"] in (
        "visible",
        "hidden",
        "after_due_date",
        "after_published",
    )


def test_statistics_count_misconceptions() -> None:
    (exercise,) = statistics.exercises(RESULTS)
    assert (exercise.full, exercise.none, len(exercise.scores)) == (1, 1, 3)
    assert exercise.mean == pytest.approx(2.5 / 3)
    assert exercise.misconceptions == {"sign_flipped": 2}
    assert "2 x sign_flipped" in statistics.table(RESULTS)


def test_plot_shows_every_exercise_and_misconception(tmp_path: Path) -> None:
    figure = statistics.plot(RESULTS)
    labels = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert "test_square" in labels and "test_square: sign_flipped" in labels
    figure.savefig(tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_summary_names_who_needs_a_person_and_why() -> None:
    text = summary(RESULTS, SCORES)
    assert "1 need a person" in text and "the process was lost" in text
    assert "lowest 0, median 0.5, highest 2" in text
    assert "NEEDS A PERSON" in line(RESULTS[2]) and "sign_flipped" in line(RESULTS[1])


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (100, "1 min 40 s"), (7200, "2.0 h")])
def test_durations_read_well(seconds: float, text: str) -> None:
    assert duration(seconds) == text


ORIGINAL = """
def solve(values, start):
    best, total = None, start
    for index, value in enumerate(values):
        if value > 3 and index % 2 == 0:
            total += value * 2 - index
        elif best is None or value < best:
            best = value
    return total / (1 + abs(best or 0))
"""
RENAMED = (
    ORIGINAL.replace("values", "xs")
    .replace("total", "t")
    .replace("best", "b")
    .replace("index", "i")
    + "# mine"
)
OTHER = """
def solve(values, start):
    import itertools
    evens = [v for v in itertools.islice(values, 0, None, 2) if v > 3]
    rest = sorted(set(values) - set(evens))
    extra = sum(2 * v - 2 * k for k, v in enumerate(evens))
    return (start + extra) / (1 + abs(rest[0] if rest else 0))
"""


def test_renamed_copy_is_found_and_other_work_is_not() -> None:
    pairs = similarity.similar_pairs({"a": ORIGINAL, "b": RENAMED, "c": OTHER})
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b")]
    assert pairs[0].share == 1.0


def test_long_shared_run_is_always_found() -> None:
    """Winnowing's promise: K + WINDOW - 1 tokens in common share a fingerprint."""
    shared = " ".join(f"a = b {sign} 1 ;" for sign in "+-*/%@&|^")
    assert len(similarity.tokens(shared)) >= similarity.K + similarity.WINDOW - 1
    for before in range(12):
        first = "pass ; " * before + shared
        second = shared + " ; del x" * before
        assert similarity.fingerprints(first) & similarity.fingerprints(second)


def test_what_was_given_out_does_not_count() -> None:
    assert similarity.similar_pairs({"a": ORIGINAL, "b": ORIGINAL}, given=ORIGINAL) == []


def test_report_states_that_likeness_is_not_guilt() -> None:
    assert "not guilt" in similarity.NOTE and "independently" in similarity.NOTE
