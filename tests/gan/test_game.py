"""The state of a game: who moves, what can change in mid-game, and that looking changes nothing."""

import math

import pytest
import torch

from course_utils.gan import game_view, minimax, toy_distributions
from course_utils.gan.game import Game
from course_utils.gan.players import (
    LOSSES,
    Settings,
    discriminator_network,
    generator_network,
    latent,
)

SMALL = Settings(width=8, batch=16)


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten().clone() for p in module.parameters()])


def game(**settings) -> Game:
    return Game(toy_distributions.ring(), Settings(**{"width": 8, "batch": 16, **settings}))


@pytest.mark.parametrize(
    ("which", "d_moved", "g_moved"), [("D", 1, 0), ("G", 0, 1), ("both", 1, 1)]
)
def test_only_the_named_player_moves(which, d_moved, g_moved):
    g = game()
    before_d, before_g = weights(g.discriminator), weights(g.generator)
    g.step(3, which)
    assert (g.d_moves, g.g_moves) == (3 * d_moved, 3 * g_moved)
    assert torch.equal(before_d, weights(g.discriminator)) == (not d_moved)
    assert torch.equal(before_g, weights(g.generator)) == (not g_moved)
    assert all(p.grad is None for m in (g.generator, g.discriminator) for p in m.parameters())


def test_a_round_plays_as_many_moves_as_the_settings_say():
    g = game(d_steps=3, g_steps=2)
    g.step(4)
    assert (g.rounds, g.d_moves, g.g_moves) == (4, 12, 8)


def test_a_game_replays_exactly_whatever_the_global_seed():
    torch.manual_seed(1)
    first = game(seed=3)
    first.step(5)
    torch.manual_seed(99)
    second = game(seed=3)
    before = torch.get_rng_state()
    second.step(5)
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(weights(first.generator), weights(second.generator))
    first.reset()
    first.step(5)
    assert torch.equal(weights(first.generator), weights(second.generator))
    assert not torch.equal(weights(game(seed=4).generator), weights(game(seed=3).generator))


def test_looking_does_not_change_how_the_game_goes_on():
    looked, alone = game(), game()
    for _ in range(4):
        looked.step(1)
        looked.measure(50)
        looked.pull(looked.samples(5))
        game_view.discriminator_field(looked, 8)
        game_view.optimal_field(looked, 8, count=20)
        game_view.manifold(looked, 5)
        alone.step(1)
    assert torch.equal(weights(looked.generator), weights(alone.generator))
    assert torch.equal(weights(looked.discriminator), weights(alone.discriminator))


def test_rates_and_data_change_in_mid_game_and_keep_what_was_learned():
    g = game()
    g.step(2)
    kept = weights(g.generator)
    g.set(g_rate=5e-3, d_rate=1e-4, beta1=0.0, beta2=0.5, batch=4, loss="minimax", d_steps=2)
    g.set(distribution=toy_distributions.spiral())
    assert torch.equal(kept, weights(g.generator))
    assert g.rounds == 2
    g.step(1)
    assert g.d_moves == 4
    # A rate that changed must act: a rate of 1e-30 leaves the weights where they are.
    g.set(g_rate=1e-30)
    kept = weights(g.generator)
    g.step(1, "G")
    assert torch.equal(kept, weights(g.generator))


def test_adam_remembers_across_a_change_of_rate():
    changed, steady = game(), game()
    for g in (changed, steady):
        g.step(5)
    changed.set(g_rate=2e-3)
    changed.set(g_rate=1e-3)
    for g in (changed, steady):
        g.step(1)
    assert torch.equal(weights(changed.generator), weights(steady.generator))


@pytest.mark.parametrize(
    "change", [{"width": 12}, {"depth": 1}, {"noise_dim": 5}, {"seed": 9}, {"noise": "uniform"}]
)
def test_a_new_network_noise_or_seed_starts_again(change):
    g = game()
    g.step(2)
    g.set(**change)
    assert g.rounds == g.d_moves == 0
    g.step(1)
    assert g.samples(3).shape == (3, 2)


