"""One frame in flight: the kernel sends the newest picture, and the next when that one is
painted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from course_utils.live.kernel import is_live

__all__ = ["Gate", "View", "show_widget"]

FALLBACK = "Live view: run this notebook in JupyterLab."


class Gate:
    """Decides when a frame may leave; keeps no frames itself.

    A frame may leave when the last one was acknowledged. An acknowledgement can get lost (the
    page was closed, the kernel is too busy to hear it): after ``patience`` seconds one frame may
    leave without, after twice that the next, and so on, so that a deaf front end costs next to
    nothing.
    """

    def __init__(self, patience: float = 1.0, longest: float = 30.0):
        self.patience, self.longest = patience, longest
        self.frame = 0  # number of the last frame that left
        self.wanted = False  # something newer waits
        self.silent_since: float | None = None  # when the frame in flight left
        self.heard = False  # anything ever came back
        self._wait = patience

    def may_leave(self, now: float) -> bool:
        """True, and counted as sent, if a frame may leave now; otherwise it is remembered as
        wanted.
        """
        if self.silent_since is not None:
            if now - self.silent_since < self._wait:
                self.wanted = True
                return False
            self._wait = min(2 * self._wait, self.longest)
        self.frame, self.wanted, self.silent_since = self.frame + 1, False, now
        return True

    def acknowledge(self, frame: int) -> bool:
        """Take in that ``frame`` was painted; True if a newer one is wanted."""
        self.heard = True
        if frame < self.frame:
            return False
        self.reopen()
        return self.wanted

    def reopen(self) -> None:
        """Let the next frame leave at once: a front end has just said that it is there."""
        self.silent_since, self._wait, self.heard = None, self.patience, True

    def busy(self, now: float) -> bool:
        """Whether a frame offered now would have to wait."""
        return self.silent_since is not None and now - self.silent_since < self._wait


class View:
    """A picture in the browser. Subclasses say what a frame holds; `flush` shows the newest state.

    Thread-safe. Where nothing is live, ``widget`` is None and `flush` does nothing.
    """

    def __init__(self, script: str, **traits: Any):
        self._lock = threading.RLock()
        self._gate = Gate()
        self._whole = True  # the next frame must tell everything
        self.widget = make_widget(script, traits) if is_live() else None
        if self.widget is not None:
            self.widget.on_msg(self._receive)

    def flush(self) -> None:
        """Send one message with what changed, or remember to when the browser is ready for it."""
        if self.widget is None:
            return
        with self._lock:
            if not self._gate.may_leave(time.monotonic()):
                return
            frame = self._frame(self._whole)
            if frame is None:
                self._gate.reopen()
                return
            content, buffers = frame
            self._whole = False
            # A kernel that shuts down can lose a large buffer and glue its next message in place.
            sizes = [memoryview(buffer).nbytes for buffer in buffers]
            told = {"kind": "frame", "frame": self._gate.frame, "sizes": sizes, **content}
            self.widget.send(told, list(buffers))

    @property
    def busy(self) -> bool:
        """Whether the browser still works on the last frame; drawing another now would be
        wasted.
        """
        with self._lock:
            return self.widget is not None and self._gate.busy(time.monotonic())

    @property
    def deaf_for(self) -> float:
        """Seconds since a frame left that nobody has acknowledged (0 when all is well)."""
        with self._lock:
            since = self._gate.silent_since
            return 0.0 if since is None else time.monotonic() - since

    def _frame(self, whole: bool) -> tuple[dict, Sequence[Any]] | None:
        raise NotImplementedError

    def _hear(self, content: dict) -> None:
        """Take a message of the front end other than those about frames."""

    def _receive(self, widget: Any, content: dict, buffers: Sequence[Any]) -> None:
        kind = content.get("kind")
        if kind == "ack":
            with self._lock:
                again = self._gate.acknowledge(content["frame"])
            if again:
                self.flush()
        elif kind == "ready":
            with self._lock:
                self._gate.reopen()
                self._whole = True
            self._hear(content)
            self.flush()
        else:
            self._hear(content)

    def _handled(self, handler: Callable[[], None]) -> None:
        """Run a handler and tell the front end that it may send the next request, also when it
        failed.
        """
        try:
            handler()
        finally:
            if self.widget is not None:
                self.widget.send({"kind": "handled"})

    def show(self) -> None:
        """Display the view here and now."""
        show_widget(self.widget)

    def _ipython_display_(self) -> None:
        self.show()


def script_text(name: str) -> str:
    """The module of a view: what all share, then its own."""
    folder = resources.files("course_utils.live") / "static"
    return "\n".join((folder / part).read_text("utf-8") for part in ("common.js", f"{name}.js"))


def make_widget(script: str, traits: dict[str, Any]) -> Any:
    """An anywidget that runs ``static/<script>.js`` with the given synchronised traits."""
    return _widget_class(script, tuple(sorted(traits)))(**traits)


@cache
def _widget_class(script: str, names: tuple[str, ...]) -> type:
    import anywidget
    import traitlets

    body: dict[str, Any] = {name: traitlets.Any().tag(sync=True) for name in names}
    body["_esm"] = script_text(script)
    body["_css"] = (resources.files("course_utils.live") / "static" / "live.css").read_text("utf-8")
    return type(f"Live{script.title()}", (anywidget.AnyWidget,), body)


def show_widget(widget: Any) -> None:
    """Display a widget; where only text can be shown, a plain sentence says what to do. None:
    nothing.
    """
    if widget is None:
        return
    from IPython.display import display

    bundle = widget._repr_mimebundle_()
    data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    display({**data, "text/plain": FALLBACK}, metadata=metadata, raw=True)
