"""Where to look along a ray: equal bins, one random place in each, and more where it matters.

Distances are along a unit direction, in world units; edges, bins and samples are the last axis.
A ray cut into n bins has n + 1 edges.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def regular_edges(
    near: float | int, far: float | int, bins: int, like: Float[Tensor, "..."] | None = None
) -> Float[Tensor, "edges"]:
    """Edges of equal bins from near to far, t_i = near + i (far - near) / bins, i = 0 ... bins.

    near, far: distances in world units. like: a tensor whose dtype and device to take.

    Raises: ValueError unless 0 <= near < far and there is at least one bin.
    """
    if not 0 <= near < far:
        raise ValueError(f"a ray runs from near to far with 0 <= near < far, got {near}, {far}")
    if bins < 1:
        raise ValueError(f"a ray needs at least one bin, got {bins}")
    like = torch.zeros(()) if like is None else like
    return torch.linspace(near, far, bins + 1, dtype=like.dtype, device=like.device)


def bin_middles(edges: Float[Tensor, "*rays edges"]) -> Float[Tensor, "*rays bins"]:
    """The middle of every bin: where a regular quadrature looks. Last axis: bins + 1 edges."""
    return (edges[..., 1:] + edges[..., :-1]) / 2


def bin_lengths(edges: Float[Tensor, "*rays edges"]) -> Float[Tensor, "*rays bins"]:
    """The length of every bin, delta_i = t_{i+1} - t_i, in world units."""
    return edges[..., 1:] - edges[..., :-1]


def stratified_distances(
    edges: Float[Tensor, "*#rays edges"],
    rays: tuple[int, ...],
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*rays bins"]:
    """One distance in every bin, t_i ~ uniform[edge_i, edge_{i+1}] (NeRF 2020, eq. 2).

    Over many draws every place of the ray is looked at, not only the middles of the bins.
    rays: leading shape of the result. edges: (bins + 1,) for all rays or one row per ray.
    """
    bins = edges.shape[-1] - 1
    like = {"dtype": edges.dtype, "device": edges.device}
    share = torch.rand(*rays, bins, generator=generator, **like)
    return edges[..., :-1] + share * bin_lengths(edges)


def edges_around(
    distances: Float[Tensor, "*rays samples"], near: float | int, far: float | int
) -> Float[Tensor, "*rays edges"]:
    """Bins around sorted distances: cut in the middle between neighbours, from near to far.

    Gives every sample of a merged, uneven set its own bin, so that no length of the ray is
    counted twice or lost. (NeRF takes delta_i = t_{i+1} - t_i, and so drops what lies before
    the first sample.)

    Raises: ValueError if the distances are not sorted or reach outside [near, far].
    """
    if bool((distances.diff(dim=-1) < 0).any()):
        raise ValueError("distances must be sorted from near to far")
    if bool((distances < near).any()) or bool((distances > far).any()):
        raise ValueError(f"distances must lie between near {near} and far {far}")
    ends = torch.empty_like(distances[..., :1])
    return torch.cat(
        [torch.full_like(ends, near), bin_middles(distances), torch.full_like(ends, far)], -1
    )


def sample_pdf(
    edges: Float[Tensor, "*#rays edges"],
    weights: Float[Tensor, "*rays bins"],
    count: int,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "*rays count"]:
    """Sorted distances drawn from the density w_i / (delta_i sum_j w_j): by inverse transform.

    The second, fine look of hierarchical sampling (NeRF 2020, section 5.2): more samples where
    the first, coarse look found weight. A stratified u in [0, 1) is carried through the inverse
    of the piecewise linear distribution function. A ray without any weight is sampled evenly.
    weights: not negative, need not sum to one. The result carries no gradient.

    Raises: ValueError if count < 1, weights are negative, or edges and bins disagree.
    """
    if count < 1:
        raise ValueError(f"sample_pdf needs a count of at least one, got {count}")
    if edges.shape[-1] != weights.shape[-1] + 1:
        raise ValueError(f"{weights.shape[-1]} bins have {weights.shape[-1] + 1} edges")
    if bool((weights < 0).any()):
        raise ValueError("weights must not be negative")
    weights = weights.detach()
    edges = edges.expand(*weights.shape[:-1], edges.shape[-1]).contiguous()
    mass = torch.where(weights.sum(-1, keepdim=True) > 0, weights, bin_lengths(edges))
    reached = torch.cumsum(mass / mass.sum(-1, keepdim=True), -1)
    reached = torch.cat([torch.zeros_like(reached[..., :1]), reached], -1)
    reached[..., -1] = 1
    strata = torch.linspace(0, 1, count + 1, dtype=weights.dtype, device=weights.device)
    u = stratified_distances(strata, tuple(weights.shape[:-1]), generator)
    right = torch.searchsorted(reached, u, right=True).clamp(1, weights.shape[-1])
    low, high = reached.gather(-1, right - 1), reached.gather(-1, right)
    left_edge, right_edge = edges.gather(-1, right - 1), edges.gather(-1, right)
    share = (u - low) / (high - low).clamp_min(torch.finfo(weights.dtype).tiny)
    return left_edge + share * (right_edge - left_edge)
