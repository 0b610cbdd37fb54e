"""The game of lesson 01 with pictures: the same alternating step, convolutional players.

I. Goodfellow et al. 2014, Algorithm 1; learning rates and momentum after Radford et al. 2016,
section 4. Beside G stands a slow copy of it, the running mean of its weights (EMA): G circles
around the solution, and the mean of a circle is its centre (T. Karras et al., "Progressive
Growing of GANs", ICLR 2018; A. Brock et al. 2019).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.core.training import Minibatches
from course_utils.gan import minimax
from course_utils.gan.dcgan import Recipe, discriminator_network, generator_network


@dataclass(frozen=True)
class Rates:
    """How the players move.

    Attributes:
        g_rate, d_rate: Adam's learning rates, D's larger (M. Heusel et al., NIPS 2017).
        beta1, beta2: Adam's memories, in [0, 1).
        batch: real and made pictures per move. d_steps, g_steps: moves in one round.
        memory: share of the slow copy that a round keeps; 0 makes it G itself.

    Raises:
        ValueError: when a number is out of its range.
    """

    g_rate: float = 1e-3
    d_rate: float = 2e-3
    beta1: float = 0.5
    beta2: float = 0.99
    batch: int = 64
    d_steps: int = 1
    g_steps: int = 1
    memory: float = 0.99

    def __post_init__(self) -> None:
        if not (self.g_rate > 0 and self.d_rate > 0):
            raise ValueError("A learning rate must be positive.")
        if not all(0 <= share < 1 for share in (self.beta1, self.beta2, self.memory)):
            raise ValueError("beta1, beta2 and memory must be in [0, 1).")
        if min(self.batch, self.d_steps, self.g_steps) < 1:
            raise ValueError("batch, d_steps and g_steps must be at least 1.")


class PictureGame:
    """The state of a game on pictures: two players, the slow copy of G, and their optimisers.

    Attributes:
        generator, discriminator, average: the players, and the slow copy of the generator.
        rounds: how many have been played. recipe, rates: what it is played with.

    Args:
        pictures: the training set, values in [-1, 1].

    Raises:
        ValueError: when the pictures do not fit the recipe or lie outside of [-1, 1].
    """

    def __init__(
        self,
        pictures: Float[Tensor, "n channels height width"],
        recipe: Recipe | None = None,
        rates: Rates | None = None,
        seed: int = 0,
    ) -> None:
        self.recipe, self.rates = recipe or Recipe(), rates or Rates()
        check_pictures(pictures, self.recipe)
        self.device = pictures.device
        self._stream = torch.Generator().manual_seed(seed)
        self._side_stream = torch.Generator().manual_seed(seed + 1_000_003)
        self.generator = generator_network(self.recipe, self._stream).to(self.device)
        self.discriminator = discriminator_network(self.recipe, self._stream).to(self.device)
        self.average = slow_copy(self.generator)
        self._batches = iter(Minibatches(pictures, self.rates.batch, self._stream))
        self._g_optimiser, self._d_optimiser = (
            adam(player, rate, (self.rates.beta1, self.rates.beta2))
            for player, rate in (
                (self.generator, self.rates.g_rate),
                (self.discriminator, self.rates.d_rate),
            )
        )
        self.rounds = 0

    def step(self, count: int = 1) -> dict[str, float]:
        """Plays so many rounds; returns both losses of the last one."""
        losses: dict[str, float] = {}
        for _ in range(count):
            for _ in range(self.rates.d_steps):
                d_loss = minimax.discriminator_step(
                    self.generator,
                    self.discriminator,
                    self._d_optimiser,
                    next(self._batches),
                    self._training_noise(),
                )
            for _ in range(self.rates.g_steps):
                g_loss = minimax.generator_step(
                    self.generator,
                    self.discriminator,
                    self._g_optimiser,
                    self._training_noise(),
                )
            follow(self.average, self.generator, early(self.rates.memory, self.rounds))
            self.rounds += 1
            losses = {"loss of D": float(d_loss), "loss of G": float(g_loss)}
        return losses

    def set(self, **changes: float | int) -> None:
        """Changes learning rates, betas, moves per round or memory in mid-game.

        Raises:
            ValueError: for a batch size, an unknown setting, or one out of range.
        """
        optimisers = self._g_optimiser, self._d_optimiser
        self.rates = changed_rates(self.rates, optimisers, **changes)

    def noise(self, count: int) -> Float[Tensor, "count latent"]:
        """Latent vectors for looking, from a stream of their own: looking changes no training."""
        drawn = torch.randn(count, self.recipe.latent, generator=self._side_stream)
        return drawn.to(self.device)

    def samples(self, count: int) -> Float[Tensor, "count channels height width"]:
        """Fresh made pictures of the slow copy, values in [-1, 1]."""
        return made_pictures(self.average, self.noise(count))

    def _training_noise(self) -> Float[Tensor, "batch latent"]:
        drawn = torch.randn(self.rates.batch, self.recipe.latent, generator=self._stream)
        return drawn.to(self.device)


@torch.no_grad()
def made_pictures(
    generator: nn.Module, noise: Float[Tensor, "n latent"], *conditions: Tensor
) -> Float[Tensor, "n channels height width"]:
    """G(z) in evaluation mode, so that a picture does not depend on its neighbours in the batch.

    Batch normalisation uses its running statistics here (S. Ioffe and C. Szegedy, ICML 2015).
    """
    was_training = generator.training
    generator.eval()
    pictures = generator(noise, *conditions).clamp(-1, 1)
    generator.train(was_training)
    return pictures


def slow_copy(network: nn.Module) -> nn.Module:
    """A copy that no gradient reaches, to be moved by `follow`."""
    return copy.deepcopy(network).requires_grad_(False)


@torch.no_grad()
def follow(slow: nn.Module, fast: nn.Module, memory: float | int) -> None:
    """Moves every number of the slow copy, s <- memory s + (1 - memory) f; counts are copied.

    Source: Brock et al. 2019, section 3 (EMA of G's weights, after Karras et al. 2018).

    Raises:
        ValueError: when the memory is not in [0, 1).
    """
    if not 0 <= memory < 1:
        raise ValueError(f"memory must be in [0, 1), got {memory}.")
    target = fast.state_dict()
    for name, value in slow.state_dict().items():
        if value.is_floating_point():
            value.lerp_(target[name], 1 - memory)
        else:
            value.copy_(target[name])


def early(memory: float | int, rounds: int) -> float:
    """Memory shortened at the beginning, min(memory, (1 + t)/(10 + t)): the first G is forgotten.

    Source: the usual ramp of moving averages (T. Karras et al. 2018 start theirs similarly).
    """
    return min(float(memory), (1 + rounds) / (10 + rounds))


def adam(player: nn.Module, rate: float, betas: tuple[float, float]) -> torch.optim.Adam:
    """Adam in one kernel for all weights where the device has it (Kingma and Ba 2015)."""
    kinds = {p.device.type for p in player.parameters()}
    return torch.optim.Adam(player.parameters(), rate, betas=betas, fused=kinds <= {"cpu", "cuda"})


def changed_rates(
    rates: Rates,
    optimisers: tuple[torch.optim.Optimizer, torch.optim.Optimizer],
    **changes: float | int,
) -> Rates:
    """The rates with some of them changed, handed to the optimisers of G and of D.

    Raises:
        ValueError: for a batch size, an unknown setting, or one out of range.
    """
    known = {field.name for field in fields(Rates)} - {"batch"}
    if unknown := set(changes) - known:
        raise ValueError(f"can change {', '.join(sorted(known))}; got {sorted(unknown)}.")
    rates = replace(rates, **changes)
    for optimiser, rate in zip(optimisers, (rates.g_rate, rates.d_rate), strict=True):
        for group in optimiser.param_groups:
            group["lr"], group["betas"] = rate, (rates.beta1, rates.beta2)
    return rates


def cooling(progress: float | int, hold: float | int = 0.5, least: float | int = 0.1) -> float:
    """Factor of the learning rates: 1 up to ``hold`` of the training, then falling evenly.

    Source: J.-Y. Zhu et al., CycleGAN, ICCV 2017, section 4 (constant in the first half, then a
    line down to 0). The players' circles become smaller. ``least`` is reached at progress 1.

    Raises:
        ValueError: when progress or least is not in [0, 1], or hold not in [0, 1).
    """
    if not (0 <= progress <= 1 and 0 <= hold < 1 and 0 <= least <= 1):
        raise ValueError("progress, hold and least are shares: of [0, 1], hold below 1.")
    return 1 - (1 - least) * max(0.0, (progress - hold) / (1 - hold))


def check_pictures(pictures: Float[Tensor, "n c h w"], recipe: Recipe) -> None:
    """Refuses pictures that do not fit.

    Raises:
        ValueError: when the shape is not the recipe's, or values leave [-1, 1].
    """
    wanted = (recipe.channels, recipe.size, recipe.size)
    if pictures.ndim != 4 or tuple(pictures.shape[1:]) != wanted:
        raise ValueError(f"pictures must be (n, {wanted}), got {tuple(pictures.shape)}.")
    if not bool((pictures.abs() <= 1).all()):
        raise ValueError("pictures must have values in [-1, 1]: 2 x - 1 of those in [0, 1].")
