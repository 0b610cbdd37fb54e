"""Compiled: composite the splats of each tile, and take the gradients back through it.

The picture is cut into tiles (Kerbl et al. 2023, section 6). A tile keeps its pixels in a small
buffer and walks its splats from front to back; of each splat it visits only the box in which
alpha reaches 1/255, some pixels of a row at a time, in loops plain enough to become vector
instructions. A splat that touches only full blocks of the tile, 8 x 8 pixels that let next to
nothing through, is left out: where many small splats lie behind each other, that is most of them.
The gradient walks in the same order: behind the splats already visited lies

    rest = g . C - sum_i w_i (g . c_i),    so    dL/dalpha_i = T_i (g . c_i) - rest / (1 - alpha_i)

with g the gradient of the pixel and C its colour, so that one number per pixel is enough and no
list of what each pixel saw. Every entry of a tile's list has its own place for its gradient:
nothing is added by two threads, and the result is the same bit for bit on any number of them.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from course_utils.vision3d.projection import ALPHA_MAX, ALPHA_MIN
from course_utils.vision3d.splat_binning_numba import (
    BLUE,
    GREEN,
    HALF_U,
    HALF_V,
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
)  # fmt: skip

# fastmath lets sums be reordered, which vector instructions need; the order is still fixed.
OPTIONS = {"cache": True, "error_model": "numpy", "nogil": True, "fastmath": True}
F, N = np.float32, np.uint64  # unsigned: a signed index would be checked for being negative
LOWEST, HIGHEST = F(ALPHA_MIN), F(ALPHA_MAX)
FORWARD_LANES, BACKWARD_LANES = 8, 8  # pixels visited at a time; measured
STRIDE = TILE_WIDTH + BACKWARD_LANES  # a visit may reach beyond the tile's right border
PLANE = TILE_HEIGHT * STRIDE  # numbers in one plane of a tile's buffer
ROW, P1, P2, P3, P4 = N(STRIDE), N(PLANE), N(2 * PLANE), N(3 * PLANE), N(4 * PLANE)
SUMS = 9  # sums over pixels kept for every entry of a list
A1, A2, A3, A4, A5, A6, A7, A8 = (N(i * BACKWARD_LANES) for i in range(1, SUMS))
CHECK_EVERY = 16  # splats between two looks at what of a tile is full
BLOCK = 8  # pixels along a side of the blocks of a tile: splats in full ones are left out
BLOCKS_ACROSS = TILE_WIDTH // BLOCK
BLOCKS = BLOCKS_ACROSS * (TILE_HEIGHT // BLOCK)
ALL = 2**BLOCKS - 1


@njit(**OPTIONS)
def power_of_two(x):
    """2^x for x >= -126, to 2e-7: a polynomial, and an exponent shifted into place.

    Plain arithmetic, which becomes vector instructions as it is (Schraudolph 1999 had the idea).
    """
    whole = np.floor(x + F(0.5))
    f = x - whole
    p = F(1.3264727e-3) * f + F(9.6715130e-3)
    p = p * f + F(5.5507336e-2)
    p = p * f + F(2.4022242e-1)
    p = p * f + F(6.9314700e-1)
    p = p * f + F(1.0)
    return p * np.int32((np.int32(whole) + np.int32(127)) << np.int32(23)).view(np.float32)


@intrinsic
def sums_on_stack(_):
    """A pointer to zeros for the sums of one splat, which the compiler can keep in registers.

    It knows that nothing else points there; of an array it would have to find out in every row.
    """

    def generate(context, builder, signature, arguments):
        block = ir.ArrayType(ir.FloatType(), SUMS * BACKWARD_LANES)
        place = cgutils.alloca_once(builder, block)
        builder.store(ir.Constant(block, None), place)
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate


@njit(**OPTIONS)
def place(table, g, left, top):
    """Mean of a splat counted from a tile's corner, and the slope of its axis, in float64."""
    u = float(table[g, U]) + float(table[g, U_MORE]) - left
    v = float(table[g, V]) + float(table[g, V_MORE]) - top
    return u, v, float(table[g, SLOPE]) + float(table[g, SLOPE_MORE])


@njit(**OPTIONS)
def window(table, g, u, v):
    """Pixels of a tile that a splat may reach, as x0, x1, y0, y1 counted from its corner."""
    half_u, half_v = float(table[g, HALF_U]), float(table[g, HALF_V])
    x0 = int(max(math.ceil(u - half_u - 0.5), 0.0))
    x1 = int(min(math.floor(u + half_u + 0.5), float(TILE_WIDTH)))
    y0 = int(max(math.ceil(v - half_v - 0.5), 0.0))
    y1 = int(min(math.floor(v + half_v + 0.5), float(TILE_HEIGHT)))
    return x0, x1, y0, y1


