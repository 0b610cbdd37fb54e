"""Figures in the house style: large type for a projector, colours told apart by everyone.

Every function returns a `matplotlib.figure.Figure` that pyplot does not know of, so that a notebook
draws it once, as the value of the cell.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from course_utils.core.training import Record

__all__ = [
    "BAD",
    "CYCLE",
    "FAKE",
    "FIELD",
    "FIELD_STOPS",
    "GOOD",
    "INK",
    "MUTED",
    "REAL",
    "as_pictures",
    "curves",
    "figure",
    "image_grid",
    "to_uint8",
    "use_style",
]

# Blue against orange is the pair that red-green colour blindness leaves apart; green and
# dark red also differ in lightness. After Okabe and Ito (2008).
REAL = "#0072B2"
FAKE = "#E66100"
GOOD = "#009E73"
BAD = "#A4133C"
MUTED = "#767676"
INK = "#262626"
CYCLE = (REAL, FAKE, GOOD, "#CC79A7", "#56B4E9", "#8C6D1F", INK)
# 0 looks fake (orange), 1/2 undecided (paper), 1 looks real (blue); softer than REAL and FAKE,
# so that samples in those colours stand out on the field.
FIELD_STOPS = ("#F09A56", "#F8CBA6", "#F7F5F2", "#AFD0E8", "#64A5D3")
FIELD = LinearSegmentedColormap.from_list("course_field", FIELD_STOPS)

STYLE: dict[str, Any] = {
    "font.size": 14,
    "axes.titlesize": 16,
    "axes.labelsize": 14,
    "xtick.labelsize": 13,
    "ytick.labelsize": 13,
    "legend.fontsize": 13,
    "figure.titlesize": 17,
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "axes.edgecolor": "#9A9A9A",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": "#4D4D4D",
    "ytick.color": "#4D4D4D",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.grid": False,
    "grid.color": "#E4E4E4",
    "axes.axisbelow": True,
    "lines.linewidth": 2.4,
    "lines.solid_capstyle": "round",
    "legend.frameon": False,
    "image.interpolation": "nearest",
    "image.cmap": "gray",
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE),
}


def use_style() -> None:
    """Make the house style matplotlib's default for this session."""
    matplotlib.rcParams.update(STYLE)
    _teach_notebook()


