"""The state of a game between two small players, ready to be stepped one move at a time.

`Game` holds what a running game needs (two networks, two optimisers, the data) and
nothing else: no clock, no picture, no thread. The live laboratory, the notebook and the
tests all drive the same object. The controls are those of GAN Lab (M. Kahng et al., "GAN
Lab: Understanding Complex Deep Generative Models using Interactive Visual Experimentation",
IEEE Transactions on Visualization and Computer Graphics 2019), and a few more.
"""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.gan import minimax
from course_utils.gan.players import (
    LOSSES,
    Settings,
    discriminator_network,
    generator_network,
    latent,
)
from course_utils.gan.toy_distributions import Distribution, modes_covered, share_near

_NAMES = {field.name for field in fields(Settings)}
_NEW_NETWORKS = {"noise_dim", "width", "depth", "activation", "seed", "noise"}


@dataclass(frozen=True)
class Measures:
    """What can be read off a game, all on fresh samples that training never saw.

    Attributes:
        value: V(D, G) in nats; js: the estimate (V + log 4)/2 of the divergence, in nats.
        d_loss, g_loss: the two losses under the game's own settings.
        modes, near: modes covered, and share of samples near a mode.
    """

    value: float
    js: float
    d_loss: float
    g_loss: float
    modes: int
    near: float


