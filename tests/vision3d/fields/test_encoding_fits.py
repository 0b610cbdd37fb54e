"""Fits with and without encoding: batched as alone, codes by hand, what octaves are good for."""

import math

import pytest
import torch

from course_utils.core.training import fit
from course_utils.vision3d.fields import encoding_fits as ef
from course_utils.vision3d.fields.encodings import positional_encoding


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def plain(networks: ef.EncodedNetworks, which: int, points: torch.Tensor) -> torch.Tensor:
    """The same network by itself: its own code, and the rows of its weights that belong to it."""
    octaves, axes = networks.frequencies[which], networks.axes
    h = positional_encoding(points, octaves)
    start = axes if octaves else 0
    for k, (weight, bias) in enumerate(zip(networks.weights, networks.biases, strict=True)):
        rows = weight[which][start : start + h.shape[-1]] if k == 0 else weight[which]
        h = (h if k == 0 else h.clamp(min=0)) @ rows + bias[which]
    return h


@pytest.mark.parametrize("axes", [1, 2])
def test_networks_in_a_batch_are_networks_alone(axes):
    networks = ef.EncodedNetworks([0, 1, 4], axes, 3, width=8, generator=dice())
    points = 2 * torch.rand(20, axes, generator=dice(1)) - 1
    together = networks(points)
    assert together.shape == (3, 20, 3)
    for which in range(3):
        torch.testing.assert_close(together[which], plain(networks, which, points))


def test_training_together_is_training_alone():
    points = 2 * torch.rand(30, 1, generator=dice(1)) - 1
    batch = (points, ef.rippled_curve(points))
    both = ef.EncodedFits(ef.EncodedNetworks([0, 3], width=8, generator=dice()))
    alone = ef.EncodedFits(ef.EncodedNetworks([3], width=8, generator=dice()))
    pairs = zip(both.networks.parameters(), alone.networks.parameters(), strict=True)
    for mine, theirs in pairs:
        theirs.data.copy_(mine.data[1:])
    for _ in range(5):
        errors, error = both.step(batch), alone.step(batch)
    assert errors["L = 3"].item() == pytest.approx(error["L = 3"].item(), rel=1e-4)
    torch.testing.assert_close(
        both.values(points)[1], alone.values(points)[0], rtol=1e-4, atol=1e-5
    )


def test_every_network_starts_with_outputs_of_the_same_size():
    points = 2 * torch.rand(500, 2, generator=dice(1)) - 1
    networks = ef.EncodedNetworks([1, 4, 8, 10], 2, generator=dice())
    spread = networks(points).detach().std((1, 2))
    assert spread.max() / spread.min() < 2.5


def test_similarity_is_the_product_of_two_codes():
    p, q = 2 * torch.rand(2, 9, 1, generator=dice(), dtype=torch.float64) - 1
    for octaves in (1, 3, 8):
        product = (positional_encoding(p, octaves) * positional_encoding(q, octaves)).sum(-1)
        similar = ef.code_similarity((p - q)[:, 0], octaves)
        torch.testing.assert_close(similar, product / octaves, atol=1e-10, rtol=0)
    assert ef.code_similarity(torch.zeros(1), 5).item() == 1


def test_octaves_follow_the_spacing_of_the_data():
    # 2^{L-1} pi x has wavelength 2 / 2^{L-1}; two data per wavelength lie 2 / 2^L apart.
    for octaves in (1, 3, 6, 10):
        assert ef.octaves_for_spacing(2 / 2**octaves) == octaves
    assert ef.octaves_for_spacing(2 / 800) == 10  # the paper's pictures, and the paper's L


def test_pixels_are_counted_row_after_row():
    points = ef.picture_points(2, 4)
    assert points.shape == (8, 2)
    torch.testing.assert_close(points[0], torch.tensor([-0.75, -0.5]))
    torch.testing.assert_close(points[5], torch.tensor([-0.25, 0.5]))
    assert ef.every_second_pixel(3, 4).nonzero()[:, 0].tolist() == [0, 2, 8, 10]


def test_the_curve_stays_on_the_page_and_grows_finer():
    x = torch.linspace(-1, 1, 2001)[:, None]
    y = ef.rippled_curve(x)[:, 0]
    assert y.abs().max() <= 1
    turns = y.diff().sign().diff().nonzero()[:, 0]
    assert (turns < 1000).sum() < (turns >= 1000).sum()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ef.EncodedNetworks([], generator=dice()), "two layers"),
        (lambda: ef.EncodedNetworks([-1], generator=dice()), "L >= 0"),
        (lambda: ef.code_similarity(torch.zeros(1), 0), "at least one frequency"),
        (lambda: ef.picture_points(0, 3), "at least one pixel"),
        (lambda: ef.octaves_for_spacing(0), "positive"),
    ],
)
def test_bad_input_is_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("seed", range(3))
def test_too_few_octaves_stay_smooth_and_too_many_miss_between_the_data(seed):
    """Fit 64 places of the curve; judge between them. Six octaves are the limit of these data."""
    x = ef.picture_points(1, 64)[:, :1]
    unseen = x[:-1] + 1 / 64
    fits = ef.EncodedFits(ef.EncodedNetworks([0, 5, 10], generator=dice(seed)), steps=400)
    for _ in fit(fits.step, iter([(x, ef.rippled_curve(x))] * 400)):
        pass
    seen = ((fits.values(x) - ef.rippled_curve(x)) ** 2).mean((1, 2))
    between = ((fits.values(unseen) - ef.rippled_curve(unseen)) ** 2).mean((1, 2))
    print(f"seed {seed}: at the data {seen.tolist()}, between them {between.tolist()}")
    assert seen[0] > 10 * seen[1]  # bare coordinates miss the ripples
    assert between[2] > 3 * between[1]  # ten octaves know the data by heart
    assert math.isfinite(float(between.sum()))
