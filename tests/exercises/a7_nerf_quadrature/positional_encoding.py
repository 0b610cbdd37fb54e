"""Wrong and right answers to positional_encoding."""

import math

import torch


def octaves(count, like, base=2.0, start=0, factor=math.pi):
    steps = torch.arange(start, start + count, dtype=like.dtype)
    return factor * base**steps


def phases(p, waves):
    """(..., waves, axes)."""
    return p[..., None, :] * waves[:, None]


def encode(p, waves):
    """By octave, then sine before cosine, then axis: the right order."""
    phase = phases(p, waves)
    return torch.stack([phase.sin(), phase.cos()], -2).flatten(-3)


def right(p, count):
    return encode(p, octaves(count, p)) if count else p


def given_back(answer):
    """Points given back for L = 0, and without that."""
    return [lambda p, count: answer(p, count) if count else p.clone(), answer]


def _linear(p, count, start=1):
    return encode(p, math.pi * torch.arange(start, start + count, dtype=p.dtype))


def _by_axis(p, count):
    phase = p[..., None] * octaves(count, p)
    return torch.cat([phase.sin(), phase.cos()], -1).flatten(-2)


def _by_axis_in_pairs(p, count):
    phase = p[..., None] * octaves(count, p)
    return torch.stack([phase.sin(), phase.cos()], -1).flatten(-3)


def _pairs(p, count):
    phase = phases(p, octaves(count, p))
    return torch.stack([phase.sin(), phase.cos()], -1).flatten(-3)


def _blocks(p, count):
    phase = phases(p, octaves(count, p))
    return torch.cat([phase.sin().flatten(-2), phase.cos().flatten(-2)], -1)


def _cosine_first(p, count):
    phase = phases(p, octaves(count, p))
    return torch.stack([phase.cos(), phase.sin()], -2).flatten(-3)


def _alternating(wave):
    """One function for even octaves, the other for odd ones."""

    def answer(p, count):
        phase = phases(p, octaves(count, p))
        return wave(phase)

    return answer


def _kinds_in_turn(phase):
    even = torch.arange(phase.shape[-2])[:, None] % 2 == 0
    return torch.where(even, phase.sin(), phase.cos()).flatten(-2)


def _last_only(p, count):
    return encode(p, octaves(count, p)[-1:])


def _no_grad(p, count):
    with torch.no_grad():
        return right(p, count).clone()


def _no_encoding_left(p, count):
    return encode(p, octaves(count, p))


WRONG = {
    "pi_missing": [
        *given_back(lambda p, n: encode(p, octaves(n, p, factor=1.0))),
        *given_back(lambda p, n: encode(p / math.pi, octaves(n, p))),
    ],
    "twice_pi": [
        *given_back(lambda p, n: encode(p, octaves(n, p, factor=2 * math.pi))),
        *given_back(lambda p, n: encode(p, octaves(n, p, start=1))),
    ],
    "linear_frequencies": [*given_back(_linear), *given_back(lambda p, n: _linear(p, n, 0))],
    "squares_for_powers": given_back(
        lambda p, n: encode(p, math.pi * torch.arange(n, dtype=p.dtype) ** 2)
    ),
    "other_base": [
        *given_back(lambda p, n: encode(p, octaves(n, p, base=math.e))),
        *given_back(lambda p, n: encode(p, octaves(n, p, base=10.0))),
    ],
    "slower_and_slower": [
        *given_back(lambda p, n: encode(p, octaves(n, p, base=0.5))),
        *given_back(lambda p, n: encode(p, octaves(n, p, base=0.5, factor=1.0))),
    ],
    "points_kept_too": [
        lambda p, n: torch.cat([p, encode(p, octaves(n, p))], -1),
        *given_back(lambda p, n: torch.cat([encode(p, octaves(n, p)), p], -1)),
    ],
    "axis_by_axis": [
        *given_back(_by_axis),
        *given_back(_by_axis_in_pairs),
    ],
    "sine_and_cosine_in_pairs": given_back(_pairs),
    "all_sines_first": given_back(_blocks),
    "cosine_first": given_back(_cosine_first),
    "fast_waves_first": given_back(lambda p, n: encode(p, octaves(n, p).flip(0))),
    "sines_only": given_back(lambda p, n: phases(p, octaves(n, p)).sin().flatten(-2)),
    "cosines_only": given_back(lambda p, n: phases(p, octaves(n, p)).cos().flatten(-2)),
    "sine_and_cosine_in_turn": given_back(_alternating(_kinds_in_turn)),
    "last_octave_only": given_back(_last_only),
    "one_octave_too_many": given_back(lambda p, n: encode(p, octaves(n + 1, p))),
    "one_octave_too_few": given_back(lambda p, n: encode(p, octaves(n - 1, p))),
    "added_up": [
        *given_back(lambda p, n: encode(p, octaves(n, p)).view(*p.shape[:-1], n, -1).sum(-2)),
        *given_back(lambda p, n: encode(p, octaves(n, p)).view(*p.shape[:-1], n, -1).mean(-2)),
    ],
    "axes_added_first": given_back(lambda p, n: encode(p.sum(-1, keepdim=True), octaves(n, p))),
    "not_flattened": [
        *given_back(lambda p, n: encode(p, octaves(n, p)).view(*p.shape[:-1], n, 2, p.shape[-1])),
        *given_back(lambda p, n: encode(p, octaves(n, p)).view(*p.shape[:-1], n, -1)),
    ],
    "points_flattened_too": [lambda p, n: right(p, n).flatten()],
    "nothing_for_none": [_no_encoding_left, lambda p, n: right(p, n) if n else p[..., :0]],
    "gradient_cut": [lambda p, n: right(p, n).detach(), _no_grad],
}


