"""Wrong answers of assignment 7 about the waves of a coordinate."""

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


POSITIONAL_ENCODING = {
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
