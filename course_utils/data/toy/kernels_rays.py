"""Compiled ray geometry: nearest hit, any hit, normal, and an ambient occlusion estimate.

Each function sees one scene: parts (slots, parts, PART_WIDTH) and balls (slots, 5) as packed
by ``packing``. The formulas are those of ``intersect``, written out for one ray.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from course_utils.core.numba_support import options
from course_utils.data.toy.backdrops import OUTDOORS
from course_utils.data.toy.packing import (
    BACKDROP,
    BALL,
    BALL_RADIUS,
    CENTRE,
    PARTS_USED,
    RADIUS,
    ROTATION,
    SHAPE,
    SIZE,
    TAPER,
)  # fmt: skip
from course_utils.data.toy.primitives import ELLIPSOID, PRISM

OPTIONS = options()
NEAREST = 1e-5
CODE = BACKDROP["code"]
REACHES = ((0.05, 0.30), (0.13, 0.30), (0.30, 0.30))  # ambient occlusion: distance, weight


@njit(**OPTIONS)
def to_local(parts, o, k, x, y, z):
    """A vector in the part's own axes: R^T v."""
    r = parts[o, k, ROTATION : ROTATION + 9]
    return (
        r[0] * x + r[3] * y + r[6] * z,
        r[1] * x + r[4] * y + r[7] * z,
        r[2] * x + r[5] * y + r[8] * z,
    )


@njit(**OPTIONS)
def misses_ball(cx, cy, cz, radius, ox, oy, oz, dx, dy, dz, limit):
    """Whether a unit ray passes by a ball, or the ball is behind it or beyond the limit."""
    x, y, z = cx - ox, cy - oy, cz - oz
    along = x * dx + y * dy + z * dz
    if along < -radius or along - radius > limit:
        return True
    return x * x + y * y + z * z - along * along > radius * radius + 1e-9


@njit(**OPTIONS)
def hit_ellipsoid(sx, sy, sz, ox, oy, oz, dx, dy, dz):
    """Entry distance, or infinity."""
    ox, oy, oz, dx, dy, dz = ox / sx, oy / sy, oz / sz, dx / sx, dy / sy, dz / sz
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    disc = b * b - a * (ox * ox + oy * oy + oz * oz - 1)
    if disc <= 0:
        return np.inf
    return (-b - math.sqrt(disc)) / a


@njit(**OPTIONS)
def clip(gap, speed, near, far, face, new):
    """Clip [near, far] by the half-space gap - speed t >= 0; remembers the last face entered."""
    if speed < 0:
        t = gap / speed
        if t > near:
            return t, far, new
    elif speed > 0:
        t = gap / speed
        if t < far:
            return near, t, face
    elif gap < 0:
        return near, -np.inf, face
    return near, far, face


@njit(**OPTIONS)
def hit_prism(sx, sy, sz, taper, ox, oy, oz, dx, dy, dz):
    """Entry distance, or infinity, and the face (0, 1: slanted sides, 2, 3: y, 4, 5: z)."""
    slope = sx * (taper - 1) / (2 * sz)
    side = sx * (1 + taper) / 2
    near, far, face = -np.inf, np.inf, 0
    near, far, face = clip(side - ox + slope * oz, dx - slope * dz, near, far, face, 0)
    near, far, face = clip(side + ox + slope * oz, -dx - slope * dz, near, far, face, 1)
    near, far, face = clip(sy - oy, dy, near, far, face, 2)
    near, far, face = clip(sy + oy, -dy, near, far, face, 3)
    near, far, face = clip(sz - oz, dz, near, far, face, 4)
    near, far, face = clip(sz + oz, -dz, near, far, face, 5)
    if near < far:
        return near, face
    return np.inf, 0


@njit(**OPTIONS)
def hit_frustum(sx, sz, taper, ox, oy, oz, dx, dy, dz):
    """Entry distance, or infinity, and the face (0: side, 4: top, 5: bottom)."""
    slope = sx * (taper - 1) / (2 * sz)
    width = sx * (1 + taper) / 2 + slope * oz
    a = dx * dx + dy * dy - slope * dz * slope * dz
    b = ox * dx + oy * dy - slope * dz * width
    c = ox * ox + oy * oy - width * width
    disc = b * b - a * c
    best, face = np.inf, 0
    if disc >= 0:
        root = math.sqrt(disc)
        q = -(b - root) if b < 0 else -(b + root)
        t = q / a
        if abs(oz + t * dz) <= sz and t < best:
            best = t
        t = c / q
        if abs(oz + t * dz) <= sz and t < best:
            best = t
    t = (-sz - oz) / dz
    if t < best and (ox + t * dx) ** 2 + (oy + t * dy) ** 2 <= sx * sx:
        best, face = t, 5
    t = (sz - oz) / dz
    if t < best and (ox + t * dx) ** 2 + (oy + t * dy) ** 2 <= (sx * taper) ** 2:
        best, face = t, 4
    return best, face


