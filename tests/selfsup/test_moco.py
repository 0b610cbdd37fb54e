import math
from collections import deque

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.core import steps
from course_utils.core.encoders import ConvEncoder
from course_utils.core.training import Minibatches
from course_utils.selfsup import moco, simclr
from course_utils.selfsup.views import ViewRecipe


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def units(*shape, seed=0, dtype=torch.float64):
    return F.normalize(normal(*shape, seed=seed, dtype=dtype), dim=1)


def test_logits_equal_dot_products_one_by_one():
    queries, keys, queue = units(3, 4), units(3, 4, seed=1), units(5, 4, seed=2)
    logits = moco.moco_logits(queries, keys, queue, 0.3)
    assert logits.shape == (3, 6)
    for i in range(3):
        others = [keys[i], *queue]
        for column, other in enumerate(others):
            dot = sum(a * b for a, b in zip(queries[i].tolist(), other.tolist(), strict=True))
            assert logits[i, column].item() == pytest.approx(dot / 0.3)


def test_loss_is_the_softmax_against_the_own_key_and_log_candidates_when_undecided():
    logits = normal(4, 6)
    total = 0.0
    for row in logits.tolist():
        total -= row[0] - math.log(sum(math.exp(value) for value in row))
    assert moco.moco_loss(logits).item() == pytest.approx(total / 4)
    assert moco.moco_loss(torch.zeros(2, 9)).item() == pytest.approx(math.log(9))


@pytest.mark.parametrize(("size", "batch"), [(6, 2), (7, 3), (5, 5), (8, 3)])
def test_the_queue_is_a_deque(size, batch):
    queue, place = torch.arange(size, dtype=torch.float32)[:, None], 0
    oracle = deque(range(size), maxlen=size)
    for turn in range(5):
        keys = 100.0 + batch * turn + torch.arange(batch)[:, None]
        queue, place = moco.enqueue_dequeue(queue, place, keys)
        oracle.extend(keys[:, 0].tolist())
        assert queue.roll(-place, dims=0)[:, 0].tolist() == list(oracle)


def test_enqueuing_before_backward_harms_nothing():
    queue = moco.KeyQueue(8, 4, torch.Generator().manual_seed(0))
    queries = units(2, 4, dtype=torch.float32).requires_grad_()
    logits = moco.moco_logits(queries, queries.detach(), queue.keys)
    expected = torch.autograd.grad(moco.moco_loss(logits), queries, retain_graph=True)[0]
    before = queue.keys
    queue.enqueue(units(2, 4, seed=5, dtype=torch.float32))
    assert torch.equal(torch.autograd.grad(moco.moco_loss(logits), queries)[0], expected)
    assert before is not queue.keys and not torch.equal(before, queue.keys)


def test_writing_into_the_queue_in_place_is_what_breaks_backward():
    """The trap that the copy avoids; it would go unnoticed only if autograd stopped looking."""
    queue, queries = units(8, 4), units(2, 4, seed=1).requires_grad_()
    loss = moco.moco_loss(moco.moco_logits(queries, queries.detach(), queue))
    queue[:2] = 0
    with pytest.raises(RuntimeError, match="inplace"):
        loss.backward()


def test_no_gradient_lives_in_the_queue():
    keys = units(2, 4).requires_grad_()
    renewed, place = moco.enqueue_dequeue(units(6, 4, seed=1), 5, keys)
    assert place == 1 and not renewed.requires_grad
    assert torch.equal(renewed[[5, 0]], keys)


def test_ages_count_batches_and_a_saved_queue_goes_on():
    queue = moco.KeyQueue(5, 3, torch.Generator().manual_seed(0))
    assert queue.ages().tolist() == [-1] * 5
    assert torch.allclose(queue.keys.norm(dim=1), torch.ones(5))
    for turn in range(3):
        queue.enqueue(units(2, 3, seed=turn, dtype=torch.float32))
    # rows 0, 1 then 2, 3 then 4, 0
    assert queue.ages().tolist() == [1, 3, 2, 2, 1]
    other = moco.KeyQueue(5, 3)
    other.load_state_dict(queue.state_dict())
    for each in (queue, other):
        each.enqueue(units(2, 3, seed=9, dtype=torch.float32))
    assert torch.equal(queue.keys, other.keys) and torch.equal(queue.ages(), other.ages())


def test_momentum_follows_the_closed_form():
    torch.manual_seed(0)
    key, query = nn.Linear(3, 2).double(), nn.Linear(3, 2).double()
    start, target = key.weight.detach().clone(), query.weight.detach().clone()
    for _ in range(10):
        moco.momentum_update(key, query, 0.9)
    expected = 0.9**10 * start + (1 - 0.9**10) * target
    assert torch.allclose(key.weight, expected)
    assert torch.equal(query.weight, target)
    assert key.weight.requires_grad and key.weight.grad_fn is None


