"""Networks that colour pictures: one that classifies or regresses, hints, and split-brain.

Source: Zhang et al. (2016) "Colorful image colorization"; Zhang et al. (2017a) "Real-time
user-guided image colorization"; Zhang et al. (2017b) "Split-brain autoencoders".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import ConvEncoder, SkipDecoder, features_of
from course_utils.selfsup import color
from course_utils.selfsup.color import Bins, Chroma, Image3, Lightness

CoarseChroma = Float[Tensor, "n 2 coarse_height coarse_width"]
Generator = torch.Generator | None


class ColourTask(NamedTuple):
    """The bins of the ab plane and the weight of each: all that the loss needs to know."""

    bins: Bins
    weights: Float[Tensor, " bins"]


def colour_task(
    images: Image3, grid: float = 10.0, uniform: float = 0.5, sigma: float = 5.0
) -> ColourTask:
    """Counts the colours of pictures and returns bins with their rebalancing weights."""
    bins = color.gamut_bins(grid).to(images)
    shares = color.bin_distribution(color.rgb_to_lab(images)[:, 1:], bins)
    shares = color.smooth_distribution(shares, bins, sigma)
    return ColourTask(bins, color.rebalancing_weights(shares, uniform))


class Colouriser(nn.Module):
    """Lightness in; at half the resolution out: logits over bins, or two numbers ab / 110.

    Args:
        outputs: the number of bins, or 2 for regression.
        hinted: whether the input has three more channels: hinted ab / 110 and where it is known.
    """

    def __init__(self, width: int, outputs: int, hinted: bool = False) -> None:
        super().__init__()
        channels = 4 if hinted else 1
        self.encoder = ConvEncoder(width, channels, centre=0.0, spread=0.5)
        self.decoder = SkipDecoder(width, outputs)

    def forward(
        self, inputs: Float[Tensor, "n channels height width"]
    ) -> Float[Tensor, "n outputs height_2 width_2"]:
        """Returns the prediction for each cell of 2 x 2 pixels."""
        return self.decoder(self.encoder.maps(inputs))


def lightness_and_halved_chroma(images: Image3) -> tuple[Lightness, CoarseChroma]:
    """Returns normalised L of pictures and their ab, in ab units, averaged over 2 x 2 pixels."""
    lab = color.rgb_to_lab(images)
    lightness, _ = color.normalise_lab(lab)
    return lightness, F.avg_pool2d(lab[:, 1:], 2)


def colourisation_loss(
    network: Callable[[Tensor], Tensor], images: Image3, task: ColourTask
) -> Float[Tensor, ""]:
    """Returns the rebalanced classification loss of a network on a batch of pictures."""
    lightness, chroma = lightness_and_halved_chroma(images)
    nearest = color.nearest_bins(chroma, task.bins)
    return color.nearest_bins_loss(network(lightness), nearest, task.weights)


def colour_regression_loss(
    network: Callable[[Tensor], Tensor], images: Image3
) -> Float[Tensor, ""]:
    """Returns the squared error of a network with two outputs, in units of ab / 110."""
    lightness, chroma = lightness_and_halved_chroma(images)
    return color.regression_loss(network(lightness), chroma / color.CHROMA_SCALE)


def join_chroma(lightness: Lightness, chroma: CoarseChroma) -> Image3:
    """Returns the RGB picture of normalised L and coarser ab (ab units), enlarged bilinearly."""
    chroma = F.interpolate(chroma, size=lightness.shape[2:], mode="bilinear", align_corners=False)
    return color.lab_to_rgb(color.denormalise_lab(lightness, chroma / color.CHROMA_SCALE))


# -------------------------------------------------------------------------------- hints


def draw_hints(
    count: int, size: tuple[int, int], mean_hints: float = 3.0, generator: Generator = None
) -> Float[Tensor, "n 1 height width"]:
    """Returns masks that are 1 at a few random pixels: a geometric number, often none.

    Source: Zhang et al. (2017a), section 3.1 (there with patches of 1 to 9 pixels).

    Raises:
        ValueError: when ``mean_hints`` is negative.
    """
    if mean_hints < 0:
        raise ValueError(f"mean_hints must not be negative, got {mean_hints}")
    height, width = size
    device = generator.device if generator is not None else "cpu"
    uniform = torch.rand(count, 1, generator=generator, device=device).clamp(min=1e-9)
    success = 1 / (1 + mean_hints)
    # Inverse of the geometric distribution of mean m: floor(log u / log(1 - p)).
    wanted = (uniform.log() / torch.log1p(torch.tensor(-success, device=device))).floor()
    rank = torch.rand(count, height * width, generator=generator, device=device).argsort().argsort()
    return (rank < wanted).float().view(count, 1, height, width)


def with_hints(
    lightness: Lightness, chroma: Chroma, mask: Float[Tensor, "n 1 height width"]
) -> Float[Tensor, "n 4 height width"]:
    """Joins L, the ab / 110 that the user gave (0 elsewhere) and the mask that says where.

    The mask tells "grey is asked for here" from "nothing was said here".

    Args:
        chroma: ab in ab units at the picture's resolution; read only where the mask is 1.

    Raises:
        ValueError: when the resolutions differ.
    """
    if not lightness.shape[2:] == chroma.shape[2:] == mask.shape[2:]:
        raise ValueError("lightness, hints and mask must have one resolution")
    return torch.cat([lightness, mask * chroma / color.CHROMA_SCALE, mask], dim=1)


# -------------------------------------------------------------------------- split-brain


class SplitBrain(nn.Module):
    """Two encoders, each seeing what the other predicts: F1 from L to ab, F2 from ab to L.

    Neither can pass its input through, since it never predicts what it sees; joined they have
    seen the whole picture. Each has half the width, so together they are as wide as one.

    Source: Zhang et al. (2017b), equations 2 to 4.

    Args:
        width: channels of the first layer of both halves together.
        bins: number of ab bins that F1 tells apart.
        shades: number of lightness bins that F2 tells apart.
    """

    def __init__(self, width: int, bins: int, shades: int = 20) -> None:
        super().__init__()
        if width % 2:
            raise ValueError(f"width must be even to be split in two, got {width}")
        half = width // 2
        self.shades = shades
        self.lightness_encoder = ConvEncoder(half, 1, centre=0.0, spread=0.5)
        self.chroma_encoder = ConvEncoder(half, 2, centre=0.0, spread=0.2)
        self.to_chroma = SkipDecoder(half, bins)
        self.to_lightness = SkipDecoder(half, shades)

    def forward(
        self, lightness: Lightness, chroma: Chroma
    ) -> tuple[Float[Tensor, "n bins h w"], Float[Tensor, "n shades h w"]]:
        """Returns logits of ab from L, and logits of L from ab / 110, at half resolution."""
        return (
            self.to_chroma(self.lightness_encoder.maps(lightness)),
            self.to_lightness(self.chroma_encoder.maps(chroma)),
        )


def quantise_lightness(
    lightness: Float[Tensor, "n 1 height width"], shades: int
) -> Int[Tensor, "n height width"]:
    """Returns the bin of normalised L in [-1, 1], cut into ``shades`` equal bins."""
    position = (lightness[:, 0] + 1) / 2 * shades
    return position.floor().long().clamp(0, shades - 1)


def split_brain_losses(
    network: SplitBrain, images: Image3, task: ColourTask
) -> dict[str, Float[Tensor, ""]]:
    """Returns the two cross-entropies and their sum, called ``"loss"``, in nats a pixel."""
    lightness, chroma = color.normalise_lab(color.rgb_to_lab(images))
    chroma_logits, lightness_logits = network(lightness, chroma)
    halved = F.avg_pool2d(chroma * color.CHROMA_SCALE, 2)
    nearest = color.nearest_bins(halved, task.bins)
    chroma_loss = color.nearest_bins_loss(chroma_logits, nearest, task.weights)
    shades = quantise_lightness(F.avg_pool2d(lightness, 2), network.shades)
    lightness_loss = F.cross_entropy(lightness_logits, shades)
    return {
        "loss": chroma_loss + lightness_loss,
        "chroma": chroma_loss,
        "lightness": lightness_loss,
    }


def split_brain_features(
    network: SplitBrain, images: Image3, layer: int = 3, pool: int = 1
) -> tuple[Float[Tensor, "n half"], Float[Tensor, "n half"]]:
    """Returns F1 and F2 of pictures; joined along the features they are the representation."""
    lightness, chroma = color.normalise_lab(color.rgb_to_lab(images))
    return (
        features_of(network.lightness_encoder, lightness, layer, pool),
        features_of(network.chroma_encoder, chroma, layer, pool),
    )
