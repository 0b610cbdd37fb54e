"""Wrong answers of assignment 3 about Lab and its bins: `normalise_lab`, `quantise_ab`."""

import torch
from torch.nn import functional as F

# ----------------------------------------------------------------------- normalise_lab


def parts(lightness, chroma):
    """An answer that treats channel 0 by one function and channels 1 and 2 by another."""
    return lambda lab: (lightness(lab[:, :1]), chroma(lab[:, 1:]))


def right_l(lightness):
    return lightness / 50 - 1


def right_ab(chroma):
    return chroma / 110


def _min_max(values):
    low, high = values.amin(), values.amax()
    return 2 * (values - low) / (high - low) - 1


def _standardised(values):
    return (values - values.mean()) / values.std()


def _standardised_population(values):
    return (values - values.mean()) / values.std(correction=0)


def _largest(values):
    return values / values.abs().max()


NORMALISE_LAB = {
    "lightness_not_centred": [
        parts(lambda x: x / 100, right_ab),
        parts(lambda x: x / 50, right_ab),
        parts(lambda x: x / 110, right_ab),
        parts(lambda x: x / 100 - 1, right_ab),
    ],
    "lightness_half_range": [
        parts(lambda x: (x - 50) / 100, right_ab),
        parts(lambda x: x / 100 - 0.5, right_ab),
    ],
    "lightness_standardised": [
        parts(_standardised, right_ab),
        parts(_standardised_population, right_ab),
        parts(_standardised, _standardised),
        parts(_min_max, right_ab),
        parts(_min_max, _min_max),
        parts(right_l, _standardised),
        parts(right_l, _largest),
        parts(right_l, _min_max),
    ],
    "lightness_unscaled": [
        parts(lambda x: x, right_ab),
        parts(lambda x: x - 50, right_ab),
        parts(lambda x: x - 1, right_ab),
    ],
    "chroma_unscaled": [parts(right_l, lambda x: x), parts(right_l, lambda x: x.clone())],
    "chroma_scale_of_lightness": [
        parts(right_l, lambda x: x / 50),
        parts(right_l, lambda x: x / 100),
    ],
    "chroma_scale_of_bytes": [
        parts(right_l, lambda x: x / 128),
        parts(right_l, lambda x: x / 127),
        parts(right_l, lambda x: x / 127.5),
        parts(right_l, lambda x: x / 255),
        parts(right_l, lambda x: x / 256),
    ],
    "chroma_shifted": [
        parts(right_l, lambda x: x / 110 - 1),
        parts(right_l, lambda x: x / 50 - 1),
        parts(right_l, lambda x: (x + 110) / 220),
        parts(right_l, lambda x: (x + 128) / 255),
        parts(right_l, lambda x: (x - 110) / 110),
        parts(right_l, lambda x: x / 55 - 1),
        parts(right_l, lambda x: 2 * x / 110 - 1),
        parts(right_l, lambda x: x / 110 + 1),
    ],
    "order_swapped": [lambda lab: (lab[:, 1:] / 110, lab[:, :1] / 50 - 1)],
    "split_in_the_wrong_place": [
        lambda lab: (lab[:, :2] / 50 - 1, lab[:, 2:] / 110),
        lambda lab: (lab[:, 2:] / 50 - 1, lab[:, :2] / 110),
        lambda lab: (lab[:, -1:] / 50 - 1, lab[:, :-1] / 110),
    ],
    "channels_last": [
        lambda lab: (lab[..., :1] / 50 - 1, lab[..., 1:] / 110),
        lambda lab: (lab[..., 0] / 50 - 1, lab[..., 1:] / 110),
    ],
    "first_picture_only": [
        lambda lab: (lab[:1] / 50 - 1, lab[1:] / 110),
        lambda lab: (lab[0] / 50 - 1, lab[1:] / 110),
    ],
    "lightness_axis_lost": [
        lambda lab: (lab[:, 0] / 50 - 1, lab[:, 1:] / 110),
        lambda lab: ((lab[:, 0] - 50) / 50, lab[:, 1:] / 110),
    ],
    "joined_again": [
        lambda lab: torch.cat([lab[:, :1] / 50 - 1, lab[:, 1:] / 110], dim=1),
    ],
}

# ------------------------------------------------------------------------- quantise_ab


