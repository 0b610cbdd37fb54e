"""Wrong and right answers to cosine_scores."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def unit(x, **how):
    return F.normalize(x, dim=1, **how)


def right(u, v):
    return unit(u) @ unit(v).T


def _centred(u, v, axis):
    return right(u - u.mean(axis, keepdim=True), v - v.mean(axis, keepdim=True))


def _pairs(u, v):
    count = min(len(u), len(v))
    return F.cosine_similarity(u[:count], v[:count])


def _squared(x):
    return x / (x * x).sum(1, keepdim=True).clamp_min(1e-12)


def _fixed_length(x):
    return x / x.norm(dim=1, keepdim=True).clamp_min(1e-12).detach()


def _no_grad(u, v):
    with torch.no_grad():
        return right(u, v)


WRONG = {
    "not_normalised": [
        lambda u, v: u @ v.T,
        lambda u, v: torch.einsum("id,jd->ij", u, v),
    ],
    "one_side_normalised": [
        lambda u, v: unit(u) @ v.T,
        lambda u, v: u @ unit(v).T,
    ],
    "normalised_over_the_batch": [
        lambda u, v: F.normalize(u, dim=0) @ F.normalize(v, dim=0).T,
    ],
    "one_length_for_all": [
        lambda u, v: u @ v.T / (u.norm() * v.norm()),
        lambda u, v: (u / u.norm()) @ (v / v.norm()).T,
        lambda u, v: (u / u.norm(dim=1).max()) @ (v / v.norm(dim=1).max()).T,
        lambda u, v: (u / u.norm(dim=1).mean()) @ (v / v.norm(dim=1).mean()).T,
    ],
    "squared_lengths": [
        lambda u, v: _squared(u) @ _squared(v).T,
    ],
    "other_norm": [
        lambda u, v: unit(u, p=1) @ unit(v, p=1).T,
        lambda u, v: unit(u, p=math.inf) @ unit(v, p=math.inf).T,
    ],
    "centred_first": [
        lambda u, v: _centred(u, v, 1),
        lambda u, v: _centred(u, v, 0),
    ],
    "transposed": [
        lambda u, v: right(u, v).T,
        lambda u, v: right(v, u),
    ],
    "pairs_only": [_pairs, lambda u, v: (unit(u)[: len(v)] * unit(v)[: len(u)]).sum(1)],
    "mean_over_features": [
        lambda u, v: (unit(u)[:, None] * unit(v)[None]).mean(-1),
        lambda u, v: right(u, v) / u.shape[1],
    ],
    "scaled_by_dimension": [lambda u, v: right(u, v) / u.shape[1] ** 0.5],
    "distance_for_cosine": [
        lambda u, v: 1 - right(u, v),
        lambda u, v: torch.cdist(unit(u), unit(v)),
        lambda u, v: torch.cdist(u, v),
        lambda u, v: -torch.cdist(u, v),
        lambda u, v: -right(u, v),
    ],
    "only_positive": [
        lambda u, v: right(u, v).clamp_min(0),
        lambda u, v: right(u, v).abs(),
        lambda u, v: right(u, v) ** 2,
        lambda u, v: (1 + right(u, v)) / 2,
    ],
    "softmax_taken": [
        lambda u, v: right(u, v).softmax(1),
        lambda u, v: right(u, v).softmax(0),
        lambda u, v: right(u, v).exp(),
    ],
    "angle_for_cosine": [lambda u, v: right(u, v).clamp(-1, 1).acos()],
    "zero_over_zero": [
        lambda u, v: (u / u.norm(dim=1, keepdim=True)) @ (v / v.norm(dim=1, keepdim=True)).T,
        lambda u, v: u @ v.T / (u.norm(dim=1)[:, None] * v.norm(dim=1)),
    ],
    "keys_detached": [lambda u, v: right(u, v.detach())],
    "queries_detached": [lambda u, v: right(u.detach(), v)],
    "lengths_detached": [lambda u, v: _fixed_length(u) @ _fixed_length(v).T],
    "gradient_cut": [
        lambda u, v: right(u, v).detach(),
        _no_grad,
        lambda u, v: torch.tensor(right(u, v).tolist(), dtype=u.dtype),
    ],
}


def _cosine_lengths(queries, keys):
    lengths = queries.norm(dim=1, keepdim=True) * keys.norm(dim=1)
    return queries @ keys.T / lengths.clamp_min(1e-8)


def _cosine_loop(queries, keys):
    rows = []
    for u in queries:
        row = []
        for v in keys:
            length = (u * u).sum().sqrt() * (v * v).sum().sqrt()
            row.append((u * v).sum() / length if length > 0 else (u * v).sum())
        rows.append(torch.stack(row))
    return torch.stack(rows)


def _cosine_einsum(queries, keys):
    u = queries / (queries.square().sum(1, keepdim=True) + 1e-16).sqrt()
    v = keys / (keys.square().sum(1, keepdim=True) + 1e-16).sqrt()
    return torch.einsum("qd,kd->qk", u, v)


RIGHT = {
    "normalize": lambda u, v: F.normalize(u, dim=1) @ F.normalize(v, dim=1).T,
    "divided by the lengths": _cosine_lengths,
    "loop": _cosine_loop,
    "einsum": _cosine_einsum,
    "cosine_similarity, broadcast": lambda u, v: F.cosine_similarity(u[:, None], v[None], dim=-1),
    "module": lambda u, v: nn.CosineSimilarity(dim=2)(u.unsqueeze(1), v.unsqueeze(0)),
    "float64": lambda u, v: F.normalize(u.double(), dim=-1) @ F.normalize(v.double(), dim=-1).mT,
}


# What the first variant of each mistake earns.
MARKS = {
    "not_normalised": 0,
    "one_side_normalised": 0,
    "normalised_over_the_batch": 0.75,
    "one_length_for_all": 0,
    "squared_lengths": 0,
    "other_norm": 0.75,
    "centred_first": 0,
    "transposed": 1,
    "pairs_only": 0,
    "mean_over_features": 0,
    "scaled_by_dimension": 0,
    "distance_for_cosine": 0,
    "only_positive": 0.75,
    "softmax_taken": 0,
    "angle_for_cosine": 0,
    "zero_over_zero": 2.75,
    "keys_detached": 2.5,
    "queries_detached": 2.5,
    "lengths_detached": 2.5,
    "gradient_cut": 2.5,
}
