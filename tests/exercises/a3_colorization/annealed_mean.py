"""Wrong and right answers to annealed_mean."""

import torch
from torch.nn import functional as F


def mixed(weights, bins):
    return torch.einsum("nqhw,qc->nchw", weights, bins.to(weights))


def refusing(answer, exception=ValueError, wrong=lambda t: t <= 0):
    def guarded(logits, bins, temperature):
        if wrong(temperature):
            raise exception("the temperature must be positive")
        return answer(logits, bins, temperature)

    return guarded


def both(*answers):
    """With and without the test of the temperature."""
    return [form for answer in answers for form in (refusing(answer), answer)]


def _right(x, b, t):
    return mixed(torch.softmax(x / t, 1), b)


def _no_grad(x, b, t):
    with torch.no_grad():
        return _right(x, b, t)


def _assert(x, b, t):
    assert t > 0, "the temperature must be positive"
    return _right(x, b, t)


def _exp_share(x):
    return x.exp() / x.exp().sum(1, keepdim=True)


def _power_share(x, t):
    powers = torch.softmax(x, 1) ** (1 / t)
    return powers / powers.sum(1, keepdim=True)


WRONG = {
    "temperature_multiplied": both(lambda x, b, t: mixed(torch.softmax(x * t, 1), b)),
    "temperature_ignored": both(lambda x, b, t: mixed(torch.softmax(x, 1), b)),
    "temperature_after_softmax": both(
        lambda x, b, t: mixed(torch.softmax(x, 1) / t, b),
        lambda x, b, t: mixed(torch.softmax(x, 1) * t, b),
    ),
    "temperature_on_probabilities": both(
        lambda x, b, t: mixed(torch.softmax(torch.softmax(x, 1) / t, 1), b),
    ),
    "mode_for_mean": both(
        lambda x, b, t: b[x.argmax(1)].permute(0, 3, 1, 2),
        lambda x, b, t: b[(x / t).argmax(1)].permute(0, 3, 1, 2) + 0 * x[:, :1],
    ),
    "softmax_over_the_pixels": both(
        lambda x, b, t: mixed(torch.softmax(x / t, -1), b),
        lambda x, b, t: mixed(torch.softmax(x / t, 0), b),
        lambda x, b, t: mixed(torch.softmax(x / t, 2), b),
        lambda x, b, t: mixed(torch.softmax((x / t).flatten(2), -1).view_as(x), b),
    ),
    "not_normalised": both(
        lambda x, b, t: mixed((x / t).exp(), b),
        lambda x, b, t: mixed(x / t, b),
        lambda x, b, t: mixed(torch.softmax(x, 1) ** (1 / t), b),
    ),
    "mean_over_bins": both(
        lambda x, b, t: mixed(torch.softmax(x / t, 1), b) / len(b),
    ),
    "overflow": both(lambda x, b, t: mixed(_exp_share(x / t), b)),
    "powers_underflow": both(lambda x, b, t: mixed(_power_share(x, t), b)),
    "a_and_b_swapped": both(lambda x, b, t: _right(x, b, t).flip(1)),
    "channels_last": both(lambda x, b, t: _right(x, b, t).permute(0, 2, 3, 1)),
    "scaled_to_one": both(
        lambda x, b, t: _right(x, b, t) / 110,
        lambda x, b, t: _right(x, b, t) / 128,
    ),
    "gradient_cut": both(
        lambda x, b, t: _right(x, b, t).detach(),
        _no_grad,
        lambda x, b, t: torch.tensor(_right(x, b, t).tolist(), dtype=x.dtype),
    ),
    "temperature_not_refused": [_right, lambda x, b, t: _right(x, b, max(t, 1e-6))],
    "zero_temperature_accepted": [refusing(_right, wrong=lambda t: t < 0)],
    "wrong_exception": [
        _assert,
        refusing(_right, RuntimeError),
        refusing(_right, Exception),
        refusing(_right, TypeError),
    ],
}


def _positive(temperature):
    if temperature <= 0:
        raise ValueError("the temperature must be positive")


def _mean_einsum(logits, bins, temperature):
    _positive(temperature)
    return torch.einsum("nqhw,qc->nchw", (logits / temperature).softmax(1), bins)


def _mean_matmul(logits, bins, temperature):
    _positive(temperature)
    weights = F.softmax(logits.permute(0, 2, 3, 1) / temperature, dim=-1)
    return (weights @ bins).permute(0, 3, 1, 2)


def _mean_of_logs(logits, bins, temperature):
    _positive(temperature)
    log_p = F.log_softmax(logits.double(), dim=1)
    weights = torch.softmax(log_p / temperature, dim=1)
    return (weights[:, :, None] * bins.double()[None, :, :, None, None]).sum(dim=1)


def _mean_by_hand(logits, bins, temperature):
    if not temperature > 0:
        raise ValueError("not positive")
    scaled = logits / temperature
    powers = torch.exp(scaled - scaled.amax(1, keepdim=True))
    weights = powers / powers.sum(1, keepdim=True)
    planes = [(weights * bins[:, k].view(1, -1, 1, 1)).sum(1) for k in range(2)]
    return torch.stack(planes, dim=1)


def _mean_loop(logits, bins, temperature):
    _positive(temperature)
    weights = torch.softmax(logits.mul(1 / temperature), dim=1)
    total = torch.zeros_like(logits[:, :2])
    for number, colour in enumerate(bins):
        total = total + weights[:, number, None] * colour.view(1, 2, 1, 1)
    return total


def _mean_convolution(logits, bins, temperature):
    _positive(temperature)
    return F.conv2d(torch.softmax(logits / temperature, 1), bins.T[:, :, None, None])


RIGHT = {
    "einsum": _mean_einsum,
    "matrix product": _mean_matmul,
    "of log probabilities, float64": _mean_of_logs,
    "softmax by hand": _mean_by_hand,
    "loop over bins": _mean_loop,
    "1 × 1 convolution": _mean_convolution,
}


# What the first variant of each mistake earns.
MARKS = {
    "temperature_multiplied": 1.75,
    "temperature_ignored": 1.75,
    "temperature_after_softmax": 1.25,
    "temperature_on_probabilities": 1,
    "mode_for_mean": 0.75,
    "softmax_over_the_pixels": 0.75,
    "not_normalised": 0.75,
    "mean_over_bins": 0.75,
    "overflow": 3.5,
    "powers_underflow": 3.5,
    "a_and_b_swapped": 1.25,
    "channels_last": 2.25,
    "scaled_to_one": 0.75,
    "gradient_cut": 3.5,
    "temperature_not_refused": 3.75,
    "zero_temperature_accepted": 3.75,
    "wrong_exception": 3.75,
}
