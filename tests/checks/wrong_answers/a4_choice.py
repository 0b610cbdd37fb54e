"""Wrong answers of assignment 4 about the choice among N: the loss, the bound, the gradient."""

import math

import torch
from torch.nn import functional as F


def chosen(x, labels):
    return x[torch.arange(len(x)), labels]


def hot(s, labels):
    return F.one_hot(labels, s.shape[1]).to(s)


def diagonal(s):
    return torch.arange(len(s))


def first(s):
    return torch.zeros(len(s), dtype=torch.long)


def negatives_only(s, labels):
    """log sum over the negatives alone."""
    return s.masked_fill(hot(s, labels).bool(), -math.inf).logsumexp(1)


def naive(s, labels):
    powers = s.exp()
    return -(chosen(powers, labels) / powers.sum(1)).log()


def detached(answer):
    """The right number in three ways that no gradient survives."""

    def no_grad(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    return [
        lambda *inputs: answer(*inputs).item(),
        lambda *inputs: answer(*inputs).detach(),
        no_grad,
        lambda *inputs: torch.tensor(answer(*inputs).item()),
    ]


# ---------------------------------------------------------------------------- info_nce


def loss(s, labels, t):
    return F.cross_entropy(s / t, labels)


INFO_NCE = {
    "temperature_multiplied": [lambda s, y, t: F.cross_entropy(s * t, y)],
    "temperature_ignored": [lambda s, y, t: F.cross_entropy(s, y)],
    "temperature_after_softmax": [
        lambda s, y, t: F.cross_entropy(s, y) / t,
        lambda s, y, t: F.cross_entropy(s, y) * t,
        lambda s, y, t: F.nll_loss(s.log_softmax(1) / t, y),
        lambda s, y, t: loss(s, y, t) * t,
        lambda s, y, t: loss(s, y, t) / t,
    ],
    "softmax_over_the_queries": [
        lambda s, y, t: F.nll_loss((s / t).log_softmax(0), y),
        lambda s, y, t: F.nll_loss((s / t - (s / t).logsumexp(0)), y),
    ],
    "labels_ignored": [lambda s, y, t: loss(s, diagonal(s), t)],
    "positive_always_first": [lambda s, y, t: loss(s, first(s), t)],
    "positive_left_out": [
        lambda s, y, t: (negatives_only(s / t, y) - chosen(s / t, y)).mean(),
    ],
    "mean_below_the_fraction": [
        lambda s, y, t: loss(s, y, t) - math.log(s.shape[1]),
    ],
    "sum_instead_of_mean": [lambda s, y, t: F.cross_entropy(s / t, y, reduction="sum")],
    "one_loss_per_query": [
        lambda s, y, t: F.cross_entropy(s / t, y, reduction="none"),
        lambda s, y, t: -chosen((s / t).log_softmax(1), y),
    ],
    "mean_over_all_scores": [
        lambda s, y, t: loss(s, y, t) / s.shape[1],
        lambda s, y, t: -chosen((s / t).log_softmax(1), y).sum() / s.numel(),
    ],
    "logarithm_of_the_mean": [
        lambda s, y, t: -chosen((s / t).softmax(1), y).mean().log(),
    ],
    "sign_flipped": [lambda s, y, t: -loss(s, y, t)],
    "no_logarithm": [
        lambda s, y, t: -chosen((s / t).softmax(1), y).mean(),
        lambda s, y, t: chosen((s / t).softmax(1), y).mean(),
        lambda s, y, t: F.nll_loss((s / t).softmax(1), y),
        lambda s, y, t: (1 - chosen((s / t).softmax(1), y)).mean(),
    ],
    "softmax_twice": [lambda s, y, t: F.cross_entropy((s / t).softmax(1), y)],
    "yes_or_no_for_each_key": [
        lambda s, y, t: F.binary_cross_entropy_with_logits(s / t, hot(s, y)),
        lambda s, y, t: (
            F.binary_cross_entropy_with_logits(s / t, hot(s, y), reduction="sum") / len(s)
        ),
    ],
    "log_base_2": [lambda s, y, t: loss(s, y, t) / math.log(2)],
    "overflow": [
        lambda s, y, t: naive(s / t, y).mean(),
        lambda s, y, t: -chosen((s / t).softmax(1), y).log().mean(),
        lambda s, y, t: -(chosen(s / t, y).exp() / (s / t).exp().sum(1)).log().mean(),
    ],
    "epsilon_in_log": [
        lambda s, y, t, e=e: -(chosen((s / t).softmax(1), y) + e).log().mean()
        for e in (1e-8, 1e-6, 1e-10, 1e-12)
    ],
    "minus_infinity_times_zero": [
        lambda s, y, t: -((s / t).log_softmax(1) * hot(s, y)).sum(1).mean(),
        lambda s, y, t: -((s / t).log_softmax(1) * hot(s, y)).sum() / len(s),
    ],
    "gradient_cut": detached(loss),
}

# ------------------------------------------------------------ mutual_information_bound


def bound(s, y):
    return math.log(s.shape[1]) - F.cross_entropy(s, y)


MUTUAL_INFORMATION_BOUND = {
    "loss_returned": [lambda s, y: F.cross_entropy(s, y)],
    "minus_loss_returned": [lambda s, y: -F.cross_entropy(s, y)],
    "sign_flipped": [lambda s, y: -bound(s, y)],
    "added": [lambda s, y: math.log(s.shape[1]) + F.cross_entropy(s, y)],
    "queries_counted": [
        lambda s, y: math.log(len(s)) - F.cross_entropy(s, y),
        lambda s, y: math.log(len(y)) - F.cross_entropy(s, y),
    ],
    "negatives_counted": [lambda s, y: math.log(s.shape[1] - 1) - F.cross_entropy(s, y)],
    "all_scores_counted": [lambda s, y: math.log(s.numel()) - F.cross_entropy(s, y)],
    "logarithm_forgotten": [lambda s, y: s.shape[1] - F.cross_entropy(s, y)],
    "bits_and_nats_mixed": [
        lambda s, y: math.log2(s.shape[1]) - F.cross_entropy(s, y),
        lambda s, y: bound(s, y) / math.log(2),
        lambda s, y: math.log10(s.shape[1]) - F.cross_entropy(s, y),
    ],
    "divided": [
        lambda s, y: math.log(s.shape[1]) / F.cross_entropy(s, y),
        lambda s, y: F.cross_entropy(s, y) / math.log(s.shape[1]),
        lambda s, y: 1 - F.cross_entropy(s, y) / math.log(s.shape[1]),
    ],
    "clamped": [
        lambda s, y: bound(s, y).clamp_min(0),
        lambda s, y: torch.relu(bound(s, y)),
        lambda s, y: (
            (math.log(s.shape[1]) - F.cross_entropy(s, y, reduction="none")).clamp_min(0).mean()
        ),
    ],
    "positive_left_out": [
        lambda s, y: math.log(s.shape[1]) - (negatives_only(s, y) - chosen(s, y)).mean(),
        lambda s, y: math.log(s.shape[1] - 1) - (negatives_only(s, y) - chosen(s, y)).mean(),
    ],
    "labels_ignored": [
        lambda s, y: bound(s, diagonal(s)),
        lambda s, y: bound(s, first(s)),
    ],
    "softmax_over_the_queries": [
        lambda s, y: math.log(s.shape[1]) - F.nll_loss(s.log_softmax(0), y),
    ],
    "sum_instead_of_mean": [
        lambda s, y: math.log(s.shape[1]) - F.cross_entropy(s, y, reduction="sum"),
        lambda s, y: bound(s, y) * len(s),
    ],
    "one_bound_per_query": [
        lambda s, y: math.log(s.shape[1]) - F.cross_entropy(s, y, reduction="none"),
    ],
    "overflow": [
        lambda s, y: math.log(s.shape[1]) - naive(s, y).mean(),
        lambda s, y: math.log(s.shape[1]) + chosen(s.softmax(1), y).log().mean(),
        lambda s, y: math.log(s.shape[1]) + (chosen(s.softmax(1), y) + 1e-8).log().mean(),
    ],
    "gradient_cut": detached(bound),
}

# ---------------------------------------------------------------- temperature_gradient


def slope(s, y, t):
    return ((s / t).softmax(1) - hot(s, y)) / (len(s) * t)


def _positive_at_zero(s, y, t):
    return (s / t).softmax(1) * (1 - hot(s, y)) / (len(s) * t)


def _by_temperature(s, y, t):
    warm = torch.tensor(float(t), dtype=s.dtype, requires_grad=True)
    return torch.autograd.grad(F.cross_entropy(s / warm, y), warm)[0]


def _of_the_probability(s, y, t):
    share = (s / t).softmax(1)
    return share * (1 - share) / (len(s) * t)


def _jacobian_row(s, y, t):
    share = (s / t).softmax(1)
    return chosen(share, y)[:, None] * (hot(s, y) - share) / (len(s) * t)


def _naive_slope(s, y, t):
    powers = (s / t).exp()
    return (powers / powers.sum(1, keepdim=True) - hot(s, y)) / (len(s) * t)


TEMPERATURE_GRADIENT = {
    "factor_forgotten": [
        lambda s, y, t: slope(s, y, t) * t,
        lambda s, y, t: (s / t).softmax(1) - hot(s, y),
    ],
    "temperature_ignored": [
        lambda s, y, t: slope(s, y, 1.0),
        lambda s, y, t: s.softmax(1) - hot(s, y),
    ],
    "softmax_without_temperature": [
        lambda s, y, t: slope(s, y, 1.0) / t,
        lambda s, y, t: (s.softmax(1) - hot(s, y)) / t,
    ],
    "temperature_multiplied": [
        lambda s, y, t: slope(s, y, t) * t * t,
        lambda s, y, t: slope(s, y, 1 / t),
        lambda s, y, t: ((s * t).softmax(1) - hot(s, y)) / (len(s) * t),
        lambda s, y, t: ((s * t).softmax(1) - hot(s, y)) / len(s),
        lambda s, y, t: ((s / t).softmax(1) - hot(s, y)) * t,
    ],
    "temperature_squared": [lambda s, y, t: slope(s, y, t) / t],
    "not_averaged": [lambda s, y, t: slope(s, y, t) * len(s)],
    "averaged_over_the_keys": [
        lambda s, y, t: slope(s, y, t) * len(s) / s.shape[1],
        lambda s, y, t: slope(s, y, t) / s.shape[1],
    ],
    "sign_flipped": [
        lambda s, y, t: -slope(s, y, t),
        lambda s, y, t: (hot(s, y) - (s / t).softmax(1)) / t,
    ],
    "positive_not_pulled": [
        lambda s, y, t: (s / t).softmax(1) / (len(s) * t),
        lambda s, y, t: (s / t).softmax(1) / t,
    ],
    "no_negatives": [
        lambda s, y, t: slope(s, y, t) * hot(s, y),
        lambda s, y, t: -hot(s, y) / (len(s) * t),
        lambda s, y, t: -hot(s, y) / t,
    ],
    "positive_set_to_zero": [
        _positive_at_zero,
        lambda s, y, t: _positive_at_zero(s, y, t) * len(s),
    ],
    "labels_ignored": [
        lambda s, y, t: slope(s, diagonal(s), t),
        lambda s, y, t: slope(s, first(s), t),
    ],
    "softmax_over_the_queries": [
        lambda s, y, t: ((s / t).softmax(0) - hot(s, y)) / (len(s) * t),
        lambda s, y, t: ((s / t).softmax(0) - hot(s, y)) / t,
    ],
    "gradient_of_the_probability": [
        _of_the_probability,
        _jacobian_row,
        lambda s, y, t: -_jacobian_row(s, y, t),
    ],
    "slope_by_the_temperature": [_by_temperature],
    "overflow": [_naive_slope],
}
