"""How to judge a representation: probes on frozen features, and training on few labels.

A probe is a shallow model on features that do not change. Its only setting, the strength of
the L2 penalty, is chosen on a held-out part of the *training* set. Compare a trained layer with
the same layer of a random encoder, and with raw pixels: both already know a great deal.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import ConvEncoder, evaluation_mode

Features = Float[Tensor, "n features"]
Labels = Int[Tensor, " n"]
Generator = torch.Generator | None

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)


# ------------------------------------------------------------------------ linear probes


class Standardiser(NamedTuple):
    """Mean and deviation of the training features; applied to all others."""

    mean: Float[Tensor, " features"]
    spread: Float[Tensor, " features"]

    def __call__(self, features: Features) -> Features:
        """Returns features of mean 0 and deviation 1, as measured on the training set."""
        return (features - self.mean) / self.spread


def fit_standardiser(features: Features) -> Standardiser:
    """Returns the mean and the deviation of each feature; a constant feature maps to 0."""
    spread = features.std(dim=0, correction=0)
    # Rounding leaves a constant feature a tiny deviation; dividing by it would blow it up.
    tiny = 1e-6 * features.abs().amax(dim=0).clamp(min=1e-6)
    return Standardiser(features.mean(dim=0), torch.where(spread > tiny, spread, 1.0))


class LinearProbe(NamedTuple):
    """A linear classifier on standardised features: ``logits = standardise(x) W + b``."""

    standardise: Standardiser
    weight: Float[Tensor, "features classes"]
    bias: Float[Tensor, " classes"]

    def __call__(self, features: Features) -> Float[Tensor, "n classes"]:
        """Returns the logits, or for regression the predicted targets."""
        return self.standardise(features) @ self.weight + self.bias


class ProbeResult(NamedTuple):
    """What a probe scored on the test set (accuracy or R squared) and the penalty it chose."""

    score: float
    penalty: float


def _check_labelled(features: Tensor, labels: Tensor) -> None:
    if features.ndim != 2 or len(features) != len(labels) or len(features) == 0:
        raise ValueError(
            f"expected features (n, d) and n labels, got {tuple(features.shape)} "
            f"and {tuple(labels.shape)}"
        )
    if not bool(torch.isfinite(features).all()):
        raise ValueError("the features hold numbers that are not finite")


def fit_linear_probe(
    features: Features, labels: Labels, classes: int, penalty: float, iterations: int = 60
) -> LinearProbe:
    """Fits multinomial logistic regression on standardised features by L-BFGS.

    Minimises ``mean cross-entropy + penalty * |W|^2`` (the bias is free), a convex problem, from
    zero: nothing random. scikit-learn's ``C`` is ``1 / (2 n penalty)``.

    Raises:
        ValueError: when shapes disagree, a label is not below ``classes``, or the penalty < 0.
    """
    _check_labelled(features, labels)
    if bool(((labels < 0) | (labels >= classes)).any()):
        raise ValueError(f"labels must lie between 0 and {classes - 1}")
    if penalty < 0:
        raise ValueError(f"the penalty must not be negative, got {penalty}")
    standardise = fit_standardiser(features)
    inputs = standardise(features).detach()
    weight = inputs.new_zeros(inputs.shape[1], classes, requires_grad=True)
    bias = inputs.new_zeros(classes, requires_grad=True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=iterations, history_size=10, line_search_fn="strong_wolfe"
    )

    def objective() -> Tensor:
        optimiser.zero_grad()
        loss = F.cross_entropy(torch.addmm(bias, inputs, weight), labels)
        loss = loss + penalty * (weight**2).sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimiser.step(objective)
    return LinearProbe(standardise, weight.detach(), bias.detach())


def accuracy(logits: Float[Tensor, "n classes"], labels: Labels) -> float:
    """Returns the share of rows whose largest logit is the label's."""
    return (logits.argmax(dim=1) == labels).float().mean().item()


def hold_out(
    count: int, fraction: float = 0.2, generator: Generator = None
) -> tuple[Int[Tensor, " kept"], Int[Tensor, " held"]]:
    """Splits ``range(count)`` at random into rows to fit on and rows to choose the penalty on.

    Raises:
        ValueError: when either part would be empty.
    """
    held = round(count * fraction)
    if not 0 < held < count:
        raise ValueError(f"holding out {fraction} of {count} rows leaves one part empty")
    device = generator.device if generator is not None else "cpu"
    order = torch.randperm(count, generator=generator, device=device)
    return order[held:], order[:held]


