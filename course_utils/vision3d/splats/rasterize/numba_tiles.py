"""Compiled: composite the splats of each tile, and take the gradients back through it.

The picture is cut into tiles (Kerbl et al. 2023, section 6). A tile keeps its pixels in a small
buffer and walks its splats from front to back, those that are hidden left out; of each splat it
visits only the box in which alpha reaches 1/255, some pixels of a row at a time, in loops plain
enough to become vector instructions. The gradient walks in the same order: behind the splats
already visited lies

    rest = g . C - sum_i w_i (g . c_i),    so    dL/dalpha_i = T_i (g . c_i) - rest / (1 - alpha_i)

with g the gradient of the pixel and C its colour, so that one number per pixel is enough and no
list of what each pixel saw. Every entry of a tile's list has its own place for its gradient:
nothing is added by two threads, and the result is the same bit for bit on any number of them.
"""

from __future__ import annotations

import numpy as np
from numba import carray, njit

from course_utils.vision3d.splats.projection import ALPHA_MAX, ALPHA_MIN
from course_utils.vision3d.splats.rasterize.numba_binning import (  # fmt: skip
    BLUE,
    COLUMNS,
    GREEN,
    LEVEL,
    RED,
    REST,
    SHARP,
    SLOPE,
    SLOPE_MORE,
    TILE_HEIGHT,
    TILE_WIDTH,
    U_MORE,
    V_MORE,
    U,
    V,
)
from course_utils.vision3d.splats.rasterize.numba_culling import (
    ALL_FULL,
    BATCH,
    NOTHING,
    STRIDE,
    fetch,
    full_blocks,
    sift,
    window,
)
from course_utils.vision3d.splats.rasterize.numba_lanes import (
    LANES,
    OPTIONS,
    SUMS,
    add_lanes,
    power_of_two,
    sums_on_stack,
)

F, N = np.float32, np.uint64  # unsigned: a signed index would be checked for being negative
LOWEST, HIGHEST = F(ALPHA_MIN), F(ALPHA_MAX)
PLANE = TILE_HEIGHT * STRIDE  # numbers in one plane of a tile's buffer
ROW, P1, P2, P3, P4 = N(STRIDE), N(PLANE), N(2 * PLANE), N(3 * PLANE), N(4 * PLANE)
A1, A2, A3, A4, A5, A6, A7, A8 = (N(i * LANES) for i in range(1, SUMS))


@njit(**OPTIONS)
def place(table, g, left, top):
    """Mean of a splat counted from a tile's corner, and the slope of its axis, in float64."""
    u = float(table[g, U]) + float(table[g, U_MORE]) - left
    v = float(table[g, V]) + float(table[g, V_MORE]) - top
    return u, v, float(table[g, SLOPE]) + float(table[g, SLOPE_MORE])


@njit(**OPTIONS)
def paint_splat(pixels, table, g, left, top):
    """Composite one splat into a tile.

    Planes of ``pixels``: transmittance, red, green, blue.
    """
    u, v, slope = place(table, g, left, top)
    x0, x1, y0, y1 = window(table, g, left, top)
    sharp, fall, peak = table[g, SHARP], float(table[g, REST]), float(table[g, LEVEL])
    red, green, blue = table[g, RED], table[g, GREEN], table[g, BLUE]
    for x in range(x0, x1, LANES):
        for y in range(y0, y1):
            dv = y + 0.5 - v
            start = F(x + 0.5 - u + slope * dv)
            level = F(peak - fall * dv * dv)
            corner = N(y) * ROW + N(x)
            for lane in range(N(LANES)):
                d = start + F(lane)
                alpha = min(power_of_two(max(level - sharp * d * d, F(-100))), HIGHEST)
                alpha = alpha if alpha >= LOWEST else F(0)
                p = corner + lane
                weight = alpha * pixels[p]
                pixels[p] -= weight
                pixels[p + P1] += weight * red
                pixels[p + P2] += weight * green
                pixels[p + P3] += weight * blue


