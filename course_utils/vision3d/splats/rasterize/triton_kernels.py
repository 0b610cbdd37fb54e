"""Compiled by Triton for CUDA: one program per tile of pixels, the same steps as on the CPU.

Kerbl et al. 2023, section 6; the gradient from front to back and without atomic additions, as in
``numba_tiles``. A row of ``table`` is one splat: its mean (u, v), the completed square of
its conic (slope, sharp, rest), opacity, and three colours. ``TRITON_INTERPRET=1`` runs it on a CPU.
"""

import triton
import triton.language as tl


@triton.jit
def splat_alpha(row, x, y, LOWEST: tl.constexpr, HIGHEST: tl.constexpr):
    """Alpha at pixels, before and after its limits, and the offsets that its exponent squares."""
    dv = y - tl.load(row + 1)
    d = x - tl.load(row) + tl.load(row + 2) * dv
    raw = tl.load(row + 5) * tl.exp(-(tl.load(row + 3) * d * d + tl.load(row + 4) * dv * dv))
    alpha = tl.minimum(raw, HIGHEST)
    return tl.where(alpha >= LOWEST, alpha, 0.0), raw, d, dv


@triton.jit
def paint(
    table, starts, splats, seen, width, height, across, early_stop,
    TILE: tl.constexpr, LOWEST: tl.constexpr, HIGHEST: tl.constexpr,
):  # fmt: skip
    """Fill ``seen`` (4, height, width): three colours and the transmittance."""
    tile = tl.program_id(0)
    pixel = tl.arange(0, TILE * TILE)
    x, y = tile % across * TILE + pixel % TILE, tile // across * TILE + pixel // TILE
    through = tl.full((TILE * TILE,), 1.0, tl.float32)
    red = tl.zeros((TILE * TILE,), tl.float32)
    green, blue = red, red
    k, end = tl.load(starts + tile), tl.load(starts + tile + 1)
    while k < end:
        row = table + tl.load(splats + k) * 9
        alpha, _, _, _ = splat_alpha(row, x + 0.5, y + 0.5, LOWEST, HIGHEST)
        weight = alpha * through
        red += weight * tl.load(row + 6)
        green += weight * tl.load(row + 7)
        blue += weight * tl.load(row + 8)
        through -= weight
        k = tl.where(tl.max(through, 0) < early_stop, end, k + 1)
    inside = (x < width) & (y < height)
    place, plane = seen + y * width + x, width * height
    tl.store(place, red, inside)
    tl.store(place + plane, green, inside)
    tl.store(place + 2 * plane, blue, inside)
    tl.store(place + 3 * plane, through, inside)


@triton.jit
def trace(
    table, starts, splats, slots, seen, gradient, found, width, height, across, early_stop,
    TILE: tl.constexpr, LOWEST: tl.constexpr, HIGHEST: tl.constexpr,
):  # fmt: skip
    """Fill ``found`` (entries, 9): what the gradients of each entry of the lists are made of."""
    tile = tl.program_id(0)
    pixel = tl.arange(0, TILE * TILE)
    x, y = tile % across * TILE + pixel % TILE, tile // across * TILE + pixel // TILE
    inside = (x < width) & (y < height)
    place, plane = y * width + x, width * height
    g0 = tl.load(gradient + place, inside, 0.0)
    g1 = tl.load(gradient + place + plane, inside, 0.0)
    g2 = tl.load(gradient + place + 2 * plane, inside, 0.0)
    g3 = tl.load(gradient + place + 3 * plane, inside, 0.0)
    rest = g0 * tl.load(seen + place, inside, 0.0) + g1 * tl.load(seen + place + plane, inside, 0.0)
    rest += g2 * tl.load(seen + place + 2 * plane, inside, 0.0)
    rest += g3 * tl.load(seen + place + 3 * plane, inside, 0.0)
    through = tl.full((TILE * TILE,), 1.0, tl.float32)
    k, end = tl.load(starts + tile), tl.load(starts + tile + 1)
    while k < end:
        row = table + tl.load(splats + k) * 9
        alpha, raw, d, dv = splat_alpha(row, x + 0.5, y + 0.5, LOWEST, HIGHEST)
        weight = alpha * through
        own = g0 * tl.load(row + 6) + g1 * tl.load(row + 7) + g2 * tl.load(row + 8)
        rest -= weight * own
        slip = alpha * (rest / (1 - alpha) - through * own)
        slip = tl.where(raw <= HIGHEST, slip, 0.0)
        through -= weight
        out = found + tl.load(slots + k) * 9
        tl.store(out, tl.sum(slip))
        tl.store(out + 1, tl.sum(slip * dv))
        tl.store(out + 2, tl.sum(slip * dv * dv))
        tl.store(out + 3, tl.sum(slip * d))
        tl.store(out + 4, tl.sum(slip * d * dv))
        tl.store(out + 5, tl.sum(slip * d * d))
        tl.store(out + 6, tl.sum(weight * g0))
        tl.store(out + 7, tl.sum(weight * g1))
        tl.store(out + 8, tl.sum(weight * g2))
        k = tl.where(tl.max(through, 0) < early_stop, end, k + 1)
