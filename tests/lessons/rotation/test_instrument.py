"""The rotation instrument where nothing is displayed: its numbers and its states."""

import pytest
import torch

from course_utils.lessons.rotation.instrument import RotationLab, probabilities_over_circle


def corner_judge(images):
    """Logits from the corners' brightness, counter-clockwise from the upper right."""
    corners = [images[:, 0, 1, -2], images[:, 0, 1, 1], images[:, 0, -2, 1], images[:, 0, -2, -2]]
    return 20 * torch.stack(corners, dim=1)


@pytest.fixture
def marked():
    """A picture whose upper right corner is bright."""
    picture = torch.zeros(3, 16, 16)
    picture[:, :6, -6:] = 1.0
    return picture


def test_each_quarter_turn_moves_the_bright_corner_on(marked):
    degrees, chances = probabilities_over_circle(corner_judge, marked)
    assert len(degrees) == 73 and degrees[-1] == 360
    for turn, angle in enumerate((0, 90, 180, 270)):
        row = chances[int((degrees == angle).nonzero())]
        assert row.argmax() == turn and row.max() > 0.99  # counter-clockwise
    torch.testing.assert_close(chances[0], chances[-1], atol=1e-4, rtol=1e-4)
    with pytest.raises(ValueError, match="divide 360"):
        probabilities_over_circle(corner_judge, marked, step=7.0)


def test_turning_and_choosing(marked):
    lab = RotationLab(corner_judge, torch.stack([marked, marked.flip(-1)]), ["right", "left"])
    assert lab.widget is None  # no kernel here
    lab.turn_to(-90.0)
    assert lab.angle == 270
    shown = lab.figure().axes[0]
    assert "270" in shown.get_title() + shown.get_title(loc="left")
    lab.choose(1)
    assert lab.angle == 0 and lab.figure().axes[1].patches[1].get_width() > 0.99


def test_names_and_pictures_must_agree(marked):
    with pytest.raises(ValueError, match="1 pictures but 2 names"):
        RotationLab(corner_judge, marked[None], ["a", "b"])
