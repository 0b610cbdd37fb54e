"""A renderer of Gaussians in plain Python and float64, one pixel and one Gaussian at a time.

Written from the formulas of the paper (Kerbl et al. 2023) and nothing of the course but its
camera: the covariance by rotation matrices, the projection's Jacobian by finite differences of
the camera's own projection.
"""

import math

import numpy as np
import torch

from course_utils.vision3d.cameras import project_points


def rotation_matrix(quaternion) -> np.ndarray:
    """Rodrigues' formula: the quaternion as an axis and an angle."""
    q = np.asarray(quaternion, dtype=float)
    q = q / np.linalg.norm(q)
    sine = np.linalg.norm(q[1:])
    if sine == 0:
        return np.eye(3)
    x, y, z = q[1:] / sine
    angle = 2 * math.atan2(sine, q[0])
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + math.sin(angle) * k + (1 - math.cos(angle)) * k @ k


def pixel(camera, point) -> np.ndarray:
    uv, _ = project_points(camera, torch.as_tensor(np.asarray(point))[None])
    return uv[0].numpy()


def jacobian(camera, point, step=1e-5) -> np.ndarray:
    columns = [
        (pixel(camera, point + step * axis) - pixel(camera, point - step * axis)) / (2 * step)
        for axis in np.eye(3)
    ]
    return np.stack(columns, 1)


def picture(gaussians, camera, background) -> np.ndarray:
    """(3, height, width); every Gaussian must lie in front of the camera and near its middle."""
    g = gaussians.map(lambda x: x.detach().double())
    found = []
    for i in range(len(g)):
        mean = g.means[i].numpy()
        half = rotation_matrix(g.quaternions[i].numpy()) * np.exp(g.log_scales[i].numpy())
        project = jacobian(camera, mean)
        covariance = project @ half @ half.T @ project.T + 0.3 * np.eye(2)
        depth = (mean - camera.centre.numpy()) @ camera.forward.numpy()
        opacity = 1 / (1 + math.exp(-g.opacity_logits[i]))
        colour = 0.5 + 0.5 / math.sqrt(math.pi) * g.harmonics[i, 0].numpy()
        found.append((depth, pixel(camera, mean), np.linalg.inv(covariance), opacity, colour))
    found.sort(key=lambda splat: splat[0])
    image = np.zeros((3, camera.height, camera.width))
    for row in range(camera.height):
        for column in range(camera.width):
            through = 1.0
            for _, mean, inverse, opacity, colour in found:
                d = np.array([column + 0.5, row + 0.5]) - mean
                alpha = min(0.99, opacity * math.exp(-0.5 * d @ inverse @ d))
                if alpha >= 1 / 255:
                    image[:, row, column] += through * alpha * np.maximum(colour, 0)
                    through *= 1 - alpha
            image[:, row, column] += through * np.asarray(background)
    return image