class Game:
    """The state of one game: two players, their optimisers, the data and the counts of moves.

    Attributes:
        generator, discriminator: the players; the discriminator returns logits, shape (n,).
        rounds, d_moves, g_moves: how often each has moved.
        settings, distribution: what the game is played with; change them by `set`.
    """

    def __init__(
        self,
        distribution: Distribution,
        settings: Settings | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        self.distribution = distribution
        self.settings = Settings() if settings is None else settings
        self.device = torch.device(device)
        self.reset()

    def reset(self) -> None:
        """Start again from the seed: new players, new random streams, no moves made."""
        s = self.settings
        # Two streams: measuring and drawing must not change how the training goes on.
        self._stream = torch.Generator().manual_seed(s.seed)
        self._side_stream = torch.Generator().manual_seed(s.seed + 1_000_003)
        dim = self.distribution.dim
        shape = (s.width, s.depth, s.activation, self._stream)
        self.generator = generator_network(s.noise_dim, dim, *shape).to(self.device)
        self.discriminator = discriminator_network(dim, *shape).to(self.device)
        self.rounds = self.d_moves = self.g_moves = 0
        self._make_optimisers()

    def set(self, distribution: Distribution | None = None, **settings: object) -> None:
        """Change the data or any settings in mid-game.

        Rates, betas, moves per round, batch, loss and data take effect on the next move, and
        what has been learned stays. A new network size, noise or seed starts the game again.

        Raises:
            ValueError: if a setting is unknown or out of range, or the data's dimension differs.
        """
        unknown = set(settings) - _NAMES
        if unknown:
            raise ValueError(f"Unknown settings: {', '.join(sorted(unknown))}.")
        old, self.settings = self.settings, replace(self.settings, **settings)
        if distribution is not None:
            if distribution.dim != self.distribution.dim:
                raise ValueError("The new data must have the same dimension as the old.")
            self.distribution = distribution
        changed = {n for n in _NAMES if getattr(old, n) != getattr(self.settings, n)}
        if changed & _NEW_NETWORKS:
            self.reset()
        elif "optimiser" in changed:
            self._make_optimisers()
        else:
            self._set_rates()

    def step(self, n: int = 1, which: str = "both") -> None:
        """Play: n rounds ("both"), or n moves of the discriminator ("D") or generator ("G").

        Raises:
            ValueError: if `which` is none of the three, or n is negative.
        """
        if which not in ("both", "D", "G") or n < 0:
            raise ValueError("step(n, which) needs n >= 0 and which in 'both', 'D', 'G'.")
        for _ in range(n):
            if which == "both":
                self._move_d(self.settings.d_steps)
                self._move_g(self.settings.g_steps)
                self.rounds += 1
            elif which == "D":
                self._move_d(1)
            else:
                self._move_g(1)

    def noise(self, count: int) -> Float[Tensor, "count latent"]:
        """Latent samples from the side stream (for looking, not for training)."""
        s = self.settings
        return latent(count, s.noise_dim, s.noise, self._side_stream).to(self.device)

    @torch.no_grad()
    def samples(self, count: int) -> Float[Tensor, "count dim"]:
        """Fresh generated samples, G(z)."""
        return self.generator(self.noise(count))

    def data(self, count: int) -> Float[Tensor, "count dim"]:
        """Fresh real samples, also from the side stream."""
        return self.distribution.sample(count, self._side_stream).to(self.device)

    @torch.no_grad()
    def measure(self, count: int = 1000) -> Measures:
        """Read the game on `count` fresh real and `count` fresh generated samples."""
        fake, real = self.samples(count), self.data(count)
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        d_loss, g_loss = LOSSES[self.settings.loss]
        return Measures(
            value=float(minimax.game_value(on_real, on_fake)),
            js=float(minimax.jensen_shannon_estimate(on_real, on_fake)),
            d_loss=float(d_loss(on_real, on_fake)),
            g_loss=float(g_loss(on_fake)),
            modes=modes_covered(fake, self.distribution),
            near=share_near(fake, self.distribution),
        )

    def pull(self, samples: Float[Tensor, "samples dim"]) -> Float[Tensor, "samples dim"]:
        """Where each sample is pulled: minus the gradient of G's loss at it, per sample.

        The loss is a mean, so it is multiplied by the number of samples: the arrow at a point
        does not depend on how many others are drawn.
        """
        points = samples.detach().requires_grad_(True)
        loss = LOSSES[self.settings.loss][1](minimax.frozen(self.discriminator)(points))
        (gradient,) = torch.autograd.grad(loss, points)
        return -gradient * len(points)

    # -------------------------------------------------------------- the moves

    def _training_noise(self) -> Tensor:
        s = self.settings
        return latent(s.batch, s.noise_dim, s.noise, self._stream).to(self.device)

    def _move_d(self, times: int) -> None:
        loss = LOSSES[self.settings.loss][0]
        for _ in range(times):
            real = self.distribution.sample(self.settings.batch, self._stream).to(self.device)
            minimax.discriminator_step(
                self.generator,
                self.discriminator,
                self._d_optimiser,
                real,
                self._training_noise(),
                loss,
            )
            self.d_moves += 1

    def _move_g(self, times: int) -> None:
        loss = LOSSES[self.settings.loss][1]
        for _ in range(times):
            noise = self._training_noise()
            minimax.generator_step(
                self.generator, self.discriminator, self._g_optimiser, noise, loss
            )
            self.g_moves += 1

    def _make_optimisers(self) -> None:
        s = self.settings
        if s.optimiser == "SGD":
            self._g_optimiser = torch.optim.SGD(self.generator.parameters(), s.g_rate)
            self._d_optimiser = torch.optim.SGD(self.discriminator.parameters(), s.d_rate)
            return
        # One kernel for all parameters: twice as fast as the default for networks this small.
        fused = self.device.type in ("cpu", "cuda")
        betas = (s.beta1, s.beta2)
        self._g_optimiser = torch.optim.Adam(
            self.generator.parameters(), s.g_rate, betas=betas, fused=fused
        )
        self._d_optimiser = torch.optim.Adam(
            self.discriminator.parameters(), s.d_rate, betas=betas, fused=fused
        )

    def _set_rates(self) -> None:
        s = self.settings
        for optimiser, rate in ((self._g_optimiser, s.g_rate), (self._d_optimiser, s.d_rate)):
            for group in optimiser.param_groups:
                group["lr"] = rate
                if s.optimiser == "Adam":
                    group["betas"] = (s.beta1, s.beta2)
