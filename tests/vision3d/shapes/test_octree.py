"""Octrees: counted by hand, rebuilt into the grid, and growing as surfaces do."""

from itertools import pairwise

import pytest
import torch

from course_utils.vision3d.shapes.conversions import occupancy_from_function
from course_utils.vision3d.shapes.octree import leaf_squares, mixed_cells, octree_levels


def ball(resolution: int) -> torch.Tensor:
    return occupancy_from_function(lambda points: points.norm(dim=-1) - 0.7, resolution, 2.0)


def cells_by_recursion(grid: torch.Tensor) -> int:
    """Cells of an octree that splits whatever is not all alike."""
    if bool(grid.all()) or not bool(grid.any()):
        return 1
    half = len(grid) // 2
    ends = (slice(0, half), slice(half, None))
    return 1 + sum(cells_by_recursion(grid[x, y, z]) for x in ends for y in ends for z in ends)


def test_one_full_voxel_by_hand():
    grid = torch.zeros(8, 8, 8, dtype=torch.bool)
    grid[5, 2, 7] = True
    levels = octree_levels(grid)
    assert [(level.side, level.stored, level.split) for level in levels] == [
        (1, 1, 1), (2, 8, 1), (4, 8, 1), (8, 8, 0),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_cells_equal_a_recursion(seed):
    grid = torch.rand(8, 8, 8, generator=torch.Generator().manual_seed(seed)) < 0.02
    assert sum(level.stored for level in octree_levels(grid)) == cells_by_recursion(grid)


def test_a_ball_needs_cells_as_its_surface_grows_not_its_volume():
    sizes = [sum(level.stored for level in octree_levels(ball(r))) for r in (16, 32, 64)]
    for small, large in pairwise(sizes):
        assert 3.2 < large / small < 5.5  # a grid needs 8 times as many
    assert sizes[-1] < 0.2 * 64**3


def test_what_is_alike_everywhere_is_one_cell():
    for value in (False, True):
        grid = torch.full((4, 4, 4), value)
        assert [level.stored for level in octree_levels(grid)] == [1, 0, 0]


@pytest.mark.parametrize("slab", [0, 5, 9, 15])
def test_leaves_tile_the_slice_and_say_what_is_there(slab):
    grid = ball(16)
    painted = torch.zeros(16, 16, dtype=torch.long)
    rebuilt = torch.zeros(16, 16, dtype=torch.bool)
    for x, z, width, full in leaf_squares(grid, slab):
        painted[x : x + width, z : z + width] += 1
        rebuilt[x : x + width, z : z + width] = full
    assert bool((painted == 1).all()) and torch.equal(rebuilt, grid[:, slab])


def test_what_cannot_be_halved_is_refused():
    with pytest.raises(ValueError, match="power of two"):
        octree_levels(torch.zeros(12, 12, 12, dtype=torch.bool))
    with pytest.raises(ValueError, match="cut into"):
        mixed_cells(ball(8), 3)
    with pytest.raises(ValueError, match="no slice"):
        leaf_squares(ball(8), 8)
