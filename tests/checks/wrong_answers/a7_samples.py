"""Wrong answers of assignment 7 about random distances along a ray."""

import torch

# ---------------------------------------------------------------- stratified_distances


def lengths_of(edges):
    return edges[1:] - edges[:-1]


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


STRATIFIED_DISTANCES = {
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

# -------------------------------------------------------------------------- sample_pdf


def pdf(
    *,
    weights_used=lambda weights, edges: weights,
    empty=lambda weights, edges: lengths_of(edges).expand_as(weights),
    normalised=lambda mass: mass / mass.sum(-1, keepdim=True),
    reached=lambda mass: torch.cat([torch.zeros_like(mass[..., :1]), torch.cumsum(mass, -1)], -1),
    levels=None,
    place=lambda right: right,
    inside=lambda share: share,
    result=lambda samples: samples,
    detached=True,
):
    """The right way, with one or more of its parts changed."""
    levels = levels or strata

    def answer(edges, weights, count, generator):
        weights = weights_used(weights.detach() if detached else weights, edges)
        none = weights.sum(-1, keepdim=True) == 0
        mass = normalised(torch.where(none, empty(weights, edges), weights))
        table = reached(mass)
        u = levels(weights, count, generator)
        last = weights.shape[-1]
        high = torch.searchsorted(table, u.contiguous(), right=True)
        high = place(high).clamp(1, min(last, table.shape[-1] - 1))
        below, above = table.gather(-1, high - 1), table.gather(-1, high)
        share = inside(((u - below) / (above - below).clamp_min(1e-12)).clamp(0, 1))
        return result(edges[high - 1] + share * lengths_of(edges)[high - 1])

    return answer


def strata(weights, count, generator):
    u = torch.rand(*weights.shape[:-1], count, generator=generator, dtype=weights.dtype)
    return (torch.arange(count, dtype=weights.dtype) + u) / count


def independent(weights, count, generator):
    return torch.rand(*weights.shape[:-1], count, generator=generator, dtype=weights.dtype)


def _shared(weights, count, generator):
    u = torch.rand(count, generator=generator, dtype=weights.dtype)
    return ((torch.arange(count, dtype=weights.dtype) + u) / count).expand(len(weights), count)


def _one_each(weights, count, generator):
    u = torch.rand(len(weights), 1, generator=generator, dtype=weights.dtype)
    return (torch.arange(count, dtype=weights.dtype) + u) / count


def _regular(weights, count, _):
    return ((torch.arange(count, dtype=weights.dtype) + 0.5) / count).expand(len(weights), count)


def _ends_included(weights, count, _):
    return torch.linspace(0, 1, count, dtype=weights.dtype).expand(len(weights), count)


def _own_dice(weights, count, generator):
    return strata(weights, count, torch.Generator().manual_seed(0))


def _categories(edges, weights, count, generator):
    """A bin by its weight, then anywhere in it: the right shares, but not stratified."""
    empty = weights.sum(-1, keepdim=True) == 0
    mass = torch.where(empty, lengths_of(edges).expand_as(weights), weights)
    bins = torch.multinomial(mass, count, replacement=True, generator=generator)
    share = torch.rand(bins.shape, generator=generator, dtype=edges.dtype)
    return (edges[bins] + share * lengths_of(edges)[bins]).detach()


def _middles_for_edges(edges, weights, count, generator):
    middles = (edges[1:] + edges[:-1]) / 2
    return pdf()(middles, weights[..., 1:], count, generator)


def _no_empty(weights, edges):
    return weights


def _everywhere(weights, edges):
    return weights + 0.1


SAMPLE_PDF = {
    "weights_ignored": [
        pdf(weights_used=lambda w, e: lengths_of(e).expand_as(w)),
        pdf(weights_used=lambda w, e: torch.ones_like(w)),
        lambda e, w, n, g: e[0] + strata(w, n, g) * (e[-1] - e[0]),
    ],
    "not_normalised": [
        pdf(normalised=lambda m: m),
        pdf(normalised=lambda m: m, levels=independent),
    ],
    "normalised_over_the_rays": [
        pdf(normalised=lambda m: m / m.sum()),
        pdf(normalised=lambda m: m / m.sum(0, keepdim=True)),
    ],
    "softmax_taken": [
        pdf(normalised=lambda m: m.softmax(-1)),
        pdf(normalised=lambda m: m.exp() / m.exp().sum(-1, keepdim=True)),
    ],
    "weights_per_length": [
        pdf(weights_used=lambda w, e: w * lengths_of(e)),
        pdf(weights_used=lambda w, e: w / lengths_of(e)),
    ],
    "weights_squared": [pdf(weights_used=lambda w, e: w * w)],
    "distribution_without_zero": [
        pdf(reached=lambda m: torch.cumsum(m, -1)),
        pdf(reached=lambda m: torch.cat([torch.cumsum(m, -1), torch.ones_like(m[..., :1])], -1)),
    ],
    "one_bin_late": [
        pdf(place=lambda right: right + 1),
    ],
    "not_interpolated": [
        pdf(inside=torch.zeros_like),
        pdf(inside=torch.ones_like),
        pdf(inside=torch.round),
    ],
    "middles_of_bins": [pdf(inside=lambda s: torch.full_like(s, 0.5))],
    "interpolated_backwards": [pdf(inside=lambda s: 1 - s)],
    "level_taken_for_share": [pdf(inside=lambda s: s * s), pdf(inside=lambda s: s**0.5)],
    "independent_draws": [
        pdf(levels=independent, result=lambda t: t.sort(-1).values),
        lambda *inputs: _categories(*inputs).sort(-1).values,
    ],
    "independent_and_unsorted": [pdf(levels=independent), _categories],
    "shuffled": [pdf(result=lambda t: t.flip(-1))],
    "one_draw_for_all_rays": [pdf(levels=_shared)],
    "one_draw_for_a_ray": [pdf(levels=_one_each)],
    "not_random": [pdf(levels=_regular), pdf(levels=_ends_included)],
    "empty_ray_nan": [
        pdf(empty=_no_empty),
        pdf(empty=_no_empty, reached=lambda m: torch.nan_to_num(m.cumsum(-1), 0.0)),
    ],
    "evenly_over_bins_when_empty": [
        pdf(empty=lambda w, e: torch.ones_like(w)),
        pdf(weights_used=lambda w, e: w + 1e-5),
        pdf(weights_used=lambda w, e: w + 1e-6),
        pdf(weights_used=lambda w, e: w + 1e-8),
    ],
    "too_much_added": [
        pdf(weights_used=_everywhere),
        pdf(weights_used=lambda w, e: w + 0.05),
        pdf(weights_used=lambda w, e: w + 1.0),
    ],
    "middles_for_edges": [_middles_for_edges],
    "one_distribution_for_all_rays": [
        pdf(weights_used=lambda w, e: w.mean(0, keepdim=True).expand_as(w)),
        pdf(weights_used=lambda w, e: w[:1].expand_as(w)),
    ],
    "gradient_kept": [pdf(detached=False)],
    "generator_ignored": [
        pdf(levels=lambda w, n, g: strata(w, n, None)),
    ],
    "seeded_inside": [pdf(levels=_own_dice)],
    "levels_returned": [
        lambda e, w, n, g: strata(w, n, g),
    ],
}
