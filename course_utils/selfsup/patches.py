"""Pretext tasks on parts of pictures: relative patch location and jigsaw puzzles.

Both ask where a part belongs, so both are open to the same shortcuts: lines that run on across
a border (answered by a gap and a jitter) and the colour fringes of a lens, which tell the
absolute place (answered by removing the green-magenta axis or two of the channels).

Pictures are ``(n, channels, height, width)``; corners are (top, left) in pixels.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.selfsup.augment import crop_resize

Images = Float[Tensor, "n channels height width"]
Patches = Float[Tensor, "n channels side side"]
Corners = Int[Tensor, "n 2"]
Generator = torch.Generator | None

# The eight places round the centre, row by row: (down, right) in steps of one patch. Doersch et
# al. number them 1 to 8 in this order (their figure 2, and the lecture's "Y = 3", the upper
# right); labels here start at 0, so that place is label 2.
NEIGHBOUR_STEPS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def _integers(low: int, high: int, shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Random integers from low to high, both included."""
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
    labels = _integers(0, len(NEIGHBOUR_STEPS) - 1, (count,), generator)
    top = _integers(reach, height - side - reach, (count,), generator)
    left = _integers(reach, width - side - reach, (count,), generator)
    shifts = _integers(-jitter, jitter, (count, 2), generator)
    first = torch.stack([top, left], dim=1)
    second = neighbour_corners(first, labels, side, gap, shifts)
    return PatchPairs(
        extract_patches(images, first, side),
        extract_patches(images, second, side),
        labels.to(images.device),
        first,
        second,
    )


def chromatic_aberration(images: Images, strength: float) -> Images:
    """Imitates a lens: red is magnified about the centre by ``1 + strength``, blue shrunk alike.

    At ``r`` pixels from the centre the red image lies about ``r * strength`` pixels further
    out than the green, so a patch shows by its fringes where in the picture it lay.

    Raises:
        ValueError: when there are not three channels or ``strength`` is not in [0, 0.5).
    """
    if images.shape[1] != 3 or not 0 <= strength < 0.5:
        raise ValueError("chromatic aberration needs RGB pictures and a strength in [0, 0.5)")
    count, _, height, width = images.shape

    def scaled(channel: Tensor, factor: float) -> Tensor:
        box_height, box_width = height / factor, width / factor
        corner = [(height - box_height) / 2, (width - box_width) / 2]
        box = channel.new_tensor([*corner, box_height, box_width]).repeat(count, 1)
        return crop_resize(channel, box)

    red, green, blue = images.split(1, dim=1)
    return torch.cat([scaled(red, 1 + strength), green, scaled(blue, 1 - strength)], dim=1)


def project_colours(images: Images) -> Images:
    """Removes the green-magenta axis: every colour times ``I - a a' / (a' a)``, a = (-1, 2, -1).

    Grey stays as it is, and fringes between green and magenta vanish.

    Source: Doersch et al. (2015), section 3.1, "projection".
    """
    axis = images.new_tensor([-1.0, 2.0, -1.0])
    matrix = torch.eye(3, device=images.device, dtype=images.dtype)
    matrix = matrix - torch.outer(axis, axis) / (axis @ axis)
    return torch.einsum("ij,njhw->nihw", matrix, images)


def drop_channels(images: Images, generator: Generator = None) -> Images:
    """Keeps one random channel of each picture; the others become noise of 1/100 its deviation.

    Source: Doersch et al. (2015), section 3.1, "color dropping".
    """
    count, channels = images.shape[:2]
    kept = _integers(0, channels - 1, (count,), generator).to(images.device)
    device = generator.device if generator is not None else images.device
    noise = torch.randn(images.shape, generator=generator, device=device).to(images)
    index = torch.arange(count, device=images.device)
    spread = images[index, kept].flatten(start_dim=1).std(dim=1) / 100
    mean = images[index, kept].mean(dim=(1, 2))
    filled = mean[:, None, None, None] + spread[:, None, None, None] * noise
    keep = F.one_hot(kept, channels).bool()[:, :, None, None]
    return torch.where(keep, images, filled)


# ------------------------------------------------------------------------------ jigsaw


