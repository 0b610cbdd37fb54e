"""Colour as a label: sRGB and CIE Lab, the quantised ab plane, rebalancing, the annealed mean.

Lightness L is the input, the two colour axes ab are what the pretext task predicts.

Source: Zhang, Isola, Efros (2016), "Colorful image colorization". Pictures are sRGB in [0, 1],
``(n, 3, height, width)``; L is in [0, 100], a and b in about [-110, 110].
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.core.srgb import linear_from_srgb, srgb_from_linear

Image3 = Float[Tensor, "n 3 height width"]
Lightness = Float[Tensor, "n 1 height width"]
Chroma = Float[Tensor, "n 2 height width"]
Bins = Float[Tensor, "bins 2"]

# Rec. 709 primaries with white point D65 (2 degree observer).
_XYZ_FROM_RGB = (
    (0.412453, 0.357580, 0.180423),
    (0.212671, 0.715160, 0.072169),
    (0.019334, 0.119193, 0.950227),
)
_WHITE = (0.95047, 1.0, 1.08883)
_DELTA = 6 / 29
LIGHTNESS_HALF_RANGE = 50.0
CHROMA_SCALE = 110.0


# --------------------------------------------------------------------------- sRGB and Lab


def _check_channels(images: Tensor, channels: int, what: str) -> None:
    if images.ndim != 4 or images.shape[1] != channels:
        raise ValueError(
            f"{what} must be (n, {channels}, height, width), got {tuple(images.shape)}"
        )


def _mix(matrix: Tensor, images: Image3) -> Image3:
    return torch.einsum("ij,njhw->nihw", matrix, images)


def rgb_to_lab(images: Image3) -> Image3:
    """Returns CIE Lab (D65) of sRGB pictures, channels L, a, b.

    ``L = 116 f(Y) - 16, a = 500 (f(X) - f(Y)), b = 200 (f(Y) - f(Z))`` with X, Y, Z relative to
    white and f the cube root, continued by a straight line below (6/29)^3.

    Source: CIE 15 (1976); IEC 61966-2-1 for sRGB.

    Raises:
        ValueError: when there are not three channels.
    """
    _check_channels(images, 3, "RGB pictures")
    xyz = _mix(images.new_tensor(_XYZ_FROM_RGB), linear_from_srgb(images))
    xyz = xyz / images.new_tensor(_WHITE).view(1, 3, 1, 1)
    root = xyz.clamp(min=_DELTA**3) ** (1 / 3)
    x, y, z = torch.where(xyz > _DELTA**3, root, xyz / (3 * _DELTA**2) + 4 / 29).unbind(dim=1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def unclamped_rgb_from_lab(lab: Image3) -> Image3:
    """Returns sRGB of Lab colours; one outside the gamut has values outside [0, 1]."""
    _check_channels(lab, 3, "Lab pictures")
    lightness, a, b = lab.unbind(dim=1)
    y = (lightness + 16) / 116
    scaled = torch.stack([y + a / 500, y, y - b / 200], dim=1)
    xyz = torch.where(scaled > _DELTA, scaled**3, 3 * _DELTA**2 * (scaled - 4 / 29))
    xyz = xyz * lab.new_tensor(_WHITE).view(1, 3, 1, 1)
    to_rgb = torch.linalg.inv(torch.tensor(_XYZ_FROM_RGB, dtype=torch.float64)).to(lab)
    return srgb_from_linear(_mix(to_rgb, xyz))


def lab_to_rgb(lab: Image3) -> Image3:
    """Returns sRGB in [0, 1] of Lab colours; what the screen cannot show is clamped."""
    return unclamped_rgb_from_lab(lab).clamp(0, 1)


def normalise_lab(lab: Image3) -> tuple[Lightness, Chroma]:
    """Splits Lab into what a network reads: ``L / 50 - 1`` in [-1, 1] and ``ab / 110``.

    Raises:
        ValueError: when there are not three channels.
    """
    _check_channels(lab, 3, "Lab pictures")
    return lab[:, :1] / LIGHTNESS_HALF_RANGE - 1, lab[:, 1:] / CHROMA_SCALE


def denormalise_lab(lightness: Lightness, chroma: Chroma) -> Image3:
    """Joins what ``normalise_lab`` split."""
    return torch.cat([(lightness + 1) * LIGHTNESS_HALF_RANGE, chroma * CHROMA_SCALE], dim=1)


# ------------------------------------------------------------------------ the ab plane


def gamut_bins(grid: float = 10.0, levels: int = 193) -> Bins:
    """Returns the centres of the ab cells, ``grid`` units wide, that hold a colour of sRGB.

    Centres are the multiples of ``grid``. A cell is kept when one of the colours on the faces of
    the RGB cube, ``levels``^2 on each, falls in it: the shadow that a solid throws on the ab plane
    is that of its surface. At grid 10 that makes about 260, not the 313 of Zhang et al. No grid of
    that width has so many cells with an sRGB colour in them, wherever it is put, so their list must
    also hold cells that no such colour reaches. A network never sees those as a label.

    Source: Zhang et al. (2016), section 2.1 and figure 3a.

    Raises:
        ValueError: when ``grid`` is not positive or ``levels`` < 2.
    """
    if grid <= 0 or levels < 2:
        raise ValueError(f"need grid > 0 and levels >= 2, got {grid} and {levels}")
    square = torch.cartesian_prod(*[torch.linspace(0, 1, levels)] * 2)
    faces = []
    for value in (0.0, 1.0):
        face = torch.cat([square, torch.full_like(square[:, :1], value)], dim=1)
        faces += [face.roll(shift, dims=1) for shift in range(3)]
    chroma = rgb_to_lab(torch.cat(faces).T.reshape(1, 3, -1, 1))[0, 1:, :, 0].T
    return (chroma / grid).round().unique(dim=0) * grid + 0.0  # no negative zeros


def ab_points(chroma: Chroma) -> Float[Tensor, "pixels 2"]:
    """Lists the colours of all pixels, picture by picture, row by row."""
    return chroma.permute(0, 2, 3, 1).reshape(-1, 2)


def quantise_ab(chroma: Chroma, bins: Bins) -> Int[Tensor, "n height width"]:
    """Returns for each pixel the index of the nearest bin centre in the ab plane.

    Raises:
        ValueError: when there are not two channels, or the bins are not (bins, 2).
    """
    _check_channels(chroma, 2, "ab pictures")
    if bins.ndim != 2 or bins.shape[1] != 2 or len(bins) == 0:
        raise ValueError(f"bins must be (bins, 2), got {tuple(bins.shape)}")
    count, _, height, width = chroma.shape
    # Of |x - b|^2 the term |x|^2 is the same for every bin.
    points = ab_points(chroma)
    score = points @ bins.T - (bins**2).sum(dim=1) / 2
    return score.argmax(dim=1).view(count, height, width)


def nearest_bins(
    chroma: Chroma, bins: Bins, neighbours: int = 5, sigma: float = 5.0
) -> tuple[Int[Tensor, "n near height width"], Float[Tensor, "n near height width"]]:
    """Returns the nearest bins of each pixel, the nearest first, and their shares of it.

    Shares are proportional to ``exp(-d^2 / 2 sigma^2)`` and sum to 1.

    Source: Zhang et al. (2016), section 2.1 (5 neighbours, sigma 5 ab units).

    Raises:
        ValueError: when there are fewer bins than neighbours or sigma is not positive.
    """
    _check_channels(chroma, 2, "ab pictures")
    if not 1 <= neighbours <= len(bins) or sigma <= 0:
        raise ValueError(f"need sigma > 0 and 1 to {len(bins)} neighbours, got {neighbours}")
    count, _, height, width = chroma.shape
    points = ab_points(chroma)
    distance, index = torch.cdist(points, bins.to(points)).topk(neighbours, largest=False)
    shares = torch.softmax(-(distance**2) / (2 * sigma**2), dim=1)
    shape = (count, height, width, neighbours)
    return index.view(shape).permute(0, 3, 1, 2), shares.view(shape).permute(0, 3, 1, 2)


def soft_encode_ab(
    chroma: Chroma, bins: Bins, neighbours: int = 5, sigma: float = 5.0
) -> Float[Tensor, "n bins height width"]:
    """Returns a distribution over all bins for each pixel: ``nearest_bins``, 0 elsewhere.

    A hard label would call the bin next door as wrong as the opposite hue.
    """
    index, shares = nearest_bins(chroma, bins, neighbours, sigma)
    count, _, height, width = chroma.shape
    target = chroma.new_zeros(count, len(bins), height, width)
    return target.scatter_(1, index, shares)


def bin_distribution(chroma: Chroma, bins: Bins) -> Float[Tensor, " bins"]:
    """Returns the share of pixels in each bin. In photographs most of them are nearly grey."""
    labels = quantise_ab(chroma, bins).flatten()
    return torch.bincount(labels, minlength=len(bins)).to(bins) / len(labels)


def smooth_distribution(
    shares: Float[Tensor, " bins"], bins: Bins, sigma: float = 5.0
) -> Float[Tensor, " bins"]:
    """Blurs a distribution over bins with a Gaussian of ``sigma`` ab units; it still sums to 1.

    Source: Zhang et al. (2016), section 2.2.
    """
    kernel = torch.exp(-(torch.cdist(bins, bins) ** 2) / (2 * sigma**2))
    smooth = shares @ (kernel / kernel.sum(dim=1, keepdim=True))
    return smooth / smooth.sum()


def rebalancing_weights(
    shares: Float[Tensor, " bins"], uniform: float = 0.5
) -> Float[Tensor, " bins"]:
    """Returns ``w ~ 1 / ((1 - lambda) p + lambda / Q)``, scaled so that ``sum p w = 1``.

    Without it the loss is ruled by the greys; ``lambda = 1`` gives every bin the weight 1.

    Source: Zhang et al. (2016), equation 4, lambda = 1/2, p smoothed with sigma 5.

    Raises:
        ValueError: when ``shares`` is no distribution, or ``uniform`` is not in (0, 1] while a
            bin is empty.
    """
    if shares.ndim != 1 or bool((shares < 0).any()) or abs(shares.sum().item() - 1) > 1e-3:
        raise ValueError("shares must be a distribution over bins: not negative, summing to 1")
    if not 0 <= uniform <= 1 or (uniform == 0 and bool((shares == 0).any())):
        raise ValueError(f"uniform must be in (0, 1] when a bin is empty, got {uniform}")
    weights = 1 / ((1 - uniform) * shares + uniform / len(shares))
    return weights / (shares * weights).sum()


def annealed_mean(
    logits: Float[Tensor, "n bins height width"], bins: Bins, temperature: float = 0.38
) -> Chroma:
    """Returns one colour from a distribution: the mean of ``softmax(log p / T)`` over bins.

    T = 1 is the mean, which is greyish; T towards 0 the mode, vivid but patchy.

    Source: Zhang et al. (2016), equation 5, T = 0.38. Logits serve as log p, since a softmax
    does not see their normalisation.

    Raises:
        ValueError: when the temperature is not positive or the numbers of bins differ.
    """
    if temperature <= 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")
    if logits.ndim != 4 or logits.shape[1] != len(bins):
        raise ValueError(f"expected {len(bins)} bins a pixel, got logits {tuple(logits.shape)}")
    sharpened = torch.softmax(logits / temperature, dim=1)
    return torch.einsum("nqhw,qc->nchw", sharpened, bins.to(logits))


# ------------------------------------------------------------------------------- losses


def nearest_bins_loss(
    logits: Float[Tensor, "n bins height width"],
    nearest: tuple[Int[Tensor, "n near height width"], Float[Tensor, "n near height width"]],
    weights: Float[Tensor, " bins"],
) -> Float[Tensor, ""]:
    """Returns the rebalanced cross-entropy ``-mean w(q*) sum_q Z_q log Z^_q``, in nats a pixel.

    ``q*`` is the nearest bin. Only the few bins whose share Z_q is not 0 are looked at, which is
    several times faster than the sum over all.

    Source: Zhang et al. (2016), equations 2 and 3 (there a sum over pixels).

    Args:
        nearest: indices and shares, the nearest bin first: see ``nearest_bins``.
    """
    index, shares = (part.permute(0, 2, 3, 1) for part in nearest)
    # Bins innermost, as a network in channels_last has laid them out already.
    surprise = F.log_softmax(logits.permute(0, 2, 3, 1), dim=-1).gather(-1, index)
    return -(weights[index[..., 0]] * (shares * surprise).sum(dim=-1)).mean()


def regression_loss(predicted: Chroma, chroma: Chroma) -> Float[Tensor, ""]:
    """Returns ``mean |y - y^|^2 / 2``, whose best answer is the mean colour: often grey.

    Source: Zhang et al. (2016), equation 1.

    Raises:
        ValueError: if the two shapes differ.
    """
    if predicted.shape != chroma.shape:
        raise ValueError(
            f"predicted {tuple(predicted.shape)} and true {tuple(chroma.shape)} do not agree"
        )
    return ((predicted - chroma) ** 2).sum(dim=1).mean() / 2
