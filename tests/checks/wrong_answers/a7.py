"""Wrong answers to assignment 7: `WRONG[exercise][misconception]` is a list of variants."""

import torch

from .a7_encoding import POSITIONAL_ENCODING
from .a7_samples import SAMPLE_PDF, STRATIFIED_DISTANCES

# ------------------------------------------------------------------ alpha_from_density


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


def cut_off(answer):
    """The right numbers in ways that no gradient survives."""

    def no_grad(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    def listed(*inputs):
        return torch.tensor(answer(*inputs).tolist(), dtype=inputs[0].dtype)

    return [lambda *inputs: answer(*inputs).detach(), no_grad, listed]


def _asserting(density, lengths):
    assert (density >= 0).all() and (lengths >= 0).all()
    return share(density, lengths)


def _one_ray(density, lengths):
    return -torch.expm1(-density * lengths.mean())


ALPHA_FROM_DENSITY = {
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

# ------------------------------------------------------------------ weights_from_alpha


def passed(alpha):
    """What reaches each sample: the right one."""
    return torch.cat([torch.ones_like(alpha[..., :1]), torch.cumprod(1 - alpha, -1)], -1)[..., :-1]


def weights(alpha):
    return alpha * passed(alpha)


def _from_behind(alpha):
    return weights(alpha.flip(-1)).flip(-1)


def _zeros_first(alpha):
    behind = torch.cumprod(1 - alpha, -1)
    return alpha * torch.cat([torch.zeros_like(behind[..., :1]), behind[..., :-1]], -1)


def _all_rays_in_a_row(alpha):
    return weights(alpha.flatten()).view_as(alpha)


def _first_axis(alpha):
    return weights(alpha.transpose(0, -1)).transpose(0, -1)


def _in_place(alpha):
    behind = torch.ones_like(alpha[..., 0])
    for k in range(alpha.shape[-1]):
        now = behind * alpha[..., k]
        behind = behind * (1 - alpha[..., k])
        alpha[..., k] = now
    return alpha


def _ended(alpha):
    return weights(torch.cat([alpha[..., :-1], torch.ones_like(alpha[..., -1:])], -1))


def _exclusive_sum(alpha):
    return torch.cumsum(alpha, -1) - alpha


def _neighbour(alpha):
    before = torch.cat([torch.ones_like(alpha[..., :1]), 1 - alpha[..., :-1]], -1)
    return alpha * before


WEIGHTS_FROM_ALPHA = {
    "inclusive_product": [
        lambda a: a * torch.cumprod(1 - a, -1),
        lambda a: a * torch.exp(torch.cumsum(torch.log(1 - a), -1)),
    ],
    "transmittance_returned": [passed, lambda a: torch.cumprod(1 - a, -1)],
    "alpha_returned": [lambda a: a.clone(), lambda a: a * 1.0],
    "product_of_alpha": [
        lambda a: torch.cumprod(a, -1),
        lambda a: a * torch.cumprod(a, -1),
        lambda a: a * torch.cat([torch.ones_like(a[..., :1]), torch.cumprod(a, -1)[..., :-1]], -1),
    ],
    "sum_instead_of_product": [
        lambda a: a * (1 - _exclusive_sum(a)),
        lambda a: a * (1 - _exclusive_sum(a)).clamp_min(0),
        lambda a: a * torch.cumsum(1 - a, -1),
    ],
    "alpha_taken_for_density": [
        lambda a: a * torch.exp(-_exclusive_sum(a)),
        lambda a: -torch.expm1(-a) * torch.exp(-_exclusive_sum(a)),
        lambda a: a * torch.exp(-torch.cumsum(a, -1)),
    ],
    "from_behind": [_from_behind],
    "nearest_neighbour_only": [_neighbour],
    "first_sample_lost": [_zeros_first],
    "shifted_round": [
        lambda a: a * torch.cumprod(1 - a, -1).roll(1, -1),
        lambda a: a * torch.roll(torch.cumprod(1 - a, -1), 1, dims=-1),
    ],
    "all_factors_for_all": [
        lambda a: a * torch.prod(1 - a, -1, keepdim=True),
        lambda a: a * (1 - a),
    ],
    "one_too_few_or_many": [
        lambda a: a[..., 1:] * torch.cumprod(1 - a, -1)[..., :-1],
        lambda a: a[..., :-1] * torch.cumprod(1 - a[..., :-1], -1),
        lambda a: torch.cat([weights(a), torch.prod(1 - a, -1, keepdim=True)], -1),
    ],
    "normalised": [
        lambda a: weights(a) / weights(a).sum(-1, keepdim=True),
        lambda a: a / a.sum(-1, keepdim=True),
        lambda a: a.softmax(-1),
    ],
    "last_bin_endless": [_ended],
    "over_the_rays": [
        _first_axis,
        lambda a: a * torch.cat([torch.ones_like(a[:1]), torch.cumprod(1 - a, 0)[:-1]]),
    ],
    "all_rays_in_a_row": [_all_rays_in_a_row],
    "divided_by_zero": [
        lambda a: a * torch.cumprod(1 - a, -1) / (1 - a),
        lambda a: a / (1 - a) * torch.cumprod(1 - a, -1),
    ],
    "epsilon_too_large": [
        lambda a, e=e: (
            a * torch.cat([torch.ones_like(a[..., :1]), torch.cumprod(1 - a + e, -1)[..., :-1]], -1)
        )
        for e in (1e-2, 1e-3)
    ],
    "transmittance_detached": [lambda a: a * passed(a).detach(), lambda a: a.detach() * passed(a)],
    "gradient_cut": cut_off(weights),
    "written_in_place": [_in_place],
}

# ------------------------------------------------------------------------- composite


def light(w, v):
    return (w[..., None] * v).sum(-2)


def left(w):
    return 1 - w.sum(-1, keepdim=True)


def composite(w, v, b):
    return light(w, v) + left(w) * b


def _nearest_only(w, v, b):
    best = w.argmax(-1)[..., None, None].expand(*w.shape[:-1], 1, v.shape[-1])
    return v.gather(-2, best)[..., 0, :]


def _again(w, v, b):
    return composite(weights(w), v, b)


def _mixed(w, v, b):
    return (1 - left(w)) * v.mean(-2) + left(w) * b


COMPOSITE = {
    "background_missing": [lambda w, v, b: light(w, v), lambda w, v, b: light(w, v) + 0 * b],
    "background_added_whole": [lambda w, v, b: light(w, v) + b],
    "background_by_opacity": [lambda w, v, b: light(w, v) + w.sum(-1, keepdim=True) * b],
    "background_by_product": [
        lambda w, v, b: light(w, v) + torch.prod(1 - w, -1, keepdim=True) * b,
    ],
    "background_by_last_weight": [
        lambda w, v, b: light(w, v) + (1 - w[..., -1:]) * b,
        lambda w, v, b: light(w, v) + w[..., -1:] * b,
    ],
    "background_by_mean_weight": [
        lambda w, v, b: light(w, v) + (1 - w.mean(-1, keepdim=True)) * b,
        lambda w, v, b: light(w, v) + (1 - w.amax(-1, keepdim=True)) * b,
    ],
    "background_per_sample": [
        lambda w, v, b: (w[..., None] * v + (1 - w[..., None]) * b).sum(-2),
        lambda w, v, b: (w[..., None] * v + (1 - w[..., None]) * b).mean(-2),
    ],
    "background_alone": [
        lambda w, v, b: left(w) * b,
        lambda w, v, b: left(w) * light(w, v) + w.sum(-1, keepdim=True) * b,
    ],
    "divided_by_opacity": [
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True) + left(w) * b,
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True),
        lambda w, v, b: light(w, v) / w.sum(-1, keepdim=True).clamp_min(1e-8) + left(w) * b,
    ],
    "weights_not_used": [
        lambda w, v, b: v.sum(-2) + left(w) * b,
        lambda w, v, b: v.mean(-2) + left(w) * b,
    ],
    "mean_colour_mixed": [_mixed],
    "mean_over_samples": [
        lambda w, v, b: (w[..., None] * v).mean(-2) + left(w) * b,
        lambda w, v, b: light(w, v) / w.shape[-1] + left(w) * b,
    ],
    "weights_taken_for_alpha": [
        _again,
        lambda w, v, b: light(weights(w), v) + torch.prod(1 - w, -1, keepdim=True) * b,
    ],
    "strongest_sample_only": [
        _nearest_only,
        lambda w, v, b: w.amax(-1, keepdim=True) * _nearest_only(w, v, b) + left(w) * b,
    ],
    "summed_over_the_rays": [
        lambda w, v, b: (w[..., None] * v).sum(0) + left(w) * b,
        lambda w, v, b: (w[..., None] * v).sum(0),
    ],
    "summed_over_the_channels": [
        lambda w, v, b: (w[..., None] * v).sum(-1),
        lambda w, v, b: (w * v.mean(-1)).sum(-1),
    ],
    "not_summed": [
        lambda w, v, b: w[..., None] * v,
        lambda w, v, b: w[..., None] * v + left(w)[..., None] * b,
    ],
    "clipped": [
        lambda w, v, b: composite(w, v, b).clamp(0, 1),
        lambda w, v, b: composite(w, v.clamp(0, 1), b.clamp(0, 1)),
    ],
    "weights_squared": [lambda w, v, b: light(w * w, v) + left(w) * b],
    "gradient_cut": cut_off(composite),
    "weights_detached": [
        lambda w, v, b: composite(w.detach(), v, b),
        lambda w, v, b: light(w, v) + left(w).detach() * b,
    ],
}

WRONG = {
    "alpha_from_density": ALPHA_FROM_DENSITY,
    "weights_from_alpha": WEIGHTS_FROM_ALPHA,
    "composite": COMPOSITE,
    "stratified_distances": STRATIFIED_DISTANCES,
    "sample_pdf": SAMPLE_PDF,
    "positional_encoding": POSITIONAL_ENCODING,
}
