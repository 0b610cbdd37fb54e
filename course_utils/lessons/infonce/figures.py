"""Figures for contrastive learning: points on a circle, choices among N, bounds in nats.

Green is the positive, everything pulled; orange is pushed; blue is the query or the truth.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, hsv_to_rgb
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.plots import BAD, CYCLE, FAKE, GOOD, INK, MUTED, REAL, figure
from course_utils.selfsup import contrastive
from course_utils.selfsup.hypersphere import Look, seen_from
from course_utils.selfsup.mutual_information import Estimate

__all__ = [
    "bound_against_truth",
    "critics",
    "great_circles",
    "kind_colours",
    "pushes",
    "score_tables",
    "swarms",
    "tightening",
]

PULL_PUSH = LinearSegmentedColormap.from_list("pull_push", [GOOD, "#F7F5F2", FAKE])
PAPER_BLUE = LinearSegmentedColormap.from_list("paper_blue", ["#FFFFFF", "#9CC9E6", "#00507D"])


def kind_colours(count: int) -> np.ndarray:
    """One colour per kind, (count, 3) in [0, 1]; neighbours on the wheel differ in lightness."""
    hue = np.arange(count) / count
    light = np.where(np.arange(count) % 2 == 0, 0.92, 0.62)
    return hsv_to_rgb(np.stack([hue, np.full(count, 0.85), light], axis=1))


def great_circles() -> list[Float[Tensor, "points 3"]]:
    """The equator and two meridians, by which a flat picture of a sphere looks round."""
    turn = torch.linspace(0, 2 * math.pi, 121)
    c, s, nothing = turn.cos(), turn.sin(), torch.zeros(121)
    places = ((c, nothing, s), (c, s, nothing), (nothing, c, s))
    return [torch.stack(place, dim=1) for place in places]


def swarms(looks: Mapping[str, Look]) -> Figure:
    """Swarms side by side on their circle or sphere, with alignment and uniformity below.

    Raises:
        ValueError: if there is nothing to show.
    """
    if not looks:
        raise ValueError("there is no picture to show")
    wide = 3.1 if len(looks) > 3 else 3.7
    fig, axes = figure(wide * len(looks), wide + 0.95, ncols=len(looks), squeeze=False)
    for ax, (title, look) in zip(axes[0], looks.items(), strict=True):
        _draw_swarm(ax, look)
        g = look.gauges
        ax.set_title(title, fontsize=15)
        # Adding 0 turns a rounded −0.00 into 0.00.
        even = f"{round(g.uniformity, 2) + 0.0:.2f}".replace("-", "−")
        words = f"alignment {g.alignment:.2f}\nuniformity {even}"
        ax.text(0, -1.25, words, fontsize=14, ha="center", va="top", linespacing=1.35)
    return fig


def _draw_swarm(ax: Axes, look: Look) -> None:
    turn = np.linspace(0, 2 * np.pi, 181)
    far = max(1.0, float(look.points.norm(dim=1).max()) / 1.12)
    ax.plot(np.cos(turn) / far, np.sin(turn) / far, color=MUTED, linewidth=1.2, alpha=0.7)
    xy, near = seen_from(look.points.cpu() / far)
    if look.points.shape[1] == 3:
        for line in great_circles():
            seen, front = seen_from(line / far)
            back = np.where(front[:, None] < 0, np.nan, seen)
            ax.plot(*seen.T.numpy(), color=MUTED, linewidth=0.7, alpha=0.25)
            ax.plot(*back.T, color=MUTED, linewidth=1.0, alpha=0.6)
    colours = kind_colours(int(look.kind.max()) + 1)[look.kind.cpu().numpy()]
    order = near.argsort().numpy()
    alpha = (0.62 + 0.38 * near.clamp(-1, 1)).numpy() if look.points.shape[1] == 3 else None
    ax.scatter(
        *xy.numpy()[order].T,
        c=colours[order],
        s=95,
        edgecolors="white",
        linewidths=0.9,
        alpha=None if alpha is None else alpha[order],
        zorder=3,
    )
    ax.set(xlim=(-1.28, 1.28), ylim=(-1.75, 1.2), aspect="equal")
    ax.set_axis_off()


def score_tables(
    scores: Float[Tensor, "queries keys"],
    labels: Int[Tensor, " queries"],
    temperature: float = 0.2,
) -> Figure:
    """The scores, their softmax row by row, and the slope of the loss by each, positives framed."""
    share = torch.softmax(scores / temperature, dim=1)
    slope = contrastive.temperature_gradient(scores, labels, temperature)
    top = float(slope.abs().max())
    finite = scores.masked_fill(scores.isinf(), math.nan)
    fig, axes = figure(12, 4.4, ncols=3)
    panels = (
        ("scores", finite, PAPER_BLUE, (-1, 1)),
        ("softmax of each row", share, PAPER_BLUE, (0, 1)),
        ("slope of the loss", slope, PULL_PUSH, (-top, top)),
    )
    for ax, (title, table, colours, (low, high)) in zip(axes, panels, strict=True):
        shown = ax.imshow(table.numpy(), cmap=colours, vmin=low, vmax=high)
        for query, label in enumerate(labels.tolist()):
            frame = np.array([label - 0.5, label + 0.5])
            ax.plot(
                frame[[0, 1, 1, 0, 0]],
                query + np.array([-0.5, -0.5, 0.5, 0.5, -0.5]),
                color=GOOD,
                linewidth=2.6,
                clip_on=False,
            )
        _write_numbers(ax, table, low, high)
        ax.set(title=title, xlabel="key", ylabel="query" if title == "scores" else "")
        ax.set(xticks=range(scores.shape[1]), yticks=range(len(scores)))
        ax.spines[:].set_visible(False)
        ax.tick_params(length=0)
        fig.colorbar(shown, ax=ax, shrink=0.75, aspect=14)
    return fig


def _write_numbers(ax: Axes, table: Tensor, low: float, high: float) -> None:
    if table.numel() > 64:
        return
    for row, values in enumerate(table.tolist()):
        for column, value in enumerate(values):
            dark = (low >= 0 and value > 0.6 * high) or (low == -1 and value > 0.5)
            words = "–" if math.isnan(value) else f"{value:.2f}".replace("-", "−")
            ink = "white" if dark else INK
            ax.text(column, row, words, ha="center", va="center", fontsize=11, color=ink)


def pushes(temperature: float = 0.2, positive: float = 50.0, negatives: int = 17) -> Figure:
    """One query at the top of a circle, its positive, and negatives all round: who is pushed.

    temperature: of the softmax. positive: angle from the query, in degrees. negatives: how many,
    evenly spread. Left, arrows show which way each key goes; those of negatives are as long as
    their share of the push. Right, that share over the angle, at this temperature and others.
    """
    angles = np.radians(np.concatenate([[positive], np.linspace(12, 348, negatives)]))
    scores = torch.tensor(np.cos(angles))[None]
    slope = contrastive.temperature_gradient(scores, torch.tensor([0]), temperature)[0].numpy()
    fig, (ax, curve) = figure(11.5, 4.9, ncols=2, width_ratios=(1, 1.25))
    _circle(ax)
    xy = np.stack([np.sin(angles), np.cos(angles)], axis=1)
    # Away from the query is clockwise on its right, and the other way on its left.
    away = np.stack([np.cos(angles), -np.sin(angles)], axis=1) * np.sign(np.sin(angles))[:, None]
    share = slope / max(float(slope[1:].max()), 1e-12)
    share[0] = -1.0
    move = 0.5 * share[:, None] * away
    seen = np.abs(share) > 0.04
    colours = np.array([GOOD] + [FAKE] * negatives)
    arrows = {"angles": "xy", "scale_units": "xy", "scale": 1, "width": 0.011, "zorder": 4}
    ax.quiver(*xy[seen].T, *move[seen].T, color=colours[seen], **arrows)
    ax.scatter(*xy[1:].T, color=FAKE, s=70, edgecolors="white", zorder=3)
    ax.scatter(*xy[:1].T, color=GOOD, s=150, edgecolors="white", zorder=5)
    ax.scatter([0], [1], color=REAL, s=210, edgecolors="white", zorder=5)
    ax.text(0, 1.14, "query", color=REAL, fontsize=14, ha="center", va="bottom")
    side = "left" if xy[0, 0] >= 0 else "right"
    ax.text(*(1.14 * xy[0]), "positive", color=GOOD, fontsize=14, ha=side, va="center")
    words = f"pull on the positive,\nand all pushes together:\n{-slope[0]:.2f}"
    ax.text(0, 0.0, words, fontsize=14, ha="center", va="center", linespacing=1.3)
    _push_curves(curve, temperature)
    fig.suptitle(f"temperature {temperature:.2f}", x=0.02, ha="left", fontsize=16)
    return fig


def _circle(ax: Axes) -> None:
    turn = np.linspace(0, 2 * np.pi, 181)
    ax.plot(np.cos(turn), np.sin(turn), color=MUTED, linewidth=1.2, alpha=0.6)
    ax.set(xlim=(-1.85, 1.85), ylim=(-1.2, 1.4), aspect="equal")
    ax.set_axis_off()


def _push_curves(ax: Axes, temperature: float) -> None:
    angle = np.linspace(0, 180, 181)
    settings = [(0.05, BAD, 1.6), (0.2, CYCLE[3], 1.6), (1.0, REAL, 1.6)]
    for value, colour, width in [*settings, (temperature, FAKE, 4.0)]:
        logits = np.cos(np.radians(angle)) / value
        share = np.exp(logits - logits.max())
        label = f"this one: τ = {value:.2f}" if width > 2 else f"τ = {value:g}"
        ax.plot(angle, 100 * share / share.sum(), color=colour, linewidth=width, label=label)
    ax.set(
        xlabel="angle between negative and query, degrees", ylabel="share of the push, % per degree"
    )
    ax.set(xlim=(0, 180), ylim=(0, 6.5), xticks=range(0, 181, 30))
    ax.legend()
    ax.grid(axis="y")


def bound_against_truth(estimates: Sequence[Estimate]) -> Figure:
    """log N - L over the nats really shared, one line per N, each with its ceiling log N.

    Raises:
        ValueError: if there is no estimate.
    """
    if not estimates:
        raise ValueError("there is no estimate to show")
    fig, ax = figure(9, 5.4)
    top = max(estimate.truth for estimate in estimates)
    ax.plot([0, top], [0, top], color=INK, linewidth=1.6, linestyle=(0, (5, 3)), label="the truth")
    sizes = sorted({estimate.candidates for estimate in estimates})
    for colour, size in zip(_fan(len(sizes)), sizes, strict=True):
        line = [estimate for estimate in estimates if estimate.candidates == size]
        truth, mean, error = (
            np.array([getattr(e, name) for e in line]) for name in ("truth", "mean", "error")
        )
        ax.fill_between(truth, mean - 3 * error, mean + 3 * error, color=colour, alpha=0.25)
        ax.plot(truth, mean, "o-", color=colour, markersize=5, label=f"N = {size:,}")
        ax.plot([0, top], [math.log(size)] * 2, color=colour, linewidth=1, linestyle=":")
        words = f"log {size:,}"
        ax.text(top * 1.01, math.log(size), words, color=colour, fontsize=13, va="center")
    ax.set(xlabel="mutual information, nats", ylabel="log N − L, nats", xlim=(0, top))
    ax.set_ylim(-0.2, max(math.log(sizes[-1]) * 1.12, 0.5))
    ax.legend(loc="upper left", fontsize=13)
    return fig


def _fan(count: int) -> list[str]:
    """Colours from few candidates to many."""
    return (
        ["#B5541B", FAKE, CYCLE[3], "#56B4E9", REAL, "#004466"][-count:]
        if count <= 6
        else [CYCLE[k % len(CYCLE)] for k in range(count)]
    )


def tightening(estimates: Sequence[Estimate]) -> Figure:
    """The share of the truth that is shown, over N, one line for each truth.

    Raises:
        ValueError: if there is no estimate of shared information.
    """
    kept = [estimate for estimate in estimates if estimate.truth > 0]
    if not kept:
        raise ValueError("there is no estimate to show")
    fig, ax = figure(9, 4.6)
    truths = sorted({estimate.truth for estimate in kept})
    for colour, truth in zip(_fan(len(truths)), truths, strict=True):
        line = [estimate for estimate in kept if estimate.truth == truth]
        size = np.array([e.candidates for e in line])
        share = np.array([e.mean / truth for e in line])
        ax.plot(size, 100 * share, "o-", color=colour, label=f"{truth:g} nats shared")
        cap = np.minimum(100, 100 * np.log(size) / truth)
        ax.plot(size, cap, color=colour, linewidth=1, linestyle=":")
    ax.axhline(100, color=INK, linewidth=1.2, linestyle=(0, (5, 3)))
    ax.set(xscale="log", xlabel="candidates N", ylabel="shown, % of the truth", ylim=(0, 108))
    ax.set_xticks(sizes := sorted({e.candidates for e in kept}), [f"{n:,}" for n in sizes])
    ax.minorticks_off()
    ax.legend(loc="lower right", ncols=2)
    return fig


def critics(
    runs: Mapping[str, Sequence[float]], truth: float, best: float, ceiling: float
) -> Figure:
    """The bound while scores are learned, against the truth, the best score and log N.

    Raises:
        ValueError: if there is no run.
    """
    if not runs:
        raise ValueError("there is no run to show")
    fig, ax = figure(9, 4.8)
    for colour, (name, bounds) in zip((REAL, FAKE, CYCLE[3], BAD), runs.items(), strict=False):
        ax.plot(_smooth(bounds), color=colour, label=name)
    lines = ((ceiling, "log N", MUTED), (truth, "the truth", INK), (best, "the best score", GOOD))
    for height, name, colour in lines:
        ax.axhline(height, color=colour, linewidth=1.6, linestyle=(0, (5, 3)), label=name)
    ax.set(xlabel="step", ylabel="log N − L, nats", ylim=(-0.3, ceiling * 1.06))
    fig.legend(loc="outside upper left", ncols=3, fontsize=13)
    return fig


def _smooth(values: Sequence[float], width: int = 20) -> np.ndarray:
    total = np.cumsum(np.concatenate([[0.0], np.asarray(values, dtype=float)]))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - width, 0)
    return (total[ends] - total[starts]) / (ends - starts)
