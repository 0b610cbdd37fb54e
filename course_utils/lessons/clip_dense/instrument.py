"""An instrument for dense descriptors: point at one view, see the match in the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.data.view_pairs import ViewPairs
from course_utils.lessons.shared import heat_over
from course_utils.live.canvas import Canvas, enlarged
from course_utils.live.controls import Log, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.selfsup import dense

__all__ = ["MatchLab"]

SIDE = 384  # CSS pixels of each picture
GREEN, DARK, WHITE = (0, 158, 115), (38, 38, 38), (255, 255, 255)
Network = Callable[[Float[Tensor, "n 3 size size"]], Float[Tensor, "n descriptor size size"]]


class MatchLab:
    """Move over the first view: the heat map over the second follows, with the best match.

    Args:
        networks: in evaluation mode, to choose from, by name.
        pairs: views to choose from.

    Raises:
        ValueError: when there is no network or no pair.
    """

    def __init__(self, networks: dict[str, Network], pairs: ViewPairs) -> None:
        if not networks or len(pairs) == 0:
            raise ValueError("need at least one network and one pair of views")
        self.networks, self.pairs = dict(networks), pairs
        self.settings = {"network": next(iter(networks)), "pair": 0, "spread": 0.3}
        self.point = self._somewhere()
        self._look()
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: object) -> None:
        """Change network, pair or spread. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        if "pair" in settings:
            self.point = self._somewhere()
        if set(settings) - {"spread"}:
            self._look()
        self._draw()

    def ask(self, x: float, y: float) -> None:
        """Ask for the point (x right, y down) of the first view, in its pixels."""
        limit = self.pairs.first.shape[3] - 0.5
        self.point = (min(max(x, 0.5), limit), min(max(y, 0.5), limit))
        self._draw()

    @property
    def heat(self) -> Float[Tensor, "size size"]:
        """How alike each pixel of the second view is to the asked point: 1 is equal."""
        return dense.heat_map(self._asked(), self._after, self.settings["spread"])

    @property
    def found(self) -> tuple[float, float]:
        """The best match, in pixels of the second view."""
        point = dense.best_match(self._asked()[None, None], self._after[None])[0, 0]
        return float(point[0]), float(point[1])

    @property
    def truth(self) -> tuple[float, float] | None:
        """Where the point really is in the second view; None where it cannot be seen."""
        column, row = int(self.point[0]), int(self.point[1])
        pair = self.settings["pair"]
        if not bool(self.pairs.visible[pair, row, column]):
            return None
        u, v = self.pairs.target[pair, :, row, column].tolist()
        return u, v

    @property
    def words(self) -> str:
        """How far the match is from the truth, in one line."""
        if self.truth is None:
            return "This point cannot be seen in the other view: every match is wrong."
        gap = float(np.hypot(*(np.array(self.found) - np.array(self.truth))))
        return f"The match is {gap:.1f} pixels from the truth."

    def pictures(self) -> tuple[np.ndarray, np.ndarray]:
        """The first view with the asked point; the second under its heat, with match and truth."""
        pair = self.settings["pair"]
        first = enlarged(self.pairs.first[pair], SIDE)
        second = enlarged(heat_over(self.pairs.second[pair], self.heat), SIDE)
        scale = first.shape[0] / self.pairs.first.shape[2]
        _ring(first, self.point, scale, DARK)
        if self.truth is not None:
            _ring(second, self.truth, scale, GREEN, radius=15)
        _cross(second, self.found, scale)
        return first, second

    def _asked(self) -> Float[Tensor, " descriptor"]:
        point = torch.tensor(self.point)[None, None]
        return dense.descriptors_at(self._before[None], point)[0, 0]

    def _somewhere(self) -> tuple[float, float]:
        """A pixel of the object that can be seen in both views, near the object's middle."""
        pair = self.settings["pair"]
        rows, columns = (self.pairs.on_object[pair] & self.pairs.visible[pair]).nonzero().T
        gap = (rows - rows.median()).abs() + (columns - columns.median()).abs()
        return float(columns[gap.argmin()]) + 0.5, float(rows[gap.argmin()]) + 0.5

    @torch.no_grad()
    def _look(self) -> None:
        pair = self.settings["pair"]
        both = torch.stack([self.pairs.first[pair], self.pairs.second[pair]])
        self._before, self._after = self.networks[self.settings["network"]](both)

    def _draw(self) -> None:
        if self.widget is not None:
            first, second = self.pictures()
            self._first.show(first)
            self._second.show(second)
            self._words.value = self.words

    def _build(self) -> None:
        import ipywidgets

        self._first = Canvas(SIDE, SIDE, smooth=False, description="one view: move over it")
        self._second = Canvas(SIDE, SIDE, smooth=False, description="the other view")
        self._first.on_pointer(lambda kind, x, y: self._hand(x, y))
        self._first.widget.pointer = "hover"  # no button needs to be held
        self._words = ipywidgets.HTML()
        specs = {
            "network": list(self.networks),
            "pair": (0, len(self.pairs) - 1) if len(self.pairs) > 1 else [0],
            "spread": Log(0.05, 1.5),
        }
        controls = [make_control(name, spec, self.settings[name]) for name, spec in specs.items()]
        for name, control in zip(specs, controls, strict=True):
            control.observe(lambda change, name=name: self.set(**{name: change["new"]}), "value")
        columns = [
            ipywidgets.VBox([ipywidgets.HTML(f"<b>{words}</b>"), canvas.widget])
            for words, canvas in (
                ("one view: move over it", self._first),
                ("the other: heat, match (+) and truth (green)", self._second),
            )
        ]
        self.widget = ipywidgets.VBox([*controls, ipywidgets.HBox(columns), self._words])
        self.widget.add_class("course-live-controls")
        self._draw()

    def _hand(self, x: float, y: float) -> None:
        scale = self.pairs.first.shape[2] / self._first.picture.shape[0]
        self.ask(x * scale, y * scale)

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""


def _ring(picture: np.ndarray, at: tuple, scale: float, colour: tuple, radius: float = 11) -> None:
    """Draws a ring with a white rim round a point, in place; what is under it stays in sight."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    apart = np.hypot(columns + 0.5 - at[0] * scale, rows + 0.5 - at[1] * scale)
    picture[abs(apart - radius) < 3.2] = WHITE
    picture[abs(apart - radius) < 1.8] = colour


def _cross(picture: np.ndarray, at: tuple, scale: float, arm: float = 9) -> None:
    """Draws a dark cross with a white rim, in place."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    across, down = abs(columns + 0.5 - at[0] * scale), abs(rows + 0.5 - at[1] * scale)
    for rim, colour in ((1.8, WHITE), (0.0, DARK)):
        thick, long = 2.2 + rim, arm + rim
        picture[((across < thick) & (down < long)) | ((down < thick) & (across < long))] = colour
