"""What the project declares, imports and pins: one truth, in three files."""

import ast
import importlib
import itertools
import re
import site
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from functools import cache
from importlib.metadata import distributions, packages_distributions, requires
from pathlib import Path

import pytest
import torch
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import course_utils
from bootstrap.choices import remembered
from bootstrap.machine import TESTED
from tests.conftest import typed_modules
from tests.sources import NAMES, project_files

ROOT = Path(__file__).resolve().parents[1]
OURS = {"bootstrap", "course_admin", "course_utils", "tests", "benchmarks", "sources", "docs"}

# Declared, and never imported by name: who starts it.
STARTED_OTHERWISE = {
    "jupyterlab": "`make lab`, as a program",
    "ipykernel": "Jupyter, for every notebook",
    "ruff": "`make test`, as a program",
    "uv": "the tests of `make lab UV=1`, as a program",
    "pytest-timeout": "pytest, for its setting `timeout`",
    "beartype": "jaxtyping, by its name in tests/conftest.py",
    "psycopg": "SQLAlchemy, for a gradebook in PostgreSQL",
    "dask-jobqueue": "an instructor on Slurm, as INSTRUCTORS.md shows",
}
# Imported where it is there, and nowhere declared: why nobody has to have it.
OPTIONAL = {
    "triton": "comes with torch where there is CUDA; the kernels have a form without it",
    "gsplat": "a peer that benchmarks/splat_peers.py fetches by itself, or leaves out",
}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def lean() -> list[str]:
    return project()["dependencies"]


def extras() -> list[str]:
    return [line for extra in project()["optional-dependencies"].values() for line in extra]


def names(requirements: Iterable[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in requirements}


# ------------------------------------------------------------------ declared and imported


def imported(text: str) -> set[str]:
    """Top-level modules that a program imports, inside functions too; relative ones are its own."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - OURS


@cache
def known() -> dict[str, set[str]]:
    """Distributions by the modules that they bring."""
    return {
        module: {canonicalize_name(name) for name in found}
        for module, found in packages_distributions().items()
    }


@cache
def imports() -> dict[str, list[str]]:
    """Modules from outside, and the files that import them."""
    found = defaultdict(list)
    for path in project_files():
        if path.suffix == ".py":
            for module in imported(path.read_text("utf-8")):
                found[module].append(str(path.relative_to(ROOT)))
    return dict(found)


def undeclared(
    modules: Iterable[str], declared: set[str], known: Mapping[str, set[str]]
) -> list[str]:
    """Modules whose distribution is not among the declared; one not installed has its own name."""
    wanted = {module: known.get(module, {canonicalize_name(module)}) for module in modules}
    return sorted(module for module, names in wanted.items() if not names & declared)


def unused(modules: Iterable[str], declared: set[str], known: Mapping[str, set[str]]) -> list[str]:
    """Declared distributions none of whose modules is imported."""
    used = {name for module in modules for name in known.get(module, ())}
    return sorted(declared - used)


def test_everything_imported_is_declared():
    missing = undeclared(imports(), names([*lean(), *extras()]) | set(OPTIONAL), known())
    assert not {module: imports()[module] for module in missing}


def test_lessons_and_grading_need_no_package_of_the_tests():
    """So that `make lab` can do without; notebooks are generated from sources/."""
    folders = tuple(f"{name}/" for name in (*NAMES, "sources"))
    needed = {
        module: files
        for module, paths in imports().items()
        if (files := [path for path in paths if path.startswith(folders)])
    }
    missing = undeclared(needed, names(lean()) | set(OPTIONAL), known())
    assert not {module: needed[module] for module in missing}


def test_everything_declared_is_imported_or_started():
    declared = names([*lean(), *extras()])
    assert set(STARTED_OTHERWISE) <= declared
    assert unused(imports(), declared, known()) == sorted(STARTED_OTHERWISE)
    assert len(STARTED_OTHERWISE) <= 10


def test_optional_packages_are_imported_and_not_declared():
    assert set(OPTIONAL) <= set(imports())
    assert not set(OPTIONAL) & names([*lean(), *extras()])


def test_imports_are_found_wherever_they_stand():
    text = """
        import os, yaml.nodes
        from . import sibling
        from course_utils import plots
        def f():
            try:
                from PIL import Image
            except ImportError:
                import skimage as other
    """
    assert imported("if True:" + text) == {"yaml", "PIL", "skimage"}


def test_what_is_undeclared_or_unused_is_noticed():
    modules, known = ["PIL", "requests"], {"PIL": {"pillow"}, "yaml": {"pyyaml"}}
    assert undeclared(modules, {"pillow", "pyyaml"}, known) == ["requests"]
    assert undeclared(modules, {"pillow", "requests"}, known) == []
    assert unused(modules, {"pillow", "pyyaml"}, known) == ["pyyaml"]
    assert unused([*modules, "yaml"], {"pillow", "pyyaml"}, known) == []


def test_no_package_is_declared_twice():
    for lines in (lean(), *project()["optional-dependencies"].values()):
        assert len(names(lines)) == len(lines)
    assert not names(lean()) & names(extras())


def test_what_is_installed_is_what_is_imported_elsewhere():
    """By notebooks, nbgrader and workers. `bootstrap`, a name that others use too, is run in the
    folder of the course."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["packages"]["find"]["include"]
    here = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    installed = {name for name in here if any(fnmatch(name, pattern) for pattern in patterns)}
    assert installed == {"course_admin", "course_utils"}


def test_installed_package_declares_what_pyproject_does():
    installed = {re.split(r"[; ]", line)[0] for line in requires("course-utils") or []}
    assert {*lean(), *extras()} <= installed


# ------------------------------------------------------------------ conda


def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text())


