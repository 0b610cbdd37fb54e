"""An instrument for pointing: click in the grey target frame, see where it looks in the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.lessons.shared import grey, heat_over
from course_utils.live.canvas import Canvas, enlarged
from course_utils.live.controls import Log, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.selfsup import pointers

__all__ = ["PointerLab", "pointing_map"]

SIDE = 384  # CSS pixels of each picture
Encoder = Callable[[Float[Tensor, "n 3 height width"]], Float[Tensor, "n features rows columns"]]


def pointing_map(
    reference: Float[Tensor, "features rows columns"],
    target: Float[Tensor, "features rows columns"],
    cell: tuple[int, int],
    temperature: float = 1.0,
) -> Float[Tensor, "rows columns"]:
    """Returns the column of A of one target cell (row, column), as a map over the reference.

    Raises:
        ValueError: when the cell is outside the frame.
    """
    row, column = cell
    if not (0 <= row < target.shape[1] and 0 <= column < target.shape[2]):
        raise ValueError(f"cell {cell} is outside of {tuple(target.shape[1:])} cells")
    one = target[:, row, column][None, :, None]
    attention = pointers.pointer_attention(reference.flatten(1)[None], one, temperature)
    return attention[0, :, 0].view(reference.shape[1:])


class PointerLab:
    """Click or drag in the target: the heat map over the reference follows, and the copied colour.

    Args:
        encoders: networks in evaluation mode to choose from, by name.
        clips: films to choose from; frame 0 is the reference.

    Raises:
        ValueError: when there is no encoder, or a clip has fewer than two frames.
    """

    def __init__(
        self,
        encoders: dict[str, Encoder],
        clips: Float[Tensor, "n frames 3 height width"],
    ) -> None:
        if not encoders or clips.ndim != 5 or clips.shape[1] < 2:
            raise ValueError("need at least one encoder, and clips of two frames or more")
        self.encoders, self.clips = dict(encoders), clips
        self.settings = {
            "network": next(iter(encoders)),
            "clip": 0,
            "frame": clips.shape[1] // 2,
            "temperature": 1.0,
        }
        self.point = (clips.shape[4] / 2, clips.shape[3] / 2)
        self._look()
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: object) -> None:
        """Change network, clip, frame or temperature. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        if set(settings) - {"temperature"}:
            self._look()
        self._draw()

    def ask(self, x: float, y: float) -> None:
        """Ask for the point (x right, y down) of the target frame, in pixels of the clip."""
        height, width = self.clips.shape[3:]
        self.point = (min(max(x, 0.0), width - 0.01), min(max(y, 0.0), height - 0.01))
        self._draw()

    @property
    def heat(self) -> Float[Tensor, "rows columns"]:
        """Where the asked point's cell points to in the reference; sums to 1."""
        return pointing_map(self._before, self._now, self._cell(), self.settings["temperature"])

    @property
    def copied(self) -> Float[Tensor, "3"]:
        """The colour that is copied: the mean of the reference's colours under the heat."""
        cells = self.heat.shape
        reference = self.clips[self.settings["clip"], 0]
        colours = torch.nn.functional.adaptive_avg_pool2d(reference, cells)
        return (colours * self.heat).sum(dim=(1, 2))

    def pictures(self) -> tuple[np.ndarray, np.ndarray]:
        """The grey target with the asked point, and the reference under its heat."""
        clip, frame = self.settings["clip"], self.settings["frame"]
        target = enlarged(grey(self.clips[clip, frame][None])[0], SIDE)
        reference = enlarged(heat_over(self.clips[clip, 0], self.heat), SIDE)
        scale = target.shape[0] / self.clips.shape[3]
        _ring(target, self.point[0] * scale, self.point[1] * scale, self.copied.numpy())
        return target, reference

    def _cell(self) -> tuple[int, int]:
        rows, columns = self._now.shape[1:]
        height, width = self.clips.shape[3:]
        return int(self.point[1] * rows / height), int(self.point[0] * columns / width)

    @torch.no_grad()
    def _look(self) -> None:
        chosen = self.clips[self.settings["clip"]][[0, self.settings["frame"]]]
        self._before, self._now = self.encoders[self.settings["network"]](chosen)

    def _draw(self) -> None:
        if self.widget is not None:
            target, reference = self.pictures()
            self._target.show(target)
            self._reference.show(reference)

    def _build(self) -> None:
        import ipywidgets

        shape = (SIDE * self.clips.shape[3] // self.clips.shape[4], SIDE)
        self._target = Canvas(*shape, smooth=False, description="target frame: click or drag")
        self._reference = Canvas(*shape, smooth=False, description="where it points")
        self._target.on_pointer(lambda kind, x, y: self._hand(x, y))
        specs = {
            "network": list(self.encoders),
            "clip": [(f"{k + 1}", k) for k in range(len(self.clips))],
            "frame": (1, self.clips.shape[1] - 1),
            "temperature": Log(0.1, 10.0),
        }
        controls = [make_control(name, spec, self.settings[name]) for name, spec in specs.items()]
        for name, control in zip(specs, controls, strict=True):
            control.observe(lambda change, name=name: self.set(**{name: change["new"]}), "value")
        columns = [
            ipywidgets.VBox([ipywidgets.HTML(f"<b>{words}</b>"), canvas.widget])
            for words, canvas in (
                ("target, grey: click or drag", self._target),
                ("reference: where it looks", self._reference),
            )
        ]
        self.widget = ipywidgets.VBox([*controls, ipywidgets.HBox(columns)])
        self.widget.add_class("course-live-controls")
        self._draw()

    def _hand(self, x: float, y: float) -> None:
        scale = self.clips.shape[3] / self._target.picture.shape[0]
        self.ask(x * scale, y * scale)

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""


def _ring(picture: np.ndarray, x: float, y: float, colour: np.ndarray, radius: float = 13) -> None:
    """Draws a disc of ``colour`` with a white and a dark rim round (x, y), in place."""
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]
    apart = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
    picture[apart < radius] = (38, 38, 38)
    picture[apart < radius - 1.5] = (255, 255, 255)
    picture[apart < radius - 4] = np.rint(np.clip(colour, 0, 1) * 255)
