"""Average precision: cases by hand, and a double loop on random detections."""

import pytest
import torch

from course_utils.vision3d.boxes.average_precision import (
    average_precision,
    average_precision_of,
    match_detections,
    precision_recall,
    rectangle_iou,
)


def verdicts(*values: int) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.bool)


def falling(count: int) -> torch.Tensor:
    return torch.arange(count, 0, -1, dtype=torch.float64)


@pytest.mark.parametrize(
    ("right", "objects", "expected"),
    [
        ((1,), 1, 1),  # found at once
        ((1, 0, 0), 1, 1),  # what comes after the last object does not count
        ((0, 1), 1, 1 / 2),
        ((1, 0, 1), 2, 1 / 2 + 1 / 2 * 2 / 3),
        ((0, 1, 1), 2, 2 / 3),  # the envelope: precision 2/3 is reached at recall 1
        ((1, 1), 4, 1 / 2),  # half of the objects are never found
        ((0, 0), 3, 0),
        ((), 3, 0),
        ((1, 0, 1, 0, 0, 1), 3, 1 / 3 * (1 + 2 / 3 + 1 / 2)),
    ],
)
def test_average_precision_by_hand(right, objects, expected):
    found = average_precision(falling(len(right)), verdicts(*right), objects)
    assert found == pytest.approx(expected)


def test_the_order_is_that_of_the_scores_alone():
    scores = torch.tensor([0.2, 0.9, 0.5])
    precision, recall = precision_recall(scores, verdicts(1, 1, 0), 2)
    assert precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3])
    assert recall.tolist() == pytest.approx([1 / 2, 1 / 2, 1])
    squeezed = (5 * scores - 3).sigmoid()
    assert average_precision(squeezed, verdicts(1, 1, 0), 2) == pytest.approx(1 / 2 + 1 / 3)


def test_average_precision_by_a_double_loop():
    g = torch.Generator().manual_seed(0)
    for _ in range(20):
        scores = torch.rand(40, generator=g, dtype=torch.float64)
        right = torch.rand(40, generator=g) < 0.4
        objects = int(right.sum()) + 5
        order = sorted(range(40), key=lambda i, s=scores: -float(s[i]))
        hits = [bool(right[i]) for i in order]
        area = 0.0
        for rank, hit in enumerate(hits):
            if hit:  # recall grows by 1 / objects, at the best precision from here on
                best = max(sum(hits[: k + 1]) / (k + 1) for k in range(rank, 40))
                area += best / objects
        assert average_precision(scores, right, objects) == pytest.approx(area)


def test_an_object_is_found_once_and_by_the_best_score():
    iou = torch.tensor([[0.6], [0.9], [0.2]])
    assert match_detections(iou, torch.tensor([0.9, 0.8, 0.7]), 0.5).tolist() == [
        True,
        False,
        False,
    ]
    assert match_detections(iou, torch.tensor([0.7, 0.8, 0.9]), 0.5).tolist() == [
        False,
        True,
        False,
    ]
    assert match_detections(iou, torch.tensor([0.7, 0.6, 0.9]), 0.2).tolist() == [
        False,
        False,
        True,
    ]
    assert match_detections(iou, torch.tensor([0.9, 0.8, 0.7]), 0.95).sum() == 0


def test_a_detection_takes_the_best_object_that_is_left():
    iou = torch.tensor([[0.9, 0.6], [0.8, 0.7], [0.6, 0.1]])
    assert match_detections(iou, falling(3), 0.5).tolist() == [True, True, False]
    # The greedy choice can be dearer than the best one; that is part of the definition.
    iou = torch.tensor([[0.9, 0.8], [0.7, 0.1]])
    assert match_detections(iou, falling(2), 0.5).tolist() == [True, False]


def test_the_threshold_itself_is_enough():
    assert match_detections(torch.tensor([[0.5]]), torch.ones(1), 0.5).tolist() == [True]


def test_pictures_without_objects_or_without_detections():
    tables = [torch.tensor([[0.7]]), torch.zeros(2, 0), torch.zeros(0, 1)]
    scores = [torch.tensor([0.5]), torch.tensor([0.9, 0.1]), torch.zeros(0)]
    # one wrong one first, then one of two objects
    assert average_precision_of(tables, scores, 0.5) == pytest.approx(1 / 2 * 1 / 2)


def test_detections_of_all_pictures_are_ranked_together():
    tables = [torch.tensor([[1.0], [0.0]]), torch.tensor([[1.0], [0.0]])]
    scores = [torch.tensor([0.9, 0.2]), torch.tensor([0.3, 0.8])]
    assert average_precision_of(tables, scores, 0.5) == pytest.approx(1 / 2 + 1 / 2 * 2 / 3)


def test_rectangles_by_hand_and_by_torchvision():
    from torchvision.ops import box_iou

    a = torch.tensor([[0.0, 0, 2, 2], [5.0, 5, 5, 5]])
    b = torch.tensor([[1.0, 1, 3, 3], [2.0, 0, 4, 2], [5.0, 5, 5, 5]])
    assert rectangle_iou(a, b)[0].tolist() == pytest.approx([1 / 7, 0, 0])
    assert rectangle_iou(a, b)[1].tolist() == [0, 0, 0]
    g = torch.Generator().manual_seed(0)
    low, more = (torch.rand(2, 30, 2, generator=g, dtype=torch.float64) for _ in range(2))
    boxes = torch.cat([low, low + more], -1)
    torch.testing.assert_close(rectangle_iou(*boxes), box_iou(*boxes))


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: average_precision(torch.ones(1), verdicts(0), 0), "no recall"),
        (lambda: average_precision(torch.ones(2), verdicts(1, 1), 1), "of only 1"),
        (lambda: average_precision(torch.ones(2), verdicts(1), 1), "2 scores"),
        (lambda: match_detections(torch.ones(2, 2), torch.ones(3), 0.5), "do not fit"),
        (lambda: match_detections(torch.ones(2, 2), torch.ones(2), 0.0), "threshold"),
        (lambda: average_precision_of([], [], 0.5), "0 IoU tables"),
        (lambda: rectangle_iou(torch.ones(1, 4), torch.ones(1, 9)), "4 numbers"),
    ],
)
def test_nonsense_is_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()
