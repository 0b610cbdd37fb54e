"""The convolutional players, the guidelines' linter, and the fractionally-strided convolution."""

import numpy as np
import pytest
import torch
from scipy.signal import convolve2d
from torch import nn
from torch.nn import functional as F

from course_utils.core import metrics
from course_utils.gan import dcgan, transposed_convolution
from course_utils.gan.dcgan import GUIDELINES, Recipe
from course_utils.gan.guidelines import lint_discriminator, lint_generator

SMALL = Recipe(size=16, latent=5, width=4)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------ players


@pytest.mark.parametrize("size", [8, 14, 16, 28, 32])
@pytest.mark.parametrize("broken", [None, *GUIDELINES])
def test_every_recipe_makes_pictures_of_its_size_and_one_logit_for_each(size, broken):
    recipe = Recipe(size=size, channels=3, latent=5, width=2)
    recipe = recipe.without(broken) if broken else recipe
    pictures = dcgan.generator_network(recipe, dice())(torch.randn(4, 5, generator=dice()))
    assert pictures.shape == (4, 3, size, size)
    logits = dcgan.discriminator_network(recipe, dice())(pictures)
    assert logits.shape == (4,) and logits.dtype == torch.float32


@pytest.mark.parametrize("size", [1, 7, 12, 20, 30])
def test_other_sizes_are_refused(size):
    with pytest.raises(ValueError, match="power of two"):
        Recipe(size=size)


def test_other_wrong_recipes_are_refused():
    with pytest.raises(ValueError, match="at least 1"):
        Recipe(width=0)
    with pytest.raises(ValueError, match="guidelines are"):
        SMALL.without("dropout")


def test_the_same_seed_draws_the_same_players():
    z = torch.randn(3, 5, generator=dice())
    first, again, other = (dcgan.generator_network(SMALL, dice(s)).eval()(z) for s in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_weights_start_as_in_the_paper_and_signals_survive_without_normalisation():
    wide = Recipe(size=16, latent=64, width=32)
    convolution = dcgan.generator_network(wide, dice()).layers[4]
    assert convolution.weight.std().item() == pytest.approx(0.02, rel=0.05)
    plain = wide.without("batch_norm")
    pictures = dcgan.generator_network(plain, dice()).layers[:-1](torch.randn(64, 64))
    assert 0.2 < pictures.std().item() < 5


def test_parameters_of_a_small_generator_are_counted_by_hand():
    # 5 x (8 maps x 16 cells), norm 2 x 8; 8 x 4 x 16, norm 2 x 4; 4 x 1 x 16 and a bias
    network = dcgan.generator_network(SMALL)
    assert metrics.count_parameters(network) == 5 * 128 + 16 + 512 + 8 + 65


# ------------------------------------------------------------------ linter


@pytest.mark.parametrize("size", [16, 28])
def test_the_linter_finds_exactly_the_broken_guideline_of_every_recipe(size):
    whole = Recipe(size=size, width=2)
    assert not lint_generator(dcgan.generator_network(whole))
    assert not lint_discriminator(dcgan.discriminator_network(whole))
    for name in GUIDELINES:
        recipe = whole.without(name)
        found = {f.guideline for f in lint_generator(dcgan.generator_network(recipe))}
        assert found == ({name} if name != "leaky" else set())
        found = {f.guideline for f in lint_discriminator(dcgan.discriminator_network(recipe))}
        assert found == ({name} if name != "relu_tanh" else set())


def good_generator():
    return [
        *(nn.ConvTranspose2d(8, 8, 4), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU()),
        *(nn.ConvTranspose2d(4, 1, 4, 2, 1), nn.Tanh()),
    ]


def good_discriminator():
    return [
        *(nn.Conv2d(1, 4, 4, 2, 1), nn.LeakyReLU(0.2)),
        *(nn.Conv2d(4, 8, 4, 2, 1), nn.BatchNorm2d(8), nn.LeakyReLU(0.2)),
        nn.Conv2d(8, 1, 4),
    ]


def changed(layers, **places):
    """Layers with some replaced: ``at_2=nn.Tanh()``; ``None`` takes one away."""
    new = {int(name.removeprefix("at_")): layer for name, layer in places.items()}
    kept = [new.get(k, layer) for k, layer in enumerate(layers)]
    return nn.Sequential(*(layer for layer in kept if layer is not None))


def test_players_of_convolutions_alone_are_clean():
    assert lint_generator(nn.Sequential(*good_generator())) == []
    assert lint_discriminator(nn.Sequential(*good_discriminator())) == []
    assert lint_discriminator(nn.Sequential(*good_discriminator(), nn.Sigmoid())) == []


@pytest.mark.parametrize(
    ("places", "guideline", "said"),
    [
        ({"at_3": nn.Upsample(scale_factor=2)}, "strided", "3: Upsample"),
        ({"at_4": None}, "batch_norm", "3: ConvTranspose2d"),
        ({"at_1": nn.InstanceNorm2d(8)}, "batch_norm", "0: ConvTranspose2d"),
        ({"at_3": nn.Linear(8, 8)}, "convolutional", "3: Linear"),
        ({"at_2": nn.LeakyReLU(0.2)}, "relu_tanh", "2: LeakyReLU"),
        ({"at_5": nn.Tanh()}, "relu_tanh", "5: Tanh"),
        ({"at_7": nn.Sigmoid()}, "relu_tanh", "7: Sigmoid"),
        ({"at_7": None}, "relu_tanh", "must go through Tanh"),
    ],
)
def test_a_fault_of_a_generator_is_named_with_its_layer(places, guideline, said):
    found = lint_generator(changed(good_generator(), **places))
    assert [f.guideline for f in found] == [guideline]
    assert said in str(found[0]) and GUIDELINES[guideline] in str(found[0])


@pytest.mark.parametrize(
    ("places", "guideline", "said"),
    [
        ({"at_0": nn.MaxPool2d(2)}, "strided", "0: MaxPool2d"),
        ({"at_3": None}, "batch_norm", "2: Conv2d"),
        ({"at_2": nn.Linear(4, 8)}, "convolutional", "2: Linear"),
        ({"at_1": nn.ReLU()}, "leaky", "1: ReLU"),
        ({"at_4": nn.LeakyReLU(0.0)}, "leaky", "4: LeakyReLU"),
        ({"at_4": nn.GELU()}, "leaky", "4: GELU"),
    ],
)
def test_a_fault_of_a_discriminator_is_named_with_its_layer(places, guideline, said):
    found = lint_discriminator(changed(good_discriminator(), **places))
    assert [f.guideline for f in found] == [guideline]
    assert said in str(found[0])


def test_all_faults_are_found_in_the_order_of_the_lecture():
    network = nn.Sequential(
        *(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(968, 64), nn.Linear(64, 1)),
    )
    names = [f.guideline for f in lint_discriminator(network)]
    assert list(dict.fromkeys(names)) == ["strided", "batch_norm", "convolutional", "leaky"]


def test_a_discriminator_that_never_halves_is_told_so():
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.LeakyReLU(), nn.Conv2d(4, 1, 26))
    assert [f.guideline for f in lint_discriminator(network)] == ["strided"]


