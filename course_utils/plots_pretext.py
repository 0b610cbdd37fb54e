"""Figures of the lessons on pretext tasks: rotation, patches, puzzles, holes and sequences.

Every function is pure: numbers in, one matplotlib ``Figure`` out. What stands beside a slider
is drawn by the same function as the static figure before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure

__all__ = [
    "TURN_NAMES", "accuracy_bars", "completion_rows", "dilation_tree", "heat_rows", "label_curves",
    "labels_needed", "patch_question", "score_table", "sound_panel", "surprise_text", "turn_panel",
]  # fmt: skip

TURN_NAMES = ("0°", "90°", "180°", "270°")
GAIN = LinearSegmentedColormap.from_list("gain", ["#E9A07B", "#F7F5F2", "#64A5D3"])
HEAT = LinearSegmentedColormap.from_list("heat", [(1, 0.95, 0.7, 0.0), (1, 0.55, 0.1, 0.9)])
Picture = Float[Tensor, "3 height width"]


def _show(ax: Axes, picture: Tensor | np.ndarray, title: str = "") -> None:
    ax.imshow(as_pictures(torch.as_tensor(picture)[None])[0], interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=title)
    for spine in ax.spines.values():
        spine.set_visible(False)


# ---------------------------------------------------------------------------- rotation


def turn_panel(
    picture: Picture,
    degrees: Float[Tensor, " angles"],
    probabilities: Float[Tensor, "angles 4"],
    angle: float = 0.0,
) -> Figure:
    """A turned picture, the four probabilities there, and how they run over the whole circle.

    Args:
        picture: as the network sees it, already turned by ``angle``.
        degrees: increasing angles at which ``probabilities`` were computed.

    Raises:
        ValueError: when the numbers of angles and probabilities differ.
    """
    if probabilities.shape != (len(degrees), 4):
        raise ValueError(
            f"expected ({len(degrees)}, 4) probabilities, got {tuple(probabilities.shape)}"
        )
    fig, axes = figure(11.0, 3.6, ncols=3, width_ratios=[1, 0.9, 2.1])
    _show(axes[0], picture, f"turned by {angle:.0f}°")
    now = [np.interp(angle, degrees, probabilities[:, k]) for k in range(4)]
    bars = axes[1].barh(TURN_NAMES, now, color=CYCLE[:4])
    axes[1].set(xlim=(0, 1.32), xticks=[0, 1], title="p(turn)")
    axes[1].invert_yaxis()
    axes[1].bar_label(bars, [f"{p:.2f}" for p in now], padding=4)
    for k, name in enumerate(TURN_NAMES):
        axes[2].plot(degrees, probabilities[:, k], color=CYCLE[k], label=name)
    axes[2].axvline(angle, color=INK, linewidth=1.5, linestyle=(0, (4, 3)))
    axes[2].set(xlim=(float(degrees[0]), float(degrees[-1])), ylim=(-0.03, 1.03))
    axes[2].set(xticks=range(0, 361, 90), xlabel="degrees, counter-clockwise", ylabel="p(turn)")
    axes[2].legend(
        loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.1, handlelength=1.2
    )
    return fig


def heat_rows(
    images: Float[Tensor, "n 3 height width"],
    heats: Mapping[str, Float[Tensor, "n rows columns"]],
    labels: Sequence[str] | None = None,
) -> Figure:
    """Pictures in the first row, below them one row per heat map laid over the grey picture.

    Each map is scaled by its own largest value; values below 0 count as 0.

    Raises:
        ValueError: when a row has another number of maps than there are pictures.
    """
    if wrong := [name for name, heat in heats.items() if len(heat) != len(images)]:
        raise ValueError(f"{len(images)} pictures but other numbers of maps in {wrong}")
    count, pictures = len(images), as_pictures(images)
    fig, axes = figure(
        1.35 * count + 1.9,
        1.4 * (len(heats) + 1) + 0.3,
        nrows=len(heats) + 1,
        ncols=count,
        squeeze=False,
    )
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.03, wspace=0.02, hspace=0.02)
    for column in range(count):
        _show(axes[0, column], images[column])
        axes[0, column].set_title(
            "" if labels is None else labels[column], loc="center", fontsize=13
        )
    for row, heat in enumerate(heats.values(), start=1):
        for column in range(count):
            ax = axes[row, column]
            _show(ax, images[column].mean(dim=0, keepdim=True).expand(3, -1, -1) * 0.6 + 0.4)
            warm = heat[column].clamp(min=0)
            height, width = pictures.shape[1:3]
            extent = (-0.5, width - 0.5, height - 0.5, -0.5)
            ax.imshow(
                warm / warm.max().clamp(min=1e-9),
                cmap=HEAT,
                vmin=0,
                vmax=1,
                extent=extent,
                interpolation="bilinear",
            )
    for row, name in enumerate(["picture", *heats]):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=13)
    return fig


def accuracy_bars(
    values: Mapping[str, float], chance: float, title: str = "", highlight: float | None = None
) -> Figure:
    """Horizontal bars of accuracies, best first, with the level of guessing.

    highlight: bars below this value take the warning colour.
    """
    ordered = dict(sorted(values.items(), key=lambda item: -item[1]))
    fig, ax = figure(8.5, 0.36 * len(ordered) + 1.3)
    low = highlight if highlight is not None else -1.0
    colours = [BAD if value < low else REAL for value in ordered.values()]
    bars = ax.barh(list(ordered), list(ordered.values()), color=colours, height=0.72)
    ax.bar_label(bars, [f"{100 * value:.0f} %" for value in ordered.values()], padding=4)
    ax.axvline(chance, color=INK, linestyle=(0, (4, 3)), linewidth=1.5)
    ax.set(xlim=(0, 1.12), xticks=np.linspace(0, 1, 6), title=title)
    ax.set_xlabel("accuracy (dashed: guessing)")
    ax.invert_yaxis()
    return fig


def label_curves(
    budgets: Sequence[int],
    runs: Mapping[str, Float[Tensor, "seeds budgets"]],
    budget: int | None = None,
) -> Figure:
    """Test accuracy against labels per class: a line for the mean over seeds, a band for its range.

    budget: draws a cursor there, writes each mean beside its name, and shows how many labels the
    second run needs for what the first reaches at the cursor.

    Raises:
        ValueError: when a run has another number of budgets, or the cursor is at none of them.
    """
    if wrong := [
        name for name, run in runs.items() if run.ndim != 2 or run.shape[1] != len(budgets)
    ]:
        raise ValueError(f"{wrong} do not have {len(budgets)} budgets a seed")
    if budget is not None and budget not in budgets:
        raise ValueError(f"there is no run with {budget} labels a class; there are {list(budgets)}")
    fig, ax = figure(9.0, 4.6)
    for colour, (name, run) in zip((REAL, FAKE, MUTED, GOOD), runs.items(), strict=False):
        mean, low, high = run.mean(dim=0), run.amin(dim=0), run.amax(dim=0)
        at = "" if budget is None else f"  {100 * mean[list(budgets).index(budget)]:.1f} %"
        ax.plot(budgets, 100 * mean, color=colour, marker="o", label=name + at)
        ax.fill_between(budgets, 100 * low, 100 * high, color=colour, alpha=0.18, linewidth=0)
    if budget is not None:
        ax.axvline(budget, color=INK, linestyle=(0, (4, 3)), linewidth=1.5)
        means = [run.mean(dim=0).tolist() for run in runs.values()]
        if len(means) > 1:
            level = means[0][list(budgets).index(budget)]
            ratio = _mark_exchange(ax, budgets, level, means[1], budget)
            ax.set_title(f"{list(runs)[1]}: {ratio}")
    ax.set_xscale("log")
    ax.set_xticks(budgets, [str(b) for b in budgets])
    ax.minorticks_off()
    ax.set(xlabel="labels per class", ylabel="test accuracy in %")
    ax.grid(axis="y")
    ax.legend(loc="lower right")
    return fig


def labels_needed(
    budgets: Sequence[int], accuracies: Sequence[float], level: float
) -> float | None:
    """Returns the labels per class at which a curve first reaches ``level``, None if it never does.

    Straight lines between the points, on a logarithmic axis of labels. A curve that begins above
    the level gives its first budget.
    """
    if accuracies[0] >= level:
        return float(budgets[0])
    for k, high in enumerate(accuracies[1:], start=1):
        if high >= level:
            low = accuracies[k - 1]
            share = (level - low) / (high - low)
            return budgets[k - 1] * (budgets[k] / budgets[k - 1]) ** share
    return None


def _mark_exchange(
    ax: Axes, budgets: Sequence[int], level: float, other: Sequence[float], budget: int
) -> str:
    """Draws a level line from the cursor to where the other curve gets as high; tells the ratio."""
    needed = labels_needed(budgets, other, level)
    end = budgets[-1] if needed is None else needed
    ax.plot([budget, end], [100 * level] * 2, color=INK, linewidth=1.5, linestyle=(0, (1, 1.5)))
    more = "more than " if needed is None else ""
    return f"{more}{end / budget:.1f} × the labels for the same accuracy"


def score_table(
    values: Float[Tensor, "rows columns"],
    rows: Sequence[str],
    columns: Sequence[str],
    reference: Float[Tensor, "#rows columns"] | None = None,
    spread: Float[Tensor, "rows columns"] | None = None,
    title: str = "",
) -> Figure:
    """A table of scores in points of 100, coloured by the gain over ``reference``.

    Blue is above the reference, orange below; 15 points saturate. Without a reference the
    columns are coloured by their own mean. ``spread`` is written small below each score.

    Raises:
        ValueError: when names and numbers do not agree.
    """
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"{len(rows)} x {len(columns)} names for scores {tuple(values.shape)}")
    base = values.mean(dim=0, keepdim=True) if reference is None else reference
    fig, ax = figure(1.45 * len(columns) + 3.4, 0.62 * len(rows) + 1.1)
    ax.imshow((values - base).clamp(-0.15, 0.15), cmap=GAIN, vmin=-0.15, vmax=0.15, aspect="auto")
    best = values.argmax(dim=0)
    for i, j in np.ndindex(*values.shape):
        small = "" if spread is None else f" ±{100 * spread[i, j]:.0f}"
        bold = "bold" if int(best[j]) == i else "normal"
        ax.text(
            j,
            i,
            f"{100 * values[i, j]:.0f}{small}",
            ha="center",
            va="center",
            fontsize=15,
            fontweight=bold,
        )
    ax.set_xticks(range(len(columns)), columns)
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0, top=True, labeltop=True, bottom=False, labelbottom=False, labelsize=14)
    ax.spines[:].set_visible(False)
    ax.set_title(title, pad=12)
    return fig


# ------------------------------------------------------------------------------- parts


def patch_question(
    centre: Picture,
    other: Picture,
    probabilities: Float[Tensor, " 8"] | None = None,
    label: int | None = None,
    picture: Picture | None = None,
) -> Figure:
    """The lecture's question: to which of the eight places round the centre does the patch belong?

    With ``probabilities`` the places show what the network thinks, with ``label`` the right one
    is framed, with ``picture`` the whole picture stands beside.
    """
    fig, axes = figure(
        9.6 if picture is None else 12.6,
        4.2,
        ncols=3 if picture is not None else 2,
        width_ratios=[1.35, 1] + [1] * (picture is not None),
    )
    board = axes[0]
    board.set(
        xlim=(-1.55, 1.55),
        ylim=(1.55, -1.55),
        xticks=[],
        yticks=[],
        aspect="equal",
        title="where does it belong?",
    )
    board.spines[:].set_visible(False)
    board.imshow(
        as_pictures(centre[None])[0],
        extent=(-0.45, 0.45, 0.45, -0.45),
        interpolation="nearest",
        zorder=2,
    )
    places = [(d, r) for d in (-1, 0, 1) for r in (-1, 0, 1) if (d, r) != (0, 0)]
    for number, (down, right) in enumerate(places):
        right_one = label is not None and number == label
        p = 0.0 if probabilities is None else float(probabilities[number])
        box = Rectangle(
            (right - 0.45, down - 0.45), 0.9, 0.9, facecolor=REAL, alpha=0.08 + 0.8 * p, zorder=1
        )
        board.add_patch(box)
        if right_one:
            frame = Rectangle(
                (right - 0.45, down - 0.45),
                0.9,
                0.9,
                fill=False,
                edgecolor=GOOD,
                linewidth=5,
                zorder=3,
            )
            board.add_patch(frame)
        words = str(number + 1) if probabilities is None else f"{number + 1}\n{100 * p:.0f} %"
        board.text(right, down, words, ha="center", va="center", fontsize=16, zorder=4)
    board.set_xlim(-1.55, 1.55)
    board.set_ylim(1.55, -1.55)
    _show(axes[1], other, "this patch")
    if picture is not None:
        _show(axes[2], picture, "the whole picture")
    return fig


def completion_rows(rows: Mapping[str, Float[Tensor, "n 3 height width"]]) -> Figure:
    """Rows of pictures that belong together column by column, each row with its name.

    Raises:
        ValueError: when there is no row or the rows differ in length.
    """
    if len({len(row) for row in rows.values()}) != 1:
        raise ValueError("rows need the same number of pictures, and at least one row")
    count = len(next(iter(rows.values())))
    fig, axes = figure(
        1.25 * count + 2.0, 1.27 * len(rows), nrows=len(rows), ncols=count, squeeze=False
    )
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(line, row, strict=True):
            _show(ax, picture)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=13)
    return fig


# --------------------------------------------------------------------------- sequences


def surprise_text(text: str, nats: Float[Tensor, " characters"], width: int = 64) -> Figure:
    """A text whose characters are shaded by how little the model expected them, ``-log p``.

    White was certain, full orange 3 nats or more. ``nats[i]`` belongs to ``text[i]``.

    Raises:
        ValueError: when there are not as many numbers as characters.
    """
    if len(text) != len(nats) or not text:
        raise ValueError(f"{len(text)} characters but {len(nats)} numbers")
    lines = -(-len(text) // width)
    fig, ax = figure(11.0, 0.42 * lines + 0.3)
    ax.set(xlim=(0, width), ylim=(lines, 0))
    ax.set_axis_off()
    for place, (character, surprise) in enumerate(zip(text, nats.tolist(), strict=True)):
        x, y = place % width, place // width
        ax.add_patch(
            Rectangle(
                (x, y + 0.04), 1, 0.92, facecolor=FAKE, alpha=min(surprise / 3, 1), linewidth=0
            )
        )
        ax.text(
            x + 0.5,
            y + 0.5,
            character,
            ha="center",
            va="center",
            family="DejaVu Sans Mono",
            fontsize=14,
        )
    return fig


def dilation_tree(dilations: Sequence[int], kernel_size: int = 2) -> Figure:
    """Which samples the last output of a stack of dilated causal convolutions is made of."""
    field = 1 + (kernel_size - 1) * sum(dilations)
    fig, ax = figure(11.0, 0.55 * len(dilations) + 1.3)
    layers = [range(field)] + [range(field)] * len(dilations)
    for height, cells in enumerate(layers):
        ax.scatter(cells, [height] * field, s=46, color="#D9D9D9", zorder=2)
    alive = {field - 1}
    for height in range(len(dilations), 0, -1):
        step = dilations[height - 1]
        below = {cell - k * step for cell in alive for k in range(kernel_size)}
        for cell in alive:
            for k in range(kernel_size):
                ax.plot(
                    [cell, cell - k * step],
                    [height, height - 1],
                    color=REAL,
                    linewidth=1.4,
                    zorder=1,
                )
        ax.scatter(
            sorted(alive),
            [height] * len(alive),
            s=52,
            color=FAKE if height == len(dilations) else REAL,
            zorder=3,
        )
        alive = below
    ax.scatter(sorted(alive), [0] * len(alive), s=52, color=REAL, zorder=3)
    ax.set_yticks(range(len(dilations) + 1), ["input", *[f"dilation {d}" for d in dilations]])
    ax.set(xlabel="sample (the last output is orange)", xlim=(-0.7, field - 0.3))
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    return fig


def sound_panel(
    known: Float[Tensor, " past"],
    truth: Float[Tensor, " future"],
    drawn: Mapping[str, Float[Tensor, " future"]],
) -> Figure:
    """A tone, how it really goes on, and how a model continues it, one row per model.

    Raises:
        ValueError: when a continuation has another length than the truth.
    """
    if wrong := [name for name, future in drawn.items() if len(future) != len(truth)]:
        raise ValueError(f"{wrong} do not continue for {len(truth)} samples")
    fig, axes = figure(11.0, 1.9 * len(drawn) + 0.6, nrows=len(drawn), squeeze=False, sharex=True)
    past = len(known)
    for ax, (name, future) in zip(axes[:, 0], drawn.items(), strict=True):
        ax.plot(range(past), known, color=MUTED, linewidth=1.6, label="given")
        ax.plot(
            range(past, past + len(truth)),
            truth,
            color=REAL,
            linewidth=1.4,
            alpha=0.6,
            label="truth",
        )
        ax.plot(range(past, past + len(truth)), future, color=FAKE, linewidth=1.8, label="drawn")
        ax.set(ylim=(-1.05, 1.05), yticks=[-1, 0, 1], title=name, xlim=(0, past + len(truth)))
    axes[0, 0].legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.1)
    axes[-1, 0].set_xlabel("sample")
    return fig
