"""What there is to see of a 2-D game: D as a field, G as a bent grid, the best D possible.

The field and the bent grid are how GAN Lab (Kahng et al., IEEE TVCG 2019) shows the players.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.gan import minimax
from course_utils.gan.game import Game, Measures
from course_utils.gan.toy_distributions import EXTENT


def plane(cells: int = 48, extent: float = EXTENT) -> Float[Tensor, "points 2"]:
    """Centres of cells x cells squares that tile [-extent, extent]², row by row from below."""
    line = (torch.arange(cells) + 0.5) / cells * (2 * extent) - extent
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


@torch.no_grad()
def discriminator_field(
    game: Game, cells: int = 48, extent: float = EXTENT
) -> Float[Tensor, "rows columns"]:
    """D(x) over the plane, row 0 at the bottom: 1 looks real, 0 looks fake, 1/2 undecided."""
    points = plane(cells, extent).to(game.device)
    return torch.sigmoid(game.discriminator(points)).reshape(cells, cells).cpu()


@torch.no_grad()
def optimal_field(
    game: Game, cells: int = 48, extent: float = EXTENT, count: int = 2000
) -> Float[Tensor, "rows columns"]:
    """The best discriminator of this moment, p/(p + q) over the plane, row 0 at the bottom.

    Both densities are Gaussian kernel estimates from `count` samples each: p_G has no formula
    in 2-D, and an exact p against a blurred q would favour the sharper one everywhere.
    """
    p = kernel_density(game.data(count).cpu(), cells, extent)
    q = kernel_density(game.samples(count).cpu(), cells, extent)
    # Where neither has been seen the answer is 1/2, and it fades to that smoothly.
    return minimax.optimal_discriminator(p + 1e-4, q + 1e-4)


def kernel_density(
    samples: Float[Tensor, "samples 2"], cells: int, extent: float = EXTENT, width: float = 0.12
) -> Float[Tensor, "rows columns"]:
    """Gaussian kernel estimate of a density on the plane, per unit area, row 0 at the bottom.

    The kernel factorises, exp(-(x² + y²)/2w²) = exp(-x²/2w²) exp(-y²/2w²), so the sum over the
    samples is one product of two thin matrices.
    """
    line = (torch.arange(cells) + 0.5) / cells * (2 * extent) - extent
    bells = torch.exp(-0.5 * ((line[:, None, None] - samples) / width) ** 2)
    return bells[..., 1] @ bells[..., 0].T / (len(samples) * 2 * torch.pi * width**2)


@torch.no_grad()
def manifold(game: Game, side: int = 15) -> Float[Tensor, "rows columns 2"]:
    """G applied to a regular grid of z: how the generator bends the plane of its noise.

    The grid stands at equal steps of probability, so every cell carries the same mass. For
    noise of more than two dimensions it is the slice where the other coordinates are zero;
    for one dimension it is a line, (1, side², 2).
    """
    settings = game.settings
    steps = side if settings.noise_dim > 1 else side * side
    share = torch.linspace(0.02, 0.98, steps)
    line = 2 * share - 1 if settings.noise == "uniform" else torch.special.ndtri(share)
    z = torch.zeros(steps ** min(2, settings.noise_dim), settings.noise_dim)
    z[:, :2] = line[:, None] if settings.noise_dim == 1 else torch.cartesian_prod(line, line)
    mapped = game.generator(z.to(game.device)).cpu()
    return mapped.reshape(1 if settings.noise_dim == 1 else side, -1, 2)


def cell_areas(grid: Float[Tensor, "rows columns 2"]) -> Float[Tensor, "cells_y cells_x"]:
    """Area of every cell of a bent grid, by the shoelace formula: small means dense."""
    a, b, c, d = grid[:-1, :-1], grid[1:, :-1], grid[1:, 1:], grid[:-1, 1:]
    first, second = c - a, d - b
    return 0.5 * (first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]).abs()


@dataclass(frozen=True)
class PlanePicture:
    """One moment of a 2-D game, ready to be drawn.

    Attributes:
        field: (rows, columns) in [0, 1], row 0 at the bottom.
        real, fake: (points, 2) samples.
        feet, pull: (arrows, 2) some of the fakes, and where G's loss pulls them.
        grid: (rows, columns, 2) the bent grid of the generator.
        measures: modes covered, share near, V, the estimate of JS, both losses.
        rounds: how many rounds had been played.
    """

    field: Float[Tensor, "rows columns"]
    real: Float[Tensor, "points 2"]
    fake: Float[Tensor, "points 2"]
    feet: Float[Tensor, "arrows 2"]
    pull: Float[Tensor, "arrows 2"]
    grid: Float[Tensor, "side_a side_b 2"]
    measures: Measures
    rounds: int


class Onlooker:
    """Looks at one game again and again through the same eyes.

    The same latents and the same real samples each time: what moves in the picture is then
    the generator, not the dice.
    """

    def __init__(self, game: Game, points: int = 256, arrows: int = 64) -> None:
        self.game, self.arrows = game, arrows
        self.points = points
        self.refresh()

    def refresh(self) -> None:
        """New real samples and latents, after the data or the noise has changed."""
        self._noise = self.game.noise(self.points)
        self._distribution = self.game.distribution
        self.real = self.game.data(self.points).cpu()

    def look(self, best: bool = False, cells: int = 64) -> PlanePicture:
        """Take the picture; with `best`, the field is the best D possible instead of D itself."""
        game = self.game
        if game.distribution is not self._distribution or (
            self._noise.shape[1] != game.settings.noise_dim
        ):
            self.refresh()
        with torch.no_grad():
            fake = game.generator(self._noise)
        return PlanePicture(
            field=optimal_field(game, cells) if best else discriminator_field(game, cells),
            real=self.real,
            fake=fake.cpu(),
            feet=fake[: self.arrows].cpu(),
            pull=game.pull(fake[: self.arrows]).cpu(),
            grid=manifold(game),
            measures=game.measure(),
            rounds=game.rounds,
        )
