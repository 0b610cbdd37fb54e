"""Wrong and right answers to stratified_distances."""

import itertools
import math

import torch

from .shared import lengths_of


def drawn(edges, rays, generator, bins=None):
    bins = len(edges) - 1 if bins is None else bins
    return torch.rand(*rays, bins, generator=generator, dtype=edges.dtype)


def placed(share):
    """The right way, with another draw: `share(edges, rays, generator)`."""
    return lambda edges, rays, generator: (
        edges[:-1] + share(edges, rays, generator) * lengths_of(edges)
    )


right_distances = placed(drawn)


def _shared_by_rays(edges, rays, generator):
    return torch.rand(len(edges) - 1, generator=generator, dtype=edges.dtype).expand(
        *rays, len(edges) - 1
    )


def _shared_by_bins(edges, rays, generator):
    return torch.rand(*rays, 1, generator=generator, dtype=edges.dtype).expand(
        *rays, len(edges) - 1
    )


def _one_number(edges, rays, generator):
    return torch.rand((), generator=generator, dtype=edges.dtype).expand(*rays, len(edges) - 1)


def _over_the_ray(edges, rays, generator):
    return edges[0] + drawn(edges, rays, generator) * (edges[-1] - edges[0])


def _fixed(where):
    return placed(lambda edges, rays, _: torch.full((*rays, len(edges) - 1), where).to(edges))


def _with_own_dice(edges, rays, generator):
    own = torch.Generator().manual_seed(0)
    return drawn(edges, rays, own)


def _reset(edges, rays, generator):
    return drawn(edges, rays, generator.manual_seed(0))


def _edges_moved(edges, rays, generator):
    return edges + drawn(edges, rays, generator, len(edges)) * lengths_of(edges).mean()


def _mean_length(edges, rays, generator):
    length = (edges[-1] - edges[0]) / (len(edges) - 1)
    return edges[0] + (torch.arange(len(edges) - 1) + drawn(edges, rays, generator)) * length


def _normal(edges, rays, generator, scale):
    return 0.5 + scale * torch.randn(*rays, len(edges) - 1, generator=generator, dtype=edges.dtype)


def _between_middles(edges, rays, generator):
    middles = (edges[1:] + edges[:-1]) / 2
    upper = torch.cat([middles[1:], edges[-1:]])
    return middles + drawn(edges, rays, generator) * (upper - middles)


WRONG = {
    "one_jitter_for_all_rays": [placed(_shared_by_rays)],
    "one_jitter_for_all_bins": [placed(_shared_by_bins)],
    "one_jitter_for_everything": [placed(_one_number)],
    "over_the_whole_ray": [
        _over_the_ray,
        lambda e, r, g: _over_the_ray(e, r, g).sort(-1).values,
        lambda e, r, g: e[:-1] + drawn(e, r, g) * (e[-1] - e[0]),
    ],
    "middles_returned": [_fixed(0.5), lambda e, r, g: ((e[1:] + e[:-1]) / 2).expand(*r, -1)],
    "edges_returned": [_fixed(0.0), lambda e, r, g: e[:-1].expand(*r, -1), _fixed(1.0)],
    "length_forgotten": [
        lambda e, r, g: e[:-1] + drawn(e, r, g),
        lambda e, r, g: e[:-1] + drawn(e, r, g) - 0.5,
    ],
    "bins_taken_for_equal": [
        _mean_length,
        lambda e, r, g: e[:-1] + drawn(e, r, g) * lengths_of(e).mean(),
        lambda e, r, g: e[:-1] + drawn(e, r, g) * lengths_of(e)[0],
    ],
    "half_a_bin_early": [
        placed(lambda e, r, g: drawn(e, r, g) - 0.5),
        placed(lambda e, r, g: drawn(e, r, g) * 2 - 1),
    ],
    "half_a_bin_late": [placed(lambda e, r, g: drawn(e, r, g) + 0.5), _between_middles],
    "from_the_far_edge": [
        lambda e, r, g: e[1:] + drawn(e, r, g) * lengths_of(e),
        placed(lambda e, r, g: drawn(e, r, g) + 1),
    ],
    "half_of_the_bin": [
        placed(lambda e, r, g: 0.5 * drawn(e, r, g)),
        placed(lambda e, r, g: 0.25 + 0.5 * drawn(e, r, g)),
        placed(lambda e, r, g: 0.5 + 0.5 * drawn(e, r, g)),
    ],
    "not_uniform": [
        placed(lambda e, r, g: drawn(e, r, g) ** 2),
        placed(lambda e, r, g: drawn(e, r, g) ** 0.5),
        placed(lambda e, r, g: (drawn(e, r, g) + drawn(e, r, g)) / 2),
    ],
    "normal_draws": [
        placed(lambda e, r, g: _normal(e, r, g, 0.25)),
        placed(lambda e, r, g: _normal(e, r, g, 0.5)),
        placed(lambda e, r, g: _normal(e, r, g, 1.0) - 0.5),
    ],
    "generator_ignored": [
        placed(lambda e, r, g: drawn(e, r, None)),
        placed(lambda e, r, g: torch.rand_like(e[:-1].expand(*r, -1))),
    ],
    "seeded_inside": [placed(_with_own_dice), placed(_reset)],
    "edges_moved": [_edges_moved, lambda e, r, g: e + drawn(e, r, g, len(e))],
    "bins_first": [
        lambda e, r, g: right_distances(e, r, g).transpose(0, -1),
        lambda e, r, g: right_distances(e, r, g).flatten(0, -2).T,
    ],
    "one_per_ray": [
        lambda e, r, g: right_distances(e, r, g).mean(-1),
        lambda e, r, g: e[0] + torch.rand(*r, generator=g, dtype=e.dtype) * (e[-1] - e[0]),
    ],
}


