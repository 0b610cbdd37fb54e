"""Compiled: ``projection.project_gaussians`` without the colours, and its gradient.

The same formulas, one Gaussian at a time, in float64 whatever the parameters are in: float32
would leave errors of 1e-5 pixels, which the edge of a small splat shows. The covariance itself
is never formed: with M = R diag(s) the Gaussian's half axes and W the world's axes seen by the
camera, the rows j0, j1 of J W M give S_2D = [[j0.j0, j0.j1], [j0.j1, j1.j1]] (Kerbl et al.
2023, eqs. 5 and 6).
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit

from course_utils.core.numba_support import options
from course_utils.vision3d.splats.projection import BLUR, NEAR

OPTIONS = options()
# Places in the packed camera: rotation (9), centre (3), then these.
FOCAL, CENTRE_U, CENTRE_V, LOW_X, LOW_Y, HIGH_X, HIGH_Y = range(12, 19)


@njit(**OPTIONS)
def rotation(w, x, y, z, out):
    """Fill ``out`` with the rotation matrix of a unit quaternion (Shoemake 1985)."""
    out[0, 0], out[0, 1], out[0, 2] = (
        1 - 2 * (y * y + z * z),
        2 * (x * y - w * z),
        2 * (x * z + w * y),
    )
    out[1, 0], out[1, 1], out[1, 2] = (
        2 * (x * y + w * z),
        1 - 2 * (x * x + z * z),
        2 * (y * z - w * x),
    )
    out[2, 0], out[2, 1], out[2, 2] = (
        2 * (x * z - w * y),
        2 * (y * z + w * x),
        1 - 2 * (x * x + y * y),
    )


@njit(**OPTIONS)
def local_point(camera, means, g):
    """The mean in camera axes, R^T (m - centre)."""
    dx = means[g, 0] - camera[9]
    dy = means[g, 1] - camera[10]
    dz = means[g, 2] - camera[11]
    return (
        camera[0] * dx + camera[3] * dy + camera[6] * dz,
        camera[1] * dx + camera[4] * dy + camera[7] * dz,
        camera[2] * dx + camera[5] * dy + camera[8] * dz,
    )


@njit(**OPTIONS)
def half_axes(camera, log_scales, quaternions, g, turn, axes):
    """Fill ``turn`` with the Gaussian's rotation, ``axes`` with W R diag(s), in camera axes.

    Returns the unit quaternion, and the length of the one that is stored.
    """
    w, x, y, z = quaternions[g, 0], quaternions[g, 1], quaternions[g, 2], quaternions[g, 3]
    length = max(math.sqrt(float(w) * w + float(x) * x + float(y) * y + float(z) * z), 1e-12)
    w, x, y, z = w / length, x / length, y / length, z / length
    rotation(w, x, y, z, turn)
    for j in range(3):
        scale = math.exp(float(log_scales[g, j]))
        for i in range(3):
            axes[i, j] = scale * (
                camera[i] * turn[0, j] + camera[3 + i] * turn[1, j] + camera[6 + i] * turn[2, j]
            )
    return w, x, y, z, length


@njit(**OPTIONS)
def image_rows(camera, x, y, z, axes, rows):
    """Fill ``rows`` with j0 and j1; returns the ratios at which J was taken."""
    across = min(max(x / z, camera[LOW_X]), camera[HIGH_X])
    along = min(max(y / z, camera[LOW_Y]), camera[HIGH_Y])
    scale = camera[FOCAL] / z
    for j in range(3):
        rows[0, j] = scale * (axes[0, j] - across * axes[2, j])
        rows[1, j] = scale * (axes[1, j] - along * axes[2, j])
    return across, along


@njit(**OPTIONS)
def variances(rows):
    """Blurred v11, v12, v22, and the determinant, which has no small difference in it:
    |j0 x j1|^2 + blur (|j0|^2 + |j1|^2) + blur^2.
    """
    v11 = v12 = v22 = 0.0
    for j in range(3):
        v11 += rows[0, j] * rows[0, j]
        v12 += rows[0, j] * rows[1, j]
        v22 += rows[1, j] * rows[1, j]
    p = rows[0, 1] * rows[1, 2] - rows[0, 2] * rows[1, 1]
    q = rows[0, 2] * rows[1, 0] - rows[0, 0] * rows[1, 2]
    r = rows[0, 0] * rows[1, 1] - rows[0, 1] * rows[1, 0]
    determinant = p * p + q * q + r * r + BLUR * (v11 + v22) + BLUR * BLUR
    return v11 + BLUR, v12, v22 + BLUR, determinant


@njit(**OPTIONS)
def project(camera, means, log_scales, quaternions, opacity_logits):
    """Means (2), conics (3), depth and opacity of every Gaussian, (7, gaussians) by columns."""
    n = len(means)
    uv, conics = np.zeros((n, 2)), np.zeros((n, 3))
    depths, opacities = np.ones(n), np.zeros(n)
    for g in range(n):
        turn, axes, rows = np.empty((3, 3)), np.empty((3, 3)), np.empty((2, 3))
        x, y, z = local_point(camera, means, g)
        conics[g, 0] = conics[g, 2] = 1 / BLUR
        if z >= NEAR:
            half_axes(camera, log_scales, quaternions, g, turn, axes)
            image_rows(camera, x, y, z, axes, rows)
            v11, v12, v22, determinant = variances(rows)
            uv[g, 0] = camera[FOCAL] * x / z + camera[CENTRE_U]
            uv[g, 1] = camera[FOCAL] * y / z + camera[CENTRE_V]
            conics[g, 0], conics[g, 1] = v22 / determinant, -v12 / determinant
            conics[g, 2] = v11 / determinant
            depths[g] = z
            opacities[g] = 1 / (1 + math.exp(-float(opacity_logits[g])))
    return uv, conics, depths, opacities


@njit(**OPTIONS)
def rows_gradient(rows, v, by_conic, out):
    """Gradient by j0 and j1: with Q the conic and G its gradient, dL/dS = -Q G Q."""
    v11, v12, v22, determinant = v
    a, b, c = v22 / determinant, -v12 / determinant, v11 / determinant
    ga, gb, gc = by_conic[0], 0.5 * by_conic[1], by_conic[2]
    p, q = a * ga + b * gb, a * gb + b * gc
    r, s = b * ga + c * gb, b * gb + c * gc
    h11, h12, h22 = -(p * a + q * b), -(p * b + q * c), -(r * b + s * c)
    for j in range(3):
        out[0, j] = 2 * (h11 * rows[0, j] + h12 * rows[1, j])
        out[1, j] = 2 * (h12 * rows[0, j] + h22 * rows[1, j])


@njit(**OPTIONS)
def point_gradient(camera, point, ratios, axes, rows, by_rows, by_uv):
    """Gradient by the point in camera axes, through the mean's pixel and through J."""
    x, y, z = point
    across, along = ratios
    scale = camera[FOCAL] / z
    gx, gy = scale * by_uv[0], scale * by_uv[1]
    gz = -(gx * x + gy * y) / z
    slant_x = slant_y = 0.0
    for j in range(3):
        gz -= (by_rows[0, j] * rows[0, j] + by_rows[1, j] * rows[1, j]) / z
        slant_x -= scale * axes[2, j] * by_rows[0, j]
        slant_y -= scale * axes[2, j] * by_rows[1, j]
    if across == x / z:  # else J was held at the border, and does not move with the point
        gx += slant_x / z
        gz -= slant_x * x / (z * z)
    if along == y / z:
        gy += slant_y / z
        gz -= slant_y * y / (z * z)
    return gx, gy, gz


