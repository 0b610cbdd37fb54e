"""Splats by tiles in plain torch: for devices without a compiled renderer, and to be read.

The picture is cut into tiles, and each tile composites only the splats that touch it, in order
of depth (Kerbl et al. 2023, section 6). Tiles with lists of similar length are worked off
together, the shorter lists filled up with splats of opacity zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.fields.compositing import composite, weights_from_alpha
from course_utils.vision3d.splats.projection import ALPHA_MAX, ALPHA_MIN, Splats, half_extents

TILE = 16  # pixels, both ways
PAIRS_AT_ONCE = 2**22  # pixels times splats in one batch of tiles


@dataclass(frozen=True)
class TileLists:
    """Which splats touch which tile. Tiles are counted row by row from the top left.

    starts (tiles + 1): where each tile's part of the lists begins. splats: the listed splats,
    nearest first within a tile. slots: a place for each entry, so that those of one splat lie
    together. across, down: numbers of tiles.
    """

    starts: Int[Tensor, "borders"]
    splats: Int[Tensor, "entries"]
    slots: Int[Tensor, "entries"]
    across: int
    down: int


@torch.no_grad()
def list_tiles(splats: Splats, camera: Camera) -> TileLists:
    """For each tile its splats from near to far (Kerbl et al. 2023, section 6), on any device."""
    across, down = -(-camera.width // TILE), -(-camera.height // TILE)
    half = half_extents(splats.conics, splats.opacities)
    limits = torch.tensor([across, down], device=half.device)
    # The first and last pixel whose centre lies in the box, then their tiles.
    low = ((splats.means - half - 0.5).ceil() / TILE).floor()
    high = ((splats.means + half - 0.5).floor() / TILE).floor() + 1
    low, high = (x.clamp_min(0).minimum(limits).long() for x in (low, high))
    seen = (splats.opacities >= ALPHA_MIN)[:, None]
    size = torch.where(seen, high - low, 0).clamp_min(0)
    counts = size.prod(1)
    order = torch.argsort(splats.depths, stable=True)
    entry = torch.repeat_interleave(order, counts[order])
    ends = counts[order].cumsum(0)
    within = torch.arange(len(entry), device=entry.device)
    within = within - torch.repeat_interleave(ends - counts[order], counts[order])
    tile = (low[entry, 1] + within // size[entry, 0]) * across
    tile = tile + low[entry, 0] + within % size[entry, 0]
    tile, order = torch.sort(tile, stable=True)  # stable: depth order stays within each tile
    borders = torch.arange(across * down + 1, device=tile.device)
    slots = (counts.cumsum(0) - counts)[entry] + within
    return TileLists(torch.searchsorted(tile, borders), entry[order], slots[order], across, down)


def rasterise_tiles(
    splats: Splats, camera: Camera
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Colour and transmittance by tiles, in plain torch and in the dtype of the splats.

    Kerbl et al. 2023, section 6. Differentiable in the splats; takes every splat, never stops
    early.
    """
    lists = list_tiles(splats, camera)
    lengths = lists.starts.diff()
    rank = torch.argsort(lengths, stable=True)
    done, parts = 0, []
    while done < len(rank):  # as many tiles at once as fit, all as long as the longest of them
        group = _group(lengths[rank[done:]])
        parts.append(_composite_tiles(splats, lists, rank[done : done + group]))
        done += group
    found = torch.cat(parts)[torch.argsort(rank)]
    found = found.unflatten(1, (TILE, TILE)).unflatten(0, (lists.down, lists.across))
    picture = found.permute(4, 0, 2, 1, 3).flatten(3, 4).flatten(1, 2)
    picture = picture[:, : camera.height, : camera.width]
    return picture[:3], picture[3]


def _group(lengths: Int[Tensor, "tiles"]) -> int:
    """How many tiles, sorted by length, to take at once: none twice as long as the first."""
    limit = max(2 * int(lengths[0]), 16)
    count = int(torch.searchsorted(lengths, limit, right=True))
    return max(1, min(count, PAIRS_AT_ONCE // (TILE * TILE * limit)))


def _composite_tiles(
    splats: Splats, lists: TileLists, tiles: Int[Tensor, "tiles"]
) -> Float[Tensor, "tiles pixels 4"]:
    """Colour and transmittance of some tiles, each with its own splats."""
    first, length = lists.starts[tiles], lists.starts.diff()[tiles]
    longest = max(1, int(length.max()))
    place = torch.arange(longest, device=tiles.device)
    listed = place < length[:, None]
    if len(lists.splats) == 0:
        # Nothing is listed anywhere; the sum over no splats still belongs to the graph.
        nothing = splats.colours.sum() * 0
        return nothing + nothing.new_tensor([0, 0, 0, 1.0]).expand(len(tiles), TILE * TILE, 4)
    entry = (first[:, None] + place).clamp_max(len(lists.splats) - 1)
    chosen = lists.splats[entry]
    corner = torch.stack([tiles % lists.across, tiles // lists.across], -1) * TILE
    step = torch.arange(TILE, device=tiles.device) + 0.5
    pixel = torch.stack(torch.meshgrid(step, step, indexing="xy"), -1).flatten(0, 1)
    # The mean is counted from the tile's corner: small numbers keep their digits.
    offset = pixel[:, None] - (splats.means[chosen] - corner[:, None])[:, None]
    alpha = _alpha(offset, splats.conics[chosen][:, None], splats.opacities[chosen][:, None])
    alpha = torch.where(listed[:, None], alpha, 0.0)
    weights = weights_from_alpha(alpha)
    colour = composite(weights, splats.colours[chosen][:, None])
    return torch.cat([colour, 1 - weights.sum(-1, keepdim=True)], -1)


def _alpha(offset: Tensor, conics: Tensor, opacities: Tensor) -> Tensor:
    """Alpha of splats at offsets from their means, by a completed square.

    a du^2 + 2 b du dv + c dv^2 = a (du + s dv)^2 + (c - s b) dv^2 with s = b / a: no small
    difference of large numbers, which float32 could not hold for a long thin splat.
    """
    a, b, c = conics.unbind(-1)
    du, dv = offset.unbind(-1)
    slope = b / a
    exponent = a * (du + slope * dv).square() + (c - slope * b) * dv.square()
    alpha = (opacities * torch.exp(-0.5 * exponent)).clamp_max(ALPHA_MAX)
    return torch.where(alpha >= ALPHA_MIN, alpha, 0.0)
