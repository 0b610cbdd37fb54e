"""Wrong alphas of Gaussians on the pixels, and wrong pictures."""

import math

import torch

# --------------------------------------------------------------------- gaussian_footprint

LEAST, MOST = 1 / 255, 0.99


def halves(n):
    return torch.arange(n) + 0.5


def quadratic(d, covariances):
    """dᵀ Σ⁻¹ d at every pixel."""
    return torch.einsum("nhwi,nij,nhwj->nhw", d, torch.linalg.inv(covariances), d)


def kept(alpha):
    alpha = alpha.clamp(max=MOST)
    return torch.where(alpha < LEAST, 0, alpha)


def blobs(
    *,
    places=halves,
    pair=lambda u, v: (u, v),
    power=quadratic,
    curve=lambda p: torch.exp(-0.5 * p),
    times=lambda o, foot, cov: o * foot,
    finish=kept,
):
    """The right way, with one or more of its parts changed."""

    def answer(means, covariances, opacities, height, width):
        v, u = torch.meshgrid(places(height), places(width), indexing="ij")
        d = torch.stack(pair(u, v), -1).to(means) - means[:, None, None]
        foot = curve(power(d, covariances))
        return finish(times(opacities[:, None, None], foot, covariances[:, None, None]))

    return answer


def sides(b):
    """The quadratic form by hand, with another share of the mixed term."""

    def power(d, covariances):
        inverse = torch.linalg.inv(covariances)[:, None, None]
        u, v = d.unbind(-1)
        mixed = b * inverse[..., 0, 1] * u * v
        return inverse[..., 0, 0] * u**2 + mixed + inverse[..., 1, 1] * v**2

    return power


def _upright(d, covariances):
    variances = covariances.diagonal(dim1=1, dim2=2)
    return (d**2 / variances[:, None, None]).sum(-1)


def _transposed(means, covariances, opacities, height, width):
    return blobs()(means, covariances, opacities, height, width).mT


def _meshgrid_of_widths(means, covariances, opacities, height, width):
    v, u = torch.meshgrid(halves(height), halves(width), indexing="xy")
    d = torch.stack([u, v], -1).to(means) - means[:, None, None]
    return kept(opacities[:, None, None] * torch.exp(-0.5 * quadratic(d, covariances)))


def _density(o, foot, cov):
    return o * foot / (2 * math.pi * torch.linalg.det(cov).sqrt())


GAUSSIAN_FOOTPRINT = {
    "inverse_forgotten": [
        blobs(power=lambda d, s: torch.einsum("nhwi,nij,nhwj->nhw", d, s, d)),
    ],
    "half_forgotten": [blobs(curve=lambda p: torch.exp(-p))],
    "pixel_corners": [blobs(places=torch.arange)],
    "counted_from_one": [blobs(places=lambda n: torch.arange(n) + 1.0)],
    "pixel_squeezed": [
        blobs(places=lambda n: torch.linspace(0, n, n)),
        blobs(places=lambda n: torch.linspace(-1, 1, n)),
        blobs(places=lambda n: torch.linspace(0, 1, n)),
    ],
    "rows_and_columns_swapped": [blobs(pair=lambda u, v: (v, u))],
    "picture_transposed": [_transposed, _meshgrid_of_widths],
    "not_clamped": [
        blobs(finish=lambda a: torch.where(a < LEAST, 0, a)),
        blobs(finish=lambda a: torch.where(a < LEAST, 0, a.clamp(max=1))),
    ],
    "threshold_forgotten": [blobs(finish=lambda a: a.clamp(max=MOST))],
    "lifted_to_threshold": [blobs(finish=lambda a: a.clamp(LEAST, MOST))],
    "density_not_footprint": [blobs(times=_density)],
    "sign_flipped": [blobs(curve=lambda p: torch.exp(0.5 * p))],
    "opacity_forgotten": [blobs(times=lambda o, foot, cov: foot)],
    "opacity_in_exponent": [blobs(times=lambda o, foot, cov: foot**o)],
    "distance_not_squared": [
        blobs(curve=lambda p: torch.exp(-0.5 * p.sqrt())),
        blobs(curve=lambda p: torch.exp(-p.sqrt())),
    ],
    "slant_ignored": [blobs(power=_upright)],
    "slant_counted_once": [blobs(power=sides(1))],
    "gradient_cut": [
        blobs(finish=lambda a: kept(a).detach()),
        blobs(finish=lambda a: torch.tensor(kept(a).tolist(), dtype=a.dtype)),
    ],
}

