"""Compiled light and colour: the functions of ``lighting`` for one ray, in linear light.

Colours come and go as three numbers. ``world`` is one packed backdrop.
"""

from __future__ import annotations

import math

from numba import njit

from course_utils.core.numba_support import options
from course_utils.data.toy.backdrops import OUTDOORS, STRIPES, STUDIO, TILES
from course_utils.data.toy.lighting import (
    CLOUD,
    COAT_AT_NORMAL,
    HILL_LAYERS,
    KNEE,
    NOISE_SIZE,
    SHINE,
    SHINE_EXPONENT,
)  # fmt: skip
from course_utils.data.toy.packing import BACKDROP

OPTIONS = options()
CODE, SUN, SUNLIGHT, UP, FILL, BOUNCE = (
    BACKDROP[k] for k in ("code", "sun", "sunlight", "up", "fill", "bounce")
)
ZENITH, HORIZON, GROUND_A, GROUND_B = (
    BACKDROP[k] for k in ("zenith", "horizon", "ground_a", "ground_b")
)
TEXTURE, TEXTURE_SCALE, OFFSET = (BACKDROP[k] for k in ("texture", "texture_scale", "offset"))
CLOUDS, HILLS, HILL_COLOUR, HAZE = (BACKDROP[k] for k in ("clouds", "hills", "hill_colour", "haze"))


@njit(**OPTIONS)
def smoothstep(low, high, x):
    """3 t^2 - 2 t^3 with t = (x - low) / (high - low) clamped to [0, 1]."""
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@njit(**OPTIONS)
def noise(table, x, y):
    """Smooth value noise in [0, 1)."""
    left, low = math.floor(x), math.floor(y)
    fx, fy = smoothstep(0.0, 1.0, x - left), smoothstep(0.0, 1.0, y - low)
    i, j = int(left) % NOISE_SIZE, int(low) % NOISE_SIZE
    i1, j1 = (i + 1) % NOISE_SIZE, (j + 1) % NOISE_SIZE
    a = table[i, j] + (table[i1, j] - table[i, j]) * fx
    b = table[i, j1] + (table[i1, j1] - table[i, j1]) * fx
    return a + (b - a) * fy


@njit(**OPTIONS)
def layered_noise(table, x, y):
    """Three octaves of ``noise``."""
    coarse = 0.5 * noise(table, x, y)
    middle = 0.3 * noise(table, 2.03 * x + 7.7, 2.03 * y + 3.1)
    return coarse + middle + 0.2 * noise(table, 4.11 * x + 1.3, 4.11 * y + 9.2)


@njit(**OPTIONS)
def tone(light):
    """Keeps dark and middle tones, bends highlights smoothly towards 1."""
    if light > KNEE:
        return KNEE + (1 - KNEE) * (1 - math.exp(-(light - KNEE) / (1 - KNEE)))
    return light


@njit(**OPTIONS)
def blend(world, a, b, t):
    """The colour between two packed ones."""
    return (
        world[a] + (world[b] - world[a]) * t,
        world[a + 1] + (world[b + 1] - world[a + 1]) * t,
        world[a + 2] + (world[b + 2] - world[a + 2]) * t,
    )


@njit(**OPTIONS)
def sky(world, table, dx, dy, dz):
    """Graded sky with a sun's glow, clouds and two rows of hills, at infinity."""
    x, y = world[OFFSET], world[OFFSET + 1]
    flat = max(math.sqrt(dx * dx + dy * dy), 1e-9)
    tangent = dz / flat
    for layer in (1, 0):  # the nearer row hides the farther one
        frequency, height, haze = HILL_LAYERS[layer]
        if world[HILLS] > 0 and tangent < world[HILLS] * height:
            u, v = dx / flat * frequency + x, dy / flat * frequency + y
            ridge = 0.15 + 0.65 * noise(table, u, v) + 0.2 * noise(table, 4.3 * u, 4.3 * v)
            if tangent < world[HILLS] * height * ridge:
                mist = haze + 0.45 * (1 - haze) * math.exp(-22 * max(tangent, 0.0))
                return blend(world, HILL_COLOUR, HORIZON, mist)
    z = max(dz, 0.0)
    r, g, b = blend(world, HORIZON, ZENITH, 1 - math.exp(-4.5 * z))
    s = max(dx * world[SUN] + dy * world[SUN + 1] + dz * world[SUN + 2], 0.0)
    glow = 0.10 * s**8 + 0.5 * s**400
    r, g, b = (
        r + world[SUNLIGHT] * glow,
        g + world[SUNLIGHT + 1] * glow,
        b + world[SUNLIGHT + 2] * glow,
    )
    if world[CLOUDS] > 0 and z > 0.02:
        spread = 1.15 / (z + 0.18)
        cloud = layered_noise(table, dx * spread + x, dy * spread + y)
        edge = 0.74 - 0.36 * world[CLOUDS]
        cover = 0.88 * smoothstep(edge, edge + 0.24, cloud) * smoothstep(0.02, 0.22, z)
        r += (CLOUD[0] - r) * cover
        g += (CLOUD[1] - g) * cover
        b += (CLOUD[2] - b) * cover
    return r, g, b