def test_momentum_one_rests_and_zero_copies():
    torch.manual_seed(0)
    key, query = nn.Linear(3, 2), nn.Linear(3, 2)
    before = key.weight.detach().clone()
    moco.momentum_update(key, query, 1.0)
    assert torch.equal(key.weight, before)
    gap = (before - query.weight).square().sum() + (key.bias - query.bias).square().sum()
    size = query.weight.square().sum() + query.bias.square().sum()
    assert moco.drift(key, query) == pytest.approx((gap / size).sqrt().item())
    moco.momentum_update(key, query, 0.0)
    assert torch.allclose(key.weight, query.weight) and moco.drift(key, query) == 0


def test_momentum_leaves_batch_statistics_alone():
    torch.manual_seed(0)
    key, query = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    query(torch.randn(8, 3))
    moco.momentum_update(key, query, 0.5)
    assert torch.equal(key.running_mean, torch.zeros(3))


def test_bad_input_is_refused_in_words(as_shipped):
    with pytest.raises(ValueError, match="own key"):
        moco.moco_logits(units(2, 3), units(3, 3), units(4, 3))
    with pytest.raises(ValueError, match="queue holds"):
        moco.moco_logits(units(2, 3), units(2, 3), units(4, 5))
    with pytest.raises(ValueError, match="temperature"):
        moco.moco_logits(units(2, 3), units(2, 3), units(4, 3), -1.0)
    with pytest.raises(ValueError, match="do not fit"):
        moco.enqueue_dequeue(units(4, 3), 0, units(5, 3))
    with pytest.raises(ValueError, match="place"):
        moco.enqueue_dequeue(units(4, 3), 4, units(2, 3))
    with pytest.raises(ValueError, match="momentum"):
        moco.momentum_update(nn.Linear(2, 2), nn.Linear(2, 2), 1.5)
    with pytest.raises(ValueError, match="same parameters"):
        moco.momentum_update(nn.Linear(2, 2), nn.Linear(2, 3), 0.5)
    with pytest.raises(ValueError, match="same parameters"):
        moco.momentum_update(nn.Linear(2, 2), nn.Linear(2, 2, bias=False), 0.5)
    with pytest.raises(ValueError, match="size"):
        moco.KeyQueue(0, 3)


def small_model(width=4):
    torch.manual_seed(0)
    network = simclr.ProjectedEncoder(ConvEncoder(width), 16)
    queue = moco.KeyQueue(64, 16, torch.Generator().manual_seed(0))
    return moco.MomentumContrast(network, queue)


def test_losses_follow_algorithm_one():
    model = small_model()
    with torch.no_grad():
        for parameter in model.query.parameters():
            parameter.add_(0.1)
    views = torch.rand(12, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    twin = small_model()
    twin.load_state_dict(model.state_dict())
    values = moco.moco_losses(model, views, momentum=0.75, temperature=0.5)
    with torch.no_grad():  # the same, line by line
        for key, query in zip(twin.key.parameters(), twin.query.parameters(), strict=True):
            key.copy_(0.75 * key + 0.25 * query)
        q, k = F.normalize(twin.query(views[:6])), F.normalize(twin.key(views[6:]))
        candidates = torch.cat([(q * k).sum(1, keepdim=True), q @ twin.queue.keys.T], 1) / 0.5
        loss = -(candidates[:, 0] - candidates.logsumexp(1)).mean()
    assert values["loss"].item() == pytest.approx(loss.item(), rel=1e-5)
    assert torch.allclose(model.queue.keys[:6], k, atol=1e-6)
    assert int(model.queue.place) == 6
    values["loss"].backward()
    assert all(parameter.grad is None for parameter in model.key.parameters())
    assert all(parameter.grad is not None for parameter in model.query.parameters())


def test_forward_changes_neither_queue_nor_copy():
    model = small_model().eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    queries = model(torch.rand(5, 3, 16, 16))
    assert torch.allclose(queries.norm(dim=1), torch.ones(5))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_an_optimiser_of_the_model_never_holds_the_copy():
    model = small_model()
    optimiser, _ = steps.one_cycle([model], 5)
    held = {id(parameter) for group in optimiser.param_groups for parameter in group["params"]}
    assert held == {id(parameter) for parameter in model.query.parameters()}


def test_some_steps_of_training_make_the_views_of_a_picture_alike():
    model, generator = small_model(), torch.Generator().manual_seed(0)
    colours = torch.rand(256, 3, 1, 1, generator=generator)
    images = colours + 0.05 * torch.randn(256, 3, 16, 16, generator=generator)
    recipe = ViewRecipe(jitter=0.0, grey=0.0)

    def found():
        views = simclr.two_views(images, recipe, torch.Generator().manual_seed(1))
        with torch.no_grad():
            return simclr.pairs_found(model.query(views))

    before = found()
    optimiser, schedule = steps.one_cycle([model.query], 60)
    step = steps.gradient_step(lambda v: moco.moco_losses(model, v, 0.9), optimiser, schedule)
    for batch in Minibatches(images, 32, generator):
        if step(simclr.two_views(batch, recipe, generator)) and schedule.last_epoch >= 59:
            break
    assert found() > 2 * before and int(model.queue.ages().max()) == 2
