"""Compositing: by hand, against a loop, against closed forms, and what must be refused."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.vision3d.fields.compositing import (
    alpha_from_density,
    composite,
    composite_by_loop,
    depth_from_weights,
    opacity_from_weights,
    over_background,
    transmittance_behind,
    transmittance_from_alpha,
    weights_from_alpha,
)

DOUBLE = torch.float64


def random_alpha(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=DOUBLE)


def test_three_samples_by_hand():
    alpha = torch.tensor([0.5, 0.5, 1.0])
    assert transmittance_from_alpha(alpha).tolist() == [1.0, 0.5, 0.25]
    assert weights_from_alpha(alpha).tolist() == [0.5, 0.25, 0.25]
    assert transmittance_behind(alpha).item() == 0
    depth = depth_from_weights(weights_from_alpha(alpha), torch.tensor([1.0, 2.0, 4.0]))
    assert depth.item() == 2.0


def test_the_nearest_opaque_sample_hides_all_others():
    alpha = torch.tensor([0.0, 1.0, 0.7, 1.0])
    assert weights_from_alpha(alpha).tolist() == [0, 1, 0, 0]


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 100))
def test_the_loop_and_the_vectorised_form_agree(shares, seed):
    alpha = torch.tensor(shares, dtype=DOUBLE)
    colours, background = random_alpha(len(shares), 3, seed=seed), random_alpha(3, seed=seed + 1)
    seen, weights = composite_by_loop(alpha, colours, background)
    ours = weights_from_alpha(alpha)
    torch.testing.assert_close(ours, weights, atol=1e-14, rtol=1e-12)
    image = over_background(composite(ours, colours), opacity_from_weights(ours), background)
    torch.testing.assert_close(image, seen, atol=1e-14, rtol=1e-12)


def test_it_is_painting_from_the_back():
    """An independent order of work: from far to near, each sample painted over what is there."""
    alpha, colours, background = random_alpha(5, 9), random_alpha(5, 9, 3, seed=1), random_alpha(3)
    painted = background.expand(5, 3).clone()
    for i in reversed(range(9)):
        painted = alpha[:, i, None] * colours[:, i] + (1 - alpha[:, i, None]) * painted
    weights = weights_from_alpha(alpha)
    image = over_background(composite(weights, colours), weights.sum(-1), background)
    torch.testing.assert_close(image, painted, atol=1e-14, rtol=0)


def test_weights_and_the_background_share_the_ray():
    alpha = random_alpha(20, 30)
    total = weights_from_alpha(alpha).sum(-1) + transmittance_behind(alpha)
    torch.testing.assert_close(total, torch.ones(20, dtype=DOUBLE), atol=1e-14, rtol=0)


def test_without_samples_there_is_the_background():
    weights = weights_from_alpha(torch.zeros(3, 0))
    image = over_background(composite(weights, torch.zeros(0, 2)), weights.sum(-1), torch.ones(2))
    assert image.tolist() == [[1, 1]] * 3
    assert transmittance_behind(torch.zeros(3, 0)).tolist() == [1, 1, 1]


def test_a_white_world_stays_white():
    weights = weights_from_alpha(random_alpha(4, 6))
    white = over_background(
        composite(weights, torch.ones(6, 3, dtype=DOUBLE)), weights.sum(-1), torch.ones(3).double()
    )
    torch.testing.assert_close(white, torch.ones(4, 3, dtype=DOUBLE), atol=1e-14, rtol=0)


def test_uniform_fog_does_not_depend_on_how_it_is_cut():
    """T = exp(-density length), for one bin, equal bins and unequal ones (Beer and Lambert)."""
    for lengths in ([3.0], [1.0] * 3, [0.1, 0.9, 1.7, 0.3]):
        lengths = torch.tensor(lengths, dtype=DOUBLE)
        alpha = alpha_from_density(torch.full_like(lengths, 0.7), lengths)
        assert transmittance_behind(alpha).item() == pytest.approx(math.exp(-2.1), rel=1e-12)


def test_thin_fog_keeps_its_digits_in_single_precision():
    alpha = alpha_from_density(torch.tensor([1e-5]), torch.tensor([1e-4]))
    assert alpha.item() == pytest.approx(1e-9, rel=1e-6)


@pytest.mark.parametrize("place", [None, 0, 3])
def test_gradients_are_right_even_behind_an_opaque_sample(place):
    alpha = 0.1 + 0.8 * random_alpha(6)
    if place is not None:
        alpha[place] = 1.0
    alpha.requires_grad_()
    colours = random_alpha(6, 2, seed=3).requires_grad_()

    def image(alpha, colours):
        return composite(weights_from_alpha(alpha), colours)

    assert torch.autograd.gradcheck(image, (alpha, colours))


@pytest.mark.usefixtures("as_shipped")
@pytest.mark.parametrize(
    "bad",
    [
        lambda: alpha_from_density(torch.tensor([-1.0]), torch.tensor([1.0])),
        lambda: alpha_from_density(torch.tensor([1.0]), torch.tensor([-1.0])),
        lambda: weights_from_alpha(torch.tensor(0.5)),
        lambda: transmittance_behind(torch.tensor(0.5)),
        lambda: composite(torch.zeros(3), torch.zeros(4, 3)),
        lambda: composite(torch.zeros(3), torch.zeros(3)),
    ],
)
def test_nonsense_is_refused_in_words(bad):
    with pytest.raises(ValueError, match=" "):
        bad()
