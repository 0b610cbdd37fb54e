"""Figures of the lesson on GAN pictures: sheets, film strips, stamps, neighbours, and scores.

Every function is pure: numbers in, one matplotlib ``Figure`` out. Blue is real, orange is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from course_utils.gan.measures import Coverage, coverage_measures, neighbour_distance
from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure

__all__ = [
    "Trained",
    "asked_and_seen",
    "checkerboards",
    "confidence_bars",
    "fidelity_and_variety",
    "film_strip",
    "guideline_pairs",
    "neighbour_rows",
    "scale_lines",
    "sheet",
    "sheets",
    "stamping",
    "territories",
    "tiled",
]

Pictures = Float[Tensor, "n channels height width"]
PAPER = 0.97  # what lies between pictures on a sheet


class Trained(NamedTuple):
    """One training shown: some of its pictures, and its score (a distance: smaller is better)."""

    pictures: Pictures
    score: float
    spread: float = 0.0


def tiled(pictures: Pictures, columns: int = 10, gap: int = 1, times: int = 1) -> np.ndarray:
    """Pictures in [-1, 1] side by side as one, uint8 (height, width, 3), each pixel ``times``².

    Raises:
        ValueError: when there is no picture or no column.
    """
    if len(pictures) == 0 or columns < 1 or times < 1:
        raise ValueError("a sheet needs at least one picture, one column, and whole pixels")
    shown = as_pictures((pictures.detach().float() + 1) / 2)
    shown = shown.repeat(times, 1).repeat(times, 2)
    count, height, width = shown.shape[:3]
    rows, gap = -(-count // columns), gap * times
    board = np.full(
        (rows * (height + gap) - gap, columns * (width + gap) - gap, 3), PAPER, dtype=float
    )
    for k, picture in enumerate(shown):
        y, x = (k // columns) * (height + gap), (k % columns) * (width + gap)
        board[y : y + height, x : x + width] = picture
    return np.rint(board * 255).astype(np.uint8)


def sheet(pictures: Pictures, columns: int = 16, title: str = "") -> Figure:
    """One contact sheet.

    Raises:
        ValueError: when there is no picture.
    """
    board = tiled(pictures, columns)
    width = min(0.6 * columns + 0.2, 11.5)
    fig, ax = figure(width, width * board.shape[0] / board.shape[1] + (0.5 if title else 0.1))
    _show(ax, board)
    ax.set_title(title)
    return fig


def sheets(sets: Mapping[str, Pictures], columns: int = 8) -> Figure:
    """Several contact sheets side by side, each with its name above; fewer pictures are larger.

    Raises:
        ValueError: when there is none.
    """
    if not sets:
        raise ValueError("there is no sheet to show")
    boards = [tiled(pictures, min(columns, len(pictures))) for pictures in sets.values()]
    each = min(11.8 / len(boards), 4.2)
    lines = max(name.count("\n") for name in sets) + 1
    height = each * max(board.shape[0] / board.shape[1] for board in boards) + 0.28 * lines + 0.15
    fig, axes = figure(each * len(boards), height, ncols=len(boards), squeeze=False)
    for ax, name, board in zip(axes[0], sets, boards, strict=True):
        _show(ax, board)
        ax.set_title(name, fontsize=14)
    return fig


def film_strip(frames: Mapping[str, Pictures]) -> Figure:
    """The same latents at several moments of the training, a row each, named at the left.

    Raises:
        ValueError: when there is no frame, or the frames differ in number of pictures.
    """
    if not frames or len({len(pictures) for pictures in frames.values()}) != 1:
        raise ValueError("a film strip needs frames of one length")
    count = len(next(iter(frames.values())))
    tall = 9.7 / count
    fig, axes = figure(11.5, tall * len(frames) + 0.15, nrows=len(frames), squeeze=False)
    fig.get_layout_engine().set(h_pad=0.015, hspace=0.0)
    for ax, (name, pictures) in zip(axes[:, 0], frames.items(), strict=True):
        _show(ax, tiled(pictures, count))
        _name_row(ax, name, INK)
    return fig


def stamping(
    small: Float[Tensor, "height width"],
    kernel: Float[Tensor, "side side"],
    large: Float[Tensor, "large_height large_width"],
    one: Float[Tensor, "large_height large_width"],
    stride: int,
) -> Figure:
    """A small map, the kernel, the stamp of one of its pixels, and the sum of all stamps."""
    parts = {
        "small map": small,
        "kernel": kernel,
        f"one pixel's stamp, {stride} pixels\nfrom its neighbour's": one,
        "all stamps added": large,
    }
    fig, axes = figure(11.5, 3.5, ncols=4, width_ratios=[0.8, 0.7, 1.3, 1.3])
    most = max(float(part.abs().max()) for part in parts.values())
    for ax, (name, part) in zip(axes, parts.items(), strict=True):
        ax.imshow(part.numpy(), cmap="Blues", vmin=0, vmax=most)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=13)
        ax.spines[["top", "right"]].set_visible(True)
        for (i, j), value in np.ndenumerate(part.numpy()):
            dark = "white" if value > 0.6 * most else INK
            ax.text(j, i, f"{value:g}", ha="center", va="center", fontsize=11, color=dark)
    return fig


def checkerboards(counts: Mapping[str, Float[Tensor, "height width"]]) -> Figure:
    """How many stamps fall on each pixel, for several kernels: even, or a checkerboard.

    Raises:
        ValueError: when there is none.
    """
    if not counts:
        raise ValueError("there is nothing to show")
    fig, axes = figure(2.85 * len(counts), 3.3, ncols=len(counts), squeeze=False)
    for ax, (name, count) in zip(axes[0], counts.items(), strict=True):
        shown = count[:8, :8].numpy()
        ax.imshow(shown, cmap="Oranges", vmin=0, vmax=3 * shown.mean())
        for (i, j), value in np.ndenumerate(shown):
            ax.text(j, i, f"{value:g}", ha="center", va="center", fontsize=11)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=14)
    return fig


def guideline_pairs(kept: Trained, broken: Mapping[str, Trained], columns: int = 6) -> Figure:
    """Samples with all guidelines kept, then with each one broken, its score beneath.

    A score is marked only where it differs from the kept one by more than both spreads.

    Raises:
        ValueError: when nothing is broken.
    """
    if not broken:
        raise ValueError("there is no broken guideline to compare with")
    runs = {"all five kept": kept, **{f"without: {name}": run for name, run in broken.items()}}
    fig, axes = figure(11.5, 6.4, nrows=2, ncols=-(-len(runs) // 2), squeeze=False)
    fig.get_layout_engine().set(hspace=0.1)  # scores stand below the pictures
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, (name, run) in zip(axes.flat, runs.items(), strict=False):
        _show(ax, tiled(run.pictures, columns))
        ax.set_title(name, fontsize=14)
        verdict, colour = "", INK
        if run is not kept:
            verdict, colour = compared(kept, run)
        text = f"distance {run.score:.1f}" + (f" ± {run.spread:.1f}" if run.spread else "")
        ax.text(
            0.0, -0.04, f"{text}   {verdict}", transform=ax.transAxes, va="top", color=colour,
            fontsize=13,
        )  # fmt: skip
    return fig


def compared(kept: Trained, run: Trained) -> tuple[str, str]:
    """What a broken guideline did, in a word, and the colour of that word."""
    gap, noise = run.score - kept.score, run.spread + kept.spread
    if abs(gap) <= noise:
        return "no difference", MUTED
    return ("worse", BAD) if gap > 0 else ("better", GOOD)


def neighbour_rows(
    made: Pictures,
    train: Pictures,
    neighbours: Mapping[str, Int[Tensor, "n"]],
    suspects: Sequence[int] = (),
) -> Figure:
    """Made pictures over the training pictures nearest to them, one row per kind of distance.

    suspects: places of made pictures to be framed.

    Raises:
        ValueError: when there is no picture, or a row has another length.
    """
    count = len(made)
    if count == 0 or any(len(index) != count for index in neighbours.values()):
        raise ValueError(f"each row needs {count} neighbours, and at least one")
    rows = {"made": made, **{name: train[index] for name, index in neighbours.items()}}
    fig, axes = figure(11.5, 9.9 / count * len(rows) + 0.4, nrows=len(rows), squeeze=False)
    fig.get_layout_engine().set(h_pad=0.03, hspace=0.0)
    side = made.shape[3] + 1
    for ax, (name, pictures) in zip(axes[:, 0], rows.items(), strict=True):
        _show(ax, tiled(pictures, count))
        colour = FAKE if name == "made" else REAL
        _name_row(ax, name, colour)
        for place in suspects:
            corner = (place * side - 1, -1)
            box = Rectangle(corner, side, made.shape[2] + 1, fill=False, edgecolor=BAD, linewidth=4)
            box.set_clip_on(False)
            ax.add_patch(box)
    return fig


def confidence_bars(shares: Mapping[str, Sequence[float]], bins: int = 10) -> Figure:
    """How sure a classifier is of several sets of pictures, as histograms side by side.

    shares: the confidence of every picture, by the name of its set.

    Raises:
        ValueError: when there is none.
    """
    if not shares:
        raise ValueError("there is nothing to show")
    fig, axes = figure(3.6 * len(shares), 3.1, ncols=len(shares), sharey=True, squeeze=False)
    for ax, (name, values) in zip(axes[0], shares.items(), strict=True):
        numbers = np.asarray(values, dtype=float)
        colour = REAL if name.startswith("real") else FAKE
        weights = np.full(len(numbers), 1 / len(numbers))
        ax.hist(numbers, bins=bins, range=(0, 1), weights=weights, color=colour, rwidth=0.9)
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence")
        ax.set_title(f"{name}: {np.mean(numbers > 0.9):.0%} above 0.9", fontsize=14)
    axes[0, 0].set_ylabel("share of pictures")
    return fig


def territories(
    shift: float = 0.0, spread: float = 1.0, count: int = 60, neighbours: int = 3, seed: int = 0
) -> Figure:
    """Precision and recall in the plane: balls round real points, and round made ones.

    Two heaps of real points; the made ones are one heap, ``shift`` to the right of the left one,
    ``spread`` times as wide.
    """
    dice = torch.Generator().manual_seed(seed)
    real = torch.randn(count, 2, generator=dice) * 0.6
    real[: count // 2] += torch.tensor([3.0, 0.0])
    made = torch.randn(count, 2, generator=dice) * 0.6 * spread + torch.tensor([shift, 0.0])
    found = coverage_measures(real, made, neighbours)
    fig, axes = figure(11.5, 4.2, ncols=2, sharey=True)
    _territory(axes[0], real, made, neighbours, (REAL, FAKE))
    _territory(axes[1], made, real, neighbours, (FAKE, REAL))
    axes[0].set_title(f"precision {found.precision:.0%}: made points on real ground")
    axes[1].set_title(f"recall {found.recall:.0%}: real points on made ground")
    return fig


def fidelity_and_variety(thresholds: Sequence[float], found: Sequence[Coverage]) -> Figure:
    """Precision and recall against the truncation, and against each other.

    Raises:
        ValueError: when the numbers differ.
    """
    if len(thresholds) != len(found) or not found:
        raise ValueError(f"{len(thresholds)} thresholds but {len(found)} measurements")
    precision, recall = [m.precision for m in found], [m.recall for m in found]
    fig, (left, right) = figure(11.5, 4.2, ncols=2)
    for name, values, colour in (("precision", precision, GOOD), ("recall", recall, REAL)):
        left.plot(thresholds, values, "o-", color=colour, label=name)
    left.set(xlabel="truncation threshold", ylim=(0, 1.02), title="against the slider")
    left.legend(loc="lower right", bbox_to_anchor=(1, 0.06))
    right.plot(recall, precision, "o-", color=FAKE)
    for k in {0, len(found) // 2, len(found) - 1}:
        right.annotate(
            f"{thresholds[k]:g}", (recall[k], precision[k]), xytext=(8, -18),
            textcoords="offset points",
        )  # fmt: skip
    right.set(xlabel="recall (variety)", ylabel="precision (fidelity)", xlim=(0, 1), ylim=(0, 1.05))
    right.set_title("against each other")
    for ax in (left, right):
        ax.grid(axis="y")
    return fig


def asked_and_seen(counts: Int[Tensor, "asked seen"], classes: Sequence[str]) -> Figure:
    """Class asked for against class that the judge sees, as a table of shares."""
    shares = counts.double() / counts.sum(1, keepdim=True).clamp_min(1)
    fig, ax = figure(6.4, 5.4)
    ax.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1.3)
    for (i, j), value in np.ndenumerate(shares.numpy()):
        if value >= 0.005:
            ax.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=12)
    ticks = range(len(classes))
    ax.set(xticks=ticks, yticks=ticks, xlabel="class the judge sees", ylabel="class asked for")
    ax.set_xticklabels(classes)
    ax.set_yticklabels(classes)
    ax.set_title("percent of the pictures asked for")
    return fig


def scale_lines(lines: Mapping[str, Mapping[int, float]]) -> Figure:
    """A distance against a size, one panel per kind of size, both by factors; smaller is better.

    Raises:
        ValueError: when there is none.
    """
    if not lines:
        raise ValueError("there is nothing to show")
    fig, axes = figure(5.6 * len(lines), 3.8, ncols=len(lines), sharey=True, squeeze=False)
    for ax, (name, points), colour in zip(axes[0], lines.items(), CYCLE, strict=False):
        ax.plot(list(points), list(points.values()), "o-", color=colour, markersize=9)
        ax.set_xscale("log", base=2)
        ax.set_xticks(list(points), [str(size) for size in points])
        ax.set_yscale("log", base=10)
        ax.set_xlabel(name)
        ax.grid(axis="y", which="both")
    values = [value for points in lines.values() for value in points.values()]
    marks = [m * 10**k for k in range(-3, 5) for m in (1, 2, 5)]
    shown = [m for m in marks if 0.8 * min(values) <= m <= 1.25 * max(values)]
    axes[0, 0].set_yticks(shown, [f"{mark:g}" for mark in shown])
    axes[0, 0].minorticks_off()
    axes[0, 0].set_ylabel("Fréchet distance (log scale)")
    return fig


def _territory(ax: Axes, owners: Tensor, others: Tensor, neighbours: int, colours: tuple) -> None:
    for point, reach in zip(owners, neighbour_distance(owners, neighbours), strict=True):
        ax.add_patch(
            Circle(point.tolist(), float(reach), color=colours[0], alpha=0.12, linewidth=0)
        )
    ax.scatter(*owners.T.numpy(), s=14, color=colours[0], alpha=0.6)
    apart = torch.cdist(owners, others) <= neighbour_distance(owners, neighbours)[:, None]
    inside = apart.any(0)
    ax.scatter(*others[inside].T.numpy(), s=34, color=colours[1], edgecolors="white")
    ax.scatter(*others[~inside].T.numpy(), s=34, facecolors="none", edgecolors=colours[1])
    ax.set(xlim=(-3, 6), ylim=(-2.8, 2.8), xticks=[], yticks=[], aspect="equal")


def _show(ax: Axes, board: np.ndarray) -> None:
    ax.imshow(board, interpolation="nearest")
    ax.set_axis_off()


def _name_row(ax: Axes, name: str, colour: str) -> None:
    """The name at the left of a strip, where the layout makes room for it."""
    ax.set_axis_on()
    ax.set_anchor("E")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14, color=colour)
