"""Figures of the lesson on colour: Lab planes, the ab plane, temperatures and hints.

Every function is pure: numbers in, one matplotlib ``Figure`` out. Pictures are sRGB in [0, 1];
the ab plane has a to the right (green to magenta) and b upwards (blue to yellow), in ab units.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.lessons.shared import show_titled
from course_utils.plots import BAD, CYCLE, INK, MUTED, REAL, as_pictures, figure
from course_utils.selfsup.color import lab_to_rgb, rgb_to_lab, unclamped_rgb_from_lab

__all__ = [
    "LIMIT", "ab_colours", "gamut", "hint_panel", "lab_planes", "palette", "prior_and_weights",
    "recall_curves", "saturation_histograms", "temperature_panel", "two_answers",
]  # fmt: skip

LIMIT = 112.0  # ab units shown in each direction
HEAT = LinearSegmentedColormap.from_list("shares", ["#E8EFF5", "#64A5D3", "#0B3C5D"])
Picture = Float[Tensor, "3 height width"]
Bins = Float[Tensor, "bins 2"]


def _ab_axes(ax: Axes, title: str = "", labels: bool = True) -> None:
    ax.set(xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT), aspect="equal", title=title)
    ax.set(xticks=[-100, 0, 100], yticks=[-100, 0, 100])
    ax.get_figure().set_layout_engine("compressed")  # else a square axes grows over its labels
    ax.axhline(0, color="#CFCFCF", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#CFCFCF", linewidth=0.8, zorder=0)
    if labels:
        ax.set_xlabel("a: green to magenta", labelpad=2)
        ax.set_ylabel("b: blue to yellow", labelpad=-6)
    else:
        ax.set(xticks=[], yticks=[])


def ab_colours(points: Float[Tensor, "n 2"], lightness: float | None = None) -> np.ndarray:
    """Returns a colour, sRGB (n, 3), for each point of the ab plane.

    Without a ``lightness`` each point takes the one between 35 and 90, the nearest to 65, at
    which a screen can show it best.
    """
    levels = torch.tensor([lightness]) if lightness is not None else torch.arange(35.0, 91.0, 5.0)
    lab = torch.cat(
        [
            levels[:, None, None].expand(-1, len(points), 1),
            points[None].float().expand(len(levels), -1, 2),
        ],
        dim=2,
    )
    rgb = unclamped_rgb_from_lab(lab.permute(0, 2, 1)[..., None])[..., 0].permute(0, 2, 1)
    outside = (rgb - rgb.clamp(0, 1)).abs().amax(dim=2)
    cost = outside.round(decimals=2) + 1e-4 * (levels - 65).abs()[:, None]
    best = cost.argmin(dim=0)
    return rgb.clamp(0, 1)[best, torch.arange(len(points))].numpy()


def _squares(ax: Axes, bins: Bins, grid: float, **style: object) -> PatchCollection:
    corners = (bins - grid / 2).tolist()
    squares = [Rectangle(corner, grid, grid) for corner in corners]
    return ax.add_collection(PatchCollection(squares, **style))


# ------------------------------------------------------------------------------ Lab planes


def lab_planes(images: Float[Tensor, "n 3 height width"]) -> Figure:
    """Pictures in rows; in columns the picture, its L, its a, its b, and ab alone at L = 65."""
    lab = rgb_to_lab(images)
    zero = torch.zeros_like(lab[:, :1])
    middle = zero + 65.0
    columns = {
        "picture": images,
        "L: what stays": lab_to_rgb(torch.cat([lab[:, :1], zero, zero], dim=1)),
        "a: green to magenta": lab_to_rgb(torch.cat([middle, lab[:, 1:2], zero], dim=1)),
        "b: blue to yellow": lab_to_rgb(torch.cat([middle, zero, lab[:, 2:]], dim=1)),
        "a and b": lab_to_rgb(torch.cat([middle, lab[:, 1:]], dim=1)),
    }
    count = len(images)
    fig, axes = figure(11.0, 2.15 * count + 0.3, nrows=count, ncols=5, squeeze=False)
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for column, (name, pictures) in enumerate(columns.items()):
        for row in range(count):
            show_titled(axes[row, column], pictures[row], name if row == 0 else "")
    return fig


# -------------------------------------------------------------------------------- ab plane


def gamut(
    bins: Bins, grid: float, picture: Picture | None = None, quantised: Picture | None = None
) -> Figure:
    """The bins of the ab plane in their own colours; beside them a picture before and after."""
    fig, axes = figure(11.0, 4.4, ncols=3, width_ratios=[1.25, 1, 1])
    _squares(axes[0], bins, grid, facecolors=ab_colours(bins), edgecolors="white", linewidths=0.6)
    _ab_axes(axes[0], f"{len(bins)} bins of {grid:g} × {grid:g}")
    for ax, shown, name in zip(
        axes[1:], (picture, quantised), ("every colour", "bins only"), strict=True
    ):
        if shown is None:
            ax.set_axis_off()
        else:
            show_titled(ax, shown, name)
    return fig


def prior_and_weights(
    bins: Bins,
    shares: Float[Tensor, " bins"],
    weights: Float[Tensor, " bins"],
    grid: float,
) -> Figure:
    """How frequent each bin is and what it weighs in the loss, both on a logarithmic scale.

    Raises:
        ValueError: when there is not one share and one weight for each bin.
    """
    if not len(bins) == len(shares) == len(weights):
        raise ValueError(f"{len(bins)} bins, {len(shares)} shares and {len(weights)} weights")
    fig, axes = figure(11.0, 4.4, ncols=2)
    panels = (
        (axes[0], shares.clamp(min=1e-6), "how frequent (share of pixels)"),
        (axes[1], weights, "how much a pixel counts (weight)"),
    )
    for ax, values, title in panels:
        scale = LogNorm(float(values.min()) * 0.999, float(values.max()) * 1.001)
        squares = _squares(ax, bins, grid, cmap=HEAT, norm=scale, edgecolors="white")
        squares.set_array(values.numpy())
        _ab_axes(ax, title)
        fig.colorbar(squares, ax=ax, shrink=0.85)
    return fig


def two_answers(
    colours: Sequence[tuple[float, float]], chances: Sequence[float], lightness: float = 55.0
) -> Figure:
    """A pixel that may have several colours: the mean of them, and the likeliest.

    Args:
        colours: (a, b) of each possible colour; ``chances`` sum to 1.
    """
    points = torch.tensor(colours)
    shares = torch.tensor(chances)
    answers = torch.stack([shares @ points, points[shares.argmax()]])
    fig, axes = figure(11.0, 3.9, ncols=3, width_ratios=[1.4, 1, 1])
    axes[0].scatter(*points.T, s=1800 * shares, c=ab_colours(points, lightness), edgecolors=INK)
    axes[0].scatter(*answers[0], marker="X", s=180, c=[BAD], zorder=3)
    axes[0].annotate(
        "mean", answers[0].tolist(), xytext=(12, 8), textcoords="offset points", color=BAD
    )
    _ab_axes(axes[0], "what the pixel may be")
    for ax, answer, name in zip(axes[1:], answers, ("the mean", "the likeliest"), strict=True):
        ax.add_patch(Rectangle((0, 0), 1, 1, color=ab_colours(answer[None], lightness)[0]))
        ax.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], aspect="equal")
        ax.set_title(f"{name}: chroma {answer.norm():.0f}", loc="center", fontsize=14)
        for spine in ax.spines.values():
            spine.set_visible(False)
    return fig


def saturation_histograms(chroma: Mapping[str, Float[Tensor, "n 2 height width"]]) -> Figure:
    """How vivid the pixels are, ``|ab|``: one line per set of pictures, pixels counted in log."""
    fig, ax = figure(9.0, 4.2)
    edges = torch.arange(0.0, 105.0, 5.0)
    for colour, (name, ab) in zip((INK, *CYCLE), chroma.items(), strict=False):
        size = ab.norm(dim=1).flatten()
        share = torch.histogram(size.clamp(max=99.9), edges).hist / len(size)
        label = f"{name} (mean {size.mean():.0f})"
        ax.stairs(share.clamp(min=1e-6).numpy(), edges.numpy(), color=colour, label=label, lw=2.4)
    ax.set(yscale="log", ylim=(1e-4, 1), xlim=(0, 100))
    ax.set(xlabel="distance from grey, |ab|", ylabel="share of pixels")
    ax.legend(loc="upper right")
    ax.grid(axis="y")
    return fig


def recall_curves(
    edges: Float[Tensor, " edges"], errors: Mapping[str, Float[Tensor, " bands"]], ylabel: str
) -> Figure:
    """One value per band of true saturation for each network, bars side by side.

    Raises:
        ValueError: when there is not one value for each band.
    """
    bands = len(edges) - 1
    if any(len(values) != bands for values in errors.values()):
        raise ValueError(f"{bands} bands need {bands} values each")
    fig, ax = figure(9.0, 4.0)
    width = 0.8 / len(errors)
    for k, (colour, (name, values)) in enumerate(zip(CYCLE, errors.items(), strict=False)):
        place = np.arange(bands) + (k - (len(errors) - 1) / 2) * width
        bars = ax.bar(place, values.numpy(), width * 0.94, color=colour, label=name)
        ax.bar_label(bars, fmt="%.0f", padding=2, fontsize=12)
    names = [f"{a:.0f} to {b:.0f}" for a, b in pairwise(edges)]
    ax.set_xticks(range(bands), names)
    ax.set(xlabel="true distance from grey, |ab|", ylabel=ylabel)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(errors), borderaxespad=0.2)
    return fig


# ------------------------------------------------------------------- temperature and hints


def temperature_panel(
    pictures: tuple[Picture, Picture, Picture],
    place: tuple[int, int],
    bins: Bins,
    shares: Float[Tensor, " bins"],
    grid: float,
    title: str = "",
) -> Figure:
    """Grey, coloured and true picture, and the softened distribution at one place of it.

    Args:
        place: (row, column) in pixels of the pictures, framed in them.
        shares: softmax(log p / T) over the bins at that place; its mean is the cross.
    """
    fig, axes = figure(12.0, 3.6, ncols=4, width_ratios=[1, 1, 1, 1.3])
    for ax, picture, name in zip(axes, pictures, ("L", title, "truth"), strict=False):
        show_titled(ax, picture, name)
        row, column = place
        ax.add_patch(Rectangle((column - 1, row - 1), 2, 2, fill=False, ec="white", lw=3.5))
        ax.add_patch(Rectangle((column - 1, row - 1), 2, 2, fill=False, ec=INK, lw=1.5))
    _squares(axes[3], bins, grid, facecolors="#F1F1F1", edgecolors="white")
    size = (shares / shares.max()).sqrt()[:, None] * grid
    corners = (bins - size / 2).tolist()
    squares = [Rectangle(c, s, s) for c, s in zip(corners, size[:, 0].tolist(), strict=True)]
    axes[3].add_collection(
        PatchCollection(squares, facecolors=ab_colours(bins), edgecolors=MUTED, linewidths=0.4)
    )
    mean = shares @ bins
    axes[3].scatter(*mean, marker="X", s=190, c="white", edgecolors=INK, linewidths=1.6, zorder=4)
    _ab_axes(axes[3], "in the frame", labels=False)
    return fig


def palette(lightness: float, side: int = 141) -> Float[Tensor, "3 side side"]:
    """The ab plane at one lightness as a picture; what a screen cannot show is white.

    Rows run from b = LIMIT down to -LIMIT, columns from a = -LIMIT to LIMIT.
    """
    axis = torch.linspace(-LIMIT, LIMIT, side)
    b, a = torch.meshgrid(axis.flip(0), axis, indexing="ij")
    rgb = unclamped_rgb_from_lab(torch.stack([torch.full_like(a, lightness), a, b])[None])[0]
    shown = ((rgb > -0.01) & (rgb < 1.01)).all(dim=0)
    return torch.where(shown, rgb.clamp(0, 1), torch.ones_like(rgb))


def hint_panel(
    grey: Picture,
    coloured: Picture,
    hints: Sequence[tuple[int, int, float, float]],
    lightness: float = 60.0,
    chosen: int | None = None,
) -> Figure:
    """The grey picture with its hints, the picture coloured with them, and the palette.

    Args:
        hints: (row, column, a, b) of each.
        lightness: at which the palette is shown; that of the chosen hint's pixel, for example.
        chosen: which hint is being edited (default: none).

    Raises:
        ValueError: when there is no such hint.
    """
    if chosen is not None and not 0 <= chosen < len(hints):
        raise ValueError(f"there is no hint {chosen} among {len(hints)}")
    fig, axes = figure(12.0, 4.3, ncols=3, width_ratios=[1, 1, 1])
    show_titled(axes[0], grey, "1 · click a place" if not hints else "your hints")
    show_titled(axes[1], coloured, "the network's answer")
    for k, (row, column, a, b) in enumerate(hints):
        colour = ab_colours(torch.tensor([[a, b]]), lightness if k == chosen else 65.0)
        rim = {"edgecolors": "white" if k == chosen else INK, "linewidths": 2.6}
        axes[0].scatter(column, row, s=190, c=colour, zorder=3, **rim)
        if k == chosen:
            axes[0].scatter(
                column, row, s=330, facecolors="none", edgecolors=REAL, linewidths=2.6, zorder=4
            )
    extent = (-LIMIT, LIMIT, -LIMIT, LIMIT)
    axes[2].imshow(as_pictures(palette(lightness)[None])[0], extent=extent, aspect="equal")
    _ab_axes(axes[2], "", labels=True)
    axes[2].set_title("2 · choose its colour", loc="center", fontsize=14)
    if chosen is not None:
        _, _, a, b = hints[chosen]
        axes[2].scatter(a, b, s=170, facecolors="none", edgecolors=INK, linewidths=2.6)
    return fig
