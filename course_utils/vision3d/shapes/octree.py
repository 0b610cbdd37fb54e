"""How many cells a shape really needs: an octree splits only where the surface passes.

Meagher (1982), "Geometric modeling using octree encoding". A cell that is all full or all empty
is not split further. A grid of r voxels a side has r^3 of them, but the surface passes through
some r^2 only, so that is how an octree grows. Tatarchenko et al. (2017), Octree Generating
Networks, predict shapes so: from coarse to fine, and only where it is needed.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool
from torch import Tensor
from torch.nn import functional as F


class Level(NamedTuple):
    """One level of an octree over a cube: cells along each side, cells stored, cells split."""

    side: int
    stored: int
    split: int


def mixed_cells(occupancy: Bool[Tensor, "r r r"], side: int) -> Bool[Tensor, "s s s"]:
    """Which of side^3 equal cells hold both full and empty voxels.

    Raises: ValueError if the grid cannot be cut into so many cells.
    """
    resolution = occupancy.shape[0]
    if occupancy.ndim != 3 or side < 1 or resolution % side:
        raise ValueError(f"{tuple(occupancy.shape)} voxels cannot be cut into {side} cells a side")
    if side == resolution:
        return torch.zeros_like(occupancy)
    width = resolution // side
    some = F.max_pool3d(occupancy[None].float(), width)[0] > 0
    every = F.max_pool3d((~occupancy)[None].float(), width)[0] == 0
    return some & ~every


def octree_levels(occupancy: Bool[Tensor, "r r r"]) -> list[Level]:
    """The levels of the smallest octree that holds this grid exactly, from the whole cube down.

    A level stores eight cells for each cell that the one above splits. The sum of ``stored`` is
    the size of the octree in cells.

    Raises: ValueError if the resolution is no power of two.
    """
    resolution = occupancy.shape[0]
    if resolution < 1 or resolution & (resolution - 1):
        raise ValueError(f"an octree halves again and again: {resolution} is no power of two")
    levels, stored = [], 1
    for depth in range(resolution.bit_length()):
        split = int(mixed_cells(occupancy, 2**depth).sum())
        levels.append(Level(2**depth, stored, split))
        stored = 8 * split
    return levels


def leaf_squares(occupancy: Bool[Tensor, "r r r"], slab: int) -> list[tuple[int, int, int, bool]]:
    """The octree's leaves that a slice y = ``slab`` (a voxel index) cuts: (x, z, width, full).

    x, z: of the leaf's lowest corner, in voxels; width in voxels.

    Raises: ValueError as ``octree_levels``, or if there is no such slice.
    """
    resolution = octree_levels(occupancy)[-1].side
    if not 0 <= slab < resolution:
        raise ValueError(f"a grid of {resolution} voxels has no slice {slab}")
    mixed = [mixed_cells(occupancy, 2**d) for d in range(resolution.bit_length())]
    leaves, open_cells = [], [(0, 0)]
    for depth, split in enumerate(mixed):
        width, following = resolution >> depth, []
        for x, z in open_cells:
            if split[x, slab // width, z]:
                following += [(2 * x + i, 2 * z + k) for i in (0, 1) for k in (0, 1)]
            else:
                full = bool(occupancy[x * width, slab, z * width])
                leaves.append((x * width, z * width, width, full))
        open_cells = following
    return leaves
