"""The laboratory of encodings without a browser: the curve bends, the network follows."""

import pytest
import torch

from course_utils.lessons.nerf.instrument import PLACES, CurveRun, EncodingLab

PLACE = torch.linspace(-1, 1, PLACES)


def test_a_run_reads_its_curve_and_learns_it():
    run = CurveRun(PLACE, PLACE[:, None] ** 2, octaves=2, data=16)
    x = torch.tensor([[-1.0], [0.0], [0.3], [1.0]])
    torch.testing.assert_close(run.at(x), x**2, atol=1e-4, rtol=0)
    before = run.errors()
    run.step(60)
    after = run.errors()
    assert after["at the data"] < 0.5 * before["at the data"]
    assert run.fitted().shape == (PLACES,)
    run.set(data=8)
    assert run.x[:, 0].tolist() == pytest.approx([-0.875 + 0.25 * k for k in range(8)])


def test_errors_are_those_at_the_data_and_between_them():
    run = CurveRun(PLACE, torch.zeros(PLACES, 1), octaves=1, data=8)
    said = run.fits.values(run.x)[0, :, 0]
    between = run.fits.values((run.x[1:] + run.x[:-1]) / 2)[0, :, 0]
    errors = run.errors()
    assert errors["at the data"] == pytest.approx(float((said**2).mean() ** 0.5))
    assert errors["between them"] == pytest.approx(float((between**2).mean() ** 0.5))


def test_the_hand_bends_the_curve_between_two_moves_and_no_farther():
    lab = EncodingLab()
    before = lab.curve.clone()
    lab.bend("down", 0.5, 1.0)
    assert torch.equal(lab.curve, before)
    lab.bend("move", 0.1, 0.2)  # to the left: the line between the two places
    moved = (lab.places >= 0.1) & (lab.places <= 0.5)
    expected = 0.2 + (lab.places[moved] - 0.1) * 2
    torch.testing.assert_close(lab.curve[moved, 0], expected, atol=1e-5, rtol=0)
    assert torch.equal(lab.curve[~moved], before[~moved])
    lab.bend("move", 0.1, 9.0)  # never off the page
    assert lab.curve.max() <= 1.2


def test_other_octaves_start_anew_other_data_go_on_and_a_bent_curve_stays():
    lab = EncodingLab(octaves=3)
    lab.bend("down", -0.5, 0.9)
    lab.bend("move", 0.5, 0.9)
    lab.trainer.step(20)
    assert lab.trainer.state.steps == 20
    lab.trainer.set(data=16)
    assert lab.trainer.state.steps == 20 and len(lab.trainer.state.x) == 16
    lab.trainer.set(octaves=7)
    assert lab.trainer.state.steps == 0
    assert lab.trainer.state.fits.networks.frequencies == (7,)
    assert lab.trainer.state.at(torch.zeros(1, 1)).item() == pytest.approx(0.9)


def test_the_stage_tells_octaves_and_limit():
    lab = EncodingLab(octaves=0, data=64)
    lab.draw(lab.trainer.state)
    said = lab.stage._layers["limit"].settings["text"]
    assert said == ["no octaves; the data carry at most 6"]