@njit(**OPTIONS)
def quaternion_gradient(q, length, t):
    """Gradient by the stored quaternion, from the one by the rotation matrix, ``t``."""
    w, x, y, z = q
    gw = 2 * (x * (t[2, 1] - t[1, 2]) + y * (t[0, 2] - t[2, 0]) + z * (t[1, 0] - t[0, 1]))
    gx = 2 * (w * (t[2, 1] - t[1, 2]) + y * (t[0, 1] + t[1, 0]) + z * (t[0, 2] + t[2, 0]))
    gx -= 4 * x * (t[1, 1] + t[2, 2])
    gy = 2 * (w * (t[0, 2] - t[2, 0]) + x * (t[0, 1] + t[1, 0]) + z * (t[1, 2] + t[2, 1]))
    gy -= 4 * y * (t[0, 0] + t[2, 2])
    gz = 2 * (w * (t[1, 0] - t[0, 1]) + x * (t[0, 2] + t[2, 0]) + y * (t[1, 2] + t[2, 1]))
    gz -= 4 * z * (t[0, 0] + t[1, 1])
    along = w * gw + x * gx + y * gy + z * gz  # its length does not matter
    return (
        (gw - along * w) / length,
        (gx - along * x) / length,
        (gy - along * y) / length,
        (gz - along * z) / length,
    )


@njit(**OPTIONS)
def project_back(camera, means, log_scales, quaternions, opacities, by_uv, by_conics, by_opacities):
    """Gradients by the parameters, (gaussians, 11): means 3, log scales 3, quaternions 4, logit."""
    n = len(means)
    gradients = np.zeros((n, 11))
    for g in range(n):
        turn, axes, rows = np.empty((3, 3)), np.empty((3, 3)), np.empty((2, 3))
        by_rows, by_turn = np.empty((2, 3)), np.zeros((3, 3))
        x, y, z = local_point(camera, means, g)
        if z >= NEAR:
            qw, qx, qy, qz, length = half_axes(camera, log_scales, quaternions, g, turn, axes)
            ratios = image_rows(camera, x, y, z, axes, rows)
            rows_gradient(rows, variances(rows), by_conics[g], by_rows)
            px, py, pz = point_gradient(camera, (x, y, z), ratios, axes, rows, by_rows, by_uv[g])
            scale = camera[FOCAL] / z
            for i in range(3):
                gradients[g, i] = (
                    camera[3 * i] * px + camera[3 * i + 1] * py + camera[3 * i + 2] * pz
                )
            for j in range(3):
                length_j = math.exp(float(log_scales[g, j]))
                cx, cy = scale * by_rows[0, j], scale * by_rows[1, j]
                cz = -ratios[0] * cx - ratios[1] * cy
                for i in range(3):
                    t = camera[3 * i] * cx + camera[3 * i + 1] * cy + camera[3 * i + 2] * cz
                    gradients[g, 3 + j] += length_j * t * turn[i, j]
                    by_turn[i, j] = length_j * t
            (
                gradients[g, 6],
                gradients[g, 7],
                gradients[g, 8],
                gradients[g, 9],
            ) = quaternion_gradient((qw, qx, qy, qz), length, by_turn)
            gradients[g, 10] = by_opacities[g] * opacities[g] * (1 - opacities[g])
    return gradients
