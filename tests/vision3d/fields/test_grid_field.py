"""A table read between its points: exact where trilinear is exact, empty outside."""

import pytest
import torch

from course_utils.vision3d.fields import grid_field

DOUBLE = torch.float64
CENTRE = torch.tensor([0.5, -1.0, 2.0], dtype=DOUBLE)


def product_field(points, directions):
    """Linear in each coordinate, so trilinear reading makes no error."""
    x, y, z = points.unbind(-1)
    density = 10 + x + 2 * y * z + 0.3 * x * y * z
    return density, torch.stack([x, y, z], -1)


def test_reading_is_exact_for_products_of_coordinates_and_keeps_the_axes_apart():
    grid = grid_field.tabulate(product_field, CENTRE, 1.5, 5)
    points = CENTRE + 1.5 * (
        2 * torch.rand(7, 11, 3, dtype=DOUBLE, generator=torch.Generator().manual_seed(0)) - 1
    )
    density, colour = grid_field.field_from_grid(grid, CENTRE, 1.5)(points, points)
    truth, where = product_field(points, points)
    torch.testing.assert_close(density, truth, atol=1e-12, rtol=1e-12)
    torch.testing.assert_close(colour, where, atol=1e-12, rtol=1e-12)


def test_outside_is_empty_and_corners_are_grid_points():
    grid = grid_field.tabulate(product_field, CENTRE, 1.5, 3)
    corners = grid_field.grid_points(3, CENTRE, 1.5)
    assert corners[0, 0, 0].tolist() == [-1.0, -2.5, 0.5]
    assert corners[2, 0, 1].tolist() == [2.0, -2.5, 2.0]
    far = CENTRE + torch.tensor([[5.0, 0.0, 0.0]], dtype=DOUBLE)
    assert grid_field.field_from_grid(grid, CENTRE, 1.5)(far, far)[0].item() == 0


def test_bad_grids_are_refused():
    with pytest.raises(ValueError, match="two points"):
        grid_field.grid_points(1, CENTRE, 1.0)
    with pytest.raises(ValueError, match="radius"):
        grid_field.grid_points(4, CENTRE, 0.0)
