"""Small convolutional encoders that show the maps of their three blocks, and what reads them.

One encoder serves every self-supervised lesson: a pretext task trains it, a probe reads it.
Pictures are ``(n, channels, height, width)`` with values about [0, 1]; the encoder shifts and
scales them itself, so that no caller can forget to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F


class BlockMaps(NamedTuple):
    """The maps after each block, for 32 x 32 pictures 16 x 16, 8 x 8 and 4 x 4 cells."""

    first: Float[Tensor, "n channels_1 height_2 width_2"]
    second: Float[Tensor, "n channels_2 height_4 width_4"]
    third: Float[Tensor, "n channels_3 height_8 width_8"]


def convolution(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """Convolution 3 x 3, batch normalisation, ReLU: the brick of every network here."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ConvEncoder(nn.Module):
    """Five convolutions in three blocks, each block halving the picture.

    A network in network in the spirit of Gidaris et al. (2018, section 4.1), small enough for
    two CPU cores: ``width=16`` has 70 thousand parameters, ``width=32`` has 278 thousand.

    Args:
        width: channels of the first convolution; the features have ``4 * width`` entries.
        channels: channels of the picture (3 for RGB, 1 for lightness, 2 for ab).
        centre, spread: the picture enters as ``(picture - centre) / spread``.

    Raises:
        ValueError: when ``width`` or ``channels`` is below 1 or ``spread`` is not positive.
    """

    def __init__(
        self, width: int = 16, channels: int = 3, centre: float = 0.5, spread: float = 0.25
    ) -> None:
        super().__init__()
        if width < 1 or channels < 1:
            raise ValueError(f"width and channels must be at least 1, got {width} and {channels}")
        if spread <= 0:
            raise ValueError(f"spread must be positive, got {spread}")
        self.width, self.channels, self.feature_size = width, channels, 4 * width
        self.centre, self.spread = centre, spread
        self.first = nn.Sequential(
            convolution(channels, width, stride=2), convolution(width, 2 * width)
        )
        self.second = nn.Sequential(
            convolution(2 * width, 2 * width, stride=2), convolution(2 * width, 4 * width)
        )
        self.third = convolution(4 * width, 4 * width, stride=2)
        # oneDNN runs these convolutions about 1.2 times faster with channels innermost.
        self.to(memory_format=torch.channels_last)

    @property
    def blocks(self) -> tuple[nn.Module, nn.Module, nn.Module]:
        """The three blocks, in the order in which a picture meets them."""
        return self.first, self.second, self.third

    def train(self, mode: bool = True) -> ConvEncoder:
        """Sets the mode; a block without trainable parameters stays in evaluation mode.

        Otherwise the batch statistics of a frozen block would go on changing.
        """
        super().train(mode)
        for block in self.blocks:
            if not any(parameter.requires_grad for parameter in block.parameters()):
                block.eval()
        return self

    def maps(self, images: Float[Tensor, "n channels height width"]) -> BlockMaps:
        """Returns the maps of the three blocks.

        Raises:
            ValueError: when the picture has another number of channels or is under 8 pixels.
        """
        if images.ndim != 4 or images.shape[1] != self.channels:
            raise ValueError(
                f"expected pictures (n, {self.channels}, height, width), got {tuple(images.shape)}"
            )
        if min(images.shape[2:]) < 8:
            raise ValueError(f"pictures must be at least 8 pixels, got {tuple(images.shape[2:])}")
        scaled = (images - self.centre) / self.spread
        first = self.first(scaled.contiguous(memory_format=torch.channels_last))
        second = self.second(first)
        return BlockMaps(first, second, self.third(second))

    def forward(
        self, images: Float[Tensor, "n channels height width"]
    ) -> Float[Tensor, "n features"]:
        """Returns the mean of the last map over its cells: one feature vector per picture."""
        return self.maps(images).third.mean(dim=(2, 3))


