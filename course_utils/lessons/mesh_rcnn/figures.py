"""Pictures of triangle meshes: flat shaded, before and after, and over the photograph."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.lessons.solid_images import shaded_mesh
from course_utils.plots import BAD, CYCLE, GOOD, INK, MUTED, as_pictures, figure
from course_utils.vision3d.cameras import Camera, orbit_camera, resize_camera
from course_utils.vision3d.meshes.mesh_rcnn import Shapes
from course_utils.vision3d.shapes.conversions import MeshArrays


def upright(points: Float[Tensor, "*points 3"]) -> Float[Tensor, "*points 3"]:
    """From the axes of a camera (right, down, forward) to those of a room (right, forward, up)."""
    x, y, z = points.unbind(-1)
    return torch.stack([x, z, -y], -1)


def ask_camera(turn: float | int = 0.0, tilt: float | int = 0.15, size: int = 200) -> Camera:
    """Looks at the origin of the upright axes; ``turn`` 0 is about where the photograph was taken.

    turn, tilt: radians, to the right and up. size: pixels.
    """
    return orbit_camera(turn - math.pi / 2, tilt, 3.0, field_of_view=0.5, size=size)


def mesh_grid(
    meshes: Mapping[str, MeshArrays],
    views: Mapping[str, Camera],
    *,
    photograph: Float[Tensor, "3 height width"] | None = None,
    good: Collection[str] = (),
    bad: Collection[str] = (),
    lines: bool = False,
) -> Figure:
    """Every mesh (a column, named) from every view (a row, named); upright axes.

    photograph: shown at the left of the first row. good, bad: names to be set in green or red.

    Raises: ValueError if there is no mesh or no view.
    """
    if not meshes or not views:
        raise ValueError("a grid needs at least one mesh and one view")
    first = photograph is not None
    columns = len(meshes) + first
    fig, axes = figure(2.6 * columns, 2.6 * len(views) + 0.4, nrows=len(views), ncols=columns,
                       squeeze=False)  # fmt: skip
    for ax in axes.flat:
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
    if first:
        axes[0, 0].imshow(as_pictures(photograph[None])[0])
        axes[0, 0].set_title("photograph", fontsize=14)
    for column, (name, (vertices, faces)) in enumerate(meshes.items(), start=int(first)):
        colour = GOOD if name in good else BAD if name in bad else INK
        axes[0, column].set_title(name, fontsize=14, color=colour)
        for row, camera in enumerate(views.values()):
            axes[row, column].imshow(shaded_mesh(vertices, faces, camera, lines=lines))
    for row, name in enumerate(views):
        axes[row, int(first)].set_ylabel(name, fontsize=14)
    return fig


def detections_panel(
    picture: Float[Tensor, "3 size size"],
    shapes: Shapes,
    which: int,
    kinds: Sequence[str],
    enlarge: int = 6,
) -> Figure:
    """One photograph; what was found on it, with masks; and the meshes, laid over it.

    which: number of the picture in ``shapes``. enlarge: pixels drawn for each of the picture's.
    """
    rows = (shapes.found.picture == which).nonzero()[:, 0].tolist()
    fig, axes = figure(13, 4.7, ncols=3)
    shown = as_pictures(picture[None])[0]
    size = shown.shape[0]
    for ax, name in zip(axes, ("photograph", "boxes, kinds, masks", "meshes"), strict=True):
        ax.set_title(name)
        ax.set_axis_off()
    for ax in axes[:2]:
        ax.imshow(shown, extent=(0, size, size, 0))
    large = (shown * 255).astype(np.uint8).repeat(enlarge, 0).repeat(enlarge, 1)
    far_first = sorted(rows, key=lambda i: float(shapes.found.boxes[i, 3]))
    for number, row in enumerate(far_first):
        colour = CYCLE[number % len(CYCLE)]
        _draw_box(axes[1], shapes, row, kinds, colour)
        camera = resize_camera(shapes.frames[row], size * enlarge)
        large = shaded_mesh(*shapes.stages[-1][row], camera, colour, behind=large)
    axes[2].imshow(large, extent=(0, size, size, 0))
    return fig


def _draw_box(ax, shapes: Shapes, row: int, kinds: Sequence[str], colour: str) -> None:
    left, top, right, bottom = shapes.found.boxes[row].tolist()
    size = (right - left, bottom - top)
    ax.add_patch(Rectangle((left, top), *size, fill=False, edgecolor=colour, linewidth=2.5))
    mask = shapes.answers.mask[row].detach().sigmoid().numpy() > 0.5
    tint = np.concatenate(
        [np.broadcast_to(to_rgb(colour), (*mask.shape, 3)), mask[..., None] * 0.55], -1
    )
    ax.imshow(tint, extent=(left, right, bottom, top), interpolation="nearest")
    name = kinds[int(shapes.answers.kind[row].argmax())]
    label = f"{name} {float(shapes.found.score[row]):.2f}"
    ax.text(left, max(top - 1, 4), label, color="white", fontsize=12, va="bottom",
            bbox={"facecolor": colour, "edgecolor": "none", "pad": 2})  # fmt: skip
    side = ax.get_images()[0].get_extent()
    ax.set(xlim=side[:2], ylim=side[2:])


def memory_panel(
    rows: Mapping[str, tuple[float, Sequence[float]]], unit: str = "Chamfer distance, 1/1000"
) -> Figure:
    """Error against memory: one named point a row, with its mean and its seeds.

    rows: by name, bytes of an object, and the error of each seed.

    Raises: ValueError if there is no row.
    """
    if not rows:
        raise ValueError("there is nothing to compare")
    fig, ax = figure(8, 4.6)
    for number, (name, (size, errors)) in enumerate(rows.items()):
        colour = CYCLE[number % len(CYCLE)]
        ax.plot([size] * len(errors), errors, "o", color=colour, markersize=5, alpha=0.5)
        mean = float(np.mean(errors))
        ax.plot(size, mean, "o", color=colour, markersize=12, label=f"{name}: {mean:.2f}")
    most = max(max(errors) for _, errors in rows.values())
    ax.set(xlabel="kilobytes of an object", ylabel=unit, ylim=(0, 1.15 * most))
    ax.set_xscale("log")
    sizes = sorted({size for size, _ in rows.values()})
    ax.set_xlim(sizes[0] / 1.6, sizes[-1] * 1.6)
    ax.set_xticks(sizes, [f"{size / 1000:.1f}" for size in sizes])
    ax.minorticks_off()
    ax.axhline(0, color=MUTED, linewidth=0.8)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return fig
