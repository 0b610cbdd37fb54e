"""BigGAN's game in miniature: hinge loss, classes on both sides, orthogonal penalty, slow copy.

A. Brock et al. 2019, section 3 and appendix C: Adam without momentum (beta1 = 0), a D that
learns faster than G, and samples drawn from the running mean of G's weights.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_utils.core.training import Minibatches
from course_utils.gan import biggan
from course_utils.gan.dcgan import Recipe
from course_utils.gan.image_game import (
    Rates,
    adam,
    changed_rates,
    check_pictures,
    cooling,
    early,
    follow,
    made_pictures,
    slow_copy,
)

RATES = Rates(g_rate=1e-3, d_rate=2e-3, beta1=0.0, beta2=0.99, memory=0.99)


class ClassGame:
    """The state of a class-conditional game.

    Attributes:
        generator, discriminator, average, rounds: as in a `PictureGame`.

    Args:
        labels: class of each picture, 0 to classes - 1.
        penalty: factor of the orthogonal penalty; the paper's is 1e-4.

    Raises:
        ValueError: when the pictures do not fit the recipe, or a label its number of classes.
    """

    def __init__(
        self,
        pictures: Float[Tensor, "n channels height width"],
        labels: Int[Tensor, "n"],
        recipe: Recipe | None = None,
        rates: Rates = RATES,
        penalty: float = 1e-4,
        seed: int = 0,
    ) -> None:
        self.recipe, self.penalty = recipe or Recipe(), penalty
        self.rates = self._first = rates
        check_pictures(pictures, self.recipe)
        self.classes = int(labels.max()) + 1
        self.device = pictures.device
        self._stream = torch.Generator().manual_seed(seed)
        self._side_stream = torch.Generator().manual_seed(seed + 1_000_003)
        self.generator = biggan.ClassGenerator(self.recipe, self.classes)
        self.discriminator = biggan.ProjectionDiscriminator(self.recipe, self.classes)
        for player in (self.generator, self.discriminator):
            start_orthogonal(player, self._stream)
            player.to(self.device)
        self.average = slow_copy(self.generator)
        weights = biggan.class_weights(labels, self.classes)
        self._batches = iter(Minibatches((pictures, weights), rates.batch, self._stream))
        betas = (rates.beta1, rates.beta2)
        self._g_optimiser = adam(self.generator, rates.g_rate, betas)
        self._d_optimiser = adam(self.discriminator, rates.d_rate, betas)
        self.rounds = 0

    def step(self, count: int = 1) -> dict[str, float]:
        """Plays so many rounds; returns both losses of the last one."""
        losses: dict[str, float] = {}
        for _ in range(count):
            for _ in range(self.rates.d_steps):
                d_loss = self._move_d(*next(self._batches))
            for _ in range(self.rates.g_steps):
                g_loss = self._move_g()
            follow(self.average, self.generator, early(self.rates.memory, self.rounds))
            self.rounds += 1
            losses = {"loss of D": float(d_loss), "loss of G": float(g_loss)}
        return losses

    def cool(self, progress: float | int) -> None:
        """Sets the rates to those of the beginning times `cooling` of the share that is done.

        Raises:
            ValueError: when progress is not in [0, 1].
        """
        share = cooling(progress)
        self.set(g_rate=share * self._first.g_rate, d_rate=share * self._first.d_rate)

    def set(self, **changes: float | int) -> None:
        """Changes settings in mid-game, as in a `PictureGame`; raises as `changed_rates` does."""
        optimisers = self._g_optimiser, self._d_optimiser
        self.rates = changed_rates(self.rates, optimisers, **changes)

    def samples(
        self, labels: Int[Tensor, "n"], threshold: float | int = math.inf
    ) -> Float[Tensor, "n channels height width"]:
        """Fresh pictures of the classes asked for, from a latent truncated at the threshold."""
        noise = biggan.truncated_noise(
            len(labels), self.recipe.latent, threshold, self._side_stream
        )
        return self.pictures(noise, biggan.class_weights(labels, self.classes))

    def pictures(
        self, noise: Float[Tensor, "n latent"], weights: Float[Tensor, "n classes"]
    ) -> Float[Tensor, "n channels height width"]:
        """Pictures of the slow copy for given noise and weights of the classes."""
        return made_pictures(self.average, torch.cat([noise, weights], 1).to(self.device))

    def _move_d(self, real: Tensor, weights: Tensor) -> Tensor:
        with torch.no_grad():
            fake = self.generator(self._code(weights))
        self._d_optimiser.zero_grad(set_to_none=True)
        # One pass over both: D has no batch normalisation, so they do not see each other.
        logits = self.discriminator(torch.cat([real, fake]), torch.cat([weights, weights]))
        loss = biggan.hinge_discriminator_loss(*logits.chunk(2))
        loss.backward()
        self._d_optimiser.step()
        return loss.detach()

    def _move_g(self) -> Tensor:
        drawn = torch.randint(self.classes, (self.rates.batch,), generator=self._stream)
        weights = biggan.class_weights(drawn, self.classes).to(self.device)
        self._g_optimiser.zero_grad(set_to_none=True)
        self.discriminator.requires_grad_(False)  # the other player must hold still
        loss = biggan.hinge_generator_loss(
            self.discriminator(self.generator(self._code(weights)), weights)
        )
        total = loss + self.penalty * biggan.orthogonal_penalty(self.generator)
        total.backward()
        self.discriminator.requires_grad_(True)
        self._g_optimiser.step()
        return loss.detach()

    def _code(self, weights: Tensor) -> Tensor:
        noise = torch.randn(len(weights), self.recipe.latent, generator=self._stream)
        return torch.cat([noise.to(self.device), weights], 1)


@torch.no_grad()
def start_orthogonal(network: nn.Module, generator: torch.Generator) -> None:
    """Orthogonal weights, biases 0 (A. Saxe et al. 2014; Brock et al. 2019, appendix C)."""
    for name, parameter in network.named_parameters():
        if parameter.ndim >= 2:
            drawn = torch.empty(parameter.shape)
            parameter.copy_(nn.init.orthogonal_(drawn, generator=generator))
        elif "weight" not in name:
            parameter.zero_()
    for name, buffer in network.named_buffers():
        if name.endswith(("_u", "_v")):  # where spectral normalisation starts its power iteration
            drawn = torch.randn(buffer.shape, generator=generator)
            buffer.copy_(drawn / drawn.norm())
