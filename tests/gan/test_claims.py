"""What the lesson says about trained games, over three seeds each, with the margins printed.

Steps are counted, not seconds: `python -m benchmarks gan_ring` tells how long they take.
"""

import functools
import math
import statistics

import pytest
import torch

from course_utils.gan import minimax
from course_utils.gan.game import Game
from course_utils.gan.players import Settings, discriminator_network
from course_utils.gan.toy_distributions import line_mixture, ring, two_bumps

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("as_shipped", "one_thread")]

SEEDS = (0, 1, 2)


@pytest.fixture
def one_thread():
    """Networks this small only lose by more threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Rounds after which a healthy game is looked at, and the samples drawn for it.
HEALTHY = {1200: 2000, 1500: 4000, 2500: 10_000, **dict.fromkeys(range(5500, 7501, 500), 4000)}


@functools.cache
def healthy_game(seed):
    """What is measured in one game on the ring with the usual settings, by rounds played.

    Looking changes no training, it draws from a stream of its own: one game serves three tests.
    """
    game, seen = Game(ring(), Settings(seed=seed)), {}
    for rounds, samples in HEALTHY.items():
        game.step(rounds - game.rounds)
        seen[rounds] = game.measure(samples)
    return seen


@pytest.mark.parametrize("seed", SEEDS)
def test_the_ring_is_covered_and_its_samples_lie_near_the_modes(seed):
    """8 modes after 1,500 rounds; about 6,000, 90 % near (the median of five looks)."""
    seen = healthy_game(seed)
    looks = [seen[rounds] for rounds in (5500, 6000, 6500, 7000, 7500)]
    near = statistics.median(look.near for look in looks)
    print(f"seed {seed}: {seen[1500].modes} modes at 1,500; near {near:.3f} (wanted 0.90)")
    assert seen[1500].modes == 8
    assert all(look.modes == 8 for look in looks)
    assert near >= 0.90


def trained_discriminator(data, model, seed, steps=1500):
    stream = torch.Generator().manual_seed(seed)
    network = discriminator_network(1, width=32, activation="tanh", generator=stream)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    for _ in range(steps):
        real, fake = data.sample(1024, stream), model.sample(1024, stream)
        optimiser.zero_grad()
        minimax.discriminator_loss(network(real), network(fake)).backward()
        optimiser.step()
    return network, stream


@pytest.mark.parametrize("seed", SEEDS)
def test_a_trained_discriminator_reaches_the_closed_form_and_measures_the_divergence(seed):
    data, model = two_bumps(), line_mixture([1.0], [0.7])
    network, stream = trained_discriminator(data, model, seed)
    x = torch.linspace(-8, 8, 4001)[:, None]
    p, q, dx = data.density(x), model.density(x), 16 / 4000
    best = p / (p + q).clamp_min(1e-30)
    with torch.no_grad():
        gap = (torch.sigmoid(network(x)) - best).abs()
        weighted = float((gap * (p + q) / 2).sum() * dx)
        real, fake = data.sample(200_000, stream), model.sample(200_000, stream)
        estimate = float(minimax.jensen_shannon_estimate(network(real), network(fake)))
    js = float(minimax.jensen_shannon(p, q, dx))
    print(f"seed {seed}: mean gap {weighted:.4f} (at most 0.02); JS {js:.4f}, seen {estimate:.4f}")
    assert weighted < 0.02
    assert js - 0.01 < estimate < js + 0.004  # a lower bound, up to sampling noise


TIMID, HASTY = "long memories and a timid D", "ten moves of G for each of D"
RECIPES = {  # settings that collapse, rounds; settings that repair it in mid-game, rounds
    HASTY: ({"g_steps": 10}, 300, {"g_steps": 1, "d_steps": 5}, 600),
    TIMID: (
        {"beta1": 0.9, "beta2": 0.999, "d_rate": 1e-4},
        1200,
        {"beta1": 0.5, "beta2": 0.9, "d_rate": 1e-3},
        1800,
    ),
}


@functools.cache
def sick_game(name, seed):
    """Modes at five looks in the second half of a sick game; what is measured after its repair."""
    sick, rounds, repair, more = RECIPES[name]
    game = Game(ring(), Settings(**sick, seed=seed))
    game.step(rounds // 2)
    looks = []
    for _ in range(5):
        game.step(rounds // 10)
        looks.append(game.measure(2000).modes)
    game.set(**repair)
    game.step(more)
    return looks, game.measure(2000)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_mode_collapse_can_be_provoked(name, seed):
    looks, _ = sick_game(name, seed)
    healthy = healthy_game(seed)[1200].modes
    print(f"{name}, seed {seed}: modes {looks} of 8, healthy {healthy}")
    assert max(looks) <= 2
    assert healthy >= 7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_collapse_by_long_memories_is_repaired_in_mid_game(seed):
    looks, after = sick_game(TIMID, seed)
    print(f"seed {seed}: {looks[-1]} modes -> {after.modes} modes, {after.near:.0%} near")
    assert looks[-1] <= 2
    assert after.modes == 8
    assert after.near > 0.7


@pytest.mark.parametrize("seed", SEEDS)
def test_a_collapse_by_a_hasty_generator_is_repaired_by_a_quicker_discriminator(seed):
    looks, after = sick_game(HASTY, seed)
    print(f"seed {seed}: {looks[-1]} modes -> {after.modes} modes, {after.near:.0%} near")
    assert looks[-1] <= 2
    assert after.modes >= 6


@pytest.mark.parametrize("seed", SEEDS)
def test_the_minimax_generator_stands_still_before_a_sure_discriminator(seed):
    """Thirty plain gradient steps against the same D: the other loss moves G much further."""
    moved = {}
    for loss in ("minimax", "non-saturating"):
        settings = Settings(noise_dim=1, width=32, activation="tanh", d_rate=1e-2, seed=seed)
        game = Game(line_mixture([4.0], [0.3]), settings)
        game.step(80, "D")
        game.set(loss=loss, optimiser="SGD", g_rate=1e-2)
        z = game.noise(500)
        start = game.generator(z).detach()
        game.step(30, "G")
        moved[loss] = float((game.generator(z).detach() - start).mean())
    print(f"seed {seed}: moved {moved}")
    assert moved["non-saturating"] > 10 * abs(moved["minimax"])
    assert moved["non-saturating"] > 0.2


def test_the_game_ends_where_the_theory_says():
    """At the end of a long ring game V is near -log 4: D can hardly tell."""
    values = [healthy_game(seed)[2500].value for seed in SEEDS]
    print(f"V {[f'{v:.3f}' for v in values]}, -log 4 = {-math.log(4):.3f}")
    assert all(abs(v + math.log(4)) < 0.08 for v in values)
