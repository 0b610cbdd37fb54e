"""Dense Object Nets: one descriptor a pixel, the same from every side.

    two views of a scene, u_a and u_b the same point of the world (a match), or not (a non-match)
    D = |f(I_a)(u_a) - f(I_b)(u_b)|
    L_matches = mean D^2          L_non-matches = sum max(0, M - D)^2 / N_hard

Where the points of one picture went in the other is known without labels, from geometry.

Source: Florence, Manuelli and Tedrake (2018), "Dense Object Nets", equations 1, 2 and 4. Points
are (x right, y down) in pixels, (0, 0) is the top-left corner of the top-left pixel, and pixel
centres lie at half-integers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.core.encoders import ConvEncoder, SkipDecoder

MARGIN = 0.5
TEMPERATURE = 0.07
Pictures = Float[Tensor, "n 3 height width"]
Maps = Float[Tensor, "n descriptor height width"]
Points = Float[Tensor, "n points 2"]
Descriptors = Float[Tensor, "n points descriptor"]
Mask = Bool[Tensor, "n height width"]
Generator = torch.Generator | None


class DescriptorNet(nn.Module):
    """A descriptor of length 1 for each pixel; computed at half resolution and enlarged."""

    def __init__(self, width: int = 16, descriptor: int = 16) -> None:
        super().__init__()
        self.encoder = ConvEncoder(width)
        self.decoder = SkipDecoder(width, descriptor)

    def forward(self, images: Pictures) -> Maps:
        """Returns the descriptors of all pixels."""
        maps = self.decoder(self.encoder.maps(images)).float()
        enlarged = F.interpolate(maps, images.shape[2:], mode="bilinear", align_corners=False)
        return F.normalize(enlarged, dim=1)


def descriptors_at(maps: Maps, points: Points) -> Descriptors:
    """Returns the descriptors at points, bilinear between pixel centres.

    Raises:
        ValueError: when there is another number of maps than of rows of points.
    """
    if maps.ndim != 4 or points.ndim != 3 or len(maps) != len(points):
        raise ValueError(f"maps {tuple(maps.shape)} and points {tuple(points.shape)} do not fit")
    size = points.new_tensor([maps.shape[3], maps.shape[2]])
    grid = (2 * points / size - 1)[:, :, None]
    found = F.grid_sample(maps, grid, padding_mode="border", align_corners=False)
    return found[..., 0].transpose(1, 2)


# -------------------------------------------------------------------------------- matches


class Matches(NamedTuple):
    """The same points of the world in two pictures."""

    first: Points
    second: Points


def pixel_centres(height: int, width: int) -> Float[Tensor, "pixels 2"]:
    """Returns the centres of all pixels, row by row."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1) + 0.5


def draw_matches(
    target: Float[Tensor, "n 2 height width"],
    allowed: Mask,
    count: int,
    generator: Generator = None,
) -> Matches:
    """Draws ``count`` pixels of each first picture where allowed, and looks up where they went.

    Args:
        target: where each pixel's point lies in the second picture.
        allowed: pixels to draw from: on the object, and visible in the second picture.

    Raises:
        ValueError: when a picture has no allowed pixel.
    """
    weights = allowed.flatten(1).float()
    if not bool(weights.any(dim=1).all()):
        raise ValueError("one of the pictures has no pixel that may be drawn")
    chosen = torch.multinomial(weights, count, replacement=True, generator=generator)
    centres = pixel_centres(*allowed.shape[1:]).to(target)
    index = chosen[:, None].expand(-1, 2, -1)
    return Matches(centres[chosen], target.flatten(2).gather(2, index).transpose(1, 2))


# -------------------------------------------------------------------------------- losses


def match_loss(first: Descriptors, second: Descriptors) -> Float[Tensor, ""]:
    """Returns ``mean D^2`` over matches.

    Source: Florence et al. (2018), equation 1.
    """
    return ((first - second) ** 2).sum(dim=-1).mean()


