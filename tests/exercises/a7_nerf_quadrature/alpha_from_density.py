"""Wrong and right answers to alpha_from_density."""

import torch

from .shared import cut_off


def refusing(answer, exception=ValueError, wrong=lambda d, n: (d < 0).any() or (n < 0).any()):
    def guarded(density, lengths):
        if bool(wrong(density, lengths)):
            raise exception("neither may be negative")
        return answer(density, lengths)

    return guarded


def both(*answers):
    """With and without the test for negative numbers."""
    return [form for answer in answers for form in (refusing(answer), answer)]


def share(density, lengths):
    return -torch.expm1(-density * lengths)


def _asserting(density, lengths):
    assert (density >= 0).all() and (lengths >= 0).all()
    return share(density, lengths)


def _one_ray(density, lengths):
    return -torch.expm1(-density * lengths.mean())


WRONG = {
    "exp_forgotten": both(
        lambda d, n: d * n,
        lambda d, n: (d * n).clamp(0, 1),
        lambda d, n: (d * n).clamp(max=1),
    ),
    "transmittance_returned": both(lambda d, n: torch.exp(-d * n)),
    "sign_in_exponent": both(lambda d, n: 1 - torch.exp(d * n)),
    "turned_round": both(lambda d, n: torch.exp(-d * n) - 1, lambda d, n: torch.expm1(-d * n)),
    "lengths_ignored": both(
        lambda d, n: share(d, torch.ones_like(n)),
        lambda d, n: 1 - torch.exp(-d),
    ),
    "density_ignored": both(lambda d, n: share(torch.ones_like(d), n)),
    "divided": both(lambda d, n: share(d, 1 / n), lambda d, n: 1 - torch.exp(-d / n)),
    "added": both(lambda d, n: share(d + n, torch.ones_like(n))),
    "summed_along_the_ray": both(
        lambda d, n: -torch.expm1(-torch.cumsum(d * n, -1)),
        lambda d, n: 1 - torch.exp(-torch.cumsum(d * n, -1)),
    ),
    "one_length_for_all": both(
        _one_ray,
        lambda d, n: share(d, n[..., :1]),
        lambda d, n: share(d, n.sum(-1, keepdim=True)),
    ),
    "one_number_per_ray": both(
        lambda d, n: -torch.expm1(-(d * n).sum(-1)),
        lambda d, n: 1 - torch.exp(-(d * n).sum(-1)),
    ),
    "squared": both(
        lambda d, n: share(d * d, n), lambda d, n: share(d, n * n), lambda d, n: share(d * n, d * n)
    ),
    "other_squashing": both(
        lambda d, n: torch.tanh(d * n),
        lambda d, n: torch.sigmoid(d * n),
        lambda d, n: d * n / (1 + d * n),
        lambda d, n: 1 - 2 ** (-d * n),
    ),
    "squashed_before_length": both(
        lambda d, n: (1 - torch.exp(-d)) * n,
        lambda d, n: (1 - torch.exp(-d)) * n.clamp(max=1),
    ),
    "digits_lost": [refusing(lambda d, n: 1 - torch.exp(-d * n)), lambda d, n: 1 - (-d * n).exp()],
    "negative_accepted": [
        share,
        lambda d, n: share(d.relu(), n),
        lambda d, n: share(d.abs(), n.abs()),
        refusing(share, wrong=lambda d, n: (d < 0).any()),
        refusing(share, wrong=lambda d, n: (n < 0).any()),
        refusing(share, wrong=lambda d, n: (d < 0).all() or (n < 0).all()),
    ],
    "wrong_exception": [
        _asserting,
        *(refusing(share, kind) for kind in (RuntimeError, Exception, TypeError)),
    ],
    "gradient_cut": [refusing(answer) for answer in cut_off(share)],
    "lengths_detached": [
        refusing(lambda d, n: share(d, n.detach())),
        refusing(lambda d, n: share(d.detach(), n)),
    ],
}


def _refuse(density, lengths):
    if torch.any(density < 0) or torch.any(lengths < 0):
        raise ValueError("a density or a length is negative")


def _alpha_expm1(density, lengths):
    _refuse(density, lengths)
    return -torch.expm1(-density * lengths)


def _alpha_double(density, lengths):
    _refuse(density, lengths)
    return (1 - torch.exp(-density.double() * lengths.double())).to(density.dtype)


def _alpha_loop(density, lengths):
    _refuse(density, lengths)
    bins = [-torch.special.expm1(-density[..., k] * lengths[k]) for k in range(len(lengths))]
    return torch.stack(bins, -1)


def _alpha_hyperbolic(density, lengths):
    if min(float(density.min()), float(lengths.min())) < 0:
        raise ValueError(f"negative: {density.min()}, {lengths.min()}")
    half = density * lengths / 2
    return 2 * torch.tanh(half) / (1 + torch.tanh(half))


def _alpha_einsum(density, lengths):
    _refuse(density, lengths)
    return torch.einsum("...n,n->...n", density, lengths).neg().expm1().neg()


RIGHT = {
    "expm1": _alpha_expm1,
    "in float64": _alpha_double,
    "loop": _alpha_loop,
    "hyperbolic tangent": _alpha_hyperbolic,
    "einsum": _alpha_einsum,
    "result in float64": lambda d, n: _alpha_expm1(d.double(), n.double()),
}


# What the first variant of each mistake earns.
MARKS = {
    "exp_forgotten": 1,
    "transmittance_returned": 0.75,
    "sign_in_exponent": 0.75,
    "turned_round": 0.75,
    "lengths_ignored": 0.75,
    "density_ignored": 0.75,
    "divided": 0.75,
    "added": 0.75,
    "summed_along_the_ray": 0.75,
    "one_length_for_all": 0.75,
    "one_number_per_ray": 0.5,
    "squared": 0.75,
    "other_squashing": 1,
    "squashed_before_length": 0.75,
    "digits_lost": 2.75,
    "negative_accepted": 2.75,
    "wrong_exception": 2.75,
    "gradient_cut": 2.5,
    "lengths_detached": 2.5,
}
