"""Wrong and right answers to info_nce."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .shared import chosen, detached, diagonal, first, hot, naive, negatives_only


def loss(s, labels, t):
    return F.cross_entropy(s / t, labels)


WRONG = {
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


def _nce_loop(scores, labels, temperature):
    total = 0.0
    for row, label in zip(scores, labels, strict=True):
        logits = row / temperature
        total = total + torch.logsumexp(logits, 0) - logits[label]
    return total / len(labels)


def _nce_gather(scores, labels, temperature):
    log_shares = torch.log_softmax(scores / temperature, dim=-1)
    return -log_shares.gather(1, labels[:, None]).mean()


def _nce_shifted(scores, labels, temperature):
    logits = scores / temperature
    logits = logits - logits.max(dim=1, keepdim=True).values
    positive = logits[torch.arange(len(logits)), labels]
    return (logits.exp().sum(dim=1).log() - positive).mean()


def _nce_pairs(scores, labels, temperature):
    hot = F.one_hot(labels, scores.shape[1]).bool()
    positive, negatives = scores[hot], scores[~hot].view(len(scores), -1)
    ahead = (negatives - positive[:, None]) / temperature
    return F.softplus(ahead.logsumexp(1)).mean()


RIGHT = {
    "cross_entropy": lambda s, y, t: F.cross_entropy(s / t, y),
    "module": lambda s, y, t: nn.CrossEntropyLoss()(s.div(t), y),
    "loop with logsumexp": _nce_loop,
    "log_softmax, gather": _nce_gather,
    "largest score taken away": _nce_shifted,
    "positive against negatives": _nce_pairs,
    "float64": lambda s, y, t: F.nll_loss((s.double() / t).log_softmax(1), y),
    "Categorical": lambda s, y, t: (
        -torch.distributions.Categorical(logits=s / t, validate_args=False).log_prob(y).mean()
    ),
}


# What the first variant of each mistake earns.
MARKS = {
    "temperature_multiplied": 0.75,
    "temperature_ignored": 0.75,
    "temperature_after_softmax": 0,
    "softmax_over_the_queries": 0,
    "labels_ignored": 0.75,
    "positive_always_first": 0.75,
    "positive_left_out": 0,
    "mean_below_the_fraction": 1.25,
    "sum_instead_of_mean": 0,
    "one_loss_per_query": 0,
    "mean_over_all_scores": 0,
    "logarithm_of_the_mean": 0.75,
    "sign_flipped": 0,
    "no_logarithm": 0,
    "softmax_twice": 0.75,
    "yes_or_no_for_each_key": 0,
    "log_base_2": 0,
    "overflow": 3.25,
    "epsilon_in_log": 2,
    "minus_infinity_times_zero": 3.5,
    "gradient_cut": 3,
}
