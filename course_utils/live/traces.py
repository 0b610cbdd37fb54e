"""A line chart that grows while something trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import to_hex

from course_utils.live.frames import View
from course_utils.plots import CYCLE

__all__ = ["Traces"]

MOST_POINTS = 1024


class Traces(View):
    """Streaming curves, one per name. `append` keeps and shows; the browser is never flooded.

    colours: one per name (default: the house palette). width, height in CSS pixels. ylim fixes
    the axis, otherwise it follows the data. reference: ``{"label": value}`` horizontal dashed
    lines. Of a long history neighbouring points are averaged, so that at most 1,024 are kept.

    Raises: ValueError for no or repeated names, or another number of colours.
    """

    def __init__(
        self,
        names: Sequence[str],
        colours: Sequence[str] | None = None,
        width: int = 480,
        height: int = 220,
        ylabel: str = "",
        *,
        title: str = "",
        ylim: tuple[float, float] | None = None,
        reference: Mapping[str, float] | None = None,
        description: str = "",
    ):
        self.names = list(names)
        if not self.names or len(set(self.names)) != len(self.names):
            raise ValueError(f"traces need different names, got {self.names}")
        colours = list(CYCLE[: len(self.names)] if colours is None else colours)
        if len(colours) != len(self.names):
            raise ValueError(f"{len(self.names)} names but {len(colours)} colours")
        self.clear()
        super().__init__(
            "traces",
            names=self.names,
            colours=[to_hex(colour) for colour in colours],
            width=int(width),
            height=int(height),
            ylabel=ylabel,
            title=title,
            ylim=list(ylim or ()),
            reference={label: float(value) for label, value in (reference or {}).items()},
            description=description or title or f"curves of {', '.join(self.names)}",
        )

    def clear(self) -> None:
        """Forget everything; shown at the next `flush` or `append`."""
        self._rows: list[
            np.ndarray
        ] = []  # (step, value per name), each the mean of `_stride` appended rows
        self._pending: list[np.ndarray] = []
        self._stride = 1

    def append(self, step: float, values: Mapping[str, float], flush: bool = True) -> None:
        """Add the values at ``step``; a name left out leaves a gap.

        Raises: ValueError for a name that is not one of the traces.
        """
        if unknown := set(values) - set(self.names):
            raise ValueError(f"there is no trace {sorted(unknown)}; there are {self.names}")
        row = np.array([step, *(values.get(name, np.nan) for name in self.names)], dtype=np.float64)
        with self._lock:
            self._pending.append(row)
            if len(self._pending) >= self._stride:
                self._rows.append(np.mean(self._pending, axis=0))
                self._pending.clear()
            if len(self._rows) > MOST_POINTS:
                pairs = np.array(self._rows[: len(self._rows) // 2 * 2]).reshape(-1, 2, len(row))
                odd = self._rows[len(pairs) * 2 :]
                self._rows = [*pairs.mean(axis=1), *odd]
                self._stride *= 2
        if flush:
            self.flush()

    def history(self) -> np.ndarray:
        """Kept points, (points, 1 + names): the step, then each trace."""
        with self._lock:
            rows = self._rows + ([np.mean(self._pending, axis=0)] if self._pending else [])
        return np.array(rows).reshape(-1, 1 + len(self.names))

    def _frame(self, whole: bool) -> tuple[dict, Sequence[Any]]:
        columns = self.history().T.astype(np.float32)
        return {}, [
            memoryview(np.ascontiguousarray(column)).cast("B") if column.size else b""
            for column in columns
        ]
