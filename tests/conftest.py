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
ALONE = (
    *("tests/browser", "tests/roundtrip", "tests/grading", "tests/test_bootstrap.py"),
    "tests/checks/test_in_jupyterlab.py",
)
EXECUTED = ("tests/notebooks", "tests/checks/test_assignment.py")


def group_of(nodeid: str) -> str:
    """What stays together on one worker: a file, or all that is executed, or wants to be alone."""
    place = nodeid.split("::")[0]
    if place.startswith(ALONE):
        return "alone"
    return "executed" if place.startswith(EXECUTED) else place


def pytest_collection_modifyitems(items):
    """Lessons come first, what wants to be alone last.

    Executing the lessons is the longest group: begun first, it ends while the rest is at work.
    """
    order = {"executed": 0, "alone": 2}
    items.sort(key=lambda item: order.get(group_of(item.nodeid), 1))


@pytest.hookimpl(optionalhook=True)  # without xdist there is one worker, and nothing to share
def pytest_xdist_make_scheduler(config, log):
    """Two workers share the groups, in the order above."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return ByGroup(config, log)
