"""Wrong and right answers to weights_from_alpha."""

import torch
from torch.nn import functional as F

from .shared import cut_off, passed, weights


def _from_behind(alpha):
    return weights(alpha.flip(-1)).flip(-1)


def _zeros_first(alpha):
    behind = torch.cumprod(1 - alpha, -1)
    return alpha * torch.cat([torch.zeros_like(behind[..., :1]), behind[..., :-1]], -1)


def _all_rays_in_a_row(alpha):
    return weights(alpha.flatten()).view_as(alpha)


def _first_axis(alpha):
    return weights(alpha.transpose(0, -1)).transpose(0, -1)


def _in_place(alpha):
    behind = torch.ones_like(alpha[..., 0])
    for k in range(alpha.shape[-1]):
        now = behind * alpha[..., k]
        behind = behind * (1 - alpha[..., k])
        alpha[..., k] = now
    return alpha


def _ended(alpha):
    return weights(torch.cat([alpha[..., :-1], torch.ones_like(alpha[..., -1:])], -1))


def _exclusive_sum(alpha):
    return torch.cumsum(alpha, -1) - alpha


def _neighbour(alpha):
    before = torch.cat([torch.ones_like(alpha[..., :1]), 1 - alpha[..., :-1]], -1)
    return alpha * before


WRONG = {
    "inclusive_product": [
        lambda a: a * torch.cumprod(1 - a, -1),
        lambda a: a * torch.exp(torch.cumsum(torch.log(1 - a), -1)),
    ],
    "transmittance_returned": [passed, lambda a: torch.cumprod(1 - a, -1)],
    "alpha_returned": [lambda a: a.clone(), lambda a: a * 1.0],
    "product_of_alpha": [
        lambda a: torch.cumprod(a, -1),
        lambda a: a * torch.cumprod(a, -1),
        lambda a: a * torch.cat([torch.ones_like(a[..., :1]), torch.cumprod(a, -1)[..., :-1]], -1),
    ],
    "sum_instead_of_product": [
        lambda a: a * (1 - _exclusive_sum(a)),
        lambda a: a * (1 - _exclusive_sum(a)).clamp_min(0),
        lambda a: a * torch.cumsum(1 - a, -1),
    ],
    "alpha_taken_for_density": [
        lambda a: a * torch.exp(-_exclusive_sum(a)),
        lambda a: -torch.expm1(-a) * torch.exp(-_exclusive_sum(a)),
        lambda a: a * torch.exp(-torch.cumsum(a, -1)),
    ],
    "from_behind": [_from_behind],
    "nearest_neighbour_only": [_neighbour],
    "first_sample_lost": [_zeros_first],
    "shifted_round": [
        lambda a: a * torch.cumprod(1 - a, -1).roll(1, -1),
        lambda a: a * torch.roll(torch.cumprod(1 - a, -1), 1, dims=-1),
    ],
    "all_factors_for_all": [
        lambda a: a * torch.prod(1 - a, -1, keepdim=True),
        lambda a: a * (1 - a),
    ],
    "one_too_few_or_many": [
        lambda a: a[..., 1:] * torch.cumprod(1 - a, -1)[..., :-1],
        lambda a: a[..., :-1] * torch.cumprod(1 - a[..., :-1], -1),
        lambda a: torch.cat([weights(a), torch.prod(1 - a, -1, keepdim=True)], -1),
    ],
    "normalised": [
        lambda a: weights(a) / weights(a).sum(-1, keepdim=True),
        lambda a: a / a.sum(-1, keepdim=True),
        lambda a: a.softmax(-1),
    ],
    "last_bin_endless": [_ended],
    "over_the_rays": [
        _first_axis,
        lambda a: a * torch.cat([torch.ones_like(a[:1]), torch.cumprod(1 - a, 0)[:-1]]),
    ],
    "all_rays_in_a_row": [_all_rays_in_a_row],
    "divided_by_zero": [
        lambda a: a * torch.cumprod(1 - a, -1) / (1 - a),
        lambda a: a / (1 - a) * torch.cumprod(1 - a, -1),
    ],
    "epsilon_too_large": [
        lambda a, e=e: (
            a * torch.cat([torch.ones_like(a[..., :1]), torch.cumprod(1 - a + e, -1)[..., :-1]], -1)
        )
        for e in (1e-2, 1e-3)
    ],
    "transmittance_detached": [lambda a: a * passed(a).detach(), lambda a: a.detach() * passed(a)],
    "gradient_cut": cut_off(weights),
    "written_in_place": [_in_place],
}


def _weights_cat(alpha):
    passed = torch.cumprod(1 - alpha, -1)
    return alpha * torch.cat([torch.ones_like(alpha[..., :1]), passed[..., :-1]], -1)


def _weights_pad(alpha):
    return alpha * F.pad(torch.cumprod(1 - alpha[..., :-1], -1), (1, 0), value=1.0)


def _weights_loop(alpha):
    weights, through = [], torch.ones_like(alpha[..., 0])
    for share in alpha.unbind(-1):
        weights.append(through * share)
        through = through * (1 - share)
    return torch.stack(weights, -1)


def _weights_differences(alpha):
    """What is stopped between two places is what gets through less."""
    passed = torch.cumprod(1 - alpha, -1)
    before = torch.cat([torch.ones_like(passed[..., :1]), passed[..., :-1]], -1)
    return before - passed


def _weights_logarithms(alpha):
    logs = torch.log1p(-alpha.clamp(max=1 - 1e-7))
    return alpha * torch.exp(torch.cumsum(logs, -1) - logs)


def _weights_triangle(alpha):
    samples = alpha.shape[-1]
    in_front = torch.ones(samples, samples, dtype=torch.bool).tril(-1)
    factors = torch.where(in_front, 1 - alpha[..., None, :], torch.ones_like(alpha[..., None, :]))
    return alpha * factors.prod(-1)


RIGHT = {
    "cumprod, cat": _weights_cat,
    "cumprod, pad": _weights_pad,
    "loop": _weights_loop,
    "differences of what gets through": _weights_differences,
    "logarithms": _weights_logarithms,
    "triangle of products": _weights_triangle,
    "with NeRF's epsilon": lambda a: (
        a * torch.cumprod(torch.cat([torch.ones_like(a[..., :1]), 1 - a + 1e-10], -1), -1)[..., :-1]
    ),
    "in float64": lambda a: _weights_cat(a.double()),
}


# What the first variant of each mistake earns.
MARKS = {
    "inclusive_product": 0,
    "transmittance_returned": 0,
    "alpha_returned": 0,
    "product_of_alpha": 0,
    "sum_instead_of_product": 0,
    "alpha_taken_for_density": 0,
    "from_behind": 0.75,
    "nearest_neighbour_only": 0,
    "first_sample_lost": 0,
    "shifted_round": 0,
    "all_factors_for_all": 0,
    "one_too_few_or_many": 0,
    "normalised": 1.25,
    "last_bin_endless": 1.25,
    "over_the_rays": 2.75,
    "all_rays_in_a_row": 2.75,
    "divided_by_zero": 3.25,
    "epsilon_too_large": 0,
    "transmittance_detached": 3.5,
    "gradient_cut": 3.5,
    "written_in_place": 3.25,
}
