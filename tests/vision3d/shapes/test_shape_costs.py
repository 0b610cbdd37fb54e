"""What representations cost and how wrong they are, on shapes with closed forms; and RBFs."""

import math

import pytest
import torch

from course_utils.vision3d.shapes import shape_costs
from course_utils.vision3d.shapes.conversions import occupancy_from_function
from course_utils.vision3d.shapes.rbf import radial_basis_function

RADIUS = 0.7


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ball(points: torch.Tensor) -> torch.Tensor:
    return points.norm(dim=-1) - RADIUS


def sphere_points(count: int) -> torch.Tensor:
    return RADIUS * torch.nn.functional.normalize(torch.randn(count, 3, generator=dice(9)), dim=-1)


# ------------------------------------------------------------------ radial basis functions


def test_it_agrees_with_scipy():
    from scipy.interpolate import RBFInterpolator

    centres = torch.rand(40, 3, generator=dice(), dtype=torch.float64)
    values = torch.randn(40, generator=dice(1), dtype=torch.float64)
    points = torch.rand(25, 3, generator=dice(2), dtype=torch.float64) * 2 - 0.5
    peer = RBFInterpolator(centres.numpy(), values.numpy(), kernel="linear", degree=1)
    found = radial_basis_function(centres, values)
    torch.testing.assert_close(found(points), torch.from_numpy(peer(points.numpy())))
    torch.testing.assert_close(found(centres), values)


def test_a_linear_function_is_met_everywhere():
    centres = torch.rand(12, 3, generator=dice(), dtype=torch.float64)
    slope = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    far = 5 * torch.randn(8, 3, generator=dice(1), dtype=torch.float64)
    found = radial_basis_function(centres, centres @ slope + 3)
    torch.testing.assert_close(found(far), far @ slope + 3)


def test_centres_that_determine_nothing_are_refused(as_shipped):
    centres = torch.rand(6, 3, generator=dice())
    with pytest.raises(ValueError, match="five centres"):
        radial_basis_function(centres[:4], torch.zeros(4))
    with pytest.raises(ValueError, match="a value for each"):
        radial_basis_function(centres, torch.zeros(5))
    flat = centres.clone()
    flat[:, 2] = 0
    with pytest.raises(ValueError, match="plane"):
        radial_basis_function(flat, torch.ones(6))


# ------------------------------------------------------------------ surfaces and costs


def test_exact_points_are_on_the_surface_and_all_around():
    points = shape_costs.exact_surface(ball, 2000, generator=dice())
    assert float(ball(points).abs().max()) < 1e-5
    assert float(points.mean(0).abs().max()) < 0.05
    share = (points[:, 2] > RADIUS / 2).float().mean()  # a quarter of a sphere (Archimedes)
    assert float(share) == pytest.approx(0.25, abs=0.03)


def test_block_faces_of_one_voxel_and_of_two():
    grid = torch.zeros(4, 4, 4, dtype=torch.bool)
    grid[1, 2, 3] = True
    corners, normals = shape_costs.block_faces(grid)
    assert corners.shape == (6, 4, 3) and torch.equal(normals.abs().sum(0), torch.full((3,), 2.0))
    assert corners.amin((0, 1)).tolist() == [-0.5, 0.0, 0.5]
    assert corners.amax((0, 1)).tolist() == [0.0, 0.5, 1.0]
    a, b, c, _ = corners.unbind(1)
    around = torch.linalg.cross(b - a, c - b)
    assert bool(((around * normals).sum(-1) > 0).all())  # anticlockwise seen from outside
    grid[2, 2, 3] = True
    assert len(shape_costs.block_faces(grid)[0]) == 10
    with pytest.raises(ValueError, match="full voxel"):
        shape_costs.block_faces(torch.zeros(4, 4, 4, dtype=torch.bool))


def test_blocks_have_the_area_of_their_faces():
    grid = occupancy_from_function(ball, 16, 2.0)
    changes = sum(int((grid != grid.roll(1, axis)).sum()) for axis in range(3))
    assert len(shape_costs.block_faces(grid)[0]) == changes


@pytest.mark.parametrize(
    ("name", "detail", "bytes_"),
    [
        ("occupancy grid", 16, 16**3 // 8),
        ("point cloud", 50, 50 * 12),
        ("implicit function", 80, 84 * 16 - 48),
    ],
)
def test_bytes_by_hand(name, detail, bytes_):
    assert shape_costs.REPRESENTATIONS[name](ball, detail, generator=dice()).bytes == bytes_


def test_the_bytes_of_a_mesh_obey_euler():
    """A closed mesh without holes has V = F / 2 + 2: three numbers each, four bytes a number."""
    shape = shape_costs.as_mesh(ball, 10, generator=dice())
    faces = (shape.bytes / 12 - 2) / 1.5
    assert faces == int(faces) and faces > 100


def test_errors_of_a_cloud_are_those_of_a_plain_search():
    shape = shape_costs.as_points(ball, 60, generator=dice())
    truth = sphere_points(200)
    gaps = [min(math.dist(t, p) for p in shape.points.tolist()) for t in truth.tolist()]
    expected = sum(gaps) / len(gaps) / 2  # the other half, from cloud to surface, is 0
    assert shape_costs.surface_error(shape, ball, truth) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "details", "order"),
    [
        ("occupancy grid", (8, 16, 32), 1 / 3),
        ("point cloud", (100, 400, 1600), 1 / 2),
        ("mesh", (6, 12, 24), 1),
    ],
)
def test_error_falls_with_bytes_at_the_order_of_the_representation(name, details, order):
    """A ball: error ~ bytes^-order, since blocks are as wrong as they are wide, points stand
    1 / sqrt(n) apart, and the chords of a mesh err with the square of their length."""
    truth = sphere_points(300)
    make = shape_costs.REPRESENTATIONS[name]
    shapes = [make(ball, detail, generator=dice()) for detail in details]
    errors = [shape_costs.surface_error(shape, ball, truth) for shape in shapes]
    found = -math.log(errors[-1] / errors[0]) / math.log(shapes[-1].bytes / shapes[0].bytes)
    assert found == pytest.approx(order, rel=0.2)


def test_radial_basis_functions_get_better_with_more_centres():
    truth = sphere_points(100)
    errors = []
    for count in (40, 320):
        shape = shape_costs.as_function(ball, count, generator=dice())
        errors.append(shape_costs.surface_error(shape, ball, truth))
    assert errors[1] < 0.4 * errors[0] and errors[1] < 0.01
