"""Pictures of implicit functions: slices with their level lines, surfaces, walks along a ray."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from torch import Tensor

from course_utils.plots import CYCLE, FAKE, FIELD_STOPS, GOOD, INK, MUTED, REAL, figure
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.shapes.conversions import Implicit
from course_utils.vision3d.shapes.sphere_tracing import Seen, render_surface, shade

__all__ = [
    "plane_values",
    "slice_panel",
    "slices",
    "step_panel",
    "surface_grid",
    "surface_picture",
    "walk_panel",
]

# Inside is orange, outside blue, the surface where they meet.
SIGN = LinearSegmentedColormap.from_list("course_sign", FIELD_STOPS)
STEPS = LinearSegmentedColormap.from_list("course_steps", ("#F7F5F2", "#F8CBA6", FAKE, "#5B1A00"))
LIGHT = torch.tensor([0.8, 0.3, 0.8])
PLANES = {"x": ("y", "z"), "y": ("x", "z"), "z": ("x", "y")}


def plane_values(
    function: Implicit, axis: str = "y", place: float | int = 0.0, cells: int = 120
) -> Float[Tensor, "rows columns"]:
    """The function at the middles of cells of a plane through [-1, 1]^3, row 0 at the bottom.

    axis: the one that stays at ``place``; the other two run to the right and upwards.

    Raises: ValueError for an axis that is not x, y or z.
    """
    if axis not in PLANES:
        raise ValueError(f"the axis must be x, y or z, got {axis!r}")
    side = (2 * torch.arange(cells) + 1) / cells - 1
    up, right = torch.meshgrid(side, side, indexing="ij")
    fixed = torch.full_like(up, float(place))
    order = {"x": (fixed, right, up), "y": (right, fixed, up), "z": (right, up, fixed)}[axis]
    with torch.no_grad():
        return function(torch.stack(order, -1).reshape(-1, 3)).reshape(cells, cells)


def _draw_slice(ax: Axes, values: Tensor, reach: float, step: float = 0.1) -> None:
    table = values.numpy()
    place = (2 * np.arange(len(table)) + 1) / len(table) - 1
    ax.imshow(
        table, cmap=SIGN, vmin=-reach, vmax=reach, origin="lower", extent=(-1, 1, -1, 1),
        interpolation="bilinear",
    )  # fmt: skip
    low, high = np.floor(table.min() / step), np.ceil(table.max() / step)
    lines = [step * k for k in np.arange(low, high + 1) if k != 0][:60]
    if lines:
        ax.contour(place, place, table, lines, colors=MUTED, linewidths=0.7, linestyles="solid")
    if table.min() < 0 < table.max():
        ax.contour(place, place, table, [0.0], colors=INK, linewidths=2.6)
    ax.set(xticks=[-1, 0, 1], yticks=[-1, 0, 1], aspect="equal")


def slices(
    functions: Mapping[str, Implicit], axis: str = "y", place: float | int = 0.0, reach: float = 0.6
) -> Figure:
    """The same plane through several functions; level lines every 0.1, the surface thick.

    Raises: ValueError if there is none, or for an unknown axis.
    """
    if not functions:
        raise ValueError("there is no function to draw")
    fig, axes = figure(3.6 * len(functions) + 0.3, 4.1, ncols=len(functions), squeeze=False)
    for ax, (name, function) in zip(axes[0], functions.items(), strict=True):
        _draw_slice(ax, plane_values(function, axis, place), reach)
        ax.set_title(name, fontsize=14)
        ax.set_xlabel(PLANES[axis][0])
    axes[0, 0].set_ylabel(PLANES[axis][1], rotation=0)
    return fig


def slice_panel(
    function: Implicit, camera: Camera, axis: str = "y", place: float | int = 0.0
) -> Figure:
    """A slice beside the whole surface, cut open there: what lies beyond the plane is left away."""
    index = "xyz".index(axis) if axis in PLANES else -1

    def behind(points: Float[Tensor, "points 3"]) -> Float[Tensor, "points"]:
        return torch.maximum(function(points), points[:, index] - place)

    values = plane_values(function, axis, place)
    fig, (left, right) = figure(9.6, 4.5, ncols=2)
    _draw_slice(left, values, 0.6)
    left.set(xlabel=PLANES[axis][0], title=f"the plane {axis} = {place:.2f}")
    left.set_ylabel(PLANES[axis][1], rotation=0)
    right.imshow(surface_picture(behind, camera), interpolation="bilinear")
    right.set_title(f"what lies at smaller {axis}")
    right.axis("off")
    return fig


# ---------------------------------------------------------------------------------- surfaces


def surface_picture(function: Implicit, camera: Camera, most: int = 64) -> np.ndarray:
    """The surface as a matt thing before white, uint8 (height, width, 3), by sphere tracing."""
    return _painted(render_surface(function, camera, most=most))


def _painted(seen: Seen) -> np.ndarray:
    bright = shade(seen.normal, seen.hit, LIGHT)[..., None]
    colour = torch.where(seen.hit[..., None], torch.tensor([0.56, 0.70, 0.82]), torch.ones(3))
    return (255 * (bright * colour).clamp(0, 1)).round().to(torch.uint8).numpy()


def step_panel(function: Implicit, camera: Camera, most: int = 64) -> Figure:
    """The surface, and beside it how often each ray asked the function before it knew."""
    seen = render_surface(function, camera, most=most)
    fig, (left, right) = figure(10, 4.6, ncols=2)
    left.imshow(_painted(seen), interpolation="bilinear")
    left.set_title("the picture")
    drawn = right.imshow(seen.steps.numpy(), cmap=STEPS, vmin=0, vmax=most)
    right.set_title("questions asked by each ray")
    fig.colorbar(drawn, ax=right, shrink=0.85)
    for ax in (left, right):
        ax.axis("off")
    return fig


def surface_grid(
    rows: Mapping[str, Sequence[Implicit]],
    camera: Camera,
    titles: Sequence[str] = (),
    most: int = 64,
) -> Figure:
    """Rows of surfaces, each row named at its left; ``titles`` stand over the columns.

    Raises: ValueError if the rows differ in length.
    """
    columns = {len(row) for row in rows.values()}
    if len(columns) != 1 or not min(columns):
        raise ValueError(f"rows of surfaces need the same length, got {sorted(columns)}")
    count = columns.pop()
    side = min(2.6, 10.5 / count)
    fig, axes = figure(
        side * count + 1.2, side * len(rows) + 0.5, nrows=len(rows), ncols=count, squeeze=False
    )
    for line, (name, row) in zip(axes, rows.items(), strict=True):
        for ax, function in zip(line, row, strict=True):
            ax.imshow(surface_picture(function, camera, most), interpolation="bilinear")
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=14)
    for ax, title in zip(axes[0], titles, strict=False):
        ax.set_title(title, fontsize=13, loc="center")
    return fig


def walk_panel(
    function: Implicit,
    origin: tuple[float, float],
    towards: tuple[float, float],
    most: int = 30,
    height: float = 0.0,
) -> Figure:
    """One ray in the plane z = ``height``: at each stop the ball that is known to be free.

    origin, towards: (x, y) of the ray's start and of a point that it aims at.

    Raises: ValueError if these coincide.
    """
    start, aim = (torch.tensor([*place, height]) for place in (origin, towards))
    if torch.equal(start, aim):
        raise ValueError("a ray needs a start and another point to aim at")
    direction = torch.nn.functional.normalize(aim - start, dim=0)
    stops, balls = [0.0], []
    for _ in range(most):
        value = float(function((start + stops[-1] * direction)[None])[0])
        balls.append(value)
        if abs(value) < 1e-3 or stops[-1] > 3:
            break
        stops.append(stops[-1] + value)
    fig, ax = figure(9.6, 5.6)
    _draw_slice(ax, plane_values(function, "z", height), 0.6)
    for t, ball in zip(stops, balls, strict=False):
        x, y, _ = (start + t * direction).tolist()
        ax.add_patch(Circle((x, y), abs(ball), fill=False, color=CYCLE[3], linewidth=1.6))
        ax.plot(x, y, "o", color=INK, markersize=5, label=None if t else "a question")
    end = start + min(stops[-1], 3.0) * direction
    ax.plot([start[0], end[0]], [start[1], end[1]], color=REAL, linewidth=2, label="the ray")
    ax.plot(*origin, "s", color=GOOD, markersize=9, label="the eye")
    ax.plot([], color=CYCLE[3], linewidth=1.6, label="known to be free")
    ax.plot([], color=INK, linewidth=2.6, label="the surface")
    fig.legend(loc="outside right upper")
    ax.set(xlabel="x", title=f"{len(balls)} questions to the function", xlim=(-1.25, 1.25))
    ax.set(ylim=(-1.05, 1.05), facecolor="#EAF2F8")
    ax.set_ylabel("y", rotation=0)
    return fig
