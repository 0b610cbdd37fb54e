"""A pinhole camera as four tensors: what goes into an exercise, and how its rows are read."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.plain import Plain, text
from course_utils.vision3d.cameras import Camera

CAMERA = ("rotation", "centre", "focal", "principal")
Numbers = tuple[Tensor, Tensor, Tensor, Tensor]


def lesson_camera(rotation: Tensor, centre: Tensor, focal: Tensor, principal: Tensor) -> Camera:
    """The lesson's camera from its numbers; the size of its image plays no part here."""
    return Camera(focal, 64, 48, rotation, centre, principal)


def camera(seed: int, dtype: torch.dtype = torch.float32) -> Numbers:
    """Some camera, turned and moved."""
    double = torch.float64
    focal = 40.0 + 10.0 * positive(seed + 1, (), 1.0, double)
    middle = torch.tensor([34.0, 29.0], dtype=double) + positive(seed + 2, (2,), 3.0, double)
    numbers = _rotation(seed), normal(seed + 3, (3,), 1.5, double), focal, middle
    return tuple(each.to(dtype) for each in numbers)


def _rotation(seed: int) -> Tensor:
    q, r = torch.linalg.qr(normal(seed, (3, 3), 1.0, torch.float64))
    q = q * r.diagonal().sign()
    return q * torch.linalg.det(q)  # a mirror image becomes a rotation


def upright() -> Numbers:
    """The camera at the origin that looks along z, with x to the right and y down; f = 50."""
    return torch.eye(3), torch.zeros(3), torch.tensor(50.0), torch.tensor([32.0, 24.0])


def at_the_origin(numbers: Numbers) -> Numbers:
    """The same camera, not moved."""
    rotation, centre, *lens = numbers
    return rotation, torch.zeros_like(centre), *lens


def case(
    tried: str, first: Tensor | Sequence, numbers: Numbers, mode: str = "value", **more: Any
) -> Case:
    """A case of points, pixels or a rectangle, and a camera, in the camera's dtype."""
    first = torch.as_tensor(first, dtype=numbers[0].dtype)
    return Case(tried, fresh(first, *numbers), mode=mode, **more)


def rows(plain: Plain, width: int) -> Tensor | None:
    """The numbers as rows in float64, or None where there are no such rows."""
    if not plain.numeric or plain.shape[-1:] != (width,) or len(plain.shape) > 2:
        return None
    return torch.tensor(plain.values, dtype=torch.float64).view(-1, width)


def lengths(directions: Tensor | None) -> Plain:
    """In words: whether all rows have length 1."""
    if directions is None:
        return text("there is no direction for each pixel")
    even = float((directions.norm(dim=-1) - 1).abs().max()) < 1e-4
    return text("length 1" if even else "other lengths than 1")
