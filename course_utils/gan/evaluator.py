"""A small classifier of real pictures, to judge made ones: what are they, and how sure is it?

In the spirit of the Inception Score (T. Salimans et al., "Improved Techniques for Training
GANs", NIPS 2016), with a judge trained here. Pictures have values in [-1, 1]. A classifier is
sure of many things that it has never seen, so its certainty means something only beside that
of real pictures and of an untrained generator.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.core.encoders import Classifier, ConvEncoder, features_of
from course_utils.core.steps import Values, fast_precision, gradient_step, one_cycle
from course_utils.core.training import Minibatches, Record, fit

CHUNK = 1000


def new_judge(channels: int = 1, classes: int = 10, width: int = 16) -> Classifier:
    """An untrained classifier for pictures in [-1, 1] (five convolutions, Gidaris et al. 2018)."""
    return Classifier(ConvEncoder(width, channels, centre=0.0, spread=0.5), classes)


def trained_judge(
    judge: Classifier,
    pictures: Float[Tensor, "n channels height width"],
    labels: Int[Tensor, "n"],
    steps: int,
    generator: torch.Generator,
) -> list[Record]:
    """Trains it in place on pictures moved by up to two pixels; returns what `fit` recorded.

    Raises:
        ValueError: when there are no labels for the pictures.
    """
    if len(pictures) != len(labels):
        raise ValueError(f"{len(pictures)} pictures but {len(labels)} labels.")
    see = fast_precision(judge)

    def losses(batch: tuple[Tensor, Tensor]) -> Values:
        images, targets = batch
        return {"loss": F.cross_entropy(see(_moved(images, generator)), targets)}

    optimiser, schedule = one_cycle([judge], steps)
    batches = Minibatches((pictures, labels), min(128, len(pictures)), generator)
    records = list(fit(gradient_step(losses, optimiser, schedule), batches, steps=steps))
    judge.eval()
    return records


@torch.no_grad()
def calibrate(
    judge: Classifier,
    pictures: Float[Tensor, "n channels height width"],
    labels: Int[Tensor, "n"],
) -> float:
    """Scales the judge's logits, in place, so that its confidence fits; returns the factor.

    A classifier may be right in 99 of 100 cases and say 93 %, or the reverse. One factor 1/T on
    the logits, with the least cross-entropy on real pictures that it was not trained on, mends
    that, and changes no label.

    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.

    Raises:
        ValueError: when there is nothing to calibrate on.
    """
    if len(pictures) == 0 or len(pictures) != len(labels):
        raise ValueError(f"{len(pictures)} pictures and {len(labels)} labels to calibrate on.")
    logits = judge(pictures).double()
    factors = torch.logspace(-1, 1, 201, dtype=torch.float64)
    losses = torch.stack([F.cross_entropy(factor * logits, labels) for factor in factors])
    best = float(factors[losses.argmin()])
    judge.linear.weight.mul_(best)
    judge.linear.bias.mul_(best)
    return best


class Verdict(NamedTuple):
    """What the judge says of a set of pictures.

    labels: the class it sees; confidence: its probability of that class; shares: of each class.
    """

    labels: Int[Tensor, "n"]
    confidence: Float[Tensor, "n"]
    shares: Float[Tensor, "classes"]

    def sure(self, least: float = 0.9) -> float:
        """Share of pictures that it labels with more than that confidence."""
        return float((self.confidence > least).float().mean())

    def classes_seen(self, least: float = 0.02) -> int:
        """How many classes get at least that share of the pictures."""
        return int((self.shares >= least).sum())


@torch.no_grad()
def verdict_on(judge: Classifier, pictures: Float[Tensor, "n channels height width"]) -> Verdict:
    """Labels, confidences and shares of the classes.

    Raises:
        ValueError: when there are no pictures.
    """
    if len(pictures) == 0:
        raise ValueError("there are no pictures to judge.")
    logits = torch.cat([judge(part) for part in pictures.split(CHUNK)])
    confidence, labels = logits.softmax(1).max(1)
    return Verdict(
        labels, confidence, torch.bincount(labels, minlength=logits.shape[1]) / len(labels)
    )


def judged_features(
    judge: Classifier, pictures: Float[Tensor, "n channels height width"], cells: int = 1
) -> Float[Tensor, "n features"]:
    """The judge's last maps, averaged over ``cells`` x ``cells`` regions of the picture.

    With one cell it is what the judge's last layer reads, the space in which sets are compared;
    with two it still knows where things are, and is better for finding a single picture again.
    """
    return features_of(judge.encoder, pictures, pool=cells, batch_size=CHUNK)


def _moved(images: Tensor, generator: torch.Generator, most: int = 2) -> Tensor:
    """Every picture shifted by its own few pixels; what comes in from outside repeats the rim."""
    side = images.shape[2]
    padded = F.pad(images, (most,) * 4, mode="replicate")
    steps = torch.randint(2 * most + 1, (2, len(images)), generator=generator).to(images.device)
    reach = torch.arange(side, device=images.device)
    rows = (steps[0][:, None] + reach)[:, None, :, None]
    columns = (steps[1][:, None] + reach)[:, None, None, :]
    return padded[
        torch.arange(len(images), device=images.device)[:, None, None, None],
        torch.arange(images.shape[1], device=images.device)[None, :, None, None],
        rows,
        columns,
    ]
