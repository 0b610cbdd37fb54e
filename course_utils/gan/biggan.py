"""BigGAN's parts in miniature: classes in both players, a bounded D, and a truncated latent.

A. Brock, J. Donahue, K. Simonyan, "Large Scale GAN Training for High Fidelity Natural Image
Synthesis", ICLR 2019. G is told the class by class-conditional batch normalisation, D by a
projection (T. Miyato and M. Koyama, "cGANs with Projection Discriminator", ICLR 2018), spectral
normalisation bounds D's slope (T. Miyato et al., ICLR 2018), and both play for the hinge loss.

A *code* is what G reads: (n, latent + classes), the noise and then a weight for each class. One
weight is 1 in training; two of a half ask for something in between.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm

from course_utils.core.steps import fast_precision
from course_utils.gan.dcgan import Recipe


class ClassNorm(nn.Module):
    """Batch normalisation whose gain and shift are told by a condition (n, size).

        x̂ = (x - mean) / spread,   y = (1 + A c) x̂ + B c

    Source: H. de Vries et al., NIPS 2017; Brock et al. 2019, section 3 and figure 15, where the
    condition is the shared class embedding beside a piece of the noise.
    """

    def __init__(self, maps: int, size: int) -> None:
        super().__init__()
        self.normalise = nn.BatchNorm2d(maps, affine=False)
        self.gain, self.shift = nn.Linear(size, maps, bias=False), nn.Linear(size, maps, bias=False)

    def forward(
        self, inputs: Float[Tensor, "n maps height width"], condition: Float[Tensor, "n size"]
    ) -> Float[Tensor, "n maps height width"]:
        """Maps of the same shape."""
        gain, shift = self.gain(condition), self.shift(condition)
        return self.normalise(inputs) * (1 + gain)[:, :, None, None] + shift[:, :, None, None]


class ClassMaps(nn.Module):
    """The layers of a `ClassGenerator`: code to pictures, in whatever precision it is called.

    As the DCGAN's, with `ClassNorm` for batch normalisation; class embedding and noise reach
    every layer (Brock et al. 2019, section 3: shared embedding, skip-z).
    """

    def __init__(self, recipe: Recipe, classes: int, embedding: int) -> None:
        super().__init__()
        self.latent, self.base = recipe.latent, recipe.base
        maps = recipe.width << (recipe.doublings - 1)
        condition = recipe.latent + embedding
        self.embed = nn.Linear(classes, embedding, bias=False)
        self.project = nn.Linear(condition, maps * recipe.base**2)
        self.norms, self.enlarge = nn.ModuleList(), nn.ModuleList()
        for level in range(recipe.doublings):
            outputs = recipe.channels if level == recipe.doublings - 1 else maps // 2
            self.norms.append(ClassNorm(maps, condition))
            self.enlarge.append(nn.ConvTranspose2d(maps, outputs, 4, 2, 1))
            maps = outputs

    def forward(self, code: Float[Tensor, "n code"]) -> Float[Tensor, "n channels height width"]:
        """Pictures in [-1, 1]."""
        condition = torch.cat([code[:, : self.latent], self.embed(code[:, self.latent :])], 1)
        maps = self.project(condition).unflatten(1, (-1, self.base, self.base))
        for norm, enlarge in zip(self.norms, self.enlarge, strict=True):
            maps = enlarge(F.relu(norm(maps, condition)))
        return torch.tanh(maps)


class ClassGenerator(nn.Module):
    """G: code (n, latent + classes) to pictures (n, channels, size, size); see `ClassMaps`."""

    def __init__(self, recipe: Recipe, classes: int = 10, embedding: int = 16) -> None:
        super().__init__()
        maps = ClassMaps(recipe, classes, embedding)
        self.maps = maps.to(memory_format=torch.channels_last)

    def forward(self, code: Float[Tensor, "n code"]) -> Float[Tensor, "n channels height width"]:
        """Pictures in [-1, 1]."""
        return fast_precision(self.maps)(code)


class ProjectionDiscriminator(nn.Module):
    """D: pictures and classes to logits, a(x, y) = w · h(x) + e(y) · h(x), h summed over the map.

    Source: Miyato and Koyama 2018, equation (3): how real it looks, and how much like *its*
    class. Every layer has spectral norm 1.
    """

    def __init__(self, recipe: Recipe, classes: int = 10) -> None:
        super().__init__()
        layers, inputs, maps = [], recipe.channels, recipe.width
        for _ in range(recipe.doublings):
            layers += [spectral_norm(nn.Conv2d(inputs, maps, 4, 2, 1)), nn.LeakyReLU(0.2)]
            inputs, maps = maps, 2 * maps
        layers += [spectral_norm(nn.Conv2d(inputs, inputs, 3, 1, 1)), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*layers).to(memory_format=torch.channels_last)
        self.real = spectral_norm(nn.Linear(inputs, 1))
        self.embed = spectral_norm(nn.Linear(classes, inputs, bias=False))

    def forward(
        self,
        pictures: Float[Tensor, "n channels height width"],
        classes: Float[Tensor, "n classes"],
    ) -> Float[Tensor, "n"]:
        """Logits; ``classes`` holds a 1 at each picture's class."""
        features = fast_precision(self.body)(pictures).sum((2, 3))
        return self.real(features)[:, 0] + (self.embed(classes) * features).sum(1)


