"""InfoNCE as a lower bound on mutual information, on data whose information is known.

    I(X; Y) >= log N - L

A. van den Oord et al., "Representation Learning with Contrastive Predictive Coding", 2018,
equation 5; the derivation in B. Poole et al., "On Variational Bounds of Mutual Information",
2019, section 2.3. L is the InfoNCE loss over N candidates of which one is the partner. The loss
is never negative, so the bound never shows more than log N, however much information there is.

The known data are pairs of Gaussian numbers with correlation r in each of d dimensions:
I = -d/2 log(1 - r^2) nats, and the best possible score is their log density ratio.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.selfsup.contrastive import info_nce

Critic = Callable[[Tensor, Tensor], Tensor]
Generator = torch.Generator | None


# -------------------------------------------------------------------------- the bound


def mutual_information_bound(
    scores: Float[Tensor, "queries keys"], labels: Int[Tensor, " queries"]
) -> Float[Tensor, ""]:
    """Returns log N - L in nats, N the number of keys: at least so much information is shared.

    On average over samples never above the truth, and on every sample at most log N. On one small
    sample it can be above the truth by chance, or below 0.

    Source: van den Oord et al. (2018), equation 5.

    Raises:
        ValueError: when labels do not fit the scores.
    """
    return math.log(scores.shape[-1]) - info_nce(scores, labels)


# ----------------------------------------------------------------------- known truths


def correlation_for_information(nats: float, dimensions: int = 1) -> float:
    """Returns the correlation r >= 0 with which d dimensions share that many nats.

    r = sqrt(1 - exp(-2 I / d)), which is I = -d/2 log(1 - r^2) solved for r.

    Source: T. Cover and J. Thomas, "Elements of Information Theory", 2006, equation 8.56.

    Raises:
        ValueError: when nats are negative or there is no dimension.
    """
    if not 0 <= nats < math.inf or dimensions < 1:
        raise ValueError(f"need nats >= 0 and a dimension, got {nats} and {dimensions}")
    return math.sqrt(-math.expm1(-2.0 * nats / dimensions))


def correlated_gaussians(
    count: int,
    correlation: float,
    dimensions: int = 1,
    generator: Generator = None,
    dtype: torch.dtype = torch.float32,
) -> tuple[Float[Tensor, "pairs dimensions"], Float[Tensor, "pairs dimensions"]]:
    """Returns pairs (x, y): both standard normal, y = r x + sqrt(1 - r^2) noise.

    Source: Poole et al. (2019), section 3.

    Raises:
        ValueError: when the correlation is not inside (-1, 1), or a size is below 1.
    """
    _check_gaussians(correlation, dimensions)
    if count < 1:
        raise ValueError(f"there must be one pair or more, got {count}")
    device = generator.device if generator is not None else None
    x, noise = torch.randn(
        2, count, dimensions, generator=generator, dtype=dtype, device=device
    ).unbind()
    return x, correlation * x + math.sqrt(1 - correlation**2) * noise


def log_density_ratio(
    x: Float[Tensor, "queries dimensions"],
    y: Float[Tensor, "keys dimensions"],
    correlation: float,
) -> Float[Tensor, "queries keys"]:
    """Returns log p(y_j | x_i) / p(y_j), the score with which the bound is tightest.

    Of Gaussians, summed over dimensions:
    ``-log(1 - r^2) / 2 - (y - r x)^2 / (2 (1 - r^2)) + y^2 / 2``.

    Source: van den Oord et al. (2018), section 2.3: the optimal score is proportional to this
    ratio; a term that depends on x alone would change nothing, as it cancels in the softmax.

    Raises:
        ValueError: when x and y differ in dimensions or the correlation is not inside (-1, 1).
    """
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"x {tuple(x.shape)} and y {tuple(y.shape)} must share their dimensions")
    _check_gaussians(correlation, x.shape[1])
    left = 1 - correlation**2
    # The same, arranged so that nothing large cancels when r is close to 1.
    apart = torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist").square() / left
    lengths = (x.square().sum(dim=1)[:, None] + y.square().sum(dim=1)) / (1 + correlation)
    return -0.5 * x.shape[1] * math.log(left) - 0.5 * correlation * (apart - lengths)


# ---------------------------------------------------------------------- its estimates


@dataclass(frozen=True)
class Estimate:
    """The bound as an average over independent batches, in nats.

    Attributes:
        mean: the average. error: its standard error. candidates: N. truth: nats really shared.
    """

    mean: float
    error: float
    candidates: int
    truth: float

    @property
    def ceiling(self) -> float:
        """log N, which the bound cannot exceed."""
        return math.log(self.candidates)


@torch.no_grad()
def estimate_bound(
    nats: float,
    candidates: int,
    batches: int = 20,
    dimensions: int = 1,
    generator: Generator = None,
    critic: Critic | None = None,
) -> Estimate:
    """Returns the bound on Gaussians that share ``nats``, over batches of N pairs each.

    Each of the N queries of a batch chooses among the same N keys, as in training. ``critic``
    gives scores (queries, keys) of x and y; None is the best possible one. In float64.

    Source: van den Oord et al. (2018), equation 5; Poole et al. (2019), figure 2.

    Raises:
        ValueError: when there are fewer than two candidates or batches.
    """
    if candidates < 2 or batches < 2:
        raise ValueError(f"need two candidates and batches, got {candidates} and {batches}")
    correlation = correlation_for_information(nats, dimensions)
    found = []
    for _ in range(batches):
        x, y = correlated_gaussians(
            candidates, correlation, dimensions, generator, dtype=torch.float64
        )
        scores = log_density_ratio(x, y, correlation) if critic is None else critic(x, y)
        labels = torch.arange(candidates, device=scores.device)
        found.append(mutual_information_bound(scores, labels))
    bounds = torch.stack(found).double()
    error = float(bounds.std()) / math.sqrt(batches)
    return Estimate(float(bounds.mean()), error, candidates, nats)


def most_by_cosine(candidates: int, temperature: float) -> float:
    """Returns the most that the bound can show when scores are cosines over a temperature.

    ``log N - log(1 + (N - 1) exp(-2 / t))``: even with the positive at cosine 1 and all negatives
    at -1, the softmax is not sure. That is less than 2 / t nats, for any N.

    Source: the lecture's loss with SimCLR's score (Chen et al., 2020).

    Raises:
        ValueError: when there are fewer than two candidates or the temperature is not positive.
    """
    if candidates < 2 or not temperature > 0:
        raise ValueError(
            f"need two candidates and a temperature above 0, got {candidates}, {temperature}"
        )
    return math.log(candidates) - math.log1p((candidates - 1) * math.exp(-2 / temperature))


def _check_gaussians(correlation: float, dimensions: int) -> None:
    if not -1 < correlation < 1:
        raise ValueError(f"the correlation must lie inside (-1, 1), got {correlation}")
    if dimensions < 1:
        raise ValueError(f"there must be a dimension or more, got {dimensions}")
