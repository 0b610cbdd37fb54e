"""The monocular 3D detector: pooling, targets, losses, and what becomes of its answers."""

import math

import pytest
import torch
from torch.nn import functional as F

from benchmarks import detector as benchmark
from course_utils.data import driving
from course_utils.vision3d.boxes import detector as d
from course_utils.vision3d.boxes.boxes import full_boxes
from course_utils.vision3d.boxes.frustums import project_boxes
from course_utils.vision3d.boxes.proposals import BETWEEN, NOTHING, encode_boxes, ground_proposals

BEARINGS, SIDES = torch.linspace(-0.3, 0.3, 5), torch.tensor([0.9, 0.9, 1.0])
PROPOSALS = ground_proposals(torch.tensor([3.5, 4.5, 6.0]), BEARINGS, SIDES)


def cameras(count=2):
    return driving.road_cameras(torch.full((count,), 2.0), torch.full((count,), 0.25))


def test_rectangles_are_those_of_projection_as_shares():
    found = d.place_rectangles(cameras(), PROPOSALS)
    expected, _ = project_boxes(cameras()[0], full_boxes(PROPOSALS[:, 0]))
    torch.testing.assert_close(found[1], expected / torch.tensor([96.0, 64.0, 96.0, 64.0]))
    behind = PROPOSALS.clone()
    behind[0, 0, 0] = -5.0
    with pytest.raises(ValueError, match="behind"):
        d.place_rectangles(cameras(), behind)


def test_pooling_reads_a_map_at_the_middles_of_cells():
    """A map whose value is u + 100 v, in its own pixels: bilinear sampling of it is exact."""
    v, u = torch.meshgrid(torch.arange(8) + 0.5, torch.arange(12) + 0.5, indexing="ij")
    maps = torch.stack([u + 100 * v, torch.ones_like(u)])[None]
    rectangle = torch.tensor([[[3 / 12, 2 / 8, 9 / 12, 6 / 8]]])  # u from 3 to 9, v from 2 to 6
    found = d.pool_features(maps, rectangle, cells=2)
    assert found.shape == (1, 1, 2, 2, 2)
    expected = torch.tensor([[4.5 + 300, 7.5 + 300], [4.5 + 500, 7.5 + 500]])
    torch.testing.assert_close(found[0, 0, 0], expected)
    outside = d.pool_features(maps, torch.tensor([[[1.5, 0.2, 2.0, 0.5]]]), cells=3)
    assert outside.abs().max() == 0


