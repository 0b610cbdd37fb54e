"""Cameras: hand-computed cases, inverses, and what must be refused."""

import math

import pytest
import torch

from course_utils.vision3d import cameras
from course_utils.vision3d.cameras import (
    Camera,
    crop_camera,
    depth_from_distance,
    in_image,
    look_at,
    orbit_camera,
    pixel_centres,
    pixels_to_rays,
    project_points,
    resize_camera,
    unproject,
)
from tests.references.cameras import stack_cameras

DOUBLE = torch.float64


def random_cameras(count: int) -> Camera:
    g = torch.Generator().manual_seed(0)
    eye = 4 * torch.randn(count, 3, generator=g, dtype=DOUBLE)
    target = torch.randn(count, 3, generator=g, dtype=DOUBLE)
    return look_at(eye, target, field_of_view=0.9, size=(48, 64))


def test_width_and_height_are_not_confused():
    wide = look_at((3.0, 0.0, 0.0), (0.0, 0.0, 0.0), size=(20, 40))
    assert (wide.height, wide.width) == (20, 40)
    uv, _ = project_points(wide, torch.zeros(1, 3))
    assert uv.flatten().tolist() == pytest.approx([20.0, 10.0], abs=1e-4)
    inside = in_image(wide, torch.tensor([[39.0, 5.0], [5.0, 39.0]]), torch.ones(2))
    assert inside.tolist() == [True, False]