def _rand(shape, generator, like):
    return torch.rand(shape, generator=generator, dtype=like.dtype)


def _stratified_lerp(edges, rays, generator):
    u = _rand((*rays, len(edges) - 1), generator, edges)
    return torch.lerp(edges[:-1].expand_as(u), edges[1:].expand_as(u), u)


def _stratified_mix(edges, rays, generator):
    u = torch.empty(*rays, edges.numel() - 1, dtype=edges.dtype).uniform_(generator=generator)
    return u * edges[1:] + (1 - u) * edges[:-1]


def _stratified_loop(edges, rays, generator):
    columns = []
    for near, far in itertools.pairwise(edges):
        columns.append(near + (far - near) * _rand(rays, generator, edges))
    return torch.stack(columns, -1)


def _stratified_rays(edges, rays, generator):
    rows = [
        edges[:-1] + edges.diff() * _rand((len(edges) - 1,), generator, edges)
        for _ in range(math.prod(rays))
    ]
    return torch.stack(rows).view(*rays, -1)


def _stratified_middles(edges, rays, generator):
    middles, length = (edges[1:] + edges[:-1]) / 2, edges[1:] - edges[:-1]
    return middles + length * (_rand((*rays, len(middles)), generator, edges) - 0.5)


RIGHT = {
    "near edge plus a share": lambda e, r, g: (
        e[:-1] + _rand((*r, len(e) - 1), g, e) * (e[1:] - e[:-1])
    ),
    "lerp": _stratified_lerp,
    "uniform_, mixed": _stratified_mix,
    "loop over the bins": _stratified_loop,
    "loop over the rays": _stratified_rays,
    "around the middles": _stratified_middles,
    "in float64": lambda e, r, g: (
        e[:-1] + e.double().diff() * torch.rand(*r, len(e) - 1, generator=g, dtype=torch.float64)
    ),
}


# What the first variant of each mistake earns.
MARKS = {
    "one_jitter_for_all_rays": 1.8,
    "one_jitter_for_all_bins": 1.8,
    "one_jitter_for_everything": 1.8,
    "over_the_whole_ray": 1.2,
    "middles_returned": 1.6,
    "edges_returned": 1.6,
    "length_forgotten": 1.2,
    "bins_taken_for_equal": 1.2,
    "half_a_bin_early": 1.2,
    "half_a_bin_late": 1.2,
    "from_the_far_edge": 1.2,
    "half_of_the_bin": 2.4,
    "not_uniform": 2.4,
    "normal_draws": 1.2,
    "generator_ignored": 2.8,
    "seeded_inside": 2.8,
    "edges_moved": 0.6,
    "bins_first": 0.6,
    "one_per_ray": 0.6,
}
