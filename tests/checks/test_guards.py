"""Nothing that a student's function does stops a check, and each such thing is explained."""

import contextlib
import functools
import importlib
import itertools
import random
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from course_utils import checks
from course_utils.checks import engine, guards
from course_utils.checks.reference_calls import package_folder
from course_utils.gan import minimax
from course_utils.vision3d.boxes import box_overlap

VALUE = checks.exercise("game_value")


def right(r, f):
    return logsigmoid(r).mean() + logsigmoid(-f).mean()


def look(answer, exercise=VALUE):
    """Report of the visible check, and the mark; both must come without an exception."""
    report, mark = engine.visible_report(exercise, answer), engine.grade(exercise, answer, 3)
    assert str(report) and report._repr_html_()
    assert 0 <= mark.score <= mark.points and float(repr(mark)) == mark.score
    return report, mark


@pytest.fixture
def short(monkeypatch):
    """Time limits that a test can wait for."""
    monkeypatch.setattr(engine, "VISIBLE_SECONDS", 0.3)
    monkeypatch.setattr(engine, "HIDDEN_SECONDS", 0.3)


# ------------------------------------------------------------------ what comes back


class EqualToEverything:
    __hash__ = None

    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __sub__(self, other):
        return self

    def __abs__(self):
        return 0.0

    def __float__(self):
        return 0.0


