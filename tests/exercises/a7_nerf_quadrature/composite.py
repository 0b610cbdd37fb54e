"""Wrong and right answers to composite."""

import torch

from .shared import cut_off, weights


def light(w, v):
    return (w[..., None] * v).sum(-2)


def left(w):
    return 1 - w.sum(-1, keepdim=True)


def composite(w, v, b):
    return light(w, v) + left(w) * b


def _nearest_only(w, v, b):
    best = w.argmax(-1)[..., None, None].expand(*w.shape[:-1], 1, v.shape[-1])
    return v.gather(-2, best)[..., 0, :]


def _again(w, v, b):
    return composite(weights(w), v, b)


def _mixed(w, v, b):
    return (1 - left(w)) * v.mean(-2) + left(w) * b


WRONG = {
    "background_missing": [lambda w, v, b: light(w, v), lambda w, v, b: light(w, v) + 0 * b],
    "background_added_whole": [lambda w, v, b: light(w, v) + b],
    "background_by_opacity": [lambda w, v, b: light(w, v) + w.sum(-1, keepdim=True) * b],
    "background_by_product": [
        lambda w, v, b: light(w, v) + torch.prod(1 - w, -1, keepdim=True) * b,
    ],
    "background_by_last_weight": [
        lambda w, v, b: light(w, v) + (1 - w[..., -1:]) * b,
        lambda w, v, b: light(w, v) + w[..., -1:] * b,
    ],
    "background_by_mean_weight": [
        lambda w, v, b: light(w, v) + (1 - w.mean(-1, keepdim=True)) * b,
        lambda w, v, b: light(w, v) + (1 - w.amax(-1, keepdim=True)) * b,
    ],
    "background_per_sample": [
        lambda w, v, b: (w[..., None] * v + (1 - w[..., None]) * b).sum(-2),
        lambda w, v, b: (w[..., None] * v + (1 - w[..., None]) * b).mean(-2),
    ],
    "background_alone": [
        lambda w, v, b: left(w) * b,
        lambda w, v, b: left(w) * light(w, v) + w.sum(-1, keepdim=True) * b,
    ],
    "divided_by_opacity": [
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True) + left(w) * b,
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True),
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True).clamp_min(1e-8) + left(w) * b,
    ],
    "weights_not_used": [
        lambda w, v, b: v.sum(-2) + left(w) * b,
        lambda w, v, b: v.mean(-2) + left(w) * b,
    ],
    "mean_colour_mixed": [_mixed],
    "mean_over_samples": [
        lambda w, v, b: (w[..., None] * v).mean(-2) + left(w) * b,
        lambda w, v, b: light(w, v) / w.shape[-1] + left(w) * b,
    ],
    "weights_taken_for_alpha": [
        _again,
        lambda w, v, b: light(weights(w), v) + torch.prod(1 - w, -1, keepdim=True) * b,
    ],
    "strongest_sample_only": [
        _nearest_only,
        lambda w, v, b: w.amax(-1, keepdim=True) * _nearest_only(w, v, b) + left(w) * b,
    ],
    "summed_over_the_rays": [
        lambda w, v, b: (w[..., None] * v).sum(0) + left(w) * b,
        lambda w, v, b: (w[..., None] * v).sum(0),
    ],
    "summed_over_the_channels": [
        lambda w, v, b: (w[..., None] * v).sum(-1),
        lambda w, v, b: (w * v.mean(-1)).sum(-1),
    ],
    "not_summed": [
        lambda w, v, b: w[..., None] * v,
        lambda w, v, b: w[..., None] * v + left(w)[..., None] * b,
    ],
    "clipped": [
        lambda w, v, b: composite(w, v, b).clamp(0, 1),
        lambda w, v, b: composite(w, v.clamp(0, 1), b.clamp(0, 1)),
    ],
    "weights_squared": [lambda w, v, b: light(w * w, v) + left(w) * b],
    "gradient_cut": cut_off(composite),
    "weights_detached": [
        lambda w, v, b: composite(w.detach(), v, b),
        lambda w, v, b: light(w, v) + left(w).detach() * b,
    ],
}


def _composite_loop(weights, values, background):
    seen, left = torch.zeros_like(values[..., 0, :]), torch.ones_like(weights[..., 0])
    for k in range(weights.shape[-1]):
        seen = seen + weights[..., k, None] * values[..., k, :]
        left = left - weights[..., k]
    return seen + left[..., None] * background


def _composite_one_more(weights, values, background):
    """The background as one more sample behind all others."""
    rest = 1 - weights.sum(-1, keepdim=True)
    behind = background.expand(*values.shape[:-2], 1, -1)
    every, shares = torch.cat([values, behind], -2), torch.cat([weights, rest], -1)
    return torch.einsum("...n,...nc->...c", shares, every)


RIGHT = {
    "sum": lambda w, v, b: (w[..., None] * v).sum(-2) + (1 - w.sum(-1, keepdim=True)) * b,
    "einsum": lambda w, v, b: (
        torch.einsum("...n,...nc->...c", w, v)
        + torch.outer((1 - w.sum(-1)).flatten(), b).view(*w.shape[:-1], -1)
    ),
    "matrix product": lambda w, v, b: (
        (w.unsqueeze(-2) @ v).squeeze(-2) + (1 - w.sum(-1)).unsqueeze(-1) * b
    ),
    "against the background": lambda w, v, b: b + (w[..., None] * (v - b)).sum(-2),
    "loop": _composite_loop,
    "background as one more sample": _composite_one_more,
    "in float64": lambda w, v, b: (
        (w.double()[..., None] * v).sum(-2) + (1 - w.double().sum(-1))[..., None] * b
    ),
}


# What the first variant of each mistake earns.
MARKS = {
    "background_missing": 1,
    "background_added_whole": 1,
    "background_by_opacity": 1,
    "background_by_product": 1.25,
    "background_by_last_weight": 1.25,
    "background_by_mean_weight": 1,
    "background_per_sample": 1,
    "background_alone": 0,
    "divided_by_opacity": 0,
    "weights_not_used": 0,
    "mean_colour_mixed": 0,
    "mean_over_samples": 0,
    "weights_taken_for_alpha": 0.75,
    "strongest_sample_only": 0,
    "summed_over_the_rays": 0.25,
    "summed_over_the_channels": 0,
    "not_summed": 0,
    "clipped": 0.75,
    "weights_squared": 0.75,
    "gradient_cut": 2.5,
    "weights_detached": 2.5,
}
