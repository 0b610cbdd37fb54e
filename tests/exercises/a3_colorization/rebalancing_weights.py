"""Wrong and right answers to rebalancing_weights."""

import torch


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


WRONG = {
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


def _weights(shares, uniform):
    weights = 1 / ((1 - uniform) * shares + uniform / len(shares))
    return weights / (shares * weights).sum()


def _weights_loop(shares, uniform):
    count = len(shares)
    raw = [1 / ((1 - uniform) * float(p) + uniform / count) for p in shares]
    mean = sum(float(p) * w for p, w in zip(shares, raw, strict=True))
    return torch.tensor([w / mean for w in raw])


def _weights_lerp(shares, uniform):
    even = torch.full_like(shares, 1 / shares.numel())
    weights = torch.lerp(shares, even, uniform).reciprocal()
    return weights / torch.dot(shares, weights)


def _weights_dirichlet(shares, uniform):
    # Both parts times Q: another factor, which the scaling removes.
    weights = 1 / (uniform + (1 - uniform) * shares.numel() * shares.double())
    return weights.div(torch.einsum("q,q->", shares.double(), weights))


def _weights_average(shares, uniform):
    weights = (shares * (1 - uniform) + torch.ones_like(shares) * uniform / shares.shape[0]) ** -1
    return weights / torch.sum(weights * shares / shares.sum())


RIGHT = {
    "as written": _weights,
    "loop": _weights_loop,
    "lerp and dot": _weights_lerp,
    "times Q, float64": _weights_dirichlet,
    "power −1": _weights_average,
}


# What the first variant of each mistake earns.
MARKS = {
    "shares_swapped": 1,
    "uniform_ignored": 1,
    "no_uniform_part": 1,
    "uniform_not_divided": 1.25,
    "epsilon_for_uniform": 1,
    "not_inverted": 1,
    "inverted_before_mixing": 1.25,
    "logarithm_for_inverse": 1,
    "not_normalised": 1,
    "sum_is_one": 1,
    "plain_mean_is_one": 1,
    "mean_under_the_mixture": 1.25,
    "largest_is_one": 1,
    "softmax_of_weights": 0,
}
