"""Volume rendering: the light along a ray as an integral, and the sum that estimates it.

A ray r(t) = o + t d with a *unit* direction d meets glowing fog of density sigma (per world
unit: the chance of being stopped per length) and colour c. From near to far it sees

    C = int T(t) sigma(r(t)) c(r(t), d) dt,    T(t) = exp(- int_near^t sigma(r(s)) ds),

(Kajiya & Von Herzen 1984; Max 1995, eq. 3; Mildenhall et al. 2020, NeRF, eq. 1). The quadrature
cuts the ray into bins, samples each once, and treats density and colour as constant in a bin:

    C_hat = sum_i T_i (1 - exp(-sigma_i delta_i)) c_i    (NeRF, eq. 3).

Distances along the ray and lengths of bins are in world units; bins and samples are the last axis.
A *field* is a callable ``field(points, directions) -> (density, colour)`` with points and unit
directions (..., 3), density (...) and colour (..., channels).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.cameras import Camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.fields.compositing import (
    alpha_from_density,
    composite,
    depth_from_weights,
    opacity_from_weights,
    weights_from_alpha,
)
from course_utils.vision3d.fields.ray_sampling import (
    bin_lengths,
    bin_middles,
    edges_around,
    sample_pdf,
    stratified_distances,
)

Field = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]


class Rendered(NamedTuple):
    """What rays see: colour (no background added), opacity, mean distance, weights of samples."""

    colour: Float[Tensor, "*rays channels"]
    opacity: Float[Tensor, "*rays"]
    distance: Float[Tensor, "*rays"]
    weights: Float[Tensor, "*rays samples"]


def render_from_samples(
    density: Float[Tensor, "*rays samples"],
    colour: Float[Tensor, "*rays samples channels"],
    distances: Float[Tensor, "*#rays samples"],
    lengths: Float[Tensor, "*#rays samples"],
) -> Rendered:
    """The quadrature from densities and colours already looked up (NeRF 2020, eq. 3 and 5).

    density: per world unit. distances: where the samples are. lengths: of their bins.

    Raises: ValueError if a density or length is negative, or samples disagree.
    """
    weights = weights_from_alpha(alpha_from_density(density, lengths))
    distance = depth_from_weights(weights, distances.expand_as(weights))
    return Rendered(composite(weights, colour), opacity_from_weights(weights), distance, weights)


def render_rays(
    field: Field,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    edges: Float[Tensor, "*#rays edges"],
    distances: Float[Tensor, "*#rays samples"] | None = None,
) -> Rendered:
    """Ray marching: asks the field at one point of every bin, and sums what the ray sees.

    origins, directions: world coordinates, directions of unit length. edges: of the bins, one row
    for all rays or one per ray. distances: where to look in each bin; the middle unless given.

    Raises: ValueError if directions are not unit vectors, or samples and bins disagree.
    """
    length = directions.detach().norm(dim=-1)
    if not torch.allclose(length, torch.ones_like(length), atol=1e-3):
        raise ValueError("directions must have length one, else bins are longer than they say")
    distances = bin_middles(edges) if distances is None else distances
    if distances.shape[-1] != edges.shape[-1] - 1:
        raise ValueError(f"{edges.shape[-1] - 1} bins need one distance each")
    rays = (*origins.shape[:-1], distances.shape[-1])
    points = origins[..., None, :] + distances.expand(rays)[..., None] * directions[..., None, :]
    density, colour = field(points, directions[..., None, :].expand_as(points))
    return render_from_samples(density, colour, distances, bin_lengths(edges))


def render_hierarchical(
    coarse: Field,
    fine: Field,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    edges: Float[Tensor, "edges"],
    count: int,
    generator: torch.Generator | None = None,
) -> tuple[Rendered, Rendered]:
    """Two looks: the coarse field in every bin, then the fine one at both sets of samples.

    The ``count`` further samples follow the coarse weights (NeRF 2020, section 5.2, eq. 5);
    coarse and fine may be one field. Returns both renderings; a training adds both losses.
    """
    near, far = float(edges[0]), float(edges[-1])
    first = stratified_distances(edges, tuple(origins.shape[:-1]), generator)
    seen = render_rays(coarse, origins, directions, edges, first)
    more = sample_pdf(edges, seen.weights, count, generator)
    both = torch.cat([first, more], -1).sort(-1).values.clamp(near, far)
    around = edges_around(both, near, far)
    return seen, render_rays(fine, origins, directions, around, both)


def render_rows(
    field: Field, camera: Camera, edges: Float[Tensor, "edges"], rows: int = 8
) -> Iterator[tuple[slice, Rendered]]:
    """A whole picture in strips of ``rows`` image rows, from the top: to be shown as it grows.

    Yields the rows and what their pixels see, each with leading axes (rows, width).

    Raises: ValueError if rows < 1.
    """
    if rows < 1:
        raise ValueError(f"a strip needs at least one row, got {rows}")
    uv = pixel_centres(camera)
    for top in range(0, camera.height, rows):
        strip = slice(top, min(top + rows, camera.height))
        origins, directions = pixels_to_rays(camera, uv[strip].flatten(0, 1))
        shape = (strip.stop - strip.start, camera.width, 3)
        seen = render_rays(field, origins.view(shape), directions.view(shape), edges)
        yield strip, seen
