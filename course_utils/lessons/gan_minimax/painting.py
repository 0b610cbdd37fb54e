"""Pictures of a game, put on a `Stage` layer by layer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.colors import to_hex, to_rgb

from course_utils.gan.game_view import PlanePicture, cell_areas
from course_utils.gan.learning_process import LearningPicture
from course_utils.gan.toy_distributions import EXTENT
from course_utils.lessons.gan_minimax.figures import arrow_lengths, best_where_seen
from course_utils.live.stage import Stage
from course_utils.plots import FAKE, FIELD_STOPS, GOOD, INK, MUTED, REAL

__all__ = ["Shown", "line_stage", "paint_line", "paint_plane", "plane_stage"]

# The field lies behind the points, so its colours are mixed with white. Not by transparency:
# on a dark page that would turn to mud.
PALE = [to_hex(0.72 * np.array(to_rgb(stop)) + 0.28) for stop in FIELD_STOPS]
FLOOR, ROOF = -0.5, 1.12  # of the line's picture: the z axis lies at Z, the x axis at 0
Z = -0.4


class Shown(NamedTuple):
    """Which layers of the plane are to be seen."""

    field: bool = True
    grid: bool = True
    arrows: bool = True


def plane_stage(size: int = 540) -> Stage:
    """An empty plane, [-3, 3]²."""
    edges = (-EXTENT, EXTENT)
    description = "real points, generated points and the discriminator over the plane"
    return Stage(edges, edges, size, size, description=description)


def paint_plane(stage: Stage, picture: PlanePicture, shown: Shown) -> None:
    """Put every layer of the picture on the stage; what is hidden stays as an empty layer.

    Empty, not removed: a layer that comes back would lie on top of the others.
    """
    values = picture.field if shown.field else torch.full((2, 2), 0.5)
    stage.set(
        "field",
        "field",
        values=values,
        stops=PALE,
        alpha=1.0 if shown.field else 0.0,
        label="looks made to D … looks real" if shown.field else "",
    )
    cells, alphas, lines = _bent_grid(picture) if shown.grid else ([], np.zeros(0), [])
    stage.set("cells", "polygons", polygons=cells, colour=FAKE, alpha=alphas)
    stage.set("grid", "lines", lines=lines, colour=FAKE, width=1.0, alpha=0.55)
    stage.set("real", "points", xy=picture.real, colour=REAL, size=6, outline=True, label="real")
    stage.set("made", "points", xy=picture.fake, colour=FAKE, size=6, outline=True, label="made")
    feet, pull = picture.feet, arrow_lengths(picture.pull)
    if not shown.arrows:
        feet, pull = feet[:0], pull[:0]
    label = "pull on G" if shown.arrows else ""
    stage.set("pull", "arrows", xy=feet, vector=pull, colour=INK, width=1.4, label=label)


def _bent_grid(picture: PlanePicture) -> tuple[list[np.ndarray], np.ndarray, list[np.ndarray]]:
    """Cells, how opaque each is (the denser the more), and the lines between them."""
    grid = picture.grid
    if len(grid) == 1:
        return [], np.zeros(0), [grid[0].numpy()]
    corners = torch.stack([grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]], dim=2)
    density = 1 / (len(grid) - 1) ** 2 / cell_areas(grid).flatten().clamp_min(1e-6)
    alphas = 0.5 * density / (density + 1.0)
    lines = [*grid.numpy(), *grid.transpose(0, 1).numpy()]
    return list(corners.reshape(-1, 4, 2).numpy()), alphas.numpy(), lines


def line_stage(width: int = 760, height: int = 440) -> Stage:
    """An empty stage for Goodfellow's picture: z below, x above, densities and D over x."""
    stage = Stage(
        (-4, 4),
        (FLOOR, ROOF),
        width,
        height,
        axes=False,
        description="densities of data and generator, the discriminator, and where z is sent",
    )
    places = [(x, -0.045) for x in (-3, -2, -1, 1, 2, 3)]
    axes = [[(-4, y), (4, y)] for y in (0.0, Z)]
    half = [[(-4, y), (4, y)] for y in (0.5, 1.0)]
    stage.set("half", "lines", lines=np.array(half), colour=MUTED, width=1, alpha=0.5, dash=[3, 5])
    stage.set("axes", "lines", lines=np.array(axes), colour=MUTED, width=1.2)
    names = [*(f"{x:g}".replace("-", "\u2212") for x, _ in places), "x", "z", "1", "½"]
    places += [(3.85, -0.045), (3.85, Z + 0.05), (-3.9, 1.04), (-3.9, 0.54)]
    stage.set("names", "text", xy=np.array(places), text=names, size=14)
    return stage


def paint_line(stage: Stage, picture: LearningPicture) -> None:
    """Put the moment of a 1-D game on a stage made by `line_stage`."""
    x = picture.x.numpy()
    for name, density, colour in (
        ("p_data", picture.p_data, REAL),
        ("p_G", picture.p_model, FAKE),
    ):
        curve = np.stack([x, np.clip(density.numpy(), 0, ROOF)], 1)
        outline = np.concatenate([[[x[0], 0]], curve, [[x[-1], 0]]])
        stage.set(f"{name} area", "polygons", polygons=[outline], colour=colour, alpha=0.22)
        stage.set(name, "lines", lines=curve, colour=colour, width=2.4, label=name)
    best = np.stack([x, best_where_seen(picture)], 1)
    stage.set("best", "lines", lines=best, colour=GOOD, width=2.6, dash=[3, 5], label="best D")
    answer = np.stack([x, picture.d.numpy()], 1)
    stage.set("D", "lines", lines=answer, colour=INK, width=2.6, label="D")
    z, landed = picture.z.numpy().clip(-4, 4), picture.landed.numpy().clip(-4, 4)
    feet = np.stack([z, np.full_like(z, Z)], 1)
    vector = np.stack([landed - z, np.full_like(z, -0.09 - Z)], 1)
    stage.set(
        "G", "arrows", xy=feet, vector=vector, colour=FAKE, width=1.2, alpha=0.75, label="G: z → x"
    )
