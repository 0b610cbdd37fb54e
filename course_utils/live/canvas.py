"""Pictures computed in the kernel, shown in the browser as they come."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from course_utils.live.frames import View
from course_utils.plots import to_uint8

__all__ = ["Canvas"]

# Up to here raw bytes beat any encoder on one's own machine; beyond, flat plots shrink so much as
# PNG that even a distant server stays quick.
RAW_BYTES = 400_000


class Canvas(View):
    """Shows pictures of any size, ``width`` CSS pixels wide.

    height, width: CSS pixels before the first picture (afterwards its own proportions hold).
    smooth:
    interpolate when the picture is smaller than its place, or show its pixels as squares.

    Raises: ValueError if a size is not positive.
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        smooth: bool = True,
        description: str = "live picture",
        hint: str = "",
    ):
        if height < 1 or width < 1:
            raise ValueError(f"a canvas needs a positive size, got {height} by {width}")
        self.height, self.width = int(height), int(width)
        self.ratio = 1.0  # screen pixels per CSS pixel, as the front end reports it
        self._picture: np.ndarray | None = None
        self._draft = False
        self._on_pointer: Callable[[dict[str, Any]], None] | None = None
        self._on_settled: Callable[[], None] | None = None
        super().__init__(
            "canvas",
            height=self.height,
            width=self.width,
            smooth=smooth,
            description=description,
            hint=hint,
            pointer="",
        )

    @property
    def picture(self) -> np.ndarray | None:
        """The newest picture, uint8 (height, width, 3)."""
        return self._picture

    def show(self, picture: Any = None, draft: bool = False) -> None:
        """Show a picture, (height, width, 3) uint8 or float [0, 1]; without one, display the
        canvas itself.

        A ``draft`` asks the front end to call for a better one (`on_settled`) once no newer
        picture comes.

        Raises: ValueError for another shape, or NaN.
        """
        if picture is None:
            super().show()
            return
        picture = to_uint8(picture)
        with self._lock:
            self._picture, self._draft = picture, draft
        self.flush()

    def on_hand(self, react: Callable[[dict[str, Any]], None] | None) -> None:
        """Call ``react(move)`` as the pointer presses, drags, releases, or the wheel or an arrow
        key turns.

        move: phase "down", "move" or "up"; x, y in picture widths from the top left; dx, dy since
        the last call, in picture widths; zoom in doublings. Moves that come while ``react`` is at
        work are summed up.
        """
        self._on_pointer = react
        if self.widget is not None:
            self.widget.pointer = "" if react is None else "latest"

    def on_pointer(self, react: Callable[[str, float, float], None] | None) -> None:
        """Call ``react(kind, x, y)`` with x, y in pixels of the shown picture; kind "down",
        "move" or "up".
        """

        def in_pixels(move: dict[str, Any]) -> None:
            scale = self.width if self._picture is None else self._picture.shape[1]
            react(move["phase"], move["x"] * scale, move["y"] * scale)

        self.on_hand(None if react is None else in_pixels)

    def on_settled(self, react: Callable[[], None] | None) -> None:
        """Call ``react()`` when a draft has stayed for a quarter of a second."""
        self._on_settled = react

    def _hear(self, content: dict) -> None:
        kind = content.get("kind")
        if kind == "ready":
            self.ratio = float(content.get("ratio", 1.0))
        elif kind == "settled" and self._on_settled is not None:
            self._on_settled()
        elif kind == "hand":
            self._handled(lambda: self._on_pointer(content) if self._on_pointer else None)

    def _frame(self, whole: bool) -> tuple[dict, Sequence[Any]] | None:
        if self._picture is None:
            return None
        picture = self._picture
        raw = picture.nbytes <= RAW_BYTES
        data = memoryview(picture).cast("B") if raw else _png(picture)
        shape = list(picture.shape[:2])
        return {"shape": shape, "format": "rgb" if raw else "png", "draft": self._draft}, [data]


def _png(picture: np.ndarray) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def enlarged(picture: Tensor, side: int) -> np.ndarray:
    """A picture (3, height, width) in [0, 1] as uint8 with square pixels, about ``side`` wide.

    What is then drawn on it, a ring for example, is fine-grained and round.
    """
    times = max(1, round(side / picture.shape[2]))
    large = picture.permute(1, 2, 0).numpy().clip(0, 1).repeat(times, 0).repeat(times, 1)
    return np.rint(large * 255).astype(np.uint8)