@njit(**OPTIONS)
def hit_part(parts, o, k, ox, oy, oz, dx, dy, dz):
    """Entry distance into one part, or infinity, and the face."""
    c = parts[o, k, CENTRE : CENTRE + 3]
    x, y, z = to_local(parts, o, k, ox - c[0], oy - c[1], oz - c[2])
    dx, dy, dz = to_local(parts, o, k, dx, dy, dz)
    sx, sy, sz = parts[o, k, SIZE], parts[o, k, SIZE + 1], parts[o, k, SIZE + 2]
    shape, taper = parts[o, k, SHAPE], parts[o, k, TAPER]
    if shape == ELLIPSOID:
        t, face = hit_ellipsoid(sx, sy, sz, x, y, z, dx, dy, dz), 0
    elif shape == PRISM:
        t, face = hit_prism(sx, sy, sz, taper, x, y, z, dx, dy, dz)
    else:
        t, face = hit_frustum(sx, sz, taper, x, y, z, dx, dy, dz)
    if t > NEAREST:
        return t, face
    return np.inf, 0


@njit(**OPTIONS)
def skip_object(balls, o, ox, oy, oz, dx, dy, dz, limit):
    """Whether a ray cannot meet object o before the limit."""
    if balls[o, PARTS_USED] == 0:
        return True
    b = balls[o]
    return misses_ball(
        b[BALL], b[BALL + 1], b[BALL + 2], b[BALL_RADIUS], ox, oy, oz, dx, dy, dz, limit
    )


@njit(**OPTIONS)
def skip_part(parts, o, k, ox, oy, oz, dx, dy, dz, limit):
    """Whether a ray cannot meet part k before the limit."""
    if parts[o, k, SHAPE] < 0:
        return True
    p = parts[o, k]
    return misses_ball(
        p[CENTRE], p[CENTRE + 1], p[CENTRE + 2], p[RADIUS], ox, oy, oz, dx, dy, dz, limit
    )


@njit(**OPTIONS)
def cast(parts, balls, ox, oy, oz, dx, dy, dz):
    """Distance, object, part and face of the nearest hit; infinity and -1 for none."""
    best, thing, part, side = np.inf, -1, -1, 0
    for o in range(parts.shape[0]):
        if skip_object(balls, o, ox, oy, oz, dx, dy, dz, best):
            continue
        for k in range(int(balls[o, PARTS_USED])):
            if skip_part(parts, o, k, ox, oy, oz, dx, dy, dz, best):
                continue
            t, face = hit_part(parts, o, k, ox, oy, oz, dx, dy, dz)
            if t < best:
                best, thing, part, side = t, o, k, face
    return best, thing, part, side


@njit(**OPTIONS)
def occluded(parts, balls, ox, oy, oz, dx, dy, dz, limit):
    """Whether any part lies on the ray nearer than the limit."""
    for o in range(parts.shape[0]):
        if skip_object(balls, o, ox, oy, oz, dx, dy, dz, limit):
            continue
        for k in range(int(balls[o, PARTS_USED])):
            if skip_part(parts, o, k, ox, oy, oz, dx, dy, dz, limit):
                continue
            if hit_part(parts, o, k, ox, oy, oz, dx, dy, dz)[0] < limit:
                return True
    return False


