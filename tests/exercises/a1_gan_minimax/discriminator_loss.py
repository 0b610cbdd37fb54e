"""Wrong and right answers to discriminator_loss."""

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

EXACT = (logsigmoid, lambda a: logsigmoid(-a))


def loss(log_real, log_fake):
    return lambda r, f: -log_real(r).mean() - log_fake(f).mean()


WRONG = {
    "naive_log_sigmoid": [
        loss(*NAIVE),
        lambda r, f: -torch.log(torch.sigmoid(r)).mean() - torch.log(torch.sigmoid(-f)).mean(),
        lambda r, f: torch.log(1 + torch.exp(-r)).mean() + torch.log(1 + torch.exp(f)).mean(),
    ],
    "epsilon_in_log": [
        *(loss(*careful) for careful in CAREFUL),
        # torch's own cross-entropy of probabilities stops the logarithm at -100.
        lambda r, f: (
            F.binary_cross_entropy(r.sigmoid(), target(r, 1.0))
            + F.binary_cross_entropy(f.sigmoid(), target(f, 0.0))
        ),
    ],
    "sum_instead_of_mean": [
        lambda r, f: bce(r, 1.0, reduction="sum") + bce(f, 0.0, reduction="sum"),
    ],
    "logits_taken_for_probabilities": [
        lambda r, f: -torch.log(r).mean() - torch.log(1 - f).mean(),
    ],
    "sigmoid_twice": [
        lambda r, f: bce(r.sigmoid(), 1.0) + bce(f.sigmoid(), 0.0),
        lambda r, f: -logsigmoid(r.sigmoid()).mean() - logsigmoid(1 - f.sigmoid()).mean(),
    ],
    "gradient_cut": [
        lambda r, f: (bce(r, 1.0) + bce(f, 0.0)).item(),
        lambda r, f: (bce(r, 1.0) + bce(f, 0.0)).detach(),
        lambda r, f: torch.tensor(bce(r, 1.0).item() + bce(f, 0.0).item()),
        lambda r, f: float(np.logaddexp(0, -r.numpy()).mean() + np.logaddexp(0, f.numpy()).mean()),
    ],
    "mean_over_one_axis": [
        lambda r, f: bce(r, 1.0, reduction="none").mean(0) + bce(f, 0.0, reduction="none").mean(0),
        lambda r, f: (
            bce(r, 1.0, reduction="none").mean(-1) + bce(f, 0.0, reduction="none").mean(-1)
        ),
        lambda r, f: bce(r, 1.0, reduction="sum") / len(r) + bce(f, 0.0, reduction="sum") / len(f),
    ],
    "paired_batches": [lambda r, f: -(logsigmoid(r) + logsigmoid(-f)).mean()],
    "value_instead_of_loss": [
        value(*EXACT),
        value(*NAIVE),
        lambda r, f: -bce(r, 1.0) - bce(f, 0.0),
    ],
    "labels_swapped": [
        lambda r, f: bce(r, 0.0) + bce(f, 1.0),
        lambda r, f: -NAIVE[0](f).mean() - NAIVE[1](r).mean(),
    ],
    "all_labels_real": [
        lambda r, f: bce(r, 1.0) + bce(f, 1.0),
        lambda r, f: -NAIVE[0](r).mean() - NAIVE[0](f).mean(),
    ],
    "halved": [
        lambda r, f: (bce(r, 1.0) + bce(f, 0.0)) / 2,
        lambda r, f: -(NAIVE[0](r).mean() + NAIVE[1](f).mean()) / 2,
    ],
    "joined_batch": [joined, lambda r, f: 2 * joined(r, f)],
    "fake_logits_detached": [
        lambda r, f: bce(r, 1.0) + bce(f.detach(), 0.0),
    ],
    "real_term_only": [lambda r, f: bce(r, 1.0)],
    "fake_term_only": [lambda r, f: bce(f, 0.0)],
    "labels_smoothed": [
        lambda r, f, real=real, fake=fake: bce(r, real) + bce(f, fake)
        for real, fake in (
            (0.9, 0.0),
            (0.9, 0.1),
            (0.8, 0.0),
            (0.8, 0.2),
            (0.95, 0.0),
            (0.95, 0.05),
        )
    ],
    "cross_entropy_on_logits": [
        lambda r, f: (
            F.binary_cross_entropy(r, target(r, 1.0)) + F.binary_cross_entropy(f, target(f, 0.0))
        ),
    ],
    "hinge_or_critic": [
        lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(),
        lambda r, f: f.mean() - r.mean(),
        lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean(),
    ],
}


GAME_VALUE = {
    "logsigmoid": lambda r, f: logsigmoid(r).mean() + logsigmoid(-f).mean(),
    "softplus, other order": lambda r, f: -(softplus(f).mean() + softplus(-r).mean()),
    "cross-entropy": lambda r, f: -bce(r, 1.0) - bce(f, 0.0),
    "loop": value_loop,
    "float64": value_double,
    "einsum": value_einsum,
    "logaddexp": value_logaddexp,
    "log D(x) = a − softplus(a)": lambda r, f: (r - softplus(r)).mean() - softplus(f).mean(),
}


RIGHT = {
    "cross-entropy": lambda r, f: bce(r, 1.0) + bce(f, 0.0),
    "minus the value": lambda r, f: -GAME_VALUE["logsigmoid"](r, f),
    "softplus": lambda r, f: softplus(-r).mean() + softplus(f).mean(),
    "loop": lambda r, f: -value_loop(r, f),
    "float64": lambda r, f: -value_double(r, f),
    "sum over count": lambda r, f: softplus(-r).sum() / r.numel() + softplus(f).sum() / f.numel(),
}


# What the first variant of each mistake earns.
MARKS = {
    "naive_log_sigmoid": 2.5,
    "epsilon_in_log": 2.5,
    "sum_instead_of_mean": 0,
    "logits_taken_for_probabilities": 0,
    "sigmoid_twice": 0,
    "gradient_cut": 2.25,
    "mean_over_one_axis": 1.5,
    "paired_batches": 0.5,
    "value_instead_of_loss": 0,
    "labels_swapped": 1,
    "all_labels_real": 1,
    "halved": 0,
    "joined_batch": 0,
    "fake_logits_detached": 2.5,
    "real_term_only": 0,
    "fake_term_only": 0,
    "labels_smoothed": 1,
    "cross_entropy_on_logits": 0,
    "hinge_or_critic": 0,
}
