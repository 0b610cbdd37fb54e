"""Figures of the lesson on rotation: turned pictures, heat maps, accuracies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.shared import Picture, show_picture
from course_utils.plots import BAD, CYCLE, INK, REAL, as_pictures, figure

TURN_NAMES = ("0°", "90°", "180°", "270°")
HEAT = LinearSegmentedColormap.from_list("heat", [(1, 0.95, 0.7, 0.0), (1, 0.55, 0.1, 0.9)])


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
    show_picture(axes[0], picture, f"turned by {angle:.0f}°")
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
        show_picture(axes[0, column], images[column])
        axes[0, column].set_title(
            "" if labels is None else labels[column], loc="center", fontsize=13
        )
    for row, heat in enumerate(heats.values(), start=1):
        for column in range(count):
            ax = axes[row, column]
            show_picture(ax, images[column].mean(dim=0, keepdim=True).expand(3, -1, -1) * 0.6 + 0.4)
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
