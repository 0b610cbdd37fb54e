"""A training in the background starts, stops, changes, fails, and never outlives its successor."""

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from course_utils.live import Stage, Trainer, background_training
from course_utils.live.background_training import Background, pause_all, retire
from course_utils.live.trainer import UNWATCHED


class Toy:
    """Counts its steps; can be told to fail."""

    def __init__(self, rate, size):
        self.rate, self.size, self.count, self.which, self.threads = rate, size, 0, [], set()

    def set(self, rate):
        self.rate = rate

    def step(self, count, which):
        if which == "crash":
            raise ArithmeticError("the loss is not finite")
        self.count += count
        self.which.append(which)
        self.threads.add(threading.get_ident())
        time.sleep(0.001)


def make(rate=1.0, size=8):
    return Toy(rate, size)


CONTROLS = {"rate": (0.0, 10.0), "size": (2, 64)}


@pytest.fixture
def trainer():
    drawn = []
    made = Trainer(
        make, lambda toy: drawn.append(toy.count), CONTROLS,
        steps={"Both": "both", "D": "d"}, restart=["size"], name="test",
    )  # fmt: skip
    made.drawn = drawn
    yield made
    made.pause()


def wait_for(condition):
    deadline = time.monotonic() + 120  # only ends a test that hangs
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def course_threads():
    return [t for t in threading.enumerate() if t.name == "course-trainer"]


def test_it_starts_paused_and_drawn(trainer):
    assert not trainer.running and trainer.drawn == [0]
    assert trainer.settings == {"rate": 1.0, "size": 8}
    assert trainer.widget is None


def test_play_trains_in_one_other_thread_until_paused(trainer):
    trainer.play()
    wait_for(lambda: trainer.state.count > 50)
    assert trainer.running and len(course_threads()) == 1
    trainer.pause()
    count = trainer.state.count
    assert course_threads() == []  # nobody is left to go on
    assert set(trainer.state.which) == {"both"}
    assert threading.get_ident() not in trainer.state.threads
    assert trainer.background.steps == count


