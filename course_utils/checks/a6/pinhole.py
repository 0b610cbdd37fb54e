"""What must hold of a pinhole camera: of pixels, of rays, of the planes round a rectangle."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.a6.observe import EACH_SIDE
from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.plain import number, text

_double = torch.float64
Numbers = tuple[Tensor, Tensor, Tensor, Tensor]


def turned(seed: int) -> Tensor:
    """A random rotation, in float64."""
    q, r = torch.linalg.qr(normal(seed, (3, 3), 1.0, _double))
    q = q * r.diagonal().sign()
    return q * torch.linalg.det(q)  # a mirror image becomes a rotation


def _camera(seed: int, dtype: torch.dtype = torch.float32) -> Numbers:
    """Rotation, centre, focal length and principal point of some camera."""
    focal = 40.0 + 10.0 * positive(seed + 1, (), 1.0, _double)
    middle = torch.tensor([34.0, 29.0], dtype=_double) + positive(seed + 2, (2,), 3.0, _double)
    numbers = turned(seed), normal(seed + 3, (3,), 1.5, _double), focal, middle
    return tuple(each.to(dtype) for each in numbers)


def _upright(focal: float = 50.0) -> Numbers:
    """The camera at the origin that looks along z, with x to the right and y down."""
    return torch.eye(3), torch.zeros(3), torch.tensor(focal), torch.tensor([32.0, 24.0])


def _in_front(seed: int, count: int, camera: Numbers) -> Tensor:
    """World points that such a camera sees, up to half a unit off its axis for each of depth."""
    rotation, centre = (each.double() for each in camera[:2])
    share = positive(seed, (count, 3), 1.0, _double)
    depth = 1.0 + 3.0 * share[:, 2:]
    local = torch.cat([(share[:, :2] - 0.5) * depth, depth], -1)
    return (centre + local @ rotation.T).to(camera[0].dtype)


def _case(
    tried: str, first: Tensor | Sequence, camera: Numbers, mode: str = "value", **more: Any
) -> Case:
    first = torch.as_tensor(first, dtype=camera[0].dtype)
    return Case(tried, fresh(first, *camera), mode=mode, **more)


# ------------------------------------------------------------------------ project_points

MADE = ((11, 1, torch.float32), (12, 4, torch.float32), (13, 3, _double))


def _some_points(seed: int) -> list[Case]:
    cases = []
    for own, count, dtype in MADE:
        camera = _camera(seed + 20 * own, dtype)
        points = _in_front(seed + own, count, camera)
        kind = " in float64" if dtype == _double else ""
        words = f"{count} point{'s' if count > 1 else ''} before a turned and moved camera{kind}"
        cases.append(_case(words, points, camera))
    return cases


def _known_pixels(_: int) -> list[Case]:
    points = [[0.0, 0.0, 2.0], [1.0, 0.0, 2.0], [0.0, 1.0, 2.0], [1.0, -0.5, 5.0]]
    words = (
        "a camera at the origin, not turned, f = 50, principal point (32, 24); points on its axis, "
        "to its right, below, and farther off"
    )
    return [
        _case(
            words,
            points,
            _upright(),
            expected={
                "pixels": number(32, 24, 57, 24, 32, 49, 42, 19, shape=(4, 2)),
                "depth": number(2, 2, 2, 5),
            },
        )
    ]


def _moved_only(seed: int) -> list[Case]:
    rotation, _, focal, principal = _upright()
    centre = normal(seed + 30, (3,), 2.0)
    camera = rotation, centre, focal, principal
    return [_case("a moved camera, not turned", _in_front(seed + 31, 3, camera), camera)]


def _turned_only(seed: int) -> list[Case]:
    camera = _camera(seed + 32)
    camera = camera[0], torch.zeros(3), *camera[2:]
    return [_case("a turned camera at the origin", _in_front(seed + 33, 3, camera), camera)]


def _behind(seed: int) -> list[Case]:
    camera = _camera(seed + 34)
    seen = _in_front(seed + 35, 3, camera)
    return [_case("3 points behind the camera", 2 * camera[1] - seen, camera)]


# Not by the rotation: its nine numbers are not free, and right formulas differ there. And without
# those that are 0, such as the depth's by the focal length: some right answers give none.
PIXEL_SLOPES = (
    *(f"gradient of pixels by {name}" for name in ("points", "centre", "focal", "principal")),
    *(f"gradient of depth by {name}" for name in ("points", "centre")),
)


def _pixel_slopes(seed: int) -> list[Case]:
    camera = _camera(seed + 36, _double)
    points = _in_front(seed + 37, 3, camera)
    return [_case("the gradients, 3 points", points, camera, "gradient")]


PROJECTION_PROPERTIES = (
    Property("pixels", "the pixel of every point before any camera", 5, _some_points, ("pixels",)),
    Property("depth", "the depth along the optical axis", 3, _some_points, ("depth",)),
    Property("known", "known pixels before a camera at the origin", 1, _known_pixels, fixed=True),
    Property("moved", "right when the camera is only moved", 1, _moved_only, ("pixels", "depth")),
    Property("turned", "right when the camera is only turned", 1, _turned_only,
             ("pixels", "depth")),
    Property("behind", "a negative depth behind the camera", 1, _behind, ("depth",)),
    Property("gradient", "the gradients by points and camera", 2, _pixel_slopes, PIXEL_SLOPES),
    Property("form", "gives (points, 2) and (points,)", 1, _some_points, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _some_points, ("inputs",),
             formal=True),
)  # fmt: skip

# ------------------------------------------------------------------------ pixels_to_rays


def _pixels(seed: int, count: int, dtype: torch.dtype = _double) -> Tensor:
    size = torch.tensor([64.0, 56.0], dtype=_double)
    return (positive(seed, (count, 2), 1.0, _double) * size).to(dtype)


def _some_rays(seed: int) -> list[Case]:
    cases = []
    for own, count, dtype in MADE:
        camera = _camera(seed + 20 * own + 7, dtype)
        kind = " in float64" if dtype == _double else ""
        words = f"{count} pixel{'s' if count > 1 else ''} of a turned and moved camera{kind}"
        cases.append(_case(words, _pixels(seed + own, count, dtype), camera))
    return cases


def _known_rays(_: int) -> list[Case]:
    root = math.sqrt(0.5)
    unit = [0, 0, 1, root, 0, root, 0, -root, root]
    return [
        _case(
            "a camera at the origin, not turned, f = 50, principal point (32, 24); pixels at "
            "(32, 24), (82, 24) and (32, -26)",
            [[32.0, 24.0], [82.0, 24.0], [32.0, -26.0]],
            _upright(),
            expected={"origins": number(*[0] * 9, shape=(3, 3)),
                      "directions": number(*unit, shape=(3, 3))},
        )
    ]  # fmt: skip


def _back_again(seed: int) -> list[Case]:
    camera = _camera(seed + 41, _double)
    pixels = _pixels(seed + 42, 4)
    expected = {"pixels of points on the rays": number(*pixels.flatten().tolist(), shape=(4, 2))}
    words = "a point on the ray of each of 4 pixels, projected again"
    return [_case(words, pixels, camera, "back", expected=expected)]


RAY_SLOPES = (
    *(f"gradient of directions by {name}" for name in ("pixels", "focal", "principal")),
    "gradient of origins by centre",
)


def _ray_slopes(seed: int) -> list[Case]:
    camera = _camera(seed + 43, _double)
    return [_case("the gradients, 3 pixels", _pixels(seed + 44, 3), camera, "gradient")]


RAY_PROPERTIES = (
    Property("directions", "the direction of every pixel's ray", 4, _some_rays, ("directions",)),
    Property("origins", "every ray begins at the camera's centre", 1, _some_rays, ("origins",)),
    Property("back", "a point on the ray is seen at the ray's pixel", 2, _back_again),
    Property("unit", "directions have length 1", 1, _some_rays, ("lengths",), formal=True),
    Property("known", "known rays of a camera at the origin", 1, _known_rays,
             ("origins", "directions"), fixed=True),
    Property("gradient", "the gradients by pixels and camera", 1, _ray_slopes, RAY_SLOPES),
    Property("form", "gives (pixels, 3) twice", 1, _some_rays, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _some_rays, ("inputs",),
             formal=True),
)  # fmt: skip

# ------------------------------------------------------------------------ frustum_planes


def _rectangle(seed: int, dtype: torch.dtype = _double) -> Tensor:
    share = positive(seed, (4,), 1.0, _double)
    left, top = 4 + 20 * share[0], 3 + 18 * share[1]
    corners = [left, top, left + 6 + 25 * share[2], top + 6 + 22 * share[3]]
    return torch.stack(corners).to(dtype)


def _some_rectangles(seed: int) -> list[Case]:
    return [
        _case("a turned and moved camera", _rectangle(seed + 51), _camera(seed + 52, _double)),
        _case(
            "another rectangle and camera, in float32",
            _rectangle(seed + 53, torch.float32),
            _camera(seed + 54),
        ),
        _case("a third camera", _rectangle(seed + 55), _camera(seed + 56, _double)),
    ]


def _known_planes(_: int) -> list[Case]:
    root = math.sqrt(0.5)
    normals = [-root, 0, -root, 0, -root, -root, root, 0, -root, 0, root, -root, 0, 0, -1]
    expected = {"normals": number(*normals, shape=(5, 3)), "offsets": number(*[0] * 5)}
    words = "a camera at the origin, not turned, f = 50: a right angle of view, (-18, -26, 82, 74)"
    return [_case(words, [-18.0, -26.0, 82.0, 74.0], _upright(), expected=expected)]


def _points_around(seed: int) -> list[Case]:
    inside, others = 2 * EACH_SIDE, 10 * EACH_SIDE
    words = f"{inside} of {inside} points of the frustum are inside, "
    expected = {"points": text(words + f"{others} of {others} others are outside")}
    return [
        _case(
            "points in the frustum, beyond each of its sides, and behind the camera",
            _rectangle(seed + 57 + k),
            _camera(seed + 58 + k, _double),
            "points",
            expected=expected,
        )
        for k in (0, 20)
    ]


def _at_the_origin(seed: int) -> list[Case]:
    camera = _camera(seed + 59, _double)
    camera = camera[0], torch.zeros(3, dtype=_double), *camera[2:]
    return [_case("a turned camera at the origin", _rectangle(seed + 60), camera)]


PLANE_PROPERTIES = (
    Property("points", "inside is what the rectangle shows, and only that", 4, _points_around),
    Property("normals", "the outward normals, in order", 5, _some_rectangles, ("normals",)),
    Property("offsets", "the offsets of the planes", 2, _some_rectangles, ("offsets",)),
    Property("unit", "normals have length 1", 1, _some_rectangles, ("lengths",), formal=True),
    Property("known", "known planes of a right angle of view", 1, _known_planes,
             ("normals", "offsets"), fixed=True),
    Property("origin", "right for a camera at the origin", 1, _at_the_origin,
             ("normals", "offsets")),
    Property("form", "gives (5, 3) and (5,)", 1, _some_rectangles, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _some_rectangles, ("inputs",),
             formal=True),
)  # fmt: skip
