"""Contrastive learning as a choice among N: which of the keys belongs to the query?

    L = -E[ log( exp(s+ / t) / (exp(s+ / t) + sum_j exp(s_j- / t)) ) ]

s+ is the score of the query with its one positive, s_j- its scores with N - 1 negatives, t a
temperature. This is the cross-entropy of an N-way softmax whose right class is the positive: the
InfoNCE loss of A. van den Oord, Y. Li, O. Vinyals, "Representation Learning with Contrastive
Predictive Coding", 2018, equation 4. Scores are matrices with one row per query and one column
per key. All losses are in nats.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

# ----------------------------------------------------------------------------- scores


def cosine_scores(
    queries: Float[Tensor, "queries features"], keys: Float[Tensor, "keys features"]
) -> Float[Tensor, "queries keys"]:
    """Returns s_ij = u_i . v_j / (|u_i| |v_j|): the cosine of every query with every key.

    Between -1 (opposite) and 1 (same direction). A vector of zeros has no direction; its
    cosines are 0.

    Source: T. Chen et al., "A Simple Framework for Contrastive Learning of Visual
    Representations", 2020, section 2.1.

    Raises:
        ValueError: when the two do not have the same number of features.
    """
    if queries.ndim != 2 or keys.ndim != 2 or queries.shape[1] != keys.shape[1]:
        raise ValueError(
            "queries and keys must be (n, features) with the same features, got "
            f"{tuple(queries.shape)} and {tuple(keys.shape)}"
        )
    return F.normalize(queries, dim=1) @ F.normalize(keys, dim=1).T


def without_self(scores: Float[Tensor, "views views"]) -> Float[Tensor, "views views"]:
    """Returns the scores with the diagonal at minus infinity: nothing is its own candidate.

    Where queries and keys are the same batch, s_ii = 1 is the largest score of each row and
    says nothing. exp(-inf) = 0 takes it out of the softmax, exactly and without a gradient.

    Raises:
        ValueError: when there are not as many keys as queries, or fewer than two.
    """
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or len(scores) < 2:
        raise ValueError(f"scores must be (n, n) with n of 2 or more, got {tuple(scores.shape)}")
    itself = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    return scores.masked_fill(itself, float("-inf"))


def positives_as_labels(pictures: Int[Tensor, " views"]) -> Int[Tensor, " views"]:
    """Returns for each view the number of the other view of the same picture, as int64.

    ``pictures[i]`` names the picture that view i was made of; each has exactly two views, in any
    order. The positive's number is the class that cross-entropy wants.

    Source: van den Oord et al. (2018), section 2.3: the positive sample as the right class.

    Raises:
        ValueError: when a picture does not have exactly two views.
    """
    if pictures.ndim != 1 or len(pictures) == 0:
        raise ValueError(f"pictures must be one number per view, got {tuple(pictures.shape)}")
    same = pictures[:, None] == pictures[None]
    counts = same.sum(dim=1)
    if bool((counts != 2).any()):
        wrong = int(pictures[counts != 2][0])
        found = int(counts[counts != 2][0])
        raise ValueError(f"picture {wrong} has {found} views; each needs exactly two")
    same.fill_diagonal_(False)
    return same.long().argmax(dim=1)


# ------------------------------------------------------------------------------- loss


def info_nce(
    scores: Float[Tensor, "queries keys"],
    labels: Int[Tensor, " queries"],
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    """Returns L = -mean_i log softmax_j(s_ij / t) at j = label_i: cross-entropy over the keys.

    The positive is one of the keys. A score of minus infinity takes a key out of the choice.

    Source: van den Oord et al. (2018), equation 4; the temperature as in Z. Wu et al.,
    "Unsupervised Feature Learning via Non-Parametric Instance Discrimination", 2018, equation 2.

    Raises:
        ValueError: when labels do not fit the scores, or the temperature is not positive.
    """
    _check_choice(scores, labels, temperature)
    return F.cross_entropy(scores / temperature, labels)


def info_nce_from_pairs(
    positive: Float[Tensor, " queries"],
    negatives: Float[Tensor, "queries negatives"],
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    """Returns the same loss from each query's one positive and N - 1 negative scores.

    ``L = mean(log(exp(s+ / t) + sum_j exp(s_j- / t)) - s+ / t)``, the lecture's formula as it
    stands. Without negatives it is 0, and its gradient too.

    Raises:
        ValueError: when there is not one positive per query, or the temperature is not positive.
    """
    if positive.ndim != 1 or negatives.ndim != 2 or len(positive) != len(negatives):
        raise ValueError(
            f"expected (queries,) and (queries, negatives), got {tuple(positive.shape)} and "
            f"{tuple(negatives.shape)}"
        )
    _check_temperature(temperature)
    candidates = torch.cat([positive[:, None], negatives], dim=1) / temperature
    return (candidates.logsumexp(dim=1) - candidates[:, 0]).mean()


def temperature_gradient(
    scores: Float[Tensor, "queries keys"],
    labels: Int[Tensor, " queries"],
    temperature: float = 1.0,
) -> Float[Tensor, "queries keys"]:
    """Returns dL/ds_ij = (softmax_j(s_ij / t) - [j = label_i]) / (n t), in closed form.

    Negative at the positives (their score is pulled up), positive at the negatives, and the sum
    over each row is 0. The lower the temperature, the more of the push goes to the negatives
    with the largest scores.

    Source: F. Wang and H. Liu, "Understanding the Behaviour of Contrastive Loss", 2021,
    equations 3 and 4.

    Raises:
        ValueError: when labels do not fit the scores, or the temperature is not positive.
    """
    _check_choice(scores, labels, temperature)
    share = torch.softmax(scores / temperature, dim=1)
    right = F.one_hot(labels, scores.shape[1]).to(share)
    return (share - right) / (len(scores) * temperature)


# ------------------------------------------------------- what the loss wants of points


def alignment(
    first: Float[Tensor, "pairs features"],
    second: Float[Tensor, "pairs features"],
    power: float = 2.0,
) -> Float[Tensor, ""]:
    """Returns mean |f(x) - f(x+)|^power of positive pairs: 0 when both views meet.

    Source: T. Wang and P. Isola, "Understanding Contrastive Representation Learning through
    Alignment and Uniformity on the Hypersphere", 2020, section 4.1. Points of length 1.

    Raises:
        ValueError: when the two differ in shape or are not of length 1.
    """
    if first.shape != second.shape:
        raise ValueError(f"pairs must match, got {tuple(first.shape)}, {tuple(second.shape)}")
    _check_on_sphere(first)
    _check_on_sphere(second)
    return (first - second).norm(dim=1).pow(power).mean()


def uniformity(points: Float[Tensor, "points features"], spread: float = 2.0) -> Float[Tensor, ""]:
    """Returns log mean_{i<j} exp(-spread |f_i - f_j|^2): 0 when all points coincide, else below.

    Source: Wang and Isola (2020), section 4.1, with t = 2. Points of length 1.

    Raises:
        ValueError: when there are fewer than two points, or they are not of length 1.
    """
    if points.ndim != 2 or len(points) < 2:
        raise ValueError(f"uniformity needs two points or more, got {tuple(points.shape)}")
    _check_on_sphere(points)
    squared = torch.pdist(points).square()
    # A mean of exponentials, its logarithm taken without leaving the range of the numbers.
    return torch.logsumexp(-spread * squared, dim=0) - math.log(len(squared))


# ----------------------------------------------------------------------------- checks


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")


def _check_choice(scores: Tensor, labels: Tensor, temperature: float) -> None:
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or len(scores) == 0:
        raise ValueError(
            f"labels {tuple(labels.shape)} must name one key for each row of scores "
            f"{tuple(scores.shape)}"
        )
    if int(labels.min()) < 0 or int(labels.max()) >= scores.shape[1]:
        raise ValueError(f"labels must lie in 0 ... {scores.shape[1] - 1}")
    _check_temperature(temperature)


def _check_on_sphere(points: Tensor) -> None:
    if not bool(((points.detach().norm(dim=1) - 1).abs() < 1e-3).all()):
        raise ValueError("the points must have length 1: divide each by its norm first")
