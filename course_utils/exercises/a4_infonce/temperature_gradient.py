"""The gradient of the loss by every score, in closed form."""

import math

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.plain import number
from course_utils.exercises.a4_infonce import choices
from course_utils.selfsup.contrastive import temperature_gradient

exercise = Declared(temperature_gradient)


@exercise.claim(6, "value")
def values(seed: int) -> list[Case]:
    return choices.tables(seed)


@exercise.claim(3, fixed=True)
def by_hand(_: int) -> list[Case]:
    logs = [[0.0, math.log(2.0), math.log(5.0)]]
    eighths = (1 / 8, 2 / 8 - 1, 5 / 8)
    halved = choices.given([[score / 2 for score in logs[0]]], [1], 0.5)
    doubled = {"value": number(*(2 * share for share in eighths), shape=(1, 3))}
    return [
        Case(
            "scores of log 1, log 2 and log 5, temperature 1",
            choices.given(logs, [1], 1.0),
            {"value": number(*eighths, shape=(1, 3))},
        ),
        Case("the same divided by 2, temperature 1/2", halved, doubled),
    ]


@exercise.claim(3, "value")
def cold(seed: int) -> list[Case]:
    rows = [[0.1, 0.9, 0.5, -0.2 - 0.01 * (seed % 20)]]
    # Nearly all of the push goes to the nearest negative.
    expected = {"value": number(-1 / 0.005, 1 / 0.005, 0.0, 0.0, shape=(1, 4))}
    return [Case("a temperature of 0.005", choices.given(rows, [0], 0.005), expected)]


@exercise.claim(2, "value")
def masked(seed: int) -> list[Case]:
    return choices.masked(seed + 23, 0.3)


exercise.form(values)
