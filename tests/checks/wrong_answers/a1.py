"""Wrong answers to assignment 1: `WRONG[exercise][misconception]` is a list of variants."""

import numpy as np
import torch
from torch.nn import functional as F
from torch.nn.functional import logsigmoid

from .a1_steps import WRONG_STEPS


def _with_epsilon(e):
    return (
        lambda a: torch.log(torch.sigmoid(a) + e),
        lambda a: torch.log(1 - torch.sigmoid(a) + e),
    )


def _clamped(e):
    return (
        lambda a: torch.log(torch.sigmoid(a).clamp(e, 1 - e)),
        lambda a: torch.log(1 - torch.sigmoid(a).clamp(e, 1 - e)),
    )


def _floored(e):
    return (
        lambda a: torch.log(torch.sigmoid(a).clamp_min(e)),
        lambda a: torch.log((1 - torch.sigmoid(a)).clamp_min(e)),
    )


EPSILONS = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
CAREFUL = [make(epsilon) for make in (_with_epsilon, _clamped, _floored) for epsilon in EPSILONS]
NAIVE = (lambda a: torch.log(torch.sigmoid(a)), lambda a: torch.log(1 - torch.sigmoid(a)))
EXACT = (logsigmoid, lambda a: logsigmoid(-a))


def value(log_real, log_fake):
    return lambda r, f: log_real(r).mean() + log_fake(f).mean()


def loss(log_real, log_fake):
    return lambda r, f: -log_real(r).mean() - log_fake(f).mean()


def pair(log_real, log_fake):
    return lambda f: (log_fake(f).mean(), -log_real(f).mean())


def _target(logits, label):
    return torch.full_like(logits, label)


def bce(logits, label, **more):
    return F.binary_cross_entropy_with_logits(logits, _target(logits, label), **more)


def _joined(r, f):
    logits = torch.cat([r.flatten(), f.flatten()])
    labels = torch.cat([torch.ones(r.numel()), torch.zeros(f.numel())]).to(logits)
    return F.binary_cross_entropy_with_logits(logits, labels)


