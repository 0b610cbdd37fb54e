"""What goes into `.venv`: how much, which versions, from where, and only once."""

import itertools
import os
import re
import shutil
import subprocess
import sys
import textwrap
import zipfile
from argparse import Namespace
from collections import namedtuple
from pathlib import Path

import pytest

from bootstrap import choices, constraints, environment, packages
from bootstrap.choices import Asked, Choices
from bootstrap.machine import Problem

Usage = namedtuple("Usage", "total used free")
PINNED = "--constraint constraints.txt"
UV = shutil.which("uv", path=os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]]))


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def asked(latest=None, torch_index=None, uv=None) -> Asked:
    return Asked(latest, torch_index and str(torch_index), uv)


def install(project: Path, level: str = "lab", **wishes) -> None:
    environment.install(level, asked(**wishes), str(project), str(project / ".venv"))


def is_installed(project: Path, level: str = "lab", **wishes) -> bool:
    return environment.is_installed(level, asked(**wishes), str(project), str(project / ".venv"))


# ------------------------------------------------------------------ with a pip that only listens


@pytest.fixture
def project(tmp_path):
    """A project whose pip is a script that logs how it was called, and its virtual environment."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    (tmp_path / "constraints.txt").write_text("torch==2.14.1\ntorchvision==0.29.1\nnumpy==2\n")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    script(
        venv / "bin" / "python",
        f'case "$*" in *"-m pip"*) echo "$*" >> {tmp_path}/calls; [ ! -e {tmp_path}/offline ];;\n'
        "*find_spec*) exit 1;; *version_info*) echo 3 11;;\n"
        "*importlib.metadata*) echo torch==2.14.1+cpu; echo torchvision==0.29.1+cpu;; esac\n",
    )
    return tmp_path


def calls(project: Path) -> list[str]:
    log = project / "calls"
    return log.read_text().splitlines() if log.exists() else []


def new_calls(project: Path, level: str = "lab", **wishes) -> list[str]:
    before = len(calls(project))
    install(project, level, **wishes)
    return calls(project)[before:]


def with_torch(project: Path) -> None:
    python = project / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace("*find_spec*) exit 1;;", ""))


def test_a_student_gets_nothing_of_what_the_tests_need(project):
    install(project)
    assert calls(project)[-1].endswith(f"{PINNED} --editable .")


def test_install_runs_once(project):
    assert new_calls(project)
    assert not new_calls(project)
    assert not new_calls(project, "lab")


def test_tests_add_what_is_missing_and_nothing_takes_it_away(project):
    install(project)
    (added,) = new_calls(project, "test")
    assert added.endswith(f"{PINNED} --editable .[test]")
    assert "--upgrade" not in added
    assert not new_calls(project, "lab")
    assert not new_calls(project, "test")


def test_an_environment_for_tests_remains_one_when_dependencies_change(project):
    install(project, "test")
    (project / "pyproject.toml").write_text("[project]\ndependencies = ['more']\n")
    assert new_calls(project, "lab")[-1].endswith("--editable .[test]")
    assert not new_calls(project, "test")


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_new_dependencies_and_new_pins_are_installed(project, name):
    install(project)
    before = len(calls(project))
    (project / name).write_text("# something else\n")
    assert not is_installed(project)
    assert len(new_calls(project)) == before


def test_missing_pins_are_missed(project):
    (project / "constraints.txt").unlink()
    with pytest.raises(Problem, match=r"git checkout constraints\.txt"):
        install(project)
    install(project, latest=True)


def test_latest_leaves_the_pins_out_until_they_are_wanted_again(project):
    install(project)
    newest = new_calls(project, latest=True)[-1]
    assert newest.endswith("--upgrade --upgrade-strategy eager --editable .")
    assert "--constraint" not in newest
    assert not new_calls(project)  # nothing said: as it is
    assert not new_calls(project, latest=True)
    (project / "constraints.txt").write_text("torch==3\n")
    assert not new_calls(project)  # pins that do not count may change
    (added,) = new_calls(project, "test")
    assert "--upgrade" not in added and "--constraint" not in added
    assert PINNED in new_calls(project, latest=False)[-1]
    assert not new_calls(project)


def test_torch_comes_first_and_alone_from_its_own_index(project):
    first, torch, rest = new_calls(project, torch_index="https://wheels.example/cpu")
    assert first.endswith("--upgrade pip")
    assert "--no-deps --index-url https://wheels.example/cpu --constraint" in torch
    assert torch.endswith(f"{PINNED} torch torchvision")
    kept = project / ".venv" / "torch-chosen.txt"
    assert kept.read_text() == "torch==2.14.1+cpu\ntorchvision==0.29.1+cpu\n"
    assert rest.endswith(f"{PINNED} --constraint {kept} --editable .")
    assert not new_calls(project)
    with_torch(project)
    (project / "constraints.txt").write_text("torch==2.14.1\n")
    assert "https://wheels.example/cpu" in new_calls(project)[1]  # remembered


def test_torch_from_elsewhere_comes_too_late_once_there_is_one(project):
    install(project)
    with_torch(project)
    with pytest.raises(Problem, match="comes too late"):
        install(project, torch_index="https://wheels.example/cpu")
    assert is_installed(project)


def test_torch_cut_off_on_its_way_is_taken_up_again(project):
    (project / "offline").touch()
    with pytest.raises(Problem, match="pip could not install"):
        install(project, torch_index="https://wheels.example/cpu")
    (project / "offline").unlink()
    with_torch(project)
    assert "https://wheels.example/cpu" in new_calls(project)[1]


@pytest.mark.parametrize(("free", "kept"), [(50e9, True), (12e9, False)])
def test_downloads_are_kept_where_there_is_room(project, monkeypatch, free, kept):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 100e9 - free, free))
    monkeypatch.setattr(packages, "space_needed", lambda: int(10e9))
    install(project)
    assert ("--no-cache-dir" in calls(project)[-1]) is not kept


def test_pip_unpacks_beside_the_environment_and_leaves_nothing(project):
    python = project / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace('echo "$*"', "echo $TMPDIR"))
    install(project)
    assert calls(project)[-1] == str(project / ".venv" / "tmp")
    assert not (project / ".venv" / "tmp").exists()


def test_failed_installation_shows_pip_s_words_and_is_taken_up_again(project, capsys):
    (project / "offline").touch()
    with pytest.raises(Problem, match="pip could not install the course"):
        install(project)
    assert not is_installed(project)
    (project / "offline").unlink()
    install(project)
    assert is_installed(project)
    assert "making it anew" not in capsys.readouterr().out


def test_failure_with_a_newer_python_says_what_is_tested(project):
    python = project / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace("echo 3 11", "echo 3 15"))
    (project / "offline").touch()
    with pytest.raises(
        Problem, match=r"This is Python 3\.15, .* tested with Python 3\.11 to 3\.13"
    ):
        install(project)


@pytest.mark.slow
def test_half_made_environment_is_made_anew(project, monkeypatch, capsys):
    script(project / ".venv" / "bin" / "python", "exit 1")
    rubbish = project / ".venv" / "rubbish"
    rubbish.touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 1e9, 99e9))
    monkeypatch.setattr(packages.Installer, "run", lambda *arguments: None)
    install(project)
    assert "making it anew" in capsys.readouterr().out
    assert not rubbish.exists()
    question = "import sys; print(sys.prefix)"
    python = environment.venv_python(str(project / ".venv"))
    assert subprocess.check_output([python, "-c", question], text=True).strip().endswith(".venv")


def test_full_disk_stops_before_anything_is_made(project, monkeypatch):
    shutil.rmtree(project / ".venv")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 99e9, 1e9))
    with pytest.raises(Problem, match="too full for torch"):
        install(project)
    assert not (project / ".venv").exists()


def test_full_disk_also_stops_an_installation_that_is_taken_up_again(project, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 99e9, 1e9))
    with pytest.raises(Problem, match="too full for torch"):
        install(project)
    assert not calls(project)


def test_commands_in_the_environment_find_each_other_by_name():
    path = environment.inside("/course/.venv")["PATH"].split(os.pathsep)
    assert path[0] == "/course/.venv/bin"
    assert environment.inside("/course/.venv")["VIRTUAL_ENV"] == "/course/.venv"


# ------------------------------------------------------------------ what is asked for


@pytest.mark.parametrize(
    ("value", "meaning"), [(None, None), ("", None), ("1", True), ("Yes", True), ("0", False)]
)
def test_latest_is_yes_no_or_nothing(value, meaning):
    environ = {} if value is None else {"LATEST": value}
    assert choices.asked_for(None, environ).latest is meaning


def test_nonsense_is_named():
    with pytest.raises(Problem, match="LATEST=perhaps is neither yes nor no"):
        choices.asked_for(None, {"LATEST": "perhaps"})
    with pytest.raises(Problem, match="TORCH_INDEX=nowhere is neither an address"):
        choices.asked_for(None, {"TORCH_INDEX": "nowhere"})


def test_options_count_more_than_variables(tmp_path):
    environ = {"LATEST": "1", "TORCH_INDEX": "https://wheels.example/cpu"}
    options = Namespace(latest=False, torch_index=str(tmp_path), uv=None, port=8888)
    assert choices.asked_for(options, environ) == Asked(False, str(tmp_path), None)


def test_a_folder_of_torch_is_known_wherever_one_stands(tmp_path, monkeypatch):
    (tmp_path / "wheels").mkdir()
    monkeypatch.chdir(tmp_path)
    assert choices.place_of_torch("wheels") == str(tmp_path / "wheels")


def test_uv_that_is_asked_for_and_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="UV=1 asks for uv, and it is not installed"):
        choices.find_uv("1")
    program = script(tmp_path / "uv", "")
    assert choices.find_uv("1") == str(program)
    assert choices.find_uv(str(program)) == str(program)
    assert [choices.find_uv(word) for word in ("", None, "0")] == [None] * 3


def test_an_environment_s_file_that_cannot_be_read_counts_as_none(tmp_path):
    (tmp_path / "course-installed").write_text("0a1b2c")  # as earlier versions wrote it
    (tmp_path / "course-choices").write_text("[")
    assert choices.level_before(tmp_path) is None
    assert choices.remembered(tmp_path) is None
    assert choices.settle(asked(), None) == Choices(latest=False, torch_index=None)


# ------------------------------------------------------------------ with pip and uv as they are

BACKEND = """
import pathlib, zipfile
NAME = "toy_course-1.dist-info"
TEXT = '''Metadata-Version: 2.1
Name: toy-course
Version: 1
Requires-Dist: torch>=2.11
Requires-Dist: torchvision
Requires-Dist: lesson-tool
Provides-Extra: test
Requires-Dist: test-tool; extra == "test"
'''

