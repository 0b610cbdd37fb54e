from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_utils.core import encoders, metrics, steps


def test_parameter_counts_equal_the_sum_over_layers():
    for width in (16, 32):
        # kernels 3x3 between these channels, and two numbers a channel for batch normalisation
        chain = [3, width, 2 * width, 2 * width, 4 * width, 4 * width]
        expected = sum(9 * a * b + 2 * b for a, b in pairwise(chain))
        assert metrics.count_parameters(encoders.ConvEncoder(width)) == expected
    assert round(metrics.count_parameters(encoders.ConvEncoder(16)) / 1e3) == 70
    assert round(metrics.count_parameters(encoders.ConvEncoder(32)) / 1e3) == 278


def test_maps_halve_the_picture_three_times():
    maps = encoders.ConvEncoder(8).maps(torch.rand(2, 3, 32, 24))
    assert [tuple(m.shape) for m in maps] == [(2, 16, 16, 12), (2, 32, 8, 6), (2, 32, 4, 3)]


def test_pooling_equals_means_over_regions():
    feature_map = torch.rand(2, 3, 8, 8)
    pooled = encoders.pool_map(feature_map, 2).view(2, 3, 2, 2)
    for row in range(2):
        for column in range(2):
            region = feature_map[:, :, 4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert torch.allclose(pooled[:, :, row, column], region.mean(dim=(2, 3)))
    with pytest.raises(ValueError, match="cells"):
        encoders.pool_map(feature_map, 9)


def test_features_do_not_depend_on_the_batch_and_leave_the_mode_alone():
    encoder = encoders.ConvEncoder(8).train()
    images = torch.rand(7, 3, 16, 16)
    whole = encoders.features_of(encoder, images, layer=2, pool=2)
    parts = encoders.features_of(encoder, images, layer=2, pool=2, batch_size=3)
    assert torch.allclose(whole, parts, atol=1e-6)
    assert encoder.training and encoder.first[0][1].training
    with pytest.raises(ValueError, match="layer"):
        encoders.features_of(encoder, images, layer=4)


def test_settled_statistics_are_those_of_the_pictures():
    torch.manual_seed(0)
    encoder = encoders.ConvEncoder(4)
    images = torch.rand(40, 3, 16, 16)
    encoders.settle_batch_statistics(encoder, images, batch_size=20)
    convolved = encoder.first[0][0]((images - 0.5) / 0.25)
    layer = encoder.first[0][1]
    assert torch.allclose(layer.running_mean, convolved.mean(dim=(0, 2, 3)), atol=1e-5)
    assert layer.momentum == 0.1


def test_a_frozen_block_stays_in_evaluation_mode():
    encoder = encoders.ConvEncoder(4)
    encoder.first.requires_grad_(False)
    encoder.train()
    assert not encoder.first[0][1].training and encoder.second[0][1].training
    before = encoder.first[0][1].running_mean.clone()
    encoder(torch.rand(3, 3, 16, 16))
    assert torch.equal(before, encoder.first[0][1].running_mean)


def test_decoders_answer_at_their_resolution():
    maps = encoders.ConvEncoder(4).maps(torch.rand(2, 3, 32, 40))
    assert encoders.SkipDecoder(4, 7)(maps).shape == (2, 7, 16, 20)
    assert encoders.BottleneckDecoder(4, 3)(maps.third).shape == (2, 3, 32, 40)


def test_encoder_refuses_what_it_cannot_read():
    with pytest.raises(ValueError, match="width"):
        encoders.ConvEncoder(0)
    with pytest.raises(ValueError, match="spread"):
        encoders.ConvEncoder(4, spread=0.0)
    with pytest.raises(ValueError, match="expected pictures"):
        encoders.ConvEncoder(4).maps(torch.rand(1, 1, 16, 16))
    with pytest.raises(ValueError, match="8 pixels"):
        encoders.ConvEncoder(4).maps(torch.rand(1, 3, 4, 4))


def test_gradient_step_is_one_step_of_plain_descent():
    layer = nn.Linear(3, 1)
    inputs, targets = torch.rand(5, 3), torch.rand(5, 1)
    loss = F.mse_loss(layer(inputs), targets)
    slope = torch.autograd.grad(loss, layer.weight)[0]
    expected = layer.weight - 0.1 * slope
    optimiser = torch.optim.SGD(layer.parameters(), lr=0.1)
    step = steps.gradient_step(lambda batch: {"loss": F.mse_loss(layer(batch), targets)}, optimiser)
    values = step(inputs)
    assert torch.allclose(layer.weight, expected) and not values["loss"].requires_grad
    with pytest.raises(ValueError, match="loss"):
        steps.gradient_step(lambda batch: {"error": batch}, optimiser)(inputs)


def test_one_cycle_rises_falls_and_rests():
    layer = nn.Linear(2, 2)
    optimiser, schedule = steps.one_cycle([layer], steps=20, rate=1.0)
    rates = []
    for _ in range(30):
        rates.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert rates.index(max(rates)) <= 3 and max(rates) == pytest.approx(1.0)
    assert rates[19] < 1e-3 and rates[-1] == rates[20]
    layer.requires_grad_(False)
    with pytest.raises(ValueError, match="trained"):
        steps.one_cycle([layer], steps=3)


def test_fast_precision_is_the_same_network_to_two_digits_and_trains_float32_weights():
    torch.manual_seed(0)
    network = encoders.Classifier(encoders.ConvEncoder(8), 3)
    images = torch.rand(6, 3, 16, 16)
    fast = steps.fast_precision(network)(images)
    assert fast.dtype == torch.float32
    assert torch.allclose(fast, network(images), atol=0.05)
    fast.sum().backward()
    assert all(p.grad.dtype == torch.float32 for p in network.parameters())
