"""Pictures of cameras, frustums, 3D boxes, proposals and detections, in the house style.

From above, ahead of the camera is up and the picture's right is right: (-y, x) of the world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.plots import CYCLE, FAKE, INK, MUTED, REAL, as_pictures, figure
from course_utils.vision3d.boxes.boxes import box_corners, edge_ends, full_boxes
from course_utils.vision3d.boxes.frustums import frustum_corners, project_boxes
from course_utils.vision3d.cameras import Camera, pixels_to_rays, project_points

__all__ = ["RAY", "TOLD", "TRUE", "WorldLook", "above", "ap_bars", "box_panel", "camera_panel"]
__all__ += ["descent_panel", "detection_panel", "frustum_edges", "look_at_world", "outlines"]
__all__ += ["pair_panel", "proposal_panel", "recall_panel", "segments", "side", "slide_panel"]

RAY = "#F0E442"  # of a pixel: seen before grass and sky
TRUE, TOLD = REAL, FAKE  # boxes that are there, and boxes that a detector says
AXES = (CYCLE[1], CYCLE[2], CYCLE[3])  # right, down, forward of a camera
NEAR = 0.05  # depth below which nothing is drawn, world units
Segments = Float[Tensor, "segments ends=2 3"]


# ------------------------------------------------------------------------------ geometry


def segments(boxes: Float[Tensor, "boxes 9"]) -> Segments:
    """The twelve edges of every box, in the world."""
    return box_corners(boxes)[:, edge_ends()].flatten(0, 1)


def frustum_edges(
    camera: Camera, rectangle: Float[Tensor, "4"], far: float | int, near: float | int = NEAR
) -> Segments:
    """Four edges from the pinhole to depth ``far``, and the rectangles at both ends."""
    c = frustum_corners(camera, rectangle, near, far)
    around = torch.tensor([[0, 1], [1, 2], [2, 3], [3, 0]])
    along = torch.tensor([[i, i + 4] for i in range(4)])
    return c[torch.cat([along, around, around + 4])]


def clip_to_front(camera: Camera, lines: Segments) -> Float[Tensor, "segments ends=2 2"]:
    """Segments in pixels, cut off where they come too near to the camera or behind it."""
    depth = (lines - camera.centre) @ camera.forward
    lines, depth = lines[(depth > NEAR).any(1)], depth[(depth > NEAR).any(1)]
    fall = torch.where(depth[:, 0] == depth[:, 1], 1.0, depth[:, 1] - depth[:, 0])
    cut = lines[:, 0] + ((NEAR - depth[:, 0]) / fall)[:, None] * (lines[:, 1] - lines[:, 0])
    ends = torch.where((depth > NEAR)[..., None], lines, cut[:, None])
    return project_points(camera, ends.flatten(0, 1))[0].unflatten(0, (-1, 2))


def outlines(camera: Camera, boxes: Float[Tensor, "boxes 9"]) -> Float[Tensor, "edges ends=2 2"]:
    """The edges of boxes as a camera sees them, in pixels."""
    return clip_to_front(camera, segments(boxes))


def above(points: Float[Tensor, "*points 3"]) -> Float[Tensor, "*points 2"]:
    """(to the right, ahead) of world points, for a camera that looks along x."""
    return torch.stack([-points[..., 1], points[..., 0]], -1)


def side(points: Float[Tensor, "*points 3"]) -> Float[Tensor, "*points 2"]:
    """(ahead, up) of world points."""
    return torch.stack([points[..., 0], points[..., 2]], -1)


def rectangle_outline(rectangle: Float[Tensor, "4"]) -> Float[Tensor, "5 2"]:
    """A rectangle (left, top, right, bottom) as a closed line."""
    return rectangle[[0, 1, 2, 1, 2, 3, 0, 3, 0, 1]].view(5, 2)


class WorldLook(NamedTuple):
    """A camera in its world, as another one sees it; all lines in that one's pixels.

    body: the picture's rectangle before the pinhole, and the edges to it. frustum: what the
    camera sees. axes: right, down, forward, a line each. ray: that of one pixel. picture: by
    name; what the outer and the held camera see, (3, height, width).
    """

    body: Float[Tensor, "body ends=2 2"]
    frustum: Float[Tensor, "edges ends=2 2"]
    axes: tuple[Float[Tensor, "_ 2 2"], ...]
    ray: Float[Tensor, "_ 2 2"]
    outside: Float[Tensor, "3 height width"]
    inside: Float[Tensor, "3 rows columns"]


def look_at_world(
    outer: Camera,
    camera: Camera,
    pictures: tuple[Tensor, Tensor],
    pixel: tuple[float, float],
    reach: float | int,
    far: float | int = 7.0,
) -> WorldLook:
    """Lines of a camera, its frustum to depth ``far`` and the ray of a pixel, seen from outside.

    pictures: what the outer and the held camera see. reach: how far the ray goes. The body is
    drawn with 1/100 world unit per pixel of focal length: longer for a longer one, as a real one.
    """
    whole = torch.tensor([0.0, 0.0, camera.width, camera.height])
    body = frustum_edges(camera, whole, float(camera.focal) / 100)
    origin, direction = (x[0] for x in pixels_to_rays(camera, camera.centre.new_tensor([pixel])))
    ends = camera.centre + 0.8 * camera.rotation.T
    axes = tuple(clip_to_front(outer, torch.stack([camera.centre, e])[None]) for e in ends)
    ray = torch.stack([origin, origin + reach * direction])[None]
    return WorldLook(
        clip_to_front(outer, body),
        clip_to_front(outer, frustum_edges(camera, whole, far)),
        axes,
        clip_to_front(outer, ray),
        *pictures,
    )


# ------------------------------------------------------------------------------ drawing


def _draw(ax: Axes, lines: Tensor, colour: str, width: float = 2.0, **how: object) -> None:
    ax.add_collection(
        LineCollection(list(lines.numpy()), colors=colour, linewidths=width, **how), autolim=False
    )


def _show(ax: Axes, picture: Float[Tensor, "3 height width"], title: str = "") -> None:
    height, width = picture.shape[1:]
    ax.imshow(as_pictures(picture[None])[0], extent=(0, width, height, 0), interpolation="nearest")
    ax.set(xlim=(0, width), ylim=(height, 0), title=title)
    ax.set_axis_off()


def camera_panel(look: WorldLook, pixel: tuple[float, float]) -> Figure:
    """The camera in its world, and its picture with one pixel marked."""
    fig, axes = figure(13, 4.9, ncols=2, width_ratios=(1.05, 1.25))
    _show(axes[0], look.outside, "the camera in its world")
    _draw(axes[0], look.frustum, "white", 1.2, alpha=0.8)
    _draw(axes[0], look.body, INK, 1.8)
    _draw(axes[0], look.ray, RAY, 3.4, label="ray")
    for line, colour, name in zip(look.axes, AXES, ("right", "down", "forward"), strict=True):
        _draw(axes[0], line, colour, 3.4, label=name)
    axes[0].legend(loc="lower left", fontsize=12, frameon=True, framealpha=0.9)
    _show(axes[1], look.inside, "its picture")
    axes[1].plot(*pixel, "o", markersize=12, markerfacecolor=RAY, markeredgecolor=INK)
    return fig


def box_panel(
    picture: Float[Tensor, "3 height width"],
    camera: Camera,
    boxes: Float[Tensor, "boxes 9"],
    numbered: bool = False,
) -> Figure:
    """Boxes on a picture: their edges and the rectangle around them; and from above.

    numbered: write the number of each corner.
    """
    fig, axes = figure(13, 4.9, ncols=2, width_ratios=(1.6, 1))
    _show(axes[0], picture, "corners, projected")
    _draw(axes[0], outlines(camera, boxes), TOLD, 2.4)
    rectangles, seen = project_boxes(camera, boxes)
    for rectangle in rectangles[seen]:
        axes[0].plot(*rectangle_outline(rectangle).T.numpy(), color="white", linestyle="--")
    if numbered:
        corners = box_corners(boxes).flatten(0, 1)
        for i, (u, v) in enumerate(project_points(camera, corners)[0].tolist()):
            label = {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": TOLD}
            axes[0].text(u, v, str(i % 8), fontsize=13, ha="center", va="center", bbox=label)
    _plan(axes[1], camera, "from above")
    _boxes_above(axes[1], boxes, TOLD)
    return fig


def _plan(ax: Axes, camera: Camera, title: str, far: float = 9.5) -> None:
    """What lies before the camera, from above: the two sides of its picture, and axes."""
    whole = torch.tensor([0.0, camera.height / 2, camera.width, camera.height / 2 + 1])
    corners = above(frustum_corners(camera, whole, NEAR, far))
    apex = above(camera.centre)
    wedge = torch.stack([apex, corners[4], corners[5]])
    ax.fill(*wedge.T.numpy(), color=MUTED, alpha=0.13, linewidth=0)
    ax.plot(*apex.tolist(), "^", color=INK, markersize=11)
    ax.set(xlim=(-4.6, 4.6), ylim=(-0.5, far), aspect="equal", title=title)
    ax.set(xlabel="to the right, $-y$", ylabel="ahead, $x$")


def _boxes_above(ax: Axes, boxes: Float[Tensor, "boxes 9"], colour: str, **how: object) -> None:
    """The upper face of each box, and a line from its middle to its front."""
    corners = above(box_corners(boxes))
    ring = corners[:, [1, 3, 7, 5, 1]]
    front = torch.stack([above(boxes[:, :3]), corners[:, [5, 7]].mean(1)], 1)
    _draw(ax, ring, colour, **({"width": 2.4} | how))
    _draw(ax, front, colour, **({"width": 2.4} | how))


def slide_panel(
    camera: Camera,
    boxes: Mapping[str, Float[Tensor, "9"]],
    rectangle: Float[Tensor, "4"],
    picture: Float[Tensor, "3 height width"],
) -> Figure:
    """One rectangle on the picture; its frustum from above and from the side, with boxes in it.

    boxes: by name, each drawn in its own colour.
    """
    fig, axes = figure(15, 4.7, ncols=3, width_ratios=(1.35, 0.95, 1.25))
    _show(axes[0], picture, "the picture")
    axes[0].plot(*rectangle_outline(rectangle).T.numpy(), color="white", linewidth=4)
    _plan(axes[1], camera, "from above", far=11)
    corners = frustum_corners(camera, rectangle, NEAR, 11)
    for ax, flat, at in ((axes[1], above, (0, 1)), (axes[2], side, (0, 3))):
        wedge = torch.stack([flat(camera.centre), *(flat(corners[4 + i]) for i in at)])
        ax.fill(*wedge.T.numpy(), color=CYCLE[4], alpha=0.35, linewidth=0)
    for (name, box), colour in zip(boxes.items(), CYCLE, strict=False):
        _draw(axes[0], outlines(camera, box[None]), colour, 1.6)
        _boxes_above(axes[1], box[None], colour)
        _draw(axes[2], side(segments(box[None])), colour, 2.4, label=name)
    axes[2].axhline(0, color=INK, linewidth=1.5)
    axes[2].plot(*side(camera.centre).tolist(), ">", color=INK, markersize=11)
    axes[2].set(xlim=(-0.5, 11), ylim=(-2.6, 3.2), title="from the side", aspect="equal")
    axes[2].set(xlabel="ahead, $x$", ylabel="up, $z$")
    if len(boxes) > 1:
        axes[2].legend(loc="lower left", ncols=2, fontsize=11)
    return fig


# ------------------------------------------------------------------------------ pairs


def pair_panel(
    a: Float[Tensor, "9"], b: Float[Tensor, "9"], numbers: Mapping[str, float], pull: Tensor
) -> Figure:
    """Two boxes from above and from the side, what is printed about them, and where b is pulled.

    pull: (x, y, z), drawn as an arrow from the middle of b.
    """
    fig, axes = figure(12, 4.6, ncols=2)
    for ax, flat, name in ((axes[0], above, "from above"), (axes[1], side, "from the side")):
        for box, colour, who in ((a, TRUE, "the object"), (b, TOLD, "what is said")):
            _draw(ax, flat(segments(box[None])), colour, 2.4, label=who)
        foot, step = flat(b[:3]), flat(pull)
        if float(step.norm()) > 1e-6:
            ax.annotate("", (foot + step).tolist(), foot.tolist(),
                        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 2.5})  # fmt: skip
        middle = flat(a[:3])
        ax.set(xlim=(middle[0] - 2.2, middle[0] + 2.2), ylim=(middle[1] - 1.5, middle[1] + 1.5))
        ax.set(aspect="equal", title=name)
    axes[0].legend(loc="lower left", fontsize=12)
    fig.suptitle("     ".join(f"{name} {value:.3f}" for name, value in numbers.items()))
    return fig


def descent_panel(
    truth: Float[Tensor, "9"],
    paths: Mapping[str, Float[Tensor, "steps 9"]],
    iou: Mapping[str, Sequence[float]],
) -> Figure:
    """Boxes that follow the slope of a loss towards another one: the way from above, and IoU."""
    fig, axes = figure(4.3 * len(paths) + 5, 4.4, ncols=len(paths) + 1)
    for ax, (name, path), colour in zip(axes, paths.items(), CYCLE[1:], strict=False):
        shown = path[:: max(1, len(path) // 8)]
        _boxes_above(ax, shown, colour, width=1.2, alpha=0.6)
        _boxes_above(ax, path[-1:], colour)
        _boxes_above(ax, truth[None], TRUE)
        middle = above(truth[:3])
        ax.set(xlim=(middle[0] - 2.6, middle[0] + 2.6), ylim=(middle[1] - 2.4, middle[1] + 2.4))
        ax.set(aspect="equal", title=name)
        axes[-1].plot(iou[name], color=colour, label=name, linewidth=2.6)
    axes[-1].set(ylim=(-0.03, 1.03), xlabel="step", ylabel="IoU with the object")
    axes[-1].legend(loc="center right")
    return fig


# ------------------------------------------------------------------------------ detectors


def proposal_panel(
    picture: Float[Tensor, "3 height width"],
    camera: Camera,
    proposals: Float[Tensor, "proposals 7"],
    chosen: Mapping[str, Bool[Tensor, "proposals"]],
) -> Figure:
    """All proposals from above, and those of some groups drawn in full there and on the picture."""
    fig, axes = figure(13, 4.9, ncols=2, width_ratios=(1.6, 1))
    _show(axes[0], picture, "on the picture")
    _plan(axes[1], camera, f"{len(proposals)} proposals, from above")
    axes[1].plot(*above(proposals[:, :3]).T.numpy(), ".", color=MUTED, markersize=4)
    for (name, which), colour in zip(chosen.items(), CYCLE[1:], strict=False):
        boxes = full_boxes(proposals[which])
        _draw(axes[0], outlines(camera, boxes), colour, 1.6, label=name)
        _boxes_above(axes[1], boxes, colour, width=1.6)
    axes[0].legend(loc="upper left", bbox_to_anchor=(0, -0.01), ncols=2, fontsize=13)
    return fig


def detection_panel(
    picture: Float[Tensor, "3 height width"],
    camera: Camera,
    truth: Float[Tensor, "objects 7"],
    found: Float[Tensor, "found 7"],
    words: Sequence[str],
) -> Figure:
    """Objects and detections on the picture and from above; ``words`` beside each detection.

    Raises: ValueError if there are not as many words as detections.
    """
    if len(words) != len(found):
        raise ValueError(f"{len(found)} detections but {len(words)} words for them")
    fig, axes = figure(13, 5.1, ncols=2, width_ratios=(1.6, 1))
    _show(axes[0], picture)
    _plan(axes[1], camera, "from above")
    for boxes, colour, name in ((truth, TRUE, "objects"), (found, TOLD, "detections")):
        _draw(axes[0], outlines(camera, full_boxes(boxes)), colour, 2.2, label=name)
        _boxes_above(axes[1], full_boxes(boxes), colour)
    tops = full_boxes(found)[:, :3] + torch.tensor([0, 0, 0.5]) * found[:, 5:6]
    for (u, v), word in zip(project_points(camera, tops)[0].tolist(), words, strict=True):
        label = {"boxstyle": "round,pad=0.2", "fc": TOLD, "ec": "none", "alpha": 0.9}
        style = {"fontsize": 12, "color": "white", "ha": "center", "va": "bottom"}
        axes[0].text(u, v - 2, word, bbox=label, **style)
    axes[0].legend(loc="upper left", bbox_to_anchor=(0, -0.01), ncols=2, fontsize=13)
    return fig


def recall_panel(curves: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Precision against recall, one line per name; given as (precision, recall)."""
    fig, ax = figure(7, 4.6)
    for (name, (precision, recall)), colour in zip(curves.items(), CYCLE, strict=False):
        ax.plot(recall.numpy(), precision.numpy(), color=colour, label=name, linewidth=2.6)
    ax.set(xlim=(0, 1), ylim=(0, 1.03), xlabel="recall: share of the objects found")
    ax.set_ylabel("precision: share that is right")
    ax.grid()
    ax.legend(loc="lower left")
    return fig


def ap_bars(rows: Mapping[str, Mapping[str, float]], ylabel: str = "average precision") -> Figure:
    """Groups of bars, with their values: one group per row, one bar per entry.

    Raises: ValueError if there is nothing to draw.
    """
    if not rows:
        raise ValueError("there are no bars to draw")
    names = list(next(iter(rows.values())))
    fig, ax = figure(1.6 + 1.75 * len(rows), 4.4)
    wide = 0.8 / len(names)
    for k, name in enumerate(names):
        x = [i + (k - (len(names) - 1) / 2) * wide for i in range(len(rows))]
        bars = ax.bar(x, [row[name] for row in rows.values()], wide * 0.94, label=name,
                      color=CYCLE[k % len(CYCLE)])  # fmt: skip
        ax.bar_label(bars, fmt="%.2f", fontsize=12, padding=2)
    ax.set_xticks(range(len(rows)), [name.replace(" ", "\n", 1) for name in rows], fontsize=12)
    ax.set(ylim=(0, 1.12), ylabel=ylabel)
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=len(names), borderaxespad=0.2)
    return fig
