"""Wrong and right answers to quantise_ab."""

import torch
from torch.nn import functional as F


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


WRONG = {
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


def _by_cdist(chroma, bins):
    return torch.cdist(chroma.permute(0, 2, 3, 1), bins[None]).argmin(dim=-1)


def _by_broadcast(chroma, bins):
    points = chroma.movedim(1, -1)
    return ((points[..., None, :] - bins) ** 2).sum(dim=-1).argmin(dim=-1)


def _by_channels_first(chroma, bins):
    # (n, 2, bins, h, w): no axis is moved.
    apart = chroma[:, :, None] - bins.T[None, :, :, None, None]
    return apart.norm(dim=1).min(dim=1).indices


def _by_expanded_square(chroma, bins):
    inner = torch.einsum("nchw,qc->nqhw", chroma.double(), bins.double())
    return (inner - (bins.double() ** 2).sum(1).view(1, -1, 1, 1) / 2).argmax(dim=1)


def _by_loop(chroma, bins):
    best = torch.full_like(chroma[:, 0], float("inf"))
    label = torch.zeros(chroma[:, 0].shape, dtype=torch.long)
    for number, (a, b) in enumerate(bins.tolist()):
        apart = torch.hypot(chroma[:, 0] - a, chroma[:, 1] - b)
        label[apart < best] = number
        best = torch.minimum(best, apart)
    return label


RIGHT = {
    "cdist": _by_cdist,
    "broadcast": _by_broadcast,
    "channels first": _by_channels_first,
    "expanded square, float64": _by_expanded_square,
    "loop over bins": _by_loop,
}


# What the first variant of each mistake earns.
MARKS = {
    "farthest_bin": 0,
    "distance_returned": 0,
    "colour_returned": 0,
    "one_hot_returned": 0,
    "inner_product_for_distance": 0,
    "norm_weighed_wrongly": 0,
    "hue_only": 0,
    "manhattan_distance": 1.2,
    "largest_difference": 1.2,
    "difference_without_square": 0,
    "one_axis_only": 0,
    "different_units": 0,
    "a_and_b_swapped": 0,
    "pixels_scrambled": 0,
    "nearest_pixel_of_a_bin": 0,
    "flat_result": 0,
    "float_labels": 2.7,
}