def test_pooling_is_the_loop():
    maps = torch.rand(2, 3, 6, 9, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    rectangles = torch.tensor([[[0.1, 0.2, 0.5, 0.9], [-0.2, 0.3, 0.4, 1.1]]] * 2).double()
    found = d.pool_features(maps, rectangles, cells=3)
    for n, r, i, j in [(0, 0, 0, 0), (0, 1, 2, 0), (1, 1, 0, 2), (1, 0, 1, 2)]:
        left, top, right, bottom = rectangles[n, r].tolist()
        x = 9 * (left + (j + 0.5) / 3 * (right - left)) - 0.5
        y = 6 * (top + (i + 0.5) / 3 * (bottom - top)) - 0.5
        total = torch.zeros(3, dtype=torch.float64)
        for a in (math.floor(y), math.floor(y) + 1):
            for b in (math.floor(x), math.floor(x) + 1):
                if 0 <= a < 6 and 0 <= b < 9:
                    total += (1 - abs(y - a)) * (1 - abs(x - b)) * maps[n, :, a, b]
        torch.testing.assert_close(found[n, r, :, i, j], total)


def test_targets_name_the_kind_and_the_code_of_the_box_at_hand():
    box = PROPOSALS[7, 1].clone()
    box[:2] += 0.05
    boxes = torch.stack([torch.stack([torch.zeros(7), box]), torch.zeros(2, 7)])
    kind = torch.tensor([[-1, 3], [-1, -1]])
    found = d.make_targets(PROPOSALS, boxes, kind)
    assert found.kind[0, 7].tolist()[1] == 3
    torch.testing.assert_close(found.code[0, 7, 1], encode_boxes(PROPOSALS[7, 1], box))
    assert found.kind[0, 0].tolist() == [NOTHING, NOTHING]
    assert (found.kind[1] == NOTHING).all() and found.code[1].abs().max() == 0


def test_focal_loss_is_the_weighted_cross_entropy():
    logits = torch.randn(50, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    kind = torch.arange(50) % 6 - 2
    expected = 0.0
    for row, k in zip(logits.tolist(), kind.tolist(), strict=True):
        for c, x in enumerate(row):
            p = 1 / (1 + math.exp(-x))
            if k == BETWEEN:
                continue
            there, absent = (1 - p) ** 2 * math.log(p), p**2 * math.log(1 - p)
            expected -= 0.25 * there if c == k else 0.75 * absent
    assert float(d.focal_loss(logits, kind)) == pytest.approx(expected)
    there = (kind[:, None] == torch.arange(4)).double()[kind != BETWEEN]
    plain = F.binary_cross_entropy_with_logits(logits[kind != BETWEEN], there, reduction="sum")
    torch.testing.assert_close(d.focal_loss(logits, kind, gamma=0, alpha=0.5), plain / 2)


def test_losses_count_boxes_only_where_one_is_and_vanish_for_the_truth():
    kind = torch.full((1, 3, 2), NOTHING)
    kind[0, 1, 0], kind[0, 2, 1] = 2, BETWEEN
    code = torch.zeros(1, 3, 2, 8)
    code[0, 1, 0] = torch.arange(8.0)
    sure = torch.where(kind[..., None] == torch.arange(4), 20.0, -20.0)
    right = d.detection_losses(d.Answers(sure, code), d.Targets(kind, code))
    assert float(right["loss"]) < 1e-6
    off = code + 1.0
    wrong = d.detection_losses(d.Answers(sure, off), d.Targets(kind, code), weight=2)
    assert float(wrong["loss"]) == pytest.approx(2 * 8 * (1 - 0.05), rel=1e-4)


def test_answers_become_boxes_one_for_each_object():
    logits = torch.full((1, len(PROPOSALS), 2, 4), -9.0)
    logits[0, 3, 0, 1], logits[0, 3, 1, 1], logits[0, 11, 0, 2] = 2.0, 1.0, 3.0
    code = torch.zeros(1, len(PROPOSALS), 2, 8)
    code[..., 7] = 1  # not turned
    (found,) = d.detections_from_answers(PROPOSALS, d.Answers(logits, code))
    assert found.kind.tolist() == [2, 1]  # the second turn at place 3 is a double
    torch.testing.assert_close(found.boxes, torch.stack([PROPOSALS[11, 0], PROPOSALS[3, 0]]))
    torch.testing.assert_close(found.scores, torch.tensor([3.0, 2.0]).sigmoid())


def test_an_untrained_detector_says_that_there_is_little():
    torch.manual_seed(0)
    net = d.Detector(3, width=8)
    rectangles = d.place_rectangles(cameras(), PROPOSALS)
    answers = net(torch.rand(2, 3, 64, 96), rectangles)
    assert answers.logits.shape == (2, 15, 2, 3) and answers.code.shape == (2, 15, 2, 8)
    assert 0.005 < float(answers.logits.detach().sigmoid().mean()) < 0.05
    with pytest.raises(ValueError, match="at least one class"):
        d.Detector(0)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_after_some_seconds_it_finds_most_objects_and_random_features_fewer():
    """Three seeds, a quarter of the steps of the benchmark, on pictures that it has not seen."""
    given, unseen = benchmark.lesson(500), driving.make_road(60, seed=2)
    rows = [benchmark.judge(benchmark.train(given, 150, s), given, unseen) for s in range(3)]
    floor = benchmark.judge(benchmark.train(given, 150, 0, frozen=True), given, unseen)
    for row in (*rows, floor):
        print({name: round(value, 3) for name, value in row.items()})
    assert min(row["3D 0.25"] for row in rows) >= benchmark.GOAL
    assert min(row["3D 0.25"] for row in rows) > floor["3D 0.25"]
    assert all(row["2D 0.5"] > row["3D 0.5"] + 0.2 for row in rows)
