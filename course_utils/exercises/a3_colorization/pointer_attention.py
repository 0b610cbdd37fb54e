"""Where each target cell points in a reference frame."""

import math
from typing import Any

import torch

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a3_colorization.pointers import frame, one_each
from course_utils.selfsup.pointers import pointer_attention

FEATURES = ("reference", "target")
exercise = Declared(pointer_attention, observe_outputs(FEATURES, uneven=True), arguments=FEATURES)


def _pair(
    tried: str, seed: int, sizes: tuple[int, int, int, int], mode: str = "value", **how: Any
) -> Case:
    """A case of random features: n, features, cells of the reference and of the target."""
    count, features, there, here = sizes
    reference = normal(seed, (count, features, there), **how)
    target = normal(seed + 1, (count, features, here), **how)
    return Case(tried, fresh(reference, target), mode=mode)


@exercise.claim(4, "value")
def values(seed: int) -> list[Case]:
    by_hand = frame([1.0, 0.0, -1.0], [0.0, 2.0, 1.0]), frame([1.0, 0.5], [0.0, 1.0])
    return [
        _pair("one target cell", seed, (1, 2, 3, 1))
        if seed
        else Case("2 features, 3 reference cells, 2 target cells", fresh(*by_hand)),
        _pair("2 clips, 4 features, 5 reference and 3 target cells", seed + 2, (2, 4, 5, 3)),
        _pair("as many reference as target cells", seed + 4, (2, 3, 4, 4)),
        _pair("features in float64", seed + 6, (3, 5, 2, 6), dtype=torch.float64),
    ]


@exercise.claim(2, "value", fixed=True)
def known(_: int) -> list[Case]:
    # One feature: a reference of log 1, log 2, log 5 is 1 : 2 : 5 to a target of 1.
    reference = frame([0.0, math.log(2.0), math.log(5.0)])
    return [
        Case(
            "one feature, logarithms of 1, 2 and 5",
            fresh(reference, frame([1.0])),
            {"value": number(1 / 8, 2 / 8, 5 / 8, shape=(1, 3, 1))},
        ),
        Case(
            "the same with a target twice as long",
            fresh(reference, frame([2.0])),
            {"value": number(1 / 30, 4 / 30, 25 / 30, shape=(1, 3, 1))},
        ),
        Case(
            "a target of zeros, which cannot choose",
            fresh(reference, frame([0.0, 0.0])),
            {"value": number(*[1 / 3] * 6, shape=(1, 3, 2))},
        ),
    ]


@exercise.claim(2, "value", name="long")
def long_vectors(seed: int) -> list[Case]:
    turned = one_each(seed % 3 + 1)
    same = {"value": number(*turned.mT.flatten().tolist(), shape=(1, 4, 4))}
    one_hot = fresh(20.0 * torch.eye(4)[None], 20.0 * turned.mT)
    return [
        Case("long vectors that fit one cell each", one_hot, same),
        _pair("long random vectors", seed + 10, (1, 6, 4, 3), scale=12.0),
    ]


@exercise.claim(2)
def gradient(seed: int) -> list[Case]:
    return [
        _pair("the same, looking at the gradients", seed + 12, (1, 3, 4, 2), "gradient"),
        _pair("gradients of two clips", seed + 14, (2, 2, 3, 3), "gradient"),
    ]


exercise.form(values)
