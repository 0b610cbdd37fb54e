"""One list of dependencies, in two files."""

import importlib
import re
import tomllib
from importlib.metadata import requires
from pathlib import Path

import pytest
import torch
import yaml

import course_utils
from tests.conftest import typed_modules

ROOT = Path(__file__).resolve().parents[1]


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {*project["dependencies"], *project["optional-dependencies"]["test"]}


def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text())


def test_conda_environment_lists_what_the_project_declares():
    packages = next(entry["pip"] for entry in conda()["dependencies"] if isinstance(entry, dict))
    assert set(packages) - {"--editable ."} == declared()
    assert len(packages) == len(set(packages))
    assert "--editable ." in packages


def test_conda_environment_asks_for_the_same_python():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"python{project['requires-python']}" in conda()["dependencies"]


def test_installed_package_declares_what_pyproject_does():
    installed = {re.split(r"[; ]", line)[0] for line in requires("course-utils") or []}
    assert declared() <= installed


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
    assert not [name for name in typed if "numba" in name]
    minimax = importlib.import_module("course_utils.gan.minimax")
    minimax.game_value(torch.zeros(2), torch.zeros(2))
    with pytest.raises((ValueError, TypeError, AttributeError)):
        minimax.game_value("words", torch.zeros(2))
    config.update("jaxtyping_disable", False)
    with pytest.raises(TypeError, match="Type-check error"):
        minimax.game_value("words", torch.zeros(2))
