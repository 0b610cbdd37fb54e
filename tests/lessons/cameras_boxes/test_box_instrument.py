"""Boxes in the hand without a browser: slid along a frustum, and dragged over one another."""

import math

import pytest
import torch

from course_utils.lessons.cameras_boxes.box_instrument import PairLab, SlideLab, one_object, pull_on
from course_utils.vision3d.boxes.box_overlap import box_iou, generalised_iou_loss


def test_a_box_that_grows_with_the_distance_keeps_its_rectangle_and_one_that_does_not_shrinks_it():
    lab = SlideLab()
    picture, start = lab.picture, lab.now
    lab.set(times_as_far=1.4)
    torch.testing.assert_close(lab.now, start, rtol=0, atol=1e-3)
    assert (lab.picture - picture).abs().mean() < 1e-3
    torch.testing.assert_close(lab.box[3:6], 1.4 * lab.start[3:6])
    lab.set(grows_with_it=False)
    torch.testing.assert_close(lab.box[3:6], lab.start[3:6])
    ratio = (lab.now[2:] - lab.now[:2]) / (start[2:] - start[:2])
    assert ((ratio > 0.6) & (ratio < 0.8)).all()
    assert (lab.picture - picture).abs().mean() > 3e-3
    with pytest.raises(ValueError, match="there is no"):
        lab.set(size=2)
    with pytest.raises(ValueError, match="one object"):
        SlideLab(one_object().map(lambda x: x.repeat(2, *[1] * (x.ndim - 1))))


def test_the_pull_is_minus_the_slope_by_finite_differences():
    lab = PairLab()
    a, b = lab.truth.double(), lab.box.double()
    numbers, pull = pull_on(a, b)
    for k in range(3):
        step = torch.zeros(9, dtype=torch.float64)
        step[k] = 1e-5
        up, down = (float(generalised_iou_loss((b + s)[None], a[None])) for s in (step, -step))
        assert float(pull[k]) == pytest.approx(-(up - down) / 2e-5, abs=1e-6)
    assert numbers["IoU"] == pytest.approx(float(box_iou(b[None], a[None])))
    assert numbers["1 − IoU"] == pytest.approx(1 - numbers["IoU"])


def test_a_hand_carries_the_box_by_its_middle_and_turns_it_by_its_front():
    lab = PairLab()
    lab.hold(0.45, 0.3)
    lab.move(0.95, -0.2)
    assert lab.at == [pytest.approx(0.95), pytest.approx(-0.2)]
    lab.move(9, 9)
    assert lab.at == [2.0, 2.0]
    lab.move(0.0, 0.0)
    lab.hold(*lab.handle.tolist())
    lab.move(0.0, 5.0)
    assert lab.settings["yaw"] == pytest.approx(math.pi / 2)
    assert lab.at == [pytest.approx(0.0), pytest.approx(0.0)]
    torch.testing.assert_close(lab.handle, torch.tensor([0.0, 0.8]), rtol=0, atol=1e-6)


def test_laid_on_one_another_they_share_all():
    lab = PairLab()
    lab.at = [0.0, 0.0]
    lab.set(height=0.45, yaw=0.5)
    numbers, _ = pull_on(lab.truth, lab.box)
    assert numbers["IoU"] == pytest.approx(1, abs=1e-5)
    lab.set(larger=2.0)
    assert pull_on(lab.truth, lab.box)[0]["IoU"] == pytest.approx(1 / 8, abs=1e-5)
    assert "IoU 0.125" in lab.figure().get_suptitle()
