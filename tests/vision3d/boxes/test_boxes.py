"""3D boxes and frustums: the convention of the toy world, cases by hand, and pictures of points."""

import math

import pytest
import torch
from scipy.spatial.transform import Rotation

from course_utils.data.toy.boxes import boxes_3d
from course_utils.data.toy.ground_truth import full_boxes as toy_rectangles
from course_utils.data.toy.scenes import sample_cameras, sample_scenes
from course_utils.vision3d.boxes import boxes as boxes_module
from course_utils.vision3d.boxes import frustums
from course_utils.vision3d.boxes.boxes import (
    box_corners,
    box_planes,
    box_volumes,
    edge_ends,
    full_boxes,
    points_inside,
    rotation_from_angles,
    simplified_boxes,
)
from course_utils.vision3d.boxes.frustums import (
    crop_rectangles,
    frustum_corners,
    frustum_planes,
    project_boxes,
    slide_boxes,
)
from course_utils.vision3d.cameras import Camera, look_at, orbit_camera, project_points, unproject
from tests.references import box_corners as reference

DOUBLE = torch.float64


def random_boxes(count: int, seed: int = 0) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(count, 9, generator=g, dtype=DOUBLE)
    return torch.cat([2 * x[:, :3] - 1, 0.2 + x[:, 3:6], 6 * x[:, 6:] - 3], -1)


def a_camera() -> Camera:
    eye = torch.tensor([5.0, -3.0, 2.0], dtype=DOUBLE)
    return look_at(eye, torch.zeros(3, dtype=DOUBLE), field_of_view=0.6, size=(60, 80))


# -------------------------------------------------------------------------------- the box


def test_corners_are_the_extremes_in_a_known_order():
    box = torch.tensor([[1.0, 2.0, 3.0, 4.0, 2.0, 6.0, torch.pi / 2, 0.0, 0.0]])
    corners = box_corners(box)[0]
    torch.testing.assert_close(corners[7], torch.tensor([0.0, 4.0, 6.0]))  # front left top
    torch.testing.assert_close(corners[0], torch.tensor([2.0, 0.0, 0.0]))  # back right bottom


def test_corners_agree_with_three_rotations_one_after_the_other():
    boxes = random_boxes(50)
    torch.testing.assert_close(box_corners(boxes), reference.box_corners(boxes))
    torch.testing.assert_close(rotation_from_angles(boxes[:, 6:]), reference.rotation(boxes[:, 6:]))


def test_rotations_agree_with_those_of_scipy():
    angles = random_boxes(50)[:, 6:]
    expected = torch.tensor(Rotation.from_euler("ZYX", angles.numpy()).as_matrix())
    torch.testing.assert_close(rotation_from_angles(angles), expected)


def test_what_each_angle_does_by_hand():
    quarter = math.pi / 2
    turns = torch.tensor([[quarter, 0, 0], [0, quarter, 0], [0, 0, quarter]], dtype=DOUBLE)
    front, left, up = rotation_from_angles(turns).unbind(-1)
    torch.testing.assert_close(front[0], torch.tensor([0.0, 1, 0], dtype=DOUBLE))  # yaw: to y
    torch.testing.assert_close(front[1], torch.tensor([0.0, 0, -1], dtype=DOUBLE))  # pitch: down
    torch.testing.assert_close(left[2], torch.tensor([0.0, 0, 1], dtype=DOUBLE))  # roll: left up
    torch.testing.assert_close(up[0], torch.tensor([0.0, 0, 1], dtype=DOUBLE))


def test_corners_of_a_box_by_hand():
    box = torch.tensor([1.0, 2, 3, 4, 2, 6, math.pi / 2, 0, 0], dtype=DOUBLE)
    corners = box_corners(box)
    # turned to y: the front is at y = 4, the left side at x = 0
    torch.testing.assert_close(corners[7], torch.tensor([0.0, 4, 6], dtype=DOUBLE))
    torch.testing.assert_close(corners[0], torch.tensor([2.0, 0, 0], dtype=DOUBLE))
    torch.testing.assert_close(corners[4], torch.tensor([2.0, 4, 0], dtype=DOUBLE))
    assert box_volumes(box).item() == 48


