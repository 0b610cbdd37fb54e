"""Compiled: march rays through a voxel field, and take the gradients back along the same way.

Ray marching, trilinear reading, softplus, sigmoid and quadrature in one loop. It jumps over blocks
of cells that are all empty, skips single empty cells, and ends when next to no light is left. The
gradient walks in the same order, from the eye into the scene: behind bin i lies

    rest_i = sum_{j>i} w_j (g . c_j) + g_T T_end,
    so    dL/dsigma_i = delta_i (T_{i+1} (g . c_i) - rest_i)

with g the gradient of the ray's colour and g_T that of its transmittance, so that one number per
ray is enough (the derivative of NeRF 2020, eq. 3). Each thread adds to a gradient of its own.
"""

from __future__ import annotations

import math

import numpy as np
from llvmlite import ir
from numba import carray, njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from course_utils.core.numba_support import options

OPTIONS = options(fastmath=True)
F, N = np.float32, np.int64
ONE, ZERO = F(1), F(0)
BLOCK = 4  # cells along a side of the blocks that are jumped over
WIDEST = 32  # numbers of a corner, at most


@intrinsic
def numbers_on_stack(_):
    """A pointer to space for one corner's numbers, which the compiler can keep in registers."""

    def generate(context, builder, signature, arguments):
        place = cgutils.alloca_once(builder, ir.ArrayType(ir.FloatType(), WIDEST))
        return builder.bitcast(place, ir.FloatType().as_pointer())

    return types.CPointer(types.float32)(), generate


@njit(**OPTIONS)
def enter(origin, direction, low, high):
    """Distances at which a ray enters and leaves the cube from ``low`` to ``high``; equal if
    it misses.
    """
    near, far = 0.0, np.inf
    for axis in range(3):
        o, d = float(origin[axis]), float(direction[axis])
        if d != 0.0:
            a, b = (low[axis] - o) / d, (high[axis] - o) / d
            near, far = max(near, min(a, b)), min(far, max(a, b))
        elif o < low[axis] or o > high[axis]:
            far = near
    return near, max(near, far)


