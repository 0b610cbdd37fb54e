"""Flying through a scene without a front end: where the gaze goes, and where the wheel goes."""

import math

import pytest
import torch

from course_utils.live.fly import fly
from course_utils.vision3d.cameras import look_at, orbit_camera, project_points
from tests.references.cameras import stack_cameras


def flight(**settings):
    start = look_at((4.0, 0.0, 1.0), (0.0, 0.0, 0.0), field_of_view=0.8, size=50)
    return start, fly(lambda camera: camera, start, **{"stride": 0.5} | settings)


def test_it_begins_where_and_as_the_camera_stands():
    start, flyer = flight()
    camera = flyer.picture(50)
    torch.testing.assert_close(camera.centre, start.centre)
    torch.testing.assert_close(camera.rotation, start.rotation, atol=1e-6, rtol=0)
    torch.testing.assert_close(camera.focal, start.focal)
    assert (camera.height, flyer.picture(20).height) == (50, 20)


def test_the_wheel_goes_where_the_gaze_is():
    start, flyer = flight()
    flyer.turn(0, 0, zoom=3)
    torch.testing.assert_close(flyer.picture(50).centre, start.centre + 1.5 * start.forward)
    flyer.turn(0, 0, zoom=-3)
    torch.testing.assert_close(flyer.picture(50).centre, start.centre)


@pytest.mark.parametrize(("dx", "dy"), [(0.05, 0.0), (0.0, 0.05), (-0.03, 0.02)])
def test_what_is_under_the_hand_follows_it(dx, dy):
    _, flyer = flight()
    middle = torch.zeros(1, 3)
    flyer.turn(dx, dy)
    moved = project_points(flyer.picture(50), middle)[0][0] - 25
    # The angle is the same everywhere; the picture is flat, hence a few per cent.
    torch.testing.assert_close(moved, 50 * torch.tensor([dx, dy]), atol=0.2, rtol=0.08)


def test_straight_up_is_never_reached():
    _, flyer = flight()
    flyer.turn(0.0, 100.0)
    assert flyer.elevation == 1.5 and math.isfinite(float(flyer.picture(10).rotation.sum()))


def test_what_makes_no_flight_is_refused():
    one = orbit_camera(0.0, 0.3, 4.0, size=20)
    with pytest.raises(ValueError, match="one camera"):
        fly(lambda camera: camera, stack_cameras([one, one]), stride=1.0)
    with pytest.raises(ValueError, match="stride"):
        fly(lambda camera: camera, one, stride=0.0)
    with pytest.raises(ValueError, match="positive"):
        fly(lambda camera: camera, one, stride=1.0, drag_size=0)
