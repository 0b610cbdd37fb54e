"""What must hold of voxels: which are full, what a prediction costs, how well two agree."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import normal, positive
from course_utils.checks.observe import expected_number
from course_utils.checks.plain import error, number, text

_double = torch.float64

# ------------------------------------------------------------------------------- voxelise


def _grid(tried: str, points: Tensor | list, resolution: int, side: float, **more: Any) -> Case:
    points = torch.as_tensor(points)
    words = f"{tried}; {resolution} voxels along a side of {side:g}"
    return Case(words, lambda: (points.clone(), resolution, side), **more)


def _spread(seed: int, count: int, side: float, dtype: torch.dtype = torch.float32) -> Tensor:
    """Points all over the cube."""
    return (side * (positive(seed, (count, 3), 1.0, _double) - 0.525)).to(dtype)


def _clouds(seed: int) -> list[Case]:
    listed = [[-0.9, 0.1, 0.9], [0.3, -0.6, 0.2]]
    return [
        _grid("the points (-0.9, 0.1, 0.9) and (0.3, -0.6, 0.2)", listed, 4, 2.0)
        if not seed
        else _grid("2 points", _spread(seed + 1, 2, 2.0), 4, 2.0),
        _grid("6 points", _spread(seed + 2, 6, 2.0), 5, 2.0),
        _grid("5 points in float64", _spread(seed + 3, 5, 3.0, _double), 7, 3.0),
        _grid("8 points in a small cube", _spread(seed + 4, 8, 0.5), 3, 0.5),
    ]


def _axes(seed: int) -> list[Case]:
    high = 0.75 + 0.01 * (seed % 20)
    return [
        _grid(f"a point far along {name}", [point], 4, 2.0)
        for name, point in (
            ("x", [high, -0.9, -0.2]),
            ("y", [-0.9, high, -0.2]),
            ("z", [-0.9, -0.2, high]),
        )
    ]


def _twice(seed: int) -> list[Case]:
    cloud = _spread(seed + 5, 3, 2.0)
    return [_grid("three points, each of them three times", cloud.repeat(3, 1), 4, 2.0)]


def _outside(seed: int) -> list[Case]:
    beyond = 1.02 + 0.01 * (seed % 30)
    points = [[0.1, 0.1, 0.1]]
    for axis in range(3):
        for sign in (-1.0, 1.0):
            points.append([sign * beyond if axis == k else 0.1 for k in range(3)])
    far = [[0.1, 0.1, 0.1], [-9.0, 0.0, 0.0], [0.0, 7.0, 0.0]]
    words = "one point inside, the others"
    return [
        _grid(f"{words} just outside", points, 4, 2.0),
        _grid(f"{words} far outside", far, 4, 2.0),
    ]


def _centres(_: int) -> list[Case]:
    places = [(0, 0, 0), (1, 2, 0), (2, 1, 2), (2, 2, 2)]
    points = [[2 * (k + 0.5) / 3 - 1 for k in place] for place in places]
    full = " ".join(str(place) for place in places)
    expected = {"full voxels": text(full)}
    return [_grid("the centres of 4 voxels", points, 3, 2.0, expected=expected)]


GRID_PROPERTIES = (
    Property("voxels", "the voxels that hold a point", 4, _clouds, ("full voxels",)),
    Property("axes", "indices run along x, y, z", 1, _axes, ("full voxels",)),
    Property("centres", "a voxel's centre lies in it", 1, _centres, ("full voxels",), fixed=True),
    Property("outside", "points outside of the cube are left out", 2, _outside, ("full voxels",)),
    Property("twice", "several points in one voxel are no matter", 1, _twice, ("full voxels",)),
    Property("form", "gives a grid of True and False", 2, _clouds, ("form",), formal=True),
    Property("inputs", "leaves the points as they were", 1, _clouds, ("inputs",), formal=True),
)

# ---------------------------------------------------------------- balanced_occupancy_loss


def _full(seed: int, counts: tuple[int, ...], side: int) -> Tensor:
    """For each object a grid with so many full voxels, anywhere."""
    generator = torch.Generator("cpu").manual_seed(seed)
    grids = torch.zeros(len(counts), side**3, dtype=torch.bool)
    for row, count in zip(grids, counts, strict=True):
        row[torch.randperm(side**3, generator=generator)[:count]] = True
    return grids.view(-1, side, side, side)


def _judged(
    tried: str, seed: int, counts: tuple[int, ...], side: int = 2, scale: float = 1.5, **how: Any
) -> Case:
    mode = how.pop("mode", "value")
    truth = _full(seed, counts, side)
    logits = normal(seed + 1, tuple(truth.shape), scale, **how)
    return Case(tried, lambda: (logits.clone(), truth.clone()), mode=mode)


def _objects(seed: int) -> list[Case]:
    return [
        _judged("one object, 2 of 8 voxels full", seed + 1, (2,)),
        _judged("one object, 3 of 27 voxels full", seed + 3, (3,), 3),
        _judged("one object, 5 of 8 voxels full, in float64", seed + 5, (5,), dtype=_double),
    ]


def _batches(seed: int) -> list[Case]:
    return [
        _judged("two objects, 1 and 6 of 8 voxels full", seed + 7, (1, 6)),
        _judged("three objects, 2, 4 and 20 of 27 voxels full", seed + 9, (2, 4, 20), 3),
    ]


def _nothing_known(_: int) -> list[Case]:
    cases = []
    for counts in ((1,), (4,), (2, 7)):
        truth = _full(3, counts, 2)
        logits = torch.zeros(truth.shape)
        cases.append(
            Case(
                f"logits of 0, {counts} of 8 voxels full",
                lambda logits=logits, truth=truth: (logits.clone(), truth.clone()),
                expected_number(math.log(2)),
            )
        )
    return cases


def _sure(seed: int) -> list[Case]:
    truth, high = _full(seed + 11, (3,), 2), 150.0 + seed % 40
    right = torch.where(truth, high, -high)
    wrong = right.clone()
    wrong.view(-1)[truth.flatten().nonzero()[0]] = -high
    return [
        Case(
            "sure and right, logits of ±150",
            lambda: (right.clone(), truth.clone()),
            expected_number(0.0),
        ),
        Case(
            "sure, one of 3 full voxels missed",
            lambda: (wrong.clone(), truth.clone()),
            expected_number(high / 6),
        ),
    ]


def _one_kind(seed: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    logits = normal(seed + 13, (2, 2, 2, 2))
    none, every = _full(seed + 14, (3, 0), 2), _full(seed + 15, (8, 3), 2)
    return [
        Case("an object without a full voxel", lambda: (logits.clone(), none.clone()), refuse),
        Case("an object without an empty voxel", lambda: (logits.clone(), every.clone()), refuse),
    ]


def _slopes(seed: int) -> list[Case]:
    words = "the gradient, two objects, 1 and 5 of 8 voxels full"
    return [_judged(words, seed + 16, (1, 5), mode="gradient")]


LOSS_PROPERTIES = (
    Property("values", "full and empty voxels of an object weigh the same", 5, _objects,
             ("value",)),
    Property("batches", "every object is balanced by itself, then the mean", 2, _batches,
             ("value",)),
    Property("nothing", "log 2 where nothing is known", 1, _nothing_known, ("value",), fixed=True),
    Property("sure", "finite and exact for logits of ±150", 2, _sure, ("value",)),
    Property("refused", "an object of one kind of voxel raises ValueError", 1, _one_kind,
             formal=True),
    Property("gradient", "the gradient that reaches the logits", 2, _slopes),
    Property("form", "gives one number, a scalar tensor", 1, _batches, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _objects, ("inputs",),
             formal=True),
)  # fmt: skip

# ------------------------------------------------------------------------------ voxel_iou


def _compared(
    tried: str, seed: int, counts: tuple[int, ...], threshold: float, side: int = 2, **how: Any
) -> Case:
    truth = _full(seed, counts, side)
    drawn = positive(seed + 1, tuple(truth.shape), 0.98, **how)
    words = f"{tried}, threshold {threshold:g}"
    return Case(words, _maker(drawn, truth, threshold))


def _maker(predicted: Tensor, truth: Tensor, threshold: float) -> Callable[[], tuple]:
    return lambda: (predicted.clone(), truth.clone(), threshold)


def _shapes(seed: int) -> list[Case]:
    return [
        _compared("one object of 8 voxels", seed + 21, (3,), 0.5),
        _compared("two objects of 27 voxels", seed + 23, (6, 12), 0.5, 3),
        _compared("three objects in float64", seed + 25, (2, 4, 5), 0.5, dtype=_double),
    ]


def _levels(seed: int) -> list[Case]:
    low, high = 0.25 + 0.01 * (seed % 10), 0.75 - 0.01 * (seed % 7)
    return [
        _compared("two objects of 27 voxels", seed + 27, (7, 12), low, 3),
        _compared("two objects of 27 voxels", seed + 29, (9, 6), high, 3),
    ]


def _by_hand(_: int) -> list[Case]:
    truth = torch.tensor([1, 1, 1, 0, 0, 0, 0, 0], dtype=torch.bool).view(1, 2, 2, 2)
    predicted = torch.tensor([0.9, 0.8, 0.1, 0.7, 0.2, 0.0, 0.3, 0.4]).view(1, 2, 2, 2)
    words = "3 voxels predicted, 3 true, 2 of them the same, threshold 0.5"
    return [
        Case(words, _maker(predicted, truth, 0.5), {"value": number(0.5, shape=(1,))}),
        Case(
            "the truth itself, threshold 0.5",
            _maker(truth.float(), truth, 0.5),
            {"value": number(1.0, shape=(1,))},
        ),
        Case(
            "the opposite of the truth, threshold 0.5",
            _maker(1 - truth.float(), truth, 0.5),
            {"value": number(0.0, shape=(1,))},
        ),
    ]


def _empty(_: int) -> list[Case]:
    truth = torch.zeros(2, 2, 2, 2, dtype=torch.bool)
    truth[1, 0, 1] = True
    predicted = torch.full((2, 2, 2, 2), 0.2)
    return [
        Case(
            "nothing predicted; the first object is empty, the second is not, threshold 0.5",
            _maker(predicted, truth, 0.5),
            {"value": number(1.0, 0.0)},
        )
    ]


def _equal(_: int) -> list[Case]:
    truth = torch.tensor([1, 0, 1, 0, 0, 0, 0, 0], dtype=torch.bool).view(1, 2, 2, 2)
    predicted = torch.tensor([0.75, 0.5, 0.75, 0.5, 0.0, 0.0, 0.5, 0.0]).view(1, 2, 2, 2)
    return [
        Case(
            "probabilities of exactly 0.5, threshold 0.5",
            _maker(predicted, truth, 0.5),
            {"value": number(1.0, shape=(1,))},
        )
    ]


IOU_PROPERTIES = (
    Property("values", "intersection over union of each object", 4, _shapes, ("value",)),
    Property("levels", "what is above the threshold is full", 3, _levels, ("value",)),
    Property("known", "1/2, 1 and 0 where they are known", 1, _by_hand, ("value",), fixed=True),
    Property("empty", "1 where both are empty, 0 where one is", 1, _empty, ("value",), fixed=True),
    Property("equal", "what equals the threshold is empty", 1, _equal, ("value",), fixed=True),
    Property("form", "gives one number for each object", 1, _shapes, ("form",), formal=True),
    Property("inputs", "leaves its arguments as they were", 1, _shapes, ("inputs",), formal=True),
)  # fmt: skip
