"""Random shapes as voxels."""

import torch
from torch import Tensor


def full_voxels(seed: int, counts: tuple[int, ...], side: int) -> Tensor:
    """For each object a grid with so many full voxels, anywhere."""
    generator = torch.Generator("cpu").manual_seed(seed)
    grids = torch.zeros(len(counts), side**3, dtype=torch.bool)
    for row, count in zip(grids, counts, strict=True):
        row[torch.randperm(side**3, generator=generator)[:count]] = True
    return grids.view(-1, side, side, side)
