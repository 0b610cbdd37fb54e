"""Figures of the lesson on SimCLR and MoCo: views, similarities, the queue, what negatives cost.

Every function is pure: numbers in, one matplotlib ``Figure`` out. What stands beside a slider
is drawn by the same function as the static figure before it.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle, Wedge
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from course_utils.plots import FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure

__all__ = ["composition_table", "cost_panel", "queue_ring", "similarity_panel", "view_gallery"]

LETTERS = "abcdefghij"
AGE = LinearSegmentedColormap.from_list("age", ["#0072B2", "#8CBBDC", "#F3E3D3", "#D9D5CF"])
COSINE = LinearSegmentedColormap.from_list("cosine", ["#E9A07B", "#F7F5F2", "#64A5D3"])
SCORE = LinearSegmentedColormap.from_list("score", ["#F7F5F2", "#9CC7E3", "#2F86BE"])


def view_gallery(views: Mapping[str, Float[Tensor, "3 height width"]], columns: int = 5) -> Figure:
    """Named pictures side by side, lettered (a), (b), ... as in the lecture's figure.

    Raises:
        ValueError: when there is none, or more than ten.
    """
    if not 1 <= len(views) <= len(LETTERS):
        raise ValueError(f"expected one to {len(LETTERS)} views, got {len(views)}")
    rows = -(-len(views) // columns)
    fig, axes = figure(2.3 * columns, 2.65 * rows, nrows=rows, ncols=columns, squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    pictures = as_pictures(torch.stack(list(views.values())))
    for ax, letter, name, picture in zip(axes.flat, LETTERS, views, pictures, strict=False):
        ax.imshow(picture, interpolation="nearest")
        ax.set_title(textwrap.fill(f"({letter}) {name}", 19), loc="left", fontsize=12)
    return fig


def similarity_panel(
    cosines: Float[Tensor, "views views"],
    temperature: float = 0.5,
    view: int = 0,
    images: Float[Tensor, "views 3 height width"] | None = None,
) -> Figure:
    """All cosines with the pairs outlined, and the choice that one view makes among the others.

    Rows are two halves: views ``k`` and ``n + k`` show the same picture. The diagonal is no
    candidate and stays blank.

    Args:
        view: the row whose probabilities ``softmax(cosines / temperature)`` are drawn as bars.
        images: the views, drawn below the bars.

    Raises:
        ValueError: for a matrix that is not square or even, or a row that is not there.
    """
    count = len(cosines)
    if cosines.shape != (count, count) or count % 2 or not 0 <= view < count:
        raise ValueError(f"no row {view} of 2n x 2n cosines {tuple(cosines.shape)}")
    hidden = cosines.detach().double().clone()
    hidden.fill_diagonal_(-torch.inf)
    chances = torch.softmax(hidden[view] / temperature, dim=0)
    partner = (view + count // 2) % count
    fig, (left, right) = figure(11.5, 4.6, ncols=2, width_ratios=[1, 1.6])
    shown = np.ma.masked_invalid(hidden.numpy())
    image = left.imshow(shown, cmap=COSINE, vmin=-1, vmax=1)
    for row in range(count):
        place = ((row + count // 2) % count - 0.5, row - 0.5)
        left.add_patch(Rectangle(place, 1, 1, fill=False, edgecolor=INK, linewidth=1.6))
    left.add_patch(
        Rectangle((-0.5, view - 0.5), count, 1, fill=False, edgecolor=FAKE, linewidth=2.4)
    )
    left.set(xticks=[], yticks=[], title="cosines; the pairs outlined")
    fig.colorbar(image, ax=left, fraction=0.046, ticks=[-1, 0, 1])
    colours = [GOOD if k == partner else REAL for k in range(count)]
    right.bar(range(count), chances.numpy(), color=colours, width=0.8)
    right.axhline(1 / (count - 1), color=MUTED, linewidth=1.4, linestyle=(0, (4, 3)))
    right.annotate("guessing", (count - 0.5, 1 / (count - 1)), ha="right", va="bottom", fontsize=12)
    loss = -float(chances[partner].log())
    right.set(ylim=(0, 1), xlim=(-0.6, count - 0.4), ylabel="p(candidate)", xticks=[])
    right.set_title(f"view {view} at temperature {temperature:g}: loss {loss:.2f}")
    if images is not None:
        _strip(right, images)
    return fig


def _strip(ax, images: Float[Tensor, "views 3 height width"]) -> None:
    """Small pictures below the bars, one under each."""
    for k, picture in enumerate(as_pictures(images)):
        inset = ax.inset_axes([k - 0.42, -0.17, 0.84, 0.15], transform=ax.get_xaxis_transform())
        inset.imshow(picture, interpolation="nearest", aspect="auto")
        inset.set_axis_off()


def queue_ring(
    ages: Int[Tensor, " keys"], likeness: Sequence[float] = (), title: str = ""
) -> Figure:
    """The queue as a ring, coloured by the age of its keys, and how alike old keys still are.

    Args:
        ages: batches since each row was written, 1 for the newest, -1 for never.
        likeness: for age 1, 2, ...: mean cosine of the stored keys with what the present key
            encoder makes of the same views.

    Raises:
        ValueError: when the queue is empty.
    """
    if len(ages) == 0:
        raise ValueError("the queue has no rows")
    fig, (left, right) = figure(11.0, 4.4, ncols=2, width_ratios=[1, 1.35])
    oldest = max(int(ages.max()), 2)
    step = 360 / len(ages)
    for row, age in enumerate(ages.tolist()):
        begin = 90 - row * step
        colour = "#FFFFFF" if age < 0 else AGE((age - 1) / (oldest - 1))
        edge = FAKE if age == 1 else "#FFFFFF"
        left.add_patch(
            Wedge(
                (0, 0),
                1,
                begin - step,
                begin,
                width=0.34,
                facecolor=colour,
                edgecolor=edge,
                linewidth=min(1.0, 48 / len(ages)),  # else thin wedges are all edge
            )
        )
    left.set(xlim=(-1.12, 1.12), ylim=(-1.12, 1.12), aspect="equal", title=title)
    left.set_axis_off()
    never = int((ages < 0).sum())
    words = f"{len(ages)} keys\noldest {int(ages.max())} batches"
    left.text(
        0, 0, words if not never else f"{words}\n{never} still random", ha="center", va="center"
    )
    if len(likeness):
        right.plot(range(1, len(likeness) + 1), likeness, color=REAL, marker="o", markersize=4)
    right.set(ylim=(min([0.0, *likeness]) - 0.02, 1.03), xlabel="age of the key, in batches")
    right.set(title="cosine of a stored key and the same key made now")
    right.title.set_fontsize(14)
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    return fig


def composition_table(
    scores: Mapping[tuple[str, str], float], names: Sequence[str], title: str = ""
) -> Figure:
    """Probe accuracies for every pair of augmentations; on the diagonal, one alone.

    Raises:
        ValueError: when the score of a pair is missing.
    """
    if missing := [(a, b) for a in names for b in names if (a, b) not in scores]:
        raise ValueError(f"no score for {missing[0]}")
    table = np.array([[100 * scores[a, b] for b in names] for a in names])
    fig, ax = figure(1.5 * len(names) + 3.2, 0.95 * len(names) + 1.5)
    ax.imshow(table, cmap=SCORE, aspect="auto")
    middle = (table.min() + table.max()) / 2
    for row in range(len(names)):
        for column in range(len(names)):
            value = table[row, column]
            colour = "white" if value > middle + (table.max() - middle) * 0.5 else INK
            ax.text(
                column, row, f"{value:.0f} %", ha="center", va="center", color=colour, fontsize=15
            )
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(length=0)
    ax.set(title=title, xlabel="second augmentation", ylabel="first augmentation")
    for spine in ax.spines.values():
        spine.set_visible(False)
    return fig


def cost_panel(
    negatives: Sequence[int],
    megabytes: Mapping[str, Sequence[float]],
    milliseconds: Mapping[str, Sequence[float]],
) -> Figure:
    """Memory and time of one training step against the number of negatives, one line a method.

    Raises:
        ValueError: when a line has another number of points than there are negatives.
    """
    for lines in (megabytes, milliseconds):
        if wrong := [name for name, line in lines.items() if len(line) != len(negatives)]:
            raise ValueError(f"{len(negatives)} points expected, other numbers in {wrong}")
    fig, axes = figure(11.0, 4.2, ncols=2)
    for ax, lines, unit in zip(axes, (megabytes, milliseconds), ("MB", "ms"), strict=True):
        for colour, (name, line) in zip((REAL, FAKE, GOOD), lines.items(), strict=False):
            ax.plot(negatives, line, color=colour, marker="o", label=name)
        ax.set(xscale="log", yscale="log", xlabel="negatives", ylabel=unit)
    axes[0].set_title("memory of one step")
    axes[1].set_title("time of one step")
    axes[0].legend()
    return fig
