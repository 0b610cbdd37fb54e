import math

import numpy as np
import pytest
import torch

from course_utils.core.encoders import ConvEncoder
from course_utils.selfsup import pretext


def images_of(count=3, side=6):
    return torch.arange(count * 3 * side * side, dtype=torch.float32).view(count, 3, side, side)


def test_the_batch_of_four_rotations_equals_numpy_picture_by_picture():
    images = images_of()
    rotated, labels = pretext.rotate_batch(images)
    for row in range(12):
        turn, picture = divmod(row, 3)
        assert labels[row] == turn
        expected = np.rot90(images[picture].numpy(), turn, axes=(1, 2))
        assert np.array_equal(rotated[row].numpy(), expected)


def test_counter_clockwise_brings_the_top_right_corner_to_the_top_left():
    image = torch.zeros(1, 1, 4, 4)
    image[0, 0, 0, 3] = 1
    assert pretext.rotate_each(image, torch.tensor([1]))[0, 0, 0, 0] == 1


def test_each_picture_takes_its_own_turn_and_the_input_stays():
    images = images_of(5)
    before = images.clone()
    turns = torch.tensor([2, 0, 3, 1, 1])
    rotated = pretext.rotate_each(images, turns)
    for k in range(5):
        assert np.array_equal(rotated[k].numpy(), np.rot90(images[k].numpy(), turns[k], (1, 2)))
    assert torch.equal(images, before)


def test_rotation_loss_equals_the_loop_and_log_four_when_undecided():
    logits = torch.randn(6, 4, dtype=torch.float64)
    turns = torch.tensor([0, 1, 2, 3, 3, 0])
    total = 0.0
    for row, turn in zip(logits.tolist(), turns.tolist(), strict=True):
        total -= row[turn] - math.log(sum(math.exp(value) for value in row))
    assert pretext.rotation_loss(logits, turns).item() == pytest.approx(total / 6)
    assert pretext.rotation_loss(torch.zeros(6, 4), turns).item() == pytest.approx(math.log(4))


def test_rotation_refuses_bad_input():
    with pytest.raises(ValueError, match="square"):
        pretext.rotate_batch(torch.rand(2, 3, 4, 6))
    with pytest.raises(ValueError, match="0 to 3"):
        pretext.rotate_each(images_of(), torch.tensor([0, 1, 4]))


def test_central_mask_hides_a_quarter_in_the_middle():
    mask = pretext.central_mask(32, 32)
    assert mask.float().mean() == 0.25
    assert mask[0, 0, 8:24, 8:24].all() and mask.flip(-1).equal(mask) and mask.flip(-2).equal(mask)
    with pytest.raises(ValueError, match="fraction"):
        pretext.central_mask(32, 32, 1.0)


def test_block_masks_are_unions_of_squares_inside_the_picture():
    one = pretext.block_masks(50, (20, 30), 7, blocks=1, generator=torch.Generator().manual_seed(0))
    for mask in one[:, 0]:
        rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
        assert len(rows) == len(columns) == 7 and mask.sum() == 49
    many = pretext.block_masks(50, (20, 30), 7, generator=torch.Generator().manual_seed(0))
    shares = many.flatten(1).sum(1)
    assert (shares >= 49).all() and (shares <= 147).all()
    with pytest.raises(ValueError, match="fit"):
        pretext.block_masks(2, (6, 6), 7)


def test_completion_loss_counts_the_missing_pixels_only():
    images, predicted = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
    missing = torch.rand(2, 1, 8, 8) < 0.3
    total, count = 0.0, 0
    for index in missing[:, 0].nonzero().tolist():
        k, row, column = index
        for channel in range(3):
            error = predicted[k, channel, row, column] - images[k, channel, row, column]
            total, count = total + error.item() ** 2, count + 1
    loss = pretext.completion_loss(predicted, images, missing)
    assert loss.item() == pytest.approx(total / count, rel=1e-4)
    wrong_outside = torch.where(missing, images, predicted)
    assert pretext.completion_loss(wrong_outside, images, missing) == 0
    with pytest.raises(ValueError, match="missing"):
        pretext.completion_loss(predicted, images, torch.zeros(1, 1, 8, 8, dtype=torch.bool))


def test_what_is_erased_cannot_be_seen():
    images = torch.rand(2, 3, 16, 16)
    other = images.clone()
    mask = pretext.central_mask(16, 16)
    other[:, :, 4:12, 4:12] = torch.rand(2, 3, 8, 8)
    erased = pretext.erase(images, mask)
    assert torch.equal(erased, pretext.erase(other, mask))
    assert torch.equal(pretext.complete(images, erased, mask), images)


def test_context_encoder_answers_in_the_shape_of_the_picture():
    network = pretext.ContextEncoder(4)
    predicted = network(torch.rand(2, 3, 16, 24))
    assert predicted.shape == (2, 3, 16, 24) and predicted.min() > 0 and predicted.max() < 1
    assert isinstance(network.encoder, ConvEncoder)
    with pytest.raises(ValueError, match="multiples of 8"):
        network(torch.rand(2, 3, 12, 12))