def by(score, choose=torch.argmin):
    """An answer that scores pixels (pixels, 1, 2) against bins (1, bins, 2)."""

    def answer(chroma, bins):
        count, _, height, width = chroma.shape
        points = chroma.permute(0, 2, 3, 1).reshape(-1, 1, 2)
        return choose(score(points, bins[None]), dim=1).view(count, height, width)

    return answer


def square(points, bins):
    return ((points - bins) ** 2).sum(-1)


nearest = by(square)


def _hue(points):
    return torch.atan2(points[..., 1], points[..., 0])


def _of(chroma):
    return chroma.permute(0, 2, 3, 1)


def _least_distance(chroma, bins):
    return (_of(chroma)[..., None, :] - bins).norm(dim=-1).amin(-1)


def _least_square(chroma, bins):
    return square(_of(chroma)[..., None, :], bins).amin(-1)


def _colour_last(chroma, bins):
    return bins[nearest(chroma, bins)]


def _one_hot(chroma, bins):
    return F.one_hot(nearest(chroma, bins), len(bins))


def _scrambled(chroma, bins):
    count, _, height, width = chroma.shape
    return square(chroma.reshape(-1, 1, 2), bins).argmin(1).view(count, height, width)


def _scrambled_flat(chroma, bins):
    return torch.cdist(chroma.reshape(-1, 2), bins).argmin(1)


def _nearest_pixel(chroma, bins):
    return torch.cdist(_of(chroma).reshape(-1, 2), bins).argmin(0)


def _nearest_pixel_transposed(chroma, bins):
    return torch.cdist(bins, _of(chroma).reshape(-1, 2)).argmin(1)


QUANTISE_AB = {
    "farthest_bin": [by(square, torch.argmax)],
    "distance_returned": [
        _least_distance,
        _least_square,
        lambda c, b: torch.cdist(_of(c).reshape(-1, 2), b).amin(1),
    ],
    "colour_returned": [_colour_last, lambda c, b: _colour_last(c, b).permute(0, 3, 1, 2)],
    "one_hot_returned": [
        _one_hot,
        lambda c, b: _one_hot(c, b).permute(0, 3, 1, 2),
        lambda c, b: _one_hot(c, b).permute(0, 3, 1, 2).float(),
        lambda c, b: _one_hot(c, b).float(),
    ],
    "inner_product_for_distance": [by(lambda p, b: -(p * b).sum(-1))],
    "norm_weighed_wrongly": [
        by(lambda p, b: (b**2).sum(-1) - (p * b).sum(-1)),
        by(lambda p, b: (b**2).sum(-1) / 2 - 2 * (p * b).sum(-1)),
        by(lambda p, b: (b**2).sum(-1) + 2 * (p * b).sum(-1)),
    ],
    "hue_only": [
        by(lambda p, b: -F.cosine_similarity(p, b, dim=-1, eps=1e-8)),
        by(lambda p, b: (_hue(p) - _hue(b)).abs()),
    ],
    "manhattan_distance": [by(lambda p, b: (p - b).abs().sum(-1))],
    "largest_difference": [by(lambda p, b: (p - b).abs().amax(-1))],
    "difference_without_square": [
        by(lambda p, b: (p - b).sum(-1)),
        by(lambda p, b: (p - b).sum(-1).abs()),
        by(lambda p, b: (b - p).sum(-1)),
    ],
    "one_axis_only": [
        by(lambda p, b: (p - b)[..., 0].abs()),
        by(lambda p, b: (p - b)[..., 1].abs()),
    ],
    "different_units": [
        lambda c, b: nearest(c / 110, b),
        lambda c, b: nearest(c, b / 110),
        lambda c, b: nearest(c * 110, b),
    ],
    "a_and_b_swapped": [lambda c, b: nearest(c, b.flip(1)), lambda c, b: nearest(c.flip(1), b)],
    "pixels_scrambled": [_scrambled, _scrambled_flat],
    "nearest_pixel_of_a_bin": [_nearest_pixel, _nearest_pixel_transposed],
    "flat_result": [
        lambda c, b: nearest(c, b).flatten(),
        lambda c, b: nearest(c, b).flatten(1),
    ],
    "float_labels": [
        lambda c, b: nearest(c, b).float(),
        lambda c, b: nearest(c, b).to(c),
        lambda c, b: nearest(c, b).double(),
    ],
}