def test_spectral_norm_and_nesting_change_nothing():
    layers = good_discriminator()
    layers[0] = nn.utils.parametrizations.spectral_norm(layers[0])
    nested = nn.Sequential(nn.Sequential(*layers[:2]), nn.Sequential(*layers[2:]))
    assert lint_discriminator(nested) == []


def test_what_is_hidden_in_forward_is_said_to_be_hidden():
    class Quiet(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.ConvTranspose2d(3, 3, 4, 2, 1), nn.ConvTranspose2d(3, 1, 4, 2, 1)
            self.norm = nn.BatchNorm2d(3)

    (finding,) = [f for f in lint_generator(Quiet()) if f.guideline == "relu_tanh"]
    assert "cannot be seen" in str(finding)


def test_what_is_no_network_is_refused(as_shipped):
    with pytest.raises(ValueError, match=r"torch\.nn\.Module"):
        lint_generator([nn.ReLU()])
    with pytest.raises(ValueError, match="neither"):
        lint_discriminator(nn.Sequential(nn.ReLU()))


# ------------------------------------------------------------------ fractional strides


@pytest.mark.parametrize(
    ("side", "stride", "padding"), [(4, 2, 1), (3, 2, 0), (5, 3, 2), (2, 1, 0)]
)
def test_stamping_gathering_torch_and_scipy_agree(side, stride, padding):
    small = torch.randn(5, 4, dtype=torch.float64, generator=dice(1))
    kernel = torch.randn(side, side, dtype=torch.float64, generator=dice(2))
    stamped = transposed_convolution.stamped(small, kernel, stride, padding)
    torchs = F.conv_transpose2d(small[None, None], kernel[None, None], None, stride, padding)[0, 0]
    assert torch.allclose(stamped, torchs, atol=1e-12)
    assert torch.allclose(
        transposed_convolution.gathered(small, kernel, stride, padding), stamped, atol=1e-12
    )
    full = convolve2d(
        transposed_convolution.with_zeros_between(small, stride).numpy(), kernel.numpy()
    )
    inner = full[padding : full.shape[0] - padding, padding : full.shape[1] - padding]
    assert np.allclose(stamped.numpy(), inner, atol=1e-12)


def test_it_is_the_transpose_of_the_strided_convolution():
    small = torch.randn(4, 4, dtype=torch.float64, generator=dice(1))
    large = torch.randn(8, 8, dtype=torch.float64, generator=dice(3))
    kernel = torch.randn(4, 4, dtype=torch.float64, generator=dice(2))
    down = F.conv2d(large[None, None], kernel[None, None], None, 2, 1)[0, 0]
    up = transposed_convolution.stamped(small, kernel, 2, 1)
    assert float((down * small).sum()) == pytest.approx(float((large * up).sum()), rel=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 6])
def test_stamps_are_even_exactly_when_the_kernel_is_a_multiple_of_the_stride(kernel, stride):
    counts = transposed_convolution.stamps_per_pixel(kernel, stride, length=20)
    assert (transposed_convolution.unevenness(counts) < 1e-6) == (kernel % stride == 0)
    assert counts.mean().item() == pytest.approx((kernel / stride) ** 2, rel=0.15)


def test_wrong_sizes_are_refused():
    one = torch.ones(3, 3)
    with pytest.raises(ValueError, match="at least 1"):
        transposed_convolution.stamped(one, one, stride=0)
    with pytest.raises(ValueError, match="leaves"):
        transposed_convolution.stamped(torch.ones(1, 1), torch.ones(2, 2), 1, 1)
    with pytest.raises(ValueError, match="give up"):
        transposed_convolution.gathered(torch.ones(9, 9), torch.ones(2, 2), 2, 2)
    with pytest.raises(ValueError, match="nothing but rim"):
        transposed_convolution.stamps_per_pixel(4, 2, length=3)
    with pytest.raises(ValueError, match="stride must"):
        transposed_convolution.with_zeros_between(one, 0)
