"""The compiled renderer for CPUs: one ray at a time, rows of the image in parallel.

It computes what ``raycast`` and ``lighting`` compute, in float64 and with the same
constants. Compiled once per machine and kept in numba's cache. Every pixel depends on its
own rays alone, so the result is the same for any number of threads.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange

from course_utils.core.numba_support import options
from course_utils.data.toy.backdrops import OUTDOORS
from course_utils.data.toy.kernels_light import backdrop, ground, hazed, lit, tone
from course_utils.data.toy.kernels_rays import cast, lost_light, normal_at, occluded
from course_utils.data.toy.packing import (
    AXES,
    BACKDROP,
    COLOUR,
    EYE,
    FOCAL,
    GLOSS,
    GLOW,
    LABEL,
    PRINCIPAL,
)  # fmt: skip

OPTIONS = options()
CODE, SUN = BACKDROP["code"], BACKDROP["sun"]
SKIN = 1e-3  # shadow rays start this far off the surface
GROUND_HIT = -2
# Where the code and the constants below come from, see ``compiled.prepare``.
SOURCES = ("kernels_light", "kernels_rays", "packing", "backdrops", "lighting", "primitives")


@njit(**OPTIONS)
def pixel_ray(camera, view, u, v):
    """Unit direction through (u, v), and the cosine to the optical axis."""
    f = camera[view, FOCAL]
    x = (u - camera[view, PRINCIPAL]) / f
    y = (v - camera[view, PRINCIPAL + 1]) / f
    cosine = 1 / math.sqrt(x * x + y * y + 1)
    r = AXES
    dx = (camera[view, r] * x + camera[view, r + 1] * y + camera[view, r + 2]) * cosine
    dy = (camera[view, r + 3] * x + camera[view, r + 4] * y + camera[view, r + 5]) * cosine
    dz = (camera[view, r + 6] * x + camera[view, r + 7] * y + camera[view, r + 8]) * cosine
    return dx, dy, dz, cosine


@njit(**OPTIONS)
def first_hit(parts, balls, world, ox, oy, oz, dx, dy, dz):
    """Distance, object (GROUND_HIT for ground, -1 for nothing) and part of the nearest hit."""
    t, thing, part, face = cast(parts, balls, ox, oy, oz, dx, dy, dz)
    if world[CODE] == OUTDOORS and dz < 0 and oz > 0:
        down = -oz / dz
        if down < t:
            return down, GROUND_HIT, -1, 0
    return t, thing, part, face


@njit(**OPTIONS)
def light_along(parts, balls, world, camera, view, table, dx, dy, dz):
    """Linear light that arrives along one ray."""
    ox, oy, oz = camera[view, EYE], camera[view, EYE + 1], camera[view, EYE + 2]
    t, thing, part, face = first_hit(parts, balls, world, ox, oy, oz, dx, dy, dz)
    if thing == -1:
        fx, fy, fz = camera[view, AXES + 2], camera[view, AXES + 5], camera[view, AXES + 8]
        return backdrop(world, table, dx, dy, dz, fx, fy, fz)
    px, py, pz = ox + t * dx, oy + t * dy, oz + t * dz
    if thing == GROUND_HIT:
        nx, ny, nz = 0.0, 0.0, 1.0
        r, g, b = ground(world, table, px, py, t)
        gloss, glow = 0.0, 0.0
    else:
        nx, ny, nz = normal_at(parts, thing, part, face, px, py, pz)
        r, g, b = (
            parts[thing, part, COLOUR],
            parts[thing, part, COLOUR + 1],
            parts[thing, part, COLOUR + 2],
        )
        gloss, glow = parts[thing, part, GLOSS], parts[thing, part, GLOW]
    sx, sy, sz = world[SUN], world[SUN + 1], world[SUN + 2]
    share = 1.0
    if nx * sx + ny * sy + nz * sz <= 0 or occluded(
        parts, balls, px + SKIN * nx, py + SKIN * ny, pz + SKIN * nz, sx, sy, sz, np.inf
    ):
        share = 0.0
    open_share = 1 - lost_light(parts, balls, world, px, py, pz, nx, ny, nz)
    r, g, b = lit(world, table, r, g, b, gloss, glow, nx, ny, nz, dx, dy, dz, share, open_share)
    return hazed(world, r, g, b, t)


@njit(parallel=True, **OPTIONS)
def paint(parts, balls, worlds, camera, scene_of, table, image, samples):
    """Fill image (views, height, width, 3) with linear light, samples^2 rays per pixel."""
    views, height, width, _ = image.shape
    for row in prange(views * height):
        view, y = row // height, row % height
        s = scene_of[view]
        these, around, world = parts[s], balls[s], worlds[s]
        for x in range(width):
            r, g, b = 0.0, 0.0, 0.0
            for k in range(samples * samples):
                u = x + (k % samples + 0.5) / samples
                v = y + (k // samples + 0.5) / samples
                dx, dy, dz, _ = pixel_ray(camera, view, u, v)
                lr, lg, lb = light_along(these, around, world, camera, view, table, dx, dy, dz)
                r += tone(lr)
                g += tone(lg)
                b += tone(lb)
            total = samples * samples
            image[view, y, x, 0] = r / total
            image[view, y, x, 1] = g / total
            image[view, y, x, 2] = b / total


@njit(parallel=True, **OPTIONS)
def measure(parts, balls, worlds, camera, scene_of, distance, depth, normal, instance, part_out):
    """Fill the ground truth at every pixel's centre."""
    views, height, width = distance.shape
    for row in prange(views * height):
        view, y = row // height, row % height
        s = scene_of[view]
        ox, oy, oz = camera[view, EYE], camera[view, EYE + 1], camera[view, EYE + 2]
        for x in range(width):
            dx, dy, dz, cosine = pixel_ray(camera, view, x + 0.5, y + 0.5)
            t, thing, part, face = first_hit(parts[s], balls[s], worlds[s], ox, oy, oz, dx, dy, dz)
            distance[view, y, x] = t
            depth[view, y, x] = t * cosine
            instance[view, y, x] = max(thing, -1)
            if thing >= 0:
                n = normal_at(parts[s], thing, part, face, ox + t * dx, oy + t * dy, oz + t * dz)
                normal[view, 0, y, x], normal[view, 1, y, x], normal[view, 2, y, x] = n
                part_out[view, y, x] = int(parts[s, thing, part, LABEL])
            elif thing == GROUND_HIT:
                normal[view, 2, y, x] = 1.0


@njit(parallel=True, **OPTIONS)
def blocked_rays(parts, balls, scene_of, origins, directions, limits, out):
    """Whether anything lies on each ray (views, rays) nearer than its limit."""
    views, rays, _ = origins.shape
    for i in prange(views * rays):
        view, k = i // rays, i % rays
        s = scene_of[view]
        o, d = origins[view, k], directions[view, k]
        out[view, k] = occluded(
            parts[s], balls[s], o[0], o[1], o[2], d[0], d[1], d[2], limits[view, k]
        )
