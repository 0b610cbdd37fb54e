"""Every exercise held to its wrong and right answers."""

import pytest
import torch

from course_utils import checks
from course_utils.checks import engine

from .right_answers.a1 import RIGHT
from .wrong_answers.a1 import WRONG

NAMES = checks.ASSIGNMENTS["a1"]
WRONG_CASES = [
    # The first variant of each mistake in the fast tests, all of them in the slow ones.
    pytest.param(name, mistake, number, marks=[pytest.mark.slow] if number else [])
    for name in NAMES
    for mistake, variants in WRONG[name].items()
    for number in range(len(variants))
]
RIGHT_CASES = [pytest.param(n, way, id=f"{n}-{way}") for n in NAMES for way in RIGHT[n]]

# What the first variant of each mistake earns, of 3, 3, 4, 3 and 5 points. For example
# naive_log_sigmoid loses the 2/12 of 3 points that extreme logits are worth.
MARKS = {
    "game_value": {
        "naive_log_sigmoid": 2.5,
        "epsilon_in_log": 2.5,
        "sum_instead_of_mean": 0,
        "logits_taken_for_probabilities": 0,
        "sigmoid_twice": 0,
        "gradient_cut": 2.25,
        "log_of_mean": 1,
        "paired_batches": 0.5,
        "mean_over_one_axis": 1.5,
        "sign_flipped": 0,
        "players_swapped": 1,
        "fake_term_not_flipped": 1,
        "one_minus_outside": 0,
        "halved": 0,
        "joined_batch": 0,
        "log_base_2": 0,
        "real_term_only": 0,
        "fake_term_only": 0,
    },
    "discriminator_loss": {
        "naive_log_sigmoid": 2.5,
        "epsilon_in_log": 2.5,
        "sum_instead_of_mean": 0,
        "logits_taken_for_probabilities": 0,
        "sigmoid_twice": 0,
        "gradient_cut": 2.25,
        "mean_over_one_axis": 1.5,
        "paired_batches": 0.5,
        "value_instead_of_loss": 0,
        "labels_swapped": 1,
        "all_labels_real": 1,
        "halved": 0,
        "joined_batch": 0,
        "fake_logits_detached": 2.5,
        "real_term_only": 0,
        "fake_term_only": 0,
        "labels_smoothed": 1,
        "cross_entropy_on_logits": 0,
        "hinge_or_critic": 0,
    },
    "generator_losses": {
        "naive_log_sigmoid": 3,
        "epsilon_in_log": 3,
        "sum_instead_of_mean": 0,
        "logits_taken_for_probabilities": 0,
        "sigmoid_twice": 0,
        "gradient_cut": 2.75,
        "log_of_mean": 0,
        "order_swapped": 0,
        "saturating_sign_flipped": 1.75,
        "non_saturating_sign_flipped": 1.75,
        "both_the_same": 1.75,
        "both_signs_flipped": 0,
        "one_minus_outside": 1.75,
        "summed_into_one": 0,
    },
    "optimal_discriminator": {
        "density_ratio": 0.75,
        "share_of_the_model": 0.75,
        "nan_where_both_zero": 2.5,
        "zero_where_both_zero": 2.5,
        "epsilon_in_denominator": 2,
        "threshold_for_zero": 2.5,
        "hard_decision": 0.75,
        "log_ratio": 0.75,
        "softmax_of_densities": 0.75,
        "normalised_over_the_grid": 0.75,
        "negative_accepted": 2.75,
        "wrong_exception": 2.75,
    },
    "alternating_step": {
        "generator_not_frozen": 4.5,
        "discriminator_not_frozen": 4.5,
        "neither_frozen": 4,
        "discriminator_keeps_old_gradients": 4.25,
        "generator_keeps_old_gradients": 4.25,
        "no_gradient_is_cleared": 4.25,
        "generator_cut_off": 2.25,
        "frozen_for_good": 4,
        "saturating_generator_loss": 2.5,
        "generator_sign_flipped": 2.5,
        "discriminator_sign_flipped": 2.25,
        "generator_first": 2,
        "same_noise_twice": 2.5,
        "both_move_at_once": 3,
        "optimisers_swapped": 0,
        "discriminator_moves_twice": 2.25,
        "no_step": 0,
        "losses_not_by_name": 4.75,
        "joined_losses": 0,
    },
}


@pytest.mark.parametrize("name", NAMES)
def test_there_are_enough_wrong_and_right_answers(name):
    assert len(WRONG[name]) >= 6
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
    mark = engine.grade(exercise, answer, seed=3)
    assert mark.score == mark.points == exercise.points, str(mark)
    assert mark.trusted


@pytest.mark.parametrize("name", [*NAMES[:4], pytest.param(NAMES[4], marks=pytest.mark.slow)])
def test_the_marks_of_each_mistake_are_exactly_these(name):
    exercise = checks.exercise(name)
    marks = {m: engine.grade(exercise, answers[0]).score for m, answers in WRONG[name].items()}
    assert marks == MARKS[name]


@pytest.mark.parametrize("name", NAMES)
def test_marks_add_up_and_scale_with_the_points(name):
    exercise = checks.exercise(name)
    answer = next(iter(WRONG[name].values()))[0]
    mark, tenfold = (
        engine.grade(exercise, answer),
        engine.grade(exercise, answer, 10 * exercise.points),
    )
    assert sum(line.of for line in mark.report.lines) == pytest.approx(exercise.points)
    assert sum(line.earned for line in mark.report.lines) == pytest.approx(mark.score)
    assert tenfold.score == pytest.approx(10 * mark.score)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_marks(name):
    exercise = checks.exercise(name)
    answer = list(WRONG[name].values())[-1][0]
    first, again = (engine.grade(exercise, answer, seed=7).as_dict() for _ in range(2))
    assert first == again


@pytest.mark.slow
@pytest.mark.parametrize(("name", "mistake", "number"), WRONG_CASES)
def test_a_wrong_answer_loses_marks_and_is_named_in_the_hidden_test(name, mistake, number):
    exercise, answer = checks.exercise(name), WRONG[name][mistake][number]
    for seed in (1, 2):
        mark = engine.grade(exercise, answer, seed=seed)
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
@pytest.mark.parametrize("name", NAMES[:4])
def test_what_passes_the_visible_check_is_never_worth_nothing(name, where):
    exercise, right = checks.exercise(name), next(iter(RIGHT[name].values()))

    def narrow(*inputs):
        if any(NARROW[where](x) for x in inputs):
            raise ArithmeticError("not for these")
        return right(*inputs)

    passed = engine.visible_report(exercise, narrow).passed
    score = engine.grade(exercise, narrow).score
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


def _fingerprint(case):
    parts = []
    for item in case.make():
        if hasattr(item, "parameters"):
            item = next(item.parameters())
        parts.append(repr(item.tolist()) if hasattr(item, "tolist") else "")
    return "|".join(parts)
