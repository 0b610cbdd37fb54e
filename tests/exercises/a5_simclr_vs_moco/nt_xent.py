"""Wrong and right answers to nt_xent."""

import torch
from torch.nn import functional as F

from .shared import right_rows


def unit(z):
    return F.normalize(z, dim=1)


def scores(z, t):
    return unit(z) @ unit(z).T / t


def masked(s, value=-torch.inf):
    eye = torch.eye(len(s), dtype=torch.bool)
    return torch.where(eye, torch.tensor(value, dtype=s.dtype), s)


def choice(s, **options):
    return F.cross_entropy(s, right_rows(len(s) // 2), **options)


def partner(s):
    return s[torch.arange(len(s)), right_rows(len(s) // 2)]


def _negatives_only(z, t):
    s = masked(scores(z, t))
    own = F.one_hot(right_rows(len(s) // 2)).bool()
    return (s.masked_fill(own, -torch.inf).logsumexp(1) - partner(s)).mean()


def _negatives_by_subtraction(z, t):
    e = scores(z, t).exp()
    return -torch.log(partner(e) / (e.sum(1) - e.diagonal() - partner(e))).mean()


def _first_views(z, t):
    s, n = masked(scores(z, t)), len(z) // 2
    return F.cross_entropy(s[:n], right_rows(n)[:n])


def _other_half(z, t):
    first, second = unit(z).chunk(2)
    s = first @ second.T / t
    rows = torch.arange(len(s))
    return (F.cross_entropy(s, rows) + F.cross_entropy(s.T, rows)) / 2


def _other_half_one_way(z, t):
    first, second = unit(z).chunk(2)
    return F.cross_entropy(first @ second.T / t, torch.arange(len(first)))


def _pairs_interleaved(z, t):
    s = masked(scores(z, t))
    return F.cross_entropy(s, torch.arange(len(s)) ^ 1)


def _naive(z, t):
    e = scores(z, t).exp()
    return -torch.log(partner(e) / (e.sum(1) - e.diagonal())).mean()


def _naive_masked(z, t):
    e = scores(z, t).exp() * (1 - torch.eye(len(z), dtype=z.dtype))
    return -torch.log(partner(e) / e.sum(1)).mean()


def _naive_split(z, t):
    s = scores(z, t)
    e = s.exp() * (1 - torch.eye(len(z), dtype=z.dtype))
    return (e.sum(1).log() - partner(s)).mean()


def _softmaxed(z, t):
    return choice(masked(scores(z, t)).softmax(1))


def _one_side_learns(z, t):
    return choice(masked(unit(z) @ unit(z.detach()).T / t))


def _without_gradient(z, t):
    with torch.no_grad():
        return choice(masked(scores(z, t)))


WRONG = {
    "self_pair_kept": [
        lambda z, t: choice(scores(z, t)),
        lambda z, t: (scores(z, t).logsumexp(1) - partner(scores(z, t))).mean(),
    ],
    "diagonal_set_to_zero": [
        lambda z, t: choice(masked(scores(z, t), 0.0)),
        lambda z, t: choice(scores(z, t) * (1 - torch.eye(len(z), dtype=z.dtype))),
    ],
    "other_view_masked": [_negatives_only, _negatives_by_subtraction],
    "not_normalised": [
        lambda z, t: choice(masked(z @ z.T / t)),
        lambda z, t: choice(masked(z @ z.T)),
    ],
    "normalised_over_the_batch": [
        lambda z, t: choice(masked(F.normalize(z, dim=0) @ F.normalize(z, dim=0).T / t)),
        lambda z, t: choice(masked((z / z.norm()) @ (z / z.norm()).T / t)),
    ],
    "temperature_forgotten": [lambda z, t: choice(masked(scores(z, 1.0)))],
    "temperature_multiplied": [lambda z, t: choice(masked(scores(z, 1.0) * t))],
    "temperature_squared": [
        lambda z, t: choice(masked(scores(z, t * t))),
        lambda z, t: choice(masked((unit(z) / t) @ (unit(z) / t).T)),
    ],
    "neighbours_taken_for_pairs": [_pairs_interleaved],
    "first_views_only": [_first_views],
    "other_half_only": [_other_half, _other_half_one_way],
    "sum_instead_of_mean": [
        lambda z, t: choice(masked(scores(z, t)), reduction="sum"),
        lambda z, t: choice(masked(scores(z, t)), reduction="sum") / (len(z) // 2),
    ],
    "sign_flipped": [
        lambda z, t: -choice(masked(scores(z, t))),
        lambda z, t: partner(masked(scores(z, t)).log_softmax(1)).mean(),
    ],
    "no_logarithm": [
        lambda z, t: -partner(masked(scores(z, t)).softmax(1)).mean(),
        lambda z, t: 1 - partner(masked(scores(z, t)).softmax(1)).mean(),
        lambda z, t: partner(masked(scores(z, t)).softmax(1)).mean(),
    ],
    "softmax_before_cross_entropy": [_softmaxed],
    "overflow": [_naive, _naive_masked, _naive_split],
    "masked_too_weakly": [
        lambda z, t: choice(masked(scores(z, t), -1.0)),
        lambda z, t: choice(masked(scores(z, t), -5.0)),
        lambda z, t: choice(masked(scores(z, t), -10.0)),
        lambda z, t: choice(masked(scores(z, 1.0), -1.0) / t),
        lambda z, t: choice(scores(z, t) - torch.eye(len(z), dtype=z.dtype)),
    ],
    "gradient_cut": [
        lambda z, t: choice(masked(scores(z, t))).detach(),
        lambda z, t: choice(masked(scores(z, t))).item(),
        _without_gradient,
        _one_side_learns,
    ],
}


def _loss_cross_entropy(z, t):
    u = F.normalize(z, dim=1)
    s = u @ u.T / t
    s.fill_diagonal_(float("-inf"))
    return F.cross_entropy(s, torch.arange(len(z)).roll(len(z) // 2))


def _loss_loop(z, t):
    n, total = len(z) // 2, 0.0
    for i in range(2 * n):
        cosines = F.cosine_similarity(z[i : i + 1], z) / t
        others = torch.cat([cosines[:i], cosines[i + 1 :]])
        total = total + torch.logsumexp(others, 0) - cosines[(i + n) % (2 * n)]
    return total / (2 * n)


def _loss_four_blocks(z, t):
    a, b = (half / half.norm(dim=1, keepdim=True) for half in z.chunk(2))
    n = len(a)
    off = ~torch.eye(n, dtype=torch.bool)
    cross = a @ b.T / t
    same_a = (a @ a.T / t)[off].view(n, n - 1)
    same_b = (b @ b.T / t)[off].view(n, n - 1)
    everything = torch.cat([torch.cat([cross, same_a], dim=1), torch.cat([cross.T, same_b], dim=1)])
    return F.cross_entropy(everything, torch.arange(n).repeat(2))


def _loss_logsumexp(z, t):
    lengths = z.square().sum(1).sqrt()
    s = torch.einsum("id,jd->ij", z, z) / torch.outer(lengths, lengths) / t
    hidden = s.masked_fill(torch.eye(len(z), dtype=torch.bool), -1e9)
    n = len(z) // 2
    own = torch.cat([s.diagonal(n), s.diagonal(-n)])
    return (hidden.logsumexp(1) - own).mean()


def _loss_float64(z, t):
    return _loss_cross_entropy(z.double(), t)


RIGHT = {
    "cross_entropy": _loss_cross_entropy,
    "loop over views": _loss_loop,
    "four blocks": _loss_four_blocks,
    "einsum, logsumexp, diagonals": _loss_logsumexp,
    "float64": _loss_float64,
}


# What the first variant of each mistake earns.
MARKS = {
    "self_pair_kept": 0,
    "diagonal_set_to_zero": 1,
    "other_view_masked": 0,
    "not_normalised": 1.5,
    "normalised_over_the_batch": 1,
    "temperature_forgotten": 1,
    "temperature_multiplied": 1,
    "temperature_squared": 1,
    "neighbours_taken_for_pairs": 1,
    "first_views_only": 1.5,
    "other_half_only": 0,
    "sum_instead_of_mean": 0,
    "sign_flipped": 0,
    "no_logarithm": 0,
    "softmax_before_cross_entropy": 0,
    "overflow": 3.25,
    "masked_too_weakly": 1,
    "gradient_cut": 3.5,
}
