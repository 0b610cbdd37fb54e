"""What a figure shows, for the tests of plot functions."""

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg


def drawn(fig) -> np.ndarray:
    """Its pixels, (h, w, 3)."""
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def words(fig) -> str:
    """All that is written on it, a text per line."""
    found = [text.get_text() for ax in fig.axes for text in ax.texts]
    for ax in fig.axes:
        legend = ax.get_legend()
        found += [ax.get_title(), ax.get_title(loc="left"), ax.get_xlabel(), ax.get_ylabel()]
        found += [] if legend is None else [text.get_text() for text in legend.get_texts()]
    return "\n".join(found)


def pictures(count: int, side: int = 8) -> torch.Tensor:
    """Random pictures, the same at every call."""
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))