def test_edges_are_the_twelve_that_run_along_the_sides():
    boxes = random_boxes(5)
    ends = box_corners(boxes)[:, edge_ends()]
    lengths = (ends[:, :, 1] - ends[:, :, 0]).norm(dim=-1)
    torch.testing.assert_close(lengths, boxes[:, 3:6].repeat_interleave(4, 1))
    assert len({tuple(pair) for pair in edge_ends().tolist()}) == 12


def test_seven_numbers_and_nine():
    boxes = random_boxes(5)
    seven = simplified_boxes(boxes)
    assert seven.shape == (5, 7)
    again = full_boxes(seven)
    assert torch.equal(again[:, :7], boxes[:, :7]) and not again[:, 7:].any()
    assert torch.equal(simplified_boxes(again), seven)


def test_points_are_inside_if_they_are_in_the_axes_of_the_box():
    g = torch.Generator().manual_seed(1)
    boxes = random_boxes(20)
    points = 3 * torch.rand(20, 1000, 3, generator=g, dtype=DOUBLE) - 1.5
    inside = points_inside(box_planes(boxes), points)
    assert 100 < inside.sum() < 10_000
    for box, several, verdicts in zip(boxes, points, inside, strict=True):
        turn = Rotation.from_euler("ZYX", box[6:].numpy())
        local = torch.tensor(turn.inv().apply((several - box[:3]).numpy()))
        assert torch.equal(verdicts, (local.abs() <= box[3:6] / 2).all(-1))


def test_a_box_has_its_corners_on_its_planes():
    boxes = random_boxes(20)
    corners = box_corners(boxes)
    assert points_inside(box_planes(boxes), corners, slack=1e-12).all()
    assert not points_inside(box_planes(boxes), corners, slack=-1e-12).any()


# ---------------------------------------------------------------------------------- cameras


def test_a_picture_of_a_box_by_hand():
    # At (5, 0, 0), looking back along -x with f = 100; the near face of the cube is 4 away.
    camera = orbit_camera(0.0, 0.0, 5.0, field_of_view=2 * math.atan(0.5), size=100)
    cube = torch.tensor([[0.0, 0, 0, 2, 2, 2, 0, 0, 0]])
    rectangle, seen = project_boxes(camera, cube)
    assert seen.all()
    torch.testing.assert_close(rectangle[0], torch.tensor([25.0, 25, 75, 75]), atol=1e-4, rtol=0)


def test_rectangles_hold_the_picture_of_every_point_of_the_box_and_are_tight():
    camera, boxes = a_camera(), random_boxes(20)
    rectangles, seen = project_boxes(camera, boxes)
    assert seen.all()
    g = torch.Generator().manual_seed(2)
    local = torch.rand(20, 5000, 3, generator=g, dtype=DOUBLE) - 0.5
    local[:, :8] = torch.cartesian_prod(*[torch.tensor([-0.5, 0.5], dtype=DOUBLE)] * 3)
    turn = torch.tensor(Rotation.from_euler("ZYX", boxes[:, 6:].numpy()).as_matrix())
    points = (local * boxes[:, None, 3:6]) @ turn.transpose(-1, -2) + boxes[:, None, :3]
    uv, _ = project_points(camera, points.flatten(0, 1))
    uv = uv.unflatten(0, (20, 5000))
    expected = torch.cat([uv.amin(1), uv.amax(1)], -1)
    torch.testing.assert_close(rectangles, expected, atol=1e-9, rtol=0)


