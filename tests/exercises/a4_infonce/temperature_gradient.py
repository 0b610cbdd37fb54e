"""Wrong and right answers to temperature_gradient."""

import torch
from torch.nn import functional as F

from .shared import chosen, diagonal, first, hot


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


WRONG = {
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


def _slope_index(scores, labels, temperature):
    slopes = torch.softmax(scores / temperature, dim=1)
    slopes[torch.arange(len(labels)), labels] -= 1
    return slopes / temperature / len(labels)


def _slope_autograd(scores, labels, temperature):
    table = scores.clone().requires_grad_(True)
    loss = F.cross_entropy(table / temperature, labels)
    return torch.autograd.grad(loss, table)[0]


def _slope_loop(scores, labels, temperature):
    rows = []
    for row, label in zip(scores, labels, strict=True):
        share = torch.softmax(row / temperature, dim=0)
        right = torch.zeros_like(row)
        right[label] = 1.0
        rows.append((share - right) / (temperature * len(labels)))
    return torch.stack(rows)


def _slope_eye(scores, labels, temperature):
    right = torch.eye(scores.shape[1], dtype=scores.dtype)[labels]
    share = (scores / temperature - (scores / temperature).logsumexp(1, keepdim=True)).exp()
    return (share - right).div(temperature).div(scores.shape[0])


RIGHT = {
    "softmax minus one-hot": lambda s, y, t: (
        ((s / t).softmax(1) - F.one_hot(y, s.shape[1])) / (len(s) * t)
    ),
    "1 taken off at the positive": _slope_index,
    "autograd": _slope_autograd,
    "loop": _slope_loop,
    "rows of the identity": _slope_eye,
    "float64": lambda s, y, t: _slope_eye(s.double(), y, t),
}


# What the first variant of each mistake earns.
MARKS = {
    "factor_forgotten": 0,
    "temperature_ignored": 0,
    "softmax_without_temperature": 0,
    "temperature_multiplied": 0,
    "temperature_squared": 0,
    "not_averaged": 2,
    "averaged_over_the_keys": 1,
    "sign_flipped": 0,
    "positive_not_pulled": 0,
    "no_negatives": 0,
    "positive_set_to_zero": 0,
    "labels_ignored": 1.25,
    "softmax_over_the_queries": 0,
    "gradient_of_the_probability": 0,
    "slope_by_the_temperature": 0,
    "overflow": 3.25,
}
