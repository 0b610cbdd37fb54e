"""Wrong and right answers to copy_colours."""

import torch
from torch.nn import functional as F


def copied(a, c):
    return torch.einsum("nij,nci->ncj", a, c)


def _strongest(a, c):
    return torch.stack([row[:, best] for row, best in zip(c, a.argmax(1), strict=True)])


def _hard_product(a, c):
    return copied(F.one_hot(a.argmax(1), a.shape[1]).transpose(1, 2).to(a), c)


def _copied_without_gradient(a, c):
    with torch.no_grad():
        return copied(a, c)


WRONG = {
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


def _copy_loop(attention, colours):
    total = torch.zeros(*colours.shape[:2], attention.shape[2], dtype=attention.dtype)
    for i in range(attention.shape[1]):
        total = total + attention[:, i, None, :] * colours[:, :, i, None]
    return total


RIGHT = {
    "matrix product": lambda a, c: c @ a,
    "einsum": lambda a, c: torch.einsum("nij,nci->ncj", a, c),
    "bmm, transposed twice": lambda a, c: torch.bmm(a.mT, c.mT).mT,
    "broadcast": lambda a, c: (a[:, None] * c[..., None]).sum(dim=2),
    "loop over the reference": _copy_loop,
    "float64, colours as plain labels": lambda a, c: c.detach().double() @ a.double(),
}


# What the first variant of each mistake earns.
MARKS = {
    "attention_transposed": 0,
    "attention_renormalised": 2.25,
    "normalised_over_the_target": 0,
    "softmax_again": 0,
    "hard_copy": 0,
    "mean_for_sum": 0,
    "weights_ignored": 0,
    "channels_last": 0,
    "reshaped_for_transposed": 0,
    "clips_mixed": 1.25,
    "channels_mixed": 0,
    "clamped": 0,
    "attention_detached": 2.5,
}