GAME_VALUE = {
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
            -F.binary_cross_entropy(r.sigmoid(), _target(r, 1.0))
            - F.binary_cross_entropy(f.sigmoid(), _target(f, 0.0))
        ),
    ],
    "sum_instead_of_mean": [
        lambda r, f: logsigmoid(r).sum() + logsigmoid(-f).sum(),
        lambda r, f: NAIVE[0](r).sum() + NAIVE[1](f).sum(),
    ],
    "logits_taken_for_probabilities": [
        lambda r, f: torch.log(r).mean() + torch.log(1 - f).mean(),
        lambda r, f: (
            -F.binary_cross_entropy(r, _target(r, 1.0)) - F.binary_cross_entropy(f, _target(f, 0.0))
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
        lambda r, f: -_joined(r, f),
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

DISCRIMINATOR_LOSS = {
    "naive_log_sigmoid": [
        loss(*NAIVE),
        lambda r, f: -torch.log(torch.sigmoid(r)).mean() - torch.log(torch.sigmoid(-f)).mean(),
        lambda r, f: torch.log(1 + torch.exp(-r)).mean() + torch.log(1 + torch.exp(f)).mean(),
    ],
    "epsilon_in_log": [
        *(loss(*careful) for careful in CAREFUL),
        # torch's own cross-entropy of probabilities stops the logarithm at -100.
        lambda r, f: (
            F.binary_cross_entropy(r.sigmoid(), _target(r, 1.0))
            + F.binary_cross_entropy(f.sigmoid(), _target(f, 0.0))
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
    "joined_batch": [_joined, lambda r, f: 2 * _joined(r, f)],
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
            F.binary_cross_entropy(r, _target(r, 1.0)) + F.binary_cross_entropy(f, _target(f, 0.0))
        ),
    ],
    "hinge_or_critic": [
        lambda r, f: F.relu(1 - r).mean() + F.relu(1 + f).mean(),
        lambda r, f: f.mean() - r.mean(),
        lambda r, f: ((r - 1) ** 2).mean() + (f**2).mean(),
    ],
}

GENERATOR_LOSSES = {
    "naive_log_sigmoid": [
        pair(*NAIVE),
        lambda f: (torch.log(torch.sigmoid(-f)).mean(), -torch.log(torch.sigmoid(f)).mean()),
        lambda f: (-torch.log(1 + torch.exp(f)).mean(), torch.log(1 + torch.exp(-f)).mean()),
    ],
    "epsilon_in_log": [
        *(pair(*careful) for careful in CAREFUL),
        lambda f: (
            -F.binary_cross_entropy(f.sigmoid(), _target(f, 0.0)),
            F.binary_cross_entropy(f.sigmoid(), _target(f, 1.0)),
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


def _refusing(formula, exception=ValueError):
    """The formula behind the test that the exercise asks for."""

    def answer(p, q):
        if (p < 0).any() or (q < 0).any():
            raise exception("a density is never negative")
        return formula(p, q)

    return answer


def _both(formula):
    """With and without the test for negative densities."""
    return [_refusing(formula), formula]


def _half_where(nothing, share):
    return torch.where(nothing, torch.full_like(share, 0.5), share)


def _share(p, q):
    return _half_where(p + q == 0, p / (p + q))


def _assert_positive(p, q):
    assert (p >= 0).all() and (q >= 0).all()
    return _share(p, q)


OPTIMAL_DISCRIMINATOR = {
    "density_ratio": [
        *_both(lambda p, q: p / q),
        *_both(lambda p, q: _half_where(p + q == 0, p / q)),
        *_both(lambda p, q: p / (q + 1e-8)),
    ],
    "share_of_the_model": [
        *_both(lambda p, q: q / (p + q)),
        *_both(lambda p, q: _half_where(p + q == 0, q / (p + q))),
    ],
    "nan_where_both_zero": _both(lambda p, q: p / (p + q)),
    "zero_where_both_zero": [
        *_both(lambda p, q: torch.nan_to_num(p / (p + q))),
        *_both(lambda p, q: torch.where(p + q > 0, p / (p + q), torch.zeros_like(p))),
    ],
    "epsilon_in_denominator": [
        answer
        for e in EPSILONS
        for formula in (
            lambda p, q, e=e: p / (p + q + e),
            lambda p, q, e=e: (p + e) / (p + q + 2 * e),
            lambda p, q, e=e: p / (p + q).clamp_min(e),
            lambda p, q, e=e: _half_where(p + q == 0, p / (p + q + e)),
        )
        for answer in _both(formula)
    ],
    "threshold_for_zero": [
        answer
        for e in EPSILONS
        for answer in _both(lambda p, q, e=e: _half_where(p + q < e, p / (p + q)))
    ],
    "hard_decision": [
        *_both(lambda p, q: (p > q).float()),
        *_both(lambda p, q: (p >= q).to(p)),
        *_both(lambda p, q: p > q),
        *_both(lambda p, q: _half_where(p == q, (p > q).to(p))),
    ],
    "log_ratio": [
        *_both(lambda p, q: p.log() - q.log()),
        *_both(lambda p, q: torch.log(p / q)),
        *_both(lambda p, q: _half_where(p + q == 0, torch.log(p / q))),
    ],
    "softmax_of_densities": [
        *_both(lambda p, q: torch.softmax(torch.stack([p, q]), 0)[0]),
        *_both(lambda p, q: torch.sigmoid(p - q)),
    ],
    "normalised_over_the_grid": [
        *_both(lambda p, q: _share(p / p.sum(), q / q.sum())),
        *_both(lambda p, q: _share(p, q) / _share(p, q).sum()),
        *_both(lambda p, q: p / (p + q).sum()),
    ],
    "negative_accepted": [
        _share,
        lambda p, q: torch.nan_to_num(p / (p + q), nan=0.5),
        lambda p, q: _share(p.clamp_min(0), q.clamp_min(0)),
    ],
    "wrong_exception": [
        _assert_positive,
        _refusing(_share, RuntimeError),
        _refusing(_share, TypeError),
        _refusing(_share, Exception),
    ],
}

WRONG = {
    "game_value": GAME_VALUE,
    "discriminator_loss": DISCRIMINATOR_LOSS,
    "generator_losses": GENERATOR_LOSSES,
    "optimal_discriminator": OPTIMAL_DISCRIMINATOR,
    "alternating_step": WRONG_STEPS,
}
