"""Pictures of light along a ray, in the house style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.lessons.shared import FOG
from course_utils.plots import CYCLE, INK, MUTED, REAL, figure
from course_utils.vision3d.fields.compositing import alpha_from_density, transmittance_from_alpha
from course_utils.vision3d.fields.ray_sampling import bin_middles
from course_utils.vision3d.fields.volume_rendering import Rendered


def bin_bars(
    edges: Float[Tensor, "edges"],
    rows: Mapping[str, Float[Tensor, "bins"]],
    colour: Float[Tensor, "bins 3"],
) -> Figure:
    """One bar per bin for each named quantity, one below the other; the last in the bins' colours.

    Raises: ValueError if a row has another number of bins than there are.
    """
    bins = len(edges) - 1
    if any(len(row) != bins for row in rows.values()) or len(colour) != bins:
        raise ValueError(f"{bins} bins need {bins} numbers in every row")
    fig, axes = figure(9, 1.55 * len(rows) + 0.5, nrows=len(rows), sharex=True, squeeze=False)
    widths, middles = edges.diff().numpy(), bin_middles(edges).numpy()
    for k, (ax, (name, row)) in enumerate(zip(axes[:, 0], rows.items(), strict=True)):
        last = k == len(rows) - 1
        paint = colour.clamp(0, 1).numpy() if last else CYCLE[k]
        ax.bar(middles, row.numpy(), widths, color=paint, edgecolor="white", linewidth=1.5)
        top = max(1.0, float(row.max()))
        for x, y in zip(middles.tolist(), row.tolist(), strict=True):
            ax.text(x, y + 0.04 * top, f"{y:.2f}", ha="center", va="bottom", fontsize=12)
        ax.set_ylim(0, 1.3 * top)
        ax.set_title(name, fontsize=14)
        ax.set_yticks([])
    axes[-1, 0].set_xlabel("distance along the ray")
    return fig


class RayLook(NamedTuple):
    """One ray through a vertical slice of a field: where it was looked at, and what it sees.

    path: samples in the slice, (x, z). edges, density, colour: of the bins. seen: the sum.
    """

    path: Float[Tensor, "bins 2"]
    edges: Float[Tensor, "edges"]
    density: Float[Tensor, "bins"]
    colour: Float[Tensor, "bins 3"]
    seen: Rendered

    @property
    def transmittance(self) -> Float[Tensor, "bins"]:
        """Share of the light that gets through to each bin's front."""
        return transmittance_from_alpha(alpha_from_density(self.density, self.edges.diff()))


def ray_panel(
    slice_density: Float[Tensor, "rows columns"],
    extent: tuple[float, float, float, float],
    look: RayLook,
) -> Figure:
    """A ray through a slice of a field, and beside it what happens along the ray.

    slice_density: row 0 at the bottom. extent: x0, x1, z0, z1 of the slice, in world units.
    """
    fig, axes = figure(11.5, 4.9, ncols=2, gridspec_kw={"width_ratios": [1, 1.2]})
    _draw_slice(axes[0], slice_density, extent, look)
    _draw_curves(axes[1], look)
    return fig


def _draw_slice(ax: Axes, density: Tensor, extent: tuple, look: RayLook) -> None:
    ax.imshow(density.numpy(), origin="lower", extent=extent, cmap=FOG, interpolation="bilinear")
    ax.plot(*look.path.T.numpy(), color=INK, linewidth=1.2)
    size = 10 + 180 * look.seen.weights / look.seen.weights.max().clamp_min(1e-6)
    paint = look.colour.clamp(0, 1).numpy()
    ax.scatter(*look.path.T.numpy(), s=size.numpy(), c=paint, edgecolors=INK, linewidths=0.8)
    ax.annotate("eye", look.path[0].tolist(), xytext=(0, 10), textcoords="offset points", ha="left")
    ax.set_title("a slice of the fog, and one ray")
    ax.set_xlabel("x")
    ax.set_ylabel("height z")
    ax.locator_params(nbins=5)


def _draw_curves(ax: Axes, look: RayLook) -> None:
    edges, paint = look.edges, look.colour.clamp(0, 1).numpy()
    peak = look.density.max().clamp_min(1e-6)
    ax.bar(
        bin_middles(edges).numpy(),
        look.seen.weights.numpy(),
        edges.diff().numpy(),
        color=paint,
        edgecolor=INK,
        linewidth=0.6,
    )
    ax.stairs((look.density / peak).numpy(), edges.numpy(), color=MUTED, linewidth=2)
    ax.stairs(look.transmittance.numpy(), edges.numpy(), color=REAL, linewidth=2.6)
    lines = (
        (f"density (its peak is {float(peak):.1f})", MUTED),
        ("transmittance T", REAL),
        ("weights, in their colours", INK),
    )
    for k, (words, colour) in enumerate(lines):
        ax.text(0.99, 0.97 - 0.075 * k, words, color=colour, transform=ax.transAxes, ha="right")
    ax.set_ylim(0, 1.36)
    ax.set_yticks([0, 0.5, 1])
    ax.set_xlim(float(edges[0]), float(edges[-1]))
    ax.set_xlabel("distance along the ray")
    opacity = float(look.seen.opacity)
    mixed = look.seen.colour + (1 - look.seen.opacity)
    ax.add_patch(
        Rectangle(
            (0.02, 0.86), 0.1, 0.12, facecolor=mixed.clamp(0, 1).tolist(), edgecolor=INK,
            transform=ax.transAxes,
        )
    )  # fmt: skip
    ax.text(
        0.14, 0.92, f"what the eye sees\nopacity {opacity:.2f}", va="center",
        transform=ax.transAxes, fontsize=12,
    )  # fmt: skip


def convergence(
    bins: Sequence[int], errors: Mapping[str, Sequence[float]], slopes: Sequence[int] = (1, 2)
) -> Figure:
    """Error against the number of bins, both logarithmic, with lines of the given orders.

    Raises: ValueError if a row has another number of errors than there are bins.
    """
    if any(len(row) != len(bins) for row in errors.values()):
        raise ValueError("needs one error for each number of bins")
    fig, ax = figure(8.5, 4.8)
    top = max(max(row) for row in errors.values())
    for order in slopes:
        line = [top * 1.6 * (bins[0] / n) ** order for n in bins]
        ax.loglog(bins, line, color=MUTED, linewidth=1.2, linestyle="--")
        ax.text(bins[-1] * 1.06, line[-1], f"order {order}", color=MUTED, fontsize=12, va="center")
    for colour, (name, row) in zip(CYCLE, errors.items(), strict=False):
        ax.loglog(bins, np.maximum(row, 1e-17), "o-", color=colour, label=name, markersize=5)
    ax.set_ylim(1e-17, 4 * top)
    ax.set_xlim(bins[0] * 0.9, bins[-1] * 1.9)
    ax.set_xticks(bins, [str(n) for n in bins])
    ax.minorticks_off()
    ax.set_xlabel("bins along the ray")
    ax.set_ylabel("error of the opacity")
    ax.grid(axis="y")
    ax.legend(loc="center left", bbox_to_anchor=(0, 0.42))
    return fig
