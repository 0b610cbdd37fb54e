"""Figures of the pretext zoo that no other lesson needs. Every function is pure."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from course_utils.plots import FAKE, REAL, as_pictures, figure

__all__ = ["pretext_gallery"]

Pictures = Float[Tensor, "n 3 height width"]
Corners = Int[Tensor, "n 2"]
QUESTIONS = ("a picture", "where does B lie?", "in which order?", "what was here?")


def pretext_gallery(
    pictures: Pictures,
    corners: tuple[Corners, Corners],
    side: int,
    tiles: Float[Tensor, "n tiles 3 tile tile"],
    erased: Pictures,
) -> Figure:
    """Each picture beside what three pretext tasks make of it: two patches, a puzzle, a hole.

    Args:
        corners: (top, left) of the patches A and B, squares of ``side`` pixels.
        tiles: the shuffled pieces, row by row; erased: the picture with its hole.

    Raises:
        ValueError: when the parts belong to different numbers of pictures.
    """
    counts = {len(part) for part in (pictures, *corners, tiles, erased)}
    if len(counts) != 1:
        raise ValueError(f"parts of {sorted(counts)} pictures do not belong together")
    count = len(pictures)
    fig, axes = figure(10.6, 2.62 * count + 0.4, nrows=count, ncols=4, squeeze=False)
    for row, line in enumerate(axes):
        _picture(line[0], pictures[row])
        _two_patches(line[1], pictures[row], (corners[0][row], corners[1][row]), side)
        _pieces(line[2], tiles[row])
        _picture(line[3], erased[row])
    for ax, question in zip(axes[0], QUESTIONS, strict=True):
        ax.set_title(question)
    return fig


def _picture(ax: Axes, picture: Tensor) -> None:
    ax.imshow(as_pictures(picture[None])[0], interpolation="nearest")
    ax.set_axis_off()


def _two_patches(ax: Axes, picture: Tensor, corners: tuple[Tensor, Tensor], side: int) -> None:
    """The picture nearly white, but for two framed patches, A and B."""
    seen = 0.2 * picture + 0.8
    for top, left in (corner.tolist() for corner in corners):
        window = (slice(None), slice(top, top + side), slice(left, left + side))
        seen[window] = picture[window]
    _picture(ax, seen)
    for corner, colour, name in zip(corners, (REAL, FAKE), "AB", strict=True):
        top, left = corner.tolist()
        place = (left - 0.5, top - 0.5)
        ax.add_patch(Rectangle(place, side, side, fill=False, edgecolor=colour, linewidth=4))
        label = {"boxstyle": "round,pad=0.15", "facecolor": colour, "edgecolor": "none"}
        ax.text(
            left + side / 2 - 0.5, top - 0.5, name,
            ha="center", va="center", color="white", fontsize=15, fontweight="bold", bbox=label,
        )  # fmt: skip


def _pieces(ax: Axes, tiles: Tensor) -> None:
    """The pieces on white, with gaps between them."""
    grid = round(len(tiles) ** 0.5)
    gap = max(1, tiles.shape[-1] // 10)
    step = tiles.shape[-1] + gap
    board = torch.ones(3, grid * step - gap, grid * step - gap)
    for place, tile in enumerate(tiles):
        top, left = step * (place // grid), step * (place % grid)
        board[:, top : top + step - gap, left : left + step - gap] = tile
    _picture(ax, board)
