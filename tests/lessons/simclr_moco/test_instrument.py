"""The queue laboratory where nothing is displayed: ages, likeness, momentum, restart."""

import pytest
import torch
from torch.nn import functional as F

from course_utils.lessons.simclr_moco.instrument import QueueLab, WatchedQueue
from tests.figures import pictures, words


@pytest.fixture
def watched():
    return WatchedQueue(pictures(64, side=16), momentum=0.9, keys=48, batch=16)


def test_the_ring_fills_and_then_the_oldest_go(watched):
    watched.step(2)
    assert watched.model.queue.ages().tolist() == [2] * 16 + [1] * 16 + [-1] * 16
    watched.step(2)
    assert watched.model.queue.ages().tolist() == [1] * 16 + [3] * 16 + [2] * 16
    assert len(watched.likeness()) == 3


def test_an_encoder_that_never_moves_makes_the_same_keys_again(watched):
    watched.set(momentum=1.0)
    watched.step(4)
    assert watched.likeness() == pytest.approx([1, 1, 1], abs=1e-5)
    watched.set(momentum=0.0)
    watched.step(4)
    newest, *_, oldest = watched.likeness()
    assert newest == pytest.approx(1, abs=1e-5) and oldest < 0.999


def test_looking_changes_nothing(watched):
    watched.step(3)
    before = {name: value.clone() for name, value in watched.model.state_dict().items()}
    watched.figure()
    after = watched.model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    lengths = F.normalize(watched.model.queue.keys, dim=1)
    assert torch.allclose(lengths, watched.model.queue.keys, atol=1e-6)


def test_the_figure_tells_the_step(watched):
    watched.step(2)
    text = words(watched.figure())
    assert "step 2" in text and "16 still random" in text


def test_a_queue_of_half_a_batch_is_refused():
    with pytest.raises(ValueError, match="whole number of batches"):
        WatchedQueue(pictures(64, side=16), keys=40, batch=16)


def test_momentum_changes_while_it_goes_on_and_another_queue_starts_anew():
    lab = QueueLab(pictures(64, side=16))
    lab.trainer.step(2)
    lab.trainer.set(momentum=0.0)
    assert lab.trainer.state.momentum == 0.0 and lab.trainer.state.steps == 2
    first = lab.canvas.picture
    lab.trainer.step(1)
    assert (first != lab.canvas.picture).any()
    lab.trainer.set(keys=64)
    assert lab.trainer.state.steps == 0 and len(lab.trainer.state.model.queue) == 64
