"""A plane with axes, drawn in the browser from named layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_utils.live.frames import View
from course_utils.live.layers import LAYERS, Layer

__all__ = ["Stage"]


class Stage(View):
    """A 2-D picture of layers. `set` them, then `flush` once.

    xlim, ylim: data limits. width, height in CSS pixels, axes included. Layers lie above each other
    in the order in which their names were first set. With ``equal`` one unit is as long across
    as up: what is square looks square.

    Raises: ValueError for limits that are no interval or a size that is not positive.
    """

    def __init__(
        self,
        xlim: Sequence[float],
        ylim: Sequence[float],
        width: int = 480,
        height: int = 480,
        *,
        title: str = "",
        xlabel: str = "",
        ylabel: str = "",
        axes: bool = True,
        equal: bool = False,
        description: str = "",
    ):
        self.xlim, self.ylim = _limits(xlim, "xlim"), _limits(ylim, "ylim")
        if width < 50 or height < 50:
            raise ValueError(f"a stage needs at least 50 by 50 pixels, got {width} by {height}")
        self._layers: dict[str, Layer] = {}
        self._dirty: set[str] = set()
        self._removed: set[str] = set()
        self._on_pointer: Callable[[str, float, float], None] | None = None
        super().__init__(
            "stage",
            xlim=self.xlim,
            ylim=self.ylim,
            width=int(width),
            height=int(height),
            title=title,
            xlabel=xlabel,
            ylabel=ylabel,
            axes=axes,
            equal=equal,
            description=description or title or "live picture",
            pointer="",
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers, from the bottom up."""
        return tuple(self._layers)

    def set(self, name: str, kind: str, **settings: Any) -> None:
        """Put the layer ``name`` there, or replace it. Not shown before `flush`.

        kind and settings (see `course_utils.live.layers` for all of them):
        "field" values, stops, extent, alpha, smooth; "points" xy, colour, size, alpha, outline;
        "lines" lines, colour, width, alpha, dash; "polygons" polygons, colour, alpha;
        "arrows" xy, vector, colour, width, alpha; "text" xy, text, colour, size, align, bold.
        All but text take ``label=`` for the legend.

        Raises: ValueError for an unknown kind or setting, or arrays of a wrong shape.
        """
        if kind not in LAYERS:
            raise ValueError(f"unknown kind {kind!r}; there are {', '.join(LAYERS)}")
        try:
            layer = LAYERS[kind](**settings)
        except TypeError as error:
            raise ValueError(f"layer {name!r}: {str(error).replace('_layer()', '')}") from error
        except ValueError as error:
            raise ValueError(f"layer {name!r}: {error}") from error
        with self._lock:
            self._layers[name] = layer
            self._dirty.add(name)
            self._removed.discard(name)

    def remove(self, *names: str) -> None:
        """Take layers away; unknown names are no error."""
        with self._lock:
            for name in names:
                if self._layers.pop(name, None) is not None:
                    self._dirty.discard(name)
                    self._removed.add(name)

    def limits(self, xlim: Sequence[float], ylim: Sequence[float]) -> None:
        """Show another part of the plane."""
        self.xlim, self.ylim = _limits(xlim, "xlim"), _limits(ylim, "ylim")
        if self.widget is not None:
            self.widget.xlim, self.widget.ylim = self.xlim, self.ylim

    def on_pointer(
        self, react: Callable[[str, float, float], None] | None, every: bool = False
    ) -> None:
        """Call ``react(kind, x, y)`` in data coordinates, kind "down", "move" (while pressed) or
        "up".

        Moves that come while ``react`` is at work are folded into the last one; with ``every``
        each is delivered.
        """
        self._on_pointer = react
        if self.widget is not None:
            self.widget.pointer = "" if react is None else "every" if every else "latest"

    def _hear(self, content: dict) -> None:
        if content.get("kind") != "pointer":
            return

        def deliver() -> None:
            for x, y in content["xy"]:
                if self._on_pointer is not None:
                    self._on_pointer(content["phase"], float(x), float(y))

        self._handled(deliver)

    def _frame(self, whole: bool) -> tuple[dict, Sequence[Any]]:
        names = self._layers if whole else [name for name in self._layers if name in self._dirty]
        buffers: list[memoryview] = []
        layers = [
            _pack(name, self._layers[name], self._extent(self._layers[name]), buffers)
            for name in names
        ]
        content = {
            "whole": whole,
            "layers": layers,
            "removed": sorted(self._removed),
            "order": list(self._layers),
        }
        self._dirty.clear()
        self._removed.clear()
        return content, buffers

    def _extent(self, layer: Layer) -> list[float]:
        return layer.settings.get("extent") or [*self.xlim, *self.ylim]


def _limits(limits: Sequence[float], name: str) -> list[float]:
    low, high = (float(value) for value in limits)
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"{name} must be (low, high) with low < high, got {tuple(limits)}")
    return [low, high]


def _pack(
    name: str, layer: Layer, extent: list[float], buffers: list[memoryview]
) -> dict[str, Any]:
    arrays = {}
    for key, array in layer.arrays.items():
        arrays[key] = {"buffer": len(buffers), "type": str(array.dtype)}
        buffers.append(
            memoryview(np.ascontiguousarray(array)).cast("B") if array.size else memoryview(b"")
        )
    packed = {"name": name, "kind": layer.kind, **layer.settings, "arrays": arrays}
    return {**packed, "extent": extent} if layer.kind == "field" else packed
