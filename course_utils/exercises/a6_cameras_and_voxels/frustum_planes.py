"""What a rectangle in the image knows: five planes round all that may be seen in it."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, number, text
from course_utils.exercises.a6_cameras_and_voxels import pinhole
from course_utils.vision3d.boxes import frustums

ARGUMENTS = ("rectangle", *pinhole.CAMERA)
EACH_SIDE = 4  # points beyond each plane of a frustum
_outputs = observe_outputs(ARGUMENTS, ("normals", "offsets"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees the planes; mode "points": on which side of them points in and around a frustum are."""
    seen = _outputs(function, case)
    normals, offsets = pinhole.rows(seen["normals"], 3), seen["offsets"]
    if case.mode != "points":
        return seen | {"lengths": pinhole.lengths(normals)}
    if normals is None or not offsets.numeric or len(offsets.values) != len(normals):
        return {"points": text("there is not one normal and one offset for each plane")}
    limits = torch.tensor(offsets.values, dtype=torch.float64)
    inside, outside = ((points @ normals.T <= limits).all(-1) for points in _sorted_points(case))
    counts = int(inside.sum()), len(inside), int((~outside).sum()), len(outside)
    return {"points": _sides(*counts)}


def _sides(within: int, inside: int, without: int, outside: int) -> Plain:
    return text(
        f"{within} of {inside} points of the frustum are inside, "
        f"{without} of {outside} others are outside"
    )


def _sorted_points(case: Case) -> tuple[Tensor, Tensor]:
    """World points within the frustum, and some beyond each of its planes."""
    rectangle, rotation, centre, focal, principal = (item.double() for item in case.make())
    left, top, right, bottom = rectangle.unbind()
    share = torch.linspace(0.1, 0.9, EACH_SIDE, dtype=torch.float64)
    u, v = left + share * (right - left), top + share * (bottom - top)
    beyond = 0.1 * (right - left), 0.1 * (bottom - top)
    columns = [u, u, u, left - beyond[0], right + beyond[0]]
    rows = [v.flip(0), top - beyond[1], bottom + beyond[1], v, v]

    def placed(column: Tensor, row: Tensor, sign: float) -> Tensor:
        offset = torch.stack([x.expand(EACH_SIDE) for x in (column, row)], -1) - principal
        local = torch.cat([offset / focal, offset.new_ones(EACH_SIDE, 1)], -1)
        return torch.cat([centre + sign * z * (local @ rotation.T) for z in (0.6, 3.0)])

    inside = placed(columns[0], rows[0], 1.0)
    others = [placed(c, r, 1.0) for c, r in zip(columns[1:], rows[1:], strict=True)]
    return inside, torch.cat([*others, placed(columns[0], rows[0], -1.0)])


def frustum_planes(rectangle: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    """The lesson's function, of a camera in numbers."""
    return frustums.frustum_planes(pinhole.lesson_camera(*camera), rectangle)


exercise = Declared(frustum_planes, observe, lesson=frustums, arguments=ARGUMENTS)


def _rectangle(seed: int) -> Tensor:
    share = positive(seed, (4,), 1.0, torch.float64)
    left, top = 4 + 20 * share[0], 3 + 18 * share[1]
    return torch.stack([left, top, left + 6 + 25 * share[2], top + 6 + 22 * share[3]])


def _case(tried: str, seed: int, mode: str = "value", **more: Any) -> Case:
    camera = pinhole.camera(seed + 1, torch.float64)
    return pinhole.case(tried, _rectangle(seed), camera, mode, **more)


@exercise.claim(4)
def points(seed: int) -> list[Case]:
    words = "points in the frustum, beyond each of its sides, and behind the camera"
    inside, others = 2 * EACH_SIDE, 10 * EACH_SIDE
    expected = {"points": _sides(inside, inside, others, others)}
    return [_case(words, seed + 57 + k, "points", expected=expected) for k in (0, 20)]


@exercise.claim(5, "normals")
def normals(seed: int) -> list[Case]:
    words = "another rectangle and camera, in float32"
    return [
        _case("a turned and moved camera", seed + 51),
        pinhole.case(words, _rectangle(seed + 53), pinhole.camera(seed + 54)),
        _case("a third camera", seed + 55),
    ]


exercise.claim(2, "offsets", name="offsets")(normals)
exercise.claim(1, "lengths", name="unit", formal=True)(normals)


@exercise.claim(1, "normals", "offsets", fixed=True)
def known(_: int) -> list[Case]:
    root = math.sqrt(0.5)
    planes = [-root, 0, -root, 0, -root, -root, root, 0, -root, 0, root, -root, 0, 0, -1]
    expected = {"normals": number(*planes, shape=(5, 3)), "offsets": number(*[0] * 5)}
    words = "a camera at the origin, not turned, f = 50: a right angle of view, (-18, -26, 82, 74)"
    rectangle = [-18.0, -26.0, 82.0, 74.0]
    return [pinhole.case(words, rectangle, pinhole.upright(), expected=expected)]


@exercise.claim(1, "normals", "offsets")
def origin(seed: int) -> list[Case]:
    camera = pinhole.at_the_origin(pinhole.camera(seed + 59, torch.float64))
    return [pinhole.case("a turned camera at the origin", _rectangle(seed + 60), camera)]


exercise.form(normals)
