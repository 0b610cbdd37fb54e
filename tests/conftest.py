"""Before any test imports the course: its shapes are enforced and its threads are few."""

import os
import re
from pathlib import Path

import pytest
from jaxtyping import config, install_import_hook

os.environ.setdefault("MPLBACKEND", "agg")

ROOT = Path(__file__).resolve().parents[1]
TYPED = ("gan", "selfsup", "vision3d", "data", "training.py", "devices.py", "plots.py")


def typed_modules() -> list[str]:
    """Modules whose annotations the tests enforce at every call.

    Compiled functions stay out: they cannot be wrapped, and check their types themselves.
    """
    names = []
    for entry in TYPED:
        place = ROOT / "course_utils" / entry
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.is_file() and path.name != "__init__.py" and not is_compiled(path):
                names.append(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return names


def is_compiled(path: Path) -> bool:
    """Whether a module imports numba or Triton while it is imported itself."""
    text = path.read_text("utf-8")
    return re.search(r"^(import|from) (numba|triton)\b", text, re.MULTILINE) is not None


# Installed when pytest starts, because a module that is imported once is not looked at again.
install_import_hook(typed_modules(), "beartype.beartype")


@pytest.fixture
def as_shipped():
    """Shapes are not enforced, as in a notebook: for tests of a function's own `ValueError`."""
    config.update("jaxtyping_disable", True)
    yield
    config.update("jaxtyping_disable", False)


@pytest.fixture(autouse=True)
def one_thread():
    """The tensors of most tests are tiny: a second thread would only wait for the first."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


# These start servers, browsers and sandboxes, and look at how long something takes: nothing else
# should run beside them.
ALONE = ("tests/browser", "tests/roundtrip", "tests/grading", "tests/test_bootstrap.py")


def pytest_collection_modifyitems(items):
    """Two workers share the files; lessons come first, what wants to be alone last, on one worker.

    Executing the lessons is the longest file: begun first, it ends while the rest is still at work.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    order = {"notebooks": 0, "alone": 2}
    items.sort(key=lambda item: order.get(group_of(item), 1))


def group_of(item) -> str:
    """What stays together on one worker: a file, or everything that wants to be alone."""
    place = item.path.relative_to(ROOT).as_posix()
    if place.startswith(ALONE) or item.get_closest_marker("browser"):
        return "alone"
    return "notebooks" if item.get_closest_marker("notebooks") else place