def non_match_loss(
    first: Descriptors,
    wrong: Float[Tensor, "n points each descriptor"],
    margin: float = MARGIN,
    hard_only: bool = True,
) -> Float[Tensor, ""]:
    """Returns ``sum max(0, M - D)^2 / N`` over non-matches.

    Args:
        hard_only: N counts only the non-matches nearer than the margin (equation 4), so that
            the many easy ones do not drown the few that still need work; else N counts all
            (equation 2).

    Source: Florence et al. (2018), equations 2 and 4.

    Raises:
        ValueError: when the margin is not positive.
    """
    if margin <= 0:
        raise ValueError(f"the margin must be positive, got {margin}")
    # The tiny number keeps the slope of the root finite where two descriptors are equal.
    distance = (((first[:, :, None] - wrong) ** 2).sum(dim=-1) + 1e-12).sqrt()
    missing = (margin - distance).clamp(min=0)
    number = (missing > 0).sum().clamp(min=1) if hard_only else missing.numel()
    return (missing**2).sum() / number


def pixel_info_nce(
    first: Descriptors,
    second: Descriptors,
    apart: Bool[Tensor, "n points points"],
    temperature: float = TEMPERATURE,
) -> Float[Tensor, ""]:
    """Returns InfoNCE over pixels: each match against the other matches of its picture.

    ``-log exp(a_i . b_i / T) / sum_j exp(a_i . b_j / T)``, over j = i and all j apart from i.

    Args:
        apart: which matches j lie far enough from i to be called wrong for i.

    Raises:
        ValueError: when the temperature is not positive.
    """
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    logits = first @ second.transpose(1, 2) / temperature
    self_pairs = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(~(apart | self_pairs), -torch.inf)
    return -logits.log_softmax(dim=2).diagonal(dim1=1, dim2=2).mean()


def far_apart(points: Points, away: float = 4.0) -> Bool[Tensor, "n points points"]:
    """Returns which points of a picture lie more than ``away`` pixels from each other."""
    return torch.cdist(points, points) > away


def info_nce_losses(
    network: Callable[[Pictures], Maps],
    pictures: tuple[Pictures, Pictures],
    matches: Matches,
    temperature: float = TEMPERATURE,
) -> dict[str, float | Tensor]:
    """Returns InfoNCE over pixels in both directions, on a batch."""
    before, after = network(torch.cat(pictures)).chunk(2)
    first = descriptors_at(before, matches.first)
    second = descriptors_at(after, matches.second)
    there = pixel_info_nce(first, second, far_apart(matches.second), temperature)
    back = pixel_info_nce(second, first, far_apart(matches.first), temperature)
    return {"loss": (there + back) / 2}


# ------------------------------------------------------------------------- correspondence


def best_match(descriptors: Descriptors, maps: Maps) -> Points:
    """Returns the centre of the pixel whose descriptor is nearest to each given one."""
    # Nearest in distance, whatever the lengths: |a - b|^2 = |a|^2 - 2 a.b + |b|^2.
    flat = maps.flatten(2)
    score = 2 * descriptors @ flat - (flat**2).sum(dim=1, keepdim=True)
    return pixel_centres(*maps.shape[2:]).to(maps)[score.argmax(dim=2)]


def heat_map(
    descriptor: Float[Tensor, " descriptor"],
    maps: Float[Tensor, "descriptor height width"],
    spread: float = 0.3,
) -> Float[Tensor, "height width"]:
    """Returns ``exp(-D^2 / spread^2)`` for each pixel: 1 where the descriptors are equal.

    Raises:
        ValueError: when the spread is not positive.
    """
    if spread <= 0:
        raise ValueError(f"spread must be positive, got {spread}")
    squared = ((maps - descriptor[:, None, None]) ** 2).sum(dim=0)
    return (-squared / spread**2).exp()
