"""Four representations of a shape: closed forms, and there and back again."""

import math
from itertools import pairwise

import pytest
import torch

from course_utils.data.toy.meshes import mesh_of
from course_utils.data.toy.scenes import sample_scenes
from course_utils.vision3d.shapes import conversions, mesh_sdf
from course_utils.vision3d.shapes.conversions import (
    check_mesh,
    distance_to_points,
    mesh_from_function,
    mesh_from_occupancy,
    occupancy_from_function,
    occupancy_from_points,
    points_from_mesh,
    voxel_centres,
)
from course_utils.vision3d.shapes.mesh_sdf import distance_to_mesh, distance_to_surface
from tests.references.meshes import mesh_volume

RADIUS = 0.7


def ball(points: torch.Tensor) -> torch.Tensor:
    """Signed distance of a ball around the origin."""
    return points.norm(dim=-1) - RADIUS


def brick(points: torch.Tensor) -> torch.Tensor:
    """Signed distance of a brick with half sides 0.6, 0.4, 0.2, in closed form."""
    beyond = points.abs() - torch.tensor([0.6, 0.4, 0.2], dtype=points.dtype)
    return beyond.clamp(min=0).norm(dim=-1) + beyond.amax(-1).clamp(max=0)


def brick_mesh() -> tuple[torch.Tensor, torch.Tensor]:
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0], dtype=torch.float64)] * 3)
    rings = ((4, 6, 7, 5), (2, 3, 7, 6), (1, 5, 7, 3), (0, 1, 3, 2), (0, 4, 5, 1), (0, 2, 6, 4))
    faces = [t for a, b, c, d in rings for t in ((a, b, c), (a, c, d))]
    return signs * torch.tensor([0.6, 0.4, 0.2], dtype=torch.float64), torch.tensor(faces)


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def is_closed(faces: torch.Tensor) -> bool:
    """Every edge is walked once in each direction."""
    edges = [(a, b) for f in faces.tolist() for a, b in zip(f, f[1:] + f[:1], strict=True)]
    return len(set(edges)) == len(edges) and {(b, a) for a, b in edges} == set(edges)


def test_voxel_centres_by_hand():
    centres = voxel_centres(2, side=4.0)
    assert centres[0, 0, 0].tolist() == [-1, -1, -1]
    assert centres[1, 0, 1].tolist() == [1, -1, 1]


def test_occupancy_is_in_the_order_x_y_z():
    grid = occupancy_from_function(brick, 10)
    assert grid.any((1, 2)).sum() == 6 and grid.any((0, 2)).sum() == 4
    assert grid.any((0, 1)).sum() == 2 and grid.sum() == 48


def test_volume_of_a_ball_in_voxels_approaches_the_closed_form():
    volume = 4 / 3 * math.pi * RADIUS**3
    grid = occupancy_from_function(ball, 64)
    assert grid.sum().item() * (2 / 64) ** 3 == pytest.approx(volume, rel=5e-3)


def test_points_fall_into_their_voxels():
    points = torch.tensor([[-0.9, -0.9, 0.9], [0.1, -0.1, 0.0], [0.11, -0.1, 0.0], [3.0, 0, 0]])
    grid = occupancy_from_points(points, 4)
    assert grid.nonzero().tolist() == [[0, 0, 3], [2, 1, 2]]


def test_mesh_of_a_function_is_closed_outward_and_exact_to_second_order():
    volume = 4 / 3 * math.pi * RADIUS**3
    errors = []
    for resolution in (8, 16, 32):
        vertices, faces = mesh_from_function(ball, resolution)
        assert is_closed(faces)
        errors.append(abs(mesh_volume(vertices, faces).item() / volume - 1))
        assert ball(vertices).abs().max() < (2 / resolution) ** 2
    assert all(3 < coarse / fine < 5 for coarse, fine in pairwise(errors))


