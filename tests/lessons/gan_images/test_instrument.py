"""The picture laboratory without a browser: it trains, shows, scores, and takes its settings."""

import numpy as np
import pytest
import torch

from course_utils.gan.dcgan import GUIDELINES, Recipe
from course_utils.gan.image_game import Rates
from course_utils.lessons.gan_images.instrument import PictureLab


def brightness(pictures):
    """A score that can be checked."""
    return {"bright": float((pictures.mean() + 1) / 2)}


@pytest.fixture
def lab():
    dice = torch.Generator().manual_seed(0)
    sets = {name: torch.rand(32, 1, 8, 8, generator=dice) * 2 - 1 for name in ("one", "two")}
    return PictureLab(sets, brightness, Recipe(size=8, latent=3, width=2), Rates(batch=8))


def test_it_starts_with_a_sheet_and_a_score_and_no_losses(lab):
    assert lab.trainer.widget is None  # no kernel here
    assert lab.canvas.picture.shape[2] == 3 and lab.canvas.picture.std() > 0
    assert lab.losses.history().shape == (0, 3)
    assert 0 < lab.scores.history()[0, 1] < 1


def test_a_button_plays_its_rounds_and_the_sheet_follows(lab):
    before = lab.canvas.picture.copy()
    lab.trainer.step(1, 25)
    assert lab.game.rounds == 25
    assert (np.abs(lab.canvas.picture.astype(int) - before)).max() > 0
    assert lab.losses.history()[0, 0] == 25


def test_rates_are_taken_in_mid_game_and_switches_start_anew(lab):
    lab.trainer.step(2, 1)
    game = lab.game
    lab.trainer.set(G_learning_rate=1e-2, D_moves_per_round=3)
    assert lab.game is game and game.rates.g_rate == 1e-2 and game.rates.d_steps == 3
    for name in GUIDELINES:
        lab.trainer.set(**{name: False})
        assert lab.game.rounds == 0 and not getattr(lab.game.recipe, name)
    lab.trainer.set(data="two")
    assert lab.trainer.settings["data"] == "two"
    lab.trainer.step(1, 1)
    assert np.isfinite(lab.losses.history()).all()


def test_the_slow_copy_and_the_generator_itself_are_told_apart(lab):
    lab.trainer.step(20, 1)
    slow = lab.sheet()
    lab.trainer.set(shown="G itself")
    assert (lab.sheet() != slow).any()


def test_it_needs_pictures():
    with pytest.raises(ValueError, match="at least one set"):
        PictureLab({}, brightness, Recipe(size=8))