def test_a_camera_on_the_x_axis_by_hand():
    # At (5, 0, 0) looking back along -x: y grows to the right, z grows upwards.
    camera = orbit_camera(0.0, 0.0, 5.0, field_of_view=2 * math.atan(0.5), size=100)
    assert camera.focal.item() == pytest.approx(100)
    points = torch.tensor([[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    uv, depth = project_points(camera, points)
    expected = torch.tensor([[50.0, 50.0], [70.0, 50.0], [50.0, 30.0], [75.0, 25.0]])
    torch.testing.assert_close(uv, expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(depth, torch.tensor([5.0, 5.0, 5.0, 4.0]), atol=1e-5, rtol=0)


def test_axes_of_a_camera_that_looks_north():
    camera = look_at((0.0, -3.0, 0.0), (0.0, 0.0, 0.0))
    torch.testing.assert_close(camera.right, torch.tensor([1.0, 0.0, 0.0]))
    torch.testing.assert_close(camera.down, torch.tensor([0.0, 0.0, -1.0]))
    torch.testing.assert_close(camera.forward, torch.tensor([0.0, 1.0, 0.0]))


def test_orbit_and_look_at_agree_and_orbit_reaches_the_pole():
    azimuth = torch.linspace(-3, 3, 7, dtype=DOUBLE)
    orbit = orbit_camera(azimuth, 0.4, 2.5, (0.1, 0.2, 0.3))
    aimed = look_at(orbit.centre, torch.tensor([0.1, 0.2, 0.3], dtype=DOUBLE))
    torch.testing.assert_close(orbit.rotation, aimed.rotation, atol=1e-12, rtol=0)
    top = orbit_camera(0.0, math.pi / 2, 2.0)
    torch.testing.assert_close(top.forward, torch.tensor([0.0, 0.0, -1.0]), atol=1e-6, rtol=0)
    torch.testing.assert_close(top.right, torch.tensor([0.0, 1.0, 0.0]), atol=1e-6, rtol=0)


def test_rotations_are_right_handed_and_orthonormal():
    r = random_cameras(20).rotation
    eye = torch.eye(3, dtype=DOUBLE).expand_as(r)
    torch.testing.assert_close(r.transpose(-1, -2) @ r, eye, atol=1e-12, rtol=0)
    torch.testing.assert_close(torch.linalg.det(r), torch.ones(20, dtype=DOUBLE))


def test_pixel_centres_are_at_half_integers_row_by_row():
    camera = orbit_camera(0.0, 0.0, 1.0, size=(2, 3))
    expected = [[[0.5, 0.5], [1.5, 0.5], [2.5, 0.5]], [[0.5, 1.5], [1.5, 1.5], [2.5, 1.5]]]
    assert pixel_centres(camera).tolist() == expected


def test_the_middle_of_an_even_image_is_a_pixel_corner():
    camera = orbit_camera(0.3, 0.2, 2.0, size=8)
    _, direction = pixels_to_rays(camera, torch.tensor([[4.0, 4.0]]))
    torch.testing.assert_close(direction[0], camera.forward)


def test_project_and_unproject_are_inverse():
    camera = random_cameras(10)
    g = torch.Generator().manual_seed(1)
    uv = 60 * torch.rand(10, 30, 2, generator=g, dtype=DOUBLE)
    depth = 0.5 + 5 * torch.rand(10, 30, generator=g, dtype=DOUBLE)
    back, depth_back = project_points(camera, unproject(camera, uv, depth))
    torch.testing.assert_close(back, uv, atol=1e-9, rtol=0)
    torch.testing.assert_close(depth_back, depth, atol=1e-9, rtol=0)


def test_rays_pass_through_their_pixels_and_depth_is_along_the_axis():
    camera = random_cameras(10)
    uv = pixel_centres(camera).flatten(0, 1)
    origins, directions = pixels_to_rays(camera, uv)
    one = torch.ones(directions.shape[:-1], dtype=DOUBLE)
    torch.testing.assert_close(directions.norm(dim=-1), one)
    points = origins + 2.7 * directions
    back, depth = project_points(camera, points)
    torch.testing.assert_close(back, uv.expand_as(back), atol=1e-9, rtol=0)
    torch.testing.assert_close(depth_from_distance(camera, directions, 2.7 * one), depth)
    torch.testing.assert_close(unproject(camera, uv, depth), points, atol=1e-9, rtol=0)


def test_matrices_give_the_same_pixels_as_project_points():
    camera = random_cameras(5)
    points = torch.randn(12, 3, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    uv, depth = project_points(camera, points)
    for i in range(5):
        for j in range(12):
            homogeneous = torch.cat([points[j], torch.ones(1, dtype=DOUBLE)])
            x, y, z = camera.intrinsics[i] @ camera.world_to_camera[i] @ homogeneous
            assert (x / z).item() == pytest.approx(uv[i, j, 0].item(), rel=1e-9)
            assert (y / z).item() == pytest.approx(uv[i, j, 1].item(), rel=1e-9)
            assert z.item() == pytest.approx(depth[i, j].item(), rel=1e-9)


def test_resize_and_crop_keep_looking_at_the_same_points():
    camera = random_cameras(3)
    points = camera.centre[:, None] + 3 * camera.forward[:, None] + 0.2 * torch.eye(3, dtype=DOUBLE)
    uv, _ = project_points(camera, points)
    larger, _ = project_points(resize_camera(camera, 96), points)
    torch.testing.assert_close(larger, 2 * uv)
    cropped, _ = project_points(crop_camera(camera, 10, 7, 20, 20), points)
    torch.testing.assert_close(cropped, uv - torch.tensor([10.0, 7.0], dtype=DOUBLE))


def test_indexing_and_iterating():
    camera = random_cameras(4)
    again = stack_cameras(list(camera))
    torch.testing.assert_close(again.rotation, camera.rotation)
    assert len(camera[1:3]) == 2 and camera[0].batch_shape == ()
    assert camera.to(torch.float32).rotation.dtype == torch.float32
    with pytest.raises(TypeError):
        len(camera[0])


def test_points_behind_the_camera_are_not_in_the_image():
    camera = orbit_camera(0.0, 0.0, 5.0, size=10)
    uv, depth = project_points(camera, torch.tensor([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0]]))
    assert in_image(camera, uv, depth).tolist() == [True, False]


def test_gradients_flow_through_projection():
    camera = random_cameras(1)[0]
    points = (camera.centre + 3 * camera.forward + 0.1).expand(2, 3).clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda p: project_points(camera, p), (points,))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: look_at((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        lambda: look_at((0.0, 0.0, 2.0), (0.0, 0.0, 0.0)),
        lambda: orbit_camera(0.0, 0.0, 0.0),
        lambda: orbit_camera(0.0, 0.0, 1.0, field_of_view=4.0),
        lambda: orbit_camera(0.0, 0.0, 1.0, size=0),
        lambda: Camera(torch.ones(2), 4, 4, torch.eye(3), torch.zeros(3)),
        lambda: resize_camera(orbit_camera(0.0, 0.0, 1.0, size=(3, 4)), 2),
    ],
)
def test_nonsense_is_refused_in_words(bad):
    # TypeError: a wrong shape, caught by the annotations that the tests enforce
    with pytest.raises((ValueError, TypeError), match=" "):
        bad()


def test_every_public_function_documents_itself():
    public = [f for name, f in vars(cameras).items() if callable(f) and not name.startswith("_")]
    ours = [f for f in public if getattr(f, "__module__", "") == cameras.__name__]
    assert len(ours) >= 12 and all(f.__doc__ for f in ours)
