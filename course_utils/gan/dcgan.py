"""Convolutional players, with each of the lecture's five guidelines as a switch.

A. Radford, L. Metz, S. Chintala, "Unsupervised Representation Learning with Deep Convolutional
Generative Adversarial Networks", ICLR 2016, section 3. A `Recipe` says which guidelines are
kept; all five together are the DCGAN. Pictures have values in [-1, 1], the range of Tanh.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_utils.core.steps import fast_precision

# In the lecture's order: what a `Recipe` calls it, and the slide's words for it.
GUIDELINES = {
    "strided": "strided and fractionally-strided convolutions, no pooling",
    "batch_norm": "batch normalisation in both players",
    "convolutional": "no fully connected hidden layers",
    "relu_tanh": "ReLU in the generator, Tanh at its output",
    "leaky": "LeakyReLU in the discriminator",
}


@dataclass(frozen=True)
class Recipe:
    """How both players are built.

    Attributes:
        size: pixels each way, 4 or 7 times a power of two.
        channels: 1 for grey, 3 for colour.
        latent: entries of z.
        width: channels of the finest hidden maps; each halving of the resolution doubles them.
        strided, batch_norm, convolutional, relu_tanh, leaky: the guidelines, kept or broken.

    Raises:
        ValueError: when the size is no such number, or another number is below 1.
    """

    size: int = 28
    channels: int = 1
    latent: int = 32
    width: int = 32
    strided: bool = True
    batch_norm: bool = True
    convolutional: bool = True
    relu_tanh: bool = True
    leaky: bool = True

    def __post_init__(self) -> None:
        if min(self.channels, self.latent, self.width) < 1:
            raise ValueError("channels, latent and width must all be at least 1.")
        if self.base not in (4, 7) or self.size <= 7:
            raise ValueError(f"size must be 4 or 7 times a power of two, got {self.size}.")

    @property
    def base(self) -> int:
        """Pixels each way of the coarsest maps, 4 or 7."""
        size = self.size
        while size > 7 and size % 2 == 0:
            size //= 2
        return size

    @property
    def doublings(self) -> int:
        """How often the resolution doubles from the coarsest maps to the picture."""
        return (self.size // self.base).bit_length() - 1

    def without(self, guideline: str) -> Recipe:
        """The same recipe with one guideline broken.

        Raises:
            ValueError: when there is no such guideline.
        """
        if guideline not in GUIDELINES:
            raise ValueError(f"guidelines are {', '.join(GUIDELINES)}; got {guideline!r}.")
        return replace(self, **{guideline: False})


class Player(nn.Module):
    """Layers in a row that multiply in bfloat16 where the machine can (see `fast_precision`)."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers).to(memory_format=torch.channels_last)

    def forward(self, inputs: Float[Tensor, "n *shape"]) -> Float[Tensor, "n *out"]:
        """From noise to pictures, or from pictures to logits."""
        return fast_precision(self.layers)(inputs)


def generator_network(recipe: Recipe, generator: torch.Generator | None = None) -> Player:
    """G: noise (n, latent) to pictures (n, channels, size, size).

    Source: Radford et al. 2016, figure 1: z is projected onto small maps, and each
    fractionally-strided convolution (kernel 4, stride 2) doubles their size and halves their
    number. With ``relu_tanh`` broken the activations are Tanh and the output is linear.

    Args:
        generator: draws the weights, normal with spread 0.02 as in the paper.
    """
    activation: Callable[[], nn.Module] = nn.ReLU if recipe.relu_tanh else nn.Tanh
    maps = recipe.width << (recipe.doublings - 1)
    layers, inputs = [], recipe.latent
    if not recipe.convolutional:
        for _ in range(2):  # fully connected hidden layers, what the guideline removes
            layers += [nn.Linear(inputs, _hidden(recipe)), activation()]
            inputs = _hidden(recipe)
    # The projection of z is the one product with a full matrix that the guideline keeps.
    layers += [
        nn.Linear(inputs, maps * recipe.base**2, bias=not recipe.batch_norm),
        nn.Unflatten(1, (maps, recipe.base, recipe.base)),
        *_normalised(recipe, maps, activation),
    ]
    for _ in range(recipe.doublings - 1):
        layers += _doubled(recipe, maps, maps // 2) + _normalised(recipe, maps // 2, activation)
        maps //= 2
    layers += _doubled(recipe, maps, recipe.channels, last=True)
    layers += [nn.Tanh()] if recipe.relu_tanh else []
    return started(Player(layers), generator)


def discriminator_network(recipe: Recipe, generator: torch.Generator | None = None) -> Player:
    """D: pictures (n, channels, size, size) to logits (n,).

    Source: Radford et al. 2016, section 3: strided convolutions all the way, no batch
    normalisation at D's input (their words: it makes the model oscillate), one last product.
    With ``strided`` broken, convolutions keep the size and max pooling halves it.
    """
    activation = (lambda: nn.LeakyReLU(0.2)) if recipe.leaky else nn.ReLU
    inputs, maps, layers = recipe.channels, recipe.width, []
    for level in range(recipe.doublings):
        if recipe.strided:
            layers.append(nn.Conv2d(inputs, maps, 4, 2, 1, bias=level == 0))
        else:
            layers += [nn.Conv2d(inputs, maps, 3, 1, 1, bias=level == 0), nn.MaxPool2d(2)]
        layers += _normalised(recipe, maps, activation) if level else [activation()]
        inputs, maps = maps, 2 * maps
    layers.append(nn.Flatten())
    features = inputs * recipe.base**2
    if not recipe.convolutional:
        for _ in range(2):
            layers += [nn.Linear(features, _hidden(recipe)), activation()]
            features = _hidden(recipe)
    layers += [nn.Linear(features, 1), nn.Flatten(0)]
    return started(Player(layers), generator)


@torch.no_grad()
def started(network: Player, generator: torch.Generator | None = None) -> Player:
    """Draws all weights from N(0, 0.02²), biases 0; batch normalisation starts at N(1, 0.02²).

    Source: Radford et al. 2016, section 4. Layers in front of no batch normalisation start at
    the variance 2/inputs instead (He et al. 2015): at 0.02 a signal would fade layer by layer.
    """
    normal = any(isinstance(m, nn.BatchNorm2d) for m in network.modules())
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            fan_in = module.weight[0].numel()
            if isinstance(module, nn.ConvTranspose2d):  # stride 2: a quarter of the taps meet
                fan_in = module.in_channels * module.weight[0, 0].numel() // 4
            spread = 0.02 if normal else (2.0 / fan_in) ** 0.5
            module.weight.normal_(0.0, spread, generator=generator)
            if module.bias is not None:
                module.bias.zero_()
        elif isinstance(module, nn.BatchNorm2d):
            module.weight.normal_(1.0, 0.02, generator=generator)
    return network


def _hidden(recipe: Recipe) -> int:
    return 8 * recipe.width


def _doubled(recipe: Recipe, inputs: int, outputs: int, last: bool = False) -> list[nn.Module]:
    """Maps of twice the size: one fractionally-strided convolution, or repeat and convolve."""
    bias = last or not recipe.batch_norm
    if recipe.strided:
        return [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=bias)]
    return [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1, bias=bias)]


def _normalised(recipe: Recipe, maps: int, activation: Callable[[], nn.Module]) -> list[nn.Module]:
    return [nn.BatchNorm2d(maps), activation()] if recipe.batch_norm else [activation()]