@njit(**OPTIONS)
def backdrop(world, table, dx, dy, dz, fx, fy, fz):
    """What a ray sees that hits nothing; f is the camera's forward axis."""
    if world[CODE] == OUTDOORS:
        return sky(world, table, dx, dy, dz)
    if world[CODE] == STUDIO:
        cosine = max(dx * fx + dy * fy + dz * fz, 1e-6)
        share = min(max((1 / cosine**2 - 1) / 0.18, 0.0), 1.0)
    else:
        scale = 0.5 * world[TEXTURE_SCALE]
        u = (3.0 * dx + 1.7 * dz) * scale + world[OFFSET]
        v = (3.0 * dy - 2.3 * dz) * scale + world[OFFSET + 1]
        share = smoothstep(0.42, 0.58, layered_noise(table, u, v))
    return blend(world, HORIZON, ZENITH, share)


@njit(**OPTIONS)
def surroundings(world, table, x, y, z):
    """Light that a glossy coat reflects from a direction."""
    if world[CODE] == OUTDOORS:
        if z > 0:
            return sky(world, table, x, y, z)
        return 0.55 * world[GROUND_A], 0.55 * world[GROUND_A + 1], 0.55 * world[GROUND_A + 2]
    facing = max(x * world[SUN] + y * world[SUN + 1] + z * world[SUN + 2], 0.0)
    lamp = 0.9 * facing**12
    h = HORIZON
    return world[h] * 0.6 + lamp, world[h + 1] * 0.6 + lamp, world[h + 2] * 0.6 + lamp


@njit(**OPTIONS)
def ground(world, table, x, y, distance):
    """The ground's own colour: lawn, tiles or mown stripes."""
    u, v = x * world[TEXTURE_SCALE], y * world[TEXTURE_SCALE]
    patches = layered_noise(table, u + world[OFFSET], v + world[OFFSET + 1])
    share = lawn = smoothstep(0.3, 0.7, patches)
    near = math.exp(-0.10 * distance)
    if world[TEXTURE] == STRIPES:
        stripe = math.floor(0.9 * u) % 2
        share = 0.5 + ((stripe - 0.5) * 0.8 + (lawn - 0.5) * 0.5) * near
    elif world[TEXTURE] == TILES:
        checker = (math.floor(0.9 * u) + math.floor(0.9 * v)) % 2
        share = 0.5 + ((checker - 0.5) * 0.9 + (lawn - 0.5) * 0.3) * near
    grain = 1 + 0.16 * (noise(table, 9.7 * u, 9.7 * v) - 0.5) * near
    r, g, b = blend(world, GROUND_A, GROUND_B, share)
    return r * grain, g * grain, b * grain


@njit(**OPTIONS)
def lit(world, table, r, g, b, gloss, glow, nx, ny, nz, dx, dy, dz, sun_share, open_share):
    """Light leaving a surface towards the eye: diffuse, clear coat, highlight and own glow."""
    sx, sy, sz = world[SUN], world[SUN + 1], world[SUN + 2]
    facing = max(nx * sx + ny * sy + nz * sz, 0.0) * sun_share
    upward = 0.5 + 0.5 * (nx * world[UP] + ny * world[UP + 1] + nz * world[UP + 2])
    ar, ag, ab = blend(world, BOUNCE, FILL, upward)
    lr = r * (world[SUNLIGHT] * facing + ar * open_share)
    lg = g * (world[SUNLIGHT + 1] * facing + ag * open_share)
    lb = b * (world[SUNLIGHT + 2] * facing + ab * open_share)
    if gloss > 0:
        cosine = -(nx * dx + ny * dy + nz * dz)
        coat = 1 - min(max(cosine, 0.0), 1.0)
        coat = gloss * (COAT_AT_NORMAL + (1 - COAT_AT_NORMAL) * coat**5)
        mx, my, mz = dx + 2 * cosine * nx, dy + 2 * cosine * ny, dz + 2 * cosine * nz
        er, eg, eb = surroundings(world, table, mx, my, mz)
        lr += (er * open_share - lr) * coat
        lg += (eg * open_share - lg) * coat
        lb += (eb * open_share - lb) * coat
        if facing > 0:
            hx, hy, hz = sx - dx, sy - dy, sz - dz
            size = max(math.sqrt(hx * hx + hy * hy + hz * hz), 1e-12)
            shine = max((nx * hx + ny * hy + nz * hz) / size, 0.0) ** SHINE_EXPONENT
            shine *= SHINE * gloss
            lr += world[SUNLIGHT] * shine
            lg += world[SUNLIGHT + 1] * shine
            lb += world[SUNLIGHT + 2] * shine
    return lr + r * glow, lg + g * glow, lb + b * glow


@njit(**OPTIONS)
def hazed(world, r, g, b, distance):
    """Fades what is far away into the colour of the horizon."""
    share = 1 - math.exp(-world[HAZE] * max(distance - 7, 0.0))
    h = HORIZON
    return (
        r + (world[h] - r) * share,
        g + (world[h + 1] - g) * share,
        b + (world[h + 2] - b) * share,
    )
