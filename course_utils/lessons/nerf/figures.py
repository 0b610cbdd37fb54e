"""Pictures of encodings, samples and directions of a radiance field, in the house style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from course_utils.lessons.shared import FOG
from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure
from course_utils.vision3d.fields.encoding_fits import code_similarity
from course_utils.vision3d.fields.encodings import positional_encoding

__all__ = ["ablation", "curve_fits", "direction_discs", "encoding_panel", "errors_by_octaves"]
__all__ += ["race", "samples_in_slice", "samples_on_ray"]


def encoding_panel(octaves: int = 6, compared: Sequence[int] = (1, 3, 6)) -> Figure:
    """The code of every number in [-1, 1] as columns of a picture; and how alike two codes are.

    compared: numbers of octaves whose similarity is drawn against the gap of two numbers.
    """
    fig, axes = figure(11.5, 4.3, ncols=2, gridspec_kw={"width_ratios": [1.25, 1]})
    x = torch.linspace(-1, 1, 601)
    code = positional_encoding(x[:, None], octaves).T
    axes[0].imshow(
        code.numpy(), cmap="RdBu_r", aspect="auto", extent=(-1, 1, 2 * octaves, 0), vmin=-1, vmax=1
    )
    names = [f"{f} $2^{k}\\pi p$" for k in range(octaves) for f in ("sin", "cos")]
    axes[0].set_yticks([k + 0.5 for k in range(2 * octaves)], names, fontsize=11)
    axes[0].set(xlabel="the number p", title=f"its code, {2 * octaves} numbers")
    for colour, count in zip(CYCLE, compared, strict=False):
        axes[1].plot(x, code_similarity(x, count), color=colour, label=f"L = {count}")
    axes[1].set(xlabel="gap p - q", title="how alike are two codes?", ylim=(-1.65, 1.1))
    axes[1].set_yticks([-1, 0, 1])
    axes[1].legend(loc="lower center", ncols=len(compared), handlelength=1.2)
    return fig


def curve_fits(
    line: tuple[Float[Tensor, "points"], Float[Tensor, "points"]],
    data: tuple[Float[Tensor, "data"], Float[Tensor, "data"]],
    fits: Mapping[str, Float[Tensor, "points"]],
    good: Sequence[str] = (),
) -> Figure:
    """The same curve fitted several times, side by side: truth, data, fit. Places and values.

    good: names to be written in green.

    Raises: ValueError if there is no fit.
    """
    if not fits:
        raise ValueError("there are no fits to show")
    fig, axes = figure(3.4 * len(fits) + 0.6, 3.4, ncols=len(fits), sharey=True, squeeze=False)
    for ax, (name, fitted) in zip(axes[0], fits.items(), strict=True):
        ax.plot(*line, color=MUTED, linewidth=1.4, label="truth")
        ax.plot(line[0], fitted, color=FAKE, label="fit")
        ax.plot(*data, "o", color=REAL, markersize=3.5, label="data")
        ax.set_title(name, color=GOOD if name in good else INK)
        ax.set(xlabel="x", ylim=(-1.25, 1.25), xticks=[-1, 0, 1], yticks=[-1, 0, 1])
    axes[0, 0].legend(loc="lower left", fontsize=11, handlelength=1.2)
    return fig


def errors_by_octaves(
    octaves: Sequence[int],
    seen: Sequence[float],
    unseen: Sequence[float],
    limit: int | None = None,
    unit: str = "PSNR, dB",
) -> Figure:
    """Quality at the data and between them, against the number of octaves (0: no encoding).

    limit: the most octaves that the spacing of the data can carry, marked.

    Raises: ValueError if the lists differ in length.
    """
    if not len(octaves) == len(seen) == len(unseen):
        raise ValueError(f"{len(octaves)} fits, but {len(seen)} and {len(unseen)} numbers")
    fig, ax = figure(8.5, 4.2)
    if limit is not None:
        ax.axvline(limit, color=GOOD, linewidth=8, alpha=0.25)
        ax.text(
            limit,
            1.01,
            "limit of the data",
            color=GOOD,
            ha="center",
            transform=ax.get_xaxis_transform(),
        )
    ax.plot(octaves, seen, "o-", color=REAL, label="at the data")
    ax.plot(octaves, unseen, "o-", color=FAKE, label="between the data")
    ax.set_xticks(octaves, ["none" if n == 0 else str(n) for n in octaves])
    ax.set(xlabel="octaves L", ylabel=unit)
    ax.grid(axis="y")
    ax.legend(loc="lower left")
    return fig


def ablation(
    columns: Mapping[str, Float[Tensor, "views 3 height width"]],
    boxes: Sequence[tuple[int, int, int, int]],
    notes: Mapping[str, str],
) -> Figure:
    """The same views by several models, as in figure 4 of NeRF: whole above, enlarged below.

    boxes: (view, top, left, side) in pixels; the whole view of the first is shown, with its box.
    notes: what is written below a column.

    Raises: ValueError if there is no column or no box.
    """
    if not columns or not boxes:
        raise ValueError("needs at least one column and one box")
    fig, axes = figure(
        2.75 * len(columns), 2.75 * (1 + len(boxes)) + 0.7,
        nrows=1 + len(boxes), ncols=len(columns), squeeze=False,
    )  # fmt: skip
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for k, (name, pictures) in enumerate(columns.items()):
        shown = as_pictures(pictures)
        axes[0, k].imshow(shown[boxes[0][0]], interpolation="nearest")
        axes[0, k].set_title(name, fontsize=14)
        for row, (view, top, left, side) in enumerate(boxes, start=1):
            colour = CYCLE[row - 1]
            axes[row, k].imshow(shown[view, top : top + side, left : left + side])
            _frame(axes[row, k], colour)
            if view == boxes[0][0]:
                corner = (left - 0.5, top - 0.5)
                axes[0, k].add_patch(
                    Rectangle(corner, side, side, fill=False, edgecolor=colour, linewidth=2.5)
                )
        axes[-1, k].set_xlabel(notes.get(name, ""), fontsize=15, color=INK)
    for ax in axes[0]:
        ax.set_axis_off()
    return fig


def _frame(ax: Axes, colour: str) -> None:
    ax.set(xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, color=colour, linewidth=2.5)


def samples_on_ray(
    edges: Float[Tensor, "edges"],
    weights: Float[Tensor, "bins"],
    looks: Mapping[str, Float[Tensor, "samples"]],
    surface: float | None = None,
) -> Figure:
    """The weights that a coarse look found along one ray, and below where each look went.

    looks: distances by name. surface: the true distance of what is seen, marked.

    Raises: ValueError if edges and weights disagree.
    """
    if len(edges) != len(weights) + 1:
        raise ValueError(f"{len(weights)} bins have {len(weights) + 1} edges")
    fig, ax = figure(9.5, 3.6)
    share = weights / weights.sum().clamp_min(1e-9)
    ax.stairs(share.numpy(), edges.numpy(), fill=True, color="#C9CDD1")
    top = 1.15 * max(float(share.max()), 1e-6)
    for row, (colour, (name, at)) in enumerate(zip(CYCLE, looks.items(), strict=False), start=1):
        height = -0.14 * row * top
        ax.plot(
            at, torch.full_like(at, height), "|", color=colour, markersize=17, markeredgewidth=1.8
        )
        ax.text(float(edges[-1]), height, f" {name}: {len(at)}", color=colour, va="center")
    if surface is not None:
        ax.axvline(surface, color=GOOD, linestyle="--", linewidth=1.8)
        ax.text(surface, 0.97 * top, "the surface ", color=GOOD, ha="right", va="top")
    ax.set_ylim(-0.14 * (len(looks) + 0.8) * top, top)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set(xlabel="distance along the ray", title="coarse weights, divided by their sum")
    return fig


def samples_in_slice(
    density: Float[Tensor, "rows columns"],
    extent: tuple[float, float, float, float],
    looks: Mapping[str, Float[Tensor, "points 2"]],
) -> Figure:
    """A slice of the fog, once per look, with the places (x, z) where it was asked.

    density: row 0 at the bottom. extent: x0, x1, z0, z1 of the slice, in world units.
    """
    fig, axes = figure(4.7 * len(looks), 4.6, ncols=len(looks), squeeze=False, sharey=True)
    for ax, colour, (name, places) in zip(axes[0], CYCLE, looks.items(), strict=False):
        top = float(density.quantile(0.99).clamp_min(1e-6))
        ax.imshow(density.numpy(), origin="lower", extent=extent, cmap=FOG, vmin=0, vmax=top)
        ax.scatter(*places.T.numpy(), s=5, color=colour, linewidths=0)
        ax.set_title(f"{name}: {len(places):,} places", fontsize=14)
        ax.set(xlabel="x", aspect="equal", xlim=extent[:2], ylim=extent[2:])
        ax.locator_params(nbins=5)
    axes[0, 0].set_ylabel("height z")
    return fig


def direction_discs(
    rows: Mapping[str, Sequence[Float[Tensor, "size size 3"]]],
    columns: Sequence[str],
    cameras: Float[Tensor, "cameras 3"] | None = None,
) -> Figure:
    """The colour of a point from all sides: the upper half sphere seen from straight above.

    Pixels without a colour are NaN. cameras: unit vectors towards where photographs were taken.

    Raises: ValueError if a row has another number of discs than there are columns.
    """
    if any(len(row) != len(columns) for row in rows.values()):
        raise ValueError(f"every row needs {len(columns)} discs")
    fig, axes = figure(
        2.7 * len(columns), 2.6 * len(rows) + 0.4,
        nrows=len(rows), ncols=len(columns), squeeze=False,
    )  # fmt: skip
    for k, (line, (name, discs)) in enumerate(zip(axes, rows.items(), strict=True)):
        for ax, column, disc in zip(line, columns, discs, strict=True):
            paint = np.concatenate([disc.clamp(0, 1), torch.isfinite(disc[..., :1]).float()], -1)
            ax.imshow(np.nan_to_num(paint, nan=0.0), extent=(-1, 1, -1, 1), origin="lower")
            ax.add_patch(Circle((0, 0), 1, fill=False, edgecolor=MUTED, linewidth=1.5))
            if cameras is not None:
                above = cameras[cameras[:, 2] > 0]
                ax.scatter(
                    *above[:, :2].T.numpy(), s=9, color="white", edgecolors=INK, linewidths=0.7
                )
            ax.set(xlim=(-1.05, 1.05), ylim=(-1.05, 1.05), xticks=[], yticks=[])
            for spine in ax.spines.values():
                spine.set_visible(False)
            if k == 0:
                ax.set_title(column, fontsize=14)
        line[0].set_ylabel(name, fontsize=14)
    return fig


def race(runs: Mapping[str, Sequence[tuple[float, float]]], ylabel: str = "PSNR, dB") -> Figure:
    """Quality against seconds on the processor, logarithmic, one line per method.

    Raises: ValueError if there is no run, or one without numbers.
    """
    if not runs or not all(len(points) for points in runs.values()):
        raise ValueError("a race needs runs, and numbers in each")
    fig, ax = figure(9, 4.2)
    for colour, (name, points) in zip((BAD, REAL, *CYCLE[2:]), runs.items(), strict=False):
        seconds, quality = zip(*points, strict=True)
        ax.semilogx(seconds, quality, "o-", color=colour, markersize=5, label=name)
    ticks = [
        t for t in (0.1, 0.3, 1, 3, 10, 30, 100, 300) if ax.get_xlim()[0] <= t <= ax.get_xlim()[1]
    ]
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set(xlabel="seconds of one processor core", ylabel=ylabel)
    ax.grid(axis="y")
    ax.legend(loc="lower right")
    return fig