def test_mesh_of_an_occupancy_is_closed_even_at_the_rim_and_within_a_voxel():
    vertices, faces = mesh_from_occupancy(occupancy_from_function(ball, 32))
    assert is_closed(faces) and mesh_volume(vertices, faces) > 0
    assert ball(vertices).abs().max() < 2 / 32
    full = torch.ones(4, 4, 4, dtype=torch.bool)
    vertices, faces = mesh_from_occupancy(full)
    assert is_closed(faces) and vertices.abs().max().item() == pytest.approx(1)
    probabilities = torch.sigmoid(-20 * ball(voxel_centres(32)))
    smooth, _ = mesh_from_occupancy(probabilities)
    assert ball(smooth).abs().max() < 0.2 * 2 / 32


def test_volume_of_a_mesh_by_hand():
    vertices, faces = brick_mesh()
    assert mesh_volume(vertices + 5, faces).item() == pytest.approx(1.2 * 0.8 * 0.4)
    assert mesh_volume(vertices, faces.flip(-1)).item() == pytest.approx(-1.2 * 0.8 * 0.4)


def test_points_on_a_mesh_lie_on_it_evenly_and_know_its_normals():
    points, normals = points_from_mesh(*brick_mesh(), 20_000, generator=dice())
    assert brick(points).abs().max() < 1e-12
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(20_000, dtype=torch.float64))
    assert (brick(points + 1e-3 * normals) > 0).all()
    # shares of the three pairs of sides, by area: 0.32, 0.48, 0.96 of 1.76
    for axis, area in enumerate((0.32, 0.48, 0.96)):
        share = area / 1.76
        error = math.sqrt(share * (1 - share) / 20_000)
        found = (normals[:, axis].abs() > 0.5).double().mean().item()
        assert abs(found - share) < 4 * error
    top = points[normals[:, 2] > 0.5]  # even within a side: a quarter in each corner
    for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        there = ((top[:, 0] * x > 0) & (top[:, 1] * y > 0)).double().mean().item()
        assert abs(there - 0.25) < 4 * math.sqrt(0.25 * 0.75 / len(top))


def test_signed_distance_to_a_mesh_is_that_of_the_brick():
    points = 2 * torch.rand(3000, 3, generator=dice(), dtype=torch.float64) - 1
    function = distance_to_mesh(*brick_mesh())
    torch.testing.assert_close(function(points), brick(points), atol=1e-12, rtol=0)


def distance_by_sampling(point: torch.Tensor, triangle: torch.Tensor) -> float:
    """To the nearest of a fine raster of places in a triangle, narrowed down twelve times."""
    low, high = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    share = torch.linspace(0, 1, 21, dtype=torch.float64)
    for _ in range(12):
        u, v = (low + (high - low) * share[:, None]).unbind(1)
        u, v = (x.flatten() for x in torch.meshgrid(u, v, indexing="ij"))
        v = v.minimum(1 - u)  # the raster is pressed into the triangle
        places = triangle[0] + u[:, None] * (triangle[1] - triangle[0])
        away = (places + v[:, None] * (triangle[2] - triangle[0]) - point).norm(dim=1)
        best = int(away.argmin())
        middle, reach = torch.stack([u[best], v[best]]), (high - low) / 4
        low, high = (middle - reach).clamp(0, 1), (middle + reach).clamp(0, 1)
    return float(away.min())


def test_distance_to_a_surface_is_that_to_its_nearest_triangle_by_brute_force():
    """Open, of triangles large and small, from points near and far."""
    dice_ = dice()
    vertices = torch.rand(30, 3, generator=dice_)
    faces = torch.stack([torch.randperm(30, generator=dice_)[:3] for _ in range(12)])
    points = 3 * torch.rand(15, 3, generator=dice_) - 1
    found = distance_to_surface(vertices, faces, points)
    triangles = vertices.double()[faces]
    for point, value in zip(points.double(), found, strict=True):
        expected = min(distance_by_sampling(point, triangle) for triangle in triangles)
        assert value.item() == pytest.approx(expected, abs=1e-5)


