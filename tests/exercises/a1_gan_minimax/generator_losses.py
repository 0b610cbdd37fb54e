"""Wrong and right answers to generator_losses."""

import torch
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus

from .shared import CAREFUL, NAIVE, bce, target


def pair(log_real, log_fake):
    return lambda f: (log_fake(f).mean(), -log_real(f).mean())


WRONG = {
    "naive_log_sigmoid": [
        pair(*NAIVE),
        lambda f: (torch.log(torch.sigmoid(-f)).mean(), -torch.log(torch.sigmoid(f)).mean()),
        lambda f: (-torch.log(1 + torch.exp(f)).mean(), torch.log(1 + torch.exp(-f)).mean()),
    ],
    "epsilon_in_log": [
        *(pair(*careful) for careful in CAREFUL),
        lambda f: (
            -F.binary_cross_entropy(f.sigmoid(), target(f, 0.0)),
            F.binary_cross_entropy(f.sigmoid(), target(f, 1.0)),
        ),
    ],
    "sum_instead_of_mean": [lambda f: (logsigmoid(-f).sum(), -logsigmoid(f).sum())],
    "logits_taken_for_probabilities": [
        lambda f: (torch.log(1 - f).mean(), -torch.log(f).mean()),
    ],
    "sigmoid_twice": [
        lambda f: (-bce(f.sigmoid(), 0.0), bce(f.sigmoid(), 1.0)),
        lambda f: (logsigmoid(1 - f.sigmoid()).mean(), -logsigmoid(f.sigmoid()).mean()),
    ],
    "gradient_cut": [
        lambda f: (logsigmoid(-f).mean().item(), -logsigmoid(f).mean().item()),
        lambda f: (logsigmoid(-f).mean().detach(), -logsigmoid(f).mean().detach()),
    ],
    "log_of_mean": [
        lambda f: ((1 - f.sigmoid()).mean().log(), -f.sigmoid().mean().log()),
    ],
    "order_swapped": [
        lambda f: (-logsigmoid(f).mean(), logsigmoid(-f).mean()),
        lambda f: (-NAIVE[0](f).mean(), NAIVE[1](f).mean()),
    ],
    "saturating_sign_flipped": [
        lambda f: (bce(f, 0.0), bce(f, 1.0)),
        lambda f: (-NAIVE[1](f).mean(), -NAIVE[0](f).mean()),
    ],
    "non_saturating_sign_flipped": [
        lambda f: (logsigmoid(-f).mean(), logsigmoid(f).mean()),
        lambda f: (NAIVE[1](f).mean(), NAIVE[0](f).mean()),
    ],
    "both_the_same": [
        lambda f: (logsigmoid(-f).mean(), -logsigmoid(-f).mean()),
        lambda f: (logsigmoid(-f).mean(), logsigmoid(-f).mean()),
        lambda f: (NAIVE[1](f).mean(), -NAIVE[1](f).mean()),
    ],
    "both_signs_flipped": [
        lambda f: (-logsigmoid(-f).mean(), logsigmoid(f).mean()),
        lambda f: (-NAIVE[1](f).mean(), NAIVE[0](f).mean()),
    ],
    "one_minus_outside": [
        lambda f: ((1 - logsigmoid(f)).mean(), -logsigmoid(f).mean()),
        lambda f: ((1 - NAIVE[0](f)).mean(), -NAIVE[0](f).mean()),
    ],
    "summed_into_one": [lambda f: logsigmoid(-f).mean() - logsigmoid(f).mean()],
}


def _pair_loop(f):
    saturating, other = 0.0, 0.0
    for a in f.flatten():
        saturating = saturating + logsigmoid(-a)
        other = other - logsigmoid(a)
    return saturating / f.numel(), other / f.numel()


RIGHT = {
    "logsigmoid": lambda f: (logsigmoid(-f).mean(), -logsigmoid(f).mean()),
    "softplus": lambda f: (-softplus(f).mean(), softplus(-f).mean()),
    "cross-entropy": lambda f: (-bce(f, 0.0), bce(f, 1.0)),
    "list, float64": lambda f: [-softplus(f.double()).mean(), softplus(-f.double()).mean()],
    "loop": _pair_loop,
}


# What the first variant of each mistake earns.
MARKS = {
    "naive_log_sigmoid": 3,
    "epsilon_in_log": 3,
    "sum_instead_of_mean": 0,
    "logits_taken_for_probabilities": 0,
    "sigmoid_twice": 0,
    "gradient_cut": 2.75,
    "log_of_mean": 0,
    "order_swapped": 0,
    "saturating_sign_flipped": 1.75,
    "non_saturating_sign_flipped": 1.75,
    "both_the_same": 1.75,
    "both_signs_flipped": 0,
    "one_minus_outside": 1.75,
    "summed_into_one": 0,
}
