"""Graph convolution: by a loop, under renumbering; and what a stage does to a mesh."""

import math

import pytest
import torch

from course_utils.vision3d.cameras import look_at
from course_utils.vision3d.meshes import graph_conv
from course_utils.vision3d.meshes.graph_conv import FeatureMap, GraphConv, Refiner
from course_utils.vision3d.meshes.meshes import cubify, edges_of, pack_meshes
from tests.references.cameras import stack_cameras


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def meshes(count: int = 2):
    grids = torch.rand(count, 3, 3, 3, generator=dice(3)) < 0.5
    return cubify(grids, side=1.0)


def neighbours(faces: torch.Tensor, count: int) -> list[set]:
    found = [set() for _ in range(count)]
    for a, b, c in faces.tolist():
        for i, j in ((a, b), (b, c), (c, a)):
            found[i].add(j)
            found[j].add(i)
    return found


@pytest.mark.parametrize("outputs", [3, 9])
def test_graph_convolution_equals_the_loop(outputs):
    torch.manual_seed(0)
    mesh, layer = meshes(), GraphConv(5, outputs).double()
    count = len(mesh.vertices)
    features = torch.randn(count, 5, generator=dice(1), dtype=torch.float64)
    mean = graph_conv.neighbour_mean(edges_of(mesh.faces)[0], count).double()
    found = layer(features, mean)
    for i, around in enumerate(neighbours(mesh.faces, count)):
        total = sum(layer.others.weight @ features[j] for j in around) / len(around)
        expected = layer.own.weight @ features[i] + layer.own.bias + total
        torch.testing.assert_close(found[i], expected)


def test_numbering_the_vertices_otherwise_changes_nothing_but_their_order():
    torch.manual_seed(0)
    mesh, layer = meshes(), GraphConv(5, 4).double()
    count = len(mesh.vertices)
    features = torch.randn(count, 5, generator=dice(1), dtype=torch.float64)
    order = torch.randperm(count, generator=dice(2))
    place = order.argsort()
    found = []
    for faces, values in ((mesh.faces, features), (place[mesh.faces], features[order])):
        mean = graph_conv.neighbour_mean(edges_of(faces)[0], count).double()
        found.append(layer(values, mean))
    torch.testing.assert_close(found[0][order], found[1])


def test_gradients_through_the_sparse_mean_are_right():
    mesh = meshes(1)
    count = len(mesh.vertices)
    mean = graph_conv.neighbour_mean(edges_of(mesh.faces)[0], count).double()
    features = torch.randn(count, 2, generator=dice(1), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: torch.sparse.mm(mean, x), features)


def test_the_laplacian_is_zero_inside_a_flat_ring_and_points_inwards_on_a_ball():
    angle = torch.arange(6) * math.pi / 3
    ring = torch.stack([angle.cos(), angle.sin(), torch.zeros(6)], 1)
    vertices = torch.cat([torch.zeros(1, 3), ring])
    edges = torch.tensor([[0, i] for i in range(1, 7)] + [[i, i % 6 + 1] for i in range(1, 7)])
    mean = graph_conv.neighbour_mean(edges, 7)
    found = graph_conv.laplacian(vertices, mean)
    torch.testing.assert_close(found[0], torch.zeros(3), atol=1e-6, rtol=0)
    assert bool(((found * vertices).sum(1)[1:] < 0).all())
    spike = vertices.clone()
    spike[0, 2] = 2.0
    torch.testing.assert_close(
        graph_conv.laplacian(spike, mean)[0], torch.tensor([0.0, 0.0, -2.0]), atol=1e-6, rtol=0
    )


def refiner(stages: int = 2):
    torch.manual_seed(0)
    mesh = meshes()
    maps = [
        FeatureMap(torch.randn(2, 6, 32, 32, generator=dice(5)), 2),
        FeatureMap(torch.randn(2, 4, 16, 16, generator=dice(6)), 4),
    ]
    cameras = stack_cameras([look_at((4.0, a, 0.5), (0.0, 0, 0), size=64) for a in (0.0, 1.0)])
    return Refiner(10, stages, width=16), maps, torch.tensor([0, 1]), cameras, mesh


def test_vertices_see_the_feature_at_their_pixel():
    _, maps, pictures, cameras, mesh = refiner()
    maps[0] = FeatureMap(torch.arange(2.0)[:, None, None, None].expand(2, 6, 32, 32), 2)
    seen = graph_conv.vertex_features(maps, pictures, cameras, mesh)
    assert seen.shape == (len(mesh.vertices), 10)
    torch.testing.assert_close(seen[:, 0], mesh.owner.float())


def test_stages_move_vertices_a_little_at_first_and_leave_the_faces():
    network, *inputs, mesh = refiner()
    after = network(*inputs, mesh)
    assert len(after) == 2
    moved = (after[-1].vertices - mesh.vertices).abs().amax()
    assert 0 < float(moved.detach()) < 0.1
    assert all(torch.equal(stage.faces, mesh.faces) for stage in after)


def test_every_parameter_learns_from_the_last_mesh():
    network, *inputs, mesh = refiner()
    network(*inputs, mesh)[-1].vertices.square().sum().backward()
    silent = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not bool(parameter.grad.abs().sum() > 0)
    ]
    assert not silent


def test_a_mesh_is_refined_the_same_beside_another():
    network, maps, pictures, cameras, mesh = refiner()
    both = network(maps, pictures, cameras, mesh)[-1]
    vertices, faces = mesh[1]
    alone = network(maps, pictures[1:], cameras[1:], pack_meshes([(vertices, faces)]))[-1]
    torch.testing.assert_close(both[1][0], alone.vertices, atol=1e-5, rtol=1e-5)


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="beyond"):
        graph_conv.neighbour_mean(torch.tensor([[0, 3]]), 3)
    with pytest.raises(ValueError, match="at least one stage"):
        Refiner(4, stages=0)
    network, maps, pictures, cameras, mesh = refiner()
    with pytest.raises(ValueError, match="2 meshes"):
        network(maps, pictures[:1], cameras, mesh)
