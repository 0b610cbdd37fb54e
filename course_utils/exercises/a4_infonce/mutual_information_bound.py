"""The lower bound on mutual information, log N - L."""

import math

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import cross_entropy
from course_utils.checks.observe import expected_number
from course_utils.exercises.a4_infonce import choices
from course_utils.selfsup.mutual_information import mutual_information_bound

exercise = Declared(mutual_information_bound)


@exercise.claim(5, "value")
def values(seed: int) -> list[Case]:
    return choices.tables(seed, warm=False)


@exercise.claim(2, fixed=True)
def ends(_: int) -> list[Case]:
    sure = [[60.0 if i == j else 0.0 for j in range(8)] for i in range(8)]
    right, guess = choices.given(sure, list(range(8))), choices.given([[0.7] * 5] * 3, [4, 0, 2])
    return [
        Case("8 keys, every query is sure and right", right, expected_number(math.log(8))),
        Case("5 keys that score alike: nothing is known", guess, expected_number(0.0)),
    ]


@exercise.claim(2, "value")
def negative(seed: int) -> list[Case]:
    # The positive has the lowest score: worse than guessing.
    low = -2.0 - 0.01 * (seed % 50)
    rows = [[low, 1.0, 0.5, 0.0], [1.0, 0.2, low, 0.1]]
    value = expected_number(math.log(4) - cross_entropy(rows, [0, 2]))
    return [Case("positives that score lowest", choices.given(rows, [0, 2]), value)]


@exercise.claim(2, "value")
def many(seed: int) -> list[Case]:
    return [
        choices.choice("one query, 200 keys", seed + 17, (1, 200), None),
        choices.choice("6 queries, 40 keys", seed + 19, (6, 40), None),
    ]


@exercise.claim(2, "value")
def steep(seed: int) -> list[Case]:
    high = 150.0 + seed % 11
    rows = [[high, -100.0, 0.0], [0.0, high, -high]]
    value = expected_number(math.log(3) - cross_entropy(rows, [0, 0]))
    return [Case("scores of ±150", choices.given(rows, [0, 0]), value)]


@exercise.claim(1)
def gradient(seed: int) -> list[Case]:
    return [choices.choice(choices.AGAIN, seed + 21, (3, 4), None, mode="gradient")]


exercise.form(values)
