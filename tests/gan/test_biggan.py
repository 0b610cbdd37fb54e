"""BigGAN's parts against loops, closed forms and singular values."""

import copy
import math

import pytest
import torch
from torch import nn

from course_utils.gan import biggan
from course_utils.gan.class_game import ClassGame, start_orthogonal
from course_utils.gan.dcgan import Recipe
from course_utils.gan.image_game import Rates, cooling

TINY = Recipe(size=8, latent=3, width=2)


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def test_class_normalisation_is_its_formula():
    norm = biggan.ClassNorm(2, 3)
    maps, condition = (
        torch.randn(5, 2, 4, 4, generator=dice()),
        torch.randn(5, 3, generator=dice(1)),
    )
    found = norm(maps, condition)
    for n in range(5):
        for m in range(2):
            channel = maps[:, m]
            standard = (maps[n, m] - channel.mean()) / (channel.var(correction=0) + 1e-5).sqrt()
            gain = 1 + norm.gain.weight[m] @ condition[n]
            shift = norm.shift.weight[m] @ condition[n]
            assert torch.allclose(found[n, m], gain * standard + shift, atol=1e-5)


def test_the_generator_draws_what_the_class_says():
    network = biggan.ClassGenerator(TINY, classes=4)
    start_orthogonal(network, dice())
    noise = torch.randn(1, 3, generator=dice())
    codes = torch.cat([noise.expand(4, 3), torch.eye(4)], 1)
    pictures = network.eval()(codes)
    assert pictures.shape == (4, 1, 8, 8) and pictures.abs().max() <= 1
    assert (pictures[0] - pictures[1]).abs().max() > 1e-3


def test_the_projection_adds_the_class_by_a_product():
    network = biggan.ProjectionDiscriminator(TINY, classes=4).eval()
    pictures = torch.randn(3, 1, 8, 8, generator=dice()).clamp(-1, 1)
    features = network.body(pictures).sum((2, 3)).detach()
    network.requires_grad_(False)
    classes = torch.eye(4)[[2, 0, 2]]
    by_hand = [
        float(network.real.weight[0] @ h + network.real.bias[0] + network.embed.weight[:, c] @ h)
        for h, c in zip(features, (2, 0, 2), strict=True)
    ]
    assert network(pictures, classes).tolist() == pytest.approx(by_hand, rel=0.02, abs=0.02)


def test_every_layer_of_the_discriminator_has_spectral_norm_one():
    network = biggan.ProjectionDiscriminator(Recipe(size=16, width=4))
    with torch.no_grad():
        for layer in network.modules():
            if hasattr(layer, "parametrizations"):
                layer.parametrizations.weight.original.mul_(7)
        for _ in range(30):  # each call in training mode is one step of power iteration
            network(torch.zeros(2, 1, 16, 16), torch.eye(10)[:2])
    sizes = [
        torch.linalg.svdvals(layer.weight.detach().flatten(1))[0].item()
        for layer in network.modules()
        if hasattr(layer, "parametrizations")
    ]
    assert len(sizes) == 5 and sizes == pytest.approx([1.0] * 5, abs=0.05)


def test_hinge_losses_of_numbers_done_by_hand():
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0, 1.0])
    assert biggan.hinge_discriminator_loss(real, fake).item() == pytest.approx(0.25 + 1.0)
    assert biggan.hinge_generator_loss(fake).item() == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="empty"):
        biggan.hinge_discriminator_loss(real, fake[:0])
    with pytest.raises(ValueError, match="empty"):
        biggan.hinge_generator_loss(fake[:0])


def test_beyond_the_margin_there_is_no_slope():
    real = torch.tensor([1.5, 0.0], requires_grad=True)
    fake = torch.tensor([-1.5, 0.0], requires_grad=True)
    biggan.hinge_discriminator_loss(real, fake).backward()
    assert real.grad.tolist() == [0.0, -0.5] and fake.grad.tolist() == [0.0, 0.5]


@pytest.mark.parametrize("shape", [(3, 7), (7, 3)])
def test_the_orthogonal_penalty_is_the_papers_double_loop(shape):
    layer = nn.Linear(shape[1], shape[0]).double()
    wanted = 0.0
    for i in range(shape[0]):
        for j in range(shape[0]):
            if i != j:
                wanted += float(layer.weight[i] @ layer.weight[j]) ** 2
    assert biggan.orthogonal_penalty(layer).item() == pytest.approx(wanted, rel=1e-9)


def test_the_orthogonal_penalty_vanishes_for_orthogonal_filters_of_any_length():
    layer = nn.ConvTranspose2d(8, 4, 2).double()
    with torch.no_grad():
        start_orthogonal(layer, dice())
        weight = torch.linalg.qr(torch.randn(32, 4, generator=dice(), dtype=torch.float64)).Q.T
        scaled = weight * torch.tensor([[1.0], [2], [3], [4]], dtype=torch.float64)
        layer.weight.copy_(scaled.reshape(4, 8, 2, 2).transpose(0, 1))
    assert abs(biggan.orthogonal_penalty(layer).item()) < 1e-9
    with pytest.raises(ValueError, match="no weight"):
        biggan.orthogonal_penalty(nn.ReLU())


