"""An instrument for colourisation: click a place in a grey picture, choose its colour, watch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.colorization.figures import LIMIT, hint_panel
from course_utils.live.canvas import Canvas
from course_utils.live.explore import pixels_of
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.selfsup import color, colorize

__all__ = ["ColorLab", "Hint", "colour_with_hints", "hint_maps"]

Hint = tuple[int, int, float, float]  # row, column, a, b
Network = Callable[[Float[Tensor, "n 4 height width"]], Float[Tensor, "n bins height_2 width_2"]]
Picture = Float[Tensor, "3 side side"]
NEAR = 2.0  # pixels within which a click takes up a hint instead of placing a new one


def hint_maps(
    hints: Sequence[Hint], size: tuple[int, int]
) -> tuple[Float[Tensor, "1 2 height width"], Float[Tensor, "1 1 height width"]]:
    """Returns the hinted ab and the mask: each hint fills the 3 x 3 pixels around its place.

    Raises:
        ValueError: when a hint lies outside of the picture.
    """
    height, width = size
    chroma, mask = torch.zeros(1, 2, height, width), torch.zeros(1, 1, height, width)
    for row, column, a, b in hints:
        if not (0 <= row < height and 0 <= column < width):
            raise ValueError(f"a hint at row {row}, column {column} is outside of {size}")
        rows = slice(max(row - 1, 0), row + 2)
        columns = slice(max(column - 1, 0), column + 2)
        chroma[0, :, rows, columns] = torch.tensor([a, b])[:, None, None]
        mask[0, 0, rows, columns] = 1.0
    return chroma, mask


@torch.no_grad()
def colour_with_hints(
    network: Network,
    bins: Float[Tensor, "bins 2"],
    picture: Picture,
    hints: Sequence[Hint],
    temperature: float = 0.38,
) -> Picture:
    """Returns the picture with its own lightness and the network's colours, told the hints.

    Of ``picture`` only the lightness is used.
    """
    lightness, _ = color.normalise_lab(color.rgb_to_lab(picture[None]))
    chroma, mask = hint_maps(hints, tuple(picture.shape[1:]))
    logits = network(colorize.with_hints(lightness, chroma, mask))
    answer = color.annealed_mean(logits, bins, temperature)
    return colorize.join_chroma(lightness, answer)[0]


class ColorLab:
    """Click a place of the grey picture, then click or drag in the palette; the colours follow.

    Args:
        network: from L and hints (4 channels) to logits, in evaluation mode.
        bins: the centres of the ab bins that the logits stand for.
        pictures: to choose from, with their ``names``; only their lightness is shown.

    Raises:
        ValueError: when there is no picture, or another number of names.
    """

    def __init__(
        self,
        network: Network,
        bins: Float[Tensor, "bins 2"],
        pictures: Float[Tensor, "n 3 side side"],
        names: Sequence[str],
    ) -> None:
        if len(pictures) == 0 or len(names) != len(pictures):
            raise ValueError(f"{len(pictures)} pictures but {len(names)} names")
        self.network, self.bins = network, bins
        self.pictures, self.names = pictures, list(names)
        self.which, self.temperature = 0, 0.38
        self.hints: list[Hint] = []
        self.chosen: int | None = None
        self._in_palette = False
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def choose(self, which: int) -> None:
        """Put another picture on the table, without hints."""
        self.which = which
        self.clear()

    def place(self, row: int, column: int) -> None:
        """Take up the hint near a place, or put a new one there, with the colour last used."""
        height, width = self.pictures.shape[2:]
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        gaps = [((r - row) ** 2 + (c - column) ** 2) ** 0.5 for r, c, _, _ in self.hints]
        if gaps and min(gaps) <= NEAR:
            self.chosen = gaps.index(min(gaps))
        else:
            colour = self.hints[self.chosen][2:] if self.chosen is not None else (0.0, 0.0)
            self.hints.append((row, column, *colour))
            self.chosen = len(self.hints) - 1
        self._draw(1.0)

    def paint(self, a: float, b: float) -> None:
        """Give the chosen hint a colour, in ab units; nothing happens where there is none."""
        if self.chosen is None:
            return
        row, column = self.hints[self.chosen][:2]
        limits = (min(max(value, -LIMIT), LIMIT) for value in (a, b))
        self.hints[self.chosen] = (row, column, *limits)
        self._draw(1.0)

    def undo(self) -> None:
        """Take the last hint back."""
        if self.hints:
            self.hints.pop()
        self.chosen = len(self.hints) - 1 if self.hints else None
        self._draw(1.0)

    def clear(self) -> None:
        """Take all hints back."""
        self.hints, self.chosen = [], None
        self._draw(1.0)

    def heat(self, temperature: float) -> None:
        """Set the temperature of the annealed mean."""
        self.temperature = temperature
        self._draw(1.0)

    def coloured(self) -> Picture:
        """The picture as the network colours it now."""
        return colour_with_hints(
            self.network, self.bins, self.pictures[self.which], self.hints, self.temperature
        )

    def figure(self) -> Figure:
        """The grey picture with the hints, the answer, and the palette at the chosen lightness."""
        lab = color.rgb_to_lab(self.pictures[self.which][None])[0]
        grey = color.lab_to_rgb(torch.cat([lab[:1], torch.zeros_like(lab[1:])])[None])[0]
        lightness = 60.0
        if self.chosen is not None:
            row, column = self.hints[self.chosen][:2]
            lightness = min(max(float(lab[0, row, column]), 35.0), 85.0)  # else it has no colours
        return hint_panel(grey, self.coloured(), self.hints, lightness, self.chosen)

    def _paint_figure(self, scale: float = 1.0) -> np.ndarray:
        fig = self.figure()
        picture = pixels_of(fig, scale)
        self._places = [ax.get_position() for ax in fig.axes]
        return picture

    def _draw(self, scale: float) -> None:
        if self.widget is not None:
            self._canvas.show(self._paint_figure(scale), draft=scale < self._canvas.ratio)

    def _build(self) -> None:
        import ipywidgets

        first = self._paint_figure()
        self._canvas = Canvas(
            *first.shape[:2],
            description="a grey picture with colour hints, the coloured picture and a palette",
            hint="Click a place on the left, then click or drag in the palette on the right.",
        )
        self._canvas.show(first, draft=True)
        self._canvas.on_settled(lambda: self._draw(self._canvas.ratio))
        self._canvas.on_hand(self._hand)
        style = {"description_width": "7em"}
        options = [(name, k) for k, name in enumerate(self.names)]
        menu = ipywidgets.Dropdown(options=options, description="picture", style=style)
        menu.observe(lambda change: self.choose(change["new"]), "value")
        slider = ipywidgets.FloatLogSlider(
            0.38, base=10, min=-1.3, max=0.3, step=0.02, description="temperature", style=style
        )
        slider.observe(lambda change: self.heat(change["new"]), "value")
        undo = ipywidgets.Button(description="take back", tooltip="take the last hint back")
        undo.on_click(lambda button: self.undo())
        clear = ipywidgets.Button(description="no hints", tooltip="take all hints back")
        clear.on_click(lambda button: self.clear())
        rows = [ipywidgets.HBox([menu, undo, clear]), slider, self._canvas.widget]
        self.widget = ipywidgets.VBox(rows)
        self.widget.add_class("course-live-controls")

    def _hand(self, move: dict) -> None:
        """A press on a picture places a hint; a press or a drag in the palette colours it."""
        if move["phase"] == "down":
            self._in_palette = False
        inside = self._inside(move)
        if inside is None or (move["phase"] != "down" and not self._in_palette):
            return
        panel, across, up = inside
        if panel == 2 and (self._in_palette or move["phase"] == "down"):
            self._in_palette = True
            self.paint((2 * across - 1) * LIMIT, (2 * up - 1) * LIMIT)
        elif move["phase"] == "down":
            height, width = self.pictures.shape[2:]
            self.place(int((1 - up) * height), int(across * width))

    def _inside(self, move: dict) -> tuple[int, float, float] | None:
        """The panel under the pointer, and where in it: shares from the left and from below."""
        x = move["x"]
        y = 1 - move["y"] * self._canvas.width / self._canvas.height
        for panel, box in enumerate(self._places):
            across, up = (x - box.x0) / box.width, (y - box.y0) / box.height
            if 0 <= across <= 1 and 0 <= up <= 1:
                return panel, across, up
        return None

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
