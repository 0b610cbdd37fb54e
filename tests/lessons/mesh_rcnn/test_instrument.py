"""The mesh laboratory without a browser: stages, a pulled vertex, and the way back."""

import pytest
import torch

from course_utils.lessons.mesh_rcnn.instrument import MeshLab
from course_utils.vision3d.cameras import project_points
from course_utils.vision3d.meshes.mesh_losses import Surface, sample_meshes
from course_utils.vision3d.meshes.meshes import cubify, pack_meshes


def stages():
    """A cube of eight voxels, and the ball around it."""
    grid = torch.zeros(1, 4, 4, 4, dtype=torch.bool)
    grid[:, 1:3, 1:3, 1:3] = True
    vertices, faces = cubify(grid, side=1.2)[0]
    ball = 0.4 * torch.nn.functional.normalize(vertices, dim=1)
    ball[vertices.norm(dim=1) == 0] = 0
    return [(vertices, faces), (ball, faces)]


def lab() -> MeshLab:
    points = torch.randn(1, 300, 3, generator=torch.Generator().manual_seed(0))
    normals = torch.nn.functional.normalize(points, dim=-1)
    return MeshLab(stages(), Surface(0.4 * normals, normals), torch.rand(3, 16, 16))


def test_between_two_stages_the_vertices_are_on_their_way():
    one = lab()
    (cube, _), (ball, _) = stages()
    torch.testing.assert_close(one.vertices, cube)
    one.set(stage=0.25)
    torch.testing.assert_close(one.vertices, 0.75 * cube + 0.25 * ball)
    one.set(stage=1.0)
    torch.testing.assert_close(one.vertices, ball)
    with pytest.raises(ValueError, match="there is no"):
        one.set(colour=1)


def test_the_losses_are_those_of_the_mesh_that_is_shown():
    one = lab()
    before = float(one.losses.chamfer)
    one.set(stage=1.0)
    assert float(one.losses.chamfer) < before
    drawn = sample_meshes(
        pack_meshes([(one.vertices, one.faces)]), 300, generator=torch.Generator().manual_seed(1)
    )
    gaps = torch.cdist(drawn.points.double(), one.truth.points.double()).square()[0]
    expected = float(gaps.amin(0).mean() + gaps.amin(1).mean())
    assert float(one.losses.chamfer) == pytest.approx(expected, rel=1e-3)


def test_a_hand_pulls_the_nearest_vertex_where_it_goes_and_a_stage_takes_it_back():
    one = lab()
    uv, depth = project_points(one.camera, one.vertices)
    nearest = int(depth.argmin())
    place = uv[nearest] / one.camera.width
    one.hold(*place.tolist())
    before = one.vertices.clone()
    edge = float(one.losses.edge)
    one.pull(0.2, -0.1)
    moved = (one.vertices - before).norm(dim=1)
    assert int((moved > 0).sum()) == 1 and float(one.losses.edge) > edge
    held = int(moved.argmax())
    after = project_points(one.camera, one.vertices[held][None])[0][0] / one.camera.width
    was = uv[held] / one.camera.width
    torch.testing.assert_close(after - was, torch.tensor([0.2, -0.1]), atol=1e-3, rtol=0)
    one.set(stage=0.0)
    torch.testing.assert_close(one.vertices, before)


def test_a_hand_beside_the_mesh_pulls_nothing():
    one = lab()
    before = one.vertices.clone()
    one.hold(0.01, 0.01)
    one.pull(0.3, 0.3)
    assert torch.equal(one.vertices, before)


def test_descending_lowers_the_losses_that_count():
    one = lab()
    before = one.losses
    one.set(normal=0.0, edge=0.0)
    one.descend(20)
    assert float(one.losses.chamfer) < 0.8 * float(before.chamfer)
    one.set(stage=0.0, chamfer=0.0, edge=2.0)
    one.descend(20)
    assert float(one.losses.edge) < 0.9 * float(before.edge)


def test_the_picture_shows_the_mesh_the_truth_and_what_is_held():
    one = lab()
    plain = one.walk.picture(120)
    assert plain.shape == (120, 120, 3) and (plain < 250).any(-1).mean() > 0.05
    one.set(truth=True)
    assert (one.walk.picture(120) != plain).any()
    assert len(one.figure().axes) == 6


def test_stages_of_other_faces_are_refused():
    first, second = stages()
    truth = Surface(torch.zeros(1, 1, 3), torch.ones(1, 1, 3))
    for wrong in ([], [first, (second[0], second[1].flip(1))]):
        with pytest.raises(ValueError, match="same faces"):
            MeshLab(wrong, truth)
