"""The toy data: densities integrate to 1 and agree with histograms; the measures by hand."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from course_utils.gan import toy_distributions as toy

PLANAR = {
    "ring": toy.ring(),
    "grid": toy.grid(),
    "spiral": toy.spiral(),
    "drawing": toy.drawing([torch.tensor([[-1.0, 0.0], [1.0, 0.5], [1.0, -1.0]])], 0.1),
    "dot": toy.drawing([torch.tensor([[0.3, -0.4]])], 0.2),
}


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", PLANAR)
def test_density_integrates_to_1(name):
    line = torch.linspace(-3, 3, 301)
    points = torch.cartesian_prod(line, line)
    total = float(PLANAR[name].density(points).sum()) * 0.02**2
    assert total == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("name", PLANAR)
def test_samples_follow_the_density(name):
    """Counts in coarse cells against the density integrated over them, in standard errors."""
    data, count, cells = PLANAR[name], 40_000, 15
    samples = data.sample(count, seeded(0)).numpy()
    counts, *_ = np.histogram2d(*samples.T, bins=cells, range=[[-3, 3], [-3, 3]])
    fine = cells * 20
    line = (torch.arange(fine) + 0.5) / fine * 6 - 3
    density = data.density(torch.cartesian_prod(line, line)).reshape(cells, 20, cells, 20)
    expected = density.mean((1, 3)).numpy() * (6 / cells) ** 2 * count
    error = (counts - expected) / np.sqrt(expected + 5)
    assert np.abs(error).max() < 5.5
    assert counts.sum() == pytest.approx(count, rel=2e-3)


def test_stroke_density_against_numerical_integration_along_the_segment():
    strokes = toy.drawing([torch.tensor([[-1.0, 0.2], [0.6, 1.0]])], 0.15)
    a, b = np.array([-1.0, 0.2]), np.array([0.6, 1.0])
    for x in ([0.0, 0.7], [-1.1, 0.1], [0.7, 1.3], [0.4, 0.5]):

        def along(t, x=x):
            return stats.multivariate_normal.pdf(x, a + t * (b - a), 0.15**2)

        expected, _ = integrate.quad(along, 0, 1, epsabs=1e-10)
        found = float(strokes.density(torch.tensor([x]))[0])
        assert found == pytest.approx(expected, rel=1e-4)


def test_a_pen_that_rests_adds_nothing_and_a_dot_has_weight():
    path = torch.tensor([[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    rested, moving = toy.drawing([path]), toy.drawing([path[1:3]])
    assert torch.equal(rested.starts, moving.starts)
    assert torch.equal(rested.ends, moving.ends)
    both = toy.drawing([path, torch.tensor([[0.5, 2.0]])])
    share = (both.sample(20_000, seeded(0))[:, 1] > 1).float().mean()
    assert float(share) == pytest.approx(0.1 / 1.1, abs=0.01)


def test_line_mixture_against_scipy():
    data = toy.line_mixture([-1.0, 2.0], [0.5, 0.25], [3, 1])
    x = torch.linspace(-4, 4, 101)
    expected = 0.75 * stats.norm.pdf(x, -1, 0.5) + 0.25 * stats.norm.pdf(x, 2, 0.25)
    assert np.allclose(data.density(x[:, None]), expected, atol=1e-6)
    samples = data.sample(20_000, seeded(1))
    assert samples.shape == (20_000, 1)
    assert float(samples.mean()) == pytest.approx(-0.25, abs=0.05)


def test_sampling_is_decided_by_the_generator_alone():
    for data in PLANAR.values():
        torch.manual_seed(5)
        first = data.sample(10, seeded(2))
        torch.manual_seed(6)
        assert torch.equal(first, data.sample(10, seeded(2)))
        assert not torch.equal(first, data.sample(10, seeded(3)))


def test_the_named_distributions_have_the_centres_they_promise():
    assert torch.allclose(toy.ring(8, 2.0).centres.norm(dim=1), torch.full((8,), 2.0))
    lattice = {tuple(c) for c in toy.grid(3, 1.0).centres.tolist()}
    assert lattice == {(x, y) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0)}
    spiral = toy.spiral(turns=2, radius=2.4)
    assert float(spiral.ends[-1].norm()) == pytest.approx(2.4, abs=1e-5)
    angles = torch.atan2(spiral.starts[:, 1], spiral.starts[:, 0]).numpy()
    assert np.unwrap(angles)[-1] - np.unwrap(angles)[0] == pytest.approx(
        2 * 2 * math.pi * 0.87, rel=0.02
    )


# ------------------------------------------------------------------ measures


def test_modes_covered_counts_modes_that_hold_a_fifth_of_their_share():
    data = toy.ring(4, 2.0, 0.1)
    c = data.centres
    # 100 samples: 4 equal modes deserve 25 each, so 5 suffice and 4 do not
    samples = torch.cat([c[:1].repeat(51, 1), c[1:2].repeat(5, 1), c[2:3].repeat(4, 1)])
    samples = torch.cat([samples, torch.zeros(40, 2)])
    assert toy.modes_covered(samples, data) == 2
    assert toy.modes_covered(samples, data, min_share=0.16) == 3
    assert toy.share_near(samples, data) == pytest.approx(0.6)


def test_near_means_three_standard_deviations():
    data = toy.ring(8, 2.0, 0.1)
    inside, outside = data.centres[:1] + 0.29 / 2**0.5, data.centres[:1] + 0.31 / 2**0.5
    assert toy.near_radius(data) == pytest.approx(0.3)
    assert toy.share_near(inside, data) == 1.0
    assert toy.share_near(outside, data) == 0.0
    assert toy.share_near(outside, data, radius=0.32) == 1.0


@pytest.mark.parametrize("name", ["ring", "grid", "spiral", "drawing"])
def test_the_data_itself_covers_everything(name):
    """1 - exp(-9/2) = 98.9 % of a 2-D Gaussian, 99.7 % of a 1-D cross section."""
    data = PLANAR[name]
    samples = data.sample(5000, seeded(0))
    assert toy.modes_covered(samples, data) == len(data.centres)
    if isinstance(data, toy.Mixture):
        assert toy.share_near(samples, data) == pytest.approx(1 - math.exp(-4.5), abs=0.006)
    else:
        assert toy.share_near(samples, data) > 0.985


def test_distance_to_strokes_is_to_the_segment_not_to_its_ends():
    strokes = toy.drawing([torch.tensor([[-2.0, 0.0], [2.0, 0.0]])], 0.1)
    samples = torch.tensor([[0.0, 0.29], [0.0, 0.31], [2.2, 0.0], [2.4, 0.0]])
    assert toy.share_near(samples, strokes) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: toy.ring(modes=0), "modes must be positive"),
        (lambda: toy.grid(pitch=-1.0), "pitch must be positive"),
        (lambda: toy.spiral(spread=0.0), "spread must be positive"),
        (lambda: toy.drawing([]), "at least one stroke"),
        (lambda: toy.drawing([torch.zeros(0, 2)]), "at least one point"),
        (lambda: toy.drawing([torch.full((2, 2), math.nan)]), "not a finite number"),
        (lambda: toy.line_mixture([0.0], [1.0, 2.0]), "same length"),
        (lambda: toy.line_mixture([0.0], [-1.0]), "positive"),
        (lambda: toy.modes_covered(torch.zeros(0, 2), toy.ring()), "count > 0"),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()
