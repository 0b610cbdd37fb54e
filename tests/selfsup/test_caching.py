import subprocess
import sys

import pytest
import torch
from torch import nn

from course_utils.selfsup import caching, simclr
from course_utils.selfsup.encoders import ConvEncoder


def normal(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


@pytest.mark.parametrize("rows", [1, 3, 8, 20, 100])
def test_the_loss_by_blocks_equals_the_whole_in_value_and_gradient(rows):
    whole, parts = (normal(20, 6).requires_grad_() for _ in range(2))
    expected, value = simclr.nt_xent(whole, 0.3), caching.blockwise_nt_xent(parts, 0.3, rows)
    expected.backward()
    value.backward()
    assert value.item() == pytest.approx(expected.item(), rel=1e-12)
    assert torch.allclose(parts.grad, whole.grad, rtol=1e-11, atol=1e-15)


def gradients(network, encode, inputs):
    network.zero_grad()
    loss = simclr.nt_xent(encode(network, inputs), 0.4)
    loss.backward()
    return loss.item(), [parameter.grad.clone() for parameter in network.parameters()]


@pytest.mark.parametrize("part", [1, 4, 5, 12, 50])
def test_encoding_in_parts_equals_encoding_at_once(part):
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.LazyLinear(8)
    ).double()
    inputs = normal(12, 3, 6, 6)
    network(inputs[:1])
    loss, expected = gradients(network, lambda net, x: net(x), inputs)
    again, found = gradients(network, lambda net, x: caching.encode_in_parts(net, x, part), inputs)
    assert again == pytest.approx(loss, rel=1e-12)
    for a, b in zip(found, expected, strict=True):
        assert torch.allclose(a, b, rtol=1e-10, atol=1e-14)


def test_a_frozen_part_gets_no_gradient_and_the_rest_gets_its_own():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    network[0].requires_grad_(False)
    inputs = normal(8, 5)
    expected = torch.autograd.grad(simclr.nt_xent(network(inputs)), list(network[2].parameters()))
    simclr.nt_xent(caching.encode_in_parts(network, inputs, 3)).backward()
    assert network[0].weight.grad is None
    found = [parameter.grad for parameter in network[2].parameters()]
    assert all(torch.allclose(a, b) for a, b in zip(found, expected, strict=True))


def test_dropout_repeats_itself_on_the_way_back():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(5, 9), nn.Dropout(0.5), nn.Linear(9, 3)).double()
    inputs = normal(8, 5)

    def by_hand(net, x):
        return torch.cat([net(rows) for rows in x.split(3)])

    torch.manual_seed(7)
    loss, expected = gradients(network, by_hand, inputs)
    torch.manual_seed(7)
    again, found = gradients(network, lambda net, x: caching.encode_in_parts(net, x, 3), inputs)
    assert again == loss
    assert all(torch.allclose(a, b) for a, b in zip(found, expected, strict=True))


def test_running_statistics_move_once_for_each_part():
    torch.manual_seed(0)
    ours = ConvEncoder(2).double()
    theirs = ConvEncoder(2).double()
    theirs.load_state_dict(ours.state_dict())
    images = normal(8, 3, 16, 16).sigmoid()
    simclr.nt_xent(caching.encode_in_parts(ours, images, 4)).backward()
    for part in images.split(4):
        theirs(part)
    for (name, value), other in zip(ours.named_buffers(), theirs.buffers(), strict=True):
        assert torch.allclose(value, other), name
    assert any(parameter.grad.abs().sum() > 0 for parameter in ours.parameters())


def test_bad_input_is_refused_in_words():
    with pytest.raises(ValueError, match="rows must be"):
        caching.blockwise_nt_xent(torch.randn(4, 2), rows=0)
    with pytest.raises(ValueError, match="two views"):
        caching.blockwise_nt_xent(torch.randn(5, 2))
    with pytest.raises(ValueError, match="parts of 0"):
        caching.encode_in_parts(nn.Linear(2, 2), torch.randn(4, 2), 0)
    with pytest.raises(ValueError, match="no gradient"):
        caching.encode_in_parts(nn.Linear(2, 2), torch.randn(4, 2, requires_grad=True), 2)


MEMORY = """
import re, torch
from course_utils.selfsup import caching, encoders, simclr

def peak():
    # Not ru_maxrss: a child inherits that from the process that started it.
    status = open("/proc/self/status").read()
    return int(re.search(r"VmHWM:\\s+(\\d+)", status).group(1))

torch.set_num_threads(1)
network = simclr.ProjectedEncoder(encoders.ConvEncoder(8), 32)
pictures, call = {pictures}, {call!r}
images = torch.rand(2 * pictures, 3, 16, 16)
small = torch.randn(64, 32, requires_grad=True)
caching.blockwise_nt_xent(small, rows=32).backward()
simclr.nt_xent(network(images[:8])).backward()
before = peak()
if call == "cached":
    z = caching.encode_in_parts(network, images, 256)
    loss = caching.blockwise_nt_xent(z, 0.5, rows=256)
else:
    loss = simclr.nt_xent(network(images), 0.5)
loss.backward()
print((peak() - before) / 1024)
"""


def peak_megabytes(pictures, call):
    code = MEMORY.format(pictures=pictures, call=call)
    return float(subprocess.check_output([sys.executable, "-c", code], text=True))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc is there on Linux only")
def test_a_large_batch_needs_a_fraction_of_the_memory():
    cached, plain = (peak_megabytes(3000, call) for call in ("cached", "plain"))
    print(f"3000 pictures: {cached:.0f} MB cached, {plain:.0f} MB at once")
    assert cached < plain / 4
