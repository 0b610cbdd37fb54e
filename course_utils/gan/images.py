"""Made pictures looked at closely: their nearest training pictures, walks and sums in the latent.

I. Goodfellow et al., "Generative Adversarial Nets", NIPS 2014, figure 2 (nearest neighbours, the
lecture's *Generated samples*); A. Radford et al. 2016, sections 6.1 and 6.3.2 (walks in the
latent space and arithmetic on faces).
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

CHUNK = 500


class Neighbours(NamedTuple):
    """The nearest rows of another set, the nearest first. distance: in units of the features."""

    distance: Float[Tensor, "n count"]
    index: Int[Tensor, "n count"]


def nearest_neighbours(
    queries: Float[Tensor, "n features"], among: Float[Tensor, "m features"], count: int = 1
) -> Neighbours:
    """The ``count`` rows of ``among`` with the smallest Euclidean distance to each query.

    Raises:
        ValueError: when there are fewer rows than asked for, or the features differ in number.
    """
    if queries.ndim != 2 or queries.shape[1:] != among.shape[1:]:
        raise ValueError(f"rows must match, got {tuple(queries.shape)} and {tuple(among.shape)}.")
    if not 1 <= count <= len(among):
        raise ValueError(f"there are no {count} neighbours among {len(among)}.")
    nearest = [torch.cdist(part, among).topk(count, largest=False) for part in queries.split(CHUNK)]
    return Neighbours(*(torch.cat(parts) for parts in zip(*nearest, strict=True)))


def pixels_of(pictures: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n pixels"]:
    """Pictures as rows of numbers: the crudest feature space, in which a shift is a long way."""
    return pictures.flatten(1)


def suspected_copies(
    made: Float[Tensor, "n"], held_out: Float[Tensor, "m"], quantile: float = 0.005
) -> Bool[Tensor, "n"]:
    """Which made pictures lie nearer to the training set than new real ones nearly ever do.

    Args:
        made, held_out: distance to the nearest training picture of made pictures, and of real
            ones that were not trained on. Those are the measure: also a person writes the same
            digit twice in nearly the same way.
        quantile: share of new real pictures that would be suspected wrongly.

    Raises:
        ValueError: when there is nothing to compare with, or the quantile is not in (0, 1).
    """
    if len(held_out) == 0 or not 0 < quantile < 1:
        raise ValueError("held-out distances and a quantile between 0 and 1 are needed.")
    return made < torch.quantile(held_out, quantile)


def smuggled(
    made: Float[Tensor, "n channels height width"],
    original: Float[Tensor, "channels height width"],
    place: int,
    move: tuple[int, int] = (0, 1),
    noise: float = 0.05,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "n channels height width"]:
    """Made pictures of which one is a training picture in disguise: moved, and a little noisy.

    It is what a search for copies must find (the lecture's figure asks the same question).

    Args:
        move: rows down and columns right. noise: spread of what is added to every pixel.

    Raises:
        ValueError: when there is no such place.
    """
    if not 0 <= place < len(made):
        raise ValueError(f"there is no place {place} among {len(made)} pictures.")
    moved = original.roll(move, (1, 2))
    drawn = torch.randn(moved.shape, generator=generator).to(moved)
    result = made.clone()
    result[place] = (moved + noise * drawn).clamp(-1, 1)
    return result


# ------------------------------------------------------------------ the latent space


def walk_between(
    start: Float[Tensor, "latent"], end: Float[Tensor, "latent"], share: float | int
) -> Float[Tensor, "latent"]:
    """The point at ``share`` of the way along the great arc from one latent to another.

        z(t) = [sin((1 - t) ω) a + sin(t ω) b] / sin ω,   ω the angle between a and b

    Source: T. White, "Sampling Generative Networks", 2016, section 2.1. Normal latents lie near a
    sphere of radius √d; the middle of a straight line would lie inside, where none was trained.

    Raises:
        ValueError: when a latent is zero, or the two point in opposite directions.
    """
    if not bool(start.norm() > 0 and end.norm() > 0):
        raise ValueError("a latent of length 0 has no direction.")
    cosine = (start @ end / (start.norm() * end.norm())).clamp(-1, 1)
    angle = torch.arccos(cosine)
    if float(angle) > torch.pi - 1e-4:
        raise ValueError("between opposite latents there is no shortest arc.")
    if float(angle) < 1e-4:
        return (1 - share) * start + share * end
    a, b = torch.sin((1 - share) * angle), torch.sin(share * angle)
    return (a * start + b * end) / torch.sin(angle)


def walk(stops: Float[Tensor, "stops latent"], frames: int) -> Float[Tensor, "points latent"]:
    """Latents along the arcs through all stops, ``frames`` per arc, and the last stop.

    Raises:
        ValueError: for fewer than two stops or no frames; as `walk_between`.
    """
    if len(stops) < 2 or frames < 1:
        raise ValueError("a walk needs at least two stops and one frame per arc.")
    points = [walk_between(a, b, k / frames) for a, b in pairwise(stops) for k in range(frames)]
    return torch.stack([*points, stops[-1]])


def mean_latent(
    noise: Float[Tensor, "n latent"], chosen: Bool[Tensor, "n"]
) -> Float[Tensor, "latent"]:
    """Mean of the latents whose pictures show something: what they have in common.

    Source: Radford et al. 2016, section 6.3.2, who took means of three: single latents did not
    work. Differences of such means are what is added and subtracted.

    Raises:
        ValueError: when none is chosen.
    """
    if not bool(chosen.any()):
        raise ValueError("none of the pictures shows it: there is no latent to average.")
    return noise[chosen].mean(0)


def ink(pictures: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n"]:
    """Share of ink, mean of (x + 1)/2 over all pixels: 0 is black paper, 1 all white (lecture's
    question of what the latent knows, asked of a number that can be measured).
    """
    return ((pictures + 1) / 2).mean((1, 2, 3))


def slant(pictures: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n"]:
    """How far the writing leans to the right, in pixels per pixel of height.

    It is the slope of the line through the ink, -cov(column, row) / var(row), rows counted
    downwards; deslanting digits by it is as old as the MNIST data (Y. LeCun et al. 1998).
    """
    mass = ((pictures + 1) / 2).mean(1).clamp_min(0)
    mass = mass / mass.sum((1, 2), keepdim=True).clamp_min(1e-12)
    height, width = mass.shape[1:]
    rows = torch.arange(height, device=mass.device, dtype=mass.dtype)[:, None]
    columns = torch.arange(width, device=mass.device, dtype=mass.dtype)[None, :]
    row_off = rows - (mass * rows).sum((1, 2))[:, None, None]
    column_off = columns - (mass * columns).sum((1, 2))[:, None, None]
    covariance = (mass * row_off * column_off).sum((1, 2))
    return -covariance / (mass * row_off**2).sum((1, 2)).clamp_min(1e-12)
