"""The row of the other view of the same picture, where all first views come first."""

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.plain import number
from course_utils.selfsup.simclr import two_views_index

exercise = Declared(two_views_index, arguments=("pictures",))


@exercise.claim(5, "value")
def rows(seed: int) -> list[Case]:
    counts = (3, 2, 8) if not seed else (4 + seed % 3, 9 + seed % 5, 16 + seed % 7)
    return [Case(f"{count} pictures", lambda count=count: (count,)) for count in counts]


@exercise.claim(2, fixed=True)
def small(_: int) -> list[Case]:
    return [
        Case("one picture", lambda: (1,), {"value": number(1, 0)}),
        Case("two pictures", lambda: (2,), {"value": number(2, 3, 0, 1)}),
    ]


exercise.claim(1, "form", name="form", formal=True)(rows)