class Clock:
    """Stands for the module `time`, and for the bell that ends a wait: only they let time pass."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds

    def bell(self):
        event = threading.Event()
        event.wait = self.sleep
        return event


def timed_training(monkeypatch):
    """A clock, what was drawn as (time, steps), and a training whose steps take 0.01 s of it."""
    clock, drawn = Clock(), []
    monkeypatch.setattr(background_training, "time", clock)
    threads = SimpleNamespace(**{**vars(threading), "Event": clock.bell})
    monkeypatch.setattr(background_training, "threading", threads)

    class Steady:
        def step(self, count, which):
            clock.sleep(0.01)

    training = Background(Steady, {}, lambda state: drawn.append((clock.now, training.steps)))
    return clock, drawn, training


def play_two_seconds(clock, drawn, training):
    """What is drawn meanwhile, but for the first and the last picture."""
    training.reset()
    training.play()
    wait_for(lambda: clock.now > 2)
    training.pause(wait=120)
    return np.array(drawn)[1:-1]


def test_it_is_drawn_fourteen_times_a_second_and_trains_between(monkeypatch):
    drawn = play_two_seconds(*timed_training(monkeypatch))
    seconds, steps = np.diff(drawn, axis=0).T
    assert len(steps) > 15
    assert (seconds >= 1 / 14).all() and (seconds < 1 / 14 + 0.02).all()
    assert (steps == 8).all()  # as many as fit


def test_the_stop_event_ends_it(trainer):
    trainer.play()
    wait_for(lambda: trainer.state.count > 3)
    trainer.stop.set()
    wait_for(lambda: not course_threads())


@pytest.mark.parametrize("pace", [1, 3])
def test_pace_limits_the_steps_per_frame(pace, monkeypatch):
    clock, drawn, training = timed_training(monkeypatch)
    training.pace = pace
    drawn = play_two_seconds(clock, drawn, training)
    seconds, steps = np.diff(drawn, axis=0).T
    assert len(steps) > 20
    assert seconds == pytest.approx(1 / 14) and (steps == pace).all()


def test_single_steps_go_to_the_named_player(trainer):
    trainer.step(3, "d")
    assert trainer.state.count == 3 and trainer.state.which == ["d"] and trainer.drawn[-1] == 3


def test_a_setting_reaches_the_running_state(trainer):
    trainer.play()
    wait_for(lambda: trainer.state.count > 3)
    before = trainer.state
    trainer.set(rate=7.5)
    wait_for(lambda: trainer.state.rate == 7.5)
    assert trainer.state is before and trainer.running


def test_a_setting_of_the_restart_kind_makes_a_new_state(trainer):
    trainer.step(5)
    before = trainer.state
    trainer.set(size=32)
    assert trainer.state is not before
    assert trainer.state.size == 32 and trainer.state.count == 0 == trainer.background.steps
    trainer.play()
    wait_for(lambda: trainer.state.count > 3)
    trainer.set(size=16)
    wait_for(lambda: trainer.state.size == 16 and trainer.state.count > 3)
    assert trainer.running


def test_reset_while_it_runs(trainer):
    trainer.play()
    wait_for(lambda: trainer.state.count > 20)
    old = trainer.state
    trainer.reset()
    assert trainer.state is not old
    wait_for(lambda: trainer.state.count > 3)
    assert trainer.running


def test_an_exception_ends_it_and_is_raised_by_result(trainer):
    trainer.background.play("crash")
    wait_for(lambda: trainer.background.error is not None)
    wait_for(lambda: not course_threads())
    with pytest.raises(ArithmeticError, match="not finite"):
        trainer.result()
    with pytest.raises(ArithmeticError):
        trainer.step(1, "crash")
    trainer.reset()
    assert trainer.result() is trainer.state


def test_an_error_in_make_or_draw_does_not_pass_unseen():
    def bad_make(size=8):
        raise ValueError("no such size")

    with pytest.raises(ValueError, match="no such size"):
        Trainer(bad_make, lambda toy: None, {"size": (2, 64)}, name="bad")
    with pytest.raises(KeyError):
        Trainer(make, lambda toy: {}["missing"], CONTROLS, name="bad")


def test_running_the_cell_again_stops_the_one_before(trainer):
    trainer.play()
    wait_for(lambda: trainer.state.count > 3)
    again = Trainer(make, lambda toy: None, CONTROLS, name="test")
    assert not trainer.running and course_threads() == []
    again.play()
    wait_for(lambda: again.state.count > 3)
    assert len(course_threads()) == 1
    again.pause()


def test_only_one_training_runs_at_a_time(trainer):
    other = Trainer(make, lambda toy: None, CONTROLS, name="other")
    trainer.play()
    wait_for(lambda: trainer.running)
    other.play()
    wait_for(lambda: len(course_threads()) == 1)
    assert other.running and not trainer.running
    pause_all()
    wait_for(lambda: not course_threads())


def test_a_busy_view_is_not_drawn_and_a_deaf_one_pauses(monkeypatch):
    stage, drawn = Stage((0, 1), (0, 1)), []
    trainer = Trainer(make, lambda toy: drawn.append(1), CONTROLS, views=[stage], name="views")
    monkeypatch.setattr(Stage, "busy", property(lambda self: True))
    trainer.play()
    wait_for(lambda: trainer.state.count > 200)
    assert len(drawn) == 1 and trainer.running
    monkeypatch.setattr(Stage, "deaf_for", property(lambda self: UNWATCHED + 1))
    wait_for(lambda: not course_threads())
    assert not trainer.running


def test_playing_again_at_once_never_runs_two_threads():
    class Slow:
        def step(self, count, which):
            time.sleep(0.05)

    background_training = Background(Slow, {}, lambda state: None)
    retire("slow", background_training)
    background_training.reset()
    for _ in range(5):
        background_training.play()
        background_training.pause()
    background_training.play()
    wait_for(lambda: len(course_threads()) == 1)
    background_training.pause(wait=2)
    assert course_threads() == []


def test_bad_arguments_are_told():
    with pytest.raises(ValueError, match="no controls"):
        Trainer(make, lambda toy: None, CONTROLS, restart=["depth"])
    with pytest.raises(ValueError, match="no control 'depth'"):
        Trainer(make, lambda toy: None, CONTROLS, name="bad").set(depth=3)