class Classifier(nn.Module):
    """An encoder and a linear layer on its features, trained together.

    With four classes the network of rotation prediction, with the true classes the supervised
    baseline from scratch.
    """

    def __init__(self, encoder: ConvEncoder, classes: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.linear = nn.Linear(encoder.feature_size, classes)

    def forward(
        self, images: Float[Tensor, "n channels height width"]
    ) -> Float[Tensor, "n classes"]:
        """Returns one logit per class."""
        return self.linear(self.encoder(images))


class SkipDecoder(nn.Module):
    """Reads all three maps and predicts at half of the picture's resolution.

    Each map is narrowed to ``width`` channels, enlarged and added. The first map carries the
    outlines; the last only has to say what the thing is. It is small on purpose, so that the
    work is left to the encoder, which is all that a probe reads.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.narrow = nn.ModuleList(
            [nn.Conv2d(channels, width, 1) for channels in (2 * width, 4 * width, 4 * width)]
        )
        self.smooth = convolution(width, width)
        self.output = nn.Conv2d(width, outputs, 1)
        self.to(memory_format=torch.channels_last)

    def forward(self, maps: BlockMaps) -> Float[Tensor, "n outputs height_2 width_2"]:
        """Returns one vector of outputs per cell of the first map."""
        first, second, third = (
            narrow(feature_map) for narrow, feature_map in zip(self.narrow, maps, strict=True)
        )
        second = second + F.interpolate(third, size=second.shape[2:])
        first = first + F.interpolate(second, size=first.shape[2:])
        return self.output(self.smooth(F.relu(first)))


class BottleneckDecoder(nn.Module):
    """Reads the last map alone and predicts at the picture's resolution.

    No skip connections: with them a context encoder could copy instead of understand.
    """

    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            [convolution(4 * width, 4 * width), convolution(4 * width, 2 * width)]
        )
        self.final = convolution(2 * width, width)
        self.output = nn.Conv2d(width, outputs, 3, padding=1)
        self.to(memory_format=torch.channels_last)

    def forward(
        self, third: Float[Tensor, "n channels height_8 width_8"]
    ) -> Float[Tensor, "n outputs height width"]:
        """Returns one vector of outputs per pixel, eight times finer than the last map."""
        features = third
        for stage in (*self.stages, self.final):
            features = stage(F.interpolate(features, scale_factor=2.0))
        return self.output(features)


def pool_map(
    feature_map: Float[Tensor, "n channels height width"], cells: int
) -> Float[Tensor, "n features"]:
    """Averages a map over ``cells`` x ``cells`` regions and flattens: ``channels * cells**2``.

    Raises:
        ValueError: when the map has fewer than ``cells`` cells on a side, or ``cells`` < 1.
    """
    if not 1 <= cells <= min(feature_map.shape[2:]):
        raise ValueError(
            f"cells must be between 1 and {min(feature_map.shape[2:])}, the map's side; got {cells}"
        )
    return F.adaptive_avg_pool2d(feature_map, cells).flatten(start_dim=1)


@contextmanager
def evaluation_mode(module: nn.Module) -> Iterator[nn.Module]:
    """Puts a module in evaluation mode and gives every part of it its own mode back after."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield module
    finally:
        for part, training in modes:
            part.training = training


@torch.no_grad()
def features_of(
    encoder: ConvEncoder,
    images: Float[Tensor, "n channels height width"],
    layer: int = 3,
    pool: int = 1,
    batch_size: int = 500,
) -> Float[Tensor, "n features"]:
    """Returns the frozen features of pictures: the map of block ``layer``, pooled to cells.

    Args:
        layer: 1, 2 or 3, the block whose map is read. The best layer is often not the last.
        pool: cells on a side after average pooling; 1 is the global mean.

    Raises:
        ValueError: when ``layer`` is not 1, 2 or 3, or there are no pictures.
    """
    if layer not in (1, 2, 3):
        raise ValueError(f"layer must be 1, 2 or 3, got {layer}")
    if len(images) == 0:
        raise ValueError("there are no pictures to take features of")
    with evaluation_mode(encoder):
        return torch.cat(
            [pool_map(encoder.maps(part)[layer - 1], pool) for part in images.split(batch_size)]
        )


@torch.no_grad()
def settle_batch_statistics(
    network: nn.Module, images: Float[Tensor, "n channels height width"], batch_size: int = 500
) -> None:
    """Sets the running statistics of batch normalisation to those of the given pictures.

    A random encoder needs this before its features are compared with trained ones: its running
    statistics still say mean 0, variance 1, which no layer has.
    """
    layers = [part for part in network.modules() if isinstance(part, nn.BatchNorm2d)]
    kept = [(layer, layer.momentum, layer.training) for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # an average over all batches, not a moving one
        layer.training = True
    for part in images.split(batch_size):
        network(part)
    for layer, momentum, training in kept:
        layer.momentum, layer.training = momentum, training