class Liar(torch.Tensor):
    """A tensor that says of itself that it is whatever is wanted."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return torch.tensor(True)

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("text", "str"),
        ([1.0, 2.0], "list"),
        (np.zeros(3), "numpy.ndarray"),
        ({"value": 1}, "dict"),
        (EqualToEverything(), "EqualToEverything"),
        (right, "function"),
        (torch.zeros(2, dtype=torch.complex64), "complex64"),
        (torch.zeros(1_000_000), "1000000"),
    ],
)
def test_a_wrong_type_is_named_and_earns_nothing(result, words):
    report, mark = look(lambda r, f: result)
    assert mark.score == 0
    assert words in report.came and "type" in report.cause


def test_none_is_told_from_a_forgotten_return():
    def forgot(r, f):
        right(r, f)

    report, mark = look(forgot)
    assert (mark.score, report.came) == (0, "None")
    assert "return" in report.hint


def test_a_tensor_that_lies_about_itself_is_read_as_it_is():
    for value in (torch.zeros(()), torch.full((), float("nan"))):
        _, mark = look(lambda r, f, value=value: value.as_subclass(Liar))
        assert mark.score == 0


def test_a_wrong_shape_is_shown():
    report, mark = look(lambda r, f: right(r, f) * torch.ones(2))
    assert mark.score == 0
    assert "(2,)" in report.cause and "one number" in report.cause


def test_an_extra_axis_costs_the_form_only():
    report, mark = look(lambda r, f: right(r, f).reshape(1, 1))
    assert mark.score == 2.75
    assert "(1, 1)" in report.came and "scalar" in report.expected


def test_a_transposed_result_is_called_so():
    density = checks.exercise("optimal_discriminator")

    def turned(p, q):
        if (p < 0).any() or (q < 0).any():
            raise ValueError
        return torch.where(p + q == 0, 0.5, p / (p + q)).T

    assert "transposed" in look(turned, density)[0].cause


def test_integers_are_refused_for_their_values():
    report, mark = look(lambda r, f: right(r, f).round().long())
    assert mark.score == 0 and not report.passed


def test_a_python_number_counts_for_its_value_but_carries_no_gradient():
    report, mark = look(lambda r, f: right(r, f).item())
    assert mark.score == 2.25
    assert report.misconception == "gradient_cut"


@pytest.mark.parametrize(("bad", "word"), [(float("nan"), "NaN"), (float("inf"), "infinity")])
def test_nan_and_infinity_are_named(bad, word):
    report, mark = look(lambda r, f: right(r, f) * bad)
    assert mark.score == 0
    assert word in report.cause


@pytest.mark.parametrize(
    ("wrong", "words", "score"),
    [
        (lambda r, f: 2 * right(r, f), "factor of exactly 2", 0),
        (lambda r, f: 1.5 * right(r, f), "same factor everywhere: 1.5", 0),
        (lambda r, f: right(r, f) + 0.25, "same amount everywhere: 0.25", 1),  # gradient, form
        (lambda r, f: torch.zeros(()), "is 0, whatever goes in", 0),
        (lambda r, f: torch.tensor(-1.3863), "is -1.3863, whatever goes in", 1),  # -log 4, form
        (lambda r, f: right(r, f) if len(r) == 3 else r.mean() * f.mean(), "Right in places", 0),
    ],
)
def test_an_unknown_mistake_is_described_by_its_numbers(wrong, words, score):
    report, mark = look(wrong)
    assert report.misconception == "" and words in report.cause
    assert mark.score == score


def test_a_result_that_changes_from_call_to_call_is_called_so():
    calls = itertools.count()

    def unsteady(r, f):
        return right(r, f) + (0.0 if next(calls) < len(_visible_cases()) else 1.0)

    report = engine.visible_report(VALUE, unsteady)
    assert "second time" in report.cause
    # The gradient does not feel what is added: that, form and inputs are worth 1 point.
    assert look(lambda r, f: right(r, f) + torch.rand(()))[1].score == 1


def _visible_cases():
    return [case for item in VALUE.properties for case in item.cases(0)]


# ------------------------------------------------------------------ what it does meanwhile


def test_a_change_of_its_arguments_is_noticed_and_named():
    def greedy(r, f):
        value = right(r, f)
        with torch.no_grad():
            r += 1
        return value

    report, mark = look(greedy)
    assert "changed its own arguments" in report.cause
    assert "real_logits" in report.cause and "fake_logits" not in report.cause
    assert mark.score == 2.25  # form of play, and the gradient that autograd refuses then


def test_a_change_that_spares_the_gradient_costs_the_form_only():
    density = checks.exercise("optimal_discriminator")

    def greedy(p, q):
        if (p < 0).any() or (q < 0).any():
            raise ValueError
        share = torch.where(p + q == 0, 0.5, p / (p + q))
        q.zero_()
        return share

    report, mark = look(greedy, density)
    assert report.came == "changed in place: p_model"
    assert mark.score == 2.75


def test_printing_is_caught_shown_and_bounded(capsys):
    def chatty(r, f):
        print("x" * 50_000)
        print("y", file=sys.stderr)
        return right(r, f)

    report, mark = look(chatty)
    assert report.passed and mark.score == 3
    assert 0 < len(report.printed) < 3000 and "more characters" in report.printed
    assert capsys.readouterr() == ("", "")


def test_control_characters_do_not_reach_the_terminal():
    def colourful(r, f):
        print("\x1b[31mred\x1b[0m \x07 \u202e")
        raise ValueError("\x1b[2J gone")

    report = look(colourful)[0]
    assert not any(sign in str(report) for sign in ("\x1b", "\x07", "\u202e"))
    assert "\\x1b" in str(report)


def test_an_exception_is_shown_with_the_students_own_line():
    def careless(r, f):
        both = torch.cat([r, f])
        return both.reshape(7, 7).mean()

    report, mark = look(careless)
    assert mark.score == 0 and report.misconception == ""
    assert "return both.reshape(7, 7).mean()" in report.cause
    assert "RuntimeError" in report.came


def test_a_missing_argument_is_explained_by_the_call():
    report = look(lambda r: r.mean())[0]
    assert "game_value(real_logits, fake_logits)" in report.hint


def test_not_written_yet_is_friendly():
    def todo(r, f):
        raise NotImplementedError()

    report, mark = look(todo)
    assert report.verdict == "unwritten" and mark.score == 0
    assert "NotImplementedError" in report.headline and not report.cause


def test_what_is_not_a_function_is_refused():
    for thing in (None, 3, "game_value", ...):
        report, mark = look(thing)
        assert mark.score == 0 and "TypeError" in report.came


def test_recursion_is_explained():
    def again(r, f):
        return again(r, f)

    report, mark = look(again)
    assert mark.score == 0 and "RecursionError" in report.came
    assert "calls itself" in report.hint


@pytest.mark.parametrize("problem", [SystemExit, GeneratorExit, MemoryError, BaseException])
def test_leaving_by_any_exception_stops_only_the_function(problem):
    def leave(r, f):
        raise problem

    report, mark = look(leave)
    assert mark.score == 0 and problem.__name__ in report.came


def test_an_interrupt_goes_through_in_class_but_not_in_grading():
    def interrupted(r, f):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.visible_report(VALUE, interrupted)
    mark = engine.grade(VALUE, interrupted, 3)
    assert mark.score == 0 and mark.trusted and "KeyboardInterrupt" in mark.report.cause


def test_an_exception_without_a_text_is_survived():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no words")

    def hostile(r, f):
        raise Mute

    assert "cannot be shown" in look(hostile)[0].came


def test_settings_are_put_back():
    state = torch.get_rng_state()

    def careless(r, f):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.manual_seed(5)
        random.random()
        return right(r, f)

    look(careless)
    assert torch.get_default_dtype() is torch.float32 and torch.is_grad_enabled()
    assert torch.equal(state, torch.get_rng_state())


def test_a_check_inside_the_checked_function_is_refused():
    def nested(r, f):
        checks.game_value(right)
        return right(r, f)

    report, mark = look(nested)
    assert mark.score == 0 and "from within" in report.came
    assert engine.visible_report(VALUE, right).passed


# ------------------------------------------------------------------ time


def forever(r, f):
    n = 0
    while True:
        n += 1


def forever_deaf(r, f):
    while True:
        try:
            while True:
                pass
        except BaseException:  # as a bare `except:` would
            pass


def forever_asleep(r, f):
    while True:
        time.sleep(60)


def forever_printing(r, f):
    while True:
        print("still here")


@pytest.mark.parametrize("endless", [forever, forever_deaf, forever_asleep, forever_printing])
def test_an_endless_function_is_stopped_and_explained(endless, short):
    report = engine.visible_report(VALUE, endless)
    assert "did not finish" in report.cause
    assert [line.holds for line in report.lines] == [False] + [None] * (len(report.lines) - 1)
    assert engine.grade(VALUE, endless, 3).score == 0


def test_the_place_of_an_endless_loop_is_shown(short):
    cause = engine.visible_report(VALUE, forever).cause
    assert "n += 1" in cause or "while True:" in cause


def test_an_endless_function_is_stopped_in_another_thread_too(short):
    reports = []
    thread = threading.Thread(target=lambda: reports.append(engine.visible_report(VALUE, forever)))
    thread.start()
    thread.join(timeout=120)
    assert not thread.is_alive()
    assert "did not finish" in reports[0].cause


def test_a_right_answer_passes_in_another_thread():
    reports = []
    thread = threading.Thread(target=lambda: reports.append(engine.visible_report(VALUE, right)))
    thread.start()
    thread.join(timeout=120)
    assert reports[0].passed


def test_somebody_elses_alarm_still_rings():
    import signal

    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.4)
        engine.visible_report(VALUE, right)
        deadline = time.monotonic() + 120  # only ends a test that hangs
        while not rung and time.monotonic() < deadline:
            time.sleep(0.01)
        assert rung == [True]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", [n for names in checks.assignments().values() for n in names])
def test_a_visible_check_takes_less_than_a_second(name):
    from tests.exercises import RIGHT

    exercise, answer = checks.exercise(name), next(iter(RIGHT[name].values()))
    engine.visible_report(exercise, answer)  # torch's own imports at first use
    start = time.process_time()
    assert engine.visible_report(exercise, answer).passed
    assert time.process_time() - start < 1.0


# ------------------------------------------------------------------ the reference, and tampering


def helper(r, f):
    return minimax.game_value(r, f)


from_alias = minimax.game_value


@pytest.mark.parametrize(
    "borrowing",
    [
        minimax.game_value,
        lambda r, f: minimax.game_value(r, f),
        lambda r, f: from_alias(r, f),
        lambda r, f: helper(r, f),
        functools.partial(minimax.game_value),
        lambda r, f: -minimax.discriminator_loss(r, f),
        lambda r, f: 2 * minimax.jensen_shannon_estimate(r, f) - minimax.LOG_4,
        lambda r, f: importlib.import_module("course_utils.gan.minimax").game_value(r, f),
        lambda r, f: getattr(sys.modules["course_utils.gan.minimax"], "game_" + "value")(r, f),
        lambda r, f: next(map(minimax.game_value, [r], [f])),
    ],
)
def test_calling_the_reference_is_noticed_and_earns_nothing(borrowing):
    report, mark = look(borrowing)
    assert report.misconception == "calls_the_reference"
    assert "course_utils.gan.minimax." in report.came
    assert mark.score == 0 and mark.trusted
    assert mark.report.misconception == "calls_the_reference"


@pytest.mark.parametrize("name", [n for names in checks.assignments().values() for n in names])
def test_the_whole_part_of_the_course_that_holds_the_answer_is_watched(name):
    """Not the room of the reference alone: a formula of another room may be the same."""
    folder = Path(package_folder(checks.exercise(name).lesson))
    assert folder.parent.name == "course_utils"
    assert folder.name in ("core", "gan", "selfsup", "vision3d")


def test_calling_the_reference_from_another_room_is_noticed():
    exercise = checks.exercise("sort_and_composite")

    def borrowed(*inputs):
        box_overlap.box_iou(torch.ones(1, 9), torch.ones(1, 9))
        return exercise.reference(*inputs)

    assert engine.visible_report(exercise, borrowed).misconception == "calls_the_reference"


def test_calling_the_reference_for_a_part_earns_nothing():
    def now_and_then(r, f):
        return minimax.game_value(r, f) if len(r) != len(f) or r.abs().max() > 50 else right(r, f)

    report, mark = look(now_and_then)
    assert report.misconception == "calls_the_reference"
    assert mark.score == 0 and mark.trusted


def test_a_thread_does_not_hide_the_call_of_the_reference():
    def delegating(r, f):
        kept = []
        worker = threading.Thread(target=lambda: kept.append(minimax.game_value(r, f)))
        worker.start()
        worker.join()
        return kept[0]

    assert look(delegating)[1].score == 0


def test_a_fault_of_the_check_itself_withholds_the_mark(monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("our own fault")

    monkeypatch.setattr(engine, "hold", broken)
    mark = engine.grade(VALUE, right, 3)
    assert (mark.score, mark.trusted, mark.report.verdict) == (0, False, "withheld")


def test_swallowing_does_not_hide_the_call_of_the_reference():
    def sly(r, f):
        with contextlib.suppress(BaseException):
            minimax.game_value(r, f)
        return right(r, f)

    assert look(sly)[1].score == 0


def test_the_reference_is_called_by_the_check_only_after_the_student_has_finished():
    order = []

    class Spy:
        def __init__(self, function, name):
            self.function, self.name = function, name

        def __call__(self, *inputs):
            order.append(self.name)
            return self.function(*inputs)

    from dataclasses import replace

    spied = replace(VALUE, reference=Spy(minimax.game_value, "reference"))
    engine.visible_report(spied, Spy(right, "student"))
    assert "student" not in order[order.index("reference") :]


def test_taking_the_watch_away_withholds_the_mark():
    def blinding(r, f):
        sys.setprofile(None)
        return minimax.game_value(r, f)

    mark = engine.grade(VALUE, blinding, 3)
    assert (mark.score, mark.trusted, mark.report.verdict) == (0, False, "withheld")


def test_a_changed_reference_withholds_the_mark(monkeypatch):
    monkeypatch.setattr(minimax, "logsigmoid", torch.zeros_like)
    mark = engine.grade(VALUE, lambda r, f: (r.sum() + f.sum()) * 0, 3)
    assert (mark.score, mark.trusted) == (0, False)
    assert "person" in mark.report.headline


def test_a_patched_comparison_gains_nothing(monkeypatch):
    monkeypatch.setattr(torch, "allclose", lambda *_, **__: True)
    monkeypatch.setattr(torch, "equal", lambda *_: True)
    monkeypatch.setattr(torch.Tensor, "tolist", lambda self: [0.0])
    monkeypatch.setattr(np, "allclose", lambda *_, **__: True)
    mark = engine.grade(VALUE, lambda r, f: r.mean(), 3)
    assert mark.score == 0


def test_profiling_and_tracing_are_put_back():
    def tracer(*_):
        return None

    old = sys.gettrace()
    sys.setprofile(tracer)
    try:
        engine.visible_report(VALUE, right)
        assert sys.getprofile() is tracer
    finally:
        sys.setprofile(None)
    assert sys.gettrace() is old


def test_a_call_reports_what_was_noticed():
    call = guards.watch_call(lambda: {"value": checks.engine.copy_out(1.0)}, seconds=1.0)
    assert call.problem is None and not call.reference and not call.tampered
