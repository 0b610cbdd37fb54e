"""What a network looks at: hide a part of the picture and see how much less sure it becomes.

Nothing is assumed about the network, not even a gradient. Pictures are ``(n, channels, height,
width)`` in [0, 1].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

Images = Float[Tensor, "n channels height width"]
Score = Callable[[Images], Float[Tensor, " n"]]


@torch.no_grad()
def occlusion_map(
    score: Score, images: Images, side: int = 8, stride: int = 4
) -> Float[Tensor, "n rows columns"]:
    """Returns ``s(x) - s(x with a square hidden)``, for each place of the square.

    The square is painted with the picture's own mean colour. Large means: this part was needed.

    Source: Zeiler and Fergus (2014), "Visualizing and understanding convolutional networks", 4.2.

    Args:
        score: from pictures to one number each, for example the probability of the right answer.
        side, stride: of the hidden square and of its places, in pixels.

    Raises:
        ValueError: when the square does not fit or the stride is below 1.
    """
    height, width = images.shape[2:]
    if not 1 <= side <= min(height, width) or stride < 1:
        raise ValueError(
            f"a square of {side} with stride {stride} does not fit {height} x {width} pixels"
        )
    whole, mean = score(images), images.mean(dim=(2, 3), keepdim=True)
    tops, lefts = range(0, height - side + 1, stride), range(0, width - side + 1, stride)
    heat = images.new_empty(len(images), len(tops), len(lefts))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            hidden = images.clone()
            hidden[:, :, top : top + side, left : left + side] = mean
            heat[:, i, j] = whole - score(hidden)
    return heat


def share_inside(
    heat: Float[Tensor, "n rows columns"], mask: Bool[Tensor, "m height width"], side: int
) -> float:
    """Returns the share of the positive heat whose square's centre lies on the mask.

    Compare it with the share of squares whose centre lies there: ``mask`` alone gives that when
    the heat is constant.

    Raises:
        ValueError: when there are not as many masks as maps, or no heat is positive.
    """
    if len(heat) != len(mask):
        raise ValueError(f"{len(heat)} maps but {len(mask)} masks")
    warm = heat.clamp(min=0)
    if not bool(warm.sum() > 0):
        raise ValueError("no heat is positive")
    rows, columns = (
        _centres(count, size, side)
        for count, size in zip(heat.shape[1:], mask.shape[1:], strict=True)
    )
    inside = mask[:, rows.to(mask.device)][:, :, columns.to(mask.device)].to(warm)
    return ((warm * inside).sum() / warm.sum()).item()


def _centres(count: int, size: int, side: int) -> Tensor:
    """Pixels at the middle of the squares, which start at 0, stride, ... up to size - side."""
    stride = (size - side) // max(count - 1, 1)
    return torch.arange(count) * stride + side // 2
