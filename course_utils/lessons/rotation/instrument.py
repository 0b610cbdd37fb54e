"""An instrument for rotation prediction: turn a picture with the mouse, watch the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.rotation.figures import turn_panel
from course_utils.live.canvas import Canvas
from course_utils.live.explore import pixels_of
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.selfsup.augment import rotate

__all__ = ["RotationLab", "probabilities_over_circle"]

STEP = 5.0  # degrees between two points of the curves
Judge = Callable[[Float[Tensor, "n 3 side side"]], Float[Tensor, "n 4"]]


def probabilities_over_circle(
    judge: Judge, picture: Float[Tensor, "3 side side"], step: float = STEP
) -> tuple[Float[Tensor, " angles"], Float[Tensor, "angles 4"]]:
    """Returns the angles 0, ``step`` ... 360 degrees and p(turn) of the picture turned by each.

    Between quarter turns the corners are filled with the picture's reflection.

    Raises:
        ValueError: when ``step`` does not divide 360.
    """
    if step <= 0 or 360 % step:
        raise ValueError(f"the step must divide 360 degrees, got {step}")
    degrees = torch.arange(0, 360 + step, step)
    with torch.no_grad():
        turned = rotate(picture.expand(len(degrees), -1, -1, -1), degrees.to(picture))
        return degrees, torch.softmax(judge(turned), dim=1).cpu()


class RotationLab:
    """Drag round the picture (or use the slider) to turn it; the four probabilities follow.

    Args:
        judge: from pictures to four logits, a network in evaluation mode.
        pictures: upright pictures to choose from, with their ``names``.

    Raises:
        ValueError: when there is no picture, or another number of names.
    """

    def __init__(
        self, judge: Judge, pictures: Float[Tensor, "n 3 side side"], names: Sequence[str]
    ) -> None:
        if len(pictures) == 0 or len(names) != len(pictures):
            raise ValueError(f"{len(pictures)} pictures but {len(names)} names")
        self.judge, self.pictures, self.names = judge, pictures, list(names)
        self.which, self.angle = 0, 0.0
        self._held: float | None = None
        self._prepare()
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def choose(self, which: int) -> None:
        """Put another picture on the table, upright."""
        self.which = which
        self._prepare()
        self.turn_to(0.0)

    def turn_to(self, degrees: float) -> None:
        """Turn the picture to so many degrees counter-clockwise, and draw."""
        self.angle = degrees % 360
        if self.widget is not None and abs(self._slider.value - self.angle) > 0.5:
            self._slider.value = round(self.angle)
        self._draw(1.0)

    def figure(self) -> Figure:
        """The picture now, its four probabilities, and their curves over the circle."""
        turned = rotate(self.pictures[self.which][None], torch.tensor([self.angle]))[0]
        return turn_panel(turned, self._degrees, self._chances, self.angle)

    def _prepare(self) -> None:
        self._degrees, self._chances = probabilities_over_circle(
            self.judge, self.pictures[self.which]
        )

    def _paint(self, scale: float = 1.0) -> np.ndarray:
        fig = self.figure()
        picture = pixels_of(fig, scale)
        self._place = fig.axes[0].get_position()
        return picture

    def _draw(self, scale: float) -> None:
        if self.widget is not None:
            self._canvas.show(self._paint(scale), draft=scale < self._canvas.ratio)

    def _build(self) -> None:
        import ipywidgets

        first = self._paint()
        self._canvas = Canvas(*first.shape[:2], description="a picture to turn and p(turn)")
        self._canvas.show(first, draft=True)
        self._canvas.on_settled(lambda: self._draw(self._canvas.ratio))
        self._canvas.on_hand(self._hand)
        style = {"description_width": "7em"}
        self._menu = ipywidgets.Dropdown(
            options=[(name, k) for k, name in enumerate(self.names)],
            description="picture",
            style=style,
        )
        self._slider = ipywidgets.IntSlider(
            0,
            0,
            359,
            description="degrees",
            style=style,
            layout={"width": "100%", "max_width": "480px"},
        )
        self._menu.observe(lambda change: self.choose(change["new"]), "value")
        self._slider.observe(self._slid, "value")
        self.widget = ipywidgets.VBox([self._menu, self._slider, self._canvas.widget])
        self.widget.add_class("course-live-controls")

    def _slid(self, change: dict) -> None:
        if abs(change["new"] - self.angle) > 0.5:
            self.turn_to(float(change["new"]))

    def _hand(self, move: dict) -> None:
        """The picture turns by the angle that the hand runs round its centre."""
        box = self._place  # of the picture, in figure widths and heights from the lower left
        height = self._canvas.height / self._canvas.width
        across = move["x"] - (box.x0 + box.x1) / 2
        down = move["y"] - (1 - (box.y0 + box.y1) / 2) * height
        now = math.degrees(math.atan2(-down, across))
        if move["phase"] == "down":
            near = math.hypot(across, down) < 0.75 * (box.x1 - box.x0)
            self._held = now - self.angle if near else None
        elif self._held is not None:
            self.turn_to(now - self._held)
            if move["phase"] == "up":
                self._held = None

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