def test_plain_gradient_steps_follow_the_formula():
    """SGD: the weights move by exactly minus the rate times the gradient, on the same batch."""
    g = game(optimiser="SGD", g_rate=0.1)
    twin = game(optimiser="SGD", g_rate=0.2)
    start = weights(g.generator)
    g.step(1, "G")
    twin.step(1, "G")
    moved, doubled = weights(g.generator) - start, weights(twin.generator) - start
    assert torch.allclose(doubled, 2 * moved, atol=1e-6)
    assert float(moved.abs().max()) > 1e-4


@pytest.mark.parametrize("loss", LOSSES)
def test_the_pull_is_minus_the_slope_of_the_loss_per_sample(loss):
    """The chain rule by hand: slope of the loss in the logit, times the slope of the logit in x."""
    g = game(loss=loss)
    g.step(3)
    points = g.samples(6)
    step = 1e-3
    by_hand = torch.zeros_like(points)
    for axis in range(2):
        shift = torch.zeros(2)
        shift[axis] = step
        for i in range(len(points)):
            up, down = points[i : i + 1] + shift, points[i : i + 1] - shift
            loss_of = LOSSES[loss][1]
            slope = (loss_of(g.discriminator(up)) - loss_of(g.discriminator(down))) / (2 * step)
            by_hand[i, axis] = -slope.detach()
    assert torch.allclose(g.pull(points), by_hand, atol=2e-3)


