"""Points into voxels: full is what holds at least one."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import fresh, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import Plain, text
from course_utils.vision3d.shapes.conversions import occupancy_from_points

_outputs = observe_outputs(("points", "resolution", "side"))


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees which voxels are full, by their indices; the form says what kind of grid came."""
    _, resolution, _ = case.make()
    seen = _outputs(function, case)
    grid = seen.pop("value")
    if grid.shape != (resolution,) * 3:
        words = f"no grid of {resolution} × {resolution} × {resolution}: {seen['form'].note}"
        return seen | {"full voxels": text(words)}
    return seen | {"full voxels": _full(grid, resolution)}


def _full(grid: Plain, resolution: int) -> Plain:
    square = resolution**2
    cells = [k for k, value in enumerate(grid.values) if value]
    if len(cells) >= 20:
        return text(f"{len(cells)} voxels")
    names = [f"({k // square}, {k // resolution % resolution}, {k % resolution})" for k in cells]
    most = max(grid.values, default=0)
    counted = f", up to {most:g} times" if most > 1 else ""
    return text((" ".join(names) or "none") + counted)


exercise = Declared(occupancy_from_points, observe)


def _case(tried: str, points: Tensor | list, resolution: int, side: float, **more: Any) -> Case:
    words = f"{tried}; {resolution} voxels along a side of {side:g}"
    return Case(words, fresh(torch.as_tensor(points), resolution, side), **more)


def _spread(seed: int, count: int, side: float) -> Tensor:
    """Points all over the cube, in float64."""
    return side * (positive(seed, (count, 3), 1.0, torch.float64) - 0.525)


@exercise.claim(4, "full voxels")
def voxels(seed: int) -> list[Case]:
    by_hand = [[-0.9, 0.1, 0.9], [0.3, -0.6, 0.2]]
    return [
        _case("2 points", _spread(seed + 1, 2, 2.0).float(), 4, 2.0)
        if seed
        else _case("the points (-0.9, 0.1, 0.9) and (0.3, -0.6, 0.2)", by_hand, 4, 2.0),
        _case("6 points", _spread(seed + 2, 6, 2.0).float(), 5, 2.0),
        _case("5 points in float64", _spread(seed + 3, 5, 3.0), 7, 3.0),
        _case("8 points in a small cube", _spread(seed + 4, 8, 0.5).float(), 3, 0.5),
    ]


@exercise.claim(1, "full voxels")
def axes(seed: int) -> list[Case]:
    high = 0.75 + 0.01 * (seed % 20)
    places = {"x": [high, -0.9, -0.2], "y": [-0.9, high, -0.2], "z": [-0.9, -0.2, high]}
    return [_case(f"a point far along {name}", [at], 4, 2.0) for name, at in places.items()]


@exercise.claim(1, "full voxels", fixed=True)
def centres(_: int) -> list[Case]:
    places = [(0, 0, 0), (1, 2, 0), (2, 1, 2), (2, 2, 2)]
    points = [[2 * (k + 0.5) / 3 - 1 for k in place] for place in places]
    expected = {"full voxels": text(" ".join(str(place) for place in places))}
    return [_case("the centres of 4 voxels", points, 3, 2.0, expected=expected)]


@exercise.claim(2, "full voxels")
def outside(seed: int) -> list[Case]:
    beyond = 1.02 + 0.01 * (seed % 30)
    near = [[0.1, 0.1, 0.1]]
    for axis in range(3):
        for sign in (-1.0, 1.0):
            near.append([sign * beyond if axis == k else 0.1 for k in range(3)])
    far = [[0.1, 0.1, 0.1], [-9.0, 0.0, 0.0], [0.0, 7.0, 0.0], [5.0, -6.0, 8.0]]
    return [
        _case("one point inside, the others just outside", near, 4, 2.0),
        _case("one point inside, the others far outside", far, 4, 2.0),
    ]


@exercise.claim(1, "full voxels")
def twice(seed: int) -> list[Case]:
    cloud = _spread(seed + 5, 3, 2.0).float()
    return [_case("three points, each of them three times", cloud.repeat(3, 1), 4, 2.0)]


exercise.claim(2, "form", name="form", formal=True)(voxels)
exercise.claim(1, "inputs", name="inputs", formal=True)(voxels)
