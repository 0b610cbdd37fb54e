"""Figures of the lesson on CLIP and Dense Object Nets: captions, similarities, matches.

Every function is pure: numbers in, one matplotlib ``Figure`` out. Points are counted in pixels of
the picture, x to the right and y down, (0, 0) the top-left corner.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import ConnectionPatch
from torch import Tensor

from course_utils.lessons.shared import heat_over, pixel_index, show_titled
from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, as_pictures, figure

__all__ = [
    "captioned", "descriptor_pictures", "descriptor_rows", "label_beliefs", "match_lines",
    "match_panel", "pck_curves", "search_results", "seen_together", "similarity_table",
    "template_bars",
]  # fmt: skip

COOL = LinearSegmentedColormap.from_list("cosine", ["#F8CBA6", "#F7F5F2", "#AFD0E8", "#0072B2"])
Picture = Float[Tensor, "3 height width"]
Pictures = Float[Tensor, "n 3 height width"]


# --------------------------------------------------------------------- pictures and words


def captioned(images: Pictures, sentences: Sequence[str], columns: int = 5) -> Figure:
    """Pictures, each with its sentence below.

    Raises:
        ValueError: when there is another number of sentences than of pictures.
    """
    if len(images) != len(sentences) or len(images) == 0:
        raise ValueError(f"{len(images)} pictures but {len(sentences)} sentences")
    rows = -(-len(images) // columns)
    fig, axes = figure(2.3 * columns, 2.75 * rows, nrows=rows, ncols=columns, squeeze=False)
    for k, ax in enumerate(axes.flat):
        if k >= len(images):
            ax.set_axis_off()
            continue
        show_titled(ax, images[k])
        ax.set_xlabel(textwrap.fill(sentences[k], 23), fontsize=12)
    return fig


def seen_together(
    counts: Int[Tensor, "kinds colours"],
    held: Sequence[tuple[int, int]],
    kinds: Sequence[str],
    colours: Sequence[str],
) -> Figure:
    """How many objects of each kind and colour there are to train on; held-out pairs crossed."""
    fig, ax = figure(10.4, 5.0)
    shown = np.ma.masked_equal(counts.double().numpy(), 0)
    ax.imshow(np.sqrt(shown), cmap="Blues", aspect="auto", vmin=0, vmax=1.4 * shown.max() ** 0.5)
    for i, j in np.ndindex(*counts.shape):
        if (i, j) in held:
            ax.text(j, i, "×", ha="center", va="center", color=BAD, fontsize=22, fontweight="bold")
        elif counts[i, j]:
            ax.text(j, i, str(int(counts[i, j])), ha="center", va="center", fontsize=13)
    ax.set_xticks(range(len(colours)), colours, rotation=30, ha="right")
    ax.set_yticks(range(len(kinds)), kinds)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title("objects to train on;  ×: never seen together")
    return fig


def similarity_table(
    images: Pictures, sentences: Sequence[str], cosines: Float[Tensor, "texts n"], title: str = ""
) -> Figure:
    """Cosines of every sentence (rows) with every picture (columns); the diagonal is framed.

    Raises:
        ValueError: when the numbers of pictures, sentences and cosines disagree.
    """
    count = len(images)
    if cosines.shape != (len(sentences), count):
        raise ValueError(f"{len(sentences)} texts, {count} pictures, {tuple(cosines.shape)}")
    fig, axes = figure(
        1.02 * count + 4.4, 0.62 * count + 1.75, nrows=2, ncols=1, height_ratios=[1.1, 0.62 * count]
    )
    fig.set_layout_engine("none")
    left, right, split = 4.3 / (1.02 * count + 4.4), 0.985, 1 - 1.65 / (0.62 * count + 1.75)
    axes[0].set_position((left, split + 0.01, right - left, 0.99 - split - 0.055))
    axes[1].set_position((left, 0.015, right - left, split - 0.015))
    axes[0].set(xlim=(-0.5, count - 0.5), ylim=(0, 1), xticks=[], yticks=[], title=title)
    axes[0].spines[:].set_visible(False)
    for k, picture in enumerate(as_pictures(images)):
        inset = axes[0].inset_axes((k - 0.48, 0, 0.96, 1), transform=axes[0].transData)
        inset.imshow(picture, interpolation="nearest")
        inset.set_axis_off()
    axes[1].imshow(cosines.numpy(), cmap=COOL, vmin=-1, vmax=1, aspect="auto")
    for i, j in np.ndindex(*cosines.shape):
        own = i == j
        axes[1].text(
            j, i, f"{cosines[i, j]:.2f}".replace("-", "−"), ha="center", va="center", fontsize=13,
            fontweight="bold" if own else "normal", color="white" if cosines[i, j] > 0.75 else INK,
        )  # fmt: skip
    axes[1].set_yticks(range(count), [textwrap.fill(s, 42) for s in sentences], fontsize=12)
    axes[1].set_xticks([])
    axes[1].tick_params(length=0)
    axes[1].spines[:].set_visible(False)
    return fig


def label_beliefs(
    images: Pictures,
    shares: Float[Tensor, "n labels"],
    labels: Sequence[str],
    truth: Sequence[int],
    top: int = 4,
) -> Figure:
    """Pictures in a row; below each its likeliest labels, the right one green."""
    count = len(images)
    fig, axes = figure(2.75 * count, 4.4, nrows=2, ncols=count, squeeze=False)
    fig.get_layout_engine().set(w_pad=0.06)
    for k in range(count):
        show_titled(axes[0, k], images[k])
        values, order = shares[k].topk(min(top, len(labels)))
        ax = axes[1, k]
        tones = [GOOD if int(label) == truth[k] else "#C4C4C4" for label in order]
        ax.barh(range(len(order)), values.tolist(), color=tones, height=0.8)
        for row, label in enumerate(order.tolist()):
            ax.text(0.03, row, labels[label], va="center", fontsize=13, color=INK)
        ax.set(xlim=(0, 1), yticks=[], xticks=[0, 0.5, 1], ylim=(len(order) - 0.5, -0.5))
        ax.set_xticklabels(["0", "½", "1"])
    return fig


def template_bars(scores: Mapping[str, Mapping[str, Float[Tensor, " seeds"]]]) -> Figure:
    """Accuracies in %: a group of bars for each template, a bar for each set of labels.

    The bar is the mean over seeds, each of several seeds a dot.
    """
    names = list(scores)
    groups = list(next(iter(scores.values())))
    fig, ax = figure(10.4, 0.34 * len(names) * (len(groups) + 0.8) + 1.5)
    for g, group in enumerate(groups):
        places = [n * (len(groups) + 0.8) + g for n in range(len(names))]
        values = [100 * scores[name][group] for name in names]
        bars = ax.barh(
            places, [v.mean().item() for v in values], color=CYCLE[g], label=group, height=0.9
        )
        ax.bar_label(bars, [f"{v.mean():.0f} %" for v in values], padding=10, fontsize=13)
        for place, v in zip(places, values, strict=True):
            if len(v) == 1:
                continue
            ax.plot(v, [place] * len(v), "o", ms=4.5, color=INK, mec="white", mew=0.7)
    middle = (len(groups) - 1) / 2
    ax.set_yticks([n * (len(groups) + 0.8) + middle for n in range(len(names))], names)
    ax.set(xlim=(0, 108), xlabel="right label, %")
    ax.set_xticks([0, 20, 40, 60, 80, 100])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(groups), borderaxespad=0.2)
    return fig


def search_results(
    images: Pictures, cosines: Float[Tensor, " n"], sentence: str, note: str = ""
) -> Figure:
    """The pictures that fit a sentence best, best first, each with its cosine."""
    fig, axes = figure(2.1 * len(images), 3.1, ncols=len(images), squeeze=False)
    for ax, picture, cosine in zip(axes[0], images, cosines.tolist(), strict=True):
        show_titled(ax, picture)
        ax.set_xlabel(f"{cosine:.2f}".replace("-", "−"), fontsize=13)
    fig.suptitle(f"“{sentence}”", x=0.01, ha="left", fontsize=17)
    if note:
        axes[0, 0].text(
            0, -0.3, note, transform=axes[0, 0].transAxes, color=BAD, fontsize=13, va="top"
        )
    return fig


# ---------------------------------------------------------------------------- descriptors


def match_lines(
    pictures: tuple[Picture, Picture],
    first: Float[Tensor, "points 2"],
    found: Float[Tensor, "points 2"],
    right: Bool[Tensor, " points"] | None = None,
    title: str = "",
) -> Figure:
    """Two views side by side, with a line from each point to where it was found.

    Lines have colours of their own; with ``right`` green ones are right and red ones are not.
    """
    fig, axes = figure(9.6, 4.9, ncols=2)
    for ax, picture, name in zip(axes, pictures, ("one view", "the other"), strict=True):
        show_titled(ax, picture, name)
    for k, (a, b) in enumerate(zip(first.tolist(), found.tolist(), strict=True)):
        tone = CYCLE[k % len(CYCLE)] if right is None else GOOD if bool(right[k]) else BAD
        axes[0].plot(*pixel_index(a), "o", ms=7, color=tone, mec="white", mew=1.2)
        axes[1].plot(*pixel_index(b), "o", ms=7, color=tone, mec="white", mew=1.2)
        line = ConnectionPatch(
            pixel_index(a),
            pixel_index(b),
            "data",
            "data",
            axesA=axes[0],
            axesB=axes[1],
            color=tone,
            lw=1.6,
        )
        line.set_in_layout(False)
        fig.add_artist(line)
    if title:
        fig.suptitle(title, x=0.01, ha="left")
    return fig


def match_panel(
    pictures: tuple[Picture, Picture],
    asked: Sequence[float],
    heats: Mapping[str, Float[Tensor, "height width"]],
    truth: Sequence[float] | None = None,
) -> Figure:
    """A view with one marked point; the other under the heat map of each network.

    The cross is the best match, the ring is the truth where it can be seen.
    """
    fig, axes = figure(3.9 * (len(heats) + 1), 4.4, ncols=len(heats) + 1)
    show_titled(axes[0], pictures[0], "one view: this point")
    axes[0].plot(*pixel_index(asked), "o", ms=14, mfc="none", mec="white", mew=5)
    axes[0].plot(*pixel_index(asked), "o", ms=14, mfc="none", mec=INK, mew=2.2)
    for ax, (name, heat) in zip(axes[1:], heats.items(), strict=True):
        show_titled(ax, heat_over(pictures[1], heat), f"the other: {name}")
        row, column = divmod(int(heat.argmax()), heat.shape[1])
        if truth is not None:
            ax.plot(*pixel_index(truth), "o", ms=16, mfc="none", mec="white", mew=4.5)
            ax.plot(*pixel_index(truth), "o", ms=16, mfc="none", mec=GOOD, mew=2.5)
        ax.plot(column, row, "P", ms=12, color=INK, mec="white", mew=1.4)
    return fig


def pck_curves(
    curves: Mapping[str, Float[Tensor, "seeds radii"]], radii: Sequence[float], mark: float = 2.0
) -> Figure:
    """Share of points found within a radius, over the radius: mean and range over seeds."""
    fig, ax = figure(9.4, 4.7)
    known = {"trained": REAL, "random features": FAKE, "same place": MUTED}
    for number, (name, values) in enumerate(curves.items()):
        tone = known.get(name, CYCLE[(number + 2) % len(CYCLE)])
        ax.plot(radii, 100 * values.mean(dim=0), color=tone, marker="o", ms=5, label=name)
        low, high = 100 * values.amin(dim=0), 100 * values.amax(dim=0)
        ax.fill_between(radii, low, high, color=tone, alpha=0.2, lw=0)
    ax.axvline(mark, color=MUTED, linestyle=(0, (4, 3)), linewidth=1.6)
    ax.set(xlabel="within so many pixels", ylabel="points found (%)", ylim=(0, 100))
    ax.set_xticks(list(radii))
    ax.grid(axis="y")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2)
    return fig


def descriptor_pictures(
    maps: Float[Tensor, "n descriptor height width"], masks: Bool[Tensor, "n height width"]
) -> Pictures:
    """Returns descriptors as colours: their three main directions over all objects as R, G, B.

    The backdrop is pale grey. Equal colours are equal descriptors, also across pictures.

    Raises:
        ValueError: when no pixel is on an object.
    """
    if not bool(masks.any()):
        raise ValueError("no pixel is on an object")
    pixels = maps.permute(0, 2, 3, 1)[masks].double()
    centred = pixels - pixels.mean(dim=0)
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    scores = centred @ directions[:3].T
    low, high = scores.quantile(0.02, dim=0), scores.quantile(0.98, dim=0)
    colours = ((scores - low) / (high - low).clamp(min=1e-9)).clamp(0, 1).float()
    pictures = torch.full((*masks.shape, 3), 0.93)
    pictures[masks] = 0.1 + 0.85 * colours
    return pictures.permute(0, 3, 1, 2)


def descriptor_rows(rows: Mapping[str, Pictures]) -> Figure:
    """Rows of pictures that belong together column by column, each row named at its left."""
    count = len(next(iter(rows.values())))
    fig, axes = figure(
        1.75 * count + 1.5, 1.8 * len(rows), nrows=len(rows), ncols=count, squeeze=False
    )
    fig.get_layout_engine().set(w_pad=0.06, h_pad=0.02, wspace=0.02, hspace=0.02)
    for line, (name, pictures) in zip(axes, rows.items(), strict=True):
        for ax, picture in zip(line, pictures, strict=True):
            show_titled(ax, picture)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14, labelpad=8)
    return fig
