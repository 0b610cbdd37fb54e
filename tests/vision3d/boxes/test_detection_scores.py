"""Judging detections in space and on the picture, and putting one number right at a time."""

import math

import pytest
import torch

from course_utils.data import driving
from course_utils.vision3d.boxes import detection_scores as s
from course_utils.vision3d.boxes.average_precision import average_precision_of
from course_utils.vision3d.boxes.boxes import full_boxes
from course_utils.vision3d.boxes.detector import Detections
from course_utils.vision3d.boxes.frustums import slide_boxes

CAMERAS = driving.road_cameras(torch.tensor([2.0, 1.9]), torch.tensor([0.25, 0.25]))
TRUTH = torch.tensor(
    [
        [[5.0, 0.8, 0.4, 1.3, 0.6, 0.8, 0.5], [6.5, -1.2, 0.5, 0.7, 0.7, 1.0, 0.0]],
        [[4.0, 0.1, 0.5, 1.0, 1.1, 1.0, 2.0], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]],
    ]
)
KIND = torch.tensor([[0, 2], [1, -1]])


def told(change=lambda box, camera: box):
    """The truth, changed, as detections."""
    found = []
    for boxes, kind, camera in zip(TRUTH, KIND, CAMERAS, strict=True):
        here = kind >= 0
        boxes = torch.stack([change(b, camera) for b in boxes[here]])
        found.append(Detections(boxes, torch.linspace(0.9, 0.5, len(boxes)), kind[here]))
    return found


def ap(tables, found, threshold):
    return average_precision_of(tables, [f.scores for f in found], threshold)


def test_the_truth_is_perfect_in_space_and_on_the_picture():
    found = told()
    space = s.space_tables(found, TRUTH, KIND)
    flat = s.picture_tables(found, TRUTH, KIND, CAMERAS)
    for tables in (space, flat):
        torch.testing.assert_close(tables[0].diagonal(), torch.ones(2))
        assert ap(tables, found, 0.95) == 1
    assert s.ap_of_kinds(space, found, KIND, 0.5, 3) == [1, 1, 1]


def test_slid_along_their_frustums_boxes_are_perfect_on_the_picture_and_lost_in_space():
    found = told(lambda b, c: slide_boxes(c, full_boxes(b)[None], 1.25)[0, :7])
    assert ap(s.picture_tables(found, TRUTH, KIND, CAMERAS), found, 0.95) == 1
    assert ap(s.space_tables(found, TRUTH, KIND), found, 0.5) == 0
    # Distance and size are both wrong; each put right alone is not enough for the picture.
    both = s.with_truth(found, TRUTH, KIND, CAMERAS, "distance")
    both = s.with_truth(both, TRUTH, KIND, CAMERAS, "size")
    assert ap(s.space_tables(both, TRUTH, KIND), both, 0.95) == 1


@pytest.mark.parametrize("part", s.PARTS)
def test_putting_one_part_right_mends_that_part_only(part):
    def harm(box, camera):
        offset, box = box[:3] - camera.centre, box.clone()
        if part == "distance":
            box[:3] = camera.centre + 1.1 * offset
        elif part == "direction":
            aside = offset + 0.08 * torch.tensor([-offset[1], offset[0], 0.0]) / offset.norm()
            box[:3] = camera.centre + aside * offset.norm() / aside.norm()  # as far as before
        elif part == "size":
            box[3:6] *= 1.2
        else:
            box[6] += math.radians(30)
        return box

    found = told(harm)
    for other in s.PARTS:
        mended = s.with_truth(found, TRUTH, KIND, CAMERAS, other)
        gap = max(
            float((m.boxes - t[k >= 0]).abs().max())
            for m, t, k in zip(mended, TRUTH, KIND, strict=True)
        )
        assert (gap < 1e-5) == (other == part), (part, other, gap)


def test_what_means_no_object_stays():
    far = told(lambda b, c: b + torch.tensor([1.5, 2.5, 0, 0, 0, 0, 0]))
    same = s.with_truth(far, TRUTH, KIND, CAMERAS, "distance")
    assert all(torch.equal(a.boxes, b.boxes) for a, b in zip(far, same, strict=True))


def test_a_car_called_a_tree_counts_for_neither():
    found = told()
    found[0] = found[0]._replace(kind=torch.tensor([2, 2]))
    space = s.space_tables(found, TRUTH, KIND)
    assert ap(space, found, 0.5) == 1
    car, house, tree = s.ap_of_kinds(space, found, KIND, 0.5, 3)
    assert (car, house, tree) == (0, 1, 0.5)


@pytest.mark.usefixtures("as_shipped")
def test_nonsense_is_refused_in_words():
    with pytest.raises(ValueError, match="unknown part"):
        s.with_truth(told(), TRUTH, KIND, CAMERAS, "colour")
    with pytest.raises(ValueError, match="of 1 pictures, but boxes of 2"):
        s.space_tables(told()[:1], TRUTH, KIND)
