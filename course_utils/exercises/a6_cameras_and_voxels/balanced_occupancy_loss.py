"""A loss of voxels in which the few full ones weigh as much as the many empty ones."""

import math
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import expected_number
from course_utils.checks.plain import error
from course_utils.exercises.a6_cameras_and_voxels.full_voxels import full_voxels
from course_utils.vision3d.shapes.voxels import balanced_occupancy_loss

exercise = Declared(balanced_occupancy_loss)


def _case(
    tried: str, seed: int, counts: tuple[int, ...], side: int = 2, mode: str = "value", **how: Any
) -> Case:
    """A case of random logits: for each object, how many voxels are full."""
    truth = full_voxels(seed, counts, side)
    logits = normal(seed + 1, tuple(truth.shape), 1.5, **how)
    return Case(tried, fresh(logits, truth), mode=mode)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    double = torch.float64
    return [
        _case("one object, 2 of 8 voxels full", seed + 1, (2,)),
        _case("one object, 3 of 27 voxels full", seed + 3, (3,), 3),
        _case("one object, 5 of 8 voxels full, in float64", seed + 5, (5,), dtype=double),
    ]


@exercise.claim(2, "value")
def batches(seed: int) -> list[Case]:
    return [
        _case("two objects, 1 and 6 of 8 voxels full", seed + 7, (1, 6)),
        _case("three objects, 2, 4 and 20 of 27 voxels full", seed + 9, (2, 4, 20), 3),
    ]


@exercise.claim(1, "value", fixed=True)
def nothing(_: int) -> list[Case]:
    return [
        Case(
            f"logits of 0, {counts} of 8 voxels full",
            fresh(torch.zeros(len(counts), 2, 2, 2), full_voxels(3, counts, 2)),
            expected_number(math.log(2)),
        )
        for counts in ((1,), (4,), (2, 7))
    ]


@exercise.claim(2, "value")
def sure(seed: int) -> list[Case]:
    truth, high = full_voxels(seed + 11, (3,), 2), 150.0 + seed % 40
    right = torch.where(truth, high, -high)
    wrong = right.clone()
    wrong.view(-1)[truth.flatten().nonzero()[0]] = -high
    missed, sixth = "sure, one of 3 full voxels missed", expected_number(high / 6)
    return [
        Case("sure and right, logits of ±150", fresh(right, truth), expected_number(0.0)),
        Case(missed, fresh(wrong, truth), sixth),
    ]


@exercise.claim(1, formal=True)
def refused(seed: int) -> list[Case]:
    refuse, logits = {"value": error("ValueError")}, normal(seed + 13, (2, 2, 2, 2))
    none, every = full_voxels(seed + 14, (3, 0), 2), full_voxels(seed + 15, (8, 3), 2)
    return [
        Case("an object without a full voxel", fresh(logits, none), refuse),
        Case("an object without an empty voxel", fresh(logits, every), refuse),
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    words = "the gradient, two objects, 1 and 5 of 8 voxels full"
    return [_case(words, seed + 16, (1, 5), mode="gradient")]


exercise.claim(1, "form", name="form", formal=True)(batches)
exercise.claim(1, "inputs", name="inputs", formal=True)(values)
