"""The parts of a small Mesh R-CNN: a feature pyramid, and heads for boxes, kinds, masks, voxels.

Sizes for 64 x 64 pictures on a laptop; the plan is that of Mask R-CNN (He et al. 2017) with the
voxel branch of Mesh R-CNN (Gkioxari et al. 2019, section 3.2): a 2D network over the box, whose
output channels are the voxels along the line of sight.
"""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.meshes.center_net import CentreMaps
from course_utils.vision3d.meshes.graph_conv import FeatureMap

CELLS = 12  # along each side of a pooled box
Pooled = Float[Tensor, "boxes channels cells cells"]


def conv_block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """A 3 x 3 convolution, normalised over groups of eight channels, and a rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        nn.GroupNorm(outputs // 8, outputs),
        nn.ReLU(),
    )


class FeaturePyramid(nn.Module):
    """Features at every 2nd and every 4th pixel, which know of the whole picture.

    Down to every 8th pixel and back up again, adding what was there on the way down (Lin et al.
    2017, "Feature Pyramid Networks"). width: channels at the finest level, a multiple of eight.
    """

    def __init__(self, width: int = 32):
        super().__init__()
        if width < 8 or width % 8:
            raise ValueError(f"the width must be a multiple of 8, got {width}")
        half, double = width, 2 * width
        self.fine = conv_block(3, half, 2)
        self.middle = nn.Sequential(conv_block(half, double, 2), conv_block(double, double))
        self.coarse = nn.Sequential(conv_block(double, double, 2), conv_block(double, double))
        self.to_middle = conv_block(double, double)
        self.across = nn.Conv2d(double, half, 1)
        self.to_fine = conv_block(half, half)
        self.channels = (half, double)

    def forward(self, images: Float[Tensor, "pictures 3 height width"]) -> list[FeatureMap]:
        """Maps of strides 2 and 4. images: sRGB in [0, 1], sides that are multiples of eight."""
        fine = self.fine(2 * images - 1)
        middle = self.middle(fine)
        middle = self.to_middle(middle + _enlarged(self.coarse(middle)))
        return [
            FeatureMap(self.to_fine(fine + _enlarged(self.across(middle))), 2),
            FeatureMap(middle, 4),
        ]


def _enlarged(values: Tensor) -> Tensor:
    return F.interpolate(values, scale_factor=2, mode="nearest")


class CentreHead(nn.Module):
    """From a feature map to ``CentreMaps``: five numbers a cell."""

    def __init__(self, channels: int):
        super().__init__()
        self.layers = nn.Sequential(conv_block(channels, channels), nn.Conv2d(channels, 5, 1))
        # Most cells hold no middle: start with that, or the first steps only learn it.
        nn.init.constant_(self.layers[-1].bias[:1], -3.0)

    def forward(self, features: Float[Tensor, "pictures channels down across"]) -> CentreMaps:
        """Heat, sides and shift of every cell."""
        heat, sides, shift = self.layers(features).split([1, 2, 2], 1)
        return CentreMaps(heat[:, 0], sides, shift)


class BoxAnswers(NamedTuple):
    """What is said of each box. kind: logits. extent: log of the depth it takes, in units of its
    frame. mask: logits over the box. voxels: logits of the grid in its frustum. features: what
    all this was read from, for more heads.
    """

    kind: Float[Tensor, "boxes kinds"]
    extent: Float[Tensor, "boxes"]
    mask: Float[Tensor, "boxes down across"]
    voxels: Float[Tensor, "boxes nu nv depth"]
    features: Float[Tensor, "boxes width cells cells"]


class VoxelHead(nn.Module):
    """Voxels of each box's frustum: a 2D network whose channels are the voxels along a ray.

    resolution: voxels along each side; ``CELLS`` times a power of two.
    """

    def __init__(self, channels: int, resolution: int = CELLS):
        super().__init__()
        doublings = (resolution // CELLS).bit_length() - 1
        if resolution != CELLS << max(doublings, 0):
            raise ValueError(f"the resolution must be {CELLS} times 1, 2, 4, ..., got {resolution}")
        layers = [conv_block(channels, channels)]
        for _ in range(doublings):
            layers += [nn.ConvTranspose2d(channels, channels // 2, 2, 2), nn.ReLU()]
            channels //= 2
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, resolution, 1))

    def forward(self, pooled: Pooled) -> Float[Tensor, "boxes nu nv depth"]:
        """Logits, indexed along u, v, depth."""
        return self.layers(pooled).permute(0, 3, 2, 1)


class BoxHeads(nn.Module):
    """What is asked of each box, on features pooled from under it."""

    def __init__(self, channels: int, kinds: int, width: int = 64, resolution: int = CELLS):
        super().__init__()
        self.trunk = nn.Sequential(conv_block(channels, width), conv_block(width, width))
        self.summary = nn.Sequential(
            nn.AvgPool2d(CELLS // 3), nn.Flatten(), nn.Linear(9 * width, width), nn.ReLU()
        )
        self.kind, self.extent = nn.Linear(width, kinds), nn.Linear(width, 1)
        self.mask = nn.Sequential(
            nn.ConvTranspose2d(width, width // 2, 2, 2), nn.ReLU(), nn.Conv2d(width // 2, 1, 1)
        )
        self.voxels = VoxelHead(width, resolution)

    def forward(self, pooled: Pooled) -> BoxAnswers:
        """Kind, extent, mask and voxels of each box."""
        features = self.trunk(pooled)
        summary = self.summary(features)
        return BoxAnswers(
            self.kind(summary),
            self.extent(summary)[:, 0],
            self.mask(features)[:, 0],
            self.voxels(features),
            features,
        )
