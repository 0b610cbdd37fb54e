"""A training that runs in a thread, and can be paused, stepped, changed and started over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["Background", "retire"]

# Small tensors keep the interpreter's lock for 5 ms at a time, and a message from the page is
# handed on by several threads: without a moment's sleep now and then each of them waits that long.
BREATH = 0.002

_NAMED: dict[str, Background] = {}
_NAMED_LOCK = threading.Lock()


class Background:
    """Runs ``state.step(count, which)`` in a thread; no widgets here.

    make(**settings) gives the state. A changed setting is handed to ``state.set(name=value)``
    between two steps if the state has ``set`` and the name is not in ``restart``; otherwise the
    state is made anew. show(state) is called at most ``rate`` times a second, and only when
    ``may_show()``. ``which`` is what play passes to ``step``. ``pace`` limits steps per shown
    frame (None: as many as fit).
    """

    def __init__(
        self,
        make: Callable[..., Any],
        settings: Mapping[str, Any],
        show: Callable[[Any], None],
        *,
        restart: Sequence[str] = (),
        may_show: Callable[[], bool] = lambda: True,
        rate: float = 14.0,
    ):
        self.make, self.settings, self.show = make, dict(settings), show
        self.restart, self.may_show, self.rate = set(restart), may_show, rate
        self.stop = threading.Event()
        self.stop.set()
        self.which: Any = None
        self.pace: int | None = None
        self.steps = 0
        self.error: BaseException | None = None
        # Told about every start, end, step and error.
        self.changed: Callable[[], None] = lambda: None
        self._lock = threading.RLock()  # held while the state is at work
        self._pending: dict[str, Any] = {}
        self._pending_lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.state: Any = None

    @property
    def running(self) -> bool:
        """Whether the thread is at work and has not been told to stop."""
        return self._thread is not None and self._thread.is_alive() and not self.stop.is_set()

    def reset(self) -> None:
        """Make a fresh state from the current settings and show it; goes on running if it ran."""
        self._guarded(self._remake)

    def play(self, which: Any = None) -> None:
        """Start stepping in the background; every other training in this kernel pauses."""
        if self.running and which == self.which:
            return
        self.pause(wait=5.0)
        with _NAMED_LOCK:
            others = [other for other in _NAMED.values() if other is not self]
        for other in others:
            other.pause()
        self.error, self.which = None, which
        self.stop = (
            threading.Event()
        )  # a fresh one: an old thread that is slow to end stays told to
        self._thread = threading.Thread(
            target=self._work, args=(self.stop,), name="course-trainer", daemon=True
        )
        self._thread.start()
        self.changed()

    def pause(self, wait: float = 0.0) -> None:
        """Tell the thread to stop after the running step; ``wait`` that long for it."""
        was_running = self.running
        self.stop.set()
        thread = self._thread
        if wait and thread is not None and thread is not threading.current_thread():
            thread.join(wait)
        if was_running:
            self.changed()

    def step(self, count: int = 1, which: Any = None) -> None:
        """Pause, do ``count`` steps at once, and show them."""
        self.pause(wait=5.0)
        self.error = None

        def advance() -> None:
            self._apply_changes()
            self.state.step(count, which)
            self.steps += count
            self.show(self.state)

        self._guarded(advance)

    def set(self, name: str, value: Any) -> None:
        """Change a setting: between two steps when running, now when paused."""
        with self._pending_lock:
            self.settings[name] = value
            self._pending[name] = value
        if not self.running:
            self._guarded(self._apply_changes_and_show)

    def _remake(self) -> None:
        self.error, self.steps = None, 0
        with self._pending_lock:
            self._pending.clear()
            settings = dict(self.settings)
        self.state = self.make(**settings)
        self.show(self.state)

    def _apply_changes(self) -> bool:
        """Hand pending settings to the state; True if there were any."""
        with self._pending_lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return False
        if self.restart & set(pending) or not hasattr(self.state, "set"):
            self._remake()
        else:
            self.state.set(**pending)
        return True

    def _apply_changes_and_show(self) -> None:
        if self._apply_changes():
            self.show(self.state)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Run with the state to oneself; keep an exception instead of raising it."""
        try:
            with self._lock:
                work()
        except Exception as error:
            self.error = error
            self.stop.set()
        self.changed()

    def _work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            began = time.perf_counter()
            self._guarded(lambda: self._frame(stop))
            spare = 1 / self.rate - (time.perf_counter() - began)
            if spare > 0 and self.pace is not None:
                stop.wait(spare)
            else:
                time.sleep(1e-4)
        self.changed()

    def _frame(self, stop: threading.Event) -> None:
        """Steps for one frame, then the picture if someone is there to see it."""
        if self._apply_changes():
            self._answer(stop)
            return
        now = time.perf_counter()
        ends, breathes, done = now + 1 / self.rate, now + BREATH, 0
        while not stop.is_set():
            self.state.step(1, self.which)
            self.steps, done, now = self.steps + 1, done + 1, time.perf_counter()
            if (
                self._pending
                or (self.pace and done >= self.pace)
                or (now >= ends and self.may_show())
            ):
                break
            if now >= breathes:
                time.sleep(1e-4)
                breathes = now + BREATH
        if not self._pending and self.may_show():
            self.show(self.state)

    def _answer(self, stop: threading.Event) -> None:
        """Show a moved slider's effect as soon as the page can take it, leaving it the processor
        until then.
        """
        self.state.step(1, self.which)
        self.steps += 1
        ends = time.perf_counter() + 1 / self.rate
        while not stop.is_set() and not self.may_show() and time.perf_counter() < ends:
            time.sleep(1e-3)
        if self.may_show():
            self.show(self.state)


def retire(name: str, successor: Background) -> None:
    """Let ``successor`` take the name; whatever ran under it before is stopped for good."""
    with _NAMED_LOCK:
        before, _NAMED[name] = _NAMED.get(name), successor
    if before is not None and before is not successor:
        before.pause(wait=2.0)


def pause_all() -> None:
    """Pause every training in this kernel."""
    with _NAMED_LOCK:
        everyone = list(_NAMED.values())
    for background in everyone:
        background.pause()