def linear_probe(
    train: tuple[Features, Labels],
    test: tuple[Float[Tensor, "m features"], Int[Tensor, " m"]],
    classes: int,
    penalties: Sequence[float] = PENALTIES,
    generator: Generator = None,
) -> ProbeResult:
    """Returns the test accuracy of a linear probe whose penalty a held-out fifth of train chose.

    The test set is used once, after everything is chosen.
    """
    features, labels = train
    penalty = penalties[0]
    if len(penalties) > 1:
        kept, held = (rows.to(features.device) for rows in hold_out(len(features), 0.2, generator))
        scores = []
        for candidate in penalties:
            probe = fit_linear_probe(features[kept], labels[kept], classes, candidate)
            scores.append(accuracy(probe(features[held]), labels[held]))
        penalty = penalties[scores.index(max(scores))]
    probe = fit_linear_probe(features, labels, classes, penalty)
    return ProbeResult(accuracy(probe(test[0]), test[1]), penalty)


def knn_probe(
    train: tuple[Features, Labels],
    test: tuple[Float[Tensor, "m features"], Int[Tensor, " m"]],
    classes: int,
    neighbours: int = 20,
    temperature: float = 0.07,
) -> float:
    """Returns the test accuracy of weighted nearest neighbours: votes ``exp(cosine / T)``.

    Nothing is fitted, so it asks of the features what they are, not what can be read from them.

    Source: Wu et al. (2018), "Unsupervised feature learning via instance discrimination", 3.4.

    Raises:
        ValueError: when there are fewer training rows than neighbours.
    """
    _check_labelled(*train)
    if not 1 <= neighbours <= len(train[0]):
        raise ValueError(f"cannot take {neighbours} neighbours of {len(train[0])} rows")
    known = F.normalize(train[0], dim=1)
    votes = []
    for part in F.normalize(test[0], dim=1).split(1000):
        cosine, index = (part @ known.T).topk(neighbours, dim=1)
        ballot = cosine.new_zeros(len(part), classes)
        votes.append(ballot.scatter_add_(1, train[1][index], (cosine / temperature).exp()))
    return accuracy(torch.cat(votes), test[1])


# -------------------------------------------------------------------- regression probes


def fit_ridge(
    features: Features, targets: Float[Tensor, "n targets"], penalty: float
) -> LinearProbe:
    """Fits ridge regression in closed form: ``W = (X'X / n + penalty I)^-1 X'Y / n``.

    X standardised, Y centred; solved in float64, since X'X squares the condition number.
    """
    _check_labelled(features, targets)
    standardise = fit_standardiser(features)
    inputs, bias = standardise(features).double(), targets.double().mean(dim=0)
    gram = inputs.T @ inputs / len(inputs)
    gram = gram + penalty * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
    weight = torch.linalg.solve(gram, inputs.T @ (targets.double() - bias) / len(inputs))
    return LinearProbe(standardise, weight.to(features), bias.to(features))


def r_squared(predicted: Float[Tensor, "n targets"], targets: Float[Tensor, "n targets"]) -> float:
    """Returns ``1 - sum (y - f)^2 / sum (y - mean y)^2``, the mean over targets that vary.

    1 is perfect, 0 no better than the mean, below 0 worse than it.

    Raises:
        ValueError: when no target varies.
    """
    residual = ((targets - predicted) ** 2).sum(dim=0)
    total = ((targets - targets.mean(dim=0)) ** 2).sum(dim=0)
    varies = total > 0
    if not bool(varies.any()):
        raise ValueError("no target varies, so R squared is not defined")
    return (1 - residual[varies] / total[varies]).mean().item()


