"""The bound on mutual information, held against Gaussians of which the truth is known."""

import math

import pytest
import torch

from course_utils.selfsup import mutual_information as mi


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


def truth_by_quadrature(correlation):
    """Integral of p log(p(x, y) / (p(x) p(y))) over a grid, with no formula for I."""
    line = torch.linspace(-7, 7, 1401, dtype=torch.float64)
    x, y = torch.meshgrid(line, line, indexing="ij")
    left = 1 - correlation**2
    joint = torch.exp(-(x**2 - 2 * correlation * x * y + y**2) / (2 * left))
    joint /= 2 * math.pi * math.sqrt(left)
    alone = torch.exp(-(x**2 + y**2) / 2) / (2 * math.pi)
    ratio = torch.where(joint > 0, joint / alone, torch.ones_like(joint))
    return float((joint * ratio.log()).sum()) * float(line[1] - line[0]) ** 2


@pytest.mark.parametrize("correlation", [0.2, 0.5, 0.8, 0.95])
def test_the_correlation_is_that_of_the_integral(correlation):
    exact = truth_by_quadrature(correlation)
    assert mi.correlation_for_information(exact) == pytest.approx(correlation, abs=1e-5)
    assert mi.correlation_for_information(5 * exact, 5) == pytest.approx(correlation, abs=1e-5)


@pytest.mark.parametrize("dimensions", [1, 3, 20])
@pytest.mark.parametrize("nats", [0.0, 0.3, 2.0, 7.0])
def test_the_correlation_gives_back_the_nats(nats, dimensions):
    correlation = mi.correlation_for_information(nats, dimensions)
    found = -dimensions / 2 * math.log1p(-(correlation**2))
    assert found == pytest.approx(nats, abs=1e-8)


def test_the_pairs_have_the_correlation_asked_for():
    x, y = mi.correlated_gaussians(200_000, 0.7, 2, dice(), torch.float64)
    for column in range(2):
        matrix = torch.corrcoef(torch.stack([x[:, column], y[:, column]]))
        assert float(matrix[0, 1]) == pytest.approx(0.7, abs=0.01)
        assert float(y[:, column].std()) == pytest.approx(1.0, abs=0.01)
    assert abs(float(torch.corrcoef(torch.stack([x[:, 0], y[:, 1]]))[0, 1])) < 0.01


@pytest.mark.parametrize("correlation", [0.0, -0.6, 0.999])
def test_the_best_score_is_the_log_ratio_of_normal_densities(correlation):
    x, y = mi.correlated_gaussians(5, correlation, 3, dice(), torch.float64)
    found = mi.log_density_ratio(x, y, correlation)
    normal = torch.distributions.Normal
    spread = math.sqrt(1 - correlation**2)
    for i in range(5):
        for j in range(5):
            given = normal(correlation * x[i], spread).log_prob(y[j]).sum()
            alone = normal(0.0, 1.0).log_prob(y[j]).sum()
            assert float(found[i, j]) == pytest.approx(float(given - alone), rel=1e-9, abs=1e-9)


def test_the_bound_is_log_n_minus_the_loss():
    scores = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.5]], dtype=torch.float64)
    labels = torch.tensor([0, 2])
    loss = 0.0
    for row, label in zip(scores.tolist(), labels.tolist(), strict=True):
        loss += (math.log(sum(map(math.exp, row))) - row[label]) / 2
    assert float(mi.mutual_information_bound(scores, labels)) == pytest.approx(math.log(3) - loss)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dimensions", [1, 4])
def test_the_bound_is_never_above_the_truth(seed, dimensions):
    margins = []
    for candidates in (4, 32, 256):
        for nats in (0.0, 0.2, 1.0, 3.0, 8.0):
            found = mi.estimate_bound(nats, candidates, 40, dimensions, dice(seed))
            margins.append((found.mean - nats) / max(found.error, 1e-12))
            assert found.mean <= nats + 3 * found.error, f"{nats} nats, N = {candidates}"
            assert found.mean <= found.ceiling
    print(f"seed {seed}: at most {max(margins):+.2f} standard errors above the truth")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("candidates", "dimensions"), [(256, 1), (1024, 1), (1024, 4)])
def test_below_half_of_log_n_the_bound_is_tight(seed, candidates, dimensions):
    batches = 16_384 // candidates
    for share in (0.2, 0.35, 0.49):
        nats = share * math.log(candidates)
        found = mi.estimate_bound(nats, candidates, batches, dimensions, dice(seed))
        print(f"N = {candidates}, truth {nats:.2f}: off by {found.mean / nats - 1:+.1%}")
        assert found.mean == pytest.approx(nats, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_above_log_n_it_stays_at_log_n_and_more_negatives_raise_it(seed):
    estimates = [mi.estimate_bound(12.0, n, 10, 1, dice(seed)) for n in (8, 64, 512)]
    for found in estimates:
        assert found.mean == pytest.approx(found.ceiling, abs=0.01)
    middle = [mi.estimate_bound(3.0, n, 4096 // n, 1, dice(seed)) for n in (4, 16, 64, 512)]
    means = [found.mean for found in middle]
    assert means == sorted(means) and means[-1] > means[0] + 1.2


def test_a_poor_critic_gives_a_loose_bound():
    correlation = mi.correlation_for_information(1.5)
    best = mi.estimate_bound(1.5, 256, 30, 1, dice())

    def timid(x, y):
        return 0.3 * mi.log_density_ratio(x, y, correlation)

    def shifted(x, y):  # a term of x alone cancels in the softmax
        return mi.log_density_ratio(x, y, correlation) + 5 * x

    poor = mi.estimate_bound(1.5, 256, 30, 1, dice(), critic=timid)
    same = mi.estimate_bound(1.5, 256, 30, 1, dice(), critic=shifted)
    assert poor.mean < best.mean - 0.1
    assert same.mean == pytest.approx(best.mean, abs=1e-9)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 1.0])
def test_cosines_cannot_show_more_than_two_over_the_temperature(temperature):
    count = 64
    scores = torch.full((count, count), -1.0, dtype=torch.float64).fill_diagonal_(1.0)
    best = mi.mutual_information_bound(scores / temperature, torch.arange(count))
    assert mi.most_by_cosine(count, temperature) == pytest.approx(float(best))
    assert mi.most_by_cosine(10**9, temperature) <= min(2 / temperature, math.log(10**9)) + 1e-9
    random = torch.rand(count, count, generator=dice(), dtype=torch.float64) * 2 - 1
    shown = mi.mutual_information_bound(random / temperature, torch.arange(count))
    assert float(shown) < float(best)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mi.correlation_for_information(-1.0), "nats >= 0"),
        (lambda: mi.correlated_gaussians(0, 0.5), "one pair"),
        (lambda: mi.correlated_gaussians(3, -1.5), "inside"),
        (lambda: mi.correlated_gaussians(3, 1.0), "inside"),
        (lambda: mi.correlated_gaussians(3, 0.5, 0), "a dimension"),
        (lambda: mi.log_density_ratio(torch.zeros(2, 1), torch.zeros(2, 2), 0.1), "share"),
        (lambda: mi.estimate_bound(1.0, 1), "two candidates"),
        (lambda: mi.estimate_bound(1.0, 4, 1), "two candidates and batches"),
        (lambda: mi.most_by_cosine(4, 0.0), "temperature above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_in_plain_words(as_shipped, call, words):
    with pytest.raises(ValueError, match=words):
        call()
