"""Wrong answers of assignment 3 about pointers: `pointer_attention`, `copy_colours`."""

import torch
from torch.nn import functional as F

# ------------------------------------------------------------------- pointer_attention


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


POINTER_ATTENTION = {
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

# ------------------------------------------------------------------------ copy_colours


def copied(a, c):
    return torch.einsum("nij,nci->ncj", a, c)


def _strongest(a, c):
    return torch.stack([row[:, best] for row, best in zip(c, a.argmax(1), strict=True)])


def _hard_product(a, c):
    return copied(F.one_hot(a.argmax(1), a.shape[1]).transpose(1, 2).to(a), c)


def _copied_without_gradient(a, c):
    with torch.no_grad():
        return copied(a, c)


COPY_COLOURS = {
    "attention_transposed": [
        lambda a, c: torch.einsum("nij,ncj->nci", a, c),
        lambda a, c: c @ a.transpose(1, 2),
        lambda a, c: torch.stack([x @ m.T for x, m in zip(c, a, strict=True)]),
    ],
    "attention_renormalised": [
        lambda a, c: copied(a / a.sum(1, keepdim=True), c),
        lambda a, c: copied(a, c) / a.sum(1, keepdim=True),
        lambda a, c: copied(F.normalize(a, p=1, dim=1), c),
    ],
    "normalised_over_the_target": [lambda a, c: copied(a / a.sum(2, keepdim=True), c)],
    "softmax_again": [
        lambda a, c: copied(torch.softmax(a, 1), c),
        lambda a, c: copied(torch.softmax(a, 2), c),
    ],
    "hard_copy": [_strongest, _hard_product],
    "mean_for_sum": [
        lambda a, c: copied(a, c) / a.shape[1],
        lambda a, c: (a[:, None] * c[..., None]).mean(2),
    ],
    "weights_ignored": [
        lambda a, c: c.mean(2, keepdim=True).expand(-1, -1, a.shape[2]) + 0 * a.mean(1)[:, None],
        lambda a, c: c.mean(2, keepdim=True) * a.sum(1)[:, None],
        lambda a, c: c.sum(2, keepdim=True) * a.sum(1)[:, None],
    ],
    "channels_last": [
        lambda a, c: copied(a, c).transpose(1, 2),
        lambda a, c: a.transpose(1, 2) @ c.transpose(1, 2),
    ],
    "reshaped_for_transposed": [
        lambda a, c: copied(a, c).transpose(1, 2).reshape(len(c), c.shape[1], -1),
        lambda a, c: copied(a, c.reshape(len(c), -1, c.shape[1]).transpose(1, 2)),
        lambda a, c: copied(a.transpose(1, 2).reshape(a.shape), c),
    ],
    "clips_mixed": [
        lambda a, c: torch.einsum("nij,mci->ncj", a, c),
        lambda a, c: torch.einsum("ij,nci->ncj", a[0], c),
        lambda a, c: torch.einsum("nij,ci->ncj", a, c[0]),
        lambda a, c: copied(a, c)[:1],
        lambda a, c: copied(a, c)[0],
        lambda a, c: c[0] @ a[0],
    ],
    "channels_mixed": [
        lambda a, c: copied(a, c.mean(1, keepdim=True)).expand(-1, c.shape[1], -1),
        lambda a, c: copied(a, c.sum(1, keepdim=True)).expand(-1, c.shape[1], -1),
        lambda a, c: torch.einsum("nij,nci->nj", a, c),
    ],
    "clamped": [
        lambda a, c: copied(a, c).clamp(0, 1),
        lambda a, c: copied(a, c).clamp(-1, 1),
        lambda a, c: copied(a, c).clamp(min=0),
    ],
    "attention_detached": [
        lambda a, c: copied(a.detach(), c),
        lambda a, c: copied(a, c).detach(),
        _copied_without_gradient,
        lambda a, c: torch.tensor(copied(a, c).tolist(), dtype=a.dtype),
    ],
}
