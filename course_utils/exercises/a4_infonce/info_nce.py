"""The InfoNCE loss: cross-entropy over the keys."""

import math

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import cross_entropy
from course_utils.checks.observe import expected_number
from course_utils.exercises.a4_infonce import choices
from course_utils.selfsup.contrastive import info_nce

exercise = Declared(info_nce)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    return choices.tables(seed)


@exercise.claim(1, fixed=True)
def alike(_: int) -> list[Case]:
    return [
        Case(
            f"{count} keys with the same score",
            choices.given([[0.3] * count] * 2, [1, 0], 0.1),
            expected_number(math.log(count)),
        )
        for count in (2, 5, 16)
    ]


@exercise.claim(2, "value")
def masked(seed: int) -> list[Case]:
    return choices.masked(seed + 9, 0.2)


@exercise.claim(3, "value")
def sure(seed: int) -> list[Case]:
    high = 0.9 + 0.01 * (seed % 9)
    rows, tau = [[high, -1.0, 0.2], [-0.9, high, 0.0]], 0.005
    return [
        Case(
            "a temperature of 0.005",
            choices.given(rows, labels, tau),
            expected_number(cross_entropy(rows, labels, tau)),
        )
        for labels in ([0, 1], [1, 2])
    ]


@exercise.claim(3)
def gradient(seed: int) -> list[Case]:
    return [
        choices.choice(choices.AGAIN, seed + 13, (3, 4), 0.3, mode="gradient"),
        choices.choice(choices.AGAIN, seed + 15, (2, 5), 1.5, mode="gradient"),
    ]


exercise.form(values)
