"""Drag a slider, see the figure change."""

from __future__ import annotations

import html
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from course_utils.live.canvas import Canvas
from course_utils.live.controls import (
    accepts,
    defaults_of,
    in_columns,
    make_control,
    starting_values,
)
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.plots import to_uint8

__all__ = ["Explorer", "explore", "plain_words"]

LEAST = 400  # CSS pixels: a smaller picture is enlarged, to be seen from the last row
# matplotlib's text layout is not thread-safe, and widget callbacks may come in a thread of their
# own.
_DRAWING = threading.Lock()


def explore(plot: Callable[..., Any], **controls: Any) -> Explorer:
    """Show ``plot(**values)`` under one control per keyword, redrawn as they move; displays itself.

    plot returns a matplotlib Figure, what has a ``to_figure``, or a picture (uint8 or float [0, 1],
    (height, width, 3)).
    controls: ``(low, high)`` or ``(low, high, step)`` slider, `Log` slider, list menu, bool box,
    str text field. They start at the defaults of ``plot``. One redraw is under way at a time and
    the newest values win. An error is told under the picture, which stays.

    Raises: ValueError for a control that ``plot`` does not take or that is none of these.
    """
    explorer = Explorer(plot, controls)
    explorer.show()
    return explorer


class Explorer:
    """What `explore` returns. ``values`` are the current ones; `set` moves a control from code."""

    def __init__(self, plot: Callable[..., Any], controls: dict[str, Any]):
        for name in controls:
            if not accepts(plot, name):
                raise ValueError(f"the plot function takes no {name!r}")
        self.plot = plot
        self.values = starting_values(controls, defaults_of(plot))
        self._controls: dict[str, Any] = {}
        self._canvas: Canvas | None = None
        self._places: list[Any] = []  # of the axes, in the last figure that was laid out
        self.widget: Any = None
        if is_live():
            self._build(controls)

    def _build(self, controls: dict[str, Any]) -> None:
        import ipywidgets

        first = self._draw(draft=True)
        size = shown_size(*first.shape[:2])
        self._canvas = Canvas(*size, description=f"picture of {self.plot.__name__}")
        self._canvas.on_settled(lambda: self._refresh(draft=False))
        self._error = ipywidgets.HTML()
        for name, spec in controls.items():
            self._controls[name] = make_control(name, spec, self.values[name])
            self._controls[name].observe(
                lambda change, name=name: self._moved(name, change["new"]), "value"
            )
        self._canvas.show(first, draft=True)
        rows = [in_columns(self._controls.values()), self._canvas.widget, self._error]
        self.widget = ipywidgets.VBox(rows)
        self.widget.add_class("course-live-controls")

    def set(self, **values: Any) -> None:
        """Move controls from code. Raises: ValueError for a control that is not there."""
        for name, value in values.items():
            if name not in self.values:
                raise ValueError(f"there is no control {name!r}; there are {list(self.values)}")
            if name in self._controls:
                self._controls[name].value = value
            self.values[name] = value

    def show(self) -> None:
        """Display it here and now."""
        show_widget(self.widget)

    def _ipython_display_(self) -> None:
        """`explore` has displayed it already."""

    def _moved(self, name: str, value: Any) -> None:
        self.values[name] = value
        self._refresh(draft=True)

    def _refresh(self, draft: bool) -> None:
        """Draw quickly while a control moves, and once more, sharp and laid out anew, when it
        rests.
        """
        try:
            picture = self._draw(draft)
        except Exception as error:
            self._error.value = error_box(plain_words(error))
            return
        if self._error.value:
            self._error.value = ""
        self._canvas.show(picture, draft=draft)

    def _draw(self, draft: bool) -> np.ndarray:
        with _DRAWING:
            result = self.plot(**self.values)
            if hasattr(result, "to_figure"):
                result = result.to_figure()
            if not isinstance(result, Figure):
                return pixels_of(result)
            try:
                if draft and len(self._places) == len(result.axes):
                    _put_axes(result, self._places)
                    return pixels_of(result)
                picture = pixels_of(
                    result, 1.0 if draft or self._canvas is None else self._canvas.ratio
                )
                self._places = [ax.get_position().frozen() for ax in result.axes]
                return picture
            finally:
                _forget(result)


def shown_size(high: int, wide: int) -> tuple[int, int]:
    """Height and width on the page, in CSS pixels, of a picture of so many pixels."""
    return (round(high * LEAST / wide), LEAST) if wide < LEAST else (high, wide)


def pixels_of(result: Any, scale: float = 1.0) -> np.ndarray:
    """A figure or picture as uint8 (height, width, 3); a figure at ``scale`` times its own
    resolution.

    Raises: ValueError if it is neither.
    """
    if not isinstance(result, Figure):
        if not hasattr(result, "shape"):
            raise ValueError(
                f"plot() must return a matplotlib Figure or a picture, got {type(result).__name__}"
            )
        return to_uint8(result)
    dpi = result.dpi
    result.set_dpi(dpi * scale)
    try:
        canvas = FigureCanvasAgg(result)
        canvas.draw()
        return np.ascontiguousarray(np.asarray(canvas.buffer_rgba())[..., :3])
    finally:
        result.set_dpi(dpi)


def _put_axes(fig: Figure, places: list[Any]) -> None:
    """Lay the axes where they were last: a third of the drawing time is spent on finding out."""
    fig.set_layout_engine("none")
    for ax, place in zip(fig.axes, places, strict=True):
        ax.set_position(place)


def _forget(fig: Figure) -> None:
    """Close a figure made by pyplot, which keeps every one for ever and draws it at the end of
    the cell.
    """
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(fig)


def plain_words(error: BaseException) -> str:
    """What went wrong and where, in one line: ``ValueError: ... (line 3 of step)``."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" (line {frames[-1].lineno} of {frames[-1].name})" if frames else ""
    return f"{type(error).__name__}: {error}{place}"


def error_box(words: str) -> str:
    """A message as HTML that reads well on light and dark."""
    return (
        '<div role="alert" style="border-left:4px solid #C2185B;background:rgba(194,24,91,.10);'
        'padding:6px 12px;margin:4px 0;line-height:1.5;font-size:14px;max-width:46em">'
        f"{html.escape(words)}</div>"
    )
