"""Wrong and right answers to game_value."""

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.functional import logsigmoid, softplus

from .shared import (
    CAREFUL,
    NAIVE,
    bce,
    joined,
    target,
    value,
    value_double,
    value_einsum,
    value_logaddexp,
    value_loop,
)

WRONG = {
    "naive_log_sigmoid": [
        value(*NAIVE),
        lambda r, f: (
            torch.log(1 / (1 + torch.exp(-r))).mean()
            + torch.log(1 - 1 / (1 + torch.exp(-f))).mean()
        ),
        lambda r, f: torch.log(torch.sigmoid(r)).mean() + torch.log(torch.sigmoid(-f)).mean(),
        lambda r, f: r.sigmoid().log().mean() + torch.log1p(-f.sigmoid()).mean(),
        lambda r, f: -torch.log(1 + torch.exp(-r)).mean() - torch.log(1 + torch.exp(f)).mean(),
    ],
    "epsilon_in_log": [
        *(value(*careful) for careful in CAREFUL),
        # torch's own cross-entropy of probabilities stops the logarithm at -100.
        lambda r, f: (
            -F.binary_cross_entropy(r.sigmoid(), target(r, 1.0))
            - F.binary_cross_entropy(f.sigmoid(), target(f, 0.0))
        ),
    ],
    "sum_instead_of_mean": [
        lambda r, f: logsigmoid(r).sum() + logsigmoid(-f).sum(),
        lambda r, f: NAIVE[0](r).sum() + NAIVE[1](f).sum(),
    ],
    "logits_taken_for_probabilities": [
        lambda r, f: torch.log(r).mean() + torch.log(1 - f).mean(),
        lambda r, f: (
            -F.binary_cross_entropy(r, target(r, 1.0)) - F.binary_cross_entropy(f, target(f, 0.0))
        ),
    ],
    "sigmoid_twice": [
        lambda r, f: logsigmoid(r.sigmoid()).mean() + logsigmoid(-f.sigmoid()).mean(),
        lambda r, f: logsigmoid(r.sigmoid()).mean() + logsigmoid(1 - f.sigmoid()).mean(),
        lambda r, f: -bce(r.sigmoid(), 1.0) - bce(f.sigmoid(), 0.0),
    ],
    "gradient_cut": [
        lambda r, f: (logsigmoid(r).mean() + logsigmoid(-f).mean()).item(),
        lambda r, f: (logsigmoid(r).mean() + logsigmoid(-f).mean()).detach(),
        lambda r, f: torch.tensor(float(logsigmoid(r).mean()) + float(logsigmoid(-f).mean())),
        lambda r, f: float(-np.logaddexp(0, -r.numpy()).mean() - np.logaddexp(0, f.numpy()).mean()),
    ],
    "log_of_mean": [
        lambda r, f: r.sigmoid().mean().log() + (1 - f.sigmoid()).mean().log(),
        lambda r, f: r.sigmoid().mean().log() + (1 - f.sigmoid().mean()).log(),
    ],
    "paired_batches": [
        lambda r, f: (logsigmoid(r) + logsigmoid(-f)).mean(),
        lambda r, f: (torch.log(r.sigmoid()) + torch.log(1 - f.sigmoid())).mean(),
    ],
    "mean_over_one_axis": [
        lambda r, f: logsigmoid(r).mean(0) + logsigmoid(-f).mean(0),
        lambda r, f: logsigmoid(r).mean(-1) + logsigmoid(-f).mean(-1),
        lambda r, f: logsigmoid(r).sum() / len(r) + logsigmoid(-f).sum() / len(f),
        lambda r, f: NAIVE[0](r).mean(0) + NAIVE[1](f).mean(0),
    ],
    "sign_flipped": [
        lambda r, f: -logsigmoid(r).mean() - logsigmoid(-f).mean(),
        lambda r, f: -NAIVE[0](r).mean() - NAIVE[1](f).mean(),
    ],
    "players_swapped": [
        lambda r, f: logsigmoid(f).mean() + logsigmoid(-r).mean(),
        lambda r, f: NAIVE[0](f).mean() + NAIVE[1](r).mean(),
    ],
    "fake_term_not_flipped": [
        lambda r, f: logsigmoid(r).mean() + logsigmoid(f).mean(),
        lambda r, f: NAIVE[0](r).mean() + NAIVE[0](f).mean(),
    ],
    "one_minus_outside": [
        lambda r, f: logsigmoid(r).mean() + (1 - logsigmoid(f)).mean(),
        lambda r, f: NAIVE[0](r).mean() + (1 - NAIVE[0](f)).mean(),
    ],
    "halved": [
        lambda r, f: (logsigmoid(r).mean() + logsigmoid(-f).mean()) / 2,
        lambda r, f: (NAIVE[0](r).mean() + NAIVE[1](f).mean()) / 2,
    ],
    "joined_batch": [
        lambda r, f: torch.cat([logsigmoid(r).flatten(), logsigmoid(-f).flatten()]).mean(),
        lambda r, f: -joined(r, f),
        lambda r, f: 2 * torch.cat([logsigmoid(r).flatten(), logsigmoid(-f).flatten()]).mean(),
        lambda r, f: torch.cat([NAIVE[0](r).flatten(), NAIVE[1](f).flatten()]).mean(),
    ],
    "log_base_2": [
        lambda r, f: torch.log2(r.sigmoid()).mean() + torch.log2(1 - f.sigmoid()).mean(),
        lambda r, f: torch.log10(r.sigmoid()).mean() + torch.log10(1 - f.sigmoid()).mean(),
    ],
    "real_term_only": [
        lambda r, f: logsigmoid(r).mean(),
        lambda r, f: NAIVE[0](r).mean(),
    ],
    "fake_term_only": [
        lambda r, f: logsigmoid(-f).mean(),
        lambda r, f: NAIVE[1](f).mean(),
    ],
}


RIGHT = {
    "logsigmoid": lambda r, f: logsigmoid(r).mean() + logsigmoid(-f).mean(),
    "softplus, other order": lambda r, f: -(softplus(f).mean() + softplus(-r).mean()),
    "cross-entropy": lambda r, f: -bce(r, 1.0) - bce(f, 0.0),
    "loop": value_loop,
    "float64": value_double,
    "einsum": value_einsum,
    "logaddexp": value_logaddexp,
    "log D(x) = a − softplus(a)": lambda r, f: (r - softplus(r)).mean() - softplus(f).mean(),
}


# What the first variant of each mistake earns.
MARKS = {
    "naive_log_sigmoid": 2.5,
    "epsilon_in_log": 2.5,
    "sum_instead_of_mean": 0,
    "logits_taken_for_probabilities": 0,
    "sigmoid_twice": 0,
    "gradient_cut": 2.25,
    "log_of_mean": 1,
    "paired_batches": 0.5,
    "mean_over_one_axis": 1.5,
    "sign_flipped": 0,
    "players_swapped": 1,
    "fake_term_not_flipped": 1,
    "one_minus_outside": 0,
    "halved": 0,
    "joined_batch": 0,
    "log_base_2": 0,
    "real_term_only": 0,
    "fake_term_only": 0,
}
