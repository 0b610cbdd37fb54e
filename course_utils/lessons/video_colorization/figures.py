"""Figures of the lesson on colouring videos by pointing: frames, attention, tracks, curves.

Every function is pure: numbers in, one matplotlib ``Figure`` out. Points and cells are counted in
pixels of the frame, x to the right and y down, (0, 0) the top-left corner.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from torch import Tensor

from course_utils.lessons.shared import Picture, Pictures, grey, heat_over, pixel_index, show_titled
from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, figure
from course_utils.selfsup import color

METHOD_COLOURS = {
    "trained": REAL,
    "random features": FAKE,
    "identity": MUTED,
    "true flow": GOOD,
}


def _grid(rows: int, columns: int, side: float, left: float = 1.5) -> tuple[Figure, np.ndarray]:
    fig, axes = figure(
        side * columns + left, (side + 0.03) * rows + 0.5, nrows=rows, ncols=columns, squeeze=False
    )
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    return fig, axes


def _name_row(ax: Axes, name: str) -> None:
    ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14, labelpad=8)


# ------------------------------------------------------------------------------- frames


def frame_rows(rows: Mapping[str, Pictures], titles: Sequence[str] = ()) -> Figure:
    """Rows of pictures, named at their left, with a title over each column.

    Raises:
        ValueError: when rows differ in length, or there is another number of titles.
    """
    lengths = {len(pictures) for pictures in rows.values()}
    if len(lengths) != 1 or (titles and len(titles) not in lengths):
        raise ValueError(
            f"rows of {sorted(lengths)} pictures and {len(titles)} titles do not agree"
        )
    fig, axes = _grid(len(rows), lengths.pop(), 1.75)
    for row, (line, (name, pictures)) in enumerate(zip(axes, rows.items(), strict=True)):
        for column, (ax, picture) in enumerate(zip(line, pictures, strict=True)):
            show_titled(ax, picture, titles[column] if titles and row == 0 else "")
        _name_row(line[0], name)
    return fig


def quiz_panel(
    reference: Picture,
    target: Picture,
    asked: Sequence[float],
    choices: Mapping[str, Sequence[float]],
    answer: str = "",
) -> Figure:
    """A grey target with one marked point, and lettered points of the reference to copy from.

    With an ``answer`` that choice is ringed in green and the target is shown in colour.
    """
    fig, axes = figure(9.4, 5.1, ncols=2)
    shown = target if answer else grey(target[None])[0]
    show_titled(axes[0], reference, "reference frame, in colour")
    show_titled(axes[1], shown, "target frame" if answer else "target frame, grey")
    axes[1].plot(*pixel_index(asked), "o", ms=15, mfc="none", mec="white", mew=5)
    axes[1].plot(*pixel_index(asked), "o", ms=15, mfc="none", mec=BAD, mew=2.5)
    for letter, place in choices.items():
        ring = GOOD if letter == answer else INK
        axes[0].text(
            *pixel_index(place), letter, ha="center", va="center", fontsize=13, fontweight="bold",
            color="white",
            bbox={"boxstyle": "circle,pad=0.25", "fc": ring, "ec": "white", "lw": 1.6},
        )  # fmt: skip
    return fig


# ---------------------------------------------------------------------------- attention


def weight_table(attention: Float[Tensor, "reference target"]) -> Figure:
    """The numbers of a small A as a table: rows reference cells, columns target cells, and sums."""
    rows, columns = attention.shape
    fig, ax = figure(1.5 * columns + 3.2, 0.6 * rows + 1.6)
    ax.imshow(attention, cmap="Blues", vmin=0, vmax=1.4, aspect="auto")
    for i in range(rows):
        for j in range(columns):
            ax.text(j, i, f"{attention[i, j]:.3f}", ha="center", va="center", fontsize=15)
        ax.text(columns - 0.35, i, f"sum {attention[i].sum():.3f}", va="center", color=MUTED)
    for j in range(columns):
        ax.text(
            j, rows - 0.3, f"sum {attention[:, j].sum():.3f}", ha="center", va="center", color=GOOD
        )
    ax.set(xticks=range(columns), xticklabels=[f"target {j}" for j in range(columns)])
    ax.set(yticks=range(rows), yticklabels=[f"reference {i}" for i in range(rows)])
    ax.set(xlim=(-0.5, columns + 0.4), ylim=(rows, -0.5))
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    return fig


def palette_panel(
    frame: Picture, palette: Float[Tensor, "colours 2"], labels: Tensor, lightness: float = 65.0
) -> Figure:
    """A frame, the palette (at one lightness), and the frame with each cell's palette colour."""
    fig, axes = figure(11.2, 3.9, ncols=3)
    show_titled(axes[0], frame, "frame")
    swatches = _at_lightness(palette, lightness)
    side = int(np.ceil(np.sqrt(len(palette))))
    axes[1].set(xlim=(0, side), ylim=(side, 0), aspect="equal", xticks=[], yticks=[])
    for k, swatch in enumerate(swatches.tolist()):
        row, column = divmod(k, side)
        axes[1].add_patch(Rectangle((column + 0.05, row + 0.05), 0.9, 0.9, color=swatch))
        axes[1].text(column + 0.5, row + 0.5, str(k), ha="center", va="center", fontsize=13)
    axes[1].set_title(f"palette of {len(palette)} colours", loc="center", fontsize=14)
    for spine in axes[1].spines.values():
        spine.set_visible(False)
    show_titled(axes[2], swatches[labels].permute(2, 0, 1), "label of each cell")
    return fig


