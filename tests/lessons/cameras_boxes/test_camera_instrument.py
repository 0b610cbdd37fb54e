"""The held camera without a browser: sliders carry it, a click picks a ray, a drag walks round."""

import math

import numpy as np
import pytest
import torch

from course_utils.data import driving
from course_utils.lessons.cameras_boxes.camera_instrument import (
    CameraLab,
    held_camera,
    on_picture,
    outer_camera,
)
from course_utils.vision3d.cameras import pixels_to_rays, project_points


def test_a_camera_is_held_as_it_is_said():
    camera = held_camera(focal=150, right=0.5, ahead=1.0, up=1.5, turn=0.3, tilt=0.0)
    assert float(camera.focal) == pytest.approx(150)
    torch.testing.assert_close(camera.centre, torch.tensor([1.0, -0.5, 1.5]))
    expected = torch.tensor([math.cos(0.3), -math.sin(0.3), 0.0])
    torch.testing.assert_close(camera.forward, expected)
    # A turn to the right moves things to the left on the picture.
    ahead = torch.tensor([[5.0, -0.5, 1.5]])
    assert project_points(camera, ahead)[0][0, 0] < camera.width / 2
    down = held_camera(tilt=0.4)
    assert down.forward[2] == pytest.approx(-math.sin(0.4), abs=1e-6)
    road = driving.road_cameras(torch.tensor([2.0]), torch.tensor([0.25]))[0]
    torch.testing.assert_close(held_camera().rotation, road.rotation)
    with pytest.raises(ValueError, match="focal length"):
        held_camera(focal=0)


def test_sliders_change_the_camera_and_both_pictures():
    lab = CameraLab()
    before = lab.look
    lab.set(focal=200, right=1.0)
    assert float(lab.camera.focal) == pytest.approx(200)
    assert not torch.equal(lab.look.inside, before.inside)
    assert torch.equal(
        lab.look.inside.new_tensor(lab.look.inside.shape), torch.tensor([3.0, 64, 96])
    )
    assert (lab.look.body - before.body[:, :]).abs().max() > 1
    with pytest.raises(ValueError, match="there is no"):
        lab.set(zoom=2)


def test_a_pixel_that_is_pointed_at_shows_its_ray_to_where_it_hits():
    lab = CameraLab()
    lab.point(48, 50)
    _, direction = pixels_to_rays(lab.camera, torch.tensor([[48.0, 50.0]]))
    end = lab.camera.centre + lab.hit * direction[0]
    assert end[2] == pytest.approx(0, abs=0.15)  # the lawn, but for the half pixel to its centre
    lab.point(-5, 99)
    assert lab.pixel == (0.0, 64.0)
    lab.point(48, 1)  # the sky
    assert math.isinf(lab.hit) and "ever" in lab._words()


def test_a_drag_turns_the_outer_view_and_never_below_the_ground():
    lab = CameraLab()
    azimuth = lab.around[0]
    lab.turn(0.5, 0.0)
    assert lab.around[0] == pytest.approx(azimuth - math.pi / 2)
    lab.turn(0.0, -9.0, zoom=1.0)
    assert lab.around[1] == 0.02 and lab.around[2] == pytest.approx(9.5 / 2)
    assert outer_camera(lab.around).centre[2] > 0


def test_lines_and_a_dot_are_drawn_where_they_are():
    blank = np.zeros((40, 60, 3), np.uint8)
    drawn = on_picture(
        blank, [(torch.tensor([[[5.0, 10.0], [50.0, 10.0]]]), "#ff0000", 3)], (30, 30)
    )
    assert (drawn[10, 6:50] == (255, 0, 0)).all() and drawn[16].max() == 0
    assert drawn[30, 30].max() > 200 and blank.max() == 0


def test_two_scenes_are_one_too_many():
    scenes = driving.sample_road(2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="one scene"):
        CameraLab(scenes)
