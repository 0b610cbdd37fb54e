"""Compiled: what of a tile's list of splats is worth a visit.

Where many small splats lie behind each other, most are hidden. 3D Gaussian Splatting (Kerbl et
al. 2023, section 6) stops a pixel that lets next to nothing through; here a whole block of
pixels is full when all of its pixels are, and a splat that touches full blocks alone is left out.
Lists are sifted some splats at a time, before any of these is painted. Their lines of the table
lie all over memory: asked for one right after the other, they arrive at about the same time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from course_utils.vision3d.splats.rasterize.numba_binning import (
    COLUMNS,
    TILE_HEIGHT,
    TILE_WIDTH,
    X0,
    X1,
    Y0,
    Y1,
)
from course_utils.vision3d.splats.rasterize.numba_lanes import LANES, OPTIONS

F, N = np.float32, np.uint64  # unsigned: a signed index would be checked for being negative
STRIDE = TILE_WIDTH + LANES  # of a tile's buffer: a visit may reach beyond its right border
BATCH = 64  # splats sifted at a time
BLOCK = 4  # pixels along a side of the blocks of a tile
ACROSS, DOWN = TILE_WIDTH // BLOCK, TILE_HEIGHT // BLOCK  # blocks: 64, the bits of one number
ALL_FULL = N(2 ** (ACROSS * DOWN) - 1)
FIRST_COLUMN = N((2 ** (ACROSS * DOWN) - 1) // (2**ACROSS - 1))
ROW, SIDE, WIDE, NOTHING = N(STRIDE), N(BLOCK), N(ACROSS), N(0)


@njit(**OPTIONS)
def window(table, g, left, top):
    """Pixels of a tile that a splat may reach, as x0, x1, y0, y1 counted from its corner."""
    x0, x1 = max(int(table[g, X0]) - left, 0), min(int(table[g, X1]) - left, TILE_WIDTH)
    y0, y1 = max(int(table[g, Y0]) - top, 0), min(int(table[g, Y1]) - top, TILE_HEIGHT)
    return x0, x1, y0, y1


@njit(**OPTIONS)
def full_blocks(through, limit, most):
    """The blocks of a tile in which no pixel lets more than ``limit`` through: a bit for each.

    through: transmittance, a tile's buffer. most: room for a row of pixels.
    """
    full = NOTHING
    for row in range(N(DOWN)):
        for x in range(N(TILE_WIDTH)):
            p = row * SIDE * ROW + x
            most[x] = through[p]
            for y in range(N(1), SIDE):
                most[x] = max(most[x], through[p + y * ROW])
        for column in range(WIDE):
            highest = F(0)
            for x in range(SIDE):
                highest = max(highest, most[column * SIDE + x])
            full |= N(highest < limit) << (row * WIDE + column)
    return full


@njit(**OPTIONS)
def blocks_of(x0, x1, y0, y1):
    """The blocks that a window of pixels touches, as bits."""
    columns = (N(2) << N(x1 - 1) // SIDE) - (N(1) << N(x0) // SIDE)
    first, last = N(y0) // SIDE * WIDE, N(y1 - 1) // SIDE * WIDE
    rows = FIRST_COLUMN >> first << first & (N(2) << last) - N(1)
    return columns * rows


@njit(**OPTIONS)
def fetch(table, g, lines, j):
    """Copy a splat's line of the table."""
    for column in range(COLUMNS):
        lines[j, column] = table[g, column]


@njit(**OPTIONS)
def sift(table, splats, part, corner, full, lines, entries):
    """Which entries of a part of a tile's list touch a block that is not full: their lines of
    the table go to ``lines``, their places in the list to ``entries``. Returns how many.

    part: the first, and the last + 1. corner: left and top pixel of the tile.
    """
    count = 0
    for k in range(part[0], part[1]):
        g = splats[k]
        x0, x1, y0, y1 = window(table, g, corner[0], corner[1])
        fetch(table, g, lines, count)
        entries[count] = k
        count += int(blocks_of(x0, x1, y0, y1) & ~full != NOTHING)  # else overwritten by the next
    return count
