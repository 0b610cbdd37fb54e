"""Figures of cameras and boxes: what they draw is what they were given."""

import pytest
import torch

from course_utils.data import driving
from course_utils.lessons.cameras_boxes import figures as p
from course_utils.lessons.cameras_boxes.camera_instrument import held_camera
from course_utils.vision3d.boxes.boxes import full_boxes
from course_utils.vision3d.boxes.frustums import project_boxes
from course_utils.vision3d.cameras import orbit_camera, project_points
from tests.figures import drawn, pictures, words

CAMERA = held_camera()
BOX = torch.tensor([5.0, 0.4, 0.5, 1.4, 0.6, 1.0, 0.7, 0.0, 0.0])
PICTURE = torch.rand(3, 64, 96, generator=torch.Generator().manual_seed(0))


def ends(ax, which=0):
    """The segments of the line collection number ``which``."""
    return torch.stack([torch.tensor(s) for s in ax.collections[which].get_segments()])


def test_a_box_has_twelve_edges_of_its_sides():
    lengths = (p.segments(BOX[None])[:, 0] - p.segments(BOX[None])[:, 1]).norm(dim=-1)
    expected = torch.tensor([1.4, 0.6, 1.0]).repeat_interleave(4)
    torch.testing.assert_close(lengths, expected)


def test_segments_are_cut_where_they_pass_behind_the_camera():
    ahead = CAMERA.centre + 2 * CAMERA.forward + 0.5 * CAMERA.right
    behind = CAMERA.centre - 2 * CAMERA.forward + 0.5 * CAMERA.right
    lines = torch.stack([torch.stack([ahead, behind]), torch.stack([behind, behind])])
    found = p.clip_to_front(CAMERA, lines)
    assert found.shape == (1, 2, 2)
    torch.testing.assert_close(found[0, 0], project_points(CAMERA, ahead[None])[0][0])
    # The other end: on the plane of the least depth, half a unit to the right.
    assert found[0, 1, 0] == pytest.approx(48 + 100 * 0.5 / p.NEAR, rel=1e-2)


def test_from_above_ahead_is_up_and_the_pictures_right_is_right():
    point = torch.tensor([[3.0, 1.0, 0.5]])
    assert p.above(point).tolist() == [[-1.0, 3.0]] and p.side(point).tolist() == [[3.0, 0.5]]
    uv, _ = project_points(CAMERA, point)
    assert (uv[0, 0] < 48) == (p.above(point)[0, 0] < 0)


def test_the_edges_of_a_frustum_pass_through_the_corners_of_its_rectangle():
    rectangle = torch.tensor([20.0, 10.0, 50.0, 40.0])
    edges = p.frustum_edges(CAMERA, rectangle, far=6.0)
    assert edges.shape == (12, 2, 3)
    uv, depth = project_points(CAMERA, edges.flatten(0, 1))
    corners = {(round(float(u)), round(float(v))) for u, v in uv}
    assert corners == {(20, 10), (50, 10), (50, 40), (20, 40)}
    torch.testing.assert_close(depth.amax(), torch.tensor(6.0))


def test_the_camera_panel_shows_both_views_and_a_longer_body_for_a_longer_focal_length():
    outer = orbit_camera(-2.2, 0.4, 9.5, target=(2.6, 0.0, 0.7), size=80)
    looks = [
        p.look_at_world(
            outer, held_camera(focal=f), (pictures(1, 80)[0], PICTURE), (60.0, 30.0), 5.0
        )
        for f in (60, 180)
    ]
    reach = [(k.body[:4, 0] - k.body[:4, 1]).norm(dim=-1).max() for k in looks]
    assert reach[1] > 1.5 * reach[0]
    fig = p.camera_panel(looks[0], (60.0, 30.0))
    assert {"right", "down", "forward", "ray"} <= set(words(fig).split("\n"))
    assert drawn(fig).std() > 10
    assert fig.axes[1].lines[0].get_xydata().tolist() == [[60.0, 30.0]]


def test_the_box_panel_draws_edges_the_rectangle_and_the_numbers_of_corners():
    fig = p.box_panel(PICTURE, CAMERA, BOX[None], numbered=True)
    torch.testing.assert_close(ends(fig.axes[0]).float(), p.outlines(CAMERA, BOX[None]))
    rectangle = project_boxes(CAMERA, BOX[None])[0][0].tolist()
    line = fig.axes[0].lines[0].get_xydata()
    assert [line[:, 0].min(), line[:, 1].min(), line[:, 0].max(), line[:, 1].max()] == rectangle
    assert [text.get_text() for text in fig.axes[0].texts] == list("01234567")


def test_slides_pairs_and_descents_name_their_boxes():
    rectangle = project_boxes(CAMERA, BOX[None])[0][0]
    fig = p.slide_panel(CAMERA, {"near": BOX, "far": BOX + 1}, rectangle, PICTURE)
    assert "near" in words(fig) and len(fig.axes) == 3
    fig = p.pair_panel(BOX, BOX, {"IoU": 1.0}, torch.tensor([0.1, 0.2, 0.0]))
    assert fig.get_suptitle() == "IoU 1.000" and drawn(fig).std() > 5
    paths = {"one": torch.stack([BOX, BOX + 0.1]), "other": BOX[None]}
    fig = p.descent_panel(BOX, paths, {"one": [0.5, 0.25], "other": [1.0]})
    assert fig.axes[-1].lines[0].get_ydata().tolist() == [0.5, 0.25]
    assert [ax.get_title() for ax in fig.axes[:2]] == ["one", "other"]


def test_proposals_and_detections_are_drawn_in_both_views():
    seven = torch.stack([BOX[:7], BOX[:7] + torch.tensor([1.0, 1, 0, 0, 0, 0, 0])])
    some = torch.tensor([True, False])
    fig = p.proposal_panel(PICTURE, CAMERA, seven, {"stand for an object": some})
    assert "2 proposals" in words(fig) and "stand for an object" in words(fig)
    torch.testing.assert_close(ends(fig.axes[0]).float(), p.outlines(CAMERA, full_boxes(seven[:1])))
    fig = p.detection_panel(PICTURE, CAMERA, seven, seven[:1], ["car 0.90"])
    assert "car 0.90" in words(fig)
    assert len(ends(fig.axes[0], 0)) == 24 and len(ends(fig.axes[0], 1)) == 12
    empty = p.detection_panel(PICTURE, CAMERA, seven[:0], seven[:0], [])
    assert drawn(empty).std() > 5
    with pytest.raises(ValueError, match="1 detections but 0 words"):
        p.detection_panel(PICTURE, CAMERA, seven, seven[:1], [])


def test_bars_and_curves_have_the_values_given():
    fig = p.ap_bars({"as told": {"3D": 0.5, "2D": 0.9}, "true yaw": {"3D": 0.6, "2D": 0.8}})
    heights = [bar.get_height() for bars in fig.axes[0].containers for bar in bars]
    assert heights == [0.5, 0.6, 0.9, 0.8] and "0.90" in words(fig)
    fig = p.recall_panel({"all": (torch.tensor([1.0, 0.5]), torch.tensor([0.5, 0.5]))})
    assert fig.axes[0].lines[0].get_ydata().tolist() == [1.0, 0.5]
    with pytest.raises(ValueError, match="no bars"):
        p.ap_bars({})


def test_the_roadside_camera_is_the_one_that_is_held():
    road = driving.road_cameras(torch.tensor([2.0]), torch.tensor([0.25]))[0]
    there, here = (p.outlines(camera, BOX[None]) for camera in (road, CAMERA))
    torch.testing.assert_close(there, here, rtol=0, atol=0.1)
