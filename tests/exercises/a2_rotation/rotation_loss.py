"""Wrong and right answers to rotation_loss."""

import math

import torch
from torch import nn
from torch.nn import functional as F


def one_hot(logits, turns):
    return F.one_hot(turns, logits.shape[1]).to(logits)


def chosen(scores, turns):
    return scores[torch.arange(len(turns)), turns]


EPSILONS = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


WRONG = {
    "softmax_before_cross_entropy": [
        lambda a, t: F.cross_entropy(a.softmax(1), t),
        lambda a, t: F.cross_entropy(a.softmax(-1), t),
    ],
    "log_of_softmax": [
        lambda a, t: -torch.log(chosen(a.softmax(1), t)).mean(),
        lambda a, t: F.nll_loss(a.softmax(1).log(), t),
        lambda a, t: -torch.log(chosen(a.exp() / a.exp().sum(1, keepdim=True), t)).mean(),
        lambda a, t: (a.exp().sum(1).log() - chosen(a, t)).mean(),
    ],
    "epsilon_in_log": [
        answer
        for e in EPSILONS
        for answer in (
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t) + e).mean(),
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t).clamp_min(e)).mean(),
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t).clamp(e, 1 - e)).mean(),
        )
    ],
    "sum_instead_of_mean": [
        lambda a, t: F.cross_entropy(a, t, reduction="sum"),
        lambda a, t: -chosen(a.log_softmax(1), t).sum(),
    ],
    "one_loss_per_picture": [
        lambda a, t: F.cross_entropy(a, t, reduction="none"),
        lambda a, t: -chosen(a.log_softmax(1), t),
    ],
    "mean_over_all_logits": [
        lambda a, t: -(one_hot(a, t) * a.log_softmax(1)).mean(),
    ],
    "sign_flipped": [
        lambda a, t: -F.cross_entropy(a, t),
        lambda a, t: chosen(a.log_softmax(1), t).mean(),
    ],
    "logits_taken_for_log_probabilities": [
        lambda a, t: F.nll_loss(a, t),
        lambda a, t: -chosen(a, t).mean(),
    ],
    "no_logarithm": [
        lambda a, t: -chosen(a.softmax(1), t).mean(),
        lambda a, t: 1 - chosen(a.softmax(1), t).mean(),
        lambda a, t: F.nll_loss(a.softmax(1), t),
    ],
    "softmax_over_the_batch": [
        lambda a, t: -chosen(a.log_softmax(0), t).mean(),
        lambda a, t: F.nll_loss(a.log_softmax(0), t),
    ],
    "squared_error": [
        lambda a, t: F.mse_loss(a.softmax(1), one_hot(a, t)),
        lambda a, t: F.mse_loss(a, one_hot(a, t)),
        lambda a, t: ((a.softmax(1) - one_hot(a, t)) ** 2).sum(1).mean(),
    ],
    "four_yes_or_no_questions": [
        lambda a, t: F.binary_cross_entropy_with_logits(a, one_hot(a, t)),
        lambda a, t: F.binary_cross_entropy(a.sigmoid(), one_hot(a, t)),
        lambda a, t: F.binary_cross_entropy_with_logits(a, one_hot(a, t), reduction="sum") / len(a),
    ],
    "share_of_errors": [
        lambda a, t: (a.argmax(1) != t).float().mean(),
        lambda a, t: 1 - (a.argmax(1) == t).float().mean(),
    ],
    "labels_smoothed": [
        lambda a, t, s=s: F.cross_entropy(a, t, label_smoothing=s) for s in (0.1, 0.05, 0.2)
    ],
    "log_base_2": [lambda a, t: F.cross_entropy(a, t) / math.log(2)],
    "gradient_cut": [
        lambda a, t: F.cross_entropy(a, t).item(),
        lambda a, t: F.cross_entropy(a, t).detach(),
        lambda a, t: torch.tensor(F.cross_entropy(a, t).item()),
    ],
}


def _loss_loop(logits, turns):
    total = 0.0
    for row, turn in zip(logits, turns, strict=True):
        total = total + torch.logsumexp(row, 0) - row[turn]
    return total / len(turns)


def _loss_one_hot(logits, turns):
    hot = torch.eye(4, dtype=logits.dtype)[turns]
    return -torch.einsum("nk,nk->", hot, logits.log_softmax(dim=1)) / len(logits)


def _loss_shifted(logits, turns):
    shifted = logits - logits.max(dim=1, keepdim=True).values
    right = shifted.gather(1, turns[:, None]).squeeze(1)
    return (shifted.exp().sum(dim=1).log() - right).mean()


RIGHT = {
    "cross_entropy": lambda a, t: F.cross_entropy(a, t),
    "module": lambda a, t: nn.CrossEntropyLoss()(a, t),
    "nll of log_softmax": lambda a, t: F.nll_loss(F.log_softmax(a, dim=-1), t),
    "loop with logsumexp": _loss_loop,
    "one-hot, einsum": _loss_one_hot,
    "largest logit taken away": _loss_shifted,
    "float64": lambda a, t: F.cross_entropy(a.double(), t),
    "Categorical": lambda a, t: -torch.distributions.Categorical(logits=a).log_prob(t).mean(),
}


# What the first variant of each mistake earns.
MARKS = {
    "softmax_before_cross_entropy": 0.6,
    "log_of_softmax": 1.6,
    "epsilon_in_log": 1.6,
    "sum_instead_of_mean": 0,
    "one_loss_per_picture": 0,
    "mean_over_all_logits": 0,
    "sign_flipped": 0,
    "logits_taken_for_log_probabilities": 0,
    "no_logarithm": 0,
    "softmax_over_the_batch": 0,
    "squared_error": 0,
    "four_yes_or_no_questions": 0,
    "share_of_errors": 0,
    "labels_smoothed": 0.6,
    "log_base_2": 0,
    "gradient_cut": 1.6,
}
