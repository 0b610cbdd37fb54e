"""The ellipse of a Gaussian on the picture."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a8_splatting.gaussians import spread
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.splats import gaussians, projection

WIDE = 10**6  # pixels: a picture so wide that the Jacobian is never held at its border


def project_covariance(
    means: Float[Tensor, "gaussians 3"],
    covariances: Float[Tensor, "gaussians 3 3"],
    rotation: Float[Tensor, "3 3"],
    centre: Float[Tensor, "3"],
    focal: float | int,
) -> Float[Tensor, "gaussians 2 2"]:
    """J W S W^T J^T plus the low-pass (Kerbl et al. 2023, eq. 5), in squared pixels.

    rotation: world-from-camera. means: world units, in front of the camera.
    """
    camera = Camera(means.new_tensor(focal), WIDE, WIDE, rotation, centre)
    blur = projection.BLUR * torch.eye(2, dtype=means.dtype, device=means.device)
    return projection.project_covariance(camera, means, covariances) + blur


_observe = observe_outputs(("means", "covariances", "rotation", "centre", "focal"), uneven=True)
exercise = Declared(project_covariance, _observe, lesson=gaussians)


def _turn(seed: int, dtype: torch.dtype) -> Tensor:
    rotation = torch.linalg.qr(normal(seed, (3, 3), dtype=torch.float64))[0]
    return (rotation * torch.linalg.det(rotation).sign()).to(dtype)


def _camera(
    tried: str, seed: int, count: int, focal: float, turned: bool = True, **how: Any
) -> Case:
    """Gaussians between 1.5 and 6 units in front of a camera, within 40 degrees of its axis."""
    mode, dtype = how.pop("mode", "value"), how.pop("dtype", torch.float64)
    depth = 1.5 + 4.5 * positive(seed, (count, 1), dtype=dtype)
    aside = depth * normal(seed + 1, (count, 2), 0.6, dtype).clamp(-0.8, 0.8)
    rotation, centre = torch.eye(3, dtype=dtype), torch.zeros(3, dtype=dtype)
    if turned:
        rotation, centre = _turn(seed + 3, dtype), normal(seed + 4, (3,), 3.0, dtype)
    means = torch.cat([aside, depth], 1) @ rotation.T + centre
    covariances = spread(seed + 5, count, 3, 0.05, dtype)
    return _given(tried, (means, covariances, rotation, centre), focal, mode)


def _given(tried: str, tensors: tuple, focal: float, mode: str = "value", expected=None) -> Case:
    copies = fresh(*tensors)
    return Case(tried, lambda: (*copies(), focal), expected, mode)


@exercise.claim(4, "value")
def straight(seed: int) -> list[Case]:
    plans = (("3 Gaussians", 3, 10.0), ("1 Gaussian", 1, 4.0), ("4 Gaussians", 4, 25.0))
    where = "a camera at the origin, not turned, focal length"
    return [
        _camera(f"{what}, {where} {focal:g}", seed + 40 + 9 * k, count, focal, turned=False)
        for k, (what, count, focal) in enumerate(plans)
    ]


@exercise.claim(5, "value")
def turned(seed: int) -> list[Case]:
    return [
        _camera("3 Gaussians, a camera somewhere, turned", seed + 70, 3, 10.0),
        _camera("2 Gaussians, another camera", seed + 80, 2, 30.0),
        _camera("4 Gaussians, a third camera, float32", seed + 90, 4, 5.0, dtype=torch.float32),
    ]


@exercise.claim(2, fixed=True)
def axis(_: int) -> list[Case]:
    # Two balls straight ahead: radius 0.5 at depth 4, radius 1 at depth 2; focal length 8.
    means, balls = torch.tensor([[0.0, 0, 4], [0, 0, 2]]), torch.tensor([0.25, 1.0])
    tensors = means, balls[:, None, None] * torch.eye(3), torch.eye(3), torch.zeros(3)
    words = "balls of radius 0.5 and 1 straight ahead at depth 4 and 2, focal length 8"
    expected = {"value": number(1.3, 0, 0, 1.3, 16.3, 0, 0, 16.3, shape=(2, 2, 2))}
    return [_given(words, tensors, 8.0, expected=expected)]


@exercise.claim(1)
def low_pass(seed: int) -> list[Case]:
    means, _, rotation, centre, focal = _camera("", seed + 100, 3, 10.0).make()
    points = torch.eye(3, dtype=torch.float64).repeat(3, 1, 1) * 1e-12
    tensors, words = (means, points, rotation, centre), "3 Gaussians of almost no size"
    expected = {"value": number(*[0.3, 0, 0, 0.3] * 3, shape=(3, 2, 2))}
    return [_given(words, tensors, focal, expected=expected)]


@exercise.claim(2, "gradient by means", "gradient by covariances")
def gradient(seed: int) -> list[Case]:
    tried = "the gradients, 2 Gaussians"
    return [_camera(tried, seed + k, 2, 6.0, mode="gradient") for k in (110, 120)]


exercise.form(turned)
