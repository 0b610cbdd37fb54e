"""One small drawing per notebook, on axes from 0 to 1 in both directions, in a given colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Ellipse, FancyArrowPatch, Polygon, Rectangle

from course_utils.plots import FAKE, GOOD, INK, MUTED, REAL

__all__ = ["ICONS"]

Icon = Callable[[Axes, str], None]
PALE = "#FFFFFF"


def _box(ax: Axes, x: float, y: float, w: float, h: float, colour: str, **style) -> None:
    style = {"facecolor": "none", "edgecolor": colour, "linewidth": 1.8, **style}
    ax.add_patch(Rectangle((x, y), w, h, **style))


def _arrow(ax: Axes, start: tuple, end: tuple, colour: str, bend: float = 0.0) -> None:
    style = {"arrowstyle": "-|>", "mutation_scale": 11, "linewidth": 1.8, "color": colour}
    curve = f"arc3,rad={bend}"
    ax.add_patch(FancyArrowPatch(start, end, connectionstyle=curve, shrinkA=0, shrinkB=0, **style))


def _house(ax: Axes, x: float, y: float, s: float, colour: str, alpha: float = 1.0) -> None:
    """A house of width ``s`` whose lower left corner is at (x, y)."""
    walls = [
        (x + 0.12 * s, y),
        (x + 0.88 * s, y),
        (x + 0.88 * s, y + 0.5 * s),
        (x + 0.12 * s, y + 0.5 * s),
    ]
    roof = [(x, y + 0.5 * s), (x + s, y + 0.5 * s), (x + 0.5 * s, y + 0.95 * s)]
    ax.add_patch(Polygon(walls, facecolor=colour, alpha=0.35 * alpha, edgecolor="none"))
    ax.add_patch(Polygon(roof, facecolor=colour, alpha=alpha, edgecolor="none"))


def minimax(ax: Axes, colour: str) -> None:
    """The ring of eight: real clusters, and samples on their way to them."""
    angle = np.arange(8) * np.pi / 4
    ax.scatter(0.5 + 0.38 * np.cos(angle), 0.5 + 0.38 * np.sin(angle), s=46, color=REAL)
    ax.scatter(0.5 + 0.2 * np.cos(angle + 0.5), 0.5 + 0.2 * np.sin(angle + 0.5), s=16, color=FAKE)


def gan_images(ax: Axes, colour: str) -> None:
    """Four samples, from noise to a picture."""
    generator = np.random.default_rng(3)
    for k, (x, y) in enumerate([(0.08, 0.54), (0.54, 0.54), (0.08, 0.08), (0.54, 0.08)]):
        noise = generator.random((8, 8))
        extent = (x, x + 0.38, y, y + 0.38)
        ax.imshow(noise, extent=extent, cmap="Greys", alpha=0.75 - 0.24 * k, vmin=-0.5, vmax=1.6)
        _house(ax, x + 0.06, y + 0.05, 0.26, colour, alpha=k / 3)
        _box(ax, x, y, 0.38, 0.38, colour, linewidth=1.2)


def rotation(ax: Axes, colour: str) -> None:
    """A house lying on its side, and the arrow that would put it upright."""
    ax.add_patch(
        Polygon(
            [(0.3, 0.36), (0.3, 0.64), (0.52, 0.64), (0.52, 0.36)], facecolor=colour, alpha=0.35
        )
    )
    ax.add_patch(Polygon([(0.52, 0.3), (0.52, 0.7), (0.74, 0.5)], facecolor=colour))
    _arrow(ax, (0.8, 0.24), (0.8, 0.8), colour, bend=0.55)


def pretext(ax: Axes, colour: str) -> None:
    """A picture in nine patches, one of them missing."""
    for row in range(3):
        for column in range(3):
            x, y = 0.12 + 0.27 * column, 0.12 + 0.27 * row
            middle = row == column == 1
            face = "none" if middle else colour
            _box(
                ax,
                x,
                y,
                0.22,
                0.22,
                colour,
                facecolor=face,
                alpha=1 if middle else 0.25 + 0.08 * row,
            )
    ax.text(0.5, 0.5, "?", ha="center", va="center", fontsize=17, color=colour, fontweight="bold")


def colorization(ax: Axes, colour: str) -> None:
    """Half grey, half in colour."""
    for k, (grey, bright) in enumerate([("#5E5E5E", FAKE), ("#8A8A8A", GOOD), ("#B5B5B5", REAL)]):
        y = 0.14 + 0.25 * k
        _box(ax, 0.12, y, 0.38, 0.22, grey, facecolor=grey)
        _box(ax, 0.5, y, 0.38, 0.22, bright, facecolor=bright)


def video(ax: Axes, colour: str) -> None:
    """Two frames; a place in the second points to where its colour was in the first."""
    for x, dot in ((0.06, 0.2), (0.56, 0.8)):
        _box(ax, x, 0.24, 0.38, 0.52, colour)
        ax.add_patch(Circle((dot, 0.5 if x < 0.5 else 0.6), 0.07, color=colour))
    _arrow(ax, (0.74, 0.66), (0.24, 0.6), colour, bend=0.4)


def info_nce(ax: Axes, colour: str) -> None:
    """Similarities of views: the diagonal should win."""
    values = 0.12 + 0.25 * np.random.default_rng(1).random((5, 5)) + 0.62 * np.eye(5)
    for (row, column), value in np.ndenumerate(values):
        x, y = 0.1 + 0.16 * column, 0.74 - 0.16 * row
        _box(ax, x, y, 0.15, 0.15, colour, facecolor=colour, alpha=min(value, 1), linewidth=0)


def contrast(ax: Axes, colour: str) -> None:
    """Two views of one picture are pulled together, away from the others."""
    _house(ax, 0.08, 0.62, 0.28, colour)
    _house(ax, 0.1, 0.08, 0.2, colour, alpha=0.6)
    _arrow(ax, (0.38, 0.72), (0.62, 0.56), colour)
    _arrow(ax, (0.38, 0.22), (0.62, 0.42), colour)
    ax.add_patch(Circle((0.72, 0.49), 0.08, color=colour))
    for x, y in ((0.86, 0.84), (0.9, 0.14), (0.62, 0.86)):
        ax.add_patch(Circle((x, y), 0.05, color=MUTED, alpha=0.5))


def clip(ax: Axes, colour: str) -> None:
    """A picture and a sentence that mean the same."""
    _box(ax, 0.06, 0.3, 0.38, 0.4, colour)
    _house(ax, 0.12, 0.35, 0.26, colour)
    for y, width in ((0.62, 0.38), (0.5, 0.3), (0.38, 0.34)):
        ax.plot([0.58, 0.58 + width], [y, y], color=colour, linewidth=3, solid_capstyle="round")


def camera(ax: Axes, colour: str) -> None:
    """The pinhole and its frustum."""
    eye, corners = (0.1, 0.5), [(0.62, 0.2), (0.62, 0.66), (0.9, 0.82), (0.9, 0.36)]
    ax.add_patch(Polygon(corners, facecolor=colour, alpha=0.25))
    ax.add_patch(Polygon(corners, facecolor="none", edgecolor=colour, linewidth=1.8))
    for x, y in corners:
        ax.plot([eye[0], x], [eye[1], y], color=colour, linewidth=1.3)
    ax.add_patch(Circle(eye, 0.045, color=colour))


def voxels(ax: Axes, colour: str) -> None:
    """A few cubes, seen from above one corner."""
    for x, y, z in ((0, 1, 0), (1, 1, 0), (0, 0, 0), (1, 0, 0), (0, 1, 1)):
        left, low = 0.5 + 0.19 * (x - y), 0.16 + 0.11 * (2 - x - y) + 0.22 * z
        top = [
            (left, low + 0.22),
            (left + 0.19, low + 0.33),
            (left, low + 0.44),
            (left - 0.19, low + 0.33),
        ]
        side = [
            (left, low),
            (left + 0.19, low + 0.11),
            (left + 0.19, low + 0.33),
            (left, low + 0.22),
        ]
        front = [
            (left, low),
            (left - 0.19, low + 0.11),
            (left - 0.19, low + 0.33),
            (left, low + 0.22),
        ]
        for face, alpha in ((top, 0.3), (side, 0.85), (front, 0.55)):
            ax.add_patch(Polygon(face, facecolor=PALE, edgecolor="none"))
            ax.add_patch(Polygon(face, facecolor=colour, alpha=alpha, edgecolor=PALE, linewidth=1))


def mesh(ax: Axes, colour: str) -> None:
    """A surface of triangles."""
    angle = np.arange(6) * np.pi / 3 + 0.2
    rim = np.stack([0.5 + 0.4 * np.cos(angle), 0.5 + 0.38 * np.sin(angle)], 1)
    hub = np.array([0.44, 0.56])
    for k in range(6):
        corners = [hub, rim[k], rim[(k + 1) % 6]]
        shade = 0.2 + 0.12 * k
        ax.add_patch(Polygon(corners, facecolor=colour, alpha=shade, edgecolor=PALE, linewidth=1.5))


def implicit(ax: Axes, colour: str) -> None:
    """Level lines of a signed distance."""
    x, y = np.meshgrid(np.linspace(0.04, 0.96, 60), np.linspace(0.04, 0.96, 60))
    distance = np.minimum(np.hypot(x - 0.38, y - 0.45) - 0.2, np.hypot(x - 0.66, y - 0.6) - 0.13)
    ax.contourf(x, y, distance, levels=[-1, 0], colors=[colour], alpha=0.35)
    ax.contour(
        x, y, distance, levels=[-0.08, 0, 0.08, 0.16], colors=colour, linewidths=[1, 2.6, 1, 1]
    )


def quadrature(ax: Axes, colour: str) -> None:
    """Density along a ray, summed in strips."""
    x = np.linspace(0.08, 0.92, 12)
    height = 0.62 * np.exp(-(((x - 0.52) / 0.17) ** 2))
    ax.bar(x, height, width=0.06, bottom=0.2, color=colour, alpha=0.4)
    ax.plot(x, 0.2 + height, color=colour, linewidth=2)
    _arrow(ax, (0.04, 0.2), (0.99, 0.2), INK)


def nerf(ax: Axes, colour: str) -> None:
    """Rays from two cameras meet in a cloud of samples."""
    for eye, turn in (((0.08, 0.2), 0.62), ((0.9, 0.12), 2.2)):
        along = np.linspace(0.16, 0.8, 9)
        x, y = eye[0] + along * np.cos(turn), eye[1] + along * np.sin(turn)
        ax.plot([eye[0], x[-1]], [eye[1], y[-1]], color=colour, linewidth=1.2)
        near = np.exp(-(((x - 0.52) ** 2 + (y - 0.56) ** 2) / 0.03))
        ax.scatter(x, y, s=14 + 70 * near, color=colour, alpha=0.75, zorder=3, linewidth=0)
        ax.add_patch(Circle(eye, 0.05, color=INK))


def splats(ax: Axes, colour: str) -> None:
    """Overlapping soft ellipses."""
    shapes = [(0.36, 0.44, 0.5, 0.26, 30), (0.6, 0.6, 0.46, 0.22, -35), (0.56, 0.34, 0.3, 0.2, 80)]
    for x, y, w, h, turn in shapes:
        for scale, alpha in ((1.3, 0.12), (1.0, 0.2), (0.6, 0.4)):
            ax.add_patch(
                Ellipse((x, y), w * scale, h * scale, angle=turn, color=colour, alpha=alpha, lw=0)
            )


ICONS: dict[int, Icon] = dict(
    enumerate(
        [
            minimax,
            gan_images,
            rotation,
            pretext,
            colorization,
            video,
            info_nce,
            contrast,
            clip,
            camera,
            voxels,
            mesh,
            implicit,
            quadrature,
            nerf,
            splats,
        ],
        start=1,
    )
)