@njit(**OPTIONS)
def normal_at(parts, o, k, face, px, py, pz):
    """Outward unit normal in world axes at a surface point of one part."""
    c = parts[o, k, CENTRE : CENTRE + 3]
    x, y, z = to_local(parts, o, k, px - c[0], py - c[1], pz - c[2])
    sx, sy, sz = parts[o, k, SIZE], parts[o, k, SIZE + 1], parts[o, k, SIZE + 2]
    shape, slope = parts[o, k, SHAPE], sx * (parts[o, k, TAPER] - 1) / (2 * sz)
    if shape == ELLIPSOID:
        x, y, z = x / (sx * sx), y / (sy * sy), z / (sz * sz)
    elif face >= 4:
        x, y, z = 0.0, 0.0, 9.0 - 2 * face
    elif shape == PRISM and face >= 2:
        x, y, z = 0.0, 5.0 - 2 * face, 0.0
    elif shape == PRISM:
        x, y, z = 1.0 - 2 * face, 0.0, -slope
    else:
        width = sx * (1 + parts[o, k, TAPER]) / 2 + slope * z
        x, y, z = x / width, y / width, -slope
    scale = 1 / math.sqrt(x * x + y * y + z * z)
    r = parts[o, k, ROTATION : ROTATION + 9]
    return (
        (r[0] * x + r[1] * y + r[2] * z) * scale,
        (r[3] * x + r[4] * y + r[5] * z) * scale,
        (r[6] * x + r[7] * y + r[8] * z) * scale,
    )


@njit(**OPTIONS)
def rough_distance(parts, o, k, px, py, pz):
    """Signed distance to one part; for an ellipsoid its usual first-order estimate."""
    c = parts[o, k, CENTRE : CENTRE + 3]
    x, y, z = to_local(parts, o, k, px - c[0], py - c[1], pz - c[2])
    sx, sy, sz = parts[o, k, SIZE], parts[o, k, SIZE + 1], parts[o, k, SIZE + 2]
    shape = parts[o, k, SHAPE]
    if shape == ELLIPSOID:
        x, y, z = x / sx, y / sy, z / sz
        k0 = math.sqrt(x * x + y * y + z * z)
        k1 = math.sqrt((x / sx) ** 2 + (y / sy) ** 2 + (z / sz) ** 2)
        return k0 * (k0 - 1) / max(k1, 1e-9)
    radius = abs(x) if shape == PRISM else math.sqrt(x * x + y * y)
    flat = trapezoid_distance(sx, sz, parts[o, k, TAPER], radius, z)
    if shape == PRISM:
        out = abs(y) - sy
        return min(max(flat, out), 0.0) + math.hypot(max(flat, 0.0), max(out, 0.0))
    return flat


@njit(**OPTIONS)
def trapezoid_distance(bottom, h, taper, x, z):
    """Signed distance in the half plane x >= 0 to an upright symmetric trapezoid."""
    run, rise = bottom * (taper - 1), 2 * h
    below = math.hypot(max(x - bottom, 0.0), z + h)
    above = math.hypot(max(x - bottom * taper, 0.0), z - h)
    t = ((x - bottom) * run + (z + h) * rise) / (run * run + rise * rise)
    t = min(max(t, 0.0), 1.0)
    beside = math.hypot(x - bottom - t * run, z + h - t * rise)
    distance = min(below, above, beside)
    if abs(z) < h and x < bottom * (0.5 * (1 + taper) + 0.5 * (taper - 1) * z / h):
        return -distance
    return distance


@njit(**OPTIONS)
def lost_light(parts, balls, world, px, py, pz, nx, ny, nz):
    """Ambient light that neighbouring surfaces keep from a point, in [0, 1].

    Steps out along the normal and compares the distance to the nearest surface with the
    step (Evans 2006, "Fast approximations for global illumination on dynamic scenes").
    """
    lost = 0.0
    for reach, weight in REACHES:
        x, y, z = px + reach * nx, py + reach * ny, pz + reach * nz
        nearest = reach
        if world[CODE] == OUTDOORS:
            nearest = min(nearest, z)
        for o in range(parts.shape[0]):
            b = balls[o]
            away = (x - b[BALL]) ** 2 + (y - b[BALL + 1]) ** 2 + (z - b[BALL + 2]) ** 2
            if b[PARTS_USED] == 0 or away > (b[BALL_RADIUS] + reach) ** 2:
                continue
            for k in range(int(b[PARTS_USED])):
                p = parts[o, k]
                away = (x - p[CENTRE]) ** 2 + (y - p[CENTRE + 1]) ** 2 + (z - p[CENTRE + 2]) ** 2
                if p[SHAPE] < 0 or away > (p[RADIUS] + reach) ** 2:
                    continue
                nearest = min(nearest, rough_distance(parts, o, k, x, y, z))
        lost += weight * min(max(reach - nearest, 0.0) / reach, 1.0)
    return min(lost, 1.0)
