"""From a point to its pixel, and its depth."""

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a6_cameras_and_voxels import pinhole
from course_utils.vision3d import cameras

ARGUMENTS = ("points", *pinhole.CAMERA)
# Not by the rotation: its nine numbers are not free, and right formulas differ there. And without
# those that are 0, such as the depth's by the focal length: some right answers give none.
SLOPES = (
    *(f"gradient of pixels by {name}" for name in ("points", "centre", "focal", "principal")),
    *(f"gradient of depth by {name}" for name in ("points", "centre")),
)


def project_points(points: Tensor, *camera: Tensor) -> tuple[Tensor, Tensor]:
    """The lesson's function, of a camera in numbers."""
    return cameras.project_points(pinhole.lesson_camera(*camera), points)


exercise = Declared(
    project_points,
    observe_outputs(ARGUMENTS, ("pixels", "depth"), uneven=True),
    lesson=cameras,
    arguments=ARGUMENTS,
)


def _seen(tried: str, seed: int, count: int, camera: pinhole.Numbers, mode: str = "value") -> Case:
    return pinhole.case(tried, _in_front(seed, count, camera), camera, mode)


def _in_front(seed: int, count: int, camera: pinhole.Numbers) -> Tensor:
    """World points that such a camera sees, up to half a unit off its axis for each of depth."""
    rotation, centre = (each.double() for each in camera[:2])
    share = positive(seed, (count, 3), 1.0, torch.float64)
    depth = 1.0 + 3.0 * share[:, 2:]
    local = torch.cat([(share[:, :2] - 0.5) * depth, depth], -1)
    return (centre + local @ rotation.T).to(camera[0].dtype)


@exercise.claim(5, "pixels")
def pixels(seed: int) -> list[Case]:
    double, moved = pinhole.camera(seed + 260, torch.float64), "before a turned and moved camera"
    return [
        _seen(f"1 point {moved}", seed + 11, 1, pinhole.camera(seed + 220)),
        _seen(f"4 points {moved}", seed + 12, 4, pinhole.camera(seed + 240)),
        _seen(f"3 points {moved} in float64", seed + 13, 3, double),
    ]


exercise.claim(3, "depth", name="depth")(pixels)


@exercise.claim(1, fixed=True)
def known(_: int) -> list[Case]:
    points = [[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0], [1.0, -0.5, 5.0]]
    words = (
        "a camera at the origin, not turned, f = 50, principal point (32, 24); points on its axis, "
        "to its right, below, and farther off"
    )
    expected = {
        "pixels": number(32, 24, 57, 24, 32, 49, 42, 19, shape=(4, 2)),
        "depth": number(2, 2, 2, 5),
    }
    return [pinhole.case(words, points, pinhole.upright(), expected=expected)]


@exercise.claim(1, "pixels", "depth")
def moved(seed: int) -> list[Case]:
    rotation, _, *lens = pinhole.upright()
    camera = rotation, normal(seed + 30, (3,), 2.0), *lens
    return [_seen("a moved camera, not turned", seed + 31, 3, camera)]


@exercise.claim(1, "pixels", "depth")
def turned(seed: int) -> list[Case]:
    camera = pinhole.at_the_origin(pinhole.camera(seed + 32))
    return [_seen("a turned camera at the origin", seed + 33, 3, camera)]


@exercise.claim(1, "depth")
def behind(seed: int) -> list[Case]:
    camera = pinhole.camera(seed + 34)
    opposite = 2 * camera[1] - _in_front(seed + 35, 3, camera)
    return [pinhole.case("3 points behind the camera", opposite, camera)]


@exercise.claim(2, *SLOPES)
def gradient(seed: int) -> list[Case]:
    camera = pinhole.camera(seed + 36, torch.float64)
    return [_seen("the gradients, 3 points", seed + 37, 3, camera, "gradient")]


exercise.form(pixels)