def test_conda_environment_lists_what_a_student_needs_in_the_pinned_versions():
    packages = next(entry["pip"] for entry in conda()["dependencies"] if isinstance(entry, dict))
    assert packages[0] == "--constraint constraints.txt"
    assert packages[-1] == "--editable ."
    assert packages[1:-1] == lean()


def test_conda_environment_asks_for_a_python_that_is_tested():
    (_, oldest), (major, newest) = TESTED[0], TESTED[-1]
    assert f"python>={major}.{oldest},<{major}.{newest + 1}" in conda()["dependencies"]


# ------------------------------------------------------------------ pins

SYSTEMS = {
    "Linux x86-64": ("linux", "Linux", "posix", "x86_64"),
    "Linux arm64": ("linux", "Linux", "posix", "aarch64"),
    "macOS arm64": ("darwin", "Darwin", "posix", "arm64"),
    "macOS x86-64": ("darwin", "Darwin", "posix", "x86_64"),
    "Windows x86-64": ("win32", "Windows", "nt", "AMD64"),
}


def pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def surroundings(python: tuple[int, int], system: str) -> dict[str, str]:
    """What the markers of a pin ask about, on another machine."""
    sys_platform, platform_system, os_name, machine = SYSTEMS[system]
    version = ".".join(map(str, python))
    return {
        **{"python_version": version, "python_full_version": f"{version}.9"},
        **{"sys_platform": sys_platform, "platform_system": platform_system},
        **{"os_name": os_name, "platform_machine": machine, "extra": ""},
        **{"implementation_name": "cpython", "platform_python_implementation": "CPython"},
    }


def pinned(where: dict[str, str] | None = None) -> dict[str, list[str]]:
    """Versions that are pinned somewhere, by package; here when nothing else is said."""
    found = defaultdict(list)
    for pin in pins():
        if pin.marker is None or pin.marker.evaluate(where):
            (only,) = pin.specifier
            found[canonicalize_name(pin.name)].append(only.version)
    return dict(found)


@pytest.mark.parametrize(("python", "system"), [*itertools.product(TESTED, SYSTEMS)])
def test_each_package_has_one_version_on_each_system(python, system):
    versions = pinned(surroundings(python, system))
    assert not {name: many for name, many in versions.items() if len(many) > 1}
    assert not names([*lean(), *extras()]) - versions.keys()


def test_pins_are_versions_that_everybody_can_get():
    for pin in pins():
        (only,) = pin.specifier
        assert only.operator == "==" and not pin.url and not pin.extras, pin
        assert Version(only.version).local is None, pin
    assert "://" not in (ROOT / "constraints.txt").read_text()


def test_pins_satisfy_what_the_project_asks_for():
    for python, system in itertools.product(TESTED, SYSTEMS):
        versions = pinned(surroundings(python, system))
        for line in (*lean(), *extras()):
            wanted = Requirement(line)
            (version,) = versions[canonicalize_name(wanted.name)]
            assert wanted.specifier.contains(version, prereleases=True), line


def test_what_is_pinned_is_what_these_tests_run_with():
    choices = remembered(sys.prefix)
    if choices and choices.latest:
        pytest.skip("installed with LATEST=1: what is pinned is not what is tried here")
    found = distributions(path=site.getsitepackages())  # not what a package brings for itself
    here = {canonicalize_name(d.name): Version(d.version).public for d in found}
    others = {
        name: (here[name], only)
        for name, (only,) in pinned().items()
        if name in here and here[name] != Version(only).public
    }
    assert not others


# ------------------------------------------------------------------ how it is used


@pytest.mark.parametrize("value", ["laptop", "gpu", "test"])
def test_scale_comes_from_the_environment(monkeypatch, value):
    monkeypatch.setenv("COURSE_SCALE", value)
    assert course_utils.scale("laptop") == value


def test_scale_falls_back_to_its_default(monkeypatch):
    monkeypatch.delenv("COURSE_SCALE", raising=False)
    assert course_utils.scale() == "laptop"
    assert course_utils.scale("gpu") == "gpu"


def test_scale_refuses_nonsense_and_names_where_it_came_from(monkeypatch):
    monkeypatch.setenv("COURSE_SCALE", "huge")
    with pytest.raises(ValueError, match="COURSE_SCALE got 'huge'"):
        course_utils.scale()
    monkeypatch.delenv("COURSE_SCALE")
    with pytest.raises(ValueError, match="'tiny'"):
        course_utils.scale("tiny")


def test_shapes_are_enforced_in_tests_and_not_in_notebooks(as_shipped):
    from jaxtyping import config

    typed = typed_modules()
    assert {"course_utils.gan.minimax", "course_utils.data.toy.render"} <= set(typed)
    kernels = {"course_utils.data.toy.raycast_numba", "course_utils.data.toy.kernels_rays"}
    assert not kernels & set(typed)  # compilers check types themselves
    minimax = importlib.import_module("course_utils.gan.minimax")
    minimax.game_value(torch.zeros(2), torch.zeros(2))
    with pytest.raises((ValueError, TypeError, AttributeError)):
        minimax.game_value("words", torch.zeros(2))
    config.update("jaxtyping_disable", False)
    with pytest.raises(TypeError, match="Type-check error"):
        minimax.game_value("words", torch.zeros(2))
