"""Wrong and right answers to sample_pdf."""

import bisect
import itertools

import torch
from torch.nn import functional as F

from .shared import lengths_of


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


WRONG = {
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


def _levels(weights, count, generator):
    u = torch.rand(len(weights), count, generator=generator, dtype=weights.dtype)
    return (torch.arange(count, dtype=weights.dtype) + u) / count


def _mass(edges, weights):
    none = weights.sum(-1, keepdim=True) <= 0
    mass = torch.where(none, edges.diff().expand_as(weights), weights)
    return mass / mass.sum(-1, keepdim=True)


@torch.no_grad()
def _pdf_searchsorted(edges, weights, count, generator):
    mass = _mass(edges, weights)
    reached = F.pad(torch.cumsum(mass, -1), (1, 0))
    u = _levels(weights, count, generator)
    bins = torch.searchsorted(reached, u, right=True).clamp(1, mass.shape[-1]) - 1
    share = (u - reached.gather(-1, bins)) / mass.gather(-1, bins).clamp_min(1e-12)
    return edges[bins] + share.clamp(0, 1) * edges.diff()[bins]


def _pdf_counted(edges, weights, count, generator):
    """The bin is the number of borders below the level."""
    mass = _mass(edges, weights.detach())
    reached = mass.cumsum(-1)
    u = _levels(weights, count, generator)
    bins = (u[..., None] >= reached[:, None, :-1]).sum(-1)
    before = reached.gather(-1, bins) - mass.gather(-1, bins)
    share = ((u - before) / mass.gather(-1, bins).clamp_min(1e-12)).clamp(0, 1)
    return edges[bins] * (1 - share) + edges[bins + 1] * share


def _pdf_loop(edges, weights, count, generator):
    at, rows = edges.tolist(), []
    levels = _levels(weights, count, generator).tolist()
    for row, us in zip(weights.tolist(), levels, strict=True):
        row = row if sum(row) > 0 else [b - a for a, b in itertools.pairwise(at)]
        reached = [0.0]
        for weight in row:
            reached.append(reached[-1] + weight / sum(row))
        bins = [min(bisect.bisect_right(reached, u), len(row)) - 1 for u in us]
        rows.append(
            [
                at[k]
                + min(1.0, (u - reached[k]) / max(reached[k + 1] - reached[k], 1e-12))
                * (at[k + 1] - at[k])
                for k, u in zip(bins, us, strict=True)
            ]
        )
    return torch.tensor(rows, dtype=edges.dtype)


@torch.no_grad()
def _pdf_overlap(edges, weights, count, generator):
    """Every bin adds what the level has used up of it; the lengths add up to the distance."""
    mass = _mass(edges, weights)
    before = mass.cumsum(-1) - mass
    u = _levels(weights, count, generator)[..., None]
    used = ((u - before[:, None]) / mass[:, None].clamp_min(1e-9)).clamp(0, 1)
    return edges[0] + (used * edges.diff()).sum(-1)


def _pdf_sorted_first(edges, weights, count, generator):
    """Levels in any order, sorted at the end."""
    shuffled = _pdf_searchsorted(edges, weights, count, generator).flip(-1)
    return shuffled.sort(-1).values


RIGHT = {
    "searchsorted": _pdf_searchsorted,
    "borders counted": _pdf_counted,
    "loop": _pdf_loop,
    "used up bin by bin": _pdf_overlap,
    "sorted at the end": _pdf_sorted_first,
    "in float64": lambda e, w, n, g: _pdf_searchsorted(e.double(), w.double(), n, g),
}


# What the first variant of each mistake earns.
MARKS = {
    "weights_ignored": 1.4,
    "not_normalised": 1,
    "normalised_over_the_rays": 1,
    "softmax_taken": 1.4,
    "weights_per_length": 1.4,
    "weights_squared": 1.4,
    "distribution_without_zero": 1,
    "one_bin_late": 1,
    "not_interpolated": 3,
    "middles_of_bins": 3,
    "interpolated_backwards": 3.2,
    "level_taken_for_share": 3,
    "independent_draws": 3.4,
    "independent_and_unsorted": 3.2,
    "shuffled": 3.8,
    "one_draw_for_all_rays": 2.3,
    "one_draw_for_a_ray": 3.9,
    "not_random": 3.4,
    "empty_ray_nan": 3.8,
    "evenly_over_bins_when_empty": 3.8,
    "too_much_added": 1.4,
    "middles_for_edges": 1,
    "one_distribution_for_all_rays": 3.2,
    "gradient_kept": 3.7,
    "generator_ignored": 3.9,
    "seeded_inside": 3.9,
    "levels_returned": 1,
}
