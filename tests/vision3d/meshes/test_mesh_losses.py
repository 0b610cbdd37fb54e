"""Losses of meshes: closed forms, loops in float64, and finite differences."""

import math

import pytest
import torch

from course_utils.vision3d.meshes import mesh_losses
from course_utils.vision3d.meshes.mesh_losses import Surface
from course_utils.vision3d.meshes.meshes import cubify, edges_of


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cloud(seed: int, count: int = 12, meshes: int = 2) -> torch.Tensor:
    return torch.rand(meshes, count, 3, generator=dice(seed), dtype=torch.float64)


def normals(seed: int, count: int = 12) -> torch.Tensor:
    return torch.nn.functional.normalize(cloud(seed, count) - 0.5, dim=-1)


def ball(radius: float, count: int, seed: int) -> torch.Tensor:
    points = torch.randn(1, count, 3, generator=dice(seed), dtype=torch.float64)
    return radius * points / points.norm(dim=-1, keepdim=True)


def cube():
    occupancy = torch.zeros(1, 4, 4, 4, dtype=torch.bool)
    occupancy[:, 1:3, 1:3, 1:3] = True
    meshes = cubify(occupancy)
    return meshes.moved(meshes.vertices.double())


def by_loop(surface: Surface, other: Surface, i: int) -> tuple[float, float]:
    """Chamfer and normal distance of mesh i."""
    total, agree = 0.0, 0.0
    for one, two in ((surface, other), (other, surface)):
        for point, own in zip(one.points[i], one.normals[i], strict=True):
            gaps = [float((point - there).square().sum()) for there in two.points[i]]
            nearest = two.normals[i][gaps.index(min(gaps))]
            total += min(gaps) / len(one.points[i])
            agree += abs(float(own @ nearest)) / len(one.points[i])
    return total, -agree


def test_chamfer_and_normals_equal_the_loop():
    one, two = Surface(cloud(0), normals(2)), Surface(cloud(1, 9), normals(3, 9))
    alone = mesh_losses.chamfer_distance(one.points, two.points)
    found = mesh_losses.compare(one, two)
    for i in range(2):
        chamfer, normal = by_loop(one, two, i)
        assert float(alone[i]) == pytest.approx(chamfer, abs=1e-12)
        assert float(found.chamfer[i]) == pytest.approx(chamfer, abs=1e-12)
        assert float(found.normal[i]) == pytest.approx(normal, abs=1e-12)


def test_closed_forms():
    far = torch.tensor([[[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]], dtype=torch.float64)
    moved = far + torch.tensor([0.0, 3.0, 4.0])
    assert float(mesh_losses.chamfer_distance(far, moved)) == 2 * 25
    assert float(mesh_losses.chamfer_distance(far, far)) == 0
    # One set within the other: only the way back costs anything.
    assert float(mesh_losses.chamfer_distance(far[:, :1], far)) == 100 / 2
    gap = float(mesh_losses.chamfer_distance(ball(1.0, 4000, 0), ball(0.7, 4000, 1)))
    assert gap == pytest.approx(2 * 0.3**2, rel=0.02)


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.2, math.pi])
def test_normals_count_up_to_their_sign(angle):
    flat = torch.cat([cloud(0)[..., :2], torch.zeros(2, 12, 1).double()], -1)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64).expand(2, 12, 3)
    tilted = torch.tensor([0.0, math.sin(angle), math.cos(angle)]).double().expand(2, 12, 3)
    found = mesh_losses.compare(Surface(flat, up), Surface(flat, tilted)).normal
    torch.testing.assert_close(found, torch.full((2,), -2 * abs(math.cos(angle))).double())


def test_edges_of_a_cube():
    meshes = cube()
    edges, _ = edges_of(meshes.faces)
    # 2 voxels of side 1/2 along each side: 48 edges of that length and 24 diagonals.
    assert len(edges) == 72
    expected = (48 * 0.25 + 24 * 0.5) / 72
    assert float(mesh_losses.edge_loss(meshes.vertices, edges)) == pytest.approx(expected)


