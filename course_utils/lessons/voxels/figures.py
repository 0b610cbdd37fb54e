"""Four representations of a shape side by side, their costs, octrees, and predicted grids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.lessons.solid_images import (
    BLOCK,
    SKIN,
    draw_blocks,
    draw_function,
    draw_mesh,
    draw_points,
    standing_camera,
    tabulated,
)
from course_utils.plots import CYCLE, GOOD, INK, MUTED, REAL, as_pictures, figure
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.shapes.conversions import (
    Implicit,
    MeshArrays,
    mesh_from_function,
    occupancy_from_function,
)
from course_utils.vision3d.shapes.octree import Level, leaf_squares, octree_levels
from course_utils.vision3d.shapes.shape_costs import REPRESENTATIONS, SIDE, exact_surface

__all__ = [
    "FourShapes",
    "Solid",
    "cost_plot",
    "four_panel",
    "four_pictures",
    "four_shapes",
    "grid_gallery",
]
__all__ += ["octree_panel", "picture_pairs", "score_curves", "solid_of", "voxel_panel"]

BETWEEN = 8  # white pixels between two pictures


class Solid(NamedTuple):
    """A shape in the cube [-1, 1]^3 and what is slow to ask of it: points on it, and a table."""

    function: Implicit
    cloud: Float[Tensor, "points 3"]
    table: Float[Tensor, "1 x y z"]


def solid_of(function: Implicit, count: int = 3200, *, generator: torch.Generator) -> Solid:
    """Asks a signed distance for ``count`` surface points and its values on a grid.

    Raises: ValueError if its surface is not in the cube.
    """
    return Solid(function, exact_surface(function, count, generator=generator), tabulated(function))


class FourShapes(NamedTuple):
    """One shape four times, within the cube [-1, 1]^3; ``sizes``: what is stored, in words."""

    occupancy: Bool[Tensor, "r r r"]
    cloud: Float[Tensor, "points 3"]
    mesh: MeshArrays
    table: Float[Tensor, "1 x y z"]
    sizes: tuple[str, str, str, str]


def four_shapes(solid: Solid, resolution: int = 16) -> FourShapes:
    """A grid of resolution^3 voxels, 2 resolution^2 points, the mesh of marching cubes on such a
    grid, and the function itself.

    Raises: ValueError if the shape slips through so coarse a grid, or has too few points.
    """
    count = 2 * resolution**2
    if count > len(solid.cloud):
        raise ValueError(f"{count} points are wanted, but only {len(solid.cloud)} were drawn")
    mesh = mesh_from_function(solid.function, resolution, SIDE)
    words = (
        f"{resolution}³ = {resolution**3:,} bits",
        f"{count:,} points of 3 numbers",
        f"{len(mesh[0]):,} vertices, {len(mesh[1]):,} faces",
        "f(x, y, z) = distance",
    )
    occupancy = occupancy_from_function(solid.function, resolution, SIDE)
    return FourShapes(occupancy, solid.cloud[:count], mesh, solid.table, words)


def four_pictures(shapes: FourShapes, camera: Camera) -> np.ndarray:
    """All four as the same camera sees them, beside each other; uint8."""
    row = (
        draw_blocks(shapes.occupancy, camera),
        draw_points(shapes.cloud, camera),
        draw_mesh(shapes.mesh, camera),
        draw_function(shapes.table, camera),
    )
    gap = np.full((camera.height, BETWEEN, 3), 255, np.uint8)
    return np.concatenate([part for one in row for part in (one, gap)][:-1], 1)


def four_panel(shapes: FourShapes, camera: Camera | None = None) -> Figure:
    """The four pictures with what each stores."""
    camera = standing_camera(size=300) if camera is None else camera
    fig, ax = figure(12.4, 3.9)
    picture = four_pictures(shapes, camera)
    ax.imshow(picture)
    ax.set_axis_off()
    for k, (name, words) in enumerate(zip(REPRESENTATIONS, shapes.sizes, strict=True)):
        middle = k * (camera.width + BETWEEN) + camera.width / 2
        ax.text(middle, -12, name, ha="center", va="bottom", fontsize=16)
        ax.text(middle, camera.height + 6, words, ha="center", va="top", fontsize=12, color=MUTED)
    return fig


# ------------------------------------------------------------------ numbers


def cost_plot(costs: Mapping[str, Sequence[tuple[float | int, float]]]) -> Figure:
    """Error against bytes, both logarithmic, a line for each representation.

    costs: by name, pairs (bytes, error); errors in units of the cube's half side.

    Raises: ValueError if there is none.
    """
    if not costs:
        raise ValueError("there are no costs to draw")
    fig, ax = figure(9.5, 5.2)
    for colour, (name, pairs) in zip(CYCLE, costs.items(), strict=False):
        ax.loglog(*zip(*pairs, strict=True), "o-", color=colour, label=name, markersize=6)
    ax.set_xlabel("bytes")
    ax.set_ylabel("mean distance between\nit and the true surface")
    ax.set_yticks([0.3, 0.1, 0.03, 0.01, 0.003, 0.001])
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    ticks = [100, 1000, 10_000, 100_000, 1_000_000]
    ax.set_xticks(ticks, ["100", "1 kB", "10 kB", "100 kB", "1 MB"])
    ax.minorticks_off()
    ax.grid()
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=4, columnspacing=1.2)
    return fig


def octree_panel(occupancy: Bool[Tensor, "r r r"], slab: int | None = None) -> Figure:
    """A slice through the octree of a grid, and how many cells it stores at each level."""
    levels = octree_levels(occupancy)
    resolution = len(occupancy)
    fig, axes = figure(11.5, 4.9, ncols=2, gridspec_kw={"width_ratios": [1, 1.25]})
    leaves = leaf_squares(occupancy, resolution // 2 if slab is None else slab)
    boxes = [Rectangle((x, z), width, width) for x, z, width, _ in leaves]
    paint = ["#E69A5B" if full else "#FBFAF8" for *_, full in leaves]
    axes[0].add_collection(
        PatchCollection(boxes, facecolors=paint, edgecolors="#8A8A8A", linewidths=0.7)
    )
    axes[0].set(xlim=(0, resolution), ylim=(0, resolution), aspect="equal")
    axes[0].set_title("a slice: small cells only at the surface")
    axes[0].set_axis_off()
    _draw_levels(axes[1], levels)
    return fig


def _draw_levels(ax: Axes, levels: Sequence[Level]) -> None:
    sides = [level.side for level in levels]
    ax.loglog(sides, [side**3 for side in sides], "o-", color=CYCLE[1], label="grid: all cells")
    stored = np.cumsum([level.stored for level in levels])
    ax.loglog(sides, stored, "o-", color=CYCLE[0], label="octree: down to this level")
    ax.set_xticks(sides, [str(side) for side in sides])
    ax.minorticks_off()
    ax.set_xlabel("cells along each side")
    ax.set_title("cells to store")
    ax.grid(axis="y")
    ax.legend(loc="upper left")


def score_curves(
    thresholds: Sequence[float], scores: Mapping[str, Sequence[float]], ylabel: str = "IoU"
) -> Figure:
    """Mean score against threshold, a line each, its best place marked.

    Raises: ValueError if a line has another length than ``thresholds``.
    """
    if any(len(row) != len(thresholds) for row in scores.values()):
        raise ValueError("needs one score for each threshold")
    fig, ax = figure(9, 4.6)
    for colour, (name, row) in zip(CYCLE, scores.items(), strict=False):
        ax.plot(thresholds, row, color=colour, label=name)
        best = int(np.argmax(row))
        ax.plot(thresholds[best], row[best], "o", color=colour, markersize=9)
    ax.set_xlabel("a voxel is full above this probability")
    ax.set_ylabel(ylabel)
    ax.set_xlim(0, 1)
    ax.set_ylim(0, None)
    ax.grid(axis="y")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3)
    return fig


def picture_pairs(
    pictures: Float[Tensor, "n channels height width"],
    solids: Bool[Tensor, "n r r r"],
    names: Sequence[str],
    camera: Camera | None = None,
) -> Figure:
    """Pictures in a row, the grid of each below it, and its name.

    Raises: ValueError if the numbers differ, or there is none.
    """
    if not len(pictures) or not len(pictures) == len(solids) == len(names):
        raise ValueError(f"{len(pictures)} pictures, {len(solids)} grids, {len(names)} names")
    camera = standing_camera(size=200) if camera is None else camera
    fig, axes = figure(2.05 * len(names), 4.5, nrows=2, ncols=len(names), squeeze=False)
    for k, name in enumerate(names):
        axes[0, k].imshow(as_pictures(pictures[k : k + 1])[0])
        axes[0, k].set_title(name, fontsize=15, loc="center")
        axes[1, k].imshow(draw_blocks(solids[k], camera, SKIN))
    for ax in axes.flat:
        ax.set_axis_off()
    return fig


def voxel_panel(
    picture: Float[Tensor, "channels height width"],
    grids: Mapping[str, Bool[Tensor, "r r r"]],
    notes: Mapping[str, str] | None = None,
    camera: Camera | None = None,
) -> Figure:
    """One picture, and grids of blocks beside it, each under its name.

    notes: words below a grid, by its name. The grid called "truth" is grey.
    """
    return grid_gallery(picture[None], [dict(grids)], [dict(notes or {})], camera)


def grid_gallery(
    pictures: Float[Tensor, "rows channels height width"],
    grids: Sequence[Mapping[str, Bool[Tensor, "r r r"]]],
    notes: Sequence[Mapping[str, str]],
    camera: Camera | None = None,
) -> Figure:
    """A row for each picture, and the same grids in each row; names above the first.

    Raises: ValueError if the numbers of rows differ, or there is none.
    """
    if not len(pictures) or not len(pictures) == len(grids) == len(notes):
        raise ValueError(f"{len(pictures)} pictures, {len(grids)} rows, {len(notes)} notes")
    camera = standing_camera(size=220) if camera is None else camera
    columns = 1 + len(grids[0])
    fig, axes = figure(
        2.35 * columns, 2.55 * len(grids) + 0.3, nrows=len(grids), ncols=columns, squeeze=False
    )
    for row, picture, solids, words in zip(axes, pictures, grids, notes, strict=True):
        row[0].imshow(as_pictures(picture[None])[0])
        for ax, (name, solid) in zip(row[1:], solids.items(), strict=True):
            paint = SKIN if name == "truth" else BLOCK
            ax.imshow(draw_blocks(solid, camera, paint))
            ax.text(
                0.5, -0.02, words.get(name, ""), transform=ax.transAxes, ha="center", va="top",
                fontsize=13, color=INK,
            )  # fmt: skip
        for ax in row:
            ax.set_axis_off()
    for ax, name in zip(axes[0], ("picture", *grids[0]), strict=True):
        colour = GOOD if name == "truth" else REAL if name == "network" else INK
        ax.set_title(name, fontsize=15, loc="center", color=colour)
    return fig
