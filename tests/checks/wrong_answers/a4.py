"""Wrong answers to assignment 4: `WRONG[exercise][misconception]` is a list of variants."""

import math

import torch
from torch.nn import functional as F

from .a4_choice import INFO_NCE, MUTUAL_INFORMATION_BOUND, TEMPERATURE_GRADIENT

# ----------------------------------------------------------------------- cosine_scores


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


COSINE_SCORES = {
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

# ----------------------------------------------------------------- positives_as_labels


def table(p):
    return p[:, None] == p[None]


def others(p):
    return table(p) & ~torch.eye(len(p), dtype=torch.bool)


def partner(p):
    return others(p).float().argmax(1)


def refusing(answer, exception=ValueError, wrong=lambda counts: counts != 2):
    def guarded(p):
        if bool(wrong(table(p).sum(1)).any()):
            raise exception("every picture needs exactly two views")
        return answer(p)

    return guarded


def both(*answers):
    """With and without the count of the views."""
    return [form for answer in answers for form in (refusing(answer), answer)]


def _without_itself(p):
    found = partner(p)
    return found - (found > torch.arange(len(p))).long()


def _pair_list(p):
    return torch.stack([(p == name).nonzero().flatten() for name in p.unique()])


def _asserted(p):
    assert bool((table(p).sum(1) == 2).all()), "exactly two views"
    return partner(p)


POSITIVES_AS_LABELS = {
    "self_pair_kept": both(
        lambda p: table(p).float().argmax(1),
        lambda p: table(p).nonzero()[:, 1][::2],
        lambda p: table(p).nonzero()[:, 1][1::2],
        lambda p: torch.arange(len(p)),
    ),
    "picture_number_returned": both(
        lambda p: p.clone(),
        lambda p: p.unique(return_inverse=True)[1],
    ),
    "halves_assumed": both(
        lambda p: torch.arange(len(p)).roll(len(p) // 2),
        lambda p: (torch.arange(len(p)) + len(p) // 2) % len(p),
    ),
    "neighbours_assumed": both(lambda p: torch.arange(len(p)) ^ 1),
    "counted_without_itself": both(_without_itself),
    "order_returned": both(
        lambda p: p.argsort(stable=True),
        lambda p: p.argsort(stable=True).argsort(),
        lambda p: p.argsort(stable=True).view(-1, 2).flip(1).flatten(),
    ),
    "mask_returned": both(
        others,
        lambda p: others(p).float(),
        lambda p: others(p).long(),
        table,
        lambda p: table(p).float(),
    ),
    "pairs_returned": both(
        _pair_list,
        lambda p: others(p).nonzero(),
        lambda p: others(p).triu().nonzero(),
    ),
    "labels_from_one": both(lambda p: partner(p) + 1),
    "float_labels": both(
        lambda p: partner(p).float(),
        lambda p: partner(p).double(),
        lambda p: partner(p).int(),
    ),
    "list_returned": both(
        lambda p: partner(p).tolist(),
        lambda p: [int(j) for j in partner(p)],
    ),
    "positive_always_first": both(
        lambda p: torch.zeros(len(p), dtype=torch.long),
        torch.zeros_like,
    ),
    "unpaired_accepted": [partner],
    "too_many_accepted": [refusing(partner, wrong=lambda counts: counts < 2)],
    "wrong_exception": [
        _asserted,
        refusing(partner, RuntimeError),
        refusing(partner, Exception),
        refusing(partner, TypeError),
        refusing(partner, IndexError),
    ],
}

WRONG = {
    "cosine_scores": COSINE_SCORES,
    "positives_as_labels": POSITIVES_AS_LABELS,
    "info_nce": INFO_NCE,
    "mutual_information_bound": MUTUAL_INFORMATION_BOUND,
    "temperature_gradient": TEMPERATURE_GRADIENT,
}
