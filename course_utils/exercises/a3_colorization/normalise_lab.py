"""Lab pictures as a network reads them: lightness in [−1, 1], and chroma."""

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a3_colorization.pixels import pixel
from course_utils.selfsup.color import normalise_lab

exercise = Declared(normalise_lab, observe_outputs(("lab",), ("lightness", "chroma")))


def _lab(seed: int, shape: tuple[int, int, int], dtype: torch.dtype = torch.float32) -> Tensor:
    """Random Lab pictures, (n, 3, height, width)."""
    count, height, width = shape
    lightness = positive(seed, (count, 1, height, width), 100.0, dtype)
    return torch.cat([lightness, normal(seed + 1, (count, 2, height, width), 30.0, dtype)], dim=1)


@exercise.claim(3, "lightness")
def lightness(seed: int) -> list[Case]:
    return [
        Case("one pixel", fresh(_lab(seed, (1, 1, 1))))
        if seed
        else Case("one pixel, L = 75, a = 22, b = −33", fresh(pixel(75.0, 22.0, -33.0))),
        Case("2 Lab pictures of 3 × 4 pixels", fresh(_lab(seed + 2, (2, 3, 4)))),
        Case("3 Lab pictures of 3 × 3 pixels", fresh(_lab(seed + 4, (3, 3, 3)))),
        Case("a Lab picture in float64", fresh(_lab(seed + 6, (1, 2, 5), torch.float64))),
    ]


exercise.claim(3, "chroma", name="chroma")(lightness)


@exercise.claim(2, fixed=True)
def greys(_: int) -> list[Case]:
    cases = []
    for name, light, expected in (("black", 0, -1), ("middle grey", 50, 0), ("white", 100, 1)):
        seen = {
            "lightness": number(expected, shape=(1, 1, 1, 1)),
            "chroma": number(0, 0, shape=(1, 2, 1, 1)),
        }
        cases.append(Case(f"{name}, L = {light}", fresh(pixel(light, 0, 0)), seen))
    return cases


exercise.form(lightness)
