"""Relative patch location: where does the second patch lie, seen from the first?

The label is free, and so are the ways to cheat: see ``shortcuts``. The network here serves
``jigsaw`` as well, which asks the same of nine parts.

Pictures are ``(n, channels, height, width)``; corners are (top, left) in pixels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Images = Float[Tensor, "n channels height width"]
Patches = Float[Tensor, "n channels side side"]
Corners = Int[Tensor, "n 2"]
Generator = torch.Generator | None

# The eight places round the centre, row by row: (down, right) in steps of one patch. Doersch et
# al. number them 1 to 8 in this order (their figure 2, and the lecture's "Y = 3", the upper
# right); labels here start at 0, so that place is label 2.
NEIGHBOUR_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def random_integers(
    low: int, high: int, shape: tuple[int, ...], generator: Generator = None
) -> Int[Tensor, "*shape"]:
    """Returns random integers from low to high, both included."""
    device = generator.device if generator is not None else "cpu"
    return torch.randint(low, high + 1, shape, generator=generator, device=device)


def extract_patches(images: Images, corners: Corners, side: int) -> Patches:
    """Cuts one square patch from each picture.

    Raises:
        ValueError: when a patch leaves its picture or the numbers differ.
    """
    height, width = images.shape[2:]
    if corners.shape != (len(images), 2):
        raise ValueError(f"one corner (top, left) a picture is needed, got {tuple(corners.shape)}")
    limit = corners.new_tensor([height - side, width - side])
    if bool(((corners < 0) | (corners > limit)).any()):
        raise ValueError(f"a patch of side {side} would leave its {height} x {width} picture")
    corners = corners.to(images.device)
    along = torch.arange(side, device=images.device)
    rows = (corners[:, :1] + along)[:, :, None]
    columns = (corners[:, 1:] + along)[:, None, :]
    index = torch.arange(len(images), device=images.device)[:, None, None]
    return images[index, :, rows, columns].permute(0, 3, 1, 2)


# -------------------------------------------------------------- relative patch location


class PatchPairs(NamedTuple):
    """Two patches of each picture, the place of the second round the first, their corners."""

    centres: Patches
    neighbours: Patches
    labels: Int[Tensor, " n"]
    centre_corners: Corners
    neighbour_corners: Corners


def neighbour_corners(
    centre_corners: Corners, labels: Int[Tensor, " n"], side: int, gap: int, shifts: Corners
) -> Corners:
    """Returns ``centre + step(label) (side + gap) + shift``, the corner of the second patch.

    Raises:
        ValueError: when a label is not 0 to 7.
    """
    if bool(((labels < 0) | (labels >= len(NEIGHBOUR_STEPS))).any()):
        raise ValueError("a place round the centre is a label from 0 to 7")
    steps = torch.tensor(NEIGHBOUR_STEPS, device=labels.device)
    return centre_corners + steps[labels] * (side + gap) + shifts


def relative_patch_pairs(
    images: Images, side: int = 8, gap: int = 2, jitter: int = 1, generator: Generator = None
) -> PatchPairs:
    """Draws a centre patch and one of its eight neighbours from each picture.

    The centre is drawn where *every* neighbour would fit, so its place says nothing of the
    label. ``gap`` pixels lie between the two and the neighbour moves by up to ``jitter``
    pixels, lest lines running on across a border give the answer.

    Source: Doersch, Gupta, Efros (2015), section 3 (patches 96, gap 48, jitter 7 pixels).

    Raises:
        ValueError: when three patches, two gaps and two jitters do not fit in the picture, or
            the jitter is larger than the gap (patches could overlap).
    """
    count, _, height, width = images.shape
    if side < 1 or jitter < 0 or gap < jitter:
        raise ValueError(f"need side >= 1 and gap >= jitter >= 0, got {side}, {gap}, {jitter}")
    reach = side + gap + jitter
    if 2 * reach + side > min(height, width):
        raise ValueError(
            f"patches of {side} with gap {gap} and jitter {jitter} need {2 * reach + side} pixels, "
            f"the picture has {height} x {width}"
        )
    labels = random_integers(0, len(NEIGHBOUR_STEPS) - 1, (count,), generator)
    top = random_integers(reach, height - side - reach, (count,), generator)
    left = random_integers(reach, width - side - reach, (count,), generator)
    shifts = random_integers(-jitter, jitter, (count, 2), generator)
    first = torch.stack([top, left], dim=1)
    second = neighbour_corners(first, labels, side, gap, shifts)
    return PatchPairs(
        extract_patches(images, first, side),
        extract_patches(images, second, side),
        labels.to(images.device),
        first,
        second,
    )


class PartsNetwork(nn.Module):
    """One shared encoder reads every part; a small head reads their features side by side.

    With 2 parts and 8 classes it is the network of Doersch et al. (figure 6), with 9 parts and
    one class a permutation the context-free network of Noroozi and Favaro (figure 3). Because
    the parts meet only at the top, the encoder must describe each part by itself.
    """

    def __init__(self, encoder: nn.Module, parts: int, classes: int, hidden: int = 128) -> None:
        super().__init__()
        self.encoder, self.parts = encoder, parts
        self.head = nn.Sequential(
            nn.Linear(parts * encoder.feature_size, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, classes),
        )

    def forward(
        self, parts: Float[Tensor, "n parts channels side side"]
    ) -> Float[Tensor, "n classes"]:
        """Returns one logit for each arrangement.

        Raises:
            ValueError: when there is another number of parts.
        """
        if parts.ndim != 5 or parts.shape[1] != self.parts:
            raise ValueError(f"expected {self.parts} parts a picture, got {tuple(parts.shape)}")
        features = self.encoder(parts.flatten(end_dim=1))
        return self.head(features.view(len(parts), -1))
