"""The laboratory of four representations without a browser: what a hand and menus do to it."""

import math

import numpy as np
import pytest
import torch

from course_utils.lessons.voxels.instrument import ShapeLab, shape_of


def test_a_drag_turns_the_camera_and_all_four_pictures():
    lab = ShapeLab(resolution=10)
    before, azimuth = lab.picture(48).astype(int), lab.azimuth
    lab.turn(0.25, 0.1)
    assert math.remainder(lab.azimuth - (azimuth - math.pi / 4), 2 * math.pi) == pytest.approx(0)
    assert lab.elevation == pytest.approx(0.35 + 0.05 * math.pi)
    after = lab.picture(48).astype(int)
    for k in range(4):
        part = slice(k * 56, k * 56 + 48)
        assert np.abs(before[:, part] - after[:, part]).mean() > 1


def test_the_wheel_comes_closer_up_to_a_limit_and_up_stays_up():
    lab = ShapeLab(resolution=8, kind="house")
    far = (lab.picture(48) < 245).mean()
    lab.turn(0, 0, zoom=0.5)
    assert (lab.picture(48) < 245).mean() > 1.3 * far
    lab.turn(0, 50, zoom=20)
    assert lab.distance == 2.5 and lab.elevation == 1.5


def test_menus_change_the_object_and_its_detail():
    lab = ShapeLab()
    assert lab.shapes.occupancy.shape == (16, 16, 16)
    chair = lab.shapes.occupancy
    lab.set(resolution=24)
    assert lab.shapes.occupancy.shape == (24, 24, 24) and len(lab.shapes.cloud) == 2 * 24**2
    lab.set(kind="house", resolution=16)
    assert lab.shapes.occupancy.sum() > 3 * chair.sum()
    lab.set(number=3)
    assert not torch.equal(lab.shapes.occupancy, shape_of("house", 16, 0).occupancy)


def test_what_is_not_there_is_refused_and_changes_nothing():
    lab = ShapeLab(resolution=8, kind="house")
    for settings, word in (
        ({"colour": 1}, "there is no"),
        ({"resolution": 2}, "6 to 40"),
        ({"kind": "cat"}, "unknown"),
    ):
        with pytest.raises(ValueError, match=word):
            lab.set(**settings)
    assert lab.settings == {"kind": "house", "number": 0, "resolution": 8}


def test_the_still_figure_shows_what_the_instrument_shows():
    lab = ShapeLab(resolution=8, kind="house")
    first = lab.figure().axes[0].images[0].get_array()
    lab.turn(0.5, 0)
    assert not np.array_equal(first, lab.figure().axes[0].images[0].get_array())
