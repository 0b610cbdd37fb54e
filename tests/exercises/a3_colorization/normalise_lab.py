"""Wrong and right answers to normalise_lab."""

import torch


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


WRONG = {
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


def _lab_by_one_scale(lab):
    shift = torch.tensor([50.0, 0.0, 0.0], dtype=lab.dtype).view(1, 3, 1, 1)
    scale = torch.tensor([50.0, 110.0, 110.0], dtype=lab.dtype).view(1, 3, 1, 1)
    scaled = (lab - shift) / scale
    return scaled[:, :1], scaled[:, 1:]


def _lab_by_loop(lab):
    pictures = [(picture[0] / 50 - 1, picture[1:] / 110) for picture in lab]
    return torch.stack([x for x, _ in pictures])[:, None], torch.stack([y for _, y in pictures])


def _lab_in_place_on_a_copy(lab):
    lab = lab.clone()
    lab[:, 0] = (lab[:, 0] - 50) / 50
    lab[:, 1:] /= 110
    return lab.split([1, 2], dim=1)


RIGHT = {
    "slices": lambda lab: (lab[:, :1] / 50 - 1, lab[:, 1:] / 110),
    "one scale for all channels": _lab_by_one_scale,
    "loop": _lab_by_loop,
    "in place on a copy": _lab_in_place_on_a_copy,
    "float64, a list": lambda lab: [
        (lab[:, 0].double() - 50).div(50).unsqueeze(1),
        lab.double()[:, [1, 2]] / 110,
    ],
}


# What the first variant of each mistake earns.
MARKS = {
    "lightness_not_centred": 1,
    "lightness_half_range": 1,
    "lightness_standardised": 1,
    "lightness_unscaled": 1,
    "chroma_unscaled": 1.4,
    "chroma_scale_of_lightness": 1.4,
    "chroma_scale_of_bytes": 1.4,
    "chroma_shifted": 1,
    "order_swapped": 0,
    "split_in_the_wrong_place": 0,
    "channels_last": 0,
    "first_picture_only": 0,
    "lightness_axis_lost": 1.8,
    "joined_again": 0,
}