def _encoding_stack(points, frequencies):
    if frequencies == 0:
        return points
    waves = math.pi * 2.0 ** torch.arange(frequencies, dtype=points.dtype)
    phase = points[..., None, :] * waves[:, None]
    return torch.stack([phase.sin(), phase.cos()], -2).flatten(-3)


def _encoding_loop(points, frequencies):
    if not frequencies:
        return points
    features = []
    for k in range(frequencies):
        features += [torch.sin(2**k * math.pi * points), torch.cos(2**k * math.pi * points)]
    return torch.cat(features, -1)


def _encoding_shifted(points, frequencies):
    """The cosine as a sine a quarter of a wave ahead."""
    if frequencies == 0:
        return points.clone()
    phases = torch.cat([points * (torch.pi * 2**k) for k in range(frequencies)], -1)
    phases = phases.view(*points.shape[:-1], frequencies, 1, points.shape[-1])
    ahead = torch.tensor([0.0, torch.pi / 2], dtype=points.dtype).view(2, 1)
    return torch.sin(phases + ahead).reshape(*points.shape[:-1], -1)


def _encoding_doubled(points, frequencies):
    """Every octave from the one before, by the formulas of the double angle."""
    if frequencies == 0:
        return points
    sine, cosine = torch.sin(math.pi * points.double()), torch.cos(math.pi * points.double())
    features = []
    for _ in range(frequencies):
        features += [sine, cosine]
        sine, cosine = 2 * sine * cosine, cosine**2 - sine**2
    return torch.cat(features, -1).to(points.dtype)


def _encoding_einsum(points, frequencies):
    if frequencies == 0:
        return points
    octaves = torch.tensor([2.0**k for k in range(frequencies)], dtype=points.dtype)
    phase = torch.einsum("...d,l->...ld", math.pi * points, octaves)
    return torch.cat([phase.sin(), phase.cos()], -1).reshape(*points.shape[:-1], -1)


RIGHT = {
    "stack": _encoding_stack,
    "loop": _encoding_loop,
    "sines shifted": _encoding_shifted,
    "angles doubled": _encoding_doubled,
    "einsum": _encoding_einsum,
    "in float64": lambda p, n: _encoding_stack(p.double(), n),
}


# What the first variant of each mistake earns.
MARKS = {
    "pi_missing": 0.6,
    "twice_pi": 0.6,
    "linear_frequencies": 1.2,
    "squares_for_powers": 0.6,
    "other_base": 0.8,
    "slower_and_slower": 0.8,
    "points_kept_too": 0.4,
    "axis_by_axis": 1.2,
    "sine_and_cosine_in_pairs": 1.4,
    "all_sines_first": 1.4,
    "cosine_first": 1.2,
    "fast_waves_first": 1.4,
    "sines_only": 0.4,
    "cosines_only": 0.4,
    "sine_and_cosine_in_turn": 0.4,
    "last_octave_only": 0.6,
    "one_octave_too_many": 0.4,
    "one_octave_too_few": 0.4,
    "added_up": 0.6,
    "axes_added_first": 0.6,
    "not_flattened": 0.6,
    "points_flattened_too": 0.4,
    "nothing_for_none": 2.8,
    "gradient_cut": 2.8,
}