def test_least_squares_by_a_plain_loop():
    real, fake = torch.tensor([0.3, -1.0]), torch.tensor([2.0, 0.1, -0.4])
    s = [1 / (1 + math.exp(-a)) for a in real.tolist()]
    f = [1 / (1 + math.exp(-a)) for a in fake.tolist()]
    d_loss, g_loss = LOSSES["least squares"]
    expected = sum((a - 1) ** 2 for a in s) / 2 + sum(a * a for a in f) / 3
    assert float(d_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    assert float(g_loss(fake)) == pytest.approx(sum((a - 1) ** 2 for a in f) / 3, rel=1e-5)


def test_measures_agree_with_the_game_they_read():
    g = game()
    m = g.measure(4000)
    assert m.js == pytest.approx((m.value + math.log(4)) / 2, abs=1e-6)
    assert m.d_loss == pytest.approx(-m.value, abs=1e-6)
    with torch.no_grad():
        direct = minimax.game_value(g.discriminator(g.data(4000)), g.discriminator(g.samples(4000)))
    assert m.value == pytest.approx(float(direct), abs=0.05)
    assert 0 <= m.near <= 1 and 0 <= m.modes <= 8


def test_noise_of_both_kinds_has_its_moments():
    normal = latent(20_000, 3, "normal", torch.Generator().manual_seed(0))
    uniform = latent(20_000, 3, "uniform", torch.Generator().manual_seed(0))
    assert torch.allclose(normal.std(0), torch.ones(3), atol=0.03)
    assert torch.allclose(uniform.std(0), torch.full((3,), 3**-0.5), atol=0.02)
    assert float(uniform.abs().max()) <= 1


def test_the_generator_starts_as_a_wide_cloud():
    """Over seeds: the first samples spread like the noise, they do not sit on one spot."""
    spreads = []
    for seed in range(20):
        stream = torch.Generator().manual_seed(seed)
        network = generator_network(2, 2, generator=stream)
        spreads.append(float(network(latent(500, 2, generator=stream)).detach().std(0).mean()))
    print(f"spread of the first samples: {min(spreads):.2f} to {max(spreads):.2f}")
    assert min(spreads) > 0.3
    assert max(spreads) < 3


def test_networks_have_the_promised_shapes():
    assert generator_network(3, 2, 8, 1)(torch.zeros(5, 3)).shape == (5, 2)
    assert discriminator_network(2, 8, 3, "tanh")(torch.zeros(5, 2)).shape == (5,)
    linears = [m for m in discriminator_network(2, 8, 3) if isinstance(m, torch.nn.Linear)]
    assert len(linears) == 4


def test_the_manifold_carries_equal_shares_and_its_areas_are_right():
    g = game(noise="uniform")
    g.generator = torch.nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        g.generator.weight.copy_(torch.tensor([[2.0, 1.0], [0.0, 0.5]]))  # determinant 1
    grid = game_view.manifold(g, side=5)
    assert grid.shape == (5, 5, 2)
    cell = (2 * 0.96 / 4) ** 2  # a linear map of determinant 1 keeps areas
    assert torch.allclose(game_view.cell_areas(grid), torch.full((4, 4), cell), atol=1e-5)
    assert game_view.manifold(game(noise_dim=1), side=6).shape == (1, 36, 2)
    assert game_view.manifold(game(noise_dim=7), side=6).shape == (6, 6, 2)


def test_fields_have_row_0_at_the_bottom_and_columns_along_x():
    g = game()
    g.discriminator = torch.nn.Sequential(torch.nn.Linear(2, 1), torch.nn.Flatten(0))
    with torch.no_grad():
        g.discriminator[0].weight.copy_(torch.tensor([[0.0, 5.0]]))  # grows with y
        g.discriminator[0].bias.zero_()
    field = game_view.discriminator_field(g, cells=6)
    assert bool((field[-1] > 0.9).all()) and bool((field[0] < 0.1).all())
    points = game_view.plane(6).reshape(6, 6, 2)
    assert float(points[0, 0, 1]) == -2.5 and float(points[0, 5, 0]) == 2.5


def test_kernel_density_against_a_plain_sum():
    samples = torch.tensor([[0.1, -0.2], [1.0, 1.5]])
    field = game_view.kernel_density(samples, cells=12, width=0.5)
    x = game_view.plane(12)[17]
    by_hand = sum(
        math.exp(-float((x - s).square().sum()) / (2 * 0.25)) / (2 * math.pi * 0.25)
        for s in samples
    )
    assert float(field.flatten()[17]) == pytest.approx(by_hand / 2, rel=1e-4)
    assert float(game_view.kernel_density(samples, 60, width=0.2).sum()) * 0.01 == pytest.approx(
        1, abs=1e-3
    )


def test_the_best_field_is_one_half_when_the_generator_is_the_data():
    g = game()
    g.samples = g.data
    field = game_view.optimal_field(g, cells=24, count=20_000)
    assert float((field - 0.5).abs().max()) < 0.12
    assert (
        float(game_view.optimal_field(game(), 24).max()) > 0.95
    )  # real data where nothing is made


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Settings(loss="hinge"), "loss must be one of"),
        (lambda: Settings(optimiser="Lion"), "optimiser must be one of"),
        (lambda: Settings(noise="pink"), "noise must be one of"),
        (lambda: Settings(activation="step"), "activation must be one of"),
        (lambda: Settings(batch=0), "batch must be at least 1"),
        (lambda: Settings(g_rate=0.0), "rate must be positive"),
        (lambda: Settings(beta2=1.0), r"\[0, 1\)"),
        (lambda: game().step(1, "E"), "which"),
        (lambda: game().step(-1), "n >= 0"),
        (lambda: game().set(colour="blue"), "Unknown settings: colour"),
        (lambda: game().set(batch=-3), "batch must be at least 1"),
        (
            lambda: game().set(distribution=toy_distributions.line_mixture([0.0], [1.0])),
            "dimension",
        ),
        (lambda: generator_network(0, 2), "at least 1"),
        (lambda: discriminator_network(2, activation="step"), "activation must be one of"),
        (lambda: latent(3, 2, "pink"), "noise must be one of"),
    ],
)
def test_bad_settings_are_refused_in_plain_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_refused_setting_changes_nothing():
    g = game()
    before = g.settings
    with pytest.raises(ValueError, match="batch"):
        g.set(g_rate=0.5, batch=0)
    assert g.settings == before