# --------------------------------------------------------------------- sort_and_composite


def exclusive(alpha):
    """What reaches each Gaussian, and what is left behind the last."""
    passed = torch.cumprod(1 - alpha, 0)
    return torch.cat([torch.ones_like(alpha[:1]), passed[:-1]]), passed[-1]


def painting(
    *,
    order=torch.argsort,
    sort_alpha=True,
    sort_colours=True,
    reaches=exclusive,
    weights=lambda w: w,
    behind=lambda left, w: left,
):
    """The right way, with one or more of its parts changed."""

    def answer(alpha, depths, colours, background):
        index = order(depths)
        alpha = alpha[index] if sort_alpha else alpha
        colours = colours[index] if sort_colours else colours
        before, left = reaches(alpha)
        shares = weights(before * alpha)
        picture = torch.einsum("nhw,nc->chw", shares, colours)
        return picture + behind(left, shares) * background[:, None, None]

    return answer


def _inclusive(alpha):
    passed = torch.cumprod(1 - alpha, 0)
    return passed, passed[-1]


def _inclusive_by_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for i in depths.argsort():
        left = left * (1 - alpha[i])
        picture = picture + left * alpha[i] * colours[i][:, None, None]
    return picture + left * background[:, None, None]


def _subtracted(alpha):
    before = 1 - (alpha.cumsum(0) - alpha)
    return before, 1 - alpha.sum(0)


def _subtracted_held(alpha):
    before, left = _subtracted(alpha)
    return before.clamp(min=0), left.clamp(min=0)


def _fog(alpha):
    return torch.exp(-(alpha.cumsum(0) - alpha)), torch.exp(-alpha.sum(0))


def _plain(alpha):
    return torch.ones_like(alpha), torch.prod(1 - alpha, 0)


def _painter_from_near_to_far(alpha, depths, colours, background):
    picture = background[:, None, None] * torch.ones_like(alpha[0])
    for i in depths.argsort():  # the painter's way, begun at the wrong end
        picture = alpha[i] * colours[i][:, None, None] + (1 - alpha[i]) * picture
    return picture


def _unsorted_loop(alpha, depths, colours, background):
    picture, left = 0, torch.ones_like(alpha[0])
    for share, colour in zip(alpha, colours, strict=True):
        picture = picture + left * share * colour[:, None, None]
        left = left * (1 - share)
    return picture + left * background[:, None, None]


def _numbers(alpha, depths, colours, background):
    return painting()(alpha, depths, colours, background).detach()


SORT_AND_COMPOSITE = {
    "back_to_front": [
        painting(order=lambda depths: torch.argsort(depths, descending=True)),
        _painter_from_near_to_far,
    ],
    "not_sorted": [painting(sort_alpha=False, sort_colours=False), _unsorted_loop],
    "colours_left_behind": [painting(sort_colours=False)],
    "alpha_left_behind": [painting(sort_alpha=False)],
    "ranks_for_order": [painting(order=lambda depths: depths.argsort().argsort())],
    "inclusive": [painting(reaches=_inclusive), _inclusive_by_loop],
    "transmittance_forgotten": [
        painting(reaches=_plain),
        painting(reaches=_plain, behind=lambda left, w: 1 - w.sum(0)),
    ],
    "shares_subtracted": [painting(reaches=_subtracted), painting(reaches=_subtracted_held)],
    "alpha_as_density": [painting(reaches=_fog)],
    "background_forgotten": [painting(behind=lambda left, w: 0 * left)],
    "background_unweighted": [painting(behind=lambda left, w: 1)],
    "background_where_covered": [painting(behind=lambda left, w: 1 - left)],
    "last_one_lets_all_through": [
        painting(reaches=lambda alpha: (exclusive(alpha)[0], exclusive(alpha)[0][-1])),
    ],
    "weights_stretched": [
        painting(weights=lambda w: w / w.sum(0), behind=lambda left, w: 0),
        painting(weights=lambda w: w / w.sum(0)),
        painting(weights=lambda w: w / (w.sum(0) + 1e-8)),
    ],
    "gradient_cut": [_numbers],
}
