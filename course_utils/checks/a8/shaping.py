"""What must hold of a Gaussian's covariance in space, and of its ellipse on the picture."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, listed, normal, positive
from course_utils.checks.plain import number

_double = torch.float64
_eye, _zeros, _cat, _tensor = torch.eye, torch.zeros, torch.cat, torch.tensor
_qr, _det = torch.linalg.qr, torch.linalg.det


# -------------------------------------------------------------------------- covariance_3d


def _shapes(tried: str, seed: int, count: int, length: float = 1.0, **how) -> Case:
    """Random axes, and quaternions about `length` long."""
    mode = how.pop("mode", "value")
    quaternions = normal(seed + 1, (count, 4), **how)
    quaternions = quaternions / quaternions.norm(dim=1, keepdim=True)
    return Case(tried, fresh(positive(seed, (count, 3), **how), length * quaternions), mode=mode)


def _units(seed: int) -> list[Case]:
    return [
        Case(
            "axes 1, 0.5, 0.2 and quaternion (0.5, 0.1, 0.7, −0.5)",
            listed([[1.0, 0.5, 0.2]], [[0.5, 0.1, 0.7, -0.5]]),
        )
        if not seed
        else _shapes("1 Gaussian", seed + 2, 1),
        _shapes("4 Gaussians, quaternions of length 1", seed + 5, 4, dtype=_double),
        _shapes("3 Gaussians in float32", seed + 9, 3),
    ]


def _lengths(seed: int) -> list[Case]:
    short = _shapes("3 Gaussians, quaternions of length 0.3", seed + 13, 3, 0.3, dtype=_double)
    long = _shapes("2 Gaussians, quaternions of length 20", seed + 17, 2, 20.0, dtype=_double)
    return [short, long]


def _quarter_turns(_: int) -> list[Case]:
    half = math.sqrt(0.5)
    quaternions = [[1.0, 0, 0, 0], [half, half, 0, 0], [half, 0, half, 0], [half, 0, 0, half]]
    values = []
    for first, second, third in ((4, 1, 0.25), (4, 0.25, 1), (0.25, 1, 4), (1, 4, 0.25)):
        values += [first, 0, 0, 0, second, 0, 0, 0, third]
    return [
        Case(
            "axes 2, 1, 0.5; not turned, and a quarter turn about x, y and z",
            listed([[2.0, 1.0, 0.5]] * 4, quaternions),
            {"value": number(*values, shape=(4, 3, 3))},
        )
    ]


def _shape_slopes(seed: int) -> list[Case]:
    tried = "the gradients, 2 Gaussians"
    return [_shapes(tried, seed + k, 2, 1.5, dtype=_double, mode="gradient") for k in (21, 25)]


COVARIANCE_PROPERTIES = (
    Property("unit", "R diag(s)² Rᵀ for quaternions of length 1", 4, _units, ("value",)),
    Property("length", "the length of a quaternion does not matter", 2, _lengths, ("value",)),
    Property("quarter", "quarter turns exchange two axes", 2, _quarter_turns, fixed=True),
    Property("gradient", "the gradients that reach axes and quaternions", 2, _shape_slopes),
    Property("form", "gives (gaussians, 3, 3)", 1, _units, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _units, ("inputs",), formal=True),
)


# --------------------------------------------------------------------- project_covariance


def spread(seed: int, count: int, axes: int, least: float, dtype=torch.float32) -> Tensor:
    """Random covariances of so many axes, with no standard deviation below sqrt(least)."""
    half = normal(seed, (count, axes, axes), 0.6 * math.sqrt(least), dtype)
    return half @ half.transpose(1, 2) + least * _eye(axes, dtype=dtype)


def _turn(seed: int, dtype: torch.dtype) -> Tensor:
    rotation = _qr(normal(seed, (3, 3), dtype=_double))[0]
    return (rotation * _det(rotation).sign()).to(dtype)


def _camera(tried: str, seed: int, count: int, focal: float, turned: bool = True, **how) -> Case:
    """Gaussians between 1.5 and 6 units in front of a camera, within 40 degrees of its axis."""
    mode, dtype = how.pop("mode", "value"), how.pop("dtype", _double)
    depth = 1.5 + 4.5 * positive(seed, (count, 1), dtype=dtype)
    aside = depth * normal(seed + 1, (count, 2), 0.6, dtype).clamp(-0.8, 0.8)
    rotation, centre = _eye(3, dtype=dtype), _zeros(3, dtype=dtype)
    if turned:
        rotation, centre = _turn(seed + 3, dtype), normal(seed + 4, (3,), 3.0, dtype)
    means = _cat([aside, depth], 1) @ rotation.T + centre
    return _given(
        tried, (means, spread(seed + 5, count, 3, 0.05, dtype), rotation, centre), focal, mode
    )


def _given(tried: str, tensors: tuple, focal: float, mode: str = "value", expected=None) -> Case:
    copies: Callable = fresh(*tensors)
    return Case(tried, lambda: (*copies(), focal), expected, mode)


def _straight(seed: int) -> list[Case]:
    plans = (("3 Gaussians", 3, 10.0), ("1 Gaussian", 1, 4.0), ("4 Gaussians", 4, 25.0))
    where = "a camera at the origin, not turned, focal length"
    return [
        _camera(f"{what}, {where} {focal:g}", seed + 40 + 9 * k, count, focal, turned=False)
        for k, (what, count, focal) in enumerate(plans)
    ]


def _turned(seed: int) -> list[Case]:
    return [
        _camera("3 Gaussians, a camera somewhere, turned", seed + 70, 3, 10.0),
        _camera("2 Gaussians, another camera", seed + 80, 2, 30.0),
        _camera("4 Gaussians, a third camera, float32", seed + 90, 4, 5.0, dtype=torch.float32),
    ]


def _on_axis(_: int) -> list[Case]:
    # Two balls straight ahead: radius 0.5 at depth 4, radius 1 at depth 2; focal length 8.
    means, balls = [[0.0, 0, 4], [0, 0, 2]], [0.25, 1.0]
    covariances = [[[r, 0, 0], [0, r, 0], [0, 0, r]] for r in balls]
    values = (1.3, 0, 0, 1.3, 16.3, 0, 0, 16.3)
    tensors = (_tensor(means), _tensor(covariances), _eye(3), _tensor([0.0, 0, 0]))
    return [
        _given(
            "balls of radius 0.5 and 1 straight ahead at depth 4 and 2, focal length 8",
            tensors,
            8.0,
            expected={"value": number(*values, shape=(2, 2, 2))},
        )
    ]


def _points(seed: int) -> list[Case]:
    means, _, rotation, centre, focal = _camera("", seed + 100, 3, 10.0).make()
    tensors = (means, _eye(3, dtype=_double).repeat(3, 1, 1) * 1e-12, rotation, centre)
    expected = {"value": number(*[0.3, 0, 0, 0.3] * 3, shape=(3, 2, 2))}
    return [_given("3 Gaussians of almost no size", tensors, focal, expected=expected)]


def _projection_slopes(seed: int) -> list[Case]:
    tried = "the gradients, 2 Gaussians"
    return [_camera(tried, seed + k, 2, 6.0, mode="gradient") for k in (110, 120)]


PROJECTION_PROPERTIES = (
    Property("straight", "right for a camera that is not turned", 4, _straight, ("value",)),
    Property("turned", "right for any camera", 5, _turned, ("value",)),
    Property("axis", "(f s / z)² + 0.3 for a ball straight ahead", 2, _on_axis, fixed=True),
    Property("low_pass", "0.3 squared pixels are left of a mere point", 1, _points),
    Property(
        "gradient",
        "the gradients that reach means and covariances",
        2,
        _projection_slopes,
        ("gradient by means", "gradient by covariances"),
    ),
    Property("form", "gives (gaussians, 2, 2)", 1, _turned, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _turned, ("inputs",), formal=True),
)
