"""The first minute on a fresh machine: what it says when something is missing."""

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections import namedtuple
from pathlib import Path

import pytest

from bootstrap import __main__ as command_line
from bootstrap import machine, server, testing
from bootstrap.__main__ import main, parse
from bootstrap.machine import Problem

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    *(ROOT / "course_utils" / name for name in ("__init__.py", "places.py")),
    *(path for path in (ROOT / "bootstrap").glob("*.py") if path.name != "warm.py"),
]
Usage = namedtuple("Usage", "total used free")


def script(path: Path, text: str) -> Path:
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


# ------------------------------------------------------------------ Python


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_an_old_python_can_read_it(path):
    ast.parse(path.read_text(), feature_version=(3, 6))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_it_needs_the_standard_library_only(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            first = name.split(".")[0]
            ours = first == "bootstrap" and name != "bootstrap.warm"
            ours = ours or name.startswith("course_utils.places")
            assert first in sys.stdlib_module_names or ours


def test_old_python_alone_is_told_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match=r"this is 3\.9, and the course needs 3\.11") as problem:
        machine.find_python(current=(3, 9))
    assert "make lab PYTHON=" in str(problem.value)


def test_old_python_looks_for_a_newer_one_and_distrusts_what_does_not_run(monkeypatch, tmp_path):
    script(tmp_path / "python3.13", "exit 127")
    script(tmp_path / "python3.12", "echo 3 9")  # lies about its name
    good = script(tmp_path / "python3.11", "echo 3 11")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find_python(current=(3, 8)) == str(good)


def test_the_running_python_is_taken_where_it_is_tested():
    assert [machine.find_python(current=version) for version in machine.TESTED] == (
        [sys.executable] * 3
    )


def test_newer_python_gives_way_to_a_tested_one(monkeypatch, tmp_path, capsys):
    script(tmp_path / "python3.14", "echo 3 14")
    good = script(tmp_path / "python3.12", "echo 3 12")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find_python(current=(3, 15)) == str(good)
    assert f"This is Python 3.15; taking {good}, which is 3.12." in capsys.readouterr().out


def test_newer_python_alone_is_tried_with_a_warning(monkeypatch, tmp_path, capsys):
    script(tmp_path / "python3.14", "echo 3 14")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.find_python(current=(3, 15)) == sys.executable
    assert machine.find_python(current=(3, 9)) == str(tmp_path / "python3.14")
    said = capsys.readouterr().out
    assert "Python 3.15 is newer than what the course is tested with (Python 3.11 to 3.13)" in said
    assert "Python 3.14 is newer" in said


def test_windows_launcher_is_asked_for_a_tested_python(monkeypatch, tmp_path):
    script(tmp_path / "py", 'case "$1" in -3.12) echo C:/Python312/python.exe;; *) exit 1;; esac')
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "is_windows", lambda: True)
    assert machine.find_python(current=(3, 8)) == "C:/Python312/python.exe"
    (tmp_path / "py").unlink()
    with pytest.raises(Problem, match=r"python\.exe -m bootstrap lab"):
        machine.find_python(current=(3, 8))


def test_the_environment_s_python_lies_elsewhere_on_windows(monkeypatch):
    assert machine.venv_python("v") == os.path.join("v", "bin", "python")
    monkeypatch.setattr(machine, "is_windows", lambda: True)
    assert machine.venv_python("v") == os.path.join("v", "Scripts", "python.exe")


def test_the_project_asks_for_the_oldest_python_that_is_tested():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == f">={machine.dotted(machine.OLDEST)}"
    assert min(machine.TESTED) == machine.OLDEST


def test_python_without_venv_names_the_package(monkeypatch, tmp_path):
    python = script(
        tmp_path / "python3", 'case "$2" in *ensurepip*) exit 1;; *) echo 3 12;; esac\n'
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match=r"sudo apt-get install python3\.12-venv"):
        machine.need_venv_module(str(python))


# ------------------------------------------------------------------ disk


def test_full_disk_says_how_much_is_missing(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 97e9, 3e9))
    with pytest.raises(Problem, match=r"too full for torch: 3\.0 GB are free") as problem:
        machine.check_disk("/home/ada", machine.space_needed(None, "Linux", "x86_64"))
    assert "another 8.0 GB" in str(problem.value)


