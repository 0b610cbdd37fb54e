"""The figures of the contrastive lesson show the numbers they were given."""

import math

import numpy as np
import pytest
import torch

from course_utils.lessons.infonce import figures
from course_utils.selfsup.hypersphere import Swarm
from course_utils.selfsup.mutual_information import Estimate
from tests.figures import drawn, words


def estimates():
    return [
        Estimate(min(truth, math.log(n)) * 0.9, 0.01, n, truth)
        for n in (4, 64)
        for truth in (0.0, 1.0, 5.0)
    ]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_swarm_is_drawn_where_it_is_and_told_by_its_gauges(dimensions):
    swarm = Swarm(4, 3, dimensions, generator=torch.Generator().manual_seed(0))
    look = swarm.look()
    fig = figures.swarms({"now": look})
    assert drawn(fig).std() > 1
    assert f"alignment {look.gauges.alignment:.2f}" in words(fig)
    places = fig.axes[0].collections[0].get_offsets()
    assert len(places) == 12
    if dimensions == 2:
        found = sorted(map(tuple, np.round(np.asarray(places), 4)))
        assert found == sorted(map(tuple, np.round(look.points.double().numpy(), 4)))
    with pytest.raises(ValueError, match="no picture"):
        figures.swarms({})


def test_colours_of_kinds_differ():
    colours = figures.kind_colours(24)
    gaps = np.abs(colours[:, None] - colours[None]).sum(-1) + 9 * np.eye(24)
    assert colours.min() >= 0 and colours.max() <= 1 and gaps.min() > 0.1


def test_the_tables_hold_scores_shares_and_slopes():
    scores = torch.tensor([[0.9, 0.1], [0.2, -0.4]])
    fig = figures.score_tables(scores, torch.tensor([0, 1]), 0.5)
    assert drawn(fig).std() > 1
    shown = [np.asarray(ax.images[0].get_array()) for ax in fig.axes[:3]]
    np.testing.assert_allclose(shown[0], scores.numpy())
    powers = np.exp(scores.numpy() / 0.5)
    share = powers / powers.sum(1, keepdims=True)
    np.testing.assert_allclose(shown[1], share, rtol=1e-5)
    np.testing.assert_allclose(shown[2], share - np.eye(2), rtol=1e-4)  # n times t is 1
    masked = figures.score_tables(scores.fill_diagonal_(-math.inf), torch.tensor([1, 0]))
    assert "–" in words(masked) and drawn(masked).std() > 1


@pytest.mark.parametrize(("temperature", "angle"), [(0.03, 5.0), (0.2, 180.0), (3.0, 355.0)])
def test_pushes_can_be_drawn_at_every_setting(temperature, angle):
    fig = figures.pushes(temperature, angle, 9)
    assert drawn(fig).std() > 1 and f"τ = {temperature:.2f}" in words(fig)


def test_shares_of_the_push_add_up():
    for line in figures.pushes(0.2).axes[1].lines:
        assert line.get_ydata().sum() == pytest.approx(100.0)


def test_bounds_are_drawn_as_they_are_with_their_ceilings():
    fig = figures.bound_against_truth(estimates())
    assert drawn(fig).std() > 1 and "log 64" in words(fig) and "the truth" in words(fig)
    line = next(line for line in fig.axes[0].lines if line.get_label() == "N = 64")
    assert list(line.get_ydata()) == pytest.approx([0.0, 0.9, 0.9 * math.log(64)])
    tight = figures.tightening(estimates())
    line = next(line for line in tight.axes[0].lines if line.get_label() == "5 nats shared")
    expected = [18 * math.log(4), 18 * math.log(64)]
    assert list(line.get_ydata()) == pytest.approx(expected) and drawn(tight).std() > 1
    for draw in (figures.bound_against_truth, figures.tightening):
        with pytest.raises(ValueError, match="no estimate"):
            draw([])


def test_learners_are_drawn_beside_what_they_aim_at():
    fig = figures.critics({"one": [0.0, 1.0, 2.0]}, truth=3.0, best=2.8, ceiling=4.0)
    assert drawn(fig).std() > 1
    one = next(line for line in fig.axes[0].lines if line.get_label() == "one")
    assert list(one.get_ydata()) == pytest.approx([0.0, 0.5, 1.0])
    heights = {line.get_ydata()[0] for line in fig.axes[0].lines if line.get_label() != "one"}
    assert heights == {3.0, 2.8, 4.0}
    with pytest.raises(ValueError, match="no run"):
        figures.critics({}, 1.0, 1.0, 1.0)
