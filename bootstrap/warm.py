"""Fill the caches that make a first use slow: compiled kernels, rendered pictures.

A module of the course that has such a cache offers a function `warm_up()` without arguments.
Alone among its neighbours this one runs inside the environment, as `python -m bootstrap.warm`.
"""

import importlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import course_utils


def warm_up() -> Iterator[tuple[str, float]]:
    """Render the pictures that the lessons ask for by default, then call every `warm_up`.

    Yields what was done and the seconds it took, as it goes.
    """
    yield "pictures of the toy world", timed(default_pictures)
    for name in modules_with_caches(Path(course_utils.__file__).parent):
        yield name, timed(importlib.import_module(name).warm_up)


def default_pictures() -> None:
    """The call with which most lessons begin: compiles the renderer, and fills the disk cache."""
    from course_utils import data

    data.load_images()


def timed(action: Callable[[], object]) -> float:
    """Seconds that `action` takes."""
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def modules_with_caches(package: Path) -> list[str]:
    """Names of the modules below `package` that define `warm_up()`."""
    names = []
    for path in sorted(package.rglob("*.py")):
        if "\ndef warm_up(" in path.read_text(encoding="utf-8"):
            parts = path.relative_to(package.parent).with_suffix("").parts
            names.append(".".join(part for part in parts if part != "__init__"))
    return names


if __name__ == "__main__":
    for name, seconds in warm_up():
        print(f"{seconds:6.1f} s  {name}", flush=True)
