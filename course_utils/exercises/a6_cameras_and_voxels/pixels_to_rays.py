"""From a pixel to its ray: where it begins, and where it goes."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, copy_out, number, text
from course_utils.exercises.a6_cameras_and_voxels import pinhole
from course_utils.vision3d import cameras

ARGUMENTS = ("pixels", *pinhole.CAMERA)
SLOPES = (
    *(f"gradient of directions by {name}" for name in ("pixels", "focal", "principal")),
    "gradient of origins by centre",
)
FLAT = 1e-6  # depth of what lies in the plane of the camera's centre
_outputs = observe_outputs(ARGUMENTS, ("origins", "directions"), uneven=True)


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees origins, directions and their lengths; mode "back": where the rays are seen again.

    In that mode a point on every ray is projected: it must come out at the ray's own pixel.
    """
    seen = _outputs(function, case)
    if case.mode == "gradient":
        return seen
    origins, directions = (pinhole.rows(seen[name], 3) for name in ("origins", "directions"))
    if case.mode == "back":
        return {"pixels of points on the rays": _seen_again(origins, directions, case)}
    return seen | {"lengths": pinhole.lengths(directions)}


def _seen_again(origins: Tensor | None, directions: Tensor | None, case: Case) -> Plain:
    pixels, rotation, centre, focal, principal = (item.double() for item in case.make())
    shapes = [len(rows) for rows in (origins, directions) if rows is not None]
    if len(shapes) < 2 or not {*shapes} <= {1, len(pixels)}:
        return text("there is no origin and direction for each pixel")
    x, y, z = ((origins + 3.0 * directions - centre) @ rotation).unbind(-1)
    if bool((z.abs() < FLAT).any()):  # the quotients would be of rounding errors alone
        return text("a point on a ray lies beside the camera, at depth 0")
    return copy_out(focal * torch.stack([x / z, y / z], -1) + principal)


def pixels_to_rays(pixels: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    """The lesson's function, of a camera in numbers."""
    return cameras.pixels_to_rays(pinhole.lesson_camera(*camera), pixels)


exercise = Declared(pixels_to_rays, observe, lesson=cameras, arguments=ARGUMENTS)


def _case(tried: str, seed: int, count: int, camera: pinhole.Numbers, mode: str = "value") -> Case:
    return pinhole.case(tried, _pixels(seed, count), camera, mode)


def _pixels(seed: int, count: int) -> Tensor:
    size = torch.tensor([64.0, 56.0], dtype=torch.float64)
    return positive(seed, (count, 2), 1.0, torch.float64) * size


@exercise.claim(4, "directions")
def directions(seed: int) -> list[Case]:
    double, moved = pinhole.camera(seed + 267, torch.float64), "of a turned and moved camera"
    return [
        _case(f"1 pixel {moved}", seed + 11, 1, pinhole.camera(seed + 227)),
        _case(f"4 pixels {moved}", seed + 12, 4, pinhole.camera(seed + 247)),
        _case(f"3 pixels {moved} in float64", seed + 13, 3, double),
    ]


exercise.claim(1, "origins", name="origins")(directions)


@exercise.claim(2)
def back(seed: int) -> list[Case]:
    camera, pixels = pinhole.camera(seed + 41, torch.float64), _pixels(seed + 42, 4)
    expected = {"pixels of points on the rays": number(*pixels.flatten().tolist(), shape=(4, 2))}
    words = "a point on the ray of each of 4 pixels, projected again"
    return [pinhole.case(words, pixels, camera, "back", expected=expected)]


exercise.claim(1, "lengths", name="unit", formal=True)(directions)


@exercise.claim(1, "origins", "directions", fixed=True)
def known(_: int) -> list[Case]:
    words = (
        "a camera at the origin, not turned, f = 50, principal point (32, 24); pixels at "
        "(32, 24), (82, 24) and (32, -26)"
    )
    root = math.sqrt(0.5)
    expected = {
        "origins": number(*[0] * 9, shape=(3, 3)),
        "directions": number(0, 0, 1, root, 0, root, 0, -root, root, shape=(3, 3)),
    }
    pixels = [[32.0, 24.0], [82.0, 24.0], [32.0, -26.0]]
    return [pinhole.case(words, pixels, pinhole.upright(), expected=expected)]


@exercise.claim(1, *SLOPES)
def gradient(seed: int) -> list[Case]:
    camera = pinhole.camera(seed + 43, torch.float64)
    return [_case("the gradients, 3 pixels", seed + 44, 3, camera, "gradient")]


exercise.form(directions)
