"""Pictures of shapes: what is drawn is where it is, and the figures hold what they were given."""

import math

import numpy as np
import pytest
import torch

from course_utils.lessons import solid_images
from course_utils.lessons.voxels import figures
from course_utils.vision3d.shapes.conversions import mesh_from_function, occupancy_from_function
from course_utils.vision3d.shapes.octree import octree_levels
from tests.figures import drawn, words

RADIUS, DISTANCE, SIZE = 0.6, 4.5, 96
CAMERA = solid_images.standing_camera(0.4, 0.3, DISTANCE, size=SIZE)


def ball(points: torch.Tensor) -> torch.Tensor:
    return points.norm(dim=-1) - RADIUS


def dice() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def dark(picture: np.ndarray) -> np.ndarray:
    """Where something was drawn."""
    return (picture < 245).any(-1)


def outline() -> np.ndarray:
    """The disc that a ball is to a pinhole: within the cone of half angle asin(r / d)."""
    v, u = np.mgrid[:SIZE, :SIZE] + 0.5 - SIZE / 2
    angle = np.arctan(np.hypot(u, v) / float(CAMERA.focal))
    return angle < math.asin(RADIUS / DISTANCE)


# ------------------------------------------------------------------ one solid


@pytest.mark.parametrize("name", ["blocks", "mesh", "points"])
def test_a_ball_is_drawn_as_the_disc_that_it_is(name):
    if name == "blocks":
        picture = solid_images.draw_blocks(occupancy_from_function(ball, 40, 2.0), CAMERA)
    elif name == "mesh":
        picture = solid_images.draw_mesh(mesh_from_function(ball, 24), CAMERA)
    else:
        cloud = RADIUS * torch.nn.functional.normalize(
            torch.randn(4000, 3, generator=dice()), dim=-1
        )
        picture = solid_images.draw_points(cloud, CAMERA)
    assert picture.shape == (SIZE, SIZE, 3) and picture.dtype == np.uint8
    found, true = dark(picture), outline()
    # Blocks stick out by up to a voxel, discs by their radius.
    assert (found & true).sum() / (found | true).sum() > 0.86


def test_sphere_tracing_meets_the_ball_and_the_plane_shows_the_values():
    table = solid_images.tabulated(ball)
    picture = solid_images.draw_function(table, CAMERA).astype(int)
    blue = picture[..., 2] > picture[..., 0] + 8  # the skin is bluish, the plane is not
    assert (blue & ~outline()).sum() < 0.03 * outline().sum()
    assert 0.4 < (blue & outline()).sum() / outline().sum() < 0.95  # the rest is behind the plane
    edge_on = solid_images.standing_camera(0.0, 0.0, DISTANCE, size=SIZE)
    thin = dark(solid_images.draw_function(table, edge_on))
    v, u = np.nonzero(thin)
    assert np.ptp(u) < 1.2 * np.ptp(v)


def test_light_comes_from_the_upper_left():
    picture = solid_images.draw_mesh(mesh_from_function(ball, 30), CAMERA).sum(-1).astype(int)
    middle, step = SIZE // 2, SIZE // 8
    assert picture[middle - step, middle - step] > picture[middle + step, middle + step] + 60


def test_nearer_blocks_hide_farther_ones():
    grid = torch.zeros(8, 8, 8, dtype=torch.bool)
    grid[0, 4, 4] = True  # alone, far away along x
    along_x = solid_images.standing_camera(0.0, 0.0, DISTANCE, size=SIZE)
    wall = torch.zeros(8, 8, 8, dtype=torch.bool)
    wall[7] = True
    only_wall = solid_images.draw_blocks(wall, along_x)
    both = solid_images.draw_blocks(wall | grid, along_x)
    assert dark(solid_images.draw_blocks(grid, along_x)).any()
    assert np.array_equal(both, only_wall)


def test_nothing_is_white():
    empty = torch.zeros(8, 8, 8, dtype=torch.bool)
    assert not dark(solid_images.draw_blocks(empty, CAMERA)).any()


# ------------------------------------------------------------------ figures


