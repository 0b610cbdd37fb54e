"""The laboratory of one Gaussian without a browser: what sliders and a hand do to it."""

import math

import pytest
import torch

from course_utils.lessons.splatting.instrument import (
    LARGEST,
    SplatLab,
    one_gaussian,
    quaternion_from_angles,
)
from course_utils.vision3d.splats.gaussians import rotation_from_quaternion


def test_angles_tilt_about_x_and_then_turn_about_the_vertical():
    turn, tilt = 0.7, -0.4
    c, s = math.cos(turn), math.sin(turn)
    about_z = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    c, s = math.cos(tilt), math.sin(tilt)
    about_x = torch.tensor([[1, 0, 0], [0, c, -s], [0, s, c]])
    found = rotation_from_quaternion(quaternion_from_angles(turn, tilt))
    torch.testing.assert_close(found, about_z @ about_x)


def test_sliders_change_the_gaussian_and_its_look():
    lab = SplatLab()
    before = lab.look
    lab.set(opacity=0.3, axis_2=0.5)
    assert lab.gaussian.opacities.item() == pytest.approx(0.3)
    torch.testing.assert_close(lab.gaussian.scales[0], torch.tensor([0.7, 0.5, 0.2]))
    assert lab.look.alpha.max() < 0.31 < before.alpha.max()
    with pytest.raises(ValueError, match="there is no"):
        lab.set(colour=1.0)
    with pytest.raises(ValueError, match="scales > 0"):
        one_gaussian((0.0, 1.0, 1.0))


def test_a_hand_pulls_the_end_of_an_axis_along_that_axis():
    lab = SplatLab()
    end, middle = lab.look.axes[0], lab.look.mean
    lab.hold(*end.tolist())
    lab.move(*(middle + 0.5 * (end - middle)).tolist())
    assert lab.settings["axis_1"] == pytest.approx(0.35, abs=0.01)
    assert lab.settings["axis_2"] == 0.35
    lab.move(*(middle + 90 * (lab.look.axes[0] - middle)).tolist())
    assert lab.settings["axis_1"] == LARGEST


def test_a_hand_far_from_every_end_moves_nothing():
    lab = SplatLab()
    lab.hold(1.0, 1.0)
    lab.move(40.0, 40.0)
    assert lab.settings["axis_1"] == 0.7
