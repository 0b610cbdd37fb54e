"""SimCLR: two random views of each picture, pulled together and pushed from all other views.

Algorithm 1 of the paper, in its order: draw two views, represent them (encoder ``f``), project
them (head ``g``), compare all with all. A batch of ``n`` pictures is ``2n`` views in two halves:
row ``k`` and row ``n + k`` show the same picture. (The paper numbers the two views of a picture
``2k - 1`` and ``2k``; halves need no shuffling.)

Source: Chen et al. (2020), "A simple framework for contrastive learning of visual
representations".
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from course_utils.core.encoders import ConvEncoder
from course_utils.selfsup.augment import Colours
from course_utils.selfsup.views import ViewRecipe, random_views

Views = Float[Tensor, "views features"]
Generator = torch.Generator | None

# The three heads of figure 8: what lies between the representation and the loss.
HEADS = ("none", "linear", "non-linear")


# ------------------------------------------------------------------------------ the loss


def two_views_index(pictures: int, device: torch.device | str = "cpu") -> Int[Tensor, " views"]:
    """Returns for each of the ``2n`` views the row of the other view of the same picture.

    ``(i + n) mod 2n``: n, n + 1, ..., 2n - 1, 0, 1, ..., n - 1.

    Raises:
        ValueError: when there is no picture.
    """
    if pictures < 1:
        raise ValueError(f"there must be at least one picture, got {pictures}")
    return torch.arange(2 * pictures, device=device).roll(pictures)


def view_similarities(projections: Views, temperature: float = 0.5) -> Float[Tensor, "views views"]:
    """Returns ``s_ij / T`` of all pairs, the cosine over the temperature; ``-inf`` for i = j.

    A view is no candidate for itself: its cosine of 1 would win every time.

    Source: Chen et al. (2020), Algorithm 1: ``s_ij = z_i . z_j / (|z_i| |z_j|)``.

    Raises:
        ValueError: when the number of rows is odd or 0, or the temperature is not positive.
    """
    _check_views(projections, temperature)
    units = F.normalize(projections, dim=1)
    scores = units @ units.T / temperature
    return scores.fill_diagonal_(-torch.inf)


def _check_views(projections: Views, temperature: float) -> None:
    """Checks that rows come in pairs and that the temperature can divide.

    Raises:
        ValueError: when the number of rows is odd or 0, or the temperature is not positive.
    """
    if projections.ndim != 2 or len(projections) == 0 or len(projections) % 2:
        raise ValueError(
            f"expected projections (2n, d), two views of each picture; "
            f"got {tuple(projections.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"the temperature must be positive, got {temperature}")


def nt_xent(projections: Views, temperature: float = 0.5) -> Float[Tensor, ""]:
    """Returns the normalised temperature-scaled cross-entropy of ``2n`` views, in nats.

    ``mean_i -log( exp(s_ij / T) / sum_(k != i) exp(s_ik / T) )`` with j the other view of i: a
    choice among ``2n - 1`` candidates, ``log(2n - 1)`` when all look alike.

    Source: Chen et al. (2020), equation 1, over both orders of each pair.

    Args:
        projections: two halves, row ``k`` and row ``n + k`` being views of one picture; need
            not have length 1.

    Raises:
        ValueError: when the number of rows is odd or 0, or the temperature is not positive.
    """
    scores = view_similarities(projections, temperature)
    return F.cross_entropy(scores, two_views_index(len(scores) // 2, scores.device))


@torch.no_grad()
def pairs_found(projections: Views) -> float:
    """Returns the share of views whose most similar view is that of the same picture."""
    nearest = view_similarities(projections).argmax(dim=1)
    right = two_views_index(len(projections) // 2, projections.device)
    return (nearest == right).float().mean().item()


# ----------------------------------------------------------------------- network and step


def projection_head(kind: str, features: int, outputs: int) -> nn.Module:
    """Returns ``g``: nothing, one matrix, or ``W2 relu(W1 h)`` with as many hidden units.

    Source: Chen et al. (2020), section 4.2 and figure 8.

    Raises:
        ValueError: for another kind, or sizes below 1.
    """
    if min(features, outputs) < 1:
        raise ValueError(f"sizes must be at least 1, got {features} and {outputs}")
    if kind == "none":
        return nn.Identity()
    if kind == "linear":
        return nn.Linear(features, outputs)
    if kind == "non-linear":
        return nn.Sequential(
            nn.Linear(features, features), nn.ReLU(inplace=True), nn.Linear(features, outputs)
        )
    raise ValueError(f"kind must be one of {', '.join(HEADS)}, got {kind!r}")


class ProjectedEncoder(nn.Module):
    """An encoder ``f`` and a head ``g``: what is trained; afterwards only ``f`` is kept."""

    def __init__(self, encoder: ConvEncoder, outputs: int = 64, head: str = "non-linear") -> None:
        super().__init__()
        self.encoder = encoder
        self.head = projection_head(head, encoder.feature_size, outputs)

    def forward(self, images: Float[Tensor, "n channels height width"]) -> Float[Tensor, "n d"]:
        """Returns ``z = g(f(x))``, one projection per picture, of any length."""
        return self.head(self.encoder(images))


def two_views(
    images: Colours, recipe: ViewRecipe | None = None, generator: Generator = None
) -> Float[Tensor, "views 3 height width"]:
    """Returns two random views of each picture: all first ones, then all second ones."""
    return random_views(torch.cat([images, images]), recipe, generator)


def simclr_losses(
    network: nn.Module, views: Float[Tensor, "views 3 height width"], temperature: float = 0.5
) -> dict[str, float | Tensor]:
    """Returns the loss and how often the other view is the nearest, for ``gradient_step``."""
    projections = network(views)
    return {"loss": nt_xent(projections, temperature), "found": pairs_found(projections.detach())}


# --------------------------------------------------------------------- linear evaluation


def linear_probe_step(
    encoder: nn.Module,
    linear: nn.Module,
    optimiser: Optimizer,
    images: Float[Tensor, "n ..."],
    labels: Int[Tensor, " n"],
) -> Float[Tensor, ""]:
    """Makes one step of linear evaluation and returns the cross-entropy before it, in nats.

    The encoder rests: it is in evaluation mode, no gradient reaches it, and its batch statistics
    stay. Only the linear classifier on its features learns, whatever else the optimiser holds.

    Source: Chen et al. (2020), section 4.2 (protocol of Zhang et al., 2016).
    """
    encoder.eval()
    with torch.no_grad():
        features = encoder(images)
    loss = F.cross_entropy(linear(features), labels)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()
    return loss.detach()
