"""Wrong and right answers to mutual_information_bound."""

import math

import torch
from torch.nn import functional as F

from .shared import chosen, detached, diagonal, first, naive, negatives_only


def bound(s, y):
    return math.log(s.shape[1]) - F.cross_entropy(s, y)


WRONG = {
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


def _bound_loop(scores, labels):
    gains = []
    for row, label in zip(scores, labels, strict=True):
        gains.append(math.log(len(row)) + row.log_softmax(0)[label])
    return torch.stack(gains).mean()


def _bound_mean_below(scores, labels):
    below = scores.logsumexp(1) - math.log(scores.shape[1])
    return (scores.gather(1, labels[:, None]).flatten() - below).mean()


def _bound_tensor(scores, labels):
    candidates = torch.tensor(scores.shape[1], dtype=scores.dtype)
    return candidates.log() - F.cross_entropy(scores, labels)


RIGHT = {
    "cross_entropy": lambda s, y: math.log(s.shape[1]) - F.cross_entropy(s, y),
    "loop": _bound_loop,
    "mean below the fraction": _bound_mean_below,
    "log of a tensor": _bound_tensor,
    "against guessing": lambda s, y: (
        F.cross_entropy(torch.zeros_like(s), y) - F.cross_entropy(s, y)
    ),
    "float64": lambda s, y: math.log(s.shape[-1]) - F.cross_entropy(s.double(), y),
}


# What the first variant of each mistake earns.
MARKS = {
    "loss_returned": 0,
    "minus_loss_returned": 0.75,
    "sign_flipped": 0,
    "added": 0,
    "queries_counted": 0.75,
    "negatives_counted": 0.75,
    "all_scores_counted": 0.75,
    "logarithm_forgotten": 0.75,
    "bits_and_nats_mixed": 0.75,
    "divided": 0,
    "clamped": 1,
    "positive_left_out": 0,
    "labels_ignored": 1,
    "softmax_over_the_queries": 1,
    "sum_instead_of_mean": 0,
    "one_bound_per_query": 0,
    "overflow": 3.5,
    "gradient_cut": 3.5,
}