def _at_lightness(palette: Tensor, lightness: float) -> Float[Tensor, "colours 3"]:
    lab = torch.cat([torch.full_like(palette[:, :1], lightness), palette], dim=1)
    return color.lab_to_rgb(lab.T[None, :, :, None])[0, :, :, 0].T


def attention_panel(
    reference: Picture,
    target: Picture,
    asked: Sequence[float],
    heats: Mapping[str, Float[Tensor, "rows columns"]],
) -> Figure:
    """The target with a marked point; where it points to in the reference, one map a method."""
    fig, axes = figure(3.3 * (len(heats) + 2), 3.7, ncols=len(heats) + 2)
    show_titled(axes[0], grey(target[None])[0], "target, grey: one point asked")
    axes[0].plot(*pixel_index(asked), "o", ms=14, mfc="none", mec="white", mew=5)
    axes[0].plot(*pixel_index(asked), "o", ms=14, mfc="none", mec=BAD, mew=2.5)
    show_titled(axes[1], reference, "reference")
    for ax, (name, heat) in zip(axes[2:], heats.items(), strict=True):
        show_titled(ax, heat_over(reference, heat), f"A: {name}")
    return fig


# ------------------------------------------------------------------------------- tracks


def mask_rows(
    frames: Pictures, rows: Mapping[str, Bool[Tensor, "n height width"]], titles: Sequence[str]
) -> Figure:
    """Frames with a mask laid over them, one row a method; what is not the object is dimmed.

    Raises:
        ValueError: when a row has another number of masks than there are frames.
    """
    if wrong := [name for name, masks in rows.items() if len(masks) != len(frames)]:
        raise ValueError(f"{len(frames)} frames but other numbers of masks in {wrong}")
    fig, axes = _grid(len(rows), len(frames), 1.75, left=1.7)
    dim = 0.35 * grey(frames) + 0.55
    for row, (line, (name, masks)) in enumerate(zip(axes, rows.items(), strict=True)):
        tone = INK if name == "identity" else METHOD_COLOURS.get(name, GOOD)
        tint = torch.tensor(_rgb(tone)).view(1, 3, 1, 1)
        inside = 0.35 * frames + 0.65 * tint
        pictures = torch.where(masks[:, None], inside, dim)
        for column, (ax, picture) in enumerate(zip(line, pictures, strict=True)):
            show_titled(ax, picture, titles[column] if row == 0 else "")
        _name_row(line[0], name)
    return fig


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))


def point_rows(
    frames: Pictures,
    truth: Float[Tensor, "n points 2"],
    visible: Bool[Tensor, "n points"],
    rows: Mapping[str, Float[Tensor, "n points 2"]],
    reach: float,
) -> Figure:
    """Found keypoints as dots over frames; a ring of radius ``reach`` is round each true one."""
    fig, axes = _grid(len(rows), len(frames), 1.95, left=1.7)
    for line, (name, found) in zip(axes, rows.items(), strict=True):
        for column, ax in enumerate(line):
            show_titled(ax, 0.6 * grey(frames[column : column + 1])[0] + 0.4)
            for k in visible[column].nonzero()[:, 0].tolist():
                tone = CYCLE[k % len(CYCLE)]
                ring = Circle(pixel_index(truth[column, k]), reach, fill=False, ec=tone, lw=1.3)
                ax.add_patch(ring)
                ax.plot(
                    *pixel_index(found[column, k]), "o", ms=5.5, color=tone, mec="white", mew=0.8
                )
        _name_row(line[0], name)
    return fig


