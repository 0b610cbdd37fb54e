"""Pictures of Gaussians, their ellipses, tiles and growth, in the house style."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.plots import CYCLE, INK, MUTED, as_pictures, figure
from course_utils.vision3d.cameras import Camera, project_points
from course_utils.vision3d.splats.gaussians import Gaussians, rotation_from_quaternion
from course_utils.vision3d.splats.projection import project_gaussians
from course_utils.vision3d.splats.splatting import rasterise_dense

__all__ = ["ALPHA_STOPS", "AXIS_COLOURS", "SplatLook", "cloud_and_ellipses", "ellipse"]
__all__ += ["growth_panel", "look_at_gaussian", "splat_panel", "tile_map"]

ALPHA_STOPS = ("#FFFFFF", "#9ECAE1", "#2171B5", "#08306B")
AXIS_COLOURS = (CYCLE[1], CYCLE[2], CYCLE[3])
ALPHA = LinearSegmentedColormap.from_list("course_alpha", ALPHA_STOPS)
ROUND = 73  # points of a closed curve


def _circle(like: Tensor) -> Float[Tensor, "2 points"]:
    angle = torch.linspace(0, 2 * math.pi, ROUND, dtype=like.dtype)
    return torch.stack([angle.cos(), angle.sin()])


def ellipse(
    mean: Float[Tensor, "2"], covariance: Float[Tensor, "2 2"], radius: float | int = 1
) -> Float[Tensor, "points 2"]:
    """The closed curve on which a Gaussian is ``radius`` standard deviations from its mean.

    Raises: ValueError if the covariance is not positive definite.
    """
    half, fault = torch.linalg.cholesky_ex(covariance)
    if int(fault):
        raise ValueError("an ellipse needs a positive definite covariance")
    return (mean[:, None] + radius * half @ _circle(mean)).T


class SplatLook(NamedTuple):
    """One Gaussian as a camera sees it; all places in pixels (u, v).

    rings: the ellipsoid at one standard deviation, cut along pairs of its axes. axes: their
    ends, from the mean. outline: the ellipse of the 2D covariance. alpha: its footprint.
    """

    mean: Float[Tensor, "2"]
    rings: Float[Tensor, "3 points 2"]
    axes: Float[Tensor, "3 2"]
    outline: Float[Tensor, "points 2"]
    covariance: Float[Tensor, "2 2"]
    alpha: Float[Tensor, "height width"]


def look_at_gaussian(gaussian: Gaussians, camera: Camera) -> SplatLook:
    """Project one Gaussian, its three rings and its axes.

    Raises: ValueError unless there is exactly one Gaussian.
    """
    if len(gaussian) != 1:
        raise ValueError(f"this looks at one Gaussian, got {len(gaussian)}")
    splat = project_gaussians(gaussian, camera)
    a, b, c = splat.conics[0].unbind()
    covariance = torch.linalg.inv(torch.stack([torch.stack([a, b]), torch.stack([b, c])]))
    half = rotation_from_quaternion(gaussian.quaternions)[0] * gaussian.scales[0]
    pairs = [half[:, [i, j]] @ _circle(half) for i, j in ((0, 1), (1, 2), (2, 0))]
    rings = gaussian.means[0] + torch.stack(pairs).transpose(1, 2)
    axes = gaussian.means[0] + half.T
    return SplatLook(
        splat.means[0],
        project_points(camera, rings.flatten(0, 1))[0].view(3, -1, 2),
        project_points(camera, axes)[0],
        ellipse(splat.means[0], covariance),
        covariance,
        1 - rasterise_dense(splat, camera)[1],
    )


def splat_panel(look: SplatLook) -> Figure:
    """The ellipsoid in space as the camera sees it, and the footprint it leaves on the picture."""
    height, width = look.alpha.shape
    fig, axes = figure(10.5, 5, ncols=2)
    for ring in look.rings:
        axes[0].plot(*ring.T.numpy(), color=MUTED, linewidth=1.4)
    for k, end in enumerate(look.axes):
        line = torch.stack([look.mean, end]).T.numpy()
        axes[0].plot(*line, color=AXIS_COLOURS[k], linewidth=3, label=f"axis {k + 1}")
        axes[0].plot(*end.numpy(), "o", color=AXIS_COLOURS[k], markersize=8)
    shown = axes[1].imshow(
        look.alpha.numpy(), cmap=ALPHA, vmin=0, vmax=1, extent=(0, width, height, 0)
    )
    fig.colorbar(shown, ax=axes[1], label="alpha", shrink=0.8)
    names = ("in space: an ellipsoid", "on the picture: an ellipse")
    for ax, name in zip(axes, names, strict=True):
        ax.plot(*look.outline.T.numpy(), color=INK, linewidth=2, linestyle="--")
        ax.set(xlim=(0, width), ylim=(height, 0), aspect="equal", xlabel="u, pixels", title=name)
    axes[0].set_ylabel("v, pixels")
    axes[0].legend(loc="upper right")
    return fig


def cloud_and_ellipses(
    clouds: Mapping[str, tuple[Float[Tensor, "points 2"], Float[Tensor, "2"], Tensor]],
) -> Figure:
    """Projected points beside each other, each with the ellipse (2 standard deviations) of the
    linear part (dashed) and that of the points themselves (solid).

    clouds: by name, (points, projected mean, projected covariance), in pixels.

    Raises: ValueError if there is none.
    """
    if not clouds:
        raise ValueError("there are no clouds to show")
    fig, axes = figure(5 * len(clouds), 4.6, ncols=len(clouds), squeeze=False)
    for ax, (name, (points, mean, covariance)) in zip(axes[0], clouds.items(), strict=True):
        ax.plot(*points[:1500].T.numpy(), ".", color=MUTED, markersize=2, zorder=0)
        true = ellipse(points.mean(0), torch.cov(points.T), 2)
        ax.plot(*true.T.numpy(), color=CYCLE[0], label="of the points")
        line = ellipse(mean, covariance, 2)
        ax.plot(*line.T.numpy(), "--", color=CYCLE[1], label="J W S Wᵀ Jᵀ")
        around, wide = true.mean(0), 1.25 * float((true - true.mean(0)).abs().max())
        u, v = around.tolist()
        ax.set(xlim=(u - wide, u + wide), ylim=(v + wide, v - wide), aspect="equal", title=name)
        ax.set_xlabel("u, pixels")
    axes[0, 0].legend(loc="upper left")
    return fig


def tile_map(
    picture: Float[Tensor, "3 height width"], counts: Int[Tensor, "down across"], tile: int
) -> Figure:
    """A picture under its tiles, and how many splats each tile lists."""
    _, height, width = picture.shape
    fig, axes = figure(10.5, 5, ncols=2)
    down, across = counts.shape
    extent = (0, across * tile, down * tile, 0)
    axes[0].imshow(as_pictures(picture[None])[0], extent=(0, width, height, 0))
    axes[1].imshow(counts.numpy(), cmap=ALPHA, extent=extent, alpha=0.75)
    size = min(13, 90 / across)
    for y in range(down):
        for x in range(across):
            where = ((x + 0.5) * tile, (y + 0.5) * tile)
            number = str(int(counts[y, x]))
            axes[1].text(*where, number, ha="center", va="center", fontsize=size)
    for ax, name in zip(axes, ("the picture in tiles", "splats in each tile's list"), strict=True):
        for x in range(across + 1):
            ax.axvline(x * tile, color=MUTED, linewidth=0.8)
        for y in range(down + 1):
            ax.axhline(y * tile, color=MUTED, linewidth=0.8)
        ax.set(xlim=(0, across * tile), ylim=(down * tile, 0), title=name)
        ax.set_axis_off()
    return fig


def growth_panel(
    picture: Float[Tensor, "3 height width"], groups: Mapping[str, Float[Tensor, "some 2"]]
) -> Figure:
    """Where on a picture each group of Gaussians has its means, one panel per group.

    groups: by name, places in pixels (u, v).

    Raises: ValueError if there is no group.
    """
    if not groups:
        raise ValueError("there are no groups to show")
    _, height, width = picture.shape
    fig, axes = figure(3.5 * len(groups), 3.9, ncols=len(groups), squeeze=False)
    for k, (ax, (name, uv)) in enumerate(zip(axes[0], groups.items(), strict=True)):
        ax.imshow(as_pictures(picture[None])[0], extent=(0, width, height, 0), alpha=0.45)
        ax.plot(*uv.T.numpy(), "o", color=CYCLE[k % len(CYCLE)], markersize=3.5)
        ax.set(xlim=(0, width), ylim=(height, 0))
        ax.set_title(f"{name}: {len(uv):,}", fontsize=14)
        ax.set_axis_off()
    return fig
