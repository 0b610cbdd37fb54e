"""Two small players, their losses, their noise, and every setting that they play under."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.gan import minimax

# For the generator and the discriminator. "relu" gives D a leak, as DCGAN advises (Radford,
# Metz and Chintala 2016): D's slope at the samples is all that G learns from, so D must not
# be flat anywhere.
ACTIVATIONS: dict[str, tuple[Callable[[], nn.Module], Callable[[], nn.Module]]] = {
    "relu": (nn.ReLU, lambda: nn.LeakyReLU(0.2)),
    "tanh": (nn.Tanh, nn.Tanh),
    "softplus": (nn.Softplus, nn.Softplus),
}
OPTIMISERS = ("Adam", "SGD")
NOISES = ("normal", "uniform")


def least_squares_discriminator_loss(
    real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]
) -> Float[Tensor, ""]:
    """Least-squares loss of D, mean (D(x) - 1)² + mean D(G(z))², with D = sigmoid(logit).

    Source: X. Mao et al., "Least Squares GANs", ICCV 2017, equation (2), there with a linear
    output. With the sigmoid kept, D stays a probability and the optimum is still p/(p + q).
    """
    real, fake = torch.sigmoid(real_logits), torch.sigmoid(fake_logits)
    return (real - 1).square().mean() + fake.square().mean()


def least_squares_generator_loss(fake_logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Least-squares loss of G, mean (D(G(z)) - 1)².

    Source: Mao et al. 2017, equation (2).
    """
    return (torch.sigmoid(fake_logits) - 1).square().mean()


LOSSES: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "non-saturating": (minimax.discriminator_loss, minimax.generator_loss_nonsaturating),
    "minimax": (minimax.discriminator_loss, minimax.generator_loss_saturating),
    "least squares": (least_squares_discriminator_loss, least_squares_generator_loss),
}


@dataclass(frozen=True)
class Settings:
    """Every hyperparameter of the game.

    Attributes:
        loss: "non-saturating", "minimax" or "least squares".
        optimiser: "Adam" or "SGD" (plain gradient steps, the betas are then unused).
        g_rate, d_rate: the learning rates of the generator and the discriminator.
        beta1, beta2: Adam's memories of the gradient and of its square, in [0, 1).
        d_steps, g_steps: moves of D, then of G, in one round.
        batch: real and generated samples per move.
        noise: "normal" or "uniform" on [-1, 1], per coordinate of z.
        noise_dim: dimension of z.
        width, depth: hidden units per layer and hidden layers, the same for both players.
        activation: "relu" (leaky in the discriminator), "tanh" or "softplus".
        seed: seeds this game's own random streams (never torch's global one).
    """

    loss: str = "non-saturating"
    optimiser: str = "Adam"
    g_rate: float = 1e-3
    d_rate: float = 1e-3
    beta1: float = 0.5
    beta2: float = 0.9
    d_steps: int = 1
    g_steps: int = 1
    batch: int = 256
    noise: str = "normal"
    noise_dim: int = 2
    width: int = 64
    depth: int = 2
    activation: str = "relu"
    seed: int = 0

    def __post_init__(self) -> None:
        choices = {
            "loss": LOSSES,
            "optimiser": OPTIMISERS,
            "noise": NOISES,
            "activation": ACTIVATIONS,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}."
                )
        for name in ("d_steps", "g_steps", "batch", "noise_dim", "width", "depth"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}.")
        if not (self.g_rate > 0 and self.d_rate > 0):
            raise ValueError("A learning rate must be positive.")
        if not (0 <= self.beta1 < 1 and 0 <= self.beta2 < 1):
            raise ValueError("Adam's betas must be in [0, 1).")


def generator_network(
    noise_dim: int,
    data_dim: int,
    width: int = 64,
    depth: int = 2,
    activation: str = "relu",
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    """G, a small perceptron: z of shape (n, noise_dim) to x of shape (n, data_dim).

    Weights start normal with variance 2/inputs and biases at zero (K. He et al., ICCV 2015), so
    that the first samples are a cloud about as wide as the noise. From torch's own narrower
    start they all lie on one spot, and a ring is then reached from one side only.

    Raises:
        ValueError: if a size is not positive or the activation is unknown.
    """

    def start(linear: nn.Linear) -> None:
        linear.weight.normal_(0.0, (2.0 / linear.in_features) ** 0.5, generator=generator)
        linear.bias.zero_()

    _check_activation(activation)
    return _perceptron(noise_dim, data_dim, (width, depth), ACTIVATIONS[activation][0], start)


def discriminator_network(
    data_dim: int,
    width: int = 64,
    depth: int = 2,
    activation: str = "relu",
    generator: torch.Generator | None = None,
) -> nn.Sequential:
    """D, a small perceptron: x of shape (n, data_dim) to logits of shape (n,).

    Weights and biases start uniform in ±1/sqrt(inputs), torch's default: a gentle first D,
    whose slopes do not throw the generator about.

    Raises:
        ValueError: if a size is not positive or the activation is unknown.
    """

    def start(linear: nn.Linear) -> None:
        bound = linear.in_features**-0.5
        linear.weight.uniform_(-bound, bound, generator=generator)
        linear.bias.uniform_(-bound, bound, generator=generator)

    _check_activation(activation)
    network = _perceptron(data_dim, 1, (width, depth), ACTIVATIONS[activation][1], start)
    return network.append(nn.Flatten(0))


@torch.no_grad()
def _perceptron(
    inputs: int,
    outputs: int,
    hidden: tuple[int, int],
    activation: Callable[[], nn.Module],
    start: Callable[[nn.Linear], None],
) -> nn.Sequential:
    width, depth = hidden
    if min(inputs, outputs, width, depth) < 1:
        raise ValueError("The dimensions, width and depth of a network must all be at least 1.")
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise([inputs, *[width] * depth, outputs]):
        linear = nn.Linear(fan_in, fan_out)
        start(linear)
        layers += [linear, activation()]
    return nn.Sequential(*layers[:-1])


def _check_activation(name: str) -> None:
    if name not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, not {name!r}.")


def latent(
    count: int, dim: int, noise: str = "normal", generator: torch.Generator | None = None
) -> Float[Tensor, "count dim"]:
    """Draw z: independent standard normal, or uniform on [-1, 1], coordinates.

    Raises:
        ValueError: if the kind of noise is unknown.
    """
    if noise not in NOISES:
        raise ValueError(f"noise must be one of {', '.join(NOISES)}, not {noise!r}.")
    if noise == "uniform":
        return 2 * torch.rand(count, dim, generator=generator) - 1
    return torch.randn(count, dim, generator=generator)
