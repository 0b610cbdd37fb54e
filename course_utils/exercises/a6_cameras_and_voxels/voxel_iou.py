"""How well two shapes agree: intersection over union."""

from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, positive
from course_utils.checks.plain import number
from course_utils.exercises.a6_cameras_and_voxels.full_voxels import full_voxels
from course_utils.vision3d.shapes.voxels import voxel_iou

exercise = Declared(voxel_iou)


def _case(
    tried: str, seed: int, counts: tuple[int, ...], threshold: float, side: int = 2, **how: Any
) -> Case:
    """A case of random probabilities: for each object, how many voxels are truly full."""
    truth = full_voxels(seed, counts, side)
    drawn = positive(seed + 1, tuple(truth.shape), 0.98, **how)
    return Case(f"{tried}, threshold {threshold:g}", fresh(drawn, truth, threshold))


def _known(tried: str, predicted: Tensor, truth: Tensor, *shares: float) -> Case:
    """A case at threshold 0.5, of which it is known what comes for each object."""
    expected = {"value": number(*shares, shape=(len(shares),))}
    return Case(f"{tried}, threshold 0.5", fresh(predicted, truth, 0.5), expected)


def _small(*values: float) -> Tensor:
    """One object of 8 voxels."""
    return torch.tensor(values).view(1, 2, 2, 2)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    return [
        _case("one object of 8 voxels", seed + 21, (3,), 0.5),
        _case("two objects of 27 voxels", seed + 23, (6, 12), 0.5, 3),
        _case("three objects in float64", seed + 25, (2, 4, 5), 0.5, dtype=torch.float64),
    ]


@exercise.claim(3, "value")
def levels(seed: int) -> list[Case]:
    low, high = 0.25 + 0.01 * (seed % 10), 0.75 - 0.01 * (seed % 7)
    return [
        _case("two objects of 27 voxels", seed + 27, (7, 12), low, 3),
        _case("two objects of 27 voxels", seed + 29, (9, 6), high, 3),
    ]


@exercise.claim(1, "value", fixed=True)
def known(_: int) -> list[Case]:
    truth = _small(1, 1, 1, 0, 0, 0, 0, 0).bool()
    predicted = _small(0.9, 0.8, 0.1, 0.7, 0.2, 0.0, 0.3, 0.4)
    return [
        _known("3 voxels predicted, 3 true, 2 of them the same", predicted, truth, 0.5),
        _known("the truth itself", truth.float(), truth, 1.0),
        _known("the opposite of the truth", 1 - truth.float(), truth, 0.0),
    ]


@exercise.claim(1, "value", fixed=True)
def empty(_: int) -> list[Case]:
    truth = torch.zeros(2, 2, 2, 2, dtype=torch.bool)
    truth[1, 0, 1] = True
    words = "nothing predicted; the first object is empty, the second is not"
    return [_known(words, torch.full((2, 2, 2, 2), 0.2), truth, 1.0, 0.0)]


@exercise.claim(1, "value", fixed=True)
def equal(_: int) -> list[Case]:
    truth = _small(1, 0, 1, 0, 0, 0, 0, 0).bool()
    predicted = _small(0.75, 0.5, 0.75, 0.5, 0.0, 0.0, 0.5, 0.0)
    return [_known("probabilities of exactly 0.5", predicted, truth, 1.0)]


exercise.form(values)