@pytest.mark.parametrize("threshold", [0.3, 1.0, 2.0])
def test_truncated_noise_has_the_moments_of_a_truncated_normal(threshold):
    noise = biggan.truncated_noise(20_000, 4, threshold, dice())
    assert noise.abs().max() <= threshold
    mass = math.erf(threshold / math.sqrt(2))
    density = math.exp(-(threshold**2) / 2) / math.sqrt(2 * math.pi)
    variance = 1 - 2 * threshold * density / mass
    assert noise.var().item() == pytest.approx(variance, rel=0.02)
    assert abs(noise.mean().item()) < 0.01


def test_truncation_moves_one_draw_smoothly_and_infinity_is_the_normal():
    near, far = (biggan.truncated_noise(500, 4, t, dice()) for t in (1.0, 1.01))
    assert (near - far).abs().max() < 0.03
    free = biggan.truncated_noise(20_000, 4, math.inf, dice())
    assert free.std().item() == pytest.approx(1, rel=0.02) and free.abs().max() > 3
    for wrong in ((0, 1, 1.0), (1, 0, 1.0), (1, 1, 0.0)):
        with pytest.raises(ValueError, match="at least 1"):
            biggan.truncated_noise(*wrong)


def test_class_weights_and_mixtures():
    assert biggan.class_weights(torch.tensor([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert biggan.between_classes(1, 2, 0.25, 3).tolist() == [0, 0.75, 0.25]
    assert biggan.between_classes(1, 1, 0.25, 3).tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match="labels"):
        biggan.class_weights(torch.tensor([3]), 3)
    with pytest.raises(ValueError, match="share"):
        biggan.between_classes(0, 1, 1.5, 3)


def a_game(seed=0, **options):
    pictures = torch.rand(40, 1, 8, 8, generator=dice()) * 2 - 1
    labels = torch.arange(40) % 4
    return ClassGame(pictures, labels, TINY, Rates(batch=8, beta1=0.0), seed=seed, **options)


def test_a_game_repeats_by_its_seed_whatever_the_global_one_says():
    told = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(told))
        told.append(a_game(seed).step(3))
    assert told[0] == told[1] != told[2]


def test_a_move_of_the_generator_leaves_no_gradient_on_the_discriminator():
    game = a_game()
    game.step(1)
    held = {n: p.clone() for n, p in game.discriminator.named_parameters()}
    game._move_g()
    for name, parameter in game.discriminator.named_parameters():
        assert torch.equal(parameter, held[name]) and parameter.requires_grad
    game._d_optimiser.zero_grad(set_to_none=True)
    game._move_g()
    assert all(p.grad is None for p in game.discriminator.parameters())


def test_samples_follow_labels_and_threshold():
    game = a_game()
    game.step(2)
    pictures = game.samples(torch.tensor([0, 3, 1]), 0.5)
    assert pictures.shape == (3, 1, 8, 8) and pictures.abs().max() <= 1
    weights = torch.stack([biggan.between_classes(0, 1, t, 4) for t in (0.0, 0.5, 1.0)])
    assert game.pictures(torch.zeros(3, 3), weights).shape == (3, 1, 8, 8)


def test_rates_of_a_game_cool_from_the_middle_to_a_tenth():
    game = a_game()
    first = game.rates
    found = []
    for progress in (0, 0.25, 0.5, 0.75, 1):
        game.cool(progress)
        (group,) = game._d_optimiser.param_groups
        assert group["lr"] == game.rates.d_rate
        found.append((game.rates.g_rate / first.g_rate, game.rates.d_rate / first.d_rate))
    wanted = [1, 1, 1, 0.55, 0.1]  # a line from 1 at a half to 0.1 at the end
    for shares, share in zip(found, wanted, strict=True):
        assert shares == pytest.approx((share, share))


@pytest.mark.parametrize("wrong", [(1.1, 0.5, 0.1), (0, 1, 0.1), (0, 0.5, 2)])
def test_shares_out_of_range_are_refused(wrong, as_shipped):
    with pytest.raises(ValueError, match="shares"):
        cooling(*wrong)


class ClassTimesMean(nn.Module):
    """A discriminator with small logits, a(x, y) = v_y mean(x): no hinge lets go of any."""

    def __init__(self):
        super().__init__()
        self.v = nn.Parameter(torch.tensor([0.1, -0.2, 0.3, 0.4]))

    def forward(self, pictures, weights):
        return (weights @ self.v) * pictures.mean((1, 2, 3))


def test_the_move_of_d_is_for_the_real_ones_and_against_the_made_ones_of_the_same_classes():
    game = a_game()
    with torch.no_grad():  # an untrained G makes nearly the same picture of everything
        for parameter in game.generator.parameters():
            parameter.mul_(4)
    game.discriminator, stream = ClassTimesMean(), torch.Generator()
    real = torch.rand(8, 1, 8, 8, generator=dice(5))
    labels = torch.tensor([0, 0, 1, 3, 2, 1, 1, 3])
    weights = biggan.class_weights(labels, 4)
    stream.set_state(game._stream.get_state())
    noise = torch.randn(8, TINY.latent, generator=stream)
    fake = copy.deepcopy(game.generator)(torch.cat([noise, weights], 1))
    v = game.discriminator.v.detach()[labels]

    def gain(x, v):
        return float((v * x.mean((1, 2, 3))).mean())

    wanted = 2 - gain(real, v) + gain(fake, v)
    for wrong in (2 + gain(real, v) - gain(fake, v), 2 - gain(real, v) + gain(fake, v.flip(0))):
        assert abs(wanted - wrong) > 2e-4  # the wrong side, or others' classes, would be seen
    assert float(game._move_d(real, weights)) == pytest.approx(wanted, rel=1e-5)
