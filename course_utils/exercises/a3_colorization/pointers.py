"""What points from the cells of one frame to those of another, and is known by hand."""

import torch
from torch import Tensor


def frame(*rows: list[float]) -> Tensor:
    """One frame, (1, rows, cells)."""
    return torch.tensor([rows], dtype=torch.float32, device="cpu")


def one_each(shift: int) -> Tensor:
    """Attention (1, 4, 4) by which target cell j points to cell j - shift (mod 4) alone."""
    return torch.eye(4).roll(shift, dims=1)[None]