def test_four_pictures_stand_side_by_side_and_turn_together():
    stretched = figures.solid_of(
        lambda p: ball(p * torch.tensor([1.0, 2.0, 1.0])), 300, generator=dice()
    )
    four = figures.four_shapes(stretched, 12)
    with pytest.raises(ValueError, match="only 300"):
        figures.four_shapes(stretched, 13)
    assert four.occupancy.shape == (12, 12, 12) and len(four.cloud) == 288
    pictures = [
        figures.four_pictures(four, solid_images.standing_camera(a, size=60)) for a in (0, 1)
    ]
    assert pictures[0].shape == (60, 4 * 60 + 3 * figures.BETWEEN, 3)
    for k in range(4):
        left = k * (60 + figures.BETWEEN)
        one, other = (picture[:, left : left + 60].astype(int) for picture in pictures)
        assert np.abs(one - other).mean() > 2
    text = words(figures.four_panel(four))
    for word in ("occupancy grid", "point cloud", "mesh", "implicit function", "1,728 bits"):
        assert word in text


def test_costs_are_drawn_as_given():
    costs = {"a": [(100, 0.1), (800, 0.05)], "b": [(50, 0.3), (5000, 0.003)]}
    ax = figures.cost_plot(costs).axes[0]
    assert [line.get_xydata().tolist() for line in ax.lines] == [
        [list(p) for p in c] for c in costs.values()
    ]
    assert ax.get_xscale() == ax.get_yscale() == "log"
    with pytest.raises(ValueError, match="no costs"):
        figures.cost_plot({})


def test_the_octree_panel_counts_cells_and_draws_the_leaves():
    grid = occupancy_from_function(ball, 16, 2.0)
    fig = figures.octree_panel(grid)
    full, tree = (line.get_ydata() for line in fig.axes[1].lines)
    assert list(full) == [8**k for k in range(5)]
    assert tree[-1] == sum(level.stored for level in octree_levels(grid))
    areas = [path.get_extents().size.prod() for path in fig.axes[0].collections[0].get_paths()]
    assert sum(areas) == pytest.approx(16**2)
    assert drawn(fig).std() > 10


def test_the_best_threshold_of_each_curve_is_marked():
    ax = figures.score_curves([0.1, 0.5, 0.9], {"x": [0.2, 0.6, 0.4], "y": [0.1, 0.2, 0.3]}).axes[0]
    assert ax.lines[1].get_xydata().tolist() == [[0.5, 0.6]]
    assert ax.lines[3].get_xydata().tolist() == [[0.9, 0.3]]
    with pytest.raises(ValueError, match="one score"):
        figures.score_curves([0.1], {"x": [1, 2]})


def test_the_gallery_has_a_row_for_each_picture_and_names_above():
    grid = occupancy_from_function(ball, 8, 2.0)
    rows = [{"truth": grid, "network": grid}] * 2
    notes = [{"network": "IoU 0.61"}, {}]
    fig = figures.grid_gallery(torch.rand(2, 3, 8, 8), rows, notes)
    assert len(fig.axes) == 6
    text = words(fig)
    assert all(word in text for word in ("picture", "truth", "network", "IoU 0.61"))
    with pytest.raises(ValueError, match="rows"):
        figures.grid_gallery(torch.rand(1, 3, 8, 8), rows, notes)
    one = figures.voxel_panel(torch.rand(1, 8, 8), {"truth": grid}, {"truth": "a ball"})
    assert "a ball" in words(one)


def test_pairs_stand_above_each_other():
    grids = torch.stack([occupancy_from_function(ball, 8, 2.0)] * 3)
    fig = figures.picture_pairs(torch.rand(3, 3, 8, 8), grids, ["a", "b", "c"])
    assert [ax.get_title(loc="center") for ax in fig.axes[:3]] == ["a", "b", "c"]
    assert dark(np.asarray(fig.axes[3].images[0].get_array())).any()
    with pytest.raises(ValueError, match="2 names"):
        figures.picture_pairs(torch.rand(3, 3, 8, 8), grids, ["a", "b"])