def regression_probe(
    train: tuple[Features, Float[Tensor, "n targets"]],
    test: tuple[Float[Tensor, "m features"], Float[Tensor, "m targets"]],
    penalties: Sequence[float] = PENALTIES,
    generator: Generator = None,
) -> ProbeResult:
    """Returns the test R squared of ridge regression; a held-out fifth of train chose its penalty.

    For pose, position and count. An angle goes in as its sine and cosine: 0 and 2 pi are one.
    """
    features, targets = train
    penalty = penalties[0]
    if len(penalties) > 1:
        kept, held = (rows.to(features.device) for rows in hold_out(len(features), 0.2, generator))
        scores = []
        for candidate in penalties:
            probe = fit_ridge(features[kept], targets[kept], candidate)
            scores.append(r_squared(probe(features[held]), targets[held]))
        penalty = penalties[scores.index(max(scores))]
    probe = fit_ridge(features, targets, penalty)
    return ProbeResult(r_squared(probe(test[0]), test[1]), penalty)


# -------------------------------------------------------------------------- few labels


def label_budget(
    labels: Labels, per_class: int, generator: Generator = None
) -> Int[Tensor, " chosen"]:
    """Returns the rows of a random subset with exactly ``per_class`` of each class, sorted.

    Raises:
        ValueError: when a class has fewer rows than that.
    """
    if per_class < 1:
        raise ValueError(f"per_class must be at least 1, got {per_class}")
    device = generator.device if generator is not None else "cpu"
    order = torch.randperm(len(labels), generator=generator, device=device).to(labels.device)
    chosen = []
    for label in labels.unique():
        rows = order[labels[order] == label]
        if len(rows) < per_class:
            raise ValueError(
                f"class {int(label)} has {len(rows)} pictures, {per_class} were asked for"
            )
        chosen.append(rows[:per_class])
    return torch.cat(chosen).sort().values


def freeze_first_blocks(encoder: ConvEncoder, blocks: int = 2) -> None:
    """Freezes the first blocks: no gradient reaches them and their batch statistics rest.

    Source: Gidaris et al. (2018), section 4.1.3: the first two of three blocks.

    Raises:
        ValueError: when the encoder has fewer blocks.
    """
    if not 0 <= blocks <= len(encoder.blocks):
        raise ValueError(f"the encoder has {len(encoder.blocks)} blocks, cannot freeze {blocks}")
    for block in encoder.blocks[:blocks]:
        block.requires_grad_(False)
        block.eval()


@torch.no_grad()
def frozen_maps(
    encoder: ConvEncoder, images: Float[Tensor, "n channels height width"], batch_size: int = 500
) -> Float[Tensor, "n maps height_4 width_4"]:
    """Returns the maps after the second block; while it is frozen they need computing once."""
    with evaluation_mode(encoder):
        return torch.cat([encoder.maps(part).second for part in images.split(batch_size)])


class ThirdBlockClassifier(nn.Module):
    """The third block and a linear layer: what is trained on few labels, on frozen maps."""

    def __init__(self, encoder: ConvEncoder, classes: int) -> None:
        super().__init__()
        self.third = encoder.third
        self.linear = nn.Linear(encoder.feature_size, classes)

    def forward(self, maps: Float[Tensor, "n maps height_4 width_4"]) -> Float[Tensor, "n classes"]:
        """Returns the class logits from maps of the second block."""
        return self.linear(self.third(maps).mean(dim=(2, 3)))


def classification_losses(
    classifier: Callable[[Tensor], Tensor], inputs: Float[Tensor, "n ..."], labels: Labels
) -> dict[str, float | Tensor]:
    """Returns the cross-entropy and the accuracy on a batch, for ``steps.gradient_step``."""
    logits = classifier(inputs)
    return {"loss": F.cross_entropy(logits, labels), "accuracy": accuracy(logits, labels)}


@torch.no_grad()
def classifier_accuracy(
    classifier: nn.Module, inputs: Float[Tensor, "n ..."], labels: Labels, batch_size: int = 500
) -> float:
    """Returns the accuracy of a network in evaluation mode, batch by batch."""
    with evaluation_mode(classifier):
        logits = torch.cat([classifier(part) for part in inputs.split(batch_size)])
    return accuracy(logits, labels)


def steps_for_budget(count: int, batch_size: int, most: int = 1500, least: int = 200) -> int:
    """Returns the steps to train on ``count`` labels: 40 rounds, from ``least`` to ``most``."""
    return max(least, min(most, 40 * math.ceil(count / batch_size)))
