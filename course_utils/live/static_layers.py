"""The layers of a `Stage` on matplotlib axes, for readers without a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from course_utils.live.layers import Layer
from course_utils.plots import INK

__all__ = ["draw_layer"]

# A stage of 480 CSS pixels becomes a figure of 6 inches: lengths in pixels become points.
POINTS_PER_PIXEL = 72 / 80


def draw_layer(ax: Axes, layer: Layer, extent: list[float], order: int) -> None:
    """Draw one layer; ``extent`` is where a field lies, ``order`` what lies above what."""
    _DRAW[layer.kind](ax, layer.settings, layer.arrays, extent, order)


def _colours(settings: dict, arrays: dict) -> Any:
    return arrays["colours"] / 255.0 if "colours" in arrays else settings["colour"] or INK


def _split(settings: dict, arrays: dict) -> list[np.ndarray]:
    return (
        np.split(arrays["xy"], np.cumsum(settings["lengths"])[:-1]) if settings["lengths"] else []
    )


def _draw_field(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    ax.imshow(
        arrays["values"] / 255.0,
        cmap=LinearSegmentedColormap.from_list("stops", settings["stops"]),
        vmin=0,
        vmax=1,
        extent=extent,
        origin="lower",
        aspect="auto",
        alpha=settings["alpha"],
        zorder=order,
        interpolation="bilinear" if settings["smooth"] else "nearest",
    )


def _draw_points(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    area = (settings["size"] * POINTS_PER_PIXEL) ** 2
    ax.scatter(
        *arrays["xy"].T,
        c=_colours(settings, arrays),
        s=area,
        alpha=arrays.get("alphas", settings["alpha"]),
        edgecolors="white" if settings["outline"] else "none",
        linewidths=0.8,
        zorder=order,
        label=settings["label"] or None,
    )


def _draw_lines(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    dash = (0, settings["dash"]) if settings["dash"] else "solid"
    lines = LineCollection(
        _split(settings, arrays),
        colors=_colours(settings, arrays),
        linewidths=settings["width"] * POINTS_PER_PIXEL,
        alpha=settings["alpha"],
        linestyles=[dash],
        zorder=order,
        label=settings["label"] or None,
        capstyle="round",
    )
    ax.add_collection(lines, autolim=False)


def _draw_polygons(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    shapes = _split(settings, arrays)
    colours = np.broadcast_to(np.atleast_2d(_rgb(_colours(settings, arrays))), (len(shapes), 3))
    alphas = np.broadcast_to(arrays.get("alphas", settings["alpha"]), len(shapes))
    faces = np.column_stack([colours, alphas]) if shapes else np.zeros((0, 4))
    ax.add_collection(
        PolyCollection(
            shapes,
            facecolors=faces,
            edgecolors="none",
            zorder=order,
            label=settings["label"] or None,
        ),
        autolim=False,
    )


def _rgb(colour: Any) -> np.ndarray:
    return np.array(to_rgb(colour)) if isinstance(colour, str) else colour


def _draw_arrows(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    ax.quiver(
        *arrays["xy"].T,
        *arrays["vector"].T,
        color=_colours(settings, arrays),
        angles="xy",
        scale_units="xy",
        scale=1,
        units="dots",
        width=settings["width"] * 100 / 80,
        headwidth=5,
        headlength=5,
        alpha=settings["alpha"],
        zorder=order,
        label=settings["label"] or None,
    )


def _draw_text(ax: Axes, settings: dict, arrays: dict, extent: list[float], order: int) -> None:
    for (x, y), words in zip(arrays["xy"], settings["text"], strict=True):
        ax.text(
            x,
            y,
            words,
            color=settings["colour"] or INK,
            fontsize=settings["size"] * POINTS_PER_PIXEL,
            va="center",
            ha=settings["align"],
            fontweight=settings["weight"],
            zorder=order,
        )


_DRAW = {
    "field": _draw_field,
    "points": _draw_points,
    "lines": _draw_lines,
    "polygons": _draw_polygons,
    "arrows": _draw_arrows,
    "text": _draw_text,
}
