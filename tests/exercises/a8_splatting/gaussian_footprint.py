"""Wrong and right answers to gaussian_footprint."""

import math

import torch
from torch.nn import functional as F

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


WRONG = {
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


def _alpha_einsum(means, covariances, opacities, height, width):
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    d = torch.stack([u, v], -1) - means[:, None, None]
    power = torch.einsum("nhwi,nij,nhwj->nhw", d, torch.linalg.inv(covariances), d)
    alpha = opacities[:, None, None] * torch.exp(-power / 2)
    return torch.where(alpha < 1 / 255, 0, alpha.clamp(max=0.99))


def _alpha_closed_form(means, covariances, opacities, height, width):
    u = torch.arange(width)[None, None, :] + 0.5 - means[:, 0, None, None]
    v = torch.arange(height)[None, :, None] + 0.5 - means[:, 1, None, None]
    a, b, c = (covariances[:, i, j, None, None] for i, j in ((0, 0), (0, 1), (1, 1)))
    q = (c * u * u - 2 * b * u * v + a * v * v) / (a * c - b * b)
    alpha = torch.minimum(opacities[:, None, None] * (-0.5 * q).exp(), means.new_tensor(0.99))
    return alpha * (alpha >= 1 / 255)


def _alpha_loop(means, covariances, opacities, height, width):
    pictures = []
    for mean, covariance, opacity in zip(means, covariances, opacities, strict=True):
        inverse, rows = covariance.inverse(), []
        for row in range(height):
            for column in range(width):
                d = mean.new_tensor([column + 0.5, row + 0.5]) - mean
                alpha = (opacity * torch.exp(-0.5 * d @ inverse @ d)).clamp(max=0.99)
                rows.append(alpha if alpha >= 1 / 255 else 0 * alpha)
        pictures.append(torch.stack(rows).view(height, width))
    return torch.stack(pictures)


def _alpha_cholesky(means, covariances, opacities, height, width):
    u = torch.arange(0.5, width).repeat(height)
    v = torch.arange(0.5, height).repeat_interleave(width)
    d = torch.stack([u, v]).to(means) - means[:, :, None]  # (gaussians, 2, pixels)
    white = torch.linalg.solve_triangular(torch.linalg.cholesky(covariances), d, upper=False)
    log_alpha = opacities.log()[:, None] - white.square().sum(1) / 2
    alpha = F.threshold(log_alpha.exp().clamp(max=0.99), 1 / 255, 0.0)
    return alpha.view(-1, height, width)


def _alpha_double(means, covariances, opacities, height, width):
    tensors = (x.double() for x in (means, covariances, opacities))
    return _alpha_einsum(*tensors, height, width)


RIGHT = {
    "einsum": _alpha_einsum,
    "inverse by hand": _alpha_closed_form,
    "loop": _alpha_loop,
    "Cholesky": _alpha_cholesky,
    "float64": _alpha_double,
}


# What the first variant of each mistake earns.
MARKS = {
    "inverse_forgotten": 0,
    "half_forgotten": 1,
    "pixel_corners": 1,
    "counted_from_one": 1,
    "pixel_squeezed": 1,
    "rows_and_columns_swapped": 1.5,
    "picture_transposed": 1.25,
    "not_clamped": 3.5,
    "threshold_forgotten": 3.5,
    "lifted_to_threshold": 3.5,
    "density_not_footprint": 0,
    "sign_flipped": 1,
    "opacity_forgotten": 1,
    "opacity_in_exponent": 1,
    "distance_not_squared": 1,
    "slant_ignored": 2.25,
    "slant_counted_once": 2.25,
    "gradient_cut": 3.75,
}