@njit(**OPTIONS)
def paint(table, lists, early_stop, seen, painted, ends, first, last):
    """Composite the tiles from ``first`` to ``last``: fill their part of ``seen``, (4, height,
    width), colour and transmittance.

    lists: starts, splats, slots. painted, ends: the entries of a tile that were not left out go
    to its part of ``painted``, in their order; it ends at ``ends`` of this tile.
    """
    starts, splats, _ = lists
    _, height, width = seen.shape
    across = -(-width // TILE_WIDTH)
    lines, entries = np.empty((BATCH, COLUMNS), np.float32), np.empty(BATCH, np.int32)
    most = np.empty(TILE_WIDTH, np.float32)
    for tile in range(first, last):
        left, top = tile % across * TILE_WIDTH, tile // across * TILE_HEIGHT
        pixels = np.zeros(4 * PLANE, np.float32)
        pixels[:PLANE] = F(1)
        full, end, stop = NOTHING, starts[tile], starts[tile + 1]
        for k in range(starts[tile], stop, BATCH):
            part = k, min(k + BATCH, stop)
            count = sift(table, splats, part, (left, top), full, lines, entries)
            for j in range(count):
                paint_splat(pixels, lines, j, left, top)
                painted[end + j] = entries[j]
            end += count
            full = full_blocks(pixels, early_stop, most)
            if full == ALL_FULL:
                break
        ends[tile] = end
        for y in range(min(TILE_HEIGHT, height - top)):
            for x in range(min(TILE_WIDTH, width - left)):
                p = y * STRIDE + x
                seen[3, top + y, left + x] = pixels[p]
                for channel in range(3):
                    seen[channel, top + y, left + x] = pixels[(channel + 1) * PLANE + p]


@njit(**OPTIONS)
def trace_splat(pixels, table, g, left, top, found, slot):
    """Visit one splat again, and put the nine sums its gradients are made of into a slot.

    Planes of ``pixels``: transmittance, rest, and the gradient of red, green and blue.
    """
    pointer = sums_on_stack()
    sums = carray(pointer, (SUMS * LANES,))
    u, v, slope = place(table, g, left, top)
    x0, x1, y0, y1 = window(table, g, left, top)
    sharp, fall, peak = table[g, SHARP], float(table[g, REST]), float(table[g, LEVEL])
    red, green, blue = table[g, RED], table[g, GREEN], table[g, BLUE]
    for x in range(x0, x1, LANES):
        for y in range(y0, y1):
            dv = y + 0.5 - v
            start = F(x + 0.5 - u + slope * dv)
            level = F(peak - fall * dv * dv)
            across, corner = F(dv), N(y) * ROW + N(x)
            for lane in range(N(LANES)):
                d = start + F(lane)
                raw = power_of_two(max(level - sharp * d * d, F(-100)))
                alpha = min(raw, HIGHEST)
                alpha = alpha if alpha >= LOWEST else F(0)
                p = corner + lane
                through = pixels[p]
                weight = alpha * through
                pixels[p] = through - weight
                g0, g1, g2 = pixels[p + P2], pixels[p + P3], pixels[p + P4]
                own = g0 * red + g1 * green + g2 * blue
                rest = pixels[p + P1] - weight * own
                pixels[p + P1] = rest
                # derivative by the exponent; a clamped alpha does not move
                slip = alpha * (rest / (F(1) - alpha) - through * own)
                slip = slip if raw <= HIGHEST else F(0)
                sums[lane] += slip
                sums[lane + A1] += slip * across
                sums[lane + A2] += slip * across * across
                sums[lane + A3] += slip * d
                sums[lane + A4] += slip * d * across
                sums[lane + A5] += slip * d * d
                sums[lane + A6] += weight * g0
                sums[lane + A7] += weight * g1
                sums[lane + A8] += weight * g2
    ninth = F(0)
    for lane in range(LANES):
        ninth += sums[lane + A8]
    add_lanes(pointer)
    for i in range(SUMS - 1):
        found[slot, i] = sums[i]
    found[slot, SUMS - 1] = ninth


@njit(**OPTIONS)
def trace(table, lists, painted, ends, seen, gradient, found, first, last):
    """Fill ``found`` (entries, 9): the nine sums of every painted entry of the tiles from
    ``first`` to ``last``, each in its own place.

    lists, painted, ends: see ``paint``. seen, gradient: (4, height, width), colour and
    transmittance of the picture, and the derivatives of the loss by them.
    """
    starts, splats, slots = lists
    _, height, width = seen.shape
    across = -(-width // TILE_WIDTH)
    lines = np.empty((BATCH, COLUMNS), np.float32)
    for tile in range(first, last):
        left, top = tile % across * TILE_WIDTH, tile // across * TILE_HEIGHT
        pixels = np.zeros(5 * PLANE, np.float32)
        pixels[:PLANE] = F(1)
        for y in range(min(TILE_HEIGHT, height - top)):
            for x in range(min(TILE_WIDTH, width - left)):
                p, row, column = y * STRIDE + x, top + y, left + x
                rest = seen[3, row, column] * gradient[3, row, column]
                for channel in range(3):
                    slope = gradient[channel, row, column]
                    rest += slope * seen[channel, row, column]
                    pixels[(channel + 2) * PLANE + p] = slope
                pixels[PLANE + p] = rest
        for k in range(starts[tile], ends[tile], BATCH):
            count = min(BATCH, ends[tile] - k)
            for j in range(count):
                fetch(table, splats[painted[k + j]], lines, j)
            for j in range(count):
                trace_splat(pixels, lines, j, left, top, found, slots[painted[k + j]])


@njit(**OPTIONS)
def collect(found, firsts, conics, opacities):
    """Gradients by means, conics, opacities (float64) and colours (float32), from the sums.

    With d = du + s dv the exponent is -(a d^2 + r dv^2) / 2; its derivatives by a, b, c are
    -du^2 / 2, -du dv and -dv^2 / 2.
    """
    n = len(opacities)
    by_means, by_conics, by_opacities = np.zeros((n, 2)), np.zeros((n, 3)), np.zeros(n)
    by_colours = np.zeros((n, 3), np.float32)
    for g in range(n):
        if firsts[g] < firsts[g + 1]:
            s0 = s1 = s2 = m1 = m11 = m2 = 0.0
            for k in range(firsts[g], firsts[g + 1]):
                s0 += found[k, 0]
                s1 += found[k, 1]
                s2 += found[k, 2]
                m1 += found[k, 3]
                m11 += found[k, 4]
                m2 += found[k, 5]
                for channel in range(3):
                    by_colours[g, channel] += found[k, 6 + channel]
            a, b, c = conics[g, 0], conics[g, 1], conics[g, 2]
            slope = b / a
            by_means[g, 0] = -a * m1
            by_means[g, 1] = -b * m1 - (c - slope * b) * s1
            by_conics[g, 0] = 0.5 * (m2 - 2 * slope * m11 + slope * slope * s2)
            by_conics[g, 1] = m11 - slope * s2
            by_conics[g, 2] = 0.5 * s2
            by_opacities[g] = -s0 / opacities[g]
    return by_means, by_conics, by_opacities, by_colours