def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(pathlib.Path(folder, "toy_course-1-py3-none-any.whl"), "w") as wheel:
        wheel.writestr(NAME + "/METADATA", TEXT)
        wheel.writestr(NAME + "/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(NAME + "/RECORD", "")
    return "toy_course-1-py3-none-any.whl"
"""


def wheel(folder: Path, name: str, version: str, *needs: str) -> None:
    """An installable package with one empty module."""
    folder.mkdir(exist_ok=True)
    info = f"{name}-{version}.dist-info"
    meta = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    meta += "".join(f"Requires-Dist: {need}\n" for need in needs)
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as file:
        file.writestr(f"{name}.py", "")
        file.writestr(f"{info}/METADATA", meta)
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


def index_of(folder: Path) -> str:
    """Address of an index of the packages in a folder."""
    for path in sorted(folder.glob("*.whl")):
        page = folder / "simple" / path.name.split("-")[0].replace("_", "-") / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with page.open("a") as file:
            file.write(f'<a href="../../{path.name.replace("+", "%2B")}">{path.name}</a>\n')
    return (folder / "simple").as_uri()


@pytest.fixture(scope="module")
def empty_environment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty") / ".venv"
    subprocess.check_call([sys.executable, "-m", "venv", str(folder)])
    return folder


@pytest.fixture
def toy_course(tmp_path, monkeypatch, empty_environment):
    """A course of dummy packages, and the usual index that has them; no network, no settings."""
    root = tmp_path / "course"
    root.mkdir()
    shutil.copytree(empty_environment, root / ".venv", symlinks=True)
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "toy-course"\n'
        'dynamic = ["version", "dependencies", "optional-dependencies"]\n'
    )
    pins = "torch==2.14.1\ntorchvision==0.29.1\nlesson-tool==1.0\nneeded-by-torch==1.0\n"
    (root / "constraints.txt").write_text(pins)
    usual = tmp_path / "usual"
    for torch, vision in (("2.14.1", "0.29.1"), ("2.15.0", "0.30.0")):
        wheel(usual, "torch", torch, "needed-by-torch")
        wheel(usual, "torchvision", vision, f"torch=={torch}")
    for name, version in itertools.product(("lesson_tool", "needed_by_torch"), ("1.0", "2.0")):
        wheel(usual, name, version)
    wheel(usual, "test_tool", "1.0")
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(environment, "space_needed", lambda index: 0)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    address = index_of(usual)
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX"):
        monkeypatch.setenv(name, address)
    return root


@pytest.fixture(params=["folder", "address"])
def cpu_builds(tmp_path, request):
    """A place that has builds for CPUs of the pinned versions, and nothing else."""
    folder = tmp_path / "cpu"
    wheel(folder, "torch", "2.14.1+cpu", "needed-by-torch")
    wheel(folder, "torchvision", "0.29.1+cpu", "torch==2.14.1")
    return folder if request.param == "folder" else index_of(folder)


def versions(root: Path) -> dict[str, str]:
    """Packages in the environment of a course, asked of the environment itself."""
    question = """
        from importlib.metadata import distributions
        for d in distributions(): print(d.name.lower().replace("_", "-"), d.version)
    """
    python = environment.venv_python(str(root / ".venv"))
    text = subprocess.check_output([python, "-I", "-c", textwrap.dedent(question)], text=True)
    found = dict(line.split() for line in text.splitlines())
    return {name: version for name, version in found.items() if name not in ("pip", "setuptools")}


LEAN = {
    **{"toy-course": "1", "torch": "2.14.1", "torchvision": "0.29.1"},
    **{"lesson-tool": "1.0", "needed-by-torch": "1.0"},
}
CPU = {"torch": "2.14.1+cpu", "torchvision": "0.29.1+cpu"}


@pytest.fixture(params=["pip", "uv"])
def tool(request):
    """Each test once by pip, once by uv, which `make test` installs for this."""
    if request.param == "pip":
        return None
    assert UV, "uv is not installed"
    return UV


@pytest.mark.slow
def test_pins_hold_and_the_tests_come_on_top(toy_course, tool):
    install(toy_course, uv=tool)
    assert versions(toy_course) == LEAN
    install(toy_course, "test", uv=tool)
    assert versions(toy_course) == {**LEAN, "test-tool": "1.0"}
    install(toy_course, latest=True, uv=tool)
    newest = {"torch": "2.15.0", "torchvision": "0.30.0", "test-tool": "1.0"}
    newest |= {"lesson-tool": "2.0", "needed-by-torch": "2.0"}
    assert versions(toy_course) == {**LEAN, **newest}
    install(toy_course, latest=False, uv=tool)
    assert versions(toy_course) == {**LEAN, "test-tool": "1.0"}


@pytest.mark.slow
def test_torch_for_cpus_is_not_replaced_by_any_later_step(toy_course, cpu_builds, tool):
    install(toy_course, torch_index=cpu_builds, uv=tool)
    assert versions(toy_course) == {**LEAN, **CPU}
    install(toy_course, "test", uv=tool)
    assert versions(toy_course) == {**LEAN, **CPU, "test-tool": "1.0"}
    pins = toy_course / "constraints.txt"
    pins.write_text(pins.read_text().replace("lesson-tool==1.0", "lesson-tool==2.0"))
    install(toy_course, uv=tool)
    assert versions(toy_course) == {**LEAN, **CPU, "test-tool": "1.0", "lesson-tool": "2.0"}
    install(toy_course, latest=True, uv=tool)  # 2.15.0 is newer, but not in that place
    newest = {"lesson-tool": "2.0", "needed-by-torch": "2.0"}
    assert versions(toy_course) == {**LEAN, **CPU, **newest, "test-tool": "1.0"}


@pytest.mark.slow
def test_a_place_without_the_pinned_torch_is_named_with_a_way_out(toy_course, tmp_path, tool):
    other = tmp_path / "other"
    wheel(other, "torch", "2.13.0+cpu", "needed-by-torch")
    wheel(other, "torchvision", "0.28.0+cpu", "torch==2.13.0")
    with pytest.raises(Problem) as problem:
        install(toy_course, torch_index=other, uv=tool)
    said = f"Wanted from {other} were torch==2.14.1 and torchvision==0.29.1, pinned in"
    assert said in str(problem.value)
    assert "LATEST=1 takes the newest" in str(problem.value)
    install(toy_course, torch_index=other, latest=True, uv=tool)
    expected = {"torch": "2.13.0+cpu", "torchvision": "0.28.0+cpu"}
    newest = {"lesson-tool": "2.0", "needed-by-torch": "2.0"}
    assert versions(toy_course) == {**LEAN, **expected, **newest}


# ------------------------------------------------------------------ the file of pins


def test_pins_are_made_for_every_system_and_name_no_place(tmp_path):
    words = constraints.compile_command("uv", latest=None)
    assert {"--universal", "--all-extras", "--no-emit-index-url"} <= set(words)
    assert words[words.index("--python-version") + 1] == "3.11"
    assert "--upgrade" not in words
    assert "--upgrade" in constraints.compile_command("uv", latest=True)


def test_pins_that_others_cannot_have_are_refused(tmp_path):
    path = tmp_path / "constraints.txt"
    path.write_text(
        "# C++ is fine here\nnumpy==2.4.6\ntorch==2.14.1+cpu ; sys_platform == 'linux'\n"
    )
    with pytest.raises(Problem, match=r"only your own index has: torch==2\.14\.1\+cpu"):
        constraints.check_pins(str(path))
    path.write_text("# C++ is fine here\nnumpy==2.4.6 ; platform_machine != '+'\n")
    constraints.check_pins(str(path))


@pytest.mark.slow
def test_pins_are_written_by_uv(toy_course, monkeypatch):
    (toy_course / "pyproject.toml").write_text(
        '[project]\nname = "toy"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["torch"]\noptional-dependencies = { test = ["test-tool"] }\n'
    )
    assert constraints.write_constraints(asked(uv=UV), str(toy_course)) == 0
    written = (toy_course / "constraints.txt").read_text()
    pins = re.findall(r"^[^#\s].*$", written, re.MULTILINE)
    assert pins == ["needed-by-torch==1.0", "test-tool==1.0", "torch==2.14.1"]
    assert "make constraints" in written and str(toy_course.parent) not in written
    constraints.write_constraints(asked(uv=UV, latest=True), str(toy_course))
    assert "torch==2.15.0" in (toy_course / "constraints.txt").read_text()