def test_the_same_disk_is_enough_where_torch_brings_no_cuda(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 97e9, 3e9))
    machine.check_disk("/home/ada", machine.space_needed(None, "Darwin", "arm64"))
    machine.check_disk("/home/ada", machine.space_needed(None, "Linux", "aarch64"))


def test_an_index_of_one_s_own_for_torch_is_taken_to_be_without_cuda():
    assert machine.space_needed("https://wheels.example/cpu", "Linux", "x86_64") == 3e9


# ------------------------------------------------------------------ JupyterLab


def test_taken_port_is_named_with_a_way_out(capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert main(["lab", "--port", str(port)]) == 1
    said = capsys.readouterr().err
    assert f"Port {port} on 127.0.0.1 cannot be used" in said
    assert "make lab PORT=" in said


def test_windows_is_told_the_command_without_make(monkeypatch):
    monkeypatch.setattr(server, "is_windows", lambda: True)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Problem, match=r"python -m bootstrap lab --port \d+$"):
            server.check_port(port)


def test_ctrl_c_reaches_the_bootstrap_alone(monkeypatch):
    assert server.apart() == {"start_new_session": True}
    monkeypatch.setattr(server, "is_windows", lambda: True)
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 512, raising=False)
    assert server.apart() == {"creationflags": 512}


def test_free_port_is_accepted():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    server.check_port(port)


@pytest.mark.parametrize("port", [0, -1, 70000])
def test_impossible_port(port):
    with pytest.raises(Problem, match="is no port"):
        server.check_port(port)