def test_a_box_around_the_camera_is_cut_at_the_nearest_depth():
    camera = orbit_camera(0.0, 0.0, 5.0, field_of_view=2 * math.atan(0.5), size=100)
    # From x = -1 to 9: the camera at x = 5 is in it. At depth 2 its half width is 1: 50 pixels.
    long = torch.tensor([[4.0, 0, 0, 10, 2, 2, 0, 0, 0]])
    rectangle, seen = project_boxes(camera, long, near=2.0)
    assert seen.all()
    torch.testing.assert_close(rectangle[0], torch.tensor([0.0, 0, 100, 100]), atol=1e-4, rtol=0)
    behind = torch.tensor([[9.0, 0, 0, 2, 2, 2, 0, 0, 0]])
    rectangle, seen = project_boxes(camera, behind)
    assert not seen.any() and not rectangle.any()


def test_rectangles_of_toy_objects_lie_in_those_of_their_boxes():
    g = torch.Generator().manual_seed(0)
    scenes = sample_scenes(20, generator=g, objects=2, dtype=DOUBLE)
    camera = sample_cameras(scenes, generator=g, size=64)
    outer, seen = project_boxes(camera, boxes_3d(scenes.objects))
    inner = toy_rectangles(scenes, camera)
    assert outer.shape == inner.shape == (20, 2, 4) and seen[scenes.exists].all()
    gap = torch.cat([inner[..., :2] - outer[..., :2], outer[..., 2:] - inner[..., 2:]], -1)
    gap = gap[scenes.exists]
    assert (gap > -1e-6).all()
    assert gap.median() < 4  # pixels of 64: the box is not much larger than what is in it


def test_rectangles_are_cropped_to_the_image():
    camera = a_camera()  # 80 x 60
    given = torch.tensor([[-5.0, 10, 90, 70], [100.0, 10, 120, 20]], dtype=DOUBLE)
    assert crop_rectangles(camera, given).tolist() == [[0, 10, 80, 60], [80, 10, 80, 20]]


def test_gradients_flow_through_the_picture_also_of_what_is_cut_or_behind():
    camera = a_camera()
    boxes = torch.cat([random_boxes(3), random_boxes(3)])
    boxes[3, :3] = camera.centre + 0.1
    boxes[4, :3] = camera.centre - 5 * camera.forward
    boxes[5, :3] = camera.centre + 0.3 * camera.forward
    boxes.requires_grad_()
    assert torch.autograd.gradcheck(
        lambda b: project_boxes(camera, b, near=0.05)[0], (boxes,), atol=1e-4
    )


def test_a_camera_may_have_a_batch():
    eye = torch.tensor([[5.0, -3, 2], [4.0, 4, 1]], dtype=DOUBLE)
    cameras = look_at(eye, torch.zeros(3, dtype=DOUBLE), size=32)
    boxes = random_boxes(6).unflatten(0, (2, 3))
    together, _ = project_boxes(cameras, boxes)
    normals, offsets = frustum_planes(cameras, together[:, 0])
    for i in range(2):
        alone, _ = project_boxes(cameras[i], boxes[i])
        torch.testing.assert_close(together[i], alone)
        n, c = frustum_planes(cameras[i], alone[0])
        torch.testing.assert_close((normals[i], offsets[i]), (n, c))


# --------------------------------------------------------------------------------- frustums


def test_points_lie_in_the_frustum_if_their_pixels_lie_in_the_rectangle():
    camera = a_camera()
    rectangle = torch.tensor([20.0, 15, 50, 40], dtype=DOUBLE)
    g = torch.Generator().manual_seed(3)
    points = camera.centre + 6 * torch.randn(20_000, 3, generator=g, dtype=DOUBLE)
    (u, v), depth = project_points(camera, points)[0].unbind(-1), project_points(camera, points)[1]
    expected = (depth > 0) & (u >= 20) & (u <= 50) & (v >= 15) & (v <= 40)
    assert expected.sum() > 100
    assert torch.equal(points_inside(frustum_planes(camera, rectangle), points), expected)


def test_planes_are_unit_and_pass_through_the_pinhole():
    camera = a_camera()
    normals, offsets = frustum_planes(camera, torch.tensor([20.0, 15, 50, 40], dtype=DOUBLE))
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(5, dtype=DOUBLE))
    torch.testing.assert_close(normals @ camera.centre, offsets)


