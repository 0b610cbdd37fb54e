"""One frame in flight, newest wins, silence is answered ever more rarely."""

import itertools
import threading

import ipywidgets
import numpy as np
import pytest

from course_utils.live import is_live
from course_utils.live.frames import Gate, View, script_text, show_widget


class Wire:
    """Stands for the widget: keeps what was sent."""

    def __init__(self):
        self.sent = []

    def send(self, content, buffers=()):
        self.sent.append((content, list(buffers)))

    def frames(self):
        return [content["frame"] for content, _ in self.sent if content["kind"] == "frame"]


class Counter(View):
    """Its frame is a number, and whether it tells everything."""

    def __init__(self):
        self.value, self.parts = 0, []
        super().__init__("stage")
        self.widget = Wire()

    def _frame(self, whole):
        return {"value": self.value, "whole": whole}, self.parts

    def acknowledge(self, frame):
        self._receive(self.widget, {"kind": "ack", "frame": frame}, [])

    def ready(self):
        self._receive(self.widget, {"kind": "ready"}, [])


def test_nothing_is_live_under_pytest():
    assert not is_live()


def test_one_frame_in_flight_and_the_newest_wins():
    view = Counter()
    for value in range(1, 101):
        view.value = value
        view.flush()
    assert [content["value"] for content, _ in view.widget.sent] == [1]
    assert view.busy
    view.acknowledge(1)
    assert [content["value"] for content, _ in view.widget.sent] == [1, 100]
    view.acknowledge(2)
    assert len(view.widget.sent) == 2 and not view.busy


def test_a_frame_says_how_many_bytes_each_of_its_parts_has():
    view = Counter()
    view.parts = [b"picture", memoryview(np.zeros((2, 3), np.float32)), b""]
    view.flush()
    [(content, parts)] = view.widget.sent
    assert content["sizes"] == [7, 24, 0] and len(parts) == 3


def test_a_late_acknowledgement_of_an_old_frame_opens_nothing():
    gate = Gate(patience=1.0)
    assert gate.may_leave(0.0) and gate.may_leave(1.5)  # the first was lost
    assert not gate.acknowledge(1)
    assert gate.busy(1.6)
    gate.acknowledge(2)
    assert not gate.busy(1.6)


def test_a_deaf_front_end_gets_ever_fewer_frames():
    gate = Gate(patience=1.0, longest=30.0)
    left = [t / 10 for t in range(6000) if gate.may_leave(t / 10)]
    assert left[:6] == pytest.approx([0, 1, 3, 7, 15, 31])
    gaps = [b - a for a, b in itertools.pairwise(left)]
    assert max(gaps) == pytest.approx(30)
    gate.acknowledge(gate.frame)
    assert gate.may_leave(600.0)
    assert not gate.may_leave(600.9) and gate.may_leave(601.1)


def test_a_new_page_gets_the_whole_picture_at_once():
    view = Counter()
    view.flush()
    view.value = 5
    view.flush()  # in flight: the page that would acknowledge is gone
    view.ready()
    assert [(c["value"], c["whole"]) for c, _ in view.widget.sent] == [(0, True), (5, True)]


def test_frames_from_many_threads_are_numbered_without_gaps():
    view = Counter()

    def work():
        for _ in range(200):
            view.flush()
            view.acknowledge(view._gate.frame)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    frames = view.widget.frames()
    assert frames == list(range(1, len(frames) + 1)) and len(frames) >= 200


def test_a_failing_handler_still_frees_the_front_end():
    view = Counter()
    with pytest.raises(ZeroDivisionError):
        view._handled(lambda: 1 / 0)
    assert view.widget.sent == [({"kind": "handled"}, [])]


@pytest.mark.parametrize("name", ["stage", "traces", "canvas"])
def test_scripts_need_nothing_from_elsewhere(name):
    text = script_text(name)
    assert "export default { render }" in text
    for word in ("http:", "https:", "import ", "require(", "eval("):
        assert word not in text, word


def test_without_a_front_end_a_sentence_stands_there(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda bundle, **options: shown.append(bundle))
    show_widget(None)
    assert shown == []
    show_widget(ipywidgets.VBox())
    assert shown[0]["text/plain"] == "Live view: run this notebook in JupyterLab."
    assert "application/vnd.jupyter.widget-view+json" in shown[0]
