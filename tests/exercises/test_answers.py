"""Every exercise held to its wrong and right answers."""

from functools import cache

import pytest
import torch

from course_utils import checks
from course_utils.checks import engine

from . import MARKS, NAMES, RIGHT, WRONG
from .points import POINTS

WRONG_CASES = [
    # The first variant of each mistake in the fast tests, all of them in the slow ones.
    pytest.param(name, mistake, number, marks=[pytest.mark.slow] if number else [])
    for name in NAMES
    for mistake, variants in WRONG[name].items()
    for number in range(len(variants))
]
RIGHT_CASES = [pytest.param(n, way, id=f"{n}-{way}") for n in NAMES for way in RIGHT[n]]


@pytest.fixture(autouse=True, scope="module")
def references_held_once():
    """Whether the reference still gives what it gave is asked for every mark: here once for all."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "reference_holds", cache(engine.reference_holds))
        yield


def grade(name, answer, seed=1):
    return engine.grade(checks.exercise(name), answer, POINTS[name], seed=seed)


@cache
def marked(name, mistake, number, seed):
    """What the hidden test says to a wrong answer; several tests ask for the same."""
    return grade(name, WRONG[name][mistake][number], seed=seed)


PRACTICE = checks.assignments()["a0_practice"]
# Trained or drawn many times: the marks of all their mistakes are among the slow tests.
SLOW_MARKS = ("alternating_step", "freeze_first_blocks", "label_budget", "sample_pdf")


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_wrong_and_right_answers(name):
    assert len(WRONG[name]) >= (3 if name in PRACTICE else 6)
    assert len(RIGHT[name]) >= 4
    assert {known.name for known in checks.exercise(name).misconceptions} == set(WRONG[name])


@pytest.mark.parametrize("name", NAMES)
def test_each_misconception_has_its_own_words(name):
    known = checks.exercise(name).misconceptions
    assert len({each.cause for each in known}) == len({each.hint for each in known}) == len(known)
    assert all(each.cause.endswith(".") and len(each.cause) > 20 for each in known)
    assert all(each.hint.endswith((".", "?")) for each in known)


@pytest.mark.parametrize(("name", "mistake", "number"), WRONG_CASES)
def test_a_wrong_answer_is_rejected_and_named(name, mistake, number):
    report = engine.visible_report(checks.exercise(name), WRONG[name][mistake][number])
    assert not report.passed
    assert report.misconception == mistake, str(report)
    known = checks.exercise(name).misconception(mistake)
    assert (report.cause, report.hint) == (known.cause, known.hint)
    assert report.tried and report.expected and report.came and report.expected != report.came


@pytest.mark.parametrize(("name", "way"), RIGHT_CASES)
def test_a_right_answer_is_accepted_however_it_is_written(name, way):
    exercise, answer = checks.exercise(name), RIGHT[name][way]
    report = engine.visible_report(exercise, answer)
    assert report.passed and all(line.holds for line in report.lines), str(report)
    mark = grade(name, answer, seed=3)
    assert mark.score == mark.points == POINTS[name], str(mark)
    assert mark.trusted


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW_MARKS else []) for n in NAMES],
)
def test_the_marks_of_each_mistake_are_exactly_these(name):
    assert {m: marked(name, m, 0, 1).score for m in WRONG[name]} == MARKS[name]


@pytest.mark.parametrize("name", NAMES)
def test_marks_add_up_and_scale_with_the_points(name):
    answer = next(iter(WRONG[name].values()))[0]
    mark = grade(name, answer)
    tenfold = engine.grade(checks.exercise(name), answer, 10 * POINTS[name])
    assert sum(line.of for line in mark.report.lines) == pytest.approx(POINTS[name])
    assert sum(line.earned for line in mark.report.lines) == pytest.approx(mark.score)
    assert tenfold.score == pytest.approx(10 * mark.score)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_marks(name):
    answer = list(WRONG[name].values())[-1][0]
    first, again = (grade(name, answer, seed=7).as_dict() for _ in range(2))
    assert first == again


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mistake", "number"), WRONG_CASES)
def test_a_wrong_answer_loses_marks_and_is_named_in_the_hidden_test(name, mistake, number):
    for seed in (1, 2):
        mark = marked(name, mistake, number, seed)
        assert mark.score < mark.points
        assert mark.report.misconception == mistake, str(mark)
        assert mark.trusted


NARROW = {
    "one sample": lambda x: x.numel() == 1,
    "a column": lambda x: x.shape[-1] == 1 and x.ndim == 2,
    "a grid": lambda x: x.ndim > 2,
    "float64": lambda x: x.dtype == torch.float64,
    "large numbers": lambda x: bool((x.abs() > 30).any()),
    "a decimal that says nothing": lambda x: int(1e4 * float(x.abs().sum())) % 5 == 0,
}


@pytest.mark.parametrize("where", NARROW)
@pytest.mark.parametrize("name", [n for n in NAMES if n not in SLOW_MARKS])
def test_what_passes_the_visible_check_is_never_worth_nothing(name, where):
    exercise, right = checks.exercise(name), next(iter(RIGHT[name].values()))

    def narrow(*inputs):
        if any(NARROW[where](x) for x in inputs if isinstance(x, torch.Tensor)):
            raise ArithmeticError("not for these")
        return right(*inputs)

    passed = engine.visible_report(exercise, narrow).passed
    score = grade(name, narrow).score
    assert score > 0 or not passed


def test_the_hidden_test_uses_inputs_that_the_visible_one_does_not():
    for name in NAMES:
        exercise = checks.exercise(name)
        for item in exercise.properties:
            if item.fixed:
                continue
            shown = {_fingerprint(case) for case in item.cases(0)}
            hidden = {_fingerprint(case) for seed in (1001, 1002) for case in item.cases(seed)}
            assert hidden - shown, f"{name}.{item.name}"


@pytest.mark.parametrize("name", checks.assignments()["a1_gan_minimax"][:4])
def test_knowing_the_visible_inputs_by_heart_is_not_enough(name):
    exercise, right = checks.exercise(name), next(iter(RIGHT[name].values()))
    seen = set()

    def learnt(*inputs):
        seen.add(repr([x.tolist() for x in inputs]))
        return right(*inputs)

    def recited(*inputs):
        if repr([x.tolist() for x in inputs]) in seen:
            return right(*inputs)
        raise ArithmeticError("never seen")

    engine.visible_report(exercise, learnt)
    assert engine.visible_report(exercise, recited).passed
    assert grade(name, recited).score < POINTS[name]


def _fingerprint(case):
    parts = []
    for item in case.make():
        if hasattr(item, "parameters"):
            item = next(item.parameters())
        whole = repr(item) if type(item) is int else ""
        parts.append(repr(item.tolist()) if hasattr(item, "tolist") else whole)
    return "|".join(parts)