def _teach_notebook() -> None:
    """Let a notebook draw a Figure that is the value of a cell; else it learns so from pyplot."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and Figure not in shell.display_formatter.formatters["image/png"]:
        from IPython.core.pylabtools import select_figure_formats

        select_figure_formats(shell, {"png"})


def figure(
    width: float | int = 8, height: float | int = 4.5, **subplots: Any
) -> tuple[Figure, Any]:
    """``fig, ax = figure()`` in the house style; ``nrows=``, ``ncols=`` and the like go to
    ``subplots``.

    width, height in inches (100 pixels each). Changes no global setting.
    """
    _teach_notebook()
    with matplotlib.rc_context(STYLE):
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(**subplots)


def as_pictures(images: Tensor | np.ndarray) -> np.ndarray:
    """Pictures as float (n, height, width, 3) in [0, 1], from (n, 3|1, h, w) or (n, h, w) in [0,
    1] or uint8.

    Arrays with the channels last are taken as they are. Raises: ValueError for other shapes, or
    NaN.
    """
    array = images.detach().cpu().numpy() if isinstance(images, Tensor) else np.asarray(images)
    if array.ndim == 3:
        array = array[:, None]
    if array.ndim != 4 or not (array.shape[1] in (1, 3) or array.shape[3] in (1, 3)):
        raise ValueError(f"pictures must be (n, 3 or 1, height, width), got {tuple(array.shape)}")
    if array.shape[1] in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    array = array / 255.0 if array.dtype == np.uint8 else array.astype(np.float64)
    if not np.isfinite(array).all():
        raise ValueError("the pictures hold NaN or infinite values")
    return np.broadcast_to(array, (*array.shape[:3], 3)).clip(0, 1)


def image_grid(
    images: Tensor | np.ndarray,
    labels: Sequence[object] | None = None,
    columns: int | None = None,
    title: str = "",
    picture_inches: float | int = 1.1,
) -> Figure:
    """Pictures side by side, each with its label below.

    images: float [0, 1] or uint8, (n, 3, h, w), (n, 1, h, w) or (n, h, w). ``columns`` defaults
    to at most 10.

    Raises: ValueError for no pictures, a wrong shape, or another number of labels than pictures.
    """
    pictures = as_pictures(images)
    count = len(pictures)
    if not count:
        raise ValueError("there are no pictures to show")
    if labels is not None and len(labels) != count:
        raise ValueError(f"{count} pictures but {len(labels)} labels")
    columns = min(count, 10) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    rows = -(-count // columns)
    tall = picture_inches * pictures.shape[1] / pictures.shape[2] + (
        0.3 if labels is not None else 0.06
    )
    width, height = picture_inches * columns + 0.1, tall * rows + (0.45 if title else 0.0)
    fig, axes = figure(width, height, nrows=rows, ncols=columns, squeeze=False)
    fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02, wspace=0.02, hspace=0.02)
    for index, ax in enumerate(axes.flat):
        ax.set_axis_off()
        if index < count:
            ax.imshow(pictures[index], interpolation="nearest")
            if labels is not None:
                ax.text(
                    0.5,
                    -0.04,
                    str(labels[index]),
                    transform=ax.transAxes,
                    ha="center",
                    va="top",
                    fontsize=12,
                )
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=STYLE["axes.titlesize"])
    return fig


def curves(
    records: Sequence[Record] | Mapping[str, Sequence[Record]],
    names: Sequence[str] | None = None,
    against: str = "step",
    smooth: int = 1,
    ylabel: str = "",
) -> Figure:
    """Every recorded value against ``step``, ``seconds`` or ``samples``, each line named at its
    end.

    records: what `fit` yielded, or several runs by name. names: which values (default all).
    smooth: mean over that many records, the raw line left faint behind.

    Raises: ValueError for no records, an unknown name, or another ``against``.
    """
    if against not in ("step", "seconds", "samples"):
        raise ValueError(f"against must be 'step', 'seconds' or 'samples', got {against!r}")
    if smooth < 1:
        raise ValueError(f"smooth must be at least 1, got {smooth}")
    runs = records if isinstance(records, Mapping) else {"": records}
    fig, ax = figure()
    lines = [line for run, rows in runs.items() for line in _lines(run, list(rows), names, against)]
    for colour, (label, x, y) in zip(CYCLE * (1 + len(lines) // len(CYCLE)), lines, strict=False):
        if smooth > 1:
            ax.plot(x, y, color=colour, alpha=0.2, linewidth=1)
        ax.plot(x, _moving_mean(y, smooth), color=colour, label=label, linewidth=2.4)
    ax.set_xlabel(
        {"step": "step", "seconds": "seconds of training", "samples": "samples seen"}[against]
    )
    ax.xaxis.set_major_locator(MaxNLocator(6, integer=against != "seconds"))
    ax.set_ylabel(ylabel)
    ax.grid(axis="y")
    _name_lines(ax, lines)
    return fig


def _lines(run: str, rows: list[Record], names: Sequence[str] | None, against: str) -> list[tuple]:
    if not rows:
        raise ValueError(f"there are no records to draw{f' in {run!r}' if run else ''}")
    known = list(dict.fromkeys(name for row in rows for name in row.values))
    if unknown := set(names or ()) - set(known):
        raise ValueError(f"no value named {sorted(unknown)} was recorded; there are {known}")
    lines = []
    for name in names or known:
        kept = [row for row in rows if name in row.values]
        label = " ".join(
            part for part in (run, name if not run or len(names or known) > 1 else "") if part
        )
        x = np.array([getattr(row, against) for row in kept], dtype=float)
        lines.append((label, x, np.array([row.values[name] for row in kept], dtype=float)))
    return lines


def _moving_mean(y: np.ndarray, width: int) -> np.ndarray:
    """Mean of the last ``width`` values; the first ones over as many as there are."""
    total = np.cumsum(np.concatenate([[0.0], y]))
    ends = np.arange(1, len(y) + 1)
    starts = np.maximum(ends - width, 0)
    return (total[ends] - total[starts]) / (ends - starts)


def _name_lines(ax: Axes, lines: list[tuple]) -> None:
    """A single unnamed line needs no legend; several stand above the axes, clear of the curves."""
    if len(lines) > 1:
        ax.legend(
            loc="lower left", bbox_to_anchor=(0, 1), ncols=min(len(lines), 4), borderaxespad=0.2
        )
    elif not ax.get_ylabel():
        ax.set_ylabel(lines[0][0])


def to_uint8(image: Tensor | np.ndarray) -> np.ndarray:
    """One picture as uint8 (height, width, 3), from float [0, 1] or uint8, channels first or
    last, or grey.

    Raises: ValueError for another shape, or NaN.
    """
    array = image.detach().cpu().numpy() if isinstance(image, torch.Tensor) else np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim == 3 and array.shape[-1] not in (1, 3) and array.shape[0] in (1, 3):
        array = array.transpose(1, 2, 0)
    if array.ndim != 3 or array.shape[-1] not in (1, 3):
        raise ValueError(
            f"a picture must be (height, width, 3) or (3, height, width), got {tuple(array.shape)}"
        )
    if array.dtype != np.uint8:
        if not np.isfinite(array).all():
            raise ValueError("the picture holds NaN or infinite values")
        array = np.rint(array.astype(np.float64).clip(0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(array, (*array.shape[:2], 3)))