def test_headless_machine_prints_the_address(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(server.platform, "system", lambda: "Linux")
    monkeypatch.setattr(server.webbrowser, "open", lambda url: pytest.fail("opened a browser"))
    server.present("http://127.0.0.1:8888/lab?token=abc", 8888)
    assert "\n    http://127.0.0.1:8888/lab?token=abc\n" in capsys.readouterr().out


def test_desktop_opens_the_browser(monkeypatch, capsys):
    opened = []
    for name in ("SSH_CONNECTION", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(server.webbrowser, "open", lambda url: opened.append(url) or True)
    server.present("http://127.0.0.1:8888/lab?token=abc", 8888)
    assert opened == ["http://127.0.0.1:8888/lab?token=abc"]
    assert not server.has_desktop({"DISPLAY": ":0", "SSH_CONNECTION": "1"}, "Linux")


def test_server_that_dies_at_once_is_reported():
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(Problem, match="ended at once"):
        server.wait_until_up(child, "http://127.0.0.1:9", "token", patience=120)


def test_silent_server_is_reported():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with pytest.raises(Problem, match="did not answer"):
            server.wait_until_up(child, "http://127.0.0.1:9", "token", patience=0.5)
    finally:
        server.stop(child)
    assert child.poll() is not None


LAB_HERE = """
import sys
from bootstrap import server
server.install, server.venv_python = lambda *how: None, lambda: sys.executable
sys.exit(server.lab(int(sys.argv[1]), "127.0.0.1"))
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_lab_serves_the_first_notebook_until_it_is_stopped(number, status):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
    headless = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    command = [sys.executable, "-c", LAB_HERE, str(port)]
    lab = subprocess.Popen(
        command,
        cwd=ROOT,
        env=headless,
        stdout=subprocess.PIPE,
        text=True,
        # Started in the background, these tests would hand on that interrupts are ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        address = next(line.strip() for line in lab.stdout if "token=" in line)
        assert address.startswith(f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start_here")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=120) as page:
            assert b"JupyterLab" in page.read()
        lab.send_signal(number)
        assert lab.wait(120) == status
    finally:
        lab.kill()
    server.check_port(port)  # nothing is left behind


def test_token_is_not_on_the_command_line():
    assert "token" not in " ".join(server.server_command(8888, "127.0.0.1")).lower()


# ------------------------------------------------------------------ tests


def test_missing_chromium_is_a_failure_and_not_a_skip(monkeypatch, tmp_path):
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(testing, "MAC_BROWSERS", ())
    monkeypatch.setattr(testing, "venv_python", lambda: str(tmp_path / "nothing"))
    monkeypatch.setattr(testing, "run_module", lambda arguments: 1)
    with pytest.raises(Problem, match="Chromium could not be installed"):
        testing.need_chromium()


def test_wrong_chromium_is_named(monkeypatch):
    monkeypatch.setenv("CHROMIUM", "/no/such/chrome")
    with pytest.raises(Problem, match="CHROMIUM=/no/such/chrome"):
        testing.need_chromium()


@pytest.mark.parametrize(("style", "units", "status"), [(0, 0, 0), (1, 0, 1), (0, 1, 1), (1, 2, 2)])
def test_style_and_tests_both_run_and_both_count(monkeypatch, style, units, status):
    ran = []
    monkeypatch.setattr(testing, "install", lambda level, asked: ran.append(level))
    monkeypatch.setattr(testing, "run_module", lambda tool: ran.append(tool[0]) or style)
    monkeypatch.setattr(testing.subprocess, "call", lambda *a, **k: ran.append("pytest") or units)
    assert testing.test(["-m", "not slow"]) == status
    assert ran == ["test", "ruff", "ruff", "pytest"]


def test_options_for_pytest_are_passed_on_untouched():
    options, rest = parse(["test", "-m", "not slow", "-k", "port"])
    assert (options.command, rest) == ("test", ["-m", "not slow", "-k", "port"])
    assert (options.latest, options.uv, options.torch_index) == (None, None, None)


def test_options_on_how_to_install_come_first_and_the_rest_is_pytest_s():
    line = ["test", "--latest", "--torch-index", "wheels", "--uv", "-m", "slow", "--latest"]
    options, rest = parse(line)
    assert (options.latest, options.torch_index, options.uv) == (True, "wheels", "1")
    assert rest == ["-m", "slow", "--latest"]
    options, rest = parse(["run", "--torch-index=wheels", "--no-latest", "benchmarks", "--uv"])
    assert (options.torch_index, options.latest, rest) == ("wheels", False, ["benchmarks", "--uv"])


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (["install"], "lab"),
        (["run", "course_admin.grading", "a1_gan_minimax"], "lab"),
        (["run", "benchmarks"], "test"),
        (["warm"], "lab"),
    ],
)
def test_commands_install_what_they_need(monkeypatch, line, level):
    levels = []
    monkeypatch.setattr(command_line, "install", lambda level, asked: levels.append(level))
    monkeypatch.setattr(command_line, "run_module", lambda arguments: 0)
    assert main(line) == 0
    assert levels == [level]


# ------------------------------------------------------------------ make


def test_make_help_lists_every_target():
    if not shutil.which("make"):
        pytest.fail("make is needed")
    shown = subprocess.check_output(["make", "--no-print-directory", "help"], cwd=ROOT, text=True)
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if ".PHONY" in line)
    for target in phony.split()[1:]:
        assert f"make {target} " in shown


def test_continuous_integration_runs_what_the_readme_says():
    script_lines = (ROOT / ".ci" / "run").read_text().splitlines()
    assert script_lines[-1] == "exec make test"
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make test" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("how", ["option", "environment"])
def test_make_hands_on_how_to_install(how):
    """By `make lab UV=1` and by `UV=1 make lab`, and nothing when nothing is said."""
    names = ("LATEST", "UV", "TORCH_INDEX")
    values = dict(zip(names, ("1", "no", "https://wheels.example/cpu"), strict=True))
    clean = {k: v for k, v in os.environ.items() if k not in names and not k.startswith("MAKE")}
    line = ["make", "--no-print-directory", "install", "PYTHON=env; :"]
    options = [f"{name}={value}" for name, value in values.items()] if how == "option" else []
    environ = clean if how == "option" else {**clean, **values}
    seen = subprocess.check_output([*line, *options], cwd=ROOT, env=environ, text=True).splitlines()
    assert {f"{name}={value}" for name, value in values.items()} <= set(seen)
    seen = subprocess.check_output(line, cwd=ROOT, env=clean, text=True).splitlines()
    assert {f"{name}=" for name in names} <= set(seen)
