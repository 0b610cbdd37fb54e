"""Compiled: sort splats by depth, and list for each tile of pixels the splats that touch it.

Tile lists are those of 3D Gaussian Splatting (Kerbl et al. 2023, section 6), built by counting
instead of by sorting pairs. A splat's box is exact: outside it alpha is below 1/255.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from course_utils.core.numba_support import options
from course_utils.vision3d.splats.projection import ALPHA_MIN

OPTIONS = options()
TILE_WIDTH, TILE_HEIGHT = 64, 16  # pixels
# Columns of the table that `prepare_splats` makes: one splat is one line of a cache, 64 bytes.
# What is added to large coordinates is kept as two numbers, a float32 and what it leaves over.
U, U_MORE, V, V_MORE, SLOPE, SLOPE_MORE, SHARP, REST, LEVEL = range(9)
X0, X1, Y0, Y1, RED, GREEN, BLUE = range(9, 16)
COLUMNS = 16
DIGIT = 11  # bits that one pass of the radix sort looks at
LOG2E, LOWEST_LEVEL = 1 / math.log(2), math.log2(ALPHA_MIN)


@njit(**OPTIONS)
def put(table, g, column, value):
    """Store a float64 in two columns: rounded, and the rest."""
    table[g, column] = value
    table[g, column + 1] = value - float(table[g, column])


@njit(**OPTIONS)
def prepare_splats(means, conics, opacities, colours, width, height):
    """What the tiles need of each splat, (gaussians, 16), in float32, and the tiles it touches.

    The quadratic form is kept as a completed square, a (du + s dv)^2 + r dv^2 with s = b / a
    and r = c - b^2 / a: two positive terms, where a du^2 + 2 b du dv + c dv^2 would be a small
    difference of large numbers for a long thin splat far from its mean. Powers of two replace
    powers of e: SHARP and REST are a and r times log2(e) / 2, LEVEL is log2(opacity). X0, X1,
    Y0 and Y1 bound the pixels of the picture whose centres lie in the box where alpha reaches
    1/255. Boxes of tiles, (gaussians, 4) as x0, y0, x1, y1, are empty for what is not seen.
    """
    table = np.empty((len(opacities), COLUMNS), np.float32)
    boxes = np.zeros((len(opacities), 4), np.int32)
    for g in range(len(opacities)):
        if opacities[g] < ALPHA_MIN:
            continue
        a, b, c = conics[g, 0], conics[g, 1], conics[g, 2]
        slope = b / a
        rest = c - slope * b
        level = math.log2(opacities[g])
        reach = max(level - LOWEST_LEVEL, 0.0) / (0.5 * LOG2E * rest)
        half_u, half_v = math.sqrt(reach * c / a), math.sqrt(reach)
        u, v = means[g, 0] - 0.5, means[g, 1] - 0.5
        x0, x1 = max(np.ceil(u - half_u), 0.0), min(np.floor(u + half_u) + 1.0, float(width))
        y0, y1 = max(np.ceil(v - half_v), 0.0), min(np.floor(v + half_v) + 1.0, float(height))
        if x0 < x1 and y0 < y1:
            boxes[g, 0], boxes[g, 2] = int(x0) // TILE_WIDTH, (int(x1) - 1) // TILE_WIDTH + 1
            boxes[g, 1], boxes[g, 3] = int(y0) // TILE_HEIGHT, (int(y1) - 1) // TILE_HEIGHT + 1
            put(table, g, U, means[g, 0])
            put(table, g, V, means[g, 1])
            put(table, g, SLOPE, slope)
            table[g, SHARP], table[g, REST] = 0.5 * LOG2E * a, 0.5 * LOG2E * rest
            table[g, LEVEL] = level
            table[g, X0], table[g, X1], table[g, Y0], table[g, Y1] = x0, x1, y0, y1
            for channel in range(3):
                table[g, RED + channel] = colours[g, channel]
    return table, boxes


@njit(**OPTIONS)
def depth_order(depths):
    """Indices from the nearest to the farthest, equal depths in their order: a radix sort."""
    bits = depths.view(np.uint64)
    sign = np.uint64(1) << np.uint64(63)
    keys = np.empty_like(bits)
    for g in range(len(bits)):  # the order of floats as the order of unsigned integers
        keys[g] = ~bits[g] if bits[g] & sign else bits[g] | sign
    order, other = np.arange(len(bits), dtype=np.int32), np.empty(len(bits), np.int32)
    mask = np.uint64((1 << DIGIT) - 1)
    for shift in range(0, 64, DIGIT):
        starts = np.zeros((1 << DIGIT) + 1, np.int64)
        for g in range(len(keys)):
            starts[((keys[g] >> np.uint64(shift)) & mask) + np.uint64(1)] += 1
        if starts.max() < len(keys):  # else all have the same digit here
            starts = np.cumsum(starts)
            for k in range(len(order)):
                digit = (keys[order[k]] >> np.uint64(shift)) & mask
                other[starts[digit]] = order[k]
                starts[digit] += 1
            order, other = other, order
    return order


@njit(**OPTIONS)
def count_entries(boxes, across, down):
    """How many boxes hold each tile, row by row of tiles, after a first zero: (tiles + 1).

    A box is marked at its four corners alone; sums along rows and columns fill it. Without a
    loop over its tiles there is no loop whose end a processor has to guess.
    """
    marks = np.zeros((down + 1, across + 1), np.int64)
    for g in range(len(boxes)):
        x0, y0, x1, y1 = boxes[g, 0], boxes[g, 1], boxes[g, 2], boxes[g, 3]
        marks[y0, x0] += 1
        marks[y0, x1] -= 1
        marks[y1, x0] -= 1
        marks[y1, x1] += 1
    counts = np.zeros(across * down + 1, np.int64)
    for y in range(down):
        along = 0
        for x in range(across):
            along += marks[y, x]
            above = counts[(y - 1) * across + x + 1] if y > 0 else 0
            counts[y * across + x + 1] = above + along
    return counts


@njit(**OPTIONS)
def list_tiles(order, boxes, across, down):
    """Depth-ordered splats of each tile.

    Returns ``starts`` (tiles + 1): where each tile's part of the lists begins; ``splats``: the
    listed splats; ``slots``: a place for the gradient of each entry, so that the entries of one
    splat lie together; ``firsts`` (gaussians + 1): where the places of each splat begin.
    """
    starts = np.cumsum(count_entries(boxes, across, down))
    firsts = np.zeros(len(boxes) + 1, np.int32)
    for g in range(len(boxes)):
        firsts[g + 1] = firsts[g] + (boxes[g, 2] - boxes[g, 0]) * (boxes[g, 3] - boxes[g, 1])
    fill, total = starts.copy(), starts[-1]
    splats, slots = np.empty(total, np.int32), np.empty(total, np.int32)
    for k in range(len(order)):
        g = order[k]
        slot = firsts[g]
        for y in range(boxes[g, 1], boxes[g, 3]):
            for x in range(boxes[g, 0], boxes[g, 2]):
                place = fill[y * across + x]
                splats[place], slots[place] = g, slot
                fill[y * across + x] = place + 1
                slot += 1
    return (starts, splats, slots), firsts
