"""Right answers to assignment 7, written in different ways: `RIGHT[exercise][way]`."""

import bisect
import itertools
import math

import torch
from torch.nn import functional as F

# ------------------------------------------------------------------ alpha_from_density


def _refuse(density, lengths):
    if torch.any(density < 0) or torch.any(lengths < 0):
        raise ValueError("a density or a length is negative")


def _alpha_expm1(density, lengths):
    _refuse(density, lengths)
    return -torch.expm1(-density * lengths)


def _alpha_double(density, lengths):
    _refuse(density, lengths)
    return (1 - torch.exp(-density.double() * lengths.double())).to(density.dtype)


def _alpha_loop(density, lengths):
    _refuse(density, lengths)
    bins = [-torch.special.expm1(-density[..., k] * lengths[k]) for k in range(len(lengths))]
    return torch.stack(bins, -1)


def _alpha_hyperbolic(density, lengths):
    if min(float(density.min()), float(lengths.min())) < 0:
        raise ValueError(f"negative: {density.min()}, {lengths.min()}")
    half = density * lengths / 2
    return 2 * torch.tanh(half) / (1 + torch.tanh(half))


def _alpha_einsum(density, lengths):
    _refuse(density, lengths)
    return torch.einsum("...n,n->...n", density, lengths).neg().expm1().neg()


ALPHA_FROM_DENSITY = {
    "expm1": _alpha_expm1,
    "in float64": _alpha_double,
    "loop": _alpha_loop,
    "hyperbolic tangent": _alpha_hyperbolic,
    "einsum": _alpha_einsum,
    "result in float64": lambda d, n: _alpha_expm1(d.double(), n.double()),
}

# ------------------------------------------------------------------ weights_from_alpha


def _weights_cat(alpha):
    passed = torch.cumprod(1 - alpha, -1)
    return alpha * torch.cat([torch.ones_like(alpha[..., :1]), passed[..., :-1]], -1)


def _weights_pad(alpha):
    return alpha * F.pad(torch.cumprod(1 - alpha[..., :-1], -1), (1, 0), value=1.0)


def _weights_loop(alpha):
    weights, through = [], torch.ones_like(alpha[..., 0])
    for share in alpha.unbind(-1):
        weights.append(through * share)
        through = through * (1 - share)
    return torch.stack(weights, -1)


def _weights_differences(alpha):
    """What is stopped between two places is what gets through less."""
    passed = torch.cumprod(1 - alpha, -1)
    before = torch.cat([torch.ones_like(passed[..., :1]), passed[..., :-1]], -1)
    return before - passed


def _weights_logarithms(alpha):
    logs = torch.log1p(-alpha.clamp(max=1 - 1e-7))
    return alpha * torch.exp(torch.cumsum(logs, -1) - logs)


def _weights_triangle(alpha):
    samples = alpha.shape[-1]
    in_front = torch.ones(samples, samples, dtype=torch.bool).tril(-1)
    factors = torch.where(in_front, 1 - alpha[..., None, :], torch.ones_like(alpha[..., None, :]))
    return alpha * factors.prod(-1)


WEIGHTS_FROM_ALPHA = {
    "cumprod, cat": _weights_cat,
    "cumprod, pad": _weights_pad,
    "loop": _weights_loop,
    "differences of what gets through": _weights_differences,
    "logarithms": _weights_logarithms,
    "triangle of products": _weights_triangle,
    "with NeRF's epsilon": lambda a: (
        a * torch.cumprod(torch.cat([torch.ones_like(a[..., :1]), 1 - a + 1e-10], -1), -1)[..., :-1]
    ),
    "in float64": lambda a: _weights_cat(a.double()),
}

# ------------------------------------------------------------------------- composite


def _composite_loop(weights, values, background):
    seen, left = torch.zeros_like(values[..., 0, :]), torch.ones_like(weights[..., 0])
    for k in range(weights.shape[-1]):
        seen = seen + weights[..., k, None] * values[..., k, :]
        left = left - weights[..., k]
    return seen + left[..., None] * background


def _composite_one_more(weights, values, background):
    """The background as one more sample behind all others."""
    rest = 1 - weights.sum(-1, keepdim=True)
    behind = background.expand(*values.shape[:-2], 1, -1)
    every, shares = torch.cat([values, behind], -2), torch.cat([weights, rest], -1)
    return torch.einsum("...n,...nc->...c", shares, every)


COMPOSITE = {
    "sum": lambda w, v, b: (w[..., None] * v).sum(-2) + (1 - w.sum(-1, keepdim=True)) * b,
    "einsum": lambda w, v, b: (
        torch.einsum("...n,...nc->...c", w, v)
        + torch.outer((1 - w.sum(-1)).flatten(), b).view(*w.shape[:-1], -1)
    ),
    "matrix product": lambda w, v, b: (
        (w.unsqueeze(-2) @ v).squeeze(-2) + (1 - w.sum(-1)).unsqueeze(-1) * b
    ),
    "against the background": lambda w, v, b: b + (w[..., None] * (v - b)).sum(-2),
    "loop": _composite_loop,
    "background as one more sample": _composite_one_more,
    "in float64": lambda w, v, b: (
        (w.double()[..., None] * v).sum(-2) + (1 - w.double().sum(-1))[..., None] * b
    ),
}

# ---------------------------------------------------------------- stratified_distances


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


STRATIFIED_DISTANCES = {
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

# -------------------------------------------------------------------------- sample_pdf


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


SAMPLE_PDF = {
    "searchsorted": _pdf_searchsorted,
    "borders counted": _pdf_counted,
    "loop": _pdf_loop,
    "used up bin by bin": _pdf_overlap,
    "sorted at the end": _pdf_sorted_first,
    "in float64": lambda e, w, n, g: _pdf_searchsorted(e.double(), w.double(), n, g),
}

# ---------------------------------------------------------------- positional_encoding


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


POSITIONAL_ENCODING = {
    "stack": _encoding_stack,
    "loop": _encoding_loop,
    "sines shifted": _encoding_shifted,
    "angles doubled": _encoding_doubled,
    "einsum": _encoding_einsum,
    "in float64": lambda p, n: _encoding_stack(p.double(), n),
}

RIGHT = {
    "alpha_from_density": ALPHA_FROM_DENSITY,
    "weights_from_alpha": WEIGHTS_FROM_ALPHA,
    "composite": COMPOSITE,
    "stratified_distances": STRATIFIED_DISTANCES,
    "sample_pdf": SAMPLE_PDF,
    "positional_encoding": POSITIONAL_ENCODING,
}
