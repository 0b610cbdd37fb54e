"""Neighbours, copies, walks and measures, against closed forms and cases made by hand."""

import math

import pytest
import torch

from course_utils.gan import evaluator, images, measures
from course_utils.gan.dcgan import Recipe
from course_utils.gan.image_game import PictureGame, Rates, follow, made_pictures, slow_copy


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


# ------------------------------------------------------------------ neighbours and copies


def test_neighbours_are_those_of_a_double_loop():
    queries, among = torch.randn(7, 3, generator=dice(1)), torch.randn(11, 3, generator=dice(2))
    found = images.nearest_neighbours(queries, among, 2)
    for i in range(7):
        gaps = sorted((math.dist(queries[i].tolist(), among[j].tolist()), j) for j in range(11))
        assert found.index[i].tolist() == [j for _, j in gaps[:2]]
        assert found.distance[i].tolist() == pytest.approx([d for d, _ in gaps[:2]], rel=1e-4)


def test_neighbours_need_rows_that_fit(as_shipped):
    with pytest.raises(ValueError, match="rows must match"):
        images.nearest_neighbours(torch.zeros(2, 3), torch.zeros(2, 4))
    with pytest.raises(ValueError, match="no 3 neighbours"):
        images.nearest_neighbours(torch.zeros(2, 3), torch.zeros(2, 3), 3)


def test_a_smuggled_picture_is_found_and_nothing_else():
    train = torch.rand(60, 1, 12, 12, generator=dice(1)) * 2 - 1
    held_out = torch.rand(60, 1, 12, 12, generator=dice(2)) * 2 - 1
    made = torch.rand(20, 1, 12, 12, generator=dice(3)) * 2 - 1
    planted = images.smuggled(made, train[17], 4, move=(0, 0), noise=0.05, generator=dice(4))
    rows = [images.pixels_of(x) for x in (train, held_out, planted)]
    usual = images.nearest_neighbours(rows[1], rows[0]).distance[:, 0]
    found = images.nearest_neighbours(rows[2], rows[0])
    assert images.suspected_copies(found.distance[:, 0], usual).nonzero().flatten().tolist() == [4]
    assert found.index[4].item() == 17
    assert torch.equal(planted[5:], made[5:])


def test_a_moved_picture_is_moved():
    made, original = torch.zeros(2, 1, 4, 4), torch.full((1, 4, 4), -1.0)
    original[0, 1, 1] = 1
    moved = images.smuggled(made, original, 0, move=(1, 2), noise=0.0)
    assert moved[0, 0].argmax().item() == 2 * 4 + 3
    with pytest.raises(ValueError, match="no place 2"):
        images.smuggled(made, original, 2)
    with pytest.raises(ValueError, match="quantile"):
        images.suspected_copies(torch.zeros(2), torch.zeros(0))


# ------------------------------------------------------------------ latents


def test_the_arc_keeps_the_angle_even_and_the_length():
    a = torch.tensor([2.0, 0.0, 0.0], dtype=torch.float64)
    b = torch.tensor([0.0, 2.0, 0.0], dtype=torch.float64)
    for share in (0.0, 0.25, 0.5, 1.0):
        angle = share * math.pi / 2
        wanted = [2 * math.cos(angle), 2 * math.sin(angle), 0.0]
        assert images.walk_between(a, b, share).tolist() == pytest.approx(wanted, abs=1e-12)
    assert torch.allclose(images.walk_between(a, 3 * a, 0.5), 2 * a)
    with pytest.raises(ValueError, match="opposite"):
        images.walk_between(a, -a, 0.5)
    with pytest.raises(ValueError, match="length 0"):
        images.walk_between(a, 0 * a, 0.5)


def test_a_walk_visits_its_stops():
    stops = torch.randn(3, 6, generator=dice())
    points = images.walk(stops, 4)
    assert points.shape == (9, 6)
    assert torch.allclose(points[::4], stops, atol=1e-5)
    with pytest.raises(ValueError, match="two stops"):
        images.walk(stops[:1], 4)


def test_a_mean_latent_is_that_of_the_chosen():
    noise = torch.tensor([[1.0, 2.0], [3.0, 4.0], [100.0, 100.0]])
    assert images.mean_latent(noise, torch.tensor([True, True, False])).tolist() == [2.0, 3.0]
    with pytest.raises(ValueError, match="none"):
        images.mean_latent(noise, torch.zeros(3, dtype=torch.bool))


