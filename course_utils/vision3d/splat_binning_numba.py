"""Compiled: sort splats by depth, and list for each tile of pixels the splats that touch it.

Tile lists are those of 3D Gaussian Splatting (Kerbl et al. 2023, section 6), built by counting
instead of by sorting pairs. A splat's box is exact: outside it alpha is below 1/255.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from course_utils.vision3d.projection import ALPHA_MIN

OPTIONS = {"cache": True, "error_model": "numpy", "nogil": True}
TILE_WIDTH, TILE_HEIGHT = 32, 16  # pixels
# Columns of the table that `prepare_splats` makes: one splat is one line of a cache, 64 bytes.
# What is added to large coordinates is kept as two numbers, a float32 and what it leaves over.
U, U_MORE, V, V_MORE, SLOPE, SLOPE_MORE, SHARP, REST, LEVEL, HALF_U, HALF_V = range(11)
RED, GREEN, BLUE = range(11, 14)
COLUMNS = 16
DIGIT = 11  # bits that one pass of the radix sort looks at
LOG2E = 1 / math.log(2)


@njit(**OPTIONS)
def put(table, g, column, value):
    """Store a float64 in two columns: rounded, and the rest."""
    table[g, column] = value
    table[g, column + 1] = value - float(table[g, column])


@njit(**OPTIONS)
def prepare_splats(means, conics, opacities, colours):
    """What the tiles need of each splat, (gaussians, 16), in float32.

    The quadratic form is kept as a completed square, a (du + s dv)^2 + r dv^2 with s = b / a
    and r = c - b^2 / a: two positive terms, where a du^2 + 2 b du dv + c dv^2 would be a small
    difference of large numbers for a long thin splat far from its mean. Powers of two replace
    powers of e: SHARP and REST are a and r times log2(e) / 2, LEVEL is log2(opacity). HALF_U
    and HALF_V are half the width and height of the box where alpha reaches 1/255.
    """
    table = np.empty((len(opacities), COLUMNS), np.float32)
    for g in range(len(opacities)):
        table[g, HALF_U] = table[g, HALF_V] = -1.0
        if opacities[g] >= ALPHA_MIN:
            a, b, c = conics[g, 0], conics[g, 1], conics[g, 2]
            slope = b / a
            rest = c - slope * b
            reach = 2 * math.log(opacities[g] / ALPHA_MIN)
            put(table, g, U, means[g, 0])
            put(table, g, V, means[g, 1])
            put(table, g, SLOPE, slope)
            table[g, SHARP], table[g, REST] = 0.5 * LOG2E * a, 0.5 * LOG2E * rest
            table[g, LEVEL] = math.log2(opacities[g])
            table[g, HALF_U] = math.sqrt(reach * c / (a * rest))
            table[g, HALF_V] = math.sqrt(reach / rest)
            for channel in range(3):
                table[g, RED + channel] = colours[g, channel]
    return table


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
def tile_boxes(table, width, height):
    """First and last + 1 tile, (gaussians, 4) as x0, y0, x1, y1; empty for what is not seen."""
    boxes = np.zeros((len(table), 4), np.int32)
    for g in range(len(table)):
        half_u, half_v = float(table[g, HALF_U]), float(table[g, HALF_V])
        if half_u >= 0:
            u, v = float(table[g, U]), float(table[g, V])
            left = max(math.ceil(u - half_u - 0.5), 0.0)  # pixels whose centres lie in the box
            right = min(math.floor(u + half_u - 0.5), width - 1.0)
            top = max(math.ceil(v - half_v - 0.5), 0.0)
            bottom = min(math.floor(v + half_v - 0.5), height - 1.0)
            if left <= right and top <= bottom:
                boxes[g, 0], boxes[g, 1] = int(left) // TILE_WIDTH, int(top) // TILE_HEIGHT
                boxes[g, 2] = int(right) // TILE_WIDTH + 1
                boxes[g, 3] = int(bottom) // TILE_HEIGHT + 1
    return boxes


@njit(**OPTIONS)
def list_tiles(order, boxes, across, down):
    """Depth-ordered splats of each tile.

    Returns ``starts`` (tiles + 1): where each tile's part of the lists begins; ``splats``: the
    listed splats; ``slots``: a place for the gradient of each entry, so that the entries of one
    splat lie together; ``firsts`` (gaussians + 1): where the places of each splat begin.
    """
    starts, firsts = np.zeros(across * down + 1, np.int64), np.zeros(len(boxes) + 1, np.int32)
    for g in range(len(boxes)):
        wide, high = boxes[g, 2] - boxes[g, 0], boxes[g, 3] - boxes[g, 1]
        firsts[g + 1] = firsts[g] + wide * high
        for y in range(boxes[g, 1], boxes[g, 3]):
            for x in range(boxes[g, 0], boxes[g, 2]):
                starts[y * across + x + 1] += 1
    starts = np.cumsum(starts)
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
    return starts, splats, slots, firsts
