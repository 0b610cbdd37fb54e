"""The lecture as a map: three acts, sixteen notebooks, which of them are here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from course_utils.lessons.start_here.icons import ICONS
from course_utils.plots import FAKE, GOOD, INK, MUTED, REAL, figure

__all__ = ["ACTS", "STOPS", "Act", "Stop", "draw", "links"]


@dataclass(frozen=True)
class Act:
    """One of the three parts of the lecture, and what it asks."""

    title: str
    question: str
    colour: str


@dataclass(frozen=True)
class Stop:
    """One notebook: its file name without ending, what the map calls it, its assignment if any."""

    name: str
    title: str
    act: int
    assignment: str = ""

    @property
    def number(self) -> int:
        """Its place in the lecture."""
        return int(self.name[:2])


ACTS = (
    Act("GANs", "Can a network learn\nto make what it\nhas only seen?", FAKE),
    Act("Self-supervision", "What can be learned\nwhen nobody\ngives labels?", REAL),
    Act("3D vision", "What is the world\nbehind the picture?", GOOD),
)

STOPS = (
    Stop("01_gan_minimax", "The minimax\ngame", 0, "a1"),
    Stop("02_gan_images", "Images\nfrom GANs", 0),
    Stop("03_rotation_prediction", "Predict the\nrotation", 1, "a2"),
    Stop("04_pretext_zoo", "The pretext\nzoo", 1),
    Stop("05_colorization", "Color-\nization", 1, "a3"),
    Stop("06_video_colorization", "Video, by\npointing", 1, "a3"),
    Stop("07_infonce", "InfoNCE", 1, "a4"),
    Stop("08_simclr_vs_moco", "SimCLR and\nMoCo", 1, "a5"),
    Stop("09_clip_and_dense_objects", "CLIP, dense\nobjects", 1),
    Stop("10_cameras_and_boxes", "Cameras\nand boxes", 2, "a6"),
    Stop("11_voxels", "Voxels", 2, "a6"),
    Stop("12_mesh_rcnn", "Mesh\nR-CNN", 2),
    Stop("13_implicit_functions", "Implicit\nfunctions", 2),
    Stop("14_nerf_quadrature", "Volume\nrendering", 2, "a7"),
    Stop("15_nerf", "NeRF", 2, "a7"),
    Stop("16_splatting", "Gaussian\nsplatting", 2, "a8"),
)

# Layout in inches: the acts' names on the left, a row of cards for each act.
LEFT, CARD, TALL, GAP, ROW = 2.35, 1.16, 1.78, 0.1, 2.06


def is_here(stop: Stop, folder: str | os.PathLike = ".") -> bool:
    """Whether the notebook of a stop lies in ``folder``."""
    return (Path(folder) / f"{stop.name}.ipynb").is_file()


def draw(folder: str | os.PathLike = ".") -> Figure:
    """The map; notebooks that are not in ``folder`` yet are drawn pale and marked as planned."""
    width, height = LEFT + 7 * (CARD + GAP), 3 * ROW + 0.1
    fig, ax = figure(width, height)
    fig.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(0, width), ylim=(0, height))
    ax.set_axis_off()
    for row, act in enumerate(ACTS):
        bottom = height - (row + 1) * ROW
        _draw_act(ax, act, bottom)
        stops = [stop for stop in STOPS if stop.act == row]
        for column, stop in enumerate(stops):
            x, here = LEFT + column * (CARD + GAP), is_here(stop, folder)
            _draw_card(ax, stop, x, bottom, here)
    _draw_key(ax, LEFT + 2 * (CARD + GAP) + 0.25, height - ROW)
    return fig


def _draw_act(ax: Axes, act: Act, bottom: float) -> None:
    ax.plot([0.12, 0.12], [bottom + 0.08, bottom + TALL - 0.08], color=act.colour, linewidth=5)
    top = bottom + TALL - 0.3
    ax.text(0.28, top, act.title, fontsize=15, fontweight="bold", color=act.colour, va="center")
    ax.text(0.28, top - 0.26, act.question, fontsize=12, color=INK, va="top", linespacing=1.35)


def _draw_card(ax: Axes, stop: Stop, x: float, y: float, here: bool) -> None:
    colour = ACTS[stop.act].colour if here else MUTED
    look = {"edgecolor": colour, "facecolor": "white" if here else "#F6F6F6", "linewidth": 1.8}
    shape = "round,pad=0,rounding_size=0.09"
    dashed = "-" if here else (0, (4, 3))
    ax.add_patch(FancyBboxPatch((x, y), CARD, TALL, boxstyle=shape, linestyle=dashed, **look))
    inset = ax.inset_axes((x + 0.16, y + 0.62, 0.84, 0.84), transform=ax.transData)
    ICONS[stop.number](inset, colour)
    inset.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    inset.set_axis_off()
    ink = INK if here else "#5C5C5C"
    ax.text(x + 0.1, y + TALL - 0.16, f"{stop.number:02d}", fontsize=12.5, color=ink, va="center")
    if stop.assignment:
        mark = f"★ {stop.assignment}"
        ax.text(
            x + CARD - 0.1, y + TALL - 0.16, mark, fontsize=12, color=ink, ha="right", va="center"
        )
    ax.text(
        x + CARD / 2,
        y + 0.32,
        stop.title,
        fontsize=11.2,
        color=ink,
        ha="center",
        va="center",
        linespacing=1.2,
    )


def _draw_key(ax: Axes, x: float, y: float) -> None:
    entries = [
        ("01", "the notebook's number: the order of the lecture"),
        ("★ a1", "it has a graded assignment"),
        ("- - -", "planned, not here yet"),
    ]
    for line, (sign, words) in enumerate(entries):
        at = y + TALL - 0.45 - 0.38 * line
        ax.text(x, at, sign, fontsize=13, color=INK, va="center", fontweight="bold")
        ax.text(x + 0.75, at, words, fontsize=13, color=INK, va="center")


def links(folder: str | os.PathLike = "."):
    """The same as Markdown: links to the notebooks in ``folder``, the others marked as planned."""
    from IPython.display import Markdown

    lines = []
    for number, act in enumerate(ACTS):
        entries = [_link(stop, folder) for stop in STOPS if stop.act == number]
        lines.append(f"**{act.title}** &nbsp; " + " &nbsp;·&nbsp; ".join(entries) + "\n")
    return Markdown("\n".join(lines))


def _link(stop: Stop, folder: str | os.PathLike) -> str:
    title = stop.title.replace("-\n", "").replace("\n", " ")
    text = f"{stop.number:02d} {title}".replace(" ", "\N{NO-BREAK SPACE}")
    star = f" ★{stop.assignment}" if stop.assignment else ""
    if is_here(stop, folder):
        return f"[{text}]({stop.name}.ipynb){star}"
    return f"{text}{star} *(planned)*"
