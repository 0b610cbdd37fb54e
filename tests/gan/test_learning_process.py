"""The 1-D picture: densities by change of variables against closed forms and histograms."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from course_utils.gan import learning_process as lp
from course_utils.gan.game import Game
from course_utils.gan.minimax import jensen_shannon
from course_utils.gan.players import Settings, latent
from course_utils.gan.toy_distributions import line_mixture, ring

EDGES = torch.linspace(-4, 4, 161)
MIDDLE = (EDGES[1:] + EDGES[:-1]) / 2


def cell_mean(cdf) -> np.ndarray:
    return np.diff(cdf(EDGES.numpy())) / np.diff(EDGES.numpy())


@pytest.mark.parametrize("noise", ["normal", "uniform"])
def test_knots_cut_the_latent_into_equal_probabilities(noise):
    knots = lp.latent_knots(50, noise).double()
    cdf = stats.norm.cdf if noise == "normal" else stats.uniform(-1, 2).cdf
    assert np.allclose(np.diff(cdf(knots)), 1 / 50, atol=3e-6)


def test_density_of_an_affine_map_is_a_gaussian():
    density = lp.density_from_map(0.7 * lp.latent_knots(4000) - 0.5, EDGES)
    assert np.allclose(density, cell_mean(stats.norm(-0.5, 0.7).cdf), atol=2e-3)


def test_density_of_a_fold_adds_both_branches():
    """|z| of a normal z is half-normal; z² of a uniform z has the density x^(-1/2) / 2."""
    folded = lp.density_from_map(lp.latent_knots(4000).abs(), EDGES)
    # the last cell also holds what lies beyond the grid
    assert np.allclose(folded[:-1], cell_mean(stats.halfnorm.cdf)[:-1], atol=3e-3)
    squared = lp.density_from_map(lp.latent_knots(4000, "uniform") ** 2, EDGES)
    expected = cell_mean(lambda x: np.sqrt(np.clip(x, 0, 1)))
    assert np.allclose(squared, expected, atol=5e-3)


def test_density_always_sums_to_1_even_for_a_constant_or_a_runaway_generator():
    for mapped in (torch.full((100,), 0.3), torch.linspace(5, 9, 100), torch.linspace(-30, 30, 50)):
        density = lp.density_from_map(mapped, EDGES)
        assert float(density.sum()) * 0.05 == pytest.approx(1, abs=1e-5)
        assert bool((density >= 0).all())


def test_density_against_a_histogram_of_an_untrained_generator():
    game = Game(line_mixture([0.0], [1.0]), Settings(noise_dim=1, width=16, seed=2))
    with torch.no_grad():
        exact = lp.density_from_map(game.generator(lp.latent_knots(4000)[:, None])[:, 0], EDGES)
        z = latent(100_000, 1, generator=torch.Generator().manual_seed(0))
        samples = game.generator(z)[:, 0].clamp(-4 + 1e-6, 4 - 1e-6)
    counts, _ = np.histogram(samples.numpy(), EDGES.numpy())
    expected = exact.numpy() * 0.05 * 100_000
    assert (np.abs(counts - expected) / np.sqrt(expected + 25)).max() < 6


def test_value_on_the_grid_against_a_large_sample():
    data = line_mixture([-1.0, 1.5], [0.4, 0.6])
    game = Game(data, Settings(noise_dim=1, width=16))
    game.step(50)
    picture = lp.learning_picture(game, extent=6.0, cells=600)
    assert picture.value == pytest.approx(game.measure(200_000).value, abs=0.01)


def test_the_picture_is_consistent_with_itself():
    game = Game(line_mixture([-1.0, 1.5], [0.4, 0.6]), Settings(noise_dim=1, width=16))
    game.step(100)
    picture = lp.learning_picture(game, arrows=9)
    dx = float(picture.x[1] - picture.x[0])
    assert float(picture.p_data.sum()) * dx == pytest.approx(1, abs=1e-3)
    assert float(picture.p_model.sum()) * dx == pytest.approx(1, abs=1e-4)
    ratio = picture.p_data / (picture.p_data + picture.p_model)
    assert torch.allclose(picture.d_star, ratio, atol=1e-6)
    assert picture.js_estimate == pytest.approx((picture.value + math.log(4)) / 2)
    assert picture.js_estimate <= picture.js + 1e-6  # a bound, with equality only at D*
    assert len(picture.z) == len(picture.landed) == 9
    assert torch.allclose(game.generator(picture.z[:, None])[:, 0], picture.landed)
    assert picture.js == pytest.approx(
        float(jensen_shannon(picture.p_data, picture.p_model, dx)), rel=1e-4
    )


def test_bad_input_is_refused_in_plain_words():
    with pytest.raises(ValueError, match="1-D"):
        lp.learning_picture(Game(ring(), Settings(width=4)))
    with pytest.raises(ValueError, match="increase"):
        lp.density_from_map(torch.zeros(5), torch.tensor([0.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match="noise one of"):
        lp.latent_knots(5, "pink")