def permutation_set(
    count: int, tiles: int = 9, generator: Generator = None
) -> Int[Tensor, "count tiles"]:
    """Returns ``count`` permutations far from each other in Hamming distance, chosen greedily.

    The first is random; each next one has the largest minimum distance to those chosen, of
    these the largest sum of distances, of these a random one. Permutations that differ in two
    tiles only would make puzzles that cannot be told apart.

    Source: Noroozi and Favaro (2016), algorithm 1 (which maximises the mean distance alone).

    Raises:
        ValueError: when ``tiles`` is not 2 to 9 or there are fewer than ``count`` permutations.
    """
    if not 2 <= tiles <= 9:
        raise ValueError(f"tiles must be 2 to 9 (all permutations are listed), got {tiles}")
    every = torch.tensor(list(itertools.permutations(range(tiles))), dtype=torch.int8)
    if not 1 <= count <= len(every):
        raise ValueError(f"{tiles} tiles have {len(every)} permutations, {count} were asked for")
    device = generator.device if generator is not None else "cpu"
    ties = torch.rand(len(every), generator=generator, device=device).cpu()
    nearest, total = torch.full((len(every),), tiles), torch.zeros(len(every), dtype=torch.long)
    chosen = [int(ties.argmax())]
    while len(chosen) < count:
        distance = (every != every[chosen[-1]]).sum(dim=1)
        nearest, total = torch.minimum(nearest, distance), total + distance
        rank = nearest * (tiles * count + 1) + total
        chosen.append(int((rank + ties * (nearest > 0)).argmax()))
    return every[chosen].long()


def cut_tiles(
    images: Images, grid: int = 3, side: int = 8, generator: Generator = None
) -> Float[Tensor, "n tiles channels side side"]:
    """Cuts ``grid`` x ``grid`` tiles, row by row, each at a random place inside its cell.

    The room between cell and tile is the gap that hides lines running across a border.

    Source: Noroozi and Favaro (2016), section 3.3 (tiles of 64 in cells of 75 pixels).

    Raises:
        ValueError: when a tile is larger than its cell.
    """
    height, width = images.shape[2] // grid, images.shape[3] // grid
    if not 1 <= side <= min(height, width):
        raise ValueError(f"tiles of side {side} do not fit in cells of {height} x {width}")
    tiles = []
    for row, column in itertools.product(range(grid), repeat=2):
        down = _integers(0, height - side, (len(images),), generator)
        right = _integers(0, width - side, (len(images),), generator)
        corners = torch.stack([row * height + down, column * width + right], dim=1)
        tiles.append(extract_patches(images, corners, side))
    return torch.stack(tiles, dim=1)


def standardise_tiles(
    tiles: Float[Tensor, "n tiles channels side side"], floor: float = 0.02
) -> Float[Tensor, "n tiles channels side side"]:
    """Gives each tile mean 0 and deviation 1, lest neighbours be found by their brightness.

    Source: Noroozi and Favaro (2016), section 4.2. ``floor`` bounds the deviation from below,
    so that the noise of a plain sky is not blown up.
    """
    mean = tiles.mean(dim=(2, 3, 4), keepdim=True)
    spread = tiles.std(dim=(2, 3, 4), keepdim=True)
    return (tiles - mean) / spread.clamp(min=floor)


def shuffle_tiles(
    tiles: Float[Tensor, "n tiles channels side side"], orders: Int[Tensor, "n tiles"]
) -> Float[Tensor, "n tiles channels side side"]:
    """Puts tile ``orders[i, k]`` of picture i at place k.

    Raises:
        ValueError: when ``orders`` are not permutations of the tiles.
    """
    count, places = tiles.shape[:2]
    expected = torch.arange(places, device=orders.device).expand(count, -1)
    if orders.shape != (count, places) or not torch.equal(orders.sort(dim=1).values, expected):
        raise ValueError(f"orders must be one permutation of {places} tiles a picture")
    rows = torch.arange(count, device=tiles.device)[:, None]
    return tiles[rows, orders.to(tiles.device)]


def assemble_tiles(
    tiles: Float[Tensor, "n tiles channels side side"], grid: int
) -> Float[Tensor, "n channels height width"]:
    """Lays ``grid`` x ``grid`` tiles out as one picture, row by row.

    Raises:
        ValueError: when there are not ``grid**2`` tiles.
    """
    count, places, channels, side, _ = tiles.shape
    if places != grid * grid:
        raise ValueError(f"a grid of {grid} x {grid} needs {grid * grid} tiles, got {places}")
    laid = tiles.view(count, grid, grid, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return laid.reshape(count, channels, grid * side, grid * side)


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
