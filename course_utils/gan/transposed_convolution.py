"""Fractionally-strided convolution, by hand: how a generator makes a small map large.

V. Dumoulin and F. Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4;
A. Odena, V. Dumoulin, C. Olah, "Deconvolution and Checkerboard Artifacts", Distill 2016, for
what goes wrong. It is also called transposed convolution, and wrongly "deconvolution".
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def stamped(
    small: Float[Tensor, "height width"],
    kernel: Float[Tensor, "side side"],
    stride: int = 2,
    padding: int = 1,
) -> Float[Tensor, "large_height large_width"]:
    """Every input pixel stamps the kernel, times its own value, at ``stride`` times its place.

        large[s i + a, s j + b] += small[i, j] kernel[a, b],  then ``padding`` is cut off all round

    Source: Dumoulin and Visin 2016, section 4.1. Written as loops, to be read. The output has
    s (n - 1) + k - 2 p pixels each way.

    Raises:
        ValueError: when stride is below 1, padding negative, or nothing would be left.
    """
    check_stamp(min(small.shape), len(kernel), stride, padding)
    rows, columns, side = *small.shape, len(kernel)
    large = small.new_zeros(stride * (rows - 1) + side, stride * (columns - 1) + side)
    for i in range(rows):
        for j in range(columns):
            for a in range(side):
                for b in range(side):
                    large[stride * i + a, stride * j + b] += small[i, j] * kernel[a, b]
    return large[padding : len(large) - padding, padding : large.shape[1] - padding]


def gathered(
    small: Float[Tensor, "height width"],
    kernel: Float[Tensor, "side side"],
    stride: int = 2,
    padding: int = 1,
) -> Float[Tensor, "large_height large_width"]:
    """The same from the output's side: zeros between the pixels, then an ordinary convolution.

    Source: Dumoulin and Visin 2016, sections 4.2 to 4.6. The kernel moves by one pixel of the
    output, a *fraction* 1/s of a pixel of the input: hence the lecture's name. The kernel is
    turned by half a turn, because torch's convolution is a correlation.

    Raises:
        ValueError: as `stamped`, or when the padding exceeds the kernel's side - 1.
    """
    check_stamp(min(small.shape), len(kernel), stride, padding)
    if padding > len(kernel) - 1:
        raise ValueError(f"padding {padding} exceeds what a kernel of {len(kernel)} can give up.")
    spread = with_zeros_between(small, stride)
    rim = len(kernel) - 1 - padding
    return F.conv2d(spread[None, None], kernel.flip(0, 1)[None, None], padding=rim)[0, 0]


def with_zeros_between(
    small: Float[Tensor, "height width"], stride: int
) -> Float[Tensor, "spread_height spread_width"]:
    """stride - 1 zeros between neighbouring pixels (Dumoulin and Visin 2016, section 4.5).

    Raises:
        ValueError: when the stride is below 1.
    """
    if stride < 1:
        raise ValueError(f"stride must be at least 1, got {stride}.")
    spread = small.new_zeros([stride * (length - 1) + 1 for length in small.shape])
    spread[::stride, ::stride] = small
    return spread


def stamps_per_pixel(kernel: int, stride: int, length: int = 8) -> Float[Tensor, "large large"]:
    """How many stamps fall on each output pixel, away from the rim.

    Source: Odena et al. 2016. Where the kernel's side is a multiple of the stride all pixels get
    (k/s)² of them; where it is not, their number alternates: that is the checkerboard.

    Raises:
        ValueError: when a size is below 1, or so few stamps leave nothing but rim.
    """
    check_stamp(length, kernel, stride, 0)
    one = torch.ones(1, 1, length, length)
    counts = F.conv_transpose2d(one, torch.ones(1, 1, kernel, kernel), stride=stride)[0, 0]
    rim = kernel  # within a kernel's side of the edge some stamps are missing
    if len(counts) <= 2 * rim:
        raise ValueError(f"{length} stamps of {kernel} leave nothing but rim: take more.")
    return counts[rim:-rim, rim:-rim]


def unevenness(picture: Float[Tensor, "height width"]) -> float:
    """Spread of the pixels over their mean: 0 for an even sheet.

    A kernel of ones on an even map shows its unevenness unmixed (after Odena et al. 2016).
    """
    return float(picture.std(correction=0) / picture.mean())


def check_stamp(length: int, kernel: int, stride: int, padding: int) -> None:
    """Refuses sizes that give no output.

    Raises:
        ValueError: when a size is below 1, padding is negative, or nothing would be left.
    """
    if min(length, kernel, stride) < 1 or padding < 0:
        raise ValueError("map, kernel and stride must be at least 1, and padding at least 0.")
    left = stride * (length - 1) + kernel - 2 * padding
    if left < 1:
        raise ValueError(f"padding {padding} leaves {left} pixels of the output.")
