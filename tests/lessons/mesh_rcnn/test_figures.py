"""Figures of meshes: what they draw is what they were given."""

import numpy as np
import pytest
import torch

from course_utils.data.detection_meshes import make_shape_scenes
from course_utils.lessons import solid_images
from course_utils.lessons.mesh_rcnn import figures
from course_utils.vision3d.cameras import project_points
from course_utils.vision3d.meshes import mesh_rcnn
from course_utils.vision3d.meshes.center_net import Detections
from course_utils.vision3d.meshes.meshes import cubify
from tests.figures import drawn, words


def cube():
    return cubify(torch.ones(1, 1, 1, 1, dtype=torch.bool), side=0.8)[0]


def test_upright_axes_are_right_forward_up():
    camera_axes = torch.tensor([[1.0, 2.0, 3.0]])
    assert figures.upright(camera_axes).tolist() == [[1.0, 3.0, -2.0]]


def test_a_mesh_covers_its_silhouette_and_nothing_else():
    camera = figures.ask_camera(0.5, 0.3, size=96)
    vertices, faces = cube()
    picture = solid_images.shaded_mesh(vertices, faces, camera)
    covered = (picture < 250).any(-1)
    uv, _ = project_points(camera, vertices)
    rows, columns = covered.nonzero()
    low, high = uv.amin(0).tolist(), uv.amax(0).tolist()
    assert columns.min() == pytest.approx(low[0], abs=1.5)
    assert columns.max() == pytest.approx(high[0], abs=1.5)
    assert rows.min() == pytest.approx(low[1], abs=1.5)
    assert rows.max() == pytest.approx(high[1], abs=1.5)


def test_near_faces_hide_far_ones_and_are_lit_by_their_direction():
    camera = figures.ask_camera(0.0, 0.0, size=64)
    vertices, faces = cube()
    alone = solid_images.shaded_mesh(vertices, faces, camera)
    behind = vertices + torch.tensor([0.0, 1.5, 0.0])
    both = torch.cat([vertices, 0.5 * behind]), torch.cat([faces, faces + len(vertices)])
    assert np.array_equal(
        solid_images.shaded_mesh(*both, camera)[20:44, 20:44], alone[20:44, 20:44]
    )
    tilted = solid_images.shaded_mesh(vertices, faces, figures.ask_camera(0.6, 0.5, size=64))
    shades = {tuple(v) for v in tilted.reshape(-1, 3).tolist()}
    assert len(shades) > 3


def test_it_is_drawn_on_what_lies_behind():
    camera = figures.ask_camera(size=32)
    sheet = np.full((32, 32, 3), 77, dtype=np.uint8)
    picture = solid_images.shaded_mesh(*cube(), camera, behind=sheet)
    assert picture[0, 0].tolist() == [77, 77, 77] and (picture != 77).any()
    with pytest.raises(ValueError, match="behind"):
        solid_images.shaded_mesh(*cube(), camera, behind=sheet[:4])


def test_each_face_may_have_its_colour():
    camera = figures.ask_camera(0.7, 0.4, size=64)
    vertices, faces = cube()
    middle = vertices[faces].mean(1)
    red = (middle[:, 2] == vertices[:, 2].max()).numpy()  # the top, and blue all else
    colours = np.where(red[:, None], [[1.0, 0.0, 0.0]], [[0.0, 0.0, 1.0]])
    picture = solid_images.shaded_mesh(vertices, faces, camera, colours).astype(int)
    is_red = picture[..., 0] > picture[..., 2] + 50
    is_blue = picture[..., 2] > picture[..., 0] + 50
    assert is_red.any() and is_blue.any()
    assert is_red.nonzero()[0].mean() < is_blue.nonzero()[0].mean()  # above
    with pytest.raises(ValueError, match="3 colours for 12 faces"):
        solid_images.shaded_mesh(vertices, faces, camera, colours[:3])


def test_the_grid_names_meshes_and_views():
    views = {
        "front": figures.ask_camera(size=40),
        "side": figures.ask_camera(1.2, size=40),
    }
    fig = figures.mesh_grid(
        {"voxels": cube(), "refined": cube()}, views, photograph=torch.rand(3, 8, 8), bad=["voxels"]
    )
    said = words(fig)
    assert all(name in said for name in ("voxels", "refined", "photograph", "front", "side"))
    assert drawn(fig).std() > 10
    with pytest.raises(ValueError, match="at least one"):
        figures.mesh_grid({}, views)


def test_detections_are_named_and_their_meshes_lie_over_them():
    scenes = make_shape_scenes(3, seed=5, points=300)
    torch.manual_seed(0)
    net = mesh_rcnn.MeshRCNN(width=8)
    given = Detections(scenes.box, scenes.picture, torch.ones(len(scenes.box)))
    shapes = mesh_rcnn.shapes_in_boxes(net, scenes, given, 0.5)
    rows = (scenes.picture == 0).nonzero()[:, 0]
    fig = figures.detections_panel(scenes.images[0], shapes, 0, scenes.classes)
    said = words(fig)
    assert "meshes" in said and said.count("1.00") == len(rows)
    photograph, _, over = (ax.get_images()[-1].get_array() for ax in fig.axes)
    assert over.shape[0] == 6 * photograph.shape[0]


def test_memory_against_error_shows_every_seed():
    fig = figures.memory_panel({"voxels": (13_800, [5.0, 6.0]), "mesh": (12_000, [3.0, 4.0])})
    said = words(fig)
    assert "voxels: 5.50" in said and "mesh: 3.50" in said
    with pytest.raises(ValueError, match="nothing"):
        figures.memory_panel({})
