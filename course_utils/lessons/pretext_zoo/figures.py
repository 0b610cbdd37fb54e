"""Figures of the lessons on pretext tasks: rotation, patches, puzzles, holes and sequences.

Every function is pure: numbers in, one matplotlib ``Figure`` out. What stands beside a slider
is drawn by the same function as the static figure before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.lessons.shared import Picture, show_picture
from course_utils.plots import FAKE, GOOD, MUTED, REAL, as_pictures, figure

# ---------------------------------------------------------------------------- rotation


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
    show_picture(axes[1], other, "this patch")
    if picture is not None:
        show_picture(axes[2], picture, "the whole picture")
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


# ----------------------------------------------------------------------------- gallery


Pictures = Float[Tensor, "n 3 height width"]
Corners = Int[Tensor, "n 2"]
QUESTIONS = ("a picture", "where does B lie?", "in which order?", "what was here?")


def pretext_gallery(
    pictures: Pictures,
    corners: tuple[Corners, Corners],
    side: int,
    tiles: Float[Tensor, "n tiles 3 tile tile"],
    erased: Pictures,
) -> Figure:
    """Each picture beside what three pretext tasks make of it: two patches, a puzzle, a hole.

    Args:
        corners: (top, left) of the patches A and B, squares of ``side`` pixels.
        tiles: the shuffled pieces, row by row; erased: the picture with its hole.

    Raises:
        ValueError: when the parts belong to different numbers of pictures.
    """
    counts = {len(part) for part in (pictures, *corners, tiles, erased)}
    if len(counts) != 1:
        raise ValueError(f"parts of {sorted(counts)} pictures do not belong together")
    count = len(pictures)
    fig, axes = figure(10.6, 2.62 * count + 0.4, nrows=count, ncols=4, squeeze=False)
    for row, line in enumerate(axes):
        _picture(line[0], pictures[row])
        _two_patches(line[1], pictures[row], (corners[0][row], corners[1][row]), side)
        _pieces(line[2], tiles[row])
        _picture(line[3], erased[row])
    for ax, question in zip(axes[0], QUESTIONS, strict=True):
        ax.set_title(question)
    return fig


def _picture(ax: Axes, picture: Tensor) -> None:
    ax.imshow(as_pictures(picture[None])[0], interpolation="nearest")
    ax.set_axis_off()


def _two_patches(ax: Axes, picture: Tensor, corners: tuple[Tensor, Tensor], side: int) -> None:
    """The picture nearly white, but for two framed patches, A and B."""
    seen = 0.2 * picture + 0.8
    for top, left in (corner.tolist() for corner in corners):
        window = (slice(None), slice(top, top + side), slice(left, left + side))
        seen[window] = picture[window]
    _picture(ax, seen)
    for corner, colour, name in zip(corners, (REAL, FAKE), "AB", strict=True):
        top, left = corner.tolist()
        place = (left - 0.5, top - 0.5)
        ax.add_patch(Rectangle(place, side, side, fill=False, edgecolor=colour, linewidth=4))
        label = {"boxstyle": "round,pad=0.15", "facecolor": colour, "edgecolor": "none"}
        ax.text(
            left + side / 2 - 0.5, top - 0.5, name,
            ha="center", va="center", color="white", fontsize=15, fontweight="bold", bbox=label,
        )  # fmt: skip


def _pieces(ax: Axes, tiles: Tensor) -> None:
    """The pieces on white, with gaps between them."""
    grid = round(len(tiles) ** 0.5)
    gap = max(1, tiles.shape[-1] // 10)
    step = tiles.shape[-1] + gap
    board = torch.ones(3, grid * step - gap, grid * step - gap)
    for place, tile in enumerate(tiles):
        top, left = step * (place // grid), step * (place % grid)
        board[:, top : top + step - gap, left : left + step - gap] = tile
    _picture(ax, board)
