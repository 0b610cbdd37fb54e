"""The InfoNCE loss against loops in float64, finite differences and closed forms."""

import math

import pytest
import torch
from torch.nn import functional as F

from course_utils.selfsup import contrastive

T = [0.05, 0.2, 1.0, 3.0]


def scores(seed=0, queries=5, keys=7, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    table = scale * torch.randn(queries, keys, generator=generator, dtype=torch.float64)
    return table, torch.randint(keys, (queries,), generator=generator)


def points(count=12, features=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(count, features, generator=generator, dtype=torch.float64))


def loop(table, labels, temperature):
    total = 0.0
    for row, label in zip(table.tolist(), labels.tolist(), strict=True):
        below = sum(math.exp(s / temperature) for s in row)
        total -= math.log(math.exp(row[label] / temperature) / below)
    return total / len(labels)


# ------------------------------------------------------------------------------ scores


def test_a_cosine_is_the_inner_product_of_directions():
    u, v = torch.randn(4, 3, dtype=torch.float64), torch.randn(6, 3, dtype=torch.float64)
    found = contrastive.cosine_scores(u, v)
    for i, a in enumerate(u.tolist()):
        for j, b in enumerate(v.tolist()):
            inner = sum(p * q for p, q in zip(a, b, strict=True))
            assert float(found[i, j]) == pytest.approx(inner / (math.hypot(*a) * math.hypot(*b)))
    longer = contrastive.cosine_scores(7 * u, 0.01 * v)
    torch.testing.assert_close(longer, found)


def test_a_vector_of_zeros_scores_zero_and_stays_finite():
    u = torch.tensor([[0.0, 0.0], [3.0, 4.0]], requires_grad=True)
    found = contrastive.cosine_scores(u, torch.tensor([[1.0, 0.0]]))
    assert found.flatten().tolist() == pytest.approx([0.0, 0.6])
    found.sum().backward()
    assert u.grad.isfinite().all()


def test_nothing_is_its_own_candidate():
    z = points(6)
    table = contrastive.without_self(contrastive.cosine_scores(z, z))
    assert table.diagonal().isinf().all() and table[~torch.eye(6, dtype=bool)].isfinite().all()
    labels = contrastive.positives_as_labels(torch.tensor([4, 9, 4, 1, 9, 1]))
    assert labels.tolist() == [2, 4, 0, 5, 1, 3]
    # As if the row had never held the view itself.
    kept = torch.stack([torch.cat([row[:i], row[i + 1 :]]) for i, row in enumerate(table)])
    shifted = torch.tensor([j - (j > i) for i, j in enumerate(labels.tolist())])
    assert float(contrastive.info_nce(table, labels, 0.2)) == pytest.approx(
        loop(kept, shifted, 0.2)
    )


def test_every_view_finds_the_other_view():
    generator = torch.Generator().manual_seed(3)
    pictures = torch.arange(20).repeat(2)[torch.randperm(40, generator=generator)]
    labels = contrastive.positives_as_labels(pictures)
    assert torch.equal(pictures[labels], pictures)
    assert torch.equal(labels[labels], torch.arange(40)) and (labels != torch.arange(40)).all()


# -------------------------------------------------------------------------------- loss


@pytest.mark.parametrize("temperature", T)
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_is_the_loop_of_the_lecture(seed, temperature):
    table, labels = scores(seed)
    value = float(contrastive.info_nce(table, labels, temperature))
    assert value == pytest.approx(loop(table, labels, temperature), rel=1e-12)


@pytest.mark.parametrize("temperature", T)
def test_pairs_and_labels_are_two_ways_of_saying_it(temperature):
    table, labels = scores(1)
    rows = torch.arange(len(table))
    others = torch.ones_like(table, dtype=torch.bool).index_put((rows, labels), torch.tensor(False))
    from_pairs = contrastive.info_nce_from_pairs(
        table[rows, labels], table[others].view(len(table), -1), temperature
    )
    assert float(from_pairs) == pytest.approx(loop(table, labels, temperature), rel=1e-12)


def test_guessing_costs_log_n_and_one_candidate_costs_nothing():
    for count in (2, 8, 100):
        value = contrastive.info_nce(torch.full((3, count), 0.4), torch.tensor([0, 1, 1]), 0.1)
        assert float(value) == pytest.approx(math.log(count))
    alone = torch.tensor([0.3, -2.0], requires_grad=True)
    value = contrastive.info_nce_from_pairs(alone, torch.zeros(2, 0), 0.5)
    value.backward()
    assert value.item() == 0 and alone.grad.abs().max() == 0


def test_the_loss_is_exact_where_exponentials_overflow():
    table = torch.tensor([[1.0, -1.0, 0.0]])
    value = contrastive.info_nce(table, torch.tensor([1]), 0.001)
    assert value.item() == pytest.approx(2000.0)


@pytest.mark.parametrize("temperature", T)
def test_the_gradient_is_what_finite_differences_find(temperature):
    table, labels = scores(2, 4, 6)
    found = contrastive.temperature_gradient(table, labels, temperature)
    step = 1e-5 * temperature
    for i in range(4):
        for j in range(6):
            up, down = table.clone(), table.clone()
            up[i, j] += step
            down[i, j] -= step
            slope = loop(up, labels, temperature) - loop(down, labels, temperature)
            assert float(found[i, j]) == pytest.approx(slope / (2 * step), abs=2e-8)


def test_the_gradient_is_that_of_autograd_and_its_rows_balance():
    table, labels = scores(5)
    table.requires_grad_(True)
    (slope,) = torch.autograd.grad(contrastive.info_nce(table, labels, 0.3), table)
    found = contrastive.temperature_gradient(table.detach(), labels, 0.3)
    torch.testing.assert_close(found, slope, rtol=1e-12, atol=1e-15)
    assert found.sum(dim=1).abs().max() < 1e-14
    right = F.one_hot(labels, found.shape[1]).bool()
    assert (found[right] < 0).all() and (found[~right] > 0).all()


def test_a_low_temperature_pushes_the_nearest_negative_alone():
    table = torch.tensor([[0.2, 0.9, 0.7, -0.5]], dtype=torch.float64)
    label = torch.tensor([0])
    shares = {}
    for t in (0.05, 1.0, 20.0):
        push = contrastive.temperature_gradient(table, label, t)[0, 1:]
        shares[t] = (push / push.sum()).tolist()
    assert shares[0.05][0] > 0.97
    assert shares[0.05][0] > shares[1.0][0] > shares[20.0][0]
    assert shares[20.0] == pytest.approx([1 / 3] * 3, abs=0.02)


# ------------------------------------------------------------- alignment, uniformity


def test_alignment_is_the_mean_squared_distance_of_pairs():
    first, second = points(8), points(8, seed=1)
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    by_hand = sum(math.dist(a, b) ** 2 for a, b in pairs) / 8
    assert float(contrastive.alignment(first, second)) == pytest.approx(by_hand)
    cube = sum(math.dist(a, b) ** 3 for a, b in pairs) / 8
    assert float(contrastive.alignment(first, second, 3.0)) == pytest.approx(cube)
    cosines = contrastive.cosine_scores(first, second).diagonal()
    assert by_hand == pytest.approx(2 - 2 * float(cosines.mean()))
    assert float(contrastive.alignment(first, first)) == 0


def test_uniformity_counts_every_pair_once():
    found = points(9)
    total = [
        math.exp(-2 * math.dist(found[i].tolist(), found[j].tolist()) ** 2)
        for i in range(9)
        for j in range(i + 1, 9)
    ]
    assert float(contrastive.uniformity(found)) == pytest.approx(math.log(sum(total) / len(total)))
    same = found[:1].expand(5, -1)
    assert float(contrastive.uniformity(same)) == pytest.approx(0.0, abs=1e-9)


def test_even_points_on_a_circle_come_near_the_circle_s_own_uniformity():
    turn = 2 * math.pi * torch.arange(400, dtype=torch.float64) / 400
    ring = torch.stack([turn.cos(), turn.sin()], 1)
    # The mean of exp(-2 (2 - 2 cos a)) over all angles: a Bessel function.
    exact = -4 + float(torch.special.i0(torch.tensor(4.0, dtype=torch.float64)).log())
    assert float(contrastive.uniformity(ring)) == pytest.approx(exact, abs=0.02)
    crowded = torch.stack([(turn / 4).cos(), (turn / 4).sin()], 1)
    assert float(contrastive.uniformity(crowded)) > exact + 0.5


# ------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: contrastive.cosine_scores(torch.zeros(2, 3), torch.zeros(2, 4)), "same features"),
        (lambda: contrastive.without_self(torch.zeros(2, 3)), "n of 2 or more"),
        (lambda: contrastive.without_self(torch.zeros(1, 1)), "n of 2 or more"),
        (lambda: contrastive.positives_as_labels(torch.tensor([1, 1, 2])), "picture 2 has 1 views"),
        (lambda: contrastive.positives_as_labels(torch.tensor([5] * 4)), "picture 5 has 4 views"),
        (lambda: contrastive.positives_as_labels(torch.zeros(0, dtype=torch.long)), "one number"),
        (lambda: contrastive.info_nce(torch.zeros(2, 3), torch.tensor([0])), "one key for each"),
        (lambda: contrastive.info_nce(torch.zeros(1, 3), torch.tensor([3])), "0 ... 2"),
        (lambda: contrastive.info_nce(torch.zeros(1, 3), torch.tensor([-1])), "0 ... 2"),
        (lambda: contrastive.info_nce(torch.zeros(1, 3), torch.tensor([1]), 0.0), "positive, got"),
        (
            lambda: contrastive.temperature_gradient(torch.zeros(1, 3), torch.tensor([1]), -1.0),
            "positive, got",
        ),
        (
            lambda: contrastive.info_nce_from_pairs(torch.zeros(2), torch.zeros(3, 4)),
            "expected \\(queries,\\)",
        ),
        (lambda: contrastive.alignment(torch.ones(2, 2), torch.ones(2, 2)), "length 1"),
        (lambda: contrastive.alignment(points(2), points(3)), "must match"),
        (lambda: contrastive.uniformity(points(1)), "two points or more"),
        (lambda: contrastive.uniformity(2 * points(3)), "length 1"),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(as_shipped, call, words):
    with pytest.raises(ValueError, match=words):
        call()
