"""Wrong answers of assignment 3 about many bins: `rebalancing_weights`, `annealed_mean`."""

import torch

# ----------------------------------------------------------------- rebalancing_weights


def mixture(p, u):
    return (1 - u) * p + u / len(p)


def weighed(weigh, scale=lambda p, u, w: w / (p * w).sum()):
    """An answer that weighs bins by one function and scales the weights by another."""
    return lambda p, u: scale(p, u, weigh(p, u))


def inverse(p, u):
    return 1 / mixture(p, u)


def unscaled(p, u, w):
    return w


def _sum_one(p, u, w):
    return w / w.sum()


def _plain_mean(p, u, w):
    return w / w.mean()


REBALANCING_WEIGHTS = {
    "shares_swapped": [
        weighed(lambda p, u: 1 / (u * p + (1 - u) / len(p))),
        weighed(lambda p, u: 1 / (u * p + (1 - u) / len(p)), unscaled),
    ],
    "uniform_ignored": [
        weighed(lambda p, u: 1 / (p / 2 + 0.5 / len(p))),
        weighed(lambda p, u: 1 / (p + 1 / len(p))),
        weighed(lambda p, u: 1 / (p + 1 / len(p)), unscaled),
        weighed(lambda p, u: 1 / (p / 2 + 0.5 / len(p)), unscaled),
    ],
    "no_uniform_part": [
        weighed(lambda p, u: 1 / p),
        weighed(lambda p, u: 1 / ((1 - u) * p)),
        weighed(lambda p, u: 1 / p, unscaled),
        weighed(lambda p, u: 1 / p, _sum_one),
    ],
    "uniform_not_divided": [
        weighed(lambda p, u: 1 / ((1 - u) * p + u)),
        weighed(lambda p, u: 1 / ((1 - u) * p + u), unscaled),
        weighed(lambda p, u: 1 / (p + u)),
        weighed(lambda p, u: 1 / ((1 - u) * p + u * len(p))),
    ],
    "epsilon_for_uniform": [
        weighed(lambda p, u, e=e: 1 / (p + e)) for e in (1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
    ],
    "not_inverted": [
        weighed(mixture),
        weighed(mixture, unscaled),
        weighed(lambda p, u: 1 - mixture(p, u)),
        weighed(lambda p, u: 1 - mixture(p, u), unscaled),
    ],
    "inverted_before_mixing": [
        weighed(lambda p, u: (1 - u) / p + u * len(p)),
        weighed(lambda p, u: (1 - u) / p + u * len(p), unscaled),
        weighed(lambda p, u: (1 - u) / p + u / len(p)),
    ],
    "logarithm_for_inverse": [
        weighed(lambda p, u: -mixture(p, u).log()),
        weighed(lambda p, u: mixture(p, u).rsqrt()),
        weighed(lambda p, u: -mixture(p, u).log(), unscaled),
        weighed(lambda p, u: mixture(p, u).rsqrt(), unscaled),
    ],
    "not_normalised": [
        weighed(inverse, unscaled),
        weighed(inverse, lambda p, u, w: w * (p * w).sum()),
    ],
    "sum_is_one": [weighed(inverse, _sum_one)],
    "plain_mean_is_one": [weighed(inverse, _plain_mean)],
    "mean_under_the_mixture": [
        weighed(inverse, lambda p, u, w: w / (mixture(p, u) * w).sum()),
        weighed(inverse, lambda p, u, w: w / len(w)),
    ],
    "largest_is_one": [
        weighed(inverse, lambda p, u, w: w / w.max()),
        weighed(inverse, lambda p, u, w: w / w.min()),
    ],
    "softmax_of_weights": [
        weighed(inverse, lambda p, u, w: torch.softmax(w, 0)),
        weighed(inverse, lambda p, u, w: torch.softmax(w / (p * w).sum(), 0)),
        weighed(mixture, lambda p, u, w: torch.softmax(-w, 0)),
    ],
}

# ----------------------------------------------------------------------- annealed_mean


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


ANNEALED_MEAN = {
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
