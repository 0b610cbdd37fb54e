"""Buttons and sliders for a training in the background."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from course_utils.live.background_training import Background, pause_all, retire
from course_utils.live.controls import defaults_of, make_control, starting_values
from course_utils.live.explore import error_box, plain_words
from course_utils.live.frames import View, show_widget
from course_utils.live.kernel import cell_name, is_live, on_interrupt

__all__ = ["Trainer"]

PACES = [
    ("slow: 1 step per frame", 1),
    ("5 steps per frame", 5),
    ("20 steps per frame", 20),
    ("fast: all that fit", 0),
]
UNWATCHED = 120.0  # seconds without any sign of life from the page, after which a training pauses

_hooked = False


class Trainer:
    """Play, pause, step and reset a training while its settings are live.

    make(**settings) returns an object with ``step(count, which)``, and optionally
    ``set(**settings)`` to take new settings without starting over. draw(state) puts it on the
    views; it is called at most 14 times a second and not while a view still paints the last frame.

    controls: as in `explore`, starting at the defaults of ``make``. views: the `Stage`, `Traces`,
    `Canvas` (or ipywidgets) shown below. steps: extra buttons, ``{"Step D": "discriminator"}``;
    the value is the ``which`` passed on (the first entry is what play does; default one "Step"
    with None). restart: controls that make a new state. name: a second trainer of the same name
    stops the first (default: the notebook cell).

    An exception ends the training, is told in plain words, and is raised by `result`.

    Raises: ValueError for controls that are none, or ``restart`` names that are not controls.
    """

    def __init__(
        self,
        make: Callable[..., Any],
        draw: Callable[[Any], None],
        controls: Mapping[str, Any] | None = None,
        *,
        views: Sequence[Any] = (),
        steps: Mapping[str, Any] | None = None,
        restart: Sequence[str] = (),
        name: str | None = None,
        pace: int = 0,
    ):
        self.controls = dict(controls or {})
        if unknown := set(restart) - set(self.controls):
            raise ValueError(f"restart names {sorted(unknown)}, which are no controls")
        settings = starting_values(self.controls, defaults_of(make))
        self.views, self.steps = list(views), dict(steps or {"Step": None})
        self.background = Background(make, settings, draw, restart=restart, may_show=self._may_show)
        self.background.changed = self._changed
        self.background.which = next(iter(self.steps.values()))
        self.background.pace = pace or None
        self._told_at, self._told = 0.0, ""
        self._inputs: dict[str, Any] = {}
        self.widget: Any = None
        if is_live():
            self._build(pace)
            _watch_interrupts()
        retire(name or cell_name(), self.background)
        self.background.reset()
        if not is_live():
            self.result()  # with no widget to tell it, an error must not pass unseen

    @property
    def state(self) -> Any:
        """What ``make`` returned last."""
        return self.background.state

    @property
    def settings(self) -> dict[str, Any]:
        """Current value of every control."""
        return dict(self.background.settings)

    @property
    def stop(self):
        """The `threading.Event` that ends the running training after its current step."""
        return self.background.stop

    @property
    def running(self) -> bool:
        """Whether it trains right now."""
        return self.background.running

    def play(self) -> None:
        """Train in the background until `pause`."""
        self.background.play(next(iter(self.steps.values())))

    def pause(self, wait: float = 5.0) -> None:
        """Stop after the running step."""
        self.background.pause(wait)

    def reset(self) -> None:
        """Start over with the current settings."""
        self.background.reset()

    def step(self, count: int = 1, which: Any = None) -> None:
        """Do ``count`` steps now, in the foreground."""
        self.background.step(count, which)
        if not is_live():
            self.result()

    def set(self, **settings: Any) -> None:
        """Move controls from code. Raises: ValueError for a control that is not there."""
        for name, value in settings.items():
            if name not in self.controls:
                raise ValueError(f"there is no control {name!r}; there are {list(self.controls)}")
            if name in self._inputs:
                self._inputs[name].value = value
            else:
                self.background.set(name, value)

    def result(self) -> Any:
        """The state. Raises: whatever exception ended the training."""
        if self.background.error is not None:
            raise self.background.error
        return self.state

    def show(self) -> None:
        """Display it here and now."""
        show_widget(self.widget)

    def _ipython_display_(self) -> None:
        self.show()

    def _build(self, pace: int) -> None:
        import ipywidgets as w

        self._play = _button("Play", "play", "primary", self._toggle)
        self._steppers = [
            _button(label, "step-forward", "", lambda which=which: self.background.step(1, which))
            for label, which in self.steps.items()
        ]
        again = _button("Reset", "refresh", "", self.background.reset)
        speed = w.Dropdown(
            options=PACES, value=pace if pace in dict(PACES).values() else 0, description="speed"
        )
        speed.layout.width = "270px"
        speed.observe(
            lambda change: setattr(self.background, "pace", change["new"] or None), "value"
        )
        self._status, self._error = w.HTML(), w.HTML()
        for name, spec in self.controls.items():
            self._inputs[name] = make_control(name, spec, self.background.settings[name])
            self._inputs[name].observe(
                lambda c, name=name: self.background.set(name, c["new"]), "value"
            )
        row = w.Layout(display="flex", flex_flow="row wrap", align_items="flex-start")
        grid = w.Layout(
            display="grid", grid_template_columns="repeat(auto-fit, minmax(340px, 480px))"
        )
        self.widget = w.VBox(
            [
                w.Box([self._play, *self._steppers, again, speed], layout=row),
                w.Box(list(self._inputs.values()), layout=grid),
                self._status,
                self._error,
                w.Box(
                    [view.widget if isinstance(view, View) else view for view in self.views],
                    layout=row,
                ),
            ]
        )
        self.widget.add_class("course-live-controls")

    def _toggle(self) -> None:
        self.background.pause() if self.running else self.play()

    def _may_show(self) -> bool:
        """Whether every view has painted its last frame; pauses when nobody has looked for long."""
        views = [view for view in self.views if isinstance(view, View)]
        if any(view.deaf_for > UNWATCHED for view in views):
            self.background.pause()
        return not any(view.busy for view in views)

    def _changed(self) -> None:
        """Tell the state of affairs, at most four times a second while it runs."""
        if self.widget is None:
            return
        running, error = self.running, self.background.error
        now = time.monotonic()
        if running and self._play.icon == "pause" and error is None and now - self._told_at < 0.25:
            return
        self._told_at = now
        self._play.description, self._play.icon = (
            ("Pause", "pause") if running else ("Play", "play")
        )
        words = f"{'training' if running else 'paused'} · step {self.background.steps:,}"
        self._status.value = (
            f'<div role="status" style="font-size:14px;opacity:.85">{html.escape(words)}</div>'
        )
        told = f"Training stopped. {plain_words(error)}" if error is not None else ""
        if told != self._told:
            self._told = told
            self._error.value = error_box(told) if told else ""


def _button(label: str, icon: str, style: str, react: Callable[[], None]) -> Any:
    import ipywidgets

    button = ipywidgets.Button(description=label, icon=icon, button_style=style, tooltip=label)
    button.layout.width, button.layout.height = "auto", "34px"
    button.style.font_size = "14px"
    button.on_click(lambda _: react())
    return button


def _watch_interrupts() -> None:
    global _hooked
    if not _hooked:
        _hooked = True
        on_interrupt(pause_all)
