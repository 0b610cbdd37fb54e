"""Proposals on the ground: told and understood again, assigned, and thinned out."""

import math

import pytest
import torch

from course_utils.vision3d.boxes.boxes import box_corners, full_boxes
from course_utils.vision3d.boxes.proposals import (
    BETWEEN,
    NOTHING,
    assign_boxes,
    decode_boxes,
    encode_boxes,
    grid_of_distances,
    ground_overlap,
    ground_proposals,
    suppress_doubles,
)
from tests.references.box_volumes import clip_polygon, footprint, hull_volume, polygon_area


def random_boxes(count, seed=0, spread=2.0):
    g = torch.Generator().manual_seed(seed)
    r = torch.rand(count, 7, generator=g, dtype=torch.float64)
    centre = spread * r[:, :3]
    return torch.cat([centre, 0.3 + r[:, 3:6], 2 * math.pi * (r[:, 6:] - 0.5)], 1)


def test_proposals_stand_on_the_ground_on_their_rays_and_turn_with_them():
    distances, bearings = torch.tensor([2.0, 4.0]), torch.tensor([-0.3, 0.0, 0.5])
    boxes = ground_proposals(distances, bearings, torch.tensor([1.0, 0.6, 0.8]))
    assert boxes.shape == (6, 2, 7)
    lowest = box_corners(full_boxes(boxes))[..., 2].amin(-1)
    torch.testing.assert_close(lowest, torch.zeros(6, 2))
    far = distances.repeat_interleave(3)[:, None].expand(6, 2)
    torch.testing.assert_close(boxes[..., :2].norm(dim=-1), far)
    bearing = torch.atan2(boxes[:, 0, 1], boxes[:, 0, 0])
    torch.testing.assert_close(bearing, bearings.repeat(2))
    torch.testing.assert_close(boxes[:, 0, 6], bearing)
    torch.testing.assert_close(boxes[:, 1, 6] - boxes[:, 0, 6], torch.full((6,), math.pi / 2))


def test_distances_grow_by_one_factor():
    found = grid_of_distances(3.0, 12.0, 5)
    torch.testing.assert_close(found, 3 * 2 ** torch.arange(0, 2.1, 0.5))


def test_telling_and_understanding_are_inverses_but_for_half_turns():
    proposals, boxes = random_boxes(500, 1), random_boxes(500, 2)
    again = decode_boxes(proposals, encode_boxes(proposals, boxes))
    torch.testing.assert_close(again[:, :6], boxes[:, :6], rtol=0, atol=1e-12)
    turns = (again[:, 6] - boxes[:, 6]) / math.pi
    torch.testing.assert_close(turns, turns.round(), rtol=0, atol=1e-12)
    assert (turns.round().abs() == 1).any() and (turns.round() == 0).any()
    assert ((again - proposals)[:, 6].abs() <= math.pi / 2 + 1e-12).all()
    code = encode_boxes(proposals, boxes)
    torch.testing.assert_close(encode_boxes(proposals, again), code, rtol=0, atol=1e-12)


def test_what_a_box_is_told_turns_with_the_world():
    """By hand: one side ahead, half a side to the left, twice as long, turned by 30 degrees."""
    a = torch.tensor([[1.0, 2.0, 0.5, 1.0, 2.0, 1.0, math.pi / 2]], dtype=torch.float64)
    b = torch.tensor([[0.0, 3.0, 0.5, 2.0, 2.0, 1.0, 2 * math.pi / 3]], dtype=torch.float64)
    expected = [1.0, 0.5, 0.0, math.log(2), 0, 0, math.sqrt(0.75), 0.5]
    torch.testing.assert_close(encode_boxes(a, b), torch.tensor([expected], dtype=torch.float64))


def test_the_overlap_from_above_is_the_polygon_clippers_for_boxes_turned_alike():
    a, b = random_boxes(40, 3), random_boxes(40, 4)
    b[:, 6] = a[:, 6]
    found = ground_overlap(a, b).diagonal()
    solid = (full_boxes(x).tolist() for x in (a, b))
    for p, q, iou in zip(*solid, found.tolist(), strict=True):
        common = polygon_area(clip_polygon(footprint(p), footprint(q))) if iou else 0.0
        union = p[3] * p[4] + q[3] * q[4] - common
        assert iou == pytest.approx(common / union, abs=1e-9)
    assert (found > 0).sum() > 10
    turned = b.clone()
    turned[:, 6] += math.pi  # a half turn is the same solid, a quarter is not
    torch.testing.assert_close(ground_overlap(a, turned).diagonal(), found)
    turned[:, 6] += math.pi / 2
    assert ground_overlap(a, turned).diagonal().max() == 0


def test_assignment_by_hand():
    def box(x, yaw=0.0, side=1.0):
        return [x, 0.0, 0.5, side, side, 1.0, yaw]

    across = box(0.0, math.pi / 2)
    proposals = torch.tensor([box(0.0), box(0.3), box(0.5), box(0.9), across, box(9.0)])
    found = assign_boxes(proposals, torch.tensor([box(0.0)]), least=0.5, most=0.2)
    # IoU 1, 0.7/1.3, 0.5/1.5, 0.1/1.9, turned across, far away
    assert found.tolist() == [0, 0, BETWEEN, NOTHING, NOTHING, NOTHING]
    assert assign_boxes(proposals, torch.zeros(0, 7)).tolist() == [NOTHING] * 6
    # The best proposal of a small box stands for it, although it overlaps little.
    small = torch.tensor([box(9.3, side=0.2), box(0.0)])
    found = assign_boxes(proposals, small, least=0.5, most=0.2)
    assert found.tolist() == [1, 1, BETWEEN, NOTHING, NOTHING, 0]
    # Where nothing overlaps at all, no proposal stands for it.
    assert (assign_boxes(proposals, torch.tensor([box(50.0)])) == NOTHING).all()


def test_suppression_is_the_loop_with_another_programs_overlap():
    boxes = random_boxes(40, 5, spread=1.5)
    scores = torch.rand(40, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    solid, kept = full_boxes(boxes).tolist(), []
    for i in sorted(range(40), key=lambda i: -float(scores[i])):

        def iou(j, i=i):
            common = hull_volume(solid[i], solid[j])
            volumes = [math.prod(solid[k][3:6]) for k in (i, j)]
            return common / (sum(volumes) - common)

        if all(iou(j) <= 0.1 for j in kept):
            kept.append(i)
    assert suppress_doubles(boxes, scores, 0.1).tolist() == kept
    assert 3 < len(kept) < 35


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: ground_proposals(torch.zeros(1), torch.zeros(1), torch.ones(3)), "positive"),
        (lambda: grid_of_distances(3, 2, 5), "0 < near < far"),
        (lambda: encode_boxes(torch.ones(1, 7), torch.zeros(1, 7)), "positive sides"),
        (lambda: assign_boxes(torch.ones(1, 7), torch.ones(1, 7), 0.2, 0.3), "0 < most <= least"),
        (lambda: suppress_doubles(torch.ones(2, 7), torch.ones(1)), "2 boxes but 1 scores"),
    ],
)
def test_nonsense_is_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()
