"""Common volumes of turned boxes: against a clipper in the plane, Qhull, and a million points."""

import math

import pytest
import torch

from benchmarks import boxes as benchmark
from course_utils.vision3d.boxes import box_overlap
from course_utils.vision3d.boxes.box_overlap import (
    box_iou,
    common_volume,
    generalised_iou_loss,
    iou_loss,
    pairwise_iou,
)
from course_utils.vision3d.boxes.boxes import box_corners, box_volumes, full_boxes
from tests.references.box_volumes import hull_volume, upright_volume

DOUBLE = torch.float64


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_pairs(count: int, seed: int = 0, tilt: float = math.pi):
    generator = dice(seed)
    return tuple(benchmark.random_boxes(count, generator, tilt) for _ in range(2))


def box(*numbers: float) -> torch.Tensor:
    """One box; angles that are not given are 0."""
    return torch.tensor([*numbers, *[0.0] * (9 - len(numbers))], dtype=DOUBLE)[None]


# ------------------------------------------------------------------------------- by oracles


def test_upright_boxes_agree_with_a_polygon_clipper():
    a, b = random_pairs(1000, tilt=0.0)
    expected = [upright_volume(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    expected = torch.tensor(expected, dtype=DOUBLE)
    volume = common_volume(a, b)
    assert 100 < int((expected == 0).sum()) < 500  # both kinds are in the sample
    torch.testing.assert_close(volume, expected, atol=1e-12, rtol=0)
    union = a[:, 3:6].prod(-1) + b[:, 3:6].prod(-1) - expected
    torch.testing.assert_close(box_iou(a, b), expected / union, atol=1e-9, rtol=0)


def test_turned_boxes_agree_with_the_hull_of_their_half_spaces():
    a, b = random_pairs(200, seed=1)
    expected = [hull_volume(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    expected = torch.tensor(expected, dtype=DOUBLE)
    assert int((expected > 0).sum()) > 100
    torch.testing.assert_close(common_volume(a, b), expected, atol=1e-9, rtol=0)


def agree_with_a_million_points(count: int, seed: int) -> None:
    a, b = random_pairs(count, seed)
    volume = common_volume(a, b)
    scores = benchmark.standard_scores(a, b, volume, benchmark.stratified, dice(seed + 1))
    assert scores.abs().max() <= 3
    scores = benchmark.standard_scores(a, b, volume, benchmark.plain, dice(seed + 2))
    assert (scores.abs() > 3).sum() <= benchmark.most_by_chance(count)


def test_twenty_pairs_agree_with_a_million_points():
    agree_with_a_million_points(20, seed=2)


@pytest.mark.slow
def test_a_hundred_pairs_agree_with_a_million_points():
    agree_with_a_million_points(100, seed=5)


def test_the_count_of_points_would_notice_a_volume_that_is_off_by_one_percent():
    a, b = random_pairs(10, seed=2)
    wrong = 1.01 * common_volume(a, b)
    scores = benchmark.standard_scores(a, b, wrong, benchmark.stratified, dice(3))
    assert (scores.abs() > 3).sum() >= 3


def test_what_chance_allows_by_hand():
    # 1 - 0.9973^20 = 0.053 and the chance of two or more is 0.0013, of three or more 2e-5
    assert benchmark.most_by_chance(20) == 2
    assert benchmark.most_by_chance(2, rate=0.5, doubt=0.3) == 1


# ----------------------------------------------------------------------- cases known by hand


@pytest.mark.parametrize(
    ("a", "b", "volume"),
    [
        (box(0, 0, 0, 2, 2, 2), box(0, 0, 0, 2, 2, 2), 8),  # identical
        (box(0, 0, 0, 2, 2, 2), box(0, 0, 0, 2, 2, 2, math.pi / 2), 8),  # and turned into itself
        (box(0, 0, 0, 2, 2, 2), box(1, 1, 1, 2, 2, 2), 1),  # a corner
        (box(0, 0, 0, 2, 2, 2), box(2, 0, 0, 2, 2, 2), 0),  # face to face
        (box(0, 0, 0, 2, 2, 2), box(2, 2, 0, 2, 2, 2), 0),  # edge to edge
        (box(0, 0, 0, 2, 2, 2), box(2, 2, 2, 2, 2, 2), 0),  # corner to corner
        (box(0, 0, 0, 2, 2, 2), box(5, 0, 0, 2, 2, 2), 0),  # apart
        (box(0, 0, 0, 4, 4, 4), box(0.1, 0.2, 0.3, 1, 1, 1, 0.4, 0.5, 0.6), 1),  # nested
        (box(0, 0, 0, 2, 2, 2), box(0.5, 0, 0, 1, 2, 2), 4),  # nested, sharing five faces
        (
            box(0, 0, 0, 1, 1, 1),
            box(0, 0, 0, 1, 1, 1, math.pi / 4),
            2 * math.sqrt(2) - 2,
        ),  # octagon
        (box(0, 0, 0, 2, 2, 2), box(0, 0, 0, 2, 2, 0), 0),  # flat
        (box(0, 0, 0, 2, 2, 2), box(0, 0, 0, 0, 0, 0), 0),  # a point
        (box(0, 0, 0, 1, 1, 0), box(0, 0, 0, 1, 1, 0), 0),  # both flat
        # half a cube in each direction, cut along its diagonal: the prism under x + y <= 0
        (box(0, 0, 0, 1, 1, 1), box(-2, -2, 0, math.sqrt(32), 9, 9, math.pi / 4), 0.5),
    ],
)
def test_cases_by_hand(a, b, volume):
    for pair in ((a, b), (b, a)):
        found = common_volume(*pair).item()
        assert found == pytest.approx(volume, abs=1e-12)
        union = (box_volumes(a) + box_volumes(b)).item() - volume
        assert box_iou(*pair).item() == pytest.approx(volume / union if union else 0, abs=1e-12)


def test_a_corner_cut_from_a_cube_is_a_tetrahedron():
    # A large box whose lower face is the plane x + y + z = 1: it leaves 1/6 of the unit cube.
    yaw, pitch = math.pi / 4, math.asin(math.sqrt(2 / 3))  # its upper side points along (1, 1, 1)
    up = torch.ones(3, dtype=DOUBLE) / math.sqrt(3)
    centre = (1 / math.sqrt(3) + 5) * up
    above = box(*centre.tolist(), 10, 10, 10, yaw, pitch)
    assert common_volume(box(0.5, 0.5, 0.5, 1, 1, 1), above).item() == pytest.approx(5 / 6)


def test_boxes_on_a_grid_share_faces_edges_and_corners():
    """Small whole numbers and quarter turns: most pairs have planes in common."""
    g = dice(9)

    def draw() -> torch.Tensor:
        whole = torch.randint(0, 4, (1000, 6), generator=g) + torch.tensor([0, 0, 0, 1, 1, 1])
        turns = math.pi / 2 * torch.randint(0, 4, (1000, 3), generator=g).to(DOUBLE)
        return torch.cat([whole, turns], -1).to(DOUBLE)

    a, b = draw(), draw()
    (low_a, high_a), (low_b, high_b) = (
        (box_corners(x).amin(1), box_corners(x).amax(1)) for x in (a, b)
    )
    sides = torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)
    expected = sides.clamp(min=0).prod(-1)
    gaps = (low_a - low_b, high_a - high_b, low_a - high_b, high_a - low_b)
    shared = torch.stack(gaps, -1).abs() < 1e-9
    assert int(shared.flatten(1).any(-1).sum()) > 500
    torch.testing.assert_close(common_volume(a, b), expected, atol=1e-11, rtol=0)
    torch.testing.assert_close(
        common_volume(a.float(), b.float()).double(), expected, atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("exponent", range(-17, -5))
def test_boxes_that_are_almost_equal_keep_almost_all_of_their_volume(exponent):
    a, _ = random_pairs(100)
    shift = 10.0**exponent
    b = a + shift * torch.randn(a.shape, generator=dice(), dtype=DOUBLE)
    off = (common_volume(a, b) - box_volumes(a)).abs().max().item()
    assert off < 20 * shift + 1e-13


def test_moving_turning_and_swapping_both_boxes_changes_nothing():
    a, b = random_pairs(100, seed=3)
    volume = common_volume(a, b)
    torch.testing.assert_close(common_volume(b, a), volume, atol=1e-13, rtol=0)
    # about the vertical by 0.7, then by a large step
    c, s = math.cos(0.7), math.sin(0.7)
    turn = torch.tensor([[c, -s, 0], [s, c, 0], [0, 0, 1]], dtype=DOUBLE)
    moved = [x.clone() for x in (a, b)]
    for x in moved:
        x[:, :3] = x[:, :3] @ turn.T + torch.tensor([30.0, -20.0, 10.0], dtype=DOUBLE)
        x[:, 6] += 0.7
    torch.testing.assert_close(common_volume(*moved), volume, atol=1e-12, rtol=0)
    torch.testing.assert_close(iou_loss(*moved), iou_loss(a, b), atol=1e-12, rtol=0)
    torch.testing.assert_close(
        generalised_iou_loss(*moved), generalised_iou_loss(a, b), atol=1e-12, rtol=0
    )


def test_single_precision_is_good_to_five_digits():
    a, b = random_pairs(500, seed=4)
    single = box_iou(a.float(), b.float())
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), box_iou(a, b), atol=1e-5, rtol=0)
    same = box_iou(a.float(), a.float())
    torch.testing.assert_close(same, torch.ones_like(same), atol=1e-5, rtol=0)


def test_a_thousand_pairs_are_done_in_chunks_of_any_size(monkeypatch):
    a, b = random_pairs(50)
    whole = common_volume(a, b)
    monkeypatch.setattr(box_overlap, "CHUNK", 7)
    assert torch.equal(common_volume(a, b), whole)
    assert common_volume(a[:0], b[:0]).shape == (0,)


def test_every_pair_is_the_iou_of_that_pair():
    a, b = random_pairs(12, seed=6)
    a[0, :3] = 9.0  # far from all
    table = pairwise_iou(a, b[:5])
    assert table.shape == (12, 5) and not table[0].any()
    for i in range(12):
        for j in range(5):
            expected = box_iou(a[i : i + 1], b[j : j + 1]).item()
            assert table[i, j].item() == pytest.approx(expected, abs=1e-13)
    assert pairwise_iou(a[:0], b).shape == (0, 12)


# ----------------------------------------------------------------------------------- losses


def finite_differences(loss, predicted, truth, step: float = 1e-6) -> torch.Tensor:
    slopes = torch.zeros_like(predicted)
    for k in range(9):
        move = torch.zeros(9, dtype=DOUBLE)
        move[k] = step
        slopes[:, k] = (loss(predicted + move, truth) - loss(predicted - move, truth)) / (2 * step)
    return slopes


@pytest.mark.parametrize("loss", [iou_loss, generalised_iou_loss])
def test_gradients_agree_with_finite_differences(loss):
    predicted, truth = random_pairs(100, seed=7)
    leaf = predicted.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(leaf, truth).sum(), leaf)
    expected = finite_differences(loss, predicted, truth)
    assert (expected.abs().amax(-1) > 1e-3).sum() > 50
    torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("loss", [iou_loss, generalised_iou_loss])
def test_gradients_are_finite_where_the_loss_has_a_kink(loss):
    a, _ = random_pairs(10)
    flat = a * torch.tensor([1, 1, 1, 0, 1, 1, 1, 1, 1], dtype=DOUBLE)
    for predicted, truth in ((a, a), (flat, a), (a, flat), (flat, flat)):
        leaf = predicted.clone().requires_grad_()
        (gradient,) = torch.autograd.grad(loss(leaf, truth).sum(), leaf)
        assert gradient.isfinite().all()


def test_losses_at_their_ends():
    a, _ = random_pairs(20)
    zero = torch.zeros(20, dtype=DOUBLE)
    torch.testing.assert_close(iou_loss(a, a), zero, atol=1e-12, rtol=0)
    torch.testing.assert_close(generalised_iou_loss(a, a), zero, atol=1e-12, rtol=0)
    far = a.clone()
    far[:, :3] += 1e4
    torch.testing.assert_close(iou_loss(far, a), zero + 1)
    torch.testing.assert_close(generalised_iou_loss(far, a), zero + 2, atol=1e-6, rtol=0)


def test_generalised_loss_by_hand():
    # Unit cubes, their centres 3 apart: a hull of 4, a union of 2.
    a, b = box(0, 0, 0, 1, 1, 1), box(3, 0, 0, 1, 1, 1)
    assert generalised_iou_loss(a, b).item() == pytest.approx(1 + 2 / 4)


def descend(loss, start: torch.Tensor, truth: torch.Tensor, steps: int = 150) -> torch.Tensor:
    box = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([box], lr=0.05)
    for step in range(steps):
        optimiser.param_groups[0]["lr"] = 0.05 * (1 - step / steps)
        optimiser.zero_grad()
        loss(box, truth).sum().backward()
        optimiser.step()
    return box_iou(box.detach(), truth)


def test_only_the_generalised_loss_pulls_boxes_together_that_are_apart():
    truth = box(0, 0, 0, 1, 0.8, 0.6, 0.3)
    start = box(1.5, 0.3, 0.2, 1, 0.8, 0.6, 0.5)
    assert box_iou(start, truth).item() == 0
    assert descend(iou_loss, start, truth, 20).item() == 0
    assert descend(generalised_iou_loss, start, truth).item() > 0.9


# --------------------------------------------------------------------------------- bad input


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (lambda: box_iou(torch.ones(2, 9), torch.ones(3, 9)), "as many"),
        (lambda: box_iou(torch.ones(2, 7), torch.ones(2, 7)), "9 numbers"),
        (lambda: common_volume(-torch.ones(2, 9), torch.ones(2, 9)), "negative"),
        (lambda: common_volume(torch.ones(2, 9), torch.full((2, 9), math.nan)), "not a number"),
        (lambda: pairwise_iou(torch.ones(2, 9), torch.ones(2, 8)), "9 numbers"),
    ],
)
def test_nonsense_is_refused_in_words(bad, words):
    with pytest.raises(ValueError, match=words):
        bad()


def test_simplified_boxes_can_be_compared_once_they_are_full():
    seven = torch.tensor([[0.0, 0, 0, 1, 1, 1, 0.3]], dtype=DOUBLE)
    assert box_iou(full_boxes(seven), full_boxes(seven)).item() == pytest.approx(1)