def test_ink_and_slant_of_lines_drawn_by_hand():
    pictures = torch.full((3, 1, 21, 21), -1.0)
    for row in range(21):
        pictures[0, 0, row, 10] = 1  # upright
        pictures[1, 0, row, 20 - row] = 1  # leans right by 45 degrees
        pictures[2, 0, row, 5 + row // 2] = 1  # leans left by half of that
    assert images.slant(pictures).tolist() == pytest.approx([0.0, 1.0, -0.5], abs=0.01)
    assert images.ink(pictures).tolist() == pytest.approx([1 / 21] * 3)


# ------------------------------------------------------------------ measures


def gaussian(seed, spread, mean, count=200_000):
    drawn = torch.randn(count, len(mean), generator=dice(seed), dtype=torch.float64)
    return drawn * torch.tensor(spread, dtype=torch.float64) + torch.tensor(
        mean, dtype=torch.float64
    )


def test_the_frechet_distance_of_gaussians_is_its_closed_form():
    # independent coordinates: sum of (mean gap)^2 + (spread gap)^2
    one, two = gaussian(1, [1.0, 2.0], [0.0, 1.0]), gaussian(2, [3.0, 0.5], [2.0, 0.0])
    wanted = 2**2 + 1**2 + (3 - 1) ** 2 + (2 - 0.5) ** 2
    assert float(measures.frechet_distance(one, two)) == pytest.approx(wanted, rel=0.01)
    exact = measures.gaussian_frechet_distance(
        torch.tensor([0.0, 1.0]), torch.diag(torch.tensor([1.0, 4.0])),
        torch.tensor([2.0, 0.0]), torch.diag(torch.tensor([9.0, 0.25])),
    )  # fmt: skip
    assert float(exact) == pytest.approx(wanted, rel=1e-5)


def test_the_frechet_distance_with_correlation_is_scipys():
    from scipy.linalg import sqrtm

    roots = [torch.randn(4, 4, generator=dice(s), dtype=torch.float64) for s in (1, 2)]
    one, two = (root @ root.T for root in roots)
    mean = torch.zeros(4, dtype=torch.float64)
    wanted = (one + two).trace() - 2 * float(sqrtm((one @ two).numpy()).real.trace())
    found = measures.gaussian_frechet_distance(mean, one, mean, two)
    assert float(found) == pytest.approx(float(wanted), rel=1e-8)
    turned = torch.linalg.qr(roots[0]).Q
    again = measures.gaussian_frechet_distance(
        mean, turned @ one @ turned.T, mean, turned @ two @ turned.T
    )
    assert float(again) == pytest.approx(float(wanted), rel=1e-8)  # no axis is special


def test_a_set_has_no_distance_from_itself_even_if_it_is_flat():
    flat = torch.randn(50, 3, generator=dice()) @ torch.tensor([[1.0, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert float(measures.frechet_distance(flat, flat)) == pytest.approx(0, abs=1e-5)


LINE = torch.arange(10.0)[:, None]


@pytest.mark.parametrize(
    ("made", "precision", "recall"),
    [
        (LINE, 1, 1),
        (LINE + 100, 0, 0),
        (torch.full((10, 1), 4.4), 1, 0),  # all on one place: good, and nearly nothing covered
        (LINE * 12 - 50, 0.1, 1),  # far too wide: the real ones lie among them; -50, ..., 10 is in
    ],
)
def test_precision_and_recall_of_points_on_a_line(made, precision, recall):
    found = measures.coverage_measures(LINE, made, neighbours=1)
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)


def test_density_counts_balls_and_coverage_real_points():
    # k = 1: every real ball has radius 1. A point on 4 lies in the balls of 3, 4 and 5.
    made = torch.full((6, 1), 4.0)
    found = measures.coverage_measures(LINE, made, neighbours=1)
    assert found.density == pytest.approx(3)
    assert found.coverage == pytest.approx(0.3)


def test_half_of_a_bimodal_set_missing_is_low_recall_not_low_precision():
    left, right = (torch.randn(400, 2, generator=dice(s)) for s in (1, 2))
    real = torch.cat([left, right + 30])
    made = torch.randn(800, 2, generator=dice(3))
    found = measures.coverage_measures(real, made)
    assert found.precision > 0.9 and 0.4 < found.recall < 0.52


def test_measures_refuse_what_does_not_fit(as_shipped):
    with pytest.raises(ValueError, match="at least 2 rows"):
        measures.frechet_distance(LINE[:1], LINE)
    with pytest.raises(ValueError, match="features"):
        measures.frechet_distance(LINE, torch.zeros(4, 2))
    with pytest.raises(ValueError, match="at least 1"):
        measures.coverage_measures(LINE, LINE, neighbours=0)
    with pytest.raises(ValueError, match="number 10"):
        measures.neighbour_distance(LINE, 10)


# ------------------------------------------------------------------ the judge


def bars(count, seed=0):
    """Two classes: upright and lying bars."""
    labels = torch.arange(count) % 2
    pictures = torch.full((count, 1, 16, 16), -1.0)
    places = torch.randint(3, 13, (count,), generator=dice(seed))
    for k in range(count):
        if labels[k]:
            pictures[k, 0, places[k]] = 1
        else:
            pictures[k, 0, :, places[k]] = 1
    return pictures, labels


def test_the_judge_learns_and_says_how_sure_it_is():
    torch.manual_seed(0)
    network = evaluator.new_judge(classes=2, width=4)
    evaluator.trained_judge(network, *bars(128), 40, dice())
    pictures, labels = bars(64, seed=5)
    verdict = evaluator.verdict_on(network, pictures)
    assert (verdict.labels == labels).float().mean() > 0.9
    assert verdict.shares.sum().item() == pytest.approx(1)
    assert verdict.classes_seen() == 2
    assert verdict.sure(0.0) == 1 and verdict.sure(1.0) == 0
    assert evaluator.judged_features(network, pictures).shape == (64, 16)
    assert evaluator.judged_features(network, pictures, cells=2).shape == (64, 64)
    one_kind = evaluator.verdict_on(network, pictures[labels == 1])
    assert one_kind.shares[1] > 0.9


def test_the_judge_refuses_what_does_not_fit(as_shipped):
    network, (pictures, labels) = evaluator.new_judge(classes=2, width=2), bars(8)
    with pytest.raises(ValueError, match="no pictures"):
        evaluator.verdict_on(network, pictures[:0])
    with pytest.raises(ValueError, match="labels"):
        evaluator.trained_judge(network, pictures, labels[:3], 1, dice())
    with pytest.raises(ValueError, match="calibrate"):
        evaluator.calibrate(network, pictures, labels[:3])


def test_calibration_undoes_a_wrong_scale_of_the_logits():
    network = evaluator.new_judge(classes=4, width=2).eval()
    pictures = torch.rand(800, 1, 8, 8, generator=dice(1)) * 2 - 1
    with torch.no_grad():
        network.linear.weight.mul_(40)
        chances = network(pictures).softmax(1)
        labels = torch.multinomial(chances, 1, generator=dice(2))[:, 0]  # so it is calibrated
        network.linear.weight.mul_(0.25)
        network.linear.bias.mul_(0.25)
    assert evaluator.calibrate(network, pictures, labels) == pytest.approx(4, rel=0.15)
    assert evaluator.calibrate(network, pictures, labels) == pytest.approx(1, rel=0.03)
    with pytest.raises(ValueError, match="calibrate"):
        evaluator.calibrate(network, pictures[:0], labels[:0])


def test_moving_moves_every_picture_by_at_most_two_pixels():
    pictures = torch.zeros(40, 1, 9, 9)
    pictures[:, :, 4, 4] = 1
    moved = evaluator._moved(pictures, dice())
    rows, columns = moved.flatten(1).argmax(1) // 9, moved.flatten(1).argmax(1) % 9
    assert set(rows.tolist()) == set(columns.tolist()) == {2, 3, 4, 5, 6}
    assert moved.sum().item() == 40


# ------------------------------------------------------------------ the game

TINY = Recipe(size=8, latent=3, width=2)


def test_a_game_moves_both_players_and_repeats_by_its_seed():
    pictures = torch.rand(40, 1, 8, 8, generator=dice()) * 2 - 1
    games = [PictureGame(pictures, TINY, Rates(batch=8), seed=s) for s in (1, 1, 2)]
    before = games[0].generator.layers[0].weight.clone()
    told = [game.step(3) for game in games]
    games[0].samples(5)  # looking changes no training
    more = [game.step(2) for game in games]
    assert told[0] == told[1] != told[2] and more[0] == more[1]
    assert not torch.equal(games[0].generator.layers[0].weight, before)
    assert games[0].rounds == 5
    assert games[0].samples(4).shape == (4, 1, 8, 8)


def test_rates_change_in_mid_game():
    game = PictureGame(torch.zeros(8, 1, 8, 8), TINY, Rates(batch=4))
    game.step()
    game.set(g_rate=1e-12, d_rate=0.05)
    before = [
        p.clone() for p in (game.generator.layers[0].weight, game.discriminator.layers[0].weight)
    ]
    game.step()
    assert torch.allclose(game.generator.layers[0].weight, before[0], atol=1e-9)
    assert (game.discriminator.layers[0].weight - before[1]).abs().max() > 1e-3
    with pytest.raises(ValueError, match="can change"):
        game.set(batch=3)
    with pytest.raises(ValueError, match="positive"):
        game.set(g_rate=0.0)


def test_a_made_picture_does_not_depend_on_its_neighbours():
    game = PictureGame(torch.zeros(8, 1, 8, 8), TINY, Rates(batch=4))
    game.step(2)
    z = game.noise(6)
    assert torch.allclose(
        made_pictures(game.generator, z)[:1], made_pictures(game.generator, z[:1])
    )
    assert game.generator.training


def test_the_slow_copy_is_the_running_mean():
    fast = torch.nn.Linear(1, 1, bias=False)
    slow = slow_copy(fast)
    start = fast.weight.item()
    with torch.no_grad():
        fast.weight.fill_(2.0)
    for _ in range(3):
        follow(slow, fast, 0.5)
    assert slow.weight.item() == pytest.approx(2 + (start - 2) / 8)
    assert not slow.weight.requires_grad
    with pytest.raises(ValueError, match="memory"):
        follow(slow, fast, 1.0)


def test_a_game_refuses_pictures_that_do_not_fit():
    with pytest.raises(ValueError, match="must be"):
        PictureGame(torch.zeros(4, 3, 8, 8), TINY)
    with pytest.raises(ValueError, match=r"\[-1, 1\]"):
        PictureGame(torch.full((4, 1, 8, 8), 2.0), TINY)
    for wrong in ({"g_rate": 0.0}, {"beta1": 1.0}, {"batch": 0}):
        with pytest.raises(ValueError, match="must be"):
            Rates(**wrong)
