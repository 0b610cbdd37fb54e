"""Figures that several lessons draw. Every function is pure: numbers in, one ``Figure`` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.plots import BAD, FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure
from course_utils.selfsup import color

GAIN = LinearSegmentedColormap.from_list("gain", ["#E9A07B", "#F7F5F2", "#64A5D3"])
Picture = Float[Tensor, "3 height width"]


def show_picture(ax: Axes, picture: Tensor | np.ndarray, title: str = "") -> None:
    """A picture (3, h, w) without ticks and frame."""
    ax.imshow(as_pictures(torch.as_tensor(picture)[None])[0], interpolation="nearest")
    ax.set(xticks=[], yticks=[], title=title)
    for spine in ax.spines.values():
        spine.set_visible(False)


def show_titled(ax: Axes, picture: Tensor | np.ndarray, title: str = "", size: float = 14) -> None:
    """The same with its title over the middle, ``size`` points tall."""
    show_picture(ax, picture)
    ax.set_title(title, loc="center", fontsize=size)


def pixel_index(point: Sequence[float]) -> tuple[float, float]:
    """imshow puts the centre of the first pixel at 0, the course's convention at one half."""
    return float(point[0]) - 0.5, float(point[1]) - 0.5


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
            show_picture(ax, picture)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=13)
    return fig


HEAT = LinearSegmentedColormap.from_list("pointer", [(1, 0.85, 0.3, 0.0), (1, 0.35, 0.0, 0.95)])
Pictures = Float[Tensor, "n 3 height width"]


def grey(images: Pictures) -> Pictures:
    """Returns what the network sees of pictures: their lightness, as a grey picture."""
    lab = color.rgb_to_lab(images)
    return color.lab_to_rgb(torch.cat([lab[:, :1], torch.zeros_like(lab[:, 1:])], dim=1))


def heat_over(picture: Picture, heat: Float[Tensor, "rows columns"]) -> Float[Tensor, "3 h w"]:
    """Returns a picture, greyed and dimmed, with a heat map glowing on it; the peak is 1."""
    size = tuple(picture.shape[1:])
    scaled = heat / heat.max().clamp(min=1e-9)
    scaled = torch.nn.functional.interpolate(scaled[None, None], size=size, mode="nearest")[0, 0]
    glow = torch.from_numpy(np.asarray(HEAT(scaled.numpy())[..., :3])).permute(2, 0, 1).float()
    ground = 0.25 + 0.5 * grey(picture[None])[0]
    strength = scaled**0.7
    return ground * (1 - strength) + glow * strength


FOG_STOPS = ("#FFFFFF", "#D9DEE2", "#9AA7B1", "#56636D")
FOG = LinearSegmentedColormap.from_list("course_fog", FOG_STOPS)


def image_rows(
    named: Mapping[str, Tensor], good: Sequence[str] = (), bad: Sequence[str] = ()
) -> Figure:
    """Pictures side by side under their names; names in ``good`` green, in ``bad`` red.

    Pictures are (3, h, w), (h, w, 3) or (h, w), in [0, 1].

    Raises: ValueError if there is none.
    """
    if not named:
        raise ValueError("there are no pictures to show")
    fig, axes = figure(2.9 * len(named), 3.3, ncols=len(named), squeeze=False)
    for ax, (name, picture) in zip(axes[0], named.items(), strict=True):
        ax.imshow(as_pictures(picture[None])[0], interpolation="nearest")
        ax.set_axis_off()
        colour = GOOD if name in good else BAD if name in bad else INK
        ax.set_title(name, fontsize=14, color=colour)
    return fig