@njit(**OPTIONS)
def full_blocks(pixels, limit):
    """The blocks of a tile in which no pixel lets more than ``limit`` through: a bit for each."""
    full = 0
    for block in range(BLOCKS):
        most = F(0)
        for y in range(BLOCK):
            row = N(block // BLOCKS_ACROSS * BLOCK + y) * ROW + N(block % BLOCKS_ACROSS * BLOCK)
            for x in range(N(BLOCK)):
                most = max(most, pixels[row + x])
        full |= int(most < limit) << block
    return full


@njit(**OPTIONS)
def blocks_of(x0, x1, y0, y1):
    """The blocks that a window of pixels touches, as bits."""
    columns = (2 << (x1 - 1) // BLOCK) - (1 << x0 // BLOCK)
    touched = 0
    for row in range(y0 // BLOCK, (y1 - 1) // BLOCK + 1):
        touched |= columns << row * BLOCKS_ACROSS
    return touched


@njit(**OPTIONS)
def paint_splat(pixels, table, g, left, top, full):
    """Composite one splat into a tile, unless all blocks that it touches are full; whether it was.

    Planes of ``pixels``: transmittance, red, green, blue.
    """
    u, v, slope = place(table, g, left, top)
    x0, x1, y0, y1 = window(table, g, u, v)
    if full and blocks_of(x0, x1, y0, y1) & ~full == 0:
        return False
    sharp, fall, peak = table[g, SHARP], float(table[g, REST]), float(table[g, LEVEL])
    red, green, blue = table[g, RED], table[g, GREEN], table[g, BLUE]
    for x in range(x0, x1, FORWARD_LANES):
        for y in range(y0, y1):
            dv = y + 0.5 - v
            start = F(x + 0.5 - u + slope * dv)
            level = F(peak - fall * dv * dv)
            corner = N(y) * ROW + N(x)
            for lane in range(N(FORWARD_LANES)):
                d = start + F(lane)
                alpha = min(power_of_two(max(level - sharp * d * d, F(-100))), HIGHEST)
                alpha = alpha if alpha >= LOWEST else F(0)
                p = corner + lane
                weight = alpha * pixels[p]
                pixels[p] -= weight
                pixels[p + P1] += weight * red
                pixels[p + P2] += weight * green
                pixels[p + P3] += weight * blue
    return True


@njit(**OPTIONS)
def paint(table, starts, splats, early_stop, seen, painted, first, last):
    """Composite the tiles from ``first`` to ``last``: fill their part of ``seen``, (4, height,
    width), colour and transmittance, and of ``painted``, which entries of the lists were.
    """
    _, height, width = seen.shape
    across = -(-width // TILE_WIDTH)
    for tile in range(first, last):
        left, top = tile % across * TILE_WIDTH, tile // across * TILE_HEIGHT
        pixels = np.zeros(4 * PLANE, np.float32)
        pixels[:PLANE] = F(1)
        full = 0
        for k in range(starts[tile], starts[tile + 1]):
            painted[k] = full != ALL and paint_splat(pixels, table, splats[k], left, top, full)
            if full != ALL and k % CHECK_EVERY == 0:
                full = full_blocks(pixels, early_stop)
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
    sums = carray(sums_on_stack(), (SUMS * BACKWARD_LANES,))
    u, v, slope = place(table, g, left, top)
    x0, x1, y0, y1 = window(table, g, u, v)
    sharp, fall, peak = table[g, SHARP], float(table[g, REST]), float(table[g, LEVEL])
    red, green, blue = table[g, RED], table[g, GREEN], table[g, BLUE]
    for x in range(x0, x1, BACKWARD_LANES):
        for y in range(y0, y1):
            dv = y + 0.5 - v
            start = F(x + 0.5 - u + slope * dv)
            level = F(peak - fall * dv * dv)
            across, corner = F(dv), N(y) * ROW + N(x)
            for lane in range(N(BACKWARD_LANES)):
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
    for i in range(SUMS):
        total = F(0)
        for lane in range(BACKWARD_LANES):
            total += sums[i * BACKWARD_LANES + lane]
        found[slot, i] = total


@njit(**OPTIONS)
def trace(table, lists, painted, seen, gradient, found, first, last):
    """Fill ``found`` (entries, 9): the nine sums of every entry of the tiles from ``first`` to
    ``last``, each in its own place.

    lists: starts, splats, slots. seen, gradient: (4, height, width), colour and transmittance
    of the picture, and the derivatives of the loss by them.
    """
    starts, splats, slots = lists
    _, height, width = seen.shape
    across = -(-width // TILE_WIDTH)
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
        for k in range(starts[tile], starts[tile + 1]):
            if painted[k]:
                trace_splat(pixels, table, splats[k], left, top, found, slots[k])
            else:
                for i in range(SUMS):
                    found[slots[k], i] = F(0)  # what an early stop left out


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
