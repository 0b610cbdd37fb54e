"""Wrong and right answers to optimal_discriminator."""

import torch

from .shared import EPSILONS


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


WRONG = {
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


def _refuse_negative(p, q):
    if (p < 0).any() or (q < 0).any():
        raise ValueError("a density is never negative")


def _share_where(p, q):
    _refuse_negative(p, q)
    return torch.where(p + q == 0, torch.tensor(0.5, dtype=p.dtype), p / (p + q))


def _share_mask(p, q):
    _refuse_negative(p, q)
    result = torch.full_like(p, 0.5)
    some = (p + q) > 0
    result[some] = p[some] / (p[some] + q[some])
    return result


def _share_loop(p, q):
    if min(float(p.min()), float(q.min())) < 0:
        raise ValueError("negative")
    rows = [
        a / (a + b) if a + b > 0 else 0.5 for a, b in zip(p.flatten(), q.flatten(), strict=True)
    ]
    return torch.tensor([float(row) for row in rows]).reshape(p.shape)


def _share_nan_to_num(p, q):
    if not bool(((p >= 0) & (q >= 0)).all()):
        raise ValueError("negative")
    return (p / (p + q)).nan_to_num(nan=0.5)


def _share_of_logs(p, q):
    _refuse_negative(p, q)
    log_p, log_q = p.double().log(), q.double().log()
    return torch.sigmoid(log_p - log_q).nan_to_num(nan=0.5)


def _share_inverse(p, q):
    _refuse_negative(p, q)
    return (1 / (1 + q.double() / p.double())).nan_to_num(nan=0.5)


RIGHT = {
    "where": _share_where,
    "mask": _share_mask,
    "loop": _share_loop,
    "nan_to_num": _share_nan_to_num,
    "sigmoid of the log ratio, float64": _share_of_logs,
    "1 / (1 + q/p)": _share_inverse,
}


# What the first variant of each mistake earns.
MARKS = {
    "density_ratio": 0.75,
    "share_of_the_model": 0.75,
    "nan_where_both_zero": 2.5,
    "zero_where_both_zero": 2.5,
    "epsilon_in_denominator": 2,
    "threshold_for_zero": 2.5,
    "hard_decision": 0.75,
    "log_ratio": 0.75,
    "softmax_of_densities": 0.75,
    "normalised_over_the_grid": 0.75,
    "negative_accepted": 2.75,
    "wrong_exception": 2.75,
}
