"""The minimax game against closed forms, float64 loops, finite differences and integrals."""

import copy
import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.spatial import distance
from torch import nn

from course_utils.gan import minimax

BAD_TYPE = (ValueError, TypeError)  # TypeError: the shape checker of the tests sees it first


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def logits(count: int, seed: int, scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(count, generator=seeded(seed), dtype=torch.float64)


def value_by_loop(real: torch.Tensor, fake: torch.Tensor) -> float:
    """Equation (1) of Goodfellow et al., one sample after the other, D formed explicitly."""
    total = 0.0
    for a in real.flatten().tolist():
        total += math.log(1 / (1 + math.exp(-a))) / real.numel()
    for a in fake.flatten().tolist():
        total += math.log(1 - 1 / (1 + math.exp(-a))) / fake.numel()
    return total


# ------------------------------------------------------------------ losses


@pytest.mark.parametrize("shapes", [((7,), (7,)), ((5,), (9,)), ((3, 2), (4, 1, 2)), ((), (1,))])
def test_value_is_the_mean_of_the_logs(shapes):
    real = torch.randn(shapes[0], generator=seeded(0), dtype=torch.float64)
    fake = torch.randn(shapes[1], generator=seeded(1), dtype=torch.float64)
    assert float(minimax.game_value(real, fake)) == pytest.approx(value_by_loop(real, fake), 1e-12)
    assert float(minimax.discriminator_loss(real, fake)) == pytest.approx(
        -value_by_loop(real, fake), 1e-12
    )


def test_value_is_a_sum_of_two_cross_entropies():
    real, fake = logits(50, 0), logits(30, 1)
    bce = nn.functional.binary_cross_entropy_with_logits
    expected = bce(real, torch.ones_like(real)) + bce(fake, torch.zeros_like(fake))
    assert torch.allclose(minimax.discriminator_loss(real, fake), expected, rtol=1e-12)


def test_an_undecided_discriminator_gives_minus_log_4():
    zeros = torch.zeros(10, dtype=torch.float64)
    assert float(minimax.game_value(zeros, zeros)) == pytest.approx(-math.log(4), 1e-14)


def test_generator_losses_are_the_logs_of_d():
    fake = logits(40, 3)
    d = 1 / (1 + np.exp(-fake.numpy()))
    saturating = minimax.generator_loss_saturating(fake)
    nonsaturating = minimax.generator_loss_nonsaturating(fake)
    assert float(saturating) == pytest.approx(np.log(1 - d).mean(), 1e-12)
    assert float(nonsaturating) == pytest.approx(-np.log(d).mean(), 1e-12)


def test_losses_stay_finite_where_d_rounds_to_0_or_1():
    sure = torch.tensor([-300.0, 300.0])
    for loss in (minimax.generator_loss_saturating, minimax.generator_loss_nonsaturating):
        assert float(loss(sure).abs()) == pytest.approx(150.0)
    assert float(minimax.game_value(sure, sure)) == pytest.approx(-300.0)


@pytest.mark.parametrize(
    ("loss", "slope"),
    [
        (minimax.generator_loss_saturating, lambda d: -d),
        (minimax.generator_loss_nonsaturating, lambda d: d - 1),
    ],
)
def test_gradients_by_autograd_agree_with_closed_forms_and_finite_differences(loss, slope):
    """d/da_i mean log(1 - D) = -D_i / n and d/da_i (-mean log D) = -(1 - D_i) / n."""
    fake = logits(12, 4).requires_grad_(True)
    (by_autograd,) = torch.autograd.grad(loss(fake), fake)
    closed = slope(torch.sigmoid(fake.detach())) / len(fake)
    assert torch.allclose(closed, by_autograd, rtol=1e-10, atol=1e-14)
    step = 1e-6
    for i in range(len(fake)):
        shift = torch.zeros_like(closed)
        shift[i] = step
        rise = loss(fake.detach() + shift) - loss(fake.detach() - shift)
        assert float(closed[i]) == pytest.approx(float(rise / (2 * step)), rel=1e-6, abs=1e-9)


def test_the_minimax_gradient_saturates_and_the_other_does_not():
    """At D(fake) = 1e-6 the slopes are -1e-6 and -(1 - 1e-6): a millionfold difference."""
    logit = torch.tensor([math.log(1e-6 / (1 - 1e-6))], dtype=torch.float64, requires_grad=True)
    (weak,) = torch.autograd.grad(minimax.generator_loss_saturating(logit), logit)
    (strong,) = torch.autograd.grad(minimax.generator_loss_nonsaturating(logit), logit)
    assert float(weak) == pytest.approx(-1e-6, 1e-6)
    assert float(strong) == pytest.approx(-(1 - 1e-6))


@pytest.mark.parametrize("shape", [(0,), (3, 0)])
def test_an_empty_batch_is_refused(shape):
    empty, some = torch.zeros(shape), torch.zeros(2)
    for call in (
        lambda: minimax.game_value(empty, some),
        lambda: minimax.game_value(some, empty),
        lambda: minimax.generator_loss_saturating(empty),
        lambda: minimax.generator_loss_nonsaturating(empty),
        lambda: minimax.jensen_shannon_estimate(some, empty),
    ):
        with pytest.raises(ValueError, match="empty"):
            call()


def test_whole_numbers_and_lists_are_refused():
    for wrong in (torch.ones(3, dtype=torch.int64), [0.1, 0.2]):
        with pytest.raises(BAD_TYPE):
            minimax.game_value(wrong, torch.zeros(3))


# ------------------------------------------------------------------ optimal D, Jensen-Shannon


def normal_pair(mean_p, sd_p, mean_q, sd_q, cells=8001, extent=20.0):
    """Two Gaussian densities on a fine float64 grid, and the grid's spacing."""
    x = torch.linspace(-extent, extent, cells, dtype=torch.float64)
    p, q = (torch.from_numpy(stats.norm.pdf(x, m, s)) for m, s in ((mean_p, sd_p), (mean_q, sd_q)))
    return p, q, float(x[1] - x[0])


def test_optimal_discriminator_is_the_maximum_over_d_of_v():
    """Pointwise, p log d + q log(1 - d) has its maximum over a fine comb of d at p/(p + q)."""
    comb = np.linspace(1e-4, 1 - 1e-4, 9999)
    for p, q in [(0.2, 0.7), (1.5, 0.1), (0.3, 0.3), (1e-3, 2.0)]:
        best = comb[np.argmax(p * np.log(comb) + q * np.log(1 - comb))]
        found = minimax.optimal_discriminator(torch.tensor([p]), torch.tensor([q]))
        assert float(found) == pytest.approx(best, abs=1.1e-4)


def test_optimal_discriminator_where_a_density_is_zero():
    p, q = torch.tensor([0.0, 1.0, 0.0]), torch.tensor([0.0, 0.0, 2.0])
    assert minimax.optimal_discriminator(p, q).tolist() == [0.5, 1.0, 0.0]
    p.requires_grad_(True)
    minimax.optimal_discriminator(p, q).sum().backward()
    assert p.grad.isfinite().all()


@pytest.mark.parametrize("pair", [(0, 1, 0, 1), (0, 1, 1, 2), (-2, 0.5, 3, 1), (-8, 0.3, 8, 0.3)])
def test_jensen_shannon_against_scipy(pair):
    p, q, dx = normal_pair(*pair)
    ours = float(minimax.jensen_shannon(p, q, dx))

    def integrand(x):
        a, b = stats.norm.pdf(x, pair[0], pair[1]), stats.norm.pdf(x, pair[2], pair[3])
        terms = [v * math.log(2 * v / (a + b)) for v in (a, b) if v > 0]
        return 0.5 * sum(terms)

    adaptive, _ = integrate.quad(integrand, -20, 20, points=[pair[0], pair[2]], limit=500)
    assert ours == pytest.approx(adaptive, abs=1e-8)
    if min(pair[1], pair[3]) > 0.4:  # scipy itself overflows where a density is denormal
        # it takes the square root of the divergence, of normalised vectors
        assert ours == pytest.approx(distance.jensenshannon(p, q) ** 2, abs=1e-8)


def test_jensen_shannon_is_symmetric_and_between_0_and_log_2():
    p, q, dx = normal_pair(0, 1, 1.5, 0.7)
    assert torch.allclose(minimax.jensen_shannon(p, q, dx), minimax.jensen_shannon(q, p, dx))
    assert float(minimax.jensen_shannon(p, p, dx)) == pytest.approx(0, abs=1e-12)
    far, away, dx = normal_pair(-10, 0.2, 10, 0.2)
    assert float(minimax.jensen_shannon(far, away, dx)) == pytest.approx(math.log(2), 1e-9)


def test_jensen_shannon_in_two_dimensions_takes_the_area_of_a_cell():
    p, q, dx = normal_pair(0, 1, 1, 2, cells=401)
    other = torch.from_numpy(stats.norm.pdf(np.linspace(-20, 20, 401), 0, 1))
    plane_p, plane_q = p[:, None] * other, q[:, None] * other
    # A coordinate with equal marginals adds nothing to the divergence.
    flat = float(minimax.jensen_shannon(p, q, dx))
    assert float(minimax.jensen_shannon(plane_p, plane_q, dx * dx)) == pytest.approx(flat, 1e-6)


def test_jensen_shannon_survives_denormal_densities_in_float32():
    x = torch.linspace(-20, 20, 4001)
    p, q = (torch.from_numpy(stats.norm.pdf(x, m, 0.4)).float() for m in (-6.0, 6.0))
    p[10], q[10] = 1e-45, 50.0 * q.max()
    q = q / (q.sum() * 0.01)
    result = minimax.jensen_shannon(p, q, 0.01)
    assert float(result) == pytest.approx(math.log(2), abs=1e-4)


def test_the_value_at_the_optimal_discriminator_is_minus_log_4_plus_2_js():
    """Equation (6), the left side integrated directly from D*."""
    p, q, dx = normal_pair(-1, 0.8, 1, 1.3)
    d = minimax.optimal_discriminator(p, q).clamp(1e-300, 1 - 1e-16)
    direct = dx * float((p * d.log() + q * (1 - d).log()).sum())
    js = float(minimax.jensen_shannon(p, q, dx))
    assert 2 * js - minimax.LOG_4 == pytest.approx(direct, abs=1e-9)


def test_any_other_discriminator_gives_less_value_and_a_smaller_estimate():
    p, q, dx = normal_pair(-1, 0.8, 1, 1.3)
    best = (p / (p + q)).logit(eps=1e-12)
    js = float(minimax.jensen_shannon(p, q, dx))
    for seed in range(5):
        wobble = torch.randn(len(p), generator=seeded(seed), dtype=torch.float64)
        a = best + 0.3 * wobble
        value = dx * float((p * torch.sigmoid(a).log() + q * torch.sigmoid(-a).log()).sum())
        assert 0.5 * (value + math.log(4)) < js


def test_the_estimate_from_samples_approaches_js_with_the_optimal_logit():
    """log p - log q of two Gaussians of equal spread is linear in x: D* in closed form."""
    js = float(minimax.jensen_shannon(*normal_pair(-1, 1, 1, 1)))
    errors = []
    for seed in range(3):
        z = torch.randn(200_000, generator=seeded(seed), dtype=torch.float64)
        a_real, a_fake = 2 * (z + 1), 2 * (z.flip(0) - 1)  # a(x) = 2 x: p around +1
        errors.append(float(minimax.jensen_shannon_estimate(a_real, a_fake)) - js)
    print(f"JS {js:.4f}, errors of the estimate {[f'{e:+.4f}' for e in errors]}")
    assert max(map(abs, errors)) < 5e-3


def test_densities_that_make_no_sense_are_refused():
    p, q, dx = normal_pair(0, 1, 1, 1, cells=401)
    cases = [
        (lambda: minimax.optimal_discriminator(p, -q), "negative"),
        (lambda: minimax.optimal_discriminator(p * math.nan, q), "NaN"),
        (lambda: minimax.jensen_shannon(p, q, 0.0), "positive"),
        (lambda: minimax.jensen_shannon(p, q, 10 * dx), "integrates to"),
        (lambda: minimax.jensen_shannon(p[200:], q[200:], dx), "integrates to"),
    ]
    for call, words in cases:
        with pytest.raises(ValueError, match=words):
            call()
    with pytest.raises(BAD_TYPE):
        minimax.optimal_discriminator(p, q[1:])


# ------------------------------------------------------------------ freezing and alternating


class Normalised(nn.Module):
    """A player with batch normalisation: parameters, running statistics and a counter."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(inputs, 8), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, outputs)
        )

    def forward(self, x):
        return self.layers(x)


def players(seed: int = 0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Normalised(3, 2).double(), Normalised(2, 1).double()


def state_of(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(before: dict[str, torch.Tensor], module: nn.Module) -> bool:
    now = module.state_dict()
    return all(torch.equal(tensor, now[name]) for name, tensor in before.items())


def batch(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def test_the_discriminators_move_leaves_the_generator_as_it_was():
    g, d = players()
    before_g, before_d = state_of(g), state_of(d)
    optimiser = torch.optim.SGD(d.parameters(), 0.1)
    minimax.discriminator_step(g, d, optimiser, batch(0, 16, 2), batch(1, 16, 3))
    assert same(before_g, g)
    assert all(p.grad is None and p.requires_grad for p in g.parameters())
    assert not same(before_d, d)
    assert int(d.layers[1].num_batches_tracked) == 2  # real and fake, apart


def test_the_generators_move_leaves_the_discriminator_as_it_was():
    g, d = players()
    before_g, before_d = state_of(g), state_of(d)
    optimiser = torch.optim.SGD(g.parameters(), 0.1)
    minimax.generator_step(g, d, optimiser, batch(1, 16, 3))
    assert same(before_d, d)
    assert all(p.grad is None and p.requires_grad for p in d.parameters())
    assert not same(before_g, g)


def test_gradients_that_lay_on_the_frozen_player_stay_untouched():
    g, d = players()
    for p in d.parameters():
        p.grad = torch.full_like(p, 7.0)
    minimax.generator_step(g, d, torch.optim.SGD(g.parameters(), 0.1), batch(1, 16, 3))
    assert all(bool((p.grad == 7.0).all()) for p in d.parameters())


@pytest.mark.parametrize("saturating", [True, False])
def test_one_round_of_plain_descent_against_gradients_by_finite_differences(saturating):
    """Both updates, checked number by number: D against the old G, then G against the new D."""
    g, d = players()
    g, d = g.eval(), d.eval()  # fixed statistics, so that the loss is a plain function
    real, noise_d, noise_g = batch(0, 6, 2), batch(1, 6, 3), batch(2, 5, 3)
    rate = 0.05
    expected_d = copy.deepcopy(d)
    move_by_differences(
        d, expected_d, rate, lambda: -value_by_loop(d(real).detach(), d(g(noise_d)).detach())
    )
    expected_g = copy.deepcopy(g)

    def g_loss() -> float:
        score = torch.sigmoid(expected_d(g(noise_g))).detach()
        return float((1 - score).log().mean() if saturating else -score.log().mean())

    move_by_differences(g, expected_g, rate, g_loss)
    loss = minimax.generator_loss_saturating if saturating else minimax.generator_loss_nonsaturating
    optimisers = [torch.optim.SGD(player.parameters(), rate) for player in (g, d)]
    minimax.alternating_step(g, d, *optimisers, real, noise_d, noise_g, loss)
    for ours, expected in ((g, expected_g), (d, expected_d)):
        for p, q in zip(ours.parameters(), expected.parameters(), strict=True):
            assert torch.allclose(p, q, rtol=0, atol=1e-9)


def move_by_differences(player, target, rate, loss, step=1e-6):
    """Put player - rate * slope into `target`, every slope a central difference of `loss`."""
    with torch.no_grad():
        for p, q in zip(player.parameters(), target.parameters(), strict=True):
            flat = p.view(-1)
            for i in range(flat.numel()):
                kept = flat[i].item()
                flat[i] = kept + step
                above = loss()
                flat[i] = kept - step
                below = loss()
                flat[i] = kept
                q.view(-1)[i] = kept - rate * (above - below) / (2 * step)


def test_a_round_returns_both_losses_from_just_before_each_move():
    g, d = players()
    g, d = g.eval(), d.eval()
    real, noise_d, noise_g = batch(0, 6, 2), batch(1, 6, 3), batch(2, 5, 3)
    d_before = -value_by_loop(d(real).detach(), d(g(noise_d)).detach())
    old_g = copy.deepcopy(g)
    optimisers = [torch.optim.SGD(player.parameters(), 0.1) for player in (g, d)]
    losses = minimax.alternating_step(g, d, *optimisers, real, noise_d, noise_g)
    g_before = -float(torch.sigmoid(d(old_g(noise_g))).log().mean().detach())
    assert float(losses["discriminator_loss"]) == pytest.approx(d_before, 1e-10)
    assert float(losses["generator_loss"]) == pytest.approx(g_before, 1e-10)
    assert not any(loss.requires_grad for loss in losses.values())


def test_a_frozen_player_computes_the_same_and_passes_gradients_to_its_input():
    g, _ = players()
    z = batch(3, 8, 3).requires_grad_(True)
    before = state_of(g)
    out = minimax.frozen(g)(z)
    assert same(before, g)
    assert torch.equal(out, g(z))  # only now do the running statistics move
    (slope,) = torch.autograd.grad(out.sum(), z)
    assert bool((slope != 0).any())


def test_only_modules_can_play():
    with pytest.raises(BAD_TYPE, match=r"Module|frozen"):
        minimax.frozen(lambda z: z)