# ------------------------------------------------------------------ losses


def hinge_discriminator_loss(
    real_logits: Float[Tensor, "*real"], fake_logits: Float[Tensor, "*fake"]
) -> Float[Tensor, ""]:
    """Loss of D, mean max(0, 1 - a(x)) + mean max(0, 1 + a(G(z))).

    Source: J. Lim and J. Ye, "Geometric GAN", 2017; Brock et al. 2019, section 3. Pictures that D
    already puts beyond the margin have no slope: it stops proving what nobody doubts.

    Raises:
        ValueError: when a batch is empty.
    """
    if real_logits.numel() == 0 or fake_logits.numel() == 0:
        raise ValueError("a batch is empty: the mean over no pictures does not exist.")
    return F.relu(1 - real_logits).mean() + F.relu(1 + fake_logits).mean()


def hinge_generator_loss(fake_logits: Float[Tensor, "*fake"]) -> Float[Tensor, ""]:
    """Loss of G, -mean a(G(z)): never flat (Lim and Ye 2017).

    Raises:
        ValueError: when the batch is empty.
    """
    if fake_logits.numel() == 0:
        raise ValueError("the batch is empty: the mean over no pictures does not exist.")
    return -fake_logits.mean()


def orthogonal_penalty(network: nn.Module) -> Float[Tensor, ""]:
    """Sum over weights of |W Wᵀ ∘ (1 - I)|²: filters shall differ, whatever their lengths.

    Source: Brock et al. 2019, equation (3). It keeps G smooth over the whole latent space, which
    is what makes it stand truncation. A row of W is one output's filter; vectors are left out.

    Raises:
        ValueError: when the network has no weight matrix.
    """
    weights = [
        module.weight.transpose(0, 1) if isinstance(module, nn.ConvTranspose2d) else module.weight
        for module in network.modules()
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)
    ]
    if not weights:
        raise ValueError("the network holds no weight matrix.")
    total = weights[0].new_zeros(())
    for weight in weights:
        rows = weight.flatten(1)
        # |W Wᵀ|² = |Wᵀ W|²: take the smaller product, and its diagonal off by the rows' lengths.
        small = rows @ rows.T if len(rows) <= rows.shape[1] else rows.T @ rows
        total = total + small.square().sum() - rows.square().sum(1).square().sum()
    return total


# ------------------------------------------------------------------ codes


def truncated_noise(
    count: int,
    latent: int,
    threshold: float | int = math.inf,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "count latent"]:
    """Normal numbers, none further from 0 than the threshold: the truncation trick.

    Source: Brock et al. 2019, section 3.1: numbers out of range are drawn again. That is the
    normal distribution between -t and t, drawn here by its inverse, z = √2 erf⁻¹(u erf(t/√2)),
    so that one seed moves smoothly with the threshold.

    Raises:
        ValueError: when a number is below 1 or the threshold is not positive.
    """
    if count < 1 or latent < 1 or not threshold > 0:
        raise ValueError("count and latent must be at least 1, and the threshold positive.")
    uniform = 2 * torch.rand(count, latent, generator=generator, dtype=torch.float64) - 1
    bound = math.erf(threshold / math.sqrt(2))
    return (math.sqrt(2) * torch.erfinv(uniform * bound)).clamp(-threshold, threshold).float()


def class_weights(labels: Int[Tensor, "n"], classes: int = 10) -> Float[Tensor, "n classes"]:
    """A 1 at each label, 0 elsewhere.

    Raises:
        ValueError: when a label is out of range.
    """
    if len(labels) and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise ValueError(f"labels must be 0 to {classes - 1}.")
    return F.one_hot(labels.long(), classes).float()


def between_classes(
    first: int, second: int, share: float | int, classes: int = 10
) -> Float[Tensor, "classes"]:
    """Weights of a mixture of two classes, (1 - t) for the first and t for the second.

    Source: Brock et al. 2019, figure 8 (interpolation of classes with the noise held still).

    Raises:
        ValueError: when there is no such class, or the share is not in [0, 1].
    """
    if not (0 <= first < classes and 0 <= second < classes and 0 <= share <= 1):
        raise ValueError(f"classes are 0 to {classes - 1} and the share lies in [0, 1].")
    weights = torch.zeros(classes)
    weights[first] += 1 - share
    weights[second] += share
    return weights
