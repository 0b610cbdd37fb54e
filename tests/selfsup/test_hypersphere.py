"""Points that are pulled and pushed: what moves, what is drawn, where they end."""

import math

import pytest
import torch
from torch.nn import functional as F

from course_utils.selfsup import contrastive
from course_utils.selfsup.hypersphere import (
    Rules,
    Swarm,
    best_uniformity,
    draw_negatives,
    seen_from,
)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def test_negatives_are_allowed_different_and_as_many_as_there_are():
    scores = torch.randn(6, 9, generator=dice())
    allowed = torch.rand(6, 9, generator=dice(1)) > 0.4
    allowed[:, :3] = True
    most = int(allowed.sum(dim=1).min())
    for count in (1, 3, 100):
        drawn = draw_negatives(scores, allowed, count, generator=dice(2))
        assert drawn.shape == (6, min(count, most))
        assert allowed.gather(1, drawn).all()
        assert all(len(set(row)) == len(row) for row in drawn.tolist())


def test_hard_negatives_are_drawn_in_proportion_to_their_exponentials():
    scores = torch.tensor([[0.0, 0.5, 1.0, 9.0]]).expand(20_000, 4)
    allowed = torch.tensor([[True, True, True, False]]).expand(20_000, 4)
    for hardness in (0.0, 2.0):
        drawn = draw_negatives(scores, allowed, 1, hardness, dice())
        share = torch.bincount(drawn.flatten(), minlength=4) / len(drawn)
        weights = [math.exp(hardness * s) for s in (0.0, 0.5, 1.0)]
        expected = [weight / sum(weights) for weight in weights]
        assert share[:3].tolist() == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_best_uniformity_is_that_of_random_directions(dimensions):
    points = torch.randn(2, 400_000, dimensions, generator=dice(), dtype=torch.float64)
    u, v = F.normalize(points, dim=2).unbind()
    exact = float((-2 * (u - v).square().sum(dim=1)).exp().mean().log())
    assert best_uniformity(dimensions) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("cosine", [True, False])
def test_the_slopes_are_those_of_finite_differences(cosine):
    swarm = Swarm(3, 2, 3, Rules(temperature=0.5, negatives=4, cosine=cosine), dice())
    swarm.points = swarm.points.double()
    state = swarm.generator.get_state()
    found = swarm.slopes()
    for i, j in ((0, 0), (2, 1), (5, 2)):
        values = []
        for sign in (1, -1):
            swarm.generator.set_state(state)  # the same draw of positives and negatives
            kept = swarm.points
            swarm.points = kept.clone()
            swarm.points[i, j] += sign * 1e-5
            swarm.slopes()
            values.append(swarm.loss)
            swarm.points = kept
        slope = 6 * (values[0] - values[1]) / 2e-5
        assert float(found[i, j]) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimensions", [2, 3])
def test_partners_meet_and_kinds_spread(seed, dimensions):
    swarm = Swarm(8, 3, dimensions, Rules(temperature=0.5), dice(seed))
    before = swarm.gauges()
    swarm.step(250)
    after = swarm.gauges()
    print(f"alignment {before.alignment:.2f} -> {after.alignment:.3f}, {after.uniformity:.2f}")
    assert after.alignment < 0.02 < 0.5 < before.alignment
    assert after.uniformity < best_uniformity(dimensions) + 0.03
    assert after.loss < before.loss and after.longest == pytest.approx(1.0, abs=1e-5)


def test_a_hot_loss_spreads_less_evenly_than_a_mild_one():
    found = {}
    for temperature in (0.5, 3.0):
        ends = []
        for seed in range(3):
            swarm = Swarm(12, 3, 2, Rules(temperature, negatives=33), dice(seed))
            swarm.step(250)
            ends.append(swarm.gauges().uniformity)
        found[temperature] = sum(ends) / 3
    print(found)
    assert found[3.0] > found[0.5] + 0.05


def test_without_the_sphere_points_grow():
    swarm = Swarm(6, 3, 2, Rules(temperature=1.0, cosine=False), dice())
    swarm.step(200)
    assert swarm.gauges().longest > 2
    swarm.set(cosine=True)
    assert swarm.gauges().longest == pytest.approx(1.0, abs=1e-5)


def test_pushes_are_the_slopes_of_one_query_s_loss():
    swarm = Swarm(4, 3, 2, Rules(temperature=0.3), dice())
    push = swarm.pushes(4)
    partner = swarm.partner(4)
    assert partner == 5 and swarm.partner(5) == 3
    assert push[partner] < 0 and push[4] == 0 and push[3] == 0  # itself, and its own kind
    others = [k for k in range(12) if k // 3 != 1]
    scores = contrastive.cosine_scores(swarm.points[[4]], swarm.points)[0]
    weights = {k: math.exp(float(scores[k]) / 0.3) for k in [*others, partner]}
    for k in others:
        share = weights[k] / sum(weights.values())
        assert float(push[k]) == pytest.approx(share / 0.3, rel=1e-4)
    swarm.set(same_kind=True)
    assert swarm.pushes(4)[3] > 0


def test_a_look_stays_and_looking_changes_nothing():
    one, other = Swarm(5, 2, 2, generator=dice(3)), Swarm(5, 2, 2, generator=dice(3))
    one.step(3)
    seen = one.look()
    kept = seen.points.clone()
    one.look()
    one.step(4)
    other.step(7)
    assert torch.equal(seen.points, kept) and seen.steps == 3
    assert torch.equal(one.points, other.points)


def test_a_view_of_the_sphere_keeps_lengths():
    points = F.normalize(torch.randn(30, 3, generator=dice(), dtype=torch.float64), dim=1)
    xy, near = seen_from(points, 0.7, -0.4)
    torch.testing.assert_close(xy.square().sum(1) + near**2, torch.ones(30, dtype=torch.float64))
    flat, depth = seen_from(points[:, :2])
    assert torch.equal(flat, points[:, :2]) and (depth == 0).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Swarm(1, 4), "two kinds"),
        (lambda: Swarm(4, 1), "two views"),
        (lambda: best_uniformity(4), "2 dimensions"),
        (lambda: Swarm(2, 2, generator=dice()).pushes(4), "points 0 to 3"),
        (
            lambda: draw_negatives(torch.zeros(1, 2), torch.zeros(1, 2, dtype=torch.bool), 1),
            "cannot be drawn",
        ),
        (
            lambda: draw_negatives(torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool), 1, -1.0),
            "hardness",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(as_shipped, call, words):
    with pytest.raises(ValueError, match=words):
        call()
