"""The laboratory of a fit without a browser: its buttons do what they say."""

import pytest
import torch

from course_utils.data import posed_scenes, toy
from course_utils.lessons.splatting.fit_instrument import FAINT, SplatFitLab, SplatRun


@pytest.fixture(scope="module")
def scene():
    dice = torch.Generator().manual_seed(0)
    world = toy.sample_scenes(1, generator=dice, kinds=("duck",), gloss=0)
    views = posed_scenes.posed_views(
        world, posed_scenes.sphere_cameras(world, 6, 24, generator=dice)
    )
    centre, radius = (x[0] for x in toy.scene_ball(world))
    return views, centre, float(radius)


def test_every_button_does_what_it_says(scene):
    views, centre, radius = scene
    run = SplatRun(views, centre, radius, 100)
    run.step(1, "grow")  # nothing has pulled yet
    assert len(run.fitting.gaussians) == 100
    run.step(20, "fit")
    assert run.fitting.steps == 20
    run.step(1, "grow")
    assert 120 < len(run.fitting.gaussians) <= 130
    faint = int((run.fitting.gaussians.opacities <= FAINT).sum())
    before = len(run.fitting.gaussians)
    run.step(1, "prune")
    assert len(run.fitting.gaussians) == before - faint
    run.step(1, "fade")
    assert run.fitting.gaussians.opacities.max() <= FAINT + 1e-6
    with pytest.raises(ValueError, match="there is no 'jump'"):
        run.step(1, "jump")


def test_the_curve_rises_and_starts_anew_with_another_number(scene):
    views, centre, radius = scene
    lab = SplatFitLab(views[:5], views[5:], centre, radius)
    lab.draw(lab.trainer.state)
    lab.trainer.step(60, "fit")
    lab.draw(lab.trainer.state)
    assert lab.canvas.picture.shape == (24, 48, 3)
    assert lab.trainer.state.fitting.steps == 60
    assert lab.count.history()[-1].tolist() == [60, 500]
    lab.trainer.set(gaussians=50)
    assert len(lab.trainer.state.fitting.gaussians) == 50
