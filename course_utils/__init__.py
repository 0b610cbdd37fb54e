"""What the notebooks of the course import: small modules, one per idea of the lecture."""

import os

__version__ = "0.1.0"

SCALES = ("laptop", "gpu", "test")


def scale(default: str = "laptop") -> str:
    """Size at which a notebook works: the environment variable COURSE_SCALE, else `default`.

    "laptop" fits two cores, "gpu" asks for more, "test" is the smallest that still runs
    every cell. A scale changes sizes only, never what is shown.

    Raises:
        ValueError: when the chosen name is none of the three.
    """
    variable = os.environ.get("COURSE_SCALE", "").strip()
    chosen = variable or default
    if chosen not in SCALES:
        origin = "the environment variable COURSE_SCALE" if variable else "scale()"
        raise ValueError(f'{origin} got {chosen!r}; choose one of "laptop", "gpu" and "test"')
    return chosen
