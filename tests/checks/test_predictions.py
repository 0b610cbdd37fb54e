"""Predictions are taken down, quizzes judged, and answers not readable at a glance."""

import math
import tomllib

import pytest
import torch

from course_utils import checks
from course_utils.checks import predictions, rooms
from tests.sources import ROOT

QUESTIONS = tomllib.loads(
    (ROOT / "tests/exercises/a1_gan_minimax/questions.toml").read_text("utf-8")
)


def test_a_prediction_is_taken_down_without_a_verdict():
    for answer in "abcd":
        report = checks.predict("early_gradient", answer)
        assert report.passed and report.verdict == "recorded" and not report.reason
    assert checks.predict("early_gradient", " D ").passed


@pytest.mark.parametrize("blank", [None, ...])
def test_no_answer_yet_is_friendly(blank, capsys):
    with pytest.raises(checks.CheckFailed) as caught:
        checks.predict("early_gradient", blank)
    assert caught.value.report.verdict == "unwritten"
    assert "no answer yet" in capsys.readouterr().out


@pytest.mark.parametrize("strange", ["e", "", 3, ["d"], b"d", "<b>d</b>" * 100])
def test_what_is_no_answer_is_said_so(strange):
    with pytest.raises(checks.CheckFailed):
        checks.predict("early_gradient", strange)
    assert checks.grade_prediction("early_gradient", strange, 2).score == 0


def test_a_quiz_gives_the_reason_for_the_right_answer_and_a_hint_for_a_wrong_one():
    assert "99 times" in checks.quiz("early_gradient", "d").reason
    with pytest.raises(checks.CheckFailed) as caught:
        checks.quiz("early_gradient", "a")
    assert caught.value.report.hint == QUESTIONS["early_gradient"]["hints"]["a"]
    assert not caught.value.report.reason


@pytest.mark.parametrize(("answer", "score"), [("d", 2), ("D", 2), ("a", 0), ("c", 0), (..., 0)])
def test_a_prediction_is_marked_all_or_nothing(answer, score):
    mark = checks.grade_prediction("early_gradient", answer, 2)
    assert (mark.score, mark.points) == (score, 2) and repr(mark) == str(score)


def test_the_preview_does_not_tell():
    marks = [checks.preview_prediction("early_gradient", answer, 2) for answer in "abcd"]
    assert {mark.score for mark in marks} == {2} and {m.report.verdict for m in marks} == {
        "recorded"
    }
    assert checks.preview_prediction("early_gradient", ..., 2).score == 0


@pytest.mark.parametrize("answer", [-math.log(4), -1.39, -1.38, -1.4, torch.tensor(-1.3863)])
def test_a_number_is_right_to_the_last_decimal_or_next_to_it(answer):
    report = checks.quiz("value_at_equilibrium", answer)
    assert report.verdict == "right" and "log 4" in report.reason


@pytest.mark.parametrize("answer", [1.39, -1.36, 0, float("nan"), "−1.39", torch.zeros(2)])
def test_another_number_is_wrong(answer):
    with pytest.raises(checks.CheckFailed):
        checks.quiz("value_at_equilibrium", answer)


def test_answers_and_reasons_cannot_be_read_in_the_file():
    text = (rooms.FOLDER / "a1_gan_minimax" / predictions.FILE).read_text("utf-8")
    assert '"answer"' not in text and "-1.39" not in text
    for entry in QUESTIONS.values():
        assert entry["reason"] not in text


def test_only_the_right_answer_opens_the_reason():
    question = predictions.find("early_gradient")
    opened = {key: predictions.unseal(question.reason, question.salt, key) for key in "abcd"}
    assert opened["d"] == QUESTIONS["early_gradient"]["reason"]
    assert all(opened[key] != opened["d"] for key in "abc")


def test_an_unknown_question_and_an_impossible_answer_are_refused():
    with pytest.raises(ValueError, match="There is no question 'nothing'"):
        checks.predict("nothing", "a")
    with pytest.raises(ValueError, match="is none of"):
        predictions.locked_question("q", "?", "z", "why", {"a": "yes"})
