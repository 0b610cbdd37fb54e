"""How near two sets of pictures are: Fréchet distance, precision and recall, density and coverage.

All of them compare points of a feature space, one row per picture. Which space decides what
they see: numbers from different feature networks cannot be compared, and those of the small
classifiers of this course are not the published FID, which uses an Inception network trained on
ImageNet and 50,000 samples (M. Heusel et al., NIPS 2017).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def frechet_distance(
    real: Float[Tensor, "n features"], made: Float[Tensor, "m features"]
) -> Float[Tensor, ""]:
    """Fréchet distance of two sets, each taken as one Gaussian, in squared units of the features.

        d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½)

    Source: D. Dowson and B. Landau, J. Multivariate Analysis 1982; Heusel et al. 2017, equation
    (6). Computed in float64. Few samples make it too large: the spread between two halves of the
    *real* set is the floor to compare with.

    Raises:
        ValueError: for fewer than two rows, or different numbers of features.
    """
    _check_sets(real, made, 2)
    a, b = real.double(), made.double()
    return gaussian_frechet_distance(a.mean(0), torch.cov(a.T), b.mean(0), torch.cov(b.T))


def gaussian_frechet_distance(
    mean_1: Float[Tensor, "d"],
    covariance_1: Float[Tensor, "..."],
    mean_2: Float[Tensor, "d"],
    covariance_2: Float[Tensor, "..."],
) -> Float[Tensor, ""]:
    """Fréchet distance of two Gaussians, d² = |μ₁ - μ₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁ Σ₂)^½).

    Source: Dowson and Landau 1982, equation (4). tr (Σ₁ Σ₂)^½ is the sum of the singular values
    of Σ₁^½ Σ₂^½, which stays real and positive when a covariance is singular.

    Raises:
        ValueError: when the shapes do not belong together.
    """
    size = len(mean_1)
    one, two = (c.reshape(size, -1) for c in (covariance_1, covariance_2))
    if not (one.shape == two.shape == (size, size) and len(mean_2) == size):
        raise ValueError("two means of one length, and two square covariances to fit, are needed.")
    overlap = torch.linalg.svdvals(_root(one) @ _root(two)).sum()
    gap = (mean_1 - mean_2).square().sum()
    return (gap + one.trace() + two.trace() - 2 * overlap).clamp_min(0)


class Coverage(NamedTuple):
    """Shares in [0, 1] (density may exceed 1): are the made ones good, and are they all there?

    precision: made points among the real ones. recall: real points among the made ones.
    density: as precision, but counting how many balls hold a point. coverage: real points whose
    own ball holds a made one.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def coverage_measures(
    real: Float[Tensor, "n features"], made: Float[Tensor, "m features"], neighbours: int = 3
) -> Coverage:
    """Precision, recall, density and coverage with balls that reach to the k-th neighbour.

    Around each real point lies a ball as wide as the distance to its k-th nearest real point;
    their union is the real set's territory, and likewise for the made ones.

    Source: T. Kynkäänniemi et al., "Improved Precision and Recall Metric", NeurIPS 2019,
    equations (1) and (2), for precision and recall; M. Naeem et al., "Reliable Fidelity and
    Diversity Metrics", ICML 2020, section 3, for density and coverage.

    Raises:
        ValueError: when a set has no k-th neighbour, or the numbers of features differ.
    """
    if neighbours < 1:
        raise ValueError(f"neighbours must be at least 1, got {neighbours}.")
    _check_sets(real, made, neighbours + 1)
    apart = torch.cdist(real, made)  # real, made
    real_reach = neighbour_distance(real, neighbours)
    made_reach = neighbour_distance(made, neighbours)
    in_real_ball = apart <= real_reach[:, None]
    in_made_ball = apart <= made_reach[None, :]
    return Coverage(
        precision=_share(in_real_ball.any(0)),
        recall=_share(in_made_ball.any(1)),
        density=float(in_real_ball.double().sum(0).mean() / neighbours),
        coverage=_share(in_real_ball.any(1)),
    )


def neighbour_distance(points: Float[Tensor, "n features"], neighbours: int) -> Float[Tensor, "n"]:
    """Distance of each point to its k-th nearest other point, in units of the features.

    Raises:
        ValueError: when there are not that many others.
    """
    if not 1 <= neighbours < len(points):
        raise ValueError(f"{len(points)} points have no neighbour number {neighbours}.")
    apart = torch.cdist(points, points).fill_diagonal_(torch.inf)
    return apart.kthvalue(neighbours, dim=1).values


def _root(covariance: Tensor) -> Tensor:
    """Symmetric root; eigenvalues that rounding made negative count as 0."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T


def _share(flags: Bool[Tensor, "n"]) -> float:
    return float(flags.double().mean())


def _check_sets(real: Tensor, made: Tensor, least: int) -> None:
    if real.ndim != 2 or made.ndim != 2 or real.shape[1] != made.shape[1]:
        raise ValueError(
            f"sets must be (n, features), got {tuple(real.shape)}, {tuple(made.shape)}."
        )
    if min(len(real), len(made)) < least:
        raise ValueError(f"each set needs at least {least} rows.")