def distance_curves(
    runs: Mapping[str, Float[Tensor, "seeds frames"]],
    ylabel: str,
    markers: Mapping[str, str] | None = None,
) -> Figure:
    """A score against the distance from the first frame: mean over seeds, and their range.

    A method without seeds has one row. Frame 0, where the labels are given, is not drawn.
    """
    fig, ax = figure(9.4, 4.9)
    for name, scores in runs.items():
        values = 100 * scores[:, 1:]
        x = range(1, scores.shape[1])
        colour = METHOD_COLOURS.get(name.split(",")[0], INK)
        style = (markers or {}).get(name, "-")
        ax.plot(x, values.mean(0), style, color=colour, marker="o", ms=5)
        ax.fill_between(x, values.amin(0), values.amax(0), color=colour, alpha=0.2, lw=0)
    _names_at_ends(
        ax, {name: 100 * scores[:, -1].mean().item() for name, scores in runs.items()}, runs
    )
    ax.set(xlabel="frames from the one whose labels are given", ylabel=ylabel, ylim=(0, 100))
    ax.set_xticks(list(range(1, next(iter(runs.values())).shape[1])))
    ax.grid(axis="y")
    return fig


def _names_at_ends(ax: Axes, ends: Mapping[str, float], runs: Mapping[str, Tensor]) -> None:
    """Each line's name beside its end, pushed apart where they would overlap."""
    last = next(iter(runs.values())).shape[1] - 1
    height = -np.inf
    for name, value in sorted(ends.items(), key=lambda item: item[1]):
        height = max(value, height + 6.5)
        colour = METHOD_COLOURS.get(name.split(",")[0], INK)
        ax.annotate(
            name, (last + 0.12, height), color=colour, va="center", fontsize=14,
            annotation_clip=False,
        )  # fmt: skip


def emergence_curve(
    steps: Sequence[int],
    similarity: Float[Tensor, "seeds moments"],
    identity: float,
    colour_loss: Float[Tensor, "seeds moments"],
) -> Figure:
    """Colouring loss falls, tracking rises: both against the steps of training."""
    fig, axes = figure(11.4, 4.3, ncols=2)
    for ax, values, tone in ((axes[0], colour_loss, FAKE), (axes[1], 100 * similarity, REAL)):
        ax.plot(steps, values.mean(0), color=tone, marker="o")
        ax.fill_between(steps, values.amin(0), values.amax(0), color=tone, alpha=0.2, lw=0)
        ax.set(xlabel="steps of training")
        ax.grid(axis="y")
    axes[0].set(title="what is trained: colouring", ylabel="loss on new clips (nats)")
    axes[1].set(
        title="what was never trained: tracking", ylabel="J, mean over frames (%)", ylim=(0, 100)
    )
    axes[1].axhline(100 * identity, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.8)
    axes[1].text(
        steps[-1], 100 * identity - 2, "identity", color=MUTED, ha="right", va="top", fontsize=13
    )
    return fig


def repair_bars(values: Mapping[str, float], reference: str, title: str = "") -> Figure:
    """Horizontal bars of a score in %, the repaired one in blue and the failures in red.

    Raises:
        ValueError: when ``reference`` is not one of the values.
    """
    if reference not in values:
        raise ValueError(f"there is no {reference!r} among {list(values)}")
    fig, ax = figure(9.4, 0.5 * len(values) + 1.2)
    colours = [REAL if name == reference else BAD for name in values]
    bars = ax.barh(
        list(values), [100 * value for value in values.values()], color=colours, height=0.7
    )
    ax.bar_label(bars, [f"{100 * value:.0f} %" for value in values.values()], padding=4)
    ax.axvline(100 * values[reference], color=REAL, linestyle=(0, (4, 3)), linewidth=1.5)
    ax.set(xlim=(0, 100), xlabel="J, mean over frames (%)", title=title)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    return fig
