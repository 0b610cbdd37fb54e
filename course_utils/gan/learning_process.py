"""The learning process in one dimension, where every density can be drawn exactly.

Goodfellow et al. 2014, Figure 1: the data's density, the generator's density, the
discriminator, and arrows that show where z is sent. Nothing here is estimated from samples:
p_data is a formula, p_G follows from G by a change of variables, and V, D* and the
Jensen-Shannon divergence are integrals over a grid.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import logsigmoid

from course_utils.gan import minimax
from course_utils.gan.game import Game
from course_utils.gan.players import NOISES


def latent_knots(count: int, noise: str = "normal") -> Float[Tensor, " knots"]:
    """Points that cut a 1-D latent into `count` intervals of equal probability; count + 1 knots.

    The two outer knots of the normal distribution stand at its 1e-6 quantiles, not at infinity.

    Raises:
        ValueError: if count is not positive or the kind of noise is unknown.
    """
    if count < 1 or noise not in NOISES:
        raise ValueError(f"Need count >= 1 and noise one of {', '.join(NOISES)}.")
    probability = torch.linspace(0.0, 1.0, count + 1, dtype=torch.float64)
    if noise == "uniform":
        return (2 * probability - 1).float()
    return torch.special.ndtri(probability.clamp(1e-6, 1 - 1e-6)).float()


def density_from_map(
    mapped: Float[Tensor, " knots"], edges: Float[Tensor, " edges"]
) -> Float[Tensor, " cells"]:
    """Density of x = G(z) on grid cells, p_G(x) = sum over {z: G(z) = x} of p(z) / |G'(z)|.

    A change of variables, not a kernel estimate: between neighbouring knots G is taken as
    linear, so that each interval spreads its equal share of probability evenly over
    [G(z_i), G(z_i+1)]. Folds add up, nothing is smoothed, and the total is exactly 1. A kernel
    estimate would blur a sharp p_G and so report a divergence that is not there.

    Args:
        mapped: G at knots that cut the latent into equally probable intervals.
        edges: increasing, evenly spaced cell borders; what falls outside counts in the end cells.

    Returns:
        mean density in each of the len(edges) - 1 cells, per unit of x.

    Raises:
        ValueError: if there are fewer than two knots or two edges, or edges do not increase.
    """
    if len(mapped) < 2 or len(edges) < 2 or not bool((edges.diff() > 0).all()):
        raise ValueError("Need at least two knots, and at least two edges that increase.")
    low = torch.minimum(mapped[:-1], mapped[1:])
    high = torch.maximum(mapped[:-1], mapped[1:])
    # A flat piece of G is a jump of the distribution function; the floor makes it a steep ramp.
    rise = (edges[:, None] - low) / (high - low).clamp_min(1e-7)
    distribution = rise.clamp(0, 1).mean(1)
    distribution[0], distribution[-1] = 0.0, 1.0
    return distribution.diff() / edges.diff()


def value_on_grid(
    p_data: Float[Tensor, " cells"],
    p_model: Float[Tensor, " cells"],
    logits: Float[Tensor, " cells"],
    dx: float,
) -> Float[Tensor, ""]:
    """V(D, G) as an integral, sum of [p_data log D + p_G log(1 - D)] dx, in nats.

    Source: Goodfellow et al. 2014, equation (3). Free of sampling noise.
    """
    return dx * (p_data * logsigmoid(logits) + p_model * logsigmoid(-logits)).sum()


@dataclass(frozen=True)
class LearningPicture:
    """One moment of a 1-D game, ready to be drawn.

    Attributes:
        x: (cells,) cell centres. p_data, p_model: (cells,) densities at or over them.
        d, d_star: (cells,) the discriminator as it is, and the best one, p/(p + q).
        z, landed: (arrows,) latents at equal steps of probability, and G(z).
        js: exact Jensen-Shannon divergence of p_data and p_G, in nats.
        value: exact V(D, G) in nats; js_estimate: (value + log 4)/2, never above js.
    """

    x: Tensor
    p_data: Tensor
    p_model: Tensor
    d: Tensor
    d_star: Tensor
    z: Tensor
    landed: Tensor
    js: float
    value: float
    js_estimate: float


@torch.no_grad()
def learning_picture(
    game: Game, extent: float = 4.0, cells: int = 240, arrows: int = 25
) -> LearningPicture:
    """Compute the picture of a game whose data and noise are one-dimensional.

    Args:
        extent: the grid spans [-extent, extent].

    Raises:
        ValueError: if the data or the noise of the game has more than one dimension.
    """
    settings = game.settings
    if game.distribution.dim != 1 or settings.noise_dim != 1:
        raise ValueError("The learning picture needs 1-D data and noise_dim=1.")
    edges = torch.linspace(-extent, extent, cells + 1)
    x, dx = (edges[1:] + edges[:-1]) / 2, 2 * extent / cells
    knots = latent_knots(1000, settings.noise).to(game.device)
    p_data = game.distribution.density(x[:, None])
    p_model = density_from_map(game.generator(knots[:, None])[:, 0].cpu(), edges)
    logits = game.discriminator(x[:, None].to(game.device)).cpu()
    value = float(value_on_grid(p_data, p_model, logits, dx))
    # Midpoints in probability: the outermost arrow is a typical z, not an extreme one.
    z = latent_knots(2 * arrows, settings.noise)[1::2].to(game.device)
    return LearningPicture(
        x=x,
        p_data=p_data,
        p_model=p_model,
        d=torch.sigmoid(logits),
        d_star=minimax.optimal_discriminator(p_data, p_model),
        z=z.cpu(),
        landed=game.generator(z[:, None])[:, 0].cpu(),
        js=float(minimax.jensen_shannon(p_data, p_model, dx)),
        value=value,
        js_estimate=0.5 * (value + minimax.LOG_4),
    )
