"""Traces, Canvas, controls, explore and orbit without a front end."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from course_utils import plots
from course_utils.live import Canvas, Log, Traces, explore, orbit
from course_utils.live.controls import make_control, starting_values
from course_utils.live.explore import Explorer, pixels_of, plain_words, shown_size
from course_utils.live.traces import MOST_POINTS
from tests.live.test_frames import Wire


def test_traces_keep_what_was_appended():
    traces = Traces(["D", "G"])
    traces.append(1, {"D": 0.5, "G": 2.0})
    traces.append(2, {"G": 3.0})
    history = traces.history()
    np.testing.assert_array_equal(history, [[1, 0.5, 2.0], [2, np.nan, 3.0]])
    traces.clear()
    assert traces.history().shape == (0, 3)


@pytest.mark.parametrize("count", [MOST_POINTS, MOST_POINTS + 1, 5000, 20_000])
def test_a_long_history_is_thinned_by_averaging(count):
    traces = Traces(["loss"])
    for step in range(count):
        traces.append(step, {"loss": 2.0 * step}, flush=False)
    history = traces.history()
    assert len(history) <= MOST_POINTS + 1
    np.testing.assert_allclose(history[:, 1], 2 * history[:, 0], rtol=1e-9)
    assert (np.diff(history[:, 0]) > 0).all()
    assert history[-1, 0] >= count - 1 - len(range(count)) / 256
    if count <= MOST_POINTS:
        np.testing.assert_array_equal(history[:, 0], np.arange(count))


def test_traces_send_the_whole_history_in_float32():
    traces = Traces(["a", "b"])
    traces.widget = Wire()
    traces.append(3, {"a": 1.0, "b": -1.0})
    _, buffers = traces.widget.sent[0]
    assert [np.frombuffer(b, np.float32).tolist() for b in buffers] == [[3.0], [1.0], [-1.0]]


def test_bad_traces_are_told():
    for names in ([], ["a", "a"]):
        with pytest.raises(ValueError, match="different names"):
            Traces(names)
    with pytest.raises(ValueError, match="2 names but 1 colours"):
        Traces(["a", "b"], ["red"])
    with pytest.raises(ValueError, match="no trace"):
        Traces(["a"]).append(0, {"b": 1.0})


@pytest.mark.parametrize("side", [20, 500])
def test_a_canvas_sends_every_pixel(side):
    canvas = Canvas(100, 100)
    canvas.widget = Wire()
    picture = np.random.default_rng(0).integers(0, 256, (side, side + 1, 3)).astype(np.uint8)
    canvas.show(picture)
    content, (data,) = canvas.widget.sent[0]
    assert content["shape"] == [side, side + 1]
    if content["format"] == "rgb":
        decoded = np.frombuffer(data, np.uint8).reshape(picture.shape)
    else:
        decoded = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decoded, picture)
    assert content["format"] == ("rgb" if side == 20 else "png")


def test_a_canvas_gives_pointer_positions_in_pixels_of_the_picture():
    canvas, seen = Canvas(100, 100), []
    canvas.widget = Wire()
    canvas.on_pointer(lambda *event: seen.append(event))
    canvas.show(torch.zeros(3, 40, 50))
    move = {"kind": "hand", "phase": "down", "x": 0.5, "y": 0.25, "dx": 0, "dy": 0, "zoom": 0}
    canvas._receive(canvas.widget, move, [])
    assert seen == [("down", 25.0, 12.5)]


def test_controls_start_at_the_defaults_or_in_the_middle():
    controls = {
        "a": (0, 10), "b": (0.0, 1.0), "c": Log(0.01, 1.0), "d": ["x", "y"], "e": True, "f": "hi",
        "g": [("one", 1), ("two", 2)], "h": (0, 10),
    }  # fmt: skip
    values = starting_values(controls, {"h": 3, "d": "y"})
    assert values == {
        "a": 5,
        "b": 0.5,
        "c": pytest.approx(0.1),
        "d": "y",
        "e": True,
        "f": "hi",
        "g": 1,
        "h": 3,
    }
    for name, spec in controls.items():
        widget = make_control(name, spec, values[name])
        assert widget.value == pytest.approx(values[name])
        assert widget.description == name


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [(-2.0, 2.0, 0.3), (0.1, 3.0, 1.8), (-3.1, 3.1, 0.7), (0.0, 1.0, 0.29)],
)
def test_a_slider_can_stand_at_round_values(low, high, value):
    slider = make_control("knob", (low, high), value)
    steps = (value - low) / slider.step
    assert steps == pytest.approx(round(steps), abs=1e-6)
    assert 100 <= round((high - low) / slider.step, 6) <= 251


@pytest.mark.parametrize(
    ("spec", "default", "words"),
    [
        ((1,), None, "no control"),
        ((2, 1), None, "no control"),
        ((0, 1, 0), None, "no control"),
        (7, None, "no control"),
        ([], None, "no control"),
        (("a", "b"), None, "no control"),
        ((0, 1), 5, "outside of its range"),
        (["a"], "b", "not among"),
    ],
)
def test_bad_controls_are_told(spec, default, words):
    with pytest.raises(ValueError, match=words):
        starting_values({"knob": spec}, {} if default is None else {"knob": default})
    with pytest.raises(ValueError, match="0 < low < high"):
        Log(0, 1)


def test_explore_without_a_front_end_shows_nothing(capsys):
    calls = []
    handle = explore(lambda size=2: calls.append(size), size=(1, 9))
    handle.set(size=4)
    assert handle.values == {"size": 4} and calls == [] and capsys.readouterr().out == ""
    with pytest.raises(ValueError, match="no control"):
        handle.set(colour=1)


def test_a_control_that_plot_does_not_take_is_told():
    with pytest.raises(ValueError, match="takes no 'colour'"):
        explore(lambda size=2: None, size=(1, 9), colour=["red"])


class Watched(Explorer):
    """An explorer with a fake front end."""

    def __init__(self, plot, controls, ratio=2.0):
        super().__init__(plot, controls)
        import ipywidgets

        self._canvas = Canvas(10, 10)
        self._canvas.widget, self._canvas.ratio = Wire(), ratio
        self._error = ipywidgets.HTML()


def test_explore_draws_a_draft_then_the_sharp_picture():
    def plot(height=1.0):
        fig, ax = plots.figure(2, 1)
        ax.plot([0, height])
        return fig

    watched = Watched(plot, {"height": (0.0, 2.0)})
    watched._refresh(draft=True)
    assert watched._canvas.picture.shape == (100, 200, 3) and watched._canvas._draft
    watched._refresh(draft=False)
    assert watched._canvas.picture.shape == (200, 400, 3) and not watched._canvas._draft
    watched._canvas.ratio = 1.0
    watched._refresh(draft=False)
    watched._moved("height", 2.0)
    quick = watched._canvas.picture
    np.testing.assert_array_equal(quick, pixels_of(plot(2.0)))  # same limits, so same layout


def test_a_small_picture_is_enlarged_and_keeps_its_proportions():
    assert shown_size(65, 130) == (200, 400)
    assert shown_size(300, 700) == (300, 700)


def test_explore_tells_an_error_and_recovers():
    def plot(kind="good"):
        if kind == "bad":
            raise ArithmeticError("cannot <draw> this")
        return np.zeros((4, 4, 3), np.uint8)

    watched = Watched(plot, {"kind": ["good", "bad"]})
    watched._moved("kind", "bad")
    assert "ArithmeticError: cannot &lt;draw&gt; this (line" in watched._error.value
    watched._moved("kind", "good")
    assert watched._error.value == "" and watched._canvas.picture.shape == (4, 4, 3)


def test_pyplot_figures_do_not_pile_up():
    import matplotlib.pyplot as plt

    def plot(level=0.5):
        fig, ax = plt.subplots()
        ax.axhline(level)
        return fig

    watched = Watched(plot, {"level": (0.0, 1.0)})
    for level in (0.1, 0.2, 0.3):
        watched._moved("level", level)
    assert plt.get_fignums() == []


def test_pixels_of_refuses_what_is_no_picture():
    with pytest.raises(ValueError, match="must return"):
        pixels_of("a picture")
    try:
        pixels_of(np.zeros((2, 2, 7)))
    except ValueError as error:
        assert plain_words(error).startswith("ValueError: a picture must be (height, width, 3)")


def test_orbit_turns_as_the_hand_moves():
    seen = []

    def camera(azimuth, elevation, distance, size):
        return azimuth, elevation, distance, size

    def render(pose):
        seen.append(pose)
        return np.zeros((pose[3], pose[3], 3), np.uint8)

    handle = orbit(render, camera, start=(1.0, 0.3, 4.0))
    assert seen == []
    handle.picture(50)
    assert seen[-1] == (1.0, 0.3, 4.0, 50)
    handle.turn(0.5, 0.0)
    assert handle.azimuth == pytest.approx((1.0 - math.pi / 2) % (2 * math.pi))
    handle.turn(0.0, 10.0)
    assert handle.elevation == pytest.approx(1.5)
    handle.turn(0.0, 0.0, zoom=1.0)
    assert handle.distance == pytest.approx(2.0)
    handle.turn(0.0, 0.0, zoom=9.0)
    assert handle.distance == pytest.approx(1.0)  # a quarter of the start


def test_orbit_makes_small_pictures_while_dragging_and_tells_errors():
    import ipywidgets

    sizes = []

    def render(size):
        sizes.append(size)
        if size == 200 and len(sizes) > 2:
            raise RuntimeError("out of rays")
        return np.zeros((size, size, 3), np.uint8)

    handle = orbit(render, lambda azimuth, elevation, distance, size: size)
    handle._canvas, handle._error = Canvas(10, 10), ipywidgets.HTML()
    move = {"dx": 0.1, "dy": 0.0, "zoom": 0.0}
    for phase in ("down", "move", "move", "up"):
        handle._turn({"phase": phase, **move})
    assert sizes == [100, 100, 200]
    assert "out of rays" in handle._error.value
    with pytest.raises(ValueError, match="positive"):
        orbit(render, lambda *pose, size: size, drag_size=0)
