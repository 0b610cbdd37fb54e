"""Wrong and right answers to pointer_attention."""

import torch
from torch import nn
from torch.nn import functional as F


def similarity(r, t):
    return torch.einsum("ndi,ndj->nij", r, t)


def softly(score, dim=1):
    return lambda r, t: torch.softmax(score(r, t), dim)


def right(r, t):
    return torch.softmax(similarity(r, t), 1)


def _everything(r, t):
    scores = similarity(r, t)
    return torch.softmax(scores.flatten(1), 1).view_as(scores)


def _whole_batch(r, t):
    scores = similarity(r, t)
    return torch.softmax(scores.flatten(), 0).view_as(scores)


def _unit(x):
    return F.normalize(x, dim=1)


def _distance(r, t):
    return torch.cdist(r.transpose(1, 2), t.transpose(1, 2))


def _naive(r, t):
    powers = similarity(r, t).exp()
    return powers / powers.sum(1, keepdim=True)


def _share(r, t):
    scores = similarity(r, t)
    return scores / scores.sum(1, keepdim=True)


def _hard(r, t):
    scores = similarity(r, t)
    return F.one_hot(scores.argmax(1), scores.shape[1]).transpose(1, 2).to(scores)


def _without_gradient(r, t):
    with torch.no_grad():
        return right(r, t)


WRONG = {
    "softmax_over_the_target": [
        softly(similarity, 2),
        lambda r, t: torch.softmax(similarity(r, t), 2).transpose(1, 2),
    ],
    "transposed": [
        lambda r, t: right(r, t).transpose(1, 2),
        lambda r, t: torch.softmax(t.transpose(1, 2) @ r, -1),
    ],
    "softmax_over_everything": [_everything, _whole_batch],
    "softmax_over_the_clips": [softly(similarity, 0)],
    "features_normalised": [
        softly(lambda r, t: similarity(_unit(r), _unit(t))),
        softly(lambda r, t: similarity(_unit(r), t)),
        softly(lambda r, t: similarity(r, _unit(t))),
        softly(lambda r, t: similarity(F.normalize(r, dim=2), F.normalize(t, dim=2))),
    ],
    "scaled_by_dimension": [
        softly(lambda r, t: similarity(r, t) / r.shape[1] ** 0.5),
        softly(lambda r, t: similarity(r, t) / r.shape[1]),
        softly(lambda r, t: similarity(r, t) / r.shape[2] ** 0.5),
    ],
    "no_softmax": [similarity],
    "not_normalised": [lambda r, t: similarity(r, t).exp()],
    "divided_without_exponential": [_share],
    "distance_for_inner_product": [
        softly(lambda r, t: -_distance(r, t)),
        softly(lambda r, t: -(_distance(r, t) ** 2)),
        softly(lambda r, t: -(_distance(r, t) ** 2) / 2),
        softly(_distance),
    ],
    "sign_flipped": [softly(lambda r, t: -similarity(r, t))],
    "sigmoid_for_softmax": [lambda r, t: torch.sigmoid(similarity(r, t))],
    "cells_summed": [
        softly(lambda r, t: r @ t.transpose(1, 2)),
        softly(lambda r, t: torch.einsum("nid,njd->nij", r, t)),
    ],
    "overflow": [_naive],
    "hard_pointing": [_hard, lambda r, t: _hard(r, t) + 0 * similarity(r, t)],
    "reference_detached": [lambda r, t: right(r.detach(), t)],
    "target_detached": [lambda r, t: right(r, t.detach())],
    "gradient_cut": [
        lambda r, t: right(r, t).detach(),
        _without_gradient,
        lambda r, t: torch.tensor(right(r, t).tolist(), dtype=r.dtype),
    ],
}


def _point_logsumexp(reference, target):
    scores = reference.transpose(1, 2) @ target
    return (scores - torch.logsumexp(scores, dim=1, keepdim=True)).exp()


def _point_loop(reference, target):
    clips = [torch.softmax(r.T @ t, dim=0) for r, t in zip(reference, target, strict=True)]
    return torch.stack(clips)


def _point_broadcast(reference, target):
    scores = (reference.double()[:, :, :, None] * target.double()[:, :, None]).sum(dim=1)
    return scores.softmax(dim=-2)


def _point_other_side(reference, target):
    scores = torch.bmm(target.transpose(1, 2), reference)
    return nn.Softmax(dim=2)(scores).transpose(1, 2)


RIGHT = {
    "einsum": lambda r, t: torch.softmax(torch.einsum("ndi,ndj->nij", r, t), dim=1),
    "logsumexp": _point_logsumexp,
    "loop over clips": _point_loop,
    "broadcast, float64": _point_broadcast,
    "softmax over the last axis, then transposed": _point_other_side,
}


# What the first variant of each mistake earns.
MARKS = {
    "softmax_over_the_target": 0,
    "transposed": 0,
    "softmax_over_everything": 0,
    "softmax_over_the_clips": 0,
    "features_normalised": 0,
    "scaled_by_dimension": 1,
    "no_softmax": 0,
    "not_normalised": 0,
    "divided_without_exponential": 0,
    "distance_for_inner_product": 0,
    "sign_flipped": 0,
    "sigmoid_for_softmax": 0,
    "cells_summed": 0,
    "overflow": 2.5,
    "hard_pointing": 1,
    "reference_detached": 2.5,
    "target_detached": 2.5,
    "gradient_cut": 2.5,
}
