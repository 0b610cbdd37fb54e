"""Right answers to assignment 4, written in different ways: `RIGHT[exercise][way]`."""

import math

import torch
from torch import nn
from torch.nn import functional as F

# ----------------------------------------------------------------------- cosine_scores


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


COSINE_SCORES = {
    "normalize": lambda u, v: F.normalize(u, dim=1) @ F.normalize(v, dim=1).T,
    "divided by the lengths": _cosine_lengths,
    "loop": _cosine_loop,
    "einsum": _cosine_einsum,
    "cosine_similarity, broadcast": lambda u, v: F.cosine_similarity(u[:, None], v[None], dim=-1),
    "module": lambda u, v: nn.CosineSimilarity(dim=2)(u.unsqueeze(1), v.unsqueeze(0)),
    "float64": lambda u, v: F.normalize(u.double(), dim=-1) @ F.normalize(v.double(), dim=-1).mT,
}

# ----------------------------------------------------------------- positives_as_labels


def _labels_mask(pictures):
    same = pictures[:, None] == pictures[None]
    if bool((same.sum(1) != 2).any()):
        raise ValueError("every picture needs exactly two views")
    return same.fill_diagonal_(False).long().argmax(1)


def _labels_loop(pictures):
    names = pictures.tolist()
    labels = []
    for i, name in enumerate(names):
        other = [j for j, found in enumerate(names) if found == name and j != i]
        if len(other) != 1:
            raise ValueError(f"picture {name} has {len(other) + 1} views")
        labels.append(other[0])
    return torch.tensor(labels)


def _labels_sorted(pictures):
    if not bool((pictures.unique(return_counts=True)[1] == 2).all()):
        raise ValueError("two views of each")
    order = pictures.argsort(stable=True)
    labels = torch.empty_like(pictures)
    labels[order] = order.view(-1, 2).flip(1).flatten()
    return labels


def _labels_dictionary(pictures):
    where = {}
    for i, name in enumerate(pictures.tolist()):
        where.setdefault(name, []).append(i)
    if any(len(places) != 2 for places in where.values()):
        raise ValueError("each picture has two views")
    return torch.tensor([sum(where[p]) - i for i, p in enumerate(pictures.tolist())])


def _labels_nonzero(pictures):
    same = torch.eq(pictures.unsqueeze(1), pictures).logical_and(
        ~torch.eye(len(pictures), dtype=torch.bool)
    )
    if not torch.equal(same.sum(1), torch.ones(len(pictures), dtype=torch.int64)):
        raise ValueError("one other view for each view")
    return same.nonzero()[:, 1]


POSITIVES_AS_LABELS = {
    "mask": _labels_mask,
    "loop": _labels_loop,
    "sorted": _labels_sorted,
    "dictionary": _labels_dictionary,
    "nonzero": _labels_nonzero,
}

# ---------------------------------------------------------------------------- info_nce


def _nce_loop(scores, labels, temperature):
    total = 0.0
    for row, label in zip(scores, labels, strict=True):
        logits = row / temperature
        total = total + torch.logsumexp(logits, 0) - logits[label]
    return total / len(labels)


def _nce_gather(scores, labels, temperature):
    log_shares = torch.log_softmax(scores / temperature, dim=-1)
    return -log_shares.gather(1, labels[:, None]).mean()


def _nce_shifted(scores, labels, temperature):
    logits = scores / temperature
    logits = logits - logits.max(dim=1, keepdim=True).values
    positive = logits[torch.arange(len(logits)), labels]
    return (logits.exp().sum(dim=1).log() - positive).mean()


def _nce_pairs(scores, labels, temperature):
    hot = F.one_hot(labels, scores.shape[1]).bool()
    positive, negatives = scores[hot], scores[~hot].view(len(scores), -1)
    ahead = (negatives - positive[:, None]) / temperature
    return F.softplus(ahead.logsumexp(1)).mean()


INFO_NCE = {
    "cross_entropy": lambda s, y, t: F.cross_entropy(s / t, y),
    "module": lambda s, y, t: nn.CrossEntropyLoss()(s.div(t), y),
    "loop with logsumexp": _nce_loop,
    "log_softmax, gather": _nce_gather,
    "largest score taken away": _nce_shifted,
    "positive against negatives": _nce_pairs,
    "float64": lambda s, y, t: F.nll_loss((s.double() / t).log_softmax(1), y),
    "Categorical": lambda s, y, t: (
        -torch.distributions.Categorical(logits=s / t, validate_args=False).log_prob(y).mean()
    ),
}

# ------------------------------------------------------------ mutual_information_bound


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


MUTUAL_INFORMATION_BOUND = {
    "cross_entropy": lambda s, y: math.log(s.shape[1]) - F.cross_entropy(s, y),
    "loop": _bound_loop,
    "mean below the fraction": _bound_mean_below,
    "log of a tensor": _bound_tensor,
    "against guessing": lambda s, y: (
        F.cross_entropy(torch.zeros_like(s), y) - F.cross_entropy(s, y)
    ),
    "float64": lambda s, y: math.log(s.shape[-1]) - F.cross_entropy(s.double(), y),
}

# ---------------------------------------------------------------- temperature_gradient


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


TEMPERATURE_GRADIENT = {
    "softmax minus one-hot": lambda s, y, t: (
        ((s / t).softmax(1) - F.one_hot(y, s.shape[1])) / (len(s) * t)
    ),
    "1 taken off at the positive": _slope_index,
    "autograd": _slope_autograd,
    "loop": _slope_loop,
    "rows of the identity": _slope_eye,
    "float64": lambda s, y, t: _slope_eye(s.double(), y, t),
}

RIGHT = {
    "cosine_scores": COSINE_SCORES,
    "positives_as_labels": POSITIVES_AS_LABELS,
    "info_nce": INFO_NCE,
    "mutual_information_bound": MUTUAL_INFORMATION_BOUND,
    "temperature_gradient": TEMPERATURE_GRADIENT,
}
