"""Jigsaw puzzles: nine shuffled tiles of a picture, and which of the known orders was it?

Pictures are ``(n, channels, height, width)``; tiles ``(n, tiles, channels, side, side)``, row by
row. The network is ``patches.PartsNetwork`` with one class for each order.
"""

from __future__ import annotations

import itertools

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.selfsup.patches import extract_patches, random_integers

Images = Float[Tensor, "n channels height width"]
Tiles = Float[Tensor, "n tiles channels side side"]
Generator = torch.Generator | None


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


def cut_tiles(images: Images, grid: int = 3, side: int = 8, generator: Generator = None) -> Tiles:
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
        down = random_integers(0, height - side, (len(images),), generator)
        right = random_integers(0, width - side, (len(images),), generator)
        corners = torch.stack([row * height + down, column * width + right], dim=1)
        tiles.append(extract_patches(images, corners, side))
    return torch.stack(tiles, dim=1)


def standardise_tiles(tiles: Tiles, floor: float = 0.02) -> Tiles:
    """Gives each tile mean 0 and deviation 1, lest neighbours be found by their brightness.

    Source: Noroozi and Favaro (2016), section 4.2. ``floor`` bounds the deviation from below,
    so that the noise of a plain sky is not blown up.
    """
    mean = tiles.mean(dim=(2, 3, 4), keepdim=True)
    spread = tiles.std(dim=(2, 3, 4), keepdim=True)
    return (tiles - mean) / spread.clamp(min=floor)


def shuffle_tiles(tiles: Tiles, orders: Int[Tensor, "n tiles"]) -> Tiles:
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


def assemble_tiles(tiles: Tiles, grid: int) -> Float[Tensor, "n channels height width"]:
    """Lays ``grid`` x ``grid`` tiles out as one picture, row by row.

    Raises:
        ValueError: when there are not ``grid**2`` tiles.
    """
    count, places, channels, side, _ = tiles.shape
    if places != grid * grid:
        raise ValueError(f"a grid of {grid} x {grid} needs {grid * grid} tiles, got {places}")
    laid = tiles.view(count, grid, grid, channels, side, side).permute(0, 3, 1, 4, 2, 5)
    return laid.reshape(count, channels, grid * side, grid * side)


def hamming_distances(orders: Int[Tensor, "n tiles"]) -> Int[Tensor, "n n"]:
    """Returns in how many places each two orders differ; 0 on the diagonal."""
    return (orders[:, None] != orders[None]).sum(dim=-1)


def put_in_order(
    order: Int[Tensor, " tiles"], believed: Int[Tensor, " tiles"]
) -> Int[Tensor, " tiles"]:
    """Moves the piece at place k to place ``believed[k]``: the order after someone's solution.

    ``order[k]`` is the tile that lies at place k; a right belief gives 0, 1, 2, ... Sources
    number permutations either way: here, as in ``shuffle_tiles``, they say which tile lies where.

    Raises:
        ValueError: when ``believed`` does not name every place once.
    """
    if not torch.equal(believed.sort().values, torch.arange(len(order), device=believed.device)):
        raise ValueError(f"a belief names each of the {len(order)} places once")
    solved = torch.empty_like(order)
    solved[believed] = order
    return solved
