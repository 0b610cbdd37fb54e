"""Before any test imports the course: its shapes are enforced and its threads are few."""

import os
import re
from pathlib import Path

import pytest
from jaxtyping import config, install_import_hook

os.environ.setdefault("MPLBACKEND", "agg")
# For every process that a test starts, kernels above all: two threads of OpenMP on cores that the
# other worker also uses wait for each other at every small operation, and a lesson that needs 15
# seconds may take minutes. Set before torch is imported, it also holds for fixtures of modules.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
TYPED = ("core", "gan", "selfsup", "vision3d", "data", "plots.py")


def typed_modules() -> list[str]:
    """Modules whose annotations the tests enforce at every call.

    Compiled functions stay out: they cannot be wrapped, and check their types themselves.

    Raises: FileNotFoundError where nothing stands any more, and shapes would not be enforced.
    """
    names = []
    for entry in TYPED:
        place = ROOT / "course_utils" / entry
        if not place.exists():
            raise FileNotFoundError(f"{place}: was it moved? Its shapes are no longer enforced")
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            if path.name != "__init__.py" and not is_compiled(path):
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


# What drives a browser shares one JupyterLab and one Chromium; what grades starts sandboxes with
# limits of seconds, two at a time. Each of these groups stays on one worker, so that no two
# browsers and no four sandboxes share the cores.
GROUPS = {
    "browser": ("tests/browser", "tests/checks/test_in_jupyterlab.py"),
    "grading": ("tests/course_admin/grading", "tests/roundtrip"),
}
EXECUTED = ("tests/notebooks", "tests/exercises/test_assignment.py")
for place in (*EXECUTED, *(place for places in GROUPS.values() for place in places)):
    if not (ROOT / place).exists():
        raise FileNotFoundError(f"{place}: was it moved? Its tests would share the cores otherwise")


def group_of(nodeid: str) -> str:
    """What stays together on one worker: a group, an executed notebook, or else a file."""
    place = nodeid.split("::")[0]
    for name, places in GROUPS.items():
        if place.startswith(places):
            return name
    return nodeid if place.startswith(EXECUTED) else place


def rank(nodeid: str) -> int:
    """Place in the order: the browser, executed notebooks beside it, grading, all other files.

    What is long comes first and what is short last: then all workers end at about the same time.
    """
    if nodeid.startswith(EXECUTED):
        return 1
    return {"browser": 0, "grading": 2}.get(group_of(nodeid), 3)


def pytest_collection_modifyitems(items):
    """Put the tests in the order in which the workers share them."""
    items.sort(key=lambda item: rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)  # without xdist there is one worker, and nothing to share
def pytest_xdist_make_scheduler(config, log):
    """The workers share the groups, in the order above."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return ByGroup(config, log)