def test_a_box_lies_in_the_frustum_of_its_own_picture_and_in_no_smaller_one():
    camera, boxes = a_camera(), random_boxes(10)
    rectangles, _ = project_boxes(camera, boxes)
    for box, rectangle in zip(boxes, rectangles, strict=True):
        planes = frustum_planes(camera, rectangle)
        corners = box_corners(box)  # a convex set has a box if it has its corners
        assert points_inside(planes, corners, slack=1e-9).all()
        for side, step in enumerate((0.1, 0.1, -0.1, -0.1)):
            smaller = rectangle.clone()
            smaller[side] += step
            assert not points_inside(frustum_planes(camera, smaller), corners).all()


def test_corners_of_the_frustum_are_on_three_planes_each():
    camera = a_camera()
    rectangle = torch.tensor([20.0, 15, 50, 40], dtype=DOUBLE)
    corners = frustum_corners(camera, rectangle, 2, 7)
    normals, offsets = frustum_planes(camera, rectangle)
    distance = (corners @ normals.T - offsets)[:, :4]
    assert (distance < 1e-9).all()
    assert (distance.abs() < 1e-9).sum(-1).tolist() == [2] * 8
    uv, depth = project_points(camera, corners)
    assert uv[0].tolist() == pytest.approx([20, 15]) and uv[6].tolist() == pytest.approx([50, 40])
    assert depth.tolist() == pytest.approx([2] * 4 + [7] * 4)


def test_an_object_slides_along_its_frustum_and_its_picture_stays():
    camera, boxes = a_camera(), random_boxes(10)
    before, _ = project_boxes(camera, boxes)
    for factor in (0.7, 1.3, 40.0):
        moved = slide_boxes(camera, boxes, factor)
        torch.testing.assert_close(project_boxes(camera, moved)[0], before, atol=1e-8, rtol=0)
        torch.testing.assert_close(box_volumes(moved), factor**3 * box_volumes(boxes))


def test_the_middle_of_the_rectangle_is_no_place_in_the_world():
    """The same pixel at two depths lies in one frustum."""
    camera = a_camera()
    planes = frustum_planes(camera, torch.tensor([20.0, 15, 50, 40], dtype=DOUBLE))
    uv = torch.tensor([[35.0, 27.0]] * 2, dtype=DOUBLE)
    points = unproject(camera, uv, torch.tensor([0.5, 50.0], dtype=DOUBLE))
    assert points_inside(planes, points).all()


# --------------------------------------------------------------------------------- bad input


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: box_corners(torch.ones(7)), "9 numbers"),
        (lambda: box_corners(-torch.ones(9)), "negative"),
        (lambda: full_boxes(torch.ones(9)), "7 numbers"),
        (lambda: rotation_from_angles(torch.ones(2)), "3 numbers"),
        (lambda: points_inside(box_planes(torch.ones(9)), torch.ones(3, 2)), "points"),
        (lambda: project_boxes(a_camera(), torch.ones(1, 9), near=0.0), "positive"),
        (lambda: frustum_planes(a_camera(), torch.tensor([5.0, 0, 4, 1])), "left <= right"),
        (lambda: frustum_planes(a_camera(), torch.ones(3)), "4 numbers"),
        (lambda: frustum_corners(a_camera(), torch.tensor([0.0, 0, 4, 1]), 3, 2), "near < far"),
        (lambda: slide_boxes(a_camera(), torch.ones(1, 9), 0.0), "positive"),
    ],
)
def test_nonsense_is_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()


@pytest.mark.parametrize("module", [boxes_module, frustums])
def test_every_public_function_documents_itself(module):
    public = [f for name, f in vars(module).items() if callable(f) and not name.startswith("_")]
    ours = [f for f in public if getattr(f, "__module__", "") == module.__name__]
    assert len(ours) >= 5 and all(f.__doc__ for f in ours)
