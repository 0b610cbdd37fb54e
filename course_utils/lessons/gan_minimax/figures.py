"""Figures for the minimax game: from numbers that a lesson computed to pictures for a projector.

Blue is real, orange is made, everywhere: densities, points, and the field between them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from torch import Tensor

from course_utils.gan import minimax
from course_utils.gan.game import Measures
from course_utils.gan.game_view import PlanePicture
from course_utils.gan.learning_process import LearningPicture
from course_utils.gan.toy_distributions import EXTENT, Mixture, line_mixture
from course_utils.plots import BAD, FAKE, FIELD, GOOD, INK, MUTED, REAL, figure

__all__ = [
    "arrow_lengths",
    "coverage",
    "generator_losses",
    "learning_panels",
    "orbits",
    "planes",
    "pull_from_afar",
    "two_densities",
    "value_against_d",
]

CURVE = "#3B3B3B"  # D, drawn over blue and orange


def arrow_lengths(
    pull: Float[Tensor, "arrows 2"], longest: float = 0.45
) -> Float[Tensor, "arrows 2"]:
    """Arrows fit to be drawn: short ones in proportion, long ones up to `longest`.

    The length becomes longest |v| / (1 + |v|): twice the pull is always the longer arrow, and a
    saturated gradient stays as small as it is.
    """
    return longest * pull / (1 + pull.norm(dim=1, keepdim=True))


def planes(pictures: Mapping[str, PlanePicture], grid: bool = False) -> Figure:
    """Moments of 2-D games side by side: D as a field, real and made points, G's pull.

    Raises:
        ValueError: if there is no picture.
    """
    if not pictures:
        raise ValueError("there is no picture to show")
    width = 3.4 if len(pictures) > 2 else 4.6
    fig, axes = figure(
        width * len(pictures) + 0.3, width + 1.15, ncols=len(pictures), squeeze=False
    )
    for index, (ax, (title, picture)) in enumerate(zip(axes[0], pictures.items(), strict=True)):
        _draw_plane(ax, picture, grid)
        ax.set_title(title, fontsize=15, loc="left")
        m = picture.measures
        ax.set_xlabel(f"modes {m.modes} · near {m.near:.0%}", fontsize=14)
        ax.set_xticks([-2, 0, 2])
        ax.set_yticks([-2, 0, 2] if index == 0 else [])
    dot = {"linestyle": "", "marker": "o", "markersize": 8}
    arrow = {"linestyle": "", "marker": "$\\rightarrow$", "markersize": 17}
    handles = [
        Line2D([], [], color=REAL, label="real", **dot),
        Line2D([], [], color=FAKE, label="made by G", **dot),
        Line2D([], [], color=INK, label="pull on G", **arrow),
    ]
    fig.legend(handles=handles, loc="outside upper left", ncols=3, fontsize=13)
    return fig


def _draw_plane(ax: Axes, picture: PlanePicture, grid: bool) -> None:
    edges = (-EXTENT, EXTENT)
    ax.imshow(
        picture.field.numpy(),
        cmap=FIELD,
        vmin=0,
        vmax=1,
        extent=edges * 2,
        origin="lower",
        interpolation="bilinear",
        alpha=0.75,
    )
    if grid:
        bent = picture.grid.numpy()
        lines = [*bent, *bent.transpose(1, 0, 2)] if len(bent) > 1 else [*bent]
        ax.add_collection(LineCollection(lines, colors=FAKE, linewidths=0.9, alpha=0.7))
    vector = arrow_lengths(picture.pull)
    ax.quiver(
        *picture.feet.T.numpy(),
        *vector.T.numpy(),
        angles="xy",
        scale_units="xy",
        scale=1,
        color=INK,
        width=0.005,
        headwidth=4,
        alpha=0.75,
    )
    dots = {"s": 13, "edgecolors": "white", "linewidths": 0.3}
    ax.scatter(*picture.real.T.numpy(), color=REAL, **dots)
    ax.scatter(*picture.fake.T.numpy(), color=FAKE, **dots)
    ax.set(xlim=edges, ylim=edges, aspect="equal")
    ax.spines[["top", "right"]].set_visible(True)


def learning_panels(pictures: Mapping[str, LearningPicture]) -> Figure:
    """Goodfellow's Figure 1: densities, D, D* and the arrows from z to x, at several moments.

    Raises:
        ValueError: if there is no picture.
    """
    if not pictures:
        raise ValueError("there is no picture to show")
    fig, axes = figure(3.5 * len(pictures), 4.3, ncols=len(pictures), squeeze=False, sharey=True)
    top = max(1.05, *(float(p.p_data.max()) * 1.1 for p in pictures.values()))
    for ax, (title, picture) in zip(axes[0], pictures.items(), strict=True):
        _draw_learning(ax, picture, top)
        ax.set_title(f"{title}\nJS {picture.js:.3f}", fontsize=14, loc="left")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside upper left", ncols=4, fontsize=13)
    return fig


def best_where_seen(picture: LearningPicture) -> np.ndarray:
    """The best D, with gaps (NaN) where neither density is to be seen: there any D is best."""
    seen = (picture.p_data + picture.p_model) > 1e-2
    return torch.where(seen, picture.d_star, torch.full_like(picture.d_star, math.nan)).numpy()


def _draw_learning(ax: Axes, picture: LearningPicture, top: float) -> None:
    x = picture.x.numpy()
    for density, colour, label in (
        (picture.p_data, REAL, "p_data"),
        (picture.p_model, FAKE, "p_G"),
    ):
        ax.fill_between(x, density.numpy(), color=colour, alpha=0.25, linewidth=0)
        ax.plot(x, density.numpy().clip(max=top), color=colour, label=label)
    ax.plot(x, best_where_seen(picture), color=GOOD, linestyle=":", label="best D")
    ax.plot(x, picture.d.numpy(), color=CURVE, label="D")
    z, landed = (v.numpy().clip(-4, 4) for v in (picture.z, picture.landed))
    for a, b in zip(z, landed, strict=True):
        ax.annotate(
            "",
            (b, -0.06),
            (a, -0.42),
            arrowprops={"arrowstyle": "->", "color": FAKE, "alpha": 0.65, "lw": 1},
        )
    ax.axhline(0, color=MUTED, linewidth=1)
    ax.axhline(-0.42, color=MUTED, linewidth=1)
    ax.set(xlim=(x[0], x[-1]), ylim=(-0.5, top), yticks=[0, 0.5, 1], xticks=[-3, 0, 3])
    ax.text(-3.9, -0.4, "z", va="bottom", fontsize=14, style="italic")
    ax.text(-3.9, 0.01, "x", va="bottom", fontsize=14, style="italic")


def value_against_d(p: float, q: float) -> Figure:
    """p log d + q log(1 - d) at one point x, for every answer d that D could give there."""
    d = np.linspace(0.002, 0.998, 500)
    value = p * np.log(d) + q * np.log(1 - d)
    best = p / (p + q)
    fig, ax = figure(6.5, 3.6)
    ax.plot(d, value, color=CURVE)
    ax.axvline(best, color=GOOD, linestyle=":", label=f"p/(p+q) = {best:.2f}")
    ax.plot(best, p * math.log(best) + q * math.log(1 - best), "o", color=GOOD, markersize=9)
    ax.set(xlabel="d, D's answer at x", ylabel="share of V", xlim=(0, 1))
    ax.legend(loc="lower center")
    return fig


def two_densities(
    data: Mixture,
    model: Mixture,
    trained: Callable[[Tensor], Tensor] | None = None,
    extent: float = 5.0,
) -> Figure:
    """Data, model, the best D between them, their divergence; and a trained D if there is one.

    Args:
        data, model: 1-D mixtures. trained: from x of shape (n, 1) to logits (n,).
        extent: the picture spans [-extent, extent]; the divergence is integrated over 4 times that.
    """
    x = torch.linspace(-4 * extent, 4 * extent, 3201)
    p, q = data.density(x[:, None]), model.density(x[:, None])
    js = float(minimax.jensen_shannon(p, q, float(x[1] - x[0])))
    fig, ax = figure(8.5, 4.2)
    for density, colour, label in ((p, REAL, "p_data"), (q, FAKE, "p_G")):
        ax.fill_between(x.numpy(), density.numpy(), color=colour, alpha=0.25, linewidth=0)
        ax.plot(x.numpy(), density.numpy(), color=colour, label=label)
    if trained is not None:
        with torch.no_grad():
            answer = torch.sigmoid(trained(x[:, None]))
        ax.plot(x.numpy(), answer.numpy(), color=CURVE, label="trained D")
    # Where neither density is to be seen the formula is 0/0 in the picture: leave it out.
    best = minimax.optimal_discriminator(p, q)
    best[p + q < 1e-3] = math.nan
    ax.plot(x.numpy(), best.numpy(), color=GOOD, linestyle=":", linewidth=3.4, label="best D")
    ax.set(xlim=(-extent, extent), ylim=(0, 1.12), xlabel="x", yticks=[0, 0.5, 1])
    ax.set_title(f"JS = {js:.3f} nats,  best V = -log 4 + 2 JS = {2 * js - minimax.LOG_4:.3f}")
    fig.legend(loc="outside lower left", ncols=4)
    return fig


def generator_losses() -> Figure:
    """Both losses of the generator, and their slopes in the logit, against D(G(z))."""
    logit = torch.linspace(-7, 7, 400)
    d = torch.sigmoid(logit).numpy()
    fig, (left, right) = figure(10, 4.0, ncols=2)
    for name, colour, loss, slope in (
        ("minimax: log(1 - D)", BAD, -np.logaddexp(0, logit), -d),
        ("non-saturating: -log D", GOOD, np.logaddexp(0, -logit), -(1 - d)),
    ):
        left.plot(d, loss, color=colour, label=name)
        right.plot(d, slope, color=colour)
    left.set(ylim=(-4, 4), ylabel="loss of G", xlabel="D(G(z))", xlim=(0, 1))
    right.set(ylabel="slope in the logit", xlabel="D(G(z))", xlim=(0, 1), ylim=(-1.05, 0.05))
    for ax in (left, right):
        ax.axvspan(0, 0.12, color=MUTED, alpha=0.15, linewidth=0)
    right.annotate("here G starts", (0.13, -0.5), color=MUTED)
    fig.legend(loc="outside upper left", ncols=2)
    return fig


def pull_from_afar(distance: float = 4.0, spread: float = 0.6) -> Figure:
    """Data and model a distance apart, the best D, and how hard each loss pulls at the samples.

    For two Gaussians of one spread s, log p - log q is linear: the logit of the best D climbs by
    distance/s² per unit of x, and the pull at x is that slope times D, or times 1 - D.

    Raises:
        ValueError: if distance is negative or spread is not positive.
    """
    if distance < 0 or not spread > 0:
        raise ValueError("distance must not be negative and spread must be positive.")
    x = torch.linspace(-6, 6, 601)
    real, fake = line_mixture([distance / 2], [spread]), line_mixture([-distance / 2], [spread])
    slope = distance / spread**2
    best = torch.sigmoid(slope * x)
    fig, (top, low) = figure(8.5, 5.6, nrows=2, sharex=True)
    for density, colour, label in ((real, REAL, "p_data"), (fake, FAKE, "p_G")):
        height = density.density(x[:, None]).numpy()
        top.fill_between(x.numpy(), height, color=colour, alpha=0.25, linewidth=0)
        top.plot(x.numpy(), height, color=colour, label=label)
    top.plot(x.numpy(), best.numpy(), color=GOOD, linestyle=":", linewidth=3, label="best D")
    samples = torch.linspace(-1.8, 1.8, 13) * spread - distance / 2
    at = torch.sigmoid(slope * samples)
    for name, colour, pull in (
        ("minimax", BAD, slope * at),
        ("non-saturating", GOOD, slope * (1 - at)),
    ):
        low.plot(samples.numpy(), pull.numpy().clip(1e-12), "o-", color=colour, label=name)
    low.set(yscale="log", ylim=(1e-9, 1e2), ylabel="pull at a sample", xlabel="x", xlim=(-6, 6))
    low.grid(axis="y")
    top.set(yticks=[0, 0.5, 1], ylim=(0, 1.1))
    top.legend(loc="center right", fontsize=12)
    low.legend(loc="center right", fontsize=12)
    return fig


def orbits(paths: Mapping[str, Sequence[tuple[float, float]]], extent: float = 2.2) -> Figure:
    """Paths of the one-parameter game in its plane, over the field of the two players' wishes.

    Args:
        paths: by name, points (g, d): where G puts its sample, and the slope of D.

    Source: L. Mescheder et al., "Which Training Methods for GANs do actually Converge?", ICML
    2018, the Dirac-GAN.
    """
    fig, ax = figure(6.4, 5.6)
    line = np.linspace(-extent, extent, 15)
    g, d = np.meshgrid(line, line)
    answer = 1 / (1 + np.exp(-g * d))
    ax.quiver(g, d, answer * d, -answer * g, color=MUTED, alpha=0.5, width=0.0035)
    for colour, (name, path) in zip((BAD, REAL, GOOD, FAKE), paths.items(), strict=False):
        points = np.asarray(path)
        ax.plot(*points.T, color=colour, linewidth=1.8, label=name)
        ax.plot(*points[0], "o", color=colour, markersize=9)
    ax.plot(0, 0, "*", color=INK, markersize=17, label="equilibrium")
    ax.set(xlim=(-extent, extent), ylim=(-extent, extent), aspect="equal")
    ax.set(xlabel="g: where G puts its sample", ylabel="d: the slope of D")
    fig.legend(loc="outside upper left", ncols=2)
    return fig


def coverage(runs: Mapping[str, Sequence[tuple[int, Measures]]], modes: int) -> Figure:
    """Modes covered and share near a mode as games go on; one colour per game.

    Args:
        runs: by name, (moves of G, measures) in order. modes: how many there are to cover.

    Raises:
        ValueError: if there is no run.
    """
    if not runs:
        raise ValueError("there is no run to show")
    fig, axes = figure(10, 4.0, ncols=2)
    for colour, (name, run) in zip((REAL, FAKE, BAD, GOOD), runs.items(), strict=False):
        moves = [move for move, _ in run]
        axes[0].plot(moves, [m.modes for _, m in run], color=colour, label=name)
        axes[1].plot(moves, [m.near for _, m in run], color=colour)
    axes[0].set(ylabel="modes covered", xlabel="moves of G", ylim=(-0.2, modes + 0.3))
    axes[1].set(ylabel="share near a mode", xlabel="moves of G", ylim=(-0.02, 1.02))
    fig.legend(loc="outside upper left", ncols=3)
    return fig
