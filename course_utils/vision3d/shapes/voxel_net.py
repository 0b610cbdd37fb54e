"""From one picture to a grid of voxels, and the two answers that any such network must beat.

The network is that of Choy et al. (2016), 3D-R2N2, for one view: 2D convolutions make the picture
small and deep, a linear layer turns that into a few deep voxels, and 3D transposed convolutions
double these along each axis until the grid is full size (Wu et al. 2016, 3D-GAN, has this
decoder). Its rivals are in the manner of Tatarchenko et al. (2019), who found the networks of
their time no better than looking the answer up: the training object whose picture is nearest, and
the mean shape of the class.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_utils.core.encoders import ConvEncoder, evaluation_mode

SEED_SIDE = 4  # voxels along each side of the grid with which the decoder starts
Picture = Float[Tensor, "n channels height width"]


class VoxelDecoder(nn.Module):
    """Features to logits of r^3 voxels: linear to 4^3, then log2(r / 4) doublings.

    Each doubling is a transposed convolution of 4^3 with stride 2, which halves the channels.

    Args:
        features: entries of the feature vector.
        channels: of the first grid; each doubling must be able to halve them.
        resolution: 4 times a power of two, at least 8.

    Raises:
        ValueError: for a resolution or a number of channels that cannot be.
    """

    def __init__(self, features: int, channels: int = 64, resolution: int = 32) -> None:
        super().__init__()
        doublings = (resolution // SEED_SIDE).bit_length() - 1
        if doublings < 1 or SEED_SIDE << doublings != resolution:
            raise ValueError(f"the resolution must be 8, 16, 32, ..., got {resolution}")
        if channels < 1 or channels % (1 << (doublings - 1)):
            raise ValueError(f"{channels} channels cannot be halved {doublings - 1} times")
        self.seed = nn.Linear(features, channels * SEED_SIDE**3, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm3d(channels), nn.ReLU(inplace=True)]
        for k in range(doublings - 1):
            some, fewer = channels >> k, channels >> (k + 1)
            layers += [
                nn.ConvTranspose3d(some, fewer, 4, stride=2, padding=1, bias=False),
                nn.BatchNorm3d(fewer),
                nn.ReLU(inplace=True),
            ]
        layers += [nn.ConvTranspose3d(channels >> (doublings - 1), 1, 4, stride=2, padding=1)]
        self.grow = nn.Sequential(*layers)
        self.to(memory_format=torch.channels_last_3d)

    def forward(self, features: Float[Tensor, "n features"]) -> Float[Tensor, "n r r r"]:
        """Returns one logit per voxel, indexed x, y, z."""
        seed = self.seed(features).unflatten(1, (-1, SEED_SIDE, SEED_SIDE, SEED_SIDE))
        return self.grow(seed.contiguous(memory_format=torch.channels_last_3d))[:, 0]


class VoxelPredictor(nn.Module):
    """One picture to the logits of its object's grid: encoder, then ``VoxelDecoder``.

    The encoder's last map enters whole, not its mean: where in the picture something is says where
    in space it is.

    Args:
        size: height and width of the pictures, a multiple of 8.
        width: of the encoder, see ``ConvEncoder``.

    Raises:
        ValueError: as the encoder and the decoder, or for another size of pictures.
    """

    def __init__(
        self, size: int = 32, resolution: int = 32, *, width: int = 16, channels: int = 64
    ) -> None:
        super().__init__()
        if size < 8 or size % 8:
            raise ValueError(f"the pictures' size must be a multiple of 8, got {size}")
        self.size = size
        self.encoder = ConvEncoder(width)
        features = self.encoder.feature_size * (size // 8) ** 2
        self.decoder = VoxelDecoder(features, channels, resolution)

    def forward(self, images: Picture) -> Float[Tensor, "n r r r"]:
        """Returns one logit per voxel.

        Raises:
            ValueError: for pictures of another size.
        """
        if images.shape[-2:] != (self.size, self.size):
            raise ValueError(f"expected pictures of {self.size} pixels, got {tuple(images.shape)}")
        return self.decoder(self.encoder.maps(images).third.flatten(1))


@torch.no_grad()
def predict_occupancy(
    network: nn.Module, images: Picture, batch_size: int = 100
) -> Float[Tensor, "n r r r"]:
    """The probability that each voxel is full, sigmoid(logit), with the network at rest.

    Raises: ValueError if there is no picture.
    """
    if not len(images):
        raise ValueError("there are no pictures to predict from")
    with evaluation_mode(network):
        return torch.cat([network(some).sigmoid() for some in images.split(batch_size)])


def nearest_pictures(
    images: Picture, known: Float[Tensor, "known channels height width"], at_once: int = 500
) -> Int[Tensor, "n"]:
    """Index of the known picture nearest to each, by squared difference of all their values.

    Raises: ValueError if there is none, or if sizes differ.
    """
    if not len(known) or images.shape[1:] != known.shape[1:]:
        raise ValueError(f"cannot compare pictures {tuple(images.shape)} with {tuple(known.shape)}")
    some, all_of_them = images.flatten(1), known.flatten(1)
    return torch.cat([torch.cdist(part, all_of_them).argmin(1) for part in some.split(at_once)])


def mean_shapes(
    occupancy: Bool[Tensor, "n r r r"], label: Int[Tensor, "n"], classes: int
) -> Float[Tensor, "classes r r r"]:
    """For each class, the share of its objects that fills each voxel.

    Raises: ValueError if a class has no object.
    """
    missing = [k for k in range(classes) if not bool((label == k).any())]
    if missing:
        raise ValueError(f"there is no object of the classes {missing}")
    return torch.stack([occupancy[label == k].float().mean(0) for k in range(classes)])
