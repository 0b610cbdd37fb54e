import math

import pytest
import torch
from lightly.loss import NTXentLoss
from torch import nn

from course_utils.core import steps
from course_utils.core.encoders import ConvEncoder
from course_utils.selfsup import simclr
from course_utils.selfsup.views import ViewRecipe


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def loss_by_loops(projections, temperature):
    """Algorithm 1 with the halves taken for its odd and even views, without torch."""
    rows = projections.tolist()
    lengths = [math.sqrt(sum(x * x for x in row)) for row in rows]

    def similarity(i, j):
        return sum(a * b for a, b in zip(rows[i], rows[j], strict=True)) / lengths[i] / lengths[j]

    def loss(i, j):
        others = [k for k in range(len(rows)) if k != i]
        total = sum(math.exp(similarity(i, k) / temperature) for k in others)
        return -math.log(math.exp(similarity(i, j) / temperature) / total)

    n = len(rows) // 2
    return sum(loss(k, n + k) + loss(n + k, k) for k in range(n)) / (2 * n)


@pytest.mark.parametrize(("pictures", "temperature"), [(1, 0.5), (2, 1.0), (5, 0.1), (7, 3.0)])
def test_nt_xent_equals_algorithm_one_in_loops(pictures, temperature):
    projections = normal(2 * pictures, 4, seed=pictures)
    expected = loss_by_loops(projections, temperature)
    assert simclr.nt_xent(projections, temperature).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("shape", [(2, 3), (16, 8), (200, 64)])
def test_nt_xent_equals_lightly_in_value_and_gradient(shape, temperature):
    ours, theirs = (normal(*shape, seed=shape[0]).requires_grad_() for _ in range(2))
    value = simclr.nt_xent(ours, temperature)
    peer = NTXentLoss(temperature=temperature)(*theirs.chunk(2))
    slope, peer_slope = (torch.autograd.grad(v, z)[0] for v, z in ((value, ours), (peer, theirs)))
    assert value.item() == pytest.approx(peer.item(), rel=1e-12)
    assert (slope - peer_slope).norm() <= 1e-12 * peer_slope.norm() + 1e-15


def test_nt_xent_is_log_of_the_candidates_when_all_look_alike():
    alike = torch.ones(12, 3, dtype=torch.float64)
    assert simclr.nt_xent(alike, 0.3).item() == pytest.approx(math.log(11))


def test_nt_xent_of_pairs_that_agree_and_are_otherwise_orthogonal():
    # e^(1/T) for the pair against 2n - 2 candidates of similarity 0
    pairs = torch.eye(4, dtype=torch.float64).repeat(2, 1)
    expected = math.log(1 + 6 * math.exp(-2.0))
    assert simclr.nt_xent(pairs, 0.5).item() == pytest.approx(expected)
    assert simclr.pairs_found(pairs) == 1.0
    assert simclr.pairs_found(pairs[[0, 1, 2, 3, 1, 0, 3, 2]]) == 0.0


def test_nt_xent_does_not_see_lengths_nor_the_order_of_pictures_or_halves():
    projections = normal(10, 6)
    value = simclr.nt_xent(projections)
    lengths = torch.linspace(0.1, 30, 10, dtype=torch.float64)[:, None]
    order = torch.tensor([3, 0, 4, 1, 2])
    assert torch.allclose(simclr.nt_xent(projections * lengths), value)
    assert torch.allclose(simclr.nt_xent(projections[torch.cat([order, 5 + order])]), value)
    assert torch.allclose(simclr.nt_xent(projections.roll(5, dims=0)), value)


def test_nt_xent_stays_finite_at_small_temperatures_and_in_float32():
    projections = normal(8, 4, dtype=torch.float32).requires_grad_()
    loss = simclr.nt_xent(projections, 1e-3)
    loss.backward()
    expected = simclr.nt_xent(projections.detach().double(), 1e-3)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-4)
    assert torch.isfinite(projections.grad).all()


def test_the_gradient_passes_finite_differences():
    assert torch.autograd.gradcheck(lambda z: simclr.nt_xent(z, 0.7), normal(6, 3).requires_grad_())


def test_the_other_view_of_the_other_view_is_the_view():
    index = simclr.two_views_index(5)
    assert index.tolist() == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4]
    assert index[index].tolist() == list(range(10))


def test_bad_input_is_refused_in_words(as_shipped):
    with pytest.raises(ValueError, match="two views"):
        simclr.nt_xent(torch.randn(5, 3))
    with pytest.raises(ValueError, match="two views"):
        simclr.nt_xent(torch.randn(0, 3))
    with pytest.raises(ValueError, match="temperature"):
        simclr.nt_xent(torch.randn(4, 3), 0.0)
    with pytest.raises(ValueError, match="picture"):
        simclr.two_views_index(0)
    with pytest.raises(ValueError, match="non-linear"):
        simclr.projection_head("deep", 4, 4)


def test_heads_are_nothing_one_matrix_and_two():
    features = normal(3, 8, dtype=torch.float32)
    assert torch.equal(simclr.projection_head("none", 8, 4)(features), features)
    linear = simclr.projection_head("linear", 8, 4)
    assert torch.allclose(linear(features), features @ linear.weight.T + linear.bias)
    first, _, last = simclr.projection_head("non-linear", 8, 4)
    hidden = (features @ first.weight.T + first.bias).clamp(min=0)
    expected = hidden @ last.weight.T + last.bias
    assert torch.allclose(nn.Sequential(first, nn.ReLU(), last)(features), expected, atol=1e-6)
    assert simclr.ProjectedEncoder(ConvEncoder(2), 5)(torch.rand(3, 3, 16, 16)).shape == (3, 5)


def test_views_are_two_different_ones_of_each_picture_in_halves():
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 8, 8) / 6
    plain = ViewRecipe(jitter=0.0, grey=0.0)
    views = simclr.two_views(images, plain, torch.Generator().manual_seed(0))
    assert torch.allclose(views[:6], images) and torch.allclose(views[6:], images)
    noisy = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    first, second = simclr.two_views(noisy, None, torch.Generator().manual_seed(2)).chunk(2)
    assert (first - second).abs().mean() > 0.01


def test_some_steps_of_training_find_most_pairs():
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    colours = torch.rand(32, 3, 1, 1, generator=generator)
    images = colours + 0.05 * torch.randn(32, 3, 16, 16, generator=generator)
    network = simclr.ProjectedEncoder(ConvEncoder(4), 16)
    optimiser, schedule = steps.one_cycle([network], 40)
    step = steps.gradient_step(
        lambda batch: simclr.simclr_losses(network, batch), optimiser, schedule
    )
    recipe = ViewRecipe(jitter=0.0, grey=0.0)
    values = [step(simclr.two_views(images, recipe, generator)) for _ in range(40)]
    assert values[0]["loss"].item() > values[-1]["loss"].item() + 0.5
    assert values[-1]["found"] > 0.5