@njit(**OPTIONS)
def next_sample(cells, blocks, start, pace, k, count):
    """First sample from the k-th on that lies in a kept cell, with its cell; ``count`` if none.

    start, pace: place of sample 0 and way from one to the next, in cells.
    """
    last = cells.shape[0] - 1
    while k < count:
        t = F(k)
        i = min(max(N(start[0] + t * pace[0]), 0), last)
        j = min(max(N(start[1] + t * pace[1]), 0), last)
        m = min(max(N(start[2] + t * pace[2]), 0), last)
        if blocks[i // BLOCK, j // BLOCK, m // BLOCK]:
            if cells[i, j, m]:
                return k, i, j, m
            k += 1
        else:
            k += leap(start, pace, t, i // BLOCK, j // BLOCK, m // BLOCK)
    return count, N(0), N(0), N(0)


@njit(**OPTIONS)
def leap(start, pace, t, i, j, m):
    """How many samples further a ray has left an empty block: at least one."""
    steps = F(1e6)
    for axis, index in ((0, i), (1, j), (2, m)):
        speed = pace[axis]
        if speed != ZERO:
            border = F(index * BLOCK + (BLOCK if speed > ZERO else 0))
            steps = min(steps, (border - start[axis]) / speed - t)
    # not quite to the border: rounding must not carry us past a sample beyond it
    return max(N(math.ceil(steps - F(1e-3))), 1)


@njit(**OPTIONS)
def read(values, links, i, j, m, place, numbers, channels):
    """Trilinear mean of the numbers at the eight corners of a cell, into ``numbers``."""
    for c in range(channels):
        numbers[c] = ZERO
    x, y, z = place[0] - F(i), place[1] - F(j), place[2] - F(m)
    for corner in range(4):
        a, b = corner >> 1, corner & 1
        weight = (x if a else ONE - x) * (y if b else ONE - y)
        row = links[i + a, j + b, m]  # the corner above it in z is in the next row
        near, far = weight * (ONE - z), weight * z
        for c in range(channels):
            numbers[c] += near * values[row, c] + far * values[row + 1, c]


@njit(**OPTIONS)
def scatter(gradient, links, i, j, m, place, numbers, channels):
    """Add what ``read`` would pass back: the derivatives by the mean, to those by the corners."""
    x, y, z = place[0] - F(i), place[1] - F(j), place[2] - F(m)
    for corner in range(4):
        a, b = corner >> 1, corner & 1
        weight = (x if a else ONE - x) * (y if b else ONE - y)
        row = links[i + a, j + b, m]
        near, far = weight * (ONE - z), weight * z
        for c in range(channels):
            gradient[row, c] += near * numbers[c]
            gradient[row + 1, c] += far * numbers[c]


@njit(**OPTIONS)
def sigmoid(x):
    """1 / (1 + e^-x)."""
    return ONE / (ONE + math.exp(-x))


@njit(**OPTIONS)
def softplus(x):
    """log(1 + e^x) without overflow."""
    return max(x, ZERO) + math.log(ONE + math.exp(-abs(x)))


@njit(**OPTIONS)
def light(numbers, basis, r, channel, harmonics):
    """Red, green or blue before the sigmoid: the sum over harmonics."""
    total = numbers[1 + channel]
    for k in range(1, harmonics):
        total += basis[r, k] * numbers[1 + 3 * k + channel]
    return total


@njit(**OPTIONS)
def bins_of(origin, direction, share, box, cells, longest):
    """Bins of one ray: distance of the first sample, length and number of bins, and the samples'
    start and pace in cells.

    box: centre and radius of the cube. The way through it is cut into equal bins, none longer
    than ``longest``; the sample lies at ``share`` of each.
    """
    low = (box[0] - box[3], box[1] - box[3], box[2] - box[3])
    high = (box[0] + box[3], box[1] + box[3], box[2] + box[3])
    near, far = enter(origin, direction, low, high)
    count = max(N(math.ceil((far - near) / longest)), 1)
    length = (far - near) / count
    count = count if length > 0.0 else 0
    first, scale = near + share * length, cells.shape[0] / (2 * box[3])
    x = F((origin[0] + first * direction[0] - low[0]) * scale)
    y = F((origin[1] + first * direction[1] - low[1]) * scale)
    z = F((origin[2] + first * direction[2] - low[2]) * scale)
    speed = length * scale
    pace = (F(direction[0] * speed), F(direction[1] * speed), F(direction[2] * speed))
    return F(first), F(length), count, (x, y, z), pace


@njit(**OPTIONS)
def march(field, rays, longest, thickness, early_stop, seen, first, last, template):
    """Fill ``seen`` (rays, 5) from the ray ``first`` to the ray before ``last``: red, green, blue,
    transmittance, and the sum of weights times distances.

    field: values, links, cells, blocks, box. rays: origins, directions, shares, basis.
    thickness: density where softplus is one. template: a tuple with as many entries as a corner
    has numbers; the compiler reads that length, and unrolls.
    """
    values, links, cells, blocks, box = field
    origins, directions, shares, basis = rays
    channels, harmonics = len(template), (len(template) - 1) // 3
    numbers = carray(numbers_on_stack(), (WIDEST,))
    for r in range(first, last):
        at, length, count, start, pace = bins_of(
            origins[r], directions[r], shares[r], box, cells, longest
        )
        through, red, green, blue, far = ONE, ZERO, ZERO, ZERO, ZERO
        k, i, j, m = next_sample(cells, blocks, start, pace, 0, count)
        while k < count and through > early_stop:
            t = F(k)
            place = start[0] + t * pace[0], start[1] + t * pace[1], start[2] + t * pace[2]
            read(values, links, i, j, m, place, numbers, channels)
            passed = math.exp(-length * thickness * softplus(numbers[0]))
            weight = through * (ONE - passed)
            red += weight * sigmoid(light(numbers, basis, r, 0, harmonics))
            green += weight * sigmoid(light(numbers, basis, r, 1, harmonics))
            blue += weight * sigmoid(light(numbers, basis, r, 2, harmonics))
            far += weight * (at + t * length)
            through *= passed
            k, i, j, m = next_sample(cells, blocks, start, pace, k + 1, count)
        seen[r, 0], seen[r, 1], seen[r, 2] = red, green, blue
        seen[r, 3], seen[r, 4] = through, far


@njit(**OPTIONS)
def march_back(
    field, rays, longest, thickness, early_stop, seen, by_seen, gradient, first, last, template
):
    """Add to ``gradient`` (rows, channels) the derivatives of a loss by the corners' numbers.

    by_seen: its derivatives by the first four columns of ``seen``, (rays, 4).
    """
    values, links, cells, blocks, box = field
    origins, directions, shares, basis = rays
    channels, harmonics = len(template), (len(template) - 1) // 3
    numbers = carray(numbers_on_stack(), (WIDEST,))
    for r in range(first, last):
        _, length, count, start, pace = bins_of(
            origins[r], directions[r], shares[r], box, cells, longest
        )
        g0, g1, g2 = by_seen[r, 0], by_seen[r, 1], by_seen[r, 2]
        rest = by_seen[r, 3] * seen[r, 3]
        rest += g0 * seen[r, 0] + g1 * seen[r, 1] + g2 * seen[r, 2]
        through = ONE
        k, i, j, m = next_sample(cells, blocks, start, pace, 0, count)
        while k < count and through > early_stop:
            t = F(k)
            place = start[0] + t * pace[0], start[1] + t * pace[1], start[2] + t * pace[2]
            read(values, links, i, j, m, place, numbers, channels)
            passed = math.exp(-length * thickness * softplus(numbers[0]))
            weight = through * (ONE - passed)
            through *= passed
            red = sigmoid(light(numbers, basis, r, 0, harmonics))
            green = sigmoid(light(numbers, basis, r, 1, harmonics))
            blue = sigmoid(light(numbers, basis, r, 2, harmonics))
            own = g0 * red + g1 * green + g2 * blue
            rest -= weight * own
            numbers[0] = (through * own - rest) * length * thickness * sigmoid(numbers[0])
            by_red = weight * g0 * red * (ONE - red)
            by_green = weight * g1 * green * (ONE - green)
            by_blue = weight * g2 * blue * (ONE - blue)
            for h in range(harmonics):
                turn = basis[r, h]
                numbers[1 + 3 * h] = turn * by_red
                numbers[2 + 3 * h] = turn * by_green
                numbers[3 + 3 * h] = turn * by_blue
            scatter(gradient, links, i, j, m, place, numbers, channels)
            k, i, j, m = next_sample(cells, blocks, start, pace, k + 1, count)
