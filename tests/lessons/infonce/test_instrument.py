"""The sphere laboratory where nothing is displayed: its points, its rules, its mouse."""

import numpy as np
import pytest
import torch

from course_utils.lessons.infonce.instrument import SphereLab


def layer(lab, name):
    return lab.stage._layers[name].arrays


@pytest.fixture
def lab():
    return SphereLab()


def test_steps_move_the_points_and_the_gauges_run_along(lab):
    before = lab.swarm.points.clone()
    lab.trainer.step(5)
    assert lab.swarm.steps == 5 and not torch.equal(before, lab.swarm.points)
    assert len(lab.alignment.history()) == 2 and len(lab.uniformity.history()) == 2
    assert np.allclose(np.linalg.norm(layer(lab, "points")["xy"], axis=1), 1, atol=1e-4)


def test_looking_throws_no_dice():
    one, other = SphereLab(), SphereLab()
    for _ in range(4):
        one.trainer.step(1)  # four frames
    other.trainer.step(4)  # one frame
    assert torch.equal(one.swarm.points, other.swarm.points)


def test_rules_change_while_it_goes_on_and_others_start_it_anew(lab):
    lab.trainer.step(3)
    lab.trainer.set(temperature=0.05)
    lab.trainer.set(hard_negatives=7.0)
    lab.trainer.set(same_kind_as_negatives=True)
    assert lab.swarm.steps == 3
    assert lab.swarm.rules.temperature == 0.05 and lab.swarm.rules.hardness == 7.0
    assert lab.swarm.rules.same_kind
    lab.trainer.set(space="sphere")
    assert lab.swarm.steps == 0 and lab.swarm.points.shape == (32, 3)
    lab.trainer.set(kinds=3)
    assert lab.swarm.points.shape == (12, 3) and lab.swarm.rules.same_kind


def test_a_click_shows_whom_a_point_pushes_and_another_click_hides_it(lab):
    x, y = layer(lab, "points")["xy"][5].tolist()
    lab._pointer("down", x, y)
    lab._pointer("up", x, y)
    assert lab.query is not None and len(layer(lab, "links")["xy"]) >= 4
    colours = layer(lab, "links")["colours"].astype(int)
    assert (colours[:, 1] > colours[:, 0] + 50).sum() == 1  # one green line: the positive
    lab._pointer("down", 0.0, 0.0)
    assert lab.query is None and len(layer(lab, "links")["xy"]) == 0


def test_dragging_beside_the_points_turns_the_sphere():
    lab = SphereLab("sphere")
    before, points = layer(lab, "points")["xy"].copy(), lab.swarm.points.clone()
    lab._pointer("down", 1.3, 1.3)
    lab._pointer("move", 1.0, 1.1)
    lab._pointer("up", 1.0, 1.1)
    assert np.abs(layer(lab, "points")["xy"] - before).max() > 0.05
    assert torch.equal(points, lab.swarm.points)


def test_points_that_fly_off_stay_in_sight(lab):
    lab.trainer.set(cosine=False)
    lab.trainer.set(temperature=1.0)
    lab.trainer.step(150)
    assert lab.swarm.gauges().longest > 1.5
    assert np.abs(layer(lab, "points")["xy"]).max() < 1.3
    circle = layer(lab, "outline")["xy"]
    assert np.linalg.norm(circle, axis=1).max() < 0.8  # the circle shrinks instead


def test_forces_can_be_hidden(lab):
    assert len(layer(lab, "arrows")["xy"]) == 32
    lab.trainer.set(forces=False)
    lab.trainer.step(1)
    assert len(layer(lab, "arrows")["xy"]) == 0


def test_another_space_is_refused():
    with pytest.raises(ValueError, match="space must be one of circle, sphere"):
        SphereLab("torus")