def test_gradients_equal_finite_differences():
    p, q = cloud(4).requires_grad_(), cloud(5, 9).requires_grad_()
    assert torch.autograd.gradcheck(mesh_losses.chamfer_distance, (p, q))
    u, v = normals(6).requires_grad_(), normals(7, 9).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda a, b: mesh_losses.compare(Surface(p, a), Surface(q, b)).normal, (u, v)
    )
    meshes = cube()
    edges, _ = edges_of(meshes.faces)
    vertices = meshes.vertices.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mesh_losses.edge_loss(x, edges), vertices)


def test_gradients_reach_the_vertices_through_the_drawn_points():
    meshes, truth = cube(), Surface(cloud(8, 40, 1), normals(9, 40)[:1])
    edges, _ = edges_of(meshes.faces)

    def losses(vertices: torch.Tensor) -> torch.Tensor:
        found = mesh_losses.mesh_losses(meshes.moved(vertices), edges, truth, generator=dice(1))
        return found.chamfer + 0.1 * found.normal + 0.5 * found.edge

    start = meshes.vertices + 0.05 * torch.randn(
        meshes.vertices.shape, generator=dice(2), dtype=torch.float64
    )
    vertices = start.clone().requires_grad_()
    losses(vertices).backward()
    # The same dice, and so small a step that each point is drawn on the same face.
    direction = torch.randn(start.shape, generator=dice(3), dtype=torch.float64)
    step = 1e-7
    slope = (losses(start + step * direction) - losses(start - step * direction)) / (2 * step)
    expected = float((vertices.grad * direction).sum())
    # Which face a point is drawn on follows the faces' areas, and is not differentiated.
    assert float(slope) == pytest.approx(expected, rel=2e-3)


def test_all_three_at_once_are_the_three_alone():
    meshes, truth = cube(), Surface(cloud(8, 60, 1), normals(9, 60)[:1])
    edges, _ = edges_of(meshes.faces)
    every = mesh_losses.mesh_losses(meshes, edges, truth, generator=dice(5))
    drawn = mesh_losses.sample_meshes(meshes, 60, generator=dice(5))
    chamfer, normal = by_loop(drawn, truth, 0)
    assert float(every.chamfer) == pytest.approx(chamfer)
    assert float(every.normal) == pytest.approx(normal)
    assert float(every.edge) == pytest.approx(float(mesh_losses.edge_loss(meshes.vertices, edges)))


def test_drawn_points_lie_on_the_faces():
    drawn = mesh_losses.sample_meshes(cube(), 200, generator=dice())
    assert torch.allclose(drawn.points.abs().amax(-1), torch.full((1, 200), 0.5).double())
    out = (drawn.points * drawn.normals).sum(-1)
    assert torch.allclose(out, torch.full_like(out, 0.5))


def test_f_score_by_hand():
    others = torch.tensor([[[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]]])
    points = torch.tensor([[[0.1, 0, 0], [1.1, 0, 0], [9, 0, 0]]])
    flat = [Surface(x, torch.ones_like(x)) for x in (points, others, points + 50)]
    precision, recall = 2 / 3, 2 / 4
    expected = 2 * precision * recall / (precision + recall)
    found = mesh_losses.compare(flat[0], flat[1], 0.2)
    assert float(found.f_score) == pytest.approx(expected)
    assert float(found.chamfer) == pytest.approx(
        float(mesh_losses.chamfer_distance(points, others))
    )
    assert float(mesh_losses.compare(flat[2], flat[1], 0.2).f_score) == 0


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="nearest"):
        mesh_losses.chamfer_distance(torch.zeros(1, 0, 3), torch.zeros(1, 2, 3))
    with pytest.raises(ValueError, match="without edges"):
        mesh_losses.edge_loss(torch.zeros(3, 3), torch.zeros(0, 2, dtype=torch.long))
    with pytest.raises(ValueError, match="radius"):
        mesh_losses.compare(*[Surface(torch.zeros(1, 1, 3), torch.zeros(1, 1, 3))] * 2, radius=0)