def test_distance_to_a_surface_is_the_signed_one_without_its_sign(monkeypatch):
    points = 2 * torch.rand(500, 3, generator=dice(), dtype=torch.float64) - 1
    found = distance_to_surface(*brick_mesh(), points)
    torch.testing.assert_close(found, brick(points).abs(), atol=1e-12, rtol=0)
    monkeypatch.setattr(mesh_sdf, "CHUNK", 30)
    torch.testing.assert_close(distance_to_surface(*brick_mesh(), points), found)
    with pytest.raises(ValueError, match="no face"):
        distance_to_surface(brick_mesh()[0], torch.zeros(0, 3).long(), points)


def test_chunks_of_any_size_give_the_same(monkeypatch):
    points = torch.rand(50, 3, generator=dice(), dtype=torch.float64)
    whole = distance_to_mesh(*brick_mesh())(points)
    cloud = distance_to_points(points[:7])(points)
    for module in (conversions, mesh_sdf):
        monkeypatch.setattr(module, "CHUNK", 30)
    torch.testing.assert_close(distance_to_mesh(*brick_mesh())(points), whole)
    torch.testing.assert_close(distance_to_points(points[:7])(points), cloud)


def test_distance_to_points_by_a_loop():
    points = torch.rand(20, 3, generator=dice())
    found = distance_to_points(points[:5])(points)
    for p, value in zip(points, found, strict=True):
        expected = min(math.dist(p.tolist(), q.tolist()) for q in points[:5])
        assert value.item() == pytest.approx(expected, abs=1e-6)


def test_inside_of_a_toy_object_though_its_parts_overlap():
    scene = sample_scenes(3, generator=dice(), dtype=torch.float64)[2]
    mesh = mesh_of(scene, resolution=10)
    low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
    points = low + (high - low) * torch.rand(200, 3, generator=dice(1), dtype=torch.float64)
    inside = distance_to_mesh(mesh.vertices, mesh.faces)(points) < 0
    expected = torch.zeros(200, dtype=torch.bool)
    for solid in range(int(mesh.solid.max()) + 1):  # convex: inside the planes of all its faces
        a, b, c = mesh.vertices[mesh.faces[mesh.solid == solid]].unbind(1)
        normal = torch.linalg.cross(b - a, c - a)
        expected |= (((points[:, None] - a) * normal).sum(-1) < 0).all(-1)
    assert 10 < expected.sum() < 190
    assert torch.equal(inside, expected)


def test_there_and_back_again():
    vertices, faces = mesh_from_function(brick, 12)
    function = distance_to_mesh(vertices, faces)
    grid, truth = (occupancy_from_function(f, 10) for f in (function, brick))
    assert (grid & truth).sum() / (grid | truth).sum() > 0.9
    points, _ = points_from_mesh(vertices, faces, 2000, generator=dice())
    assert brick(points).abs().max() < 2 / 12
    shell = occupancy_from_points(points, 8)
    assert shell.any() and not (shell & (brick(voxel_centres(8)).abs() > math.sqrt(3) / 4)).any()


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: voxel_centres(1), "at least 2"),
        (lambda: voxel_centres(4, side=0.0), "positive"),
        (lambda: mesh_from_occupancy(torch.zeros(4, 4, 4)), "one side"),
        (lambda: mesh_from_function(lambda p: ball(p) + 9, 8), "one side"),
        (lambda: points_from_mesh(*brick_mesh(), 0, generator=dice()), "at least 1"),
        (lambda: check_mesh(torch.ones(3, 2), torch.zeros(1, 3).long()), "no mesh"),
        (lambda: check_mesh(torch.ones(3, 3), torch.zeros(0, 3).long()), "no face"),
        (
            lambda: points_from_mesh(
                torch.ones(3, 3), torch.tensor([[0, 1, 2]]), 3, generator=dice()
            ),
            "without area",
        ),
        (lambda: distance_to_points(torch.zeros(0, 3)), "empty"),
    ],
)
def test_nonsense_is_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()
