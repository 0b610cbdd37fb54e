"""The first minute on a fresh machine: what it says when something is missing."""

import ast
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections import namedtuple
from pathlib import Path

import pytest

from course_utils.bootstrap import environment, machine, server, testing
from course_utils.bootstrap.__main__ import main, parse
from course_utils.bootstrap.machine import Problem

ROOT = Path(__file__).resolve().parents[1]
SOURCES = [ROOT / "course_utils" / "__init__.py", *(ROOT / "course_utils/bootstrap").glob("*.py")]
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
            assert first in sys.stdlib_module_names or name.startswith("course_utils.bootstrap")


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
        machine.check_disk("/home/ada", machine.space_needed("Linux", "x86_64"))
    assert "another 7.0 GB" in str(problem.value)


def test_the_same_disk_is_enough_where_torch_brings_no_cuda(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 97e9, 3e9))
    machine.check_disk("/home/ada", machine.space_needed("Darwin", "arm64"))
    machine.check_disk("/home/ada", machine.space_needed("Linux", "aarch64"))


# ------------------------------------------------------------------ installation


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project whose pip is a script that logs how it was called, and its virtual environment."""
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    script(
        venv / "bin" / "python",
        f'case "$*" in *"-m pip"*) echo "$*" >> {tmp_path}/calls; [ ! -e {tmp_path}/offline ];;\n'
        "*version_info*) echo 3 11;; esac\n",
    )
    return tmp_path


def calls(project: Path) -> list[str]:
    log = project / "calls"
    return log.read_text().splitlines() if log.exists() else []


def install(project: Path) -> None:
    environment.install(str(project), str(project / ".venv"))


def test_install_runs_once(project):
    install(project)
    assert calls(project)[-1].endswith("--editable .[test]")
    before = len(calls(project))
    install(project)
    assert len(calls(project)) == before


@pytest.mark.parametrize(("free", "kept"), [(50e9, True), (12e9, False)])
def test_downloads_are_kept_where_there_is_room(project, monkeypatch, free, kept):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 100e9 - free, free))
    monkeypatch.setattr(environment, "space_needed", lambda: int(10e9))
    install(project)
    assert ("--no-cache-dir" in calls(project)[-1]) is not kept


def test_pip_unpacks_beside_the_environment_and_leaves_nothing(project):
    python = project / ".venv" / "bin" / "python"
    python.write_text(python.read_text().replace('echo "$*"', "echo $TMPDIR"))
    install(project)
    assert calls(project)[-1] == str(project / ".venv" / "tmp")
    assert not (project / ".venv" / "tmp").exists()


def test_new_dependencies_are_installed(project):
    install(project)
    before = len(calls(project))
    (project / "pyproject.toml").write_text("[project]\ndependencies = ['more']\n")
    install(project)
    assert len(calls(project)) == 2 * before


def test_failed_installation_shows_pip_s_words_and_is_taken_up_again(project, capsys):
    (project / "offline").touch()
    with pytest.raises(Problem, match="pip could not install the course"):
        install(project)
    assert not environment.is_installed(str(project), str(project / ".venv"))
    (project / "offline").unlink()
    install(project)
    assert environment.is_installed(str(project), str(project / ".venv"))
    assert "making it anew" not in capsys.readouterr().out


@pytest.mark.slow
def test_half_made_environment_is_made_anew(project, monkeypatch, capsys):
    script(project / ".venv" / "bin" / "python", "exit 1")
    rubbish = project / ".venv" / "rubbish"
    rubbish.touch()
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 1e9, 99e9))
    monkeypatch.setattr(environment, "run_pip", lambda *arguments: None)
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
    python = project / ".venv" / "bin" / "python"
    python.write_text(
        python.read_text().replace("*version_info*)", "*torch*) exit 1;; *version_info*)")
    )
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(100e9, 99e9, 1e9))
    with pytest.raises(Problem, match="too full for torch"):
        install(project)
    assert not calls(project)


def test_commands_in_the_environment_find_each_other_by_name():
    path = environment.inside("/course/.venv")["PATH"].split(os.pathsep)
    assert path[0] == "/course/.venv/bin"
    assert environment.inside("/course/.venv")["VIRTUAL_ENV"] == "/course/.venv"


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
        server.wait_until_up(child, "http://127.0.0.1:9", "token", patience=20)


def test_silent_server_is_reported():
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        with pytest.raises(Problem, match="did not answer"):
            server.wait_until_up(child, "http://127.0.0.1:9", "token", patience=0.5)
    finally:
        server.stop(child)
    assert child.poll() is not None


LAB_HERE = """
import sys
from course_utils.bootstrap import server
server.install, server.venv_python = lambda: None, lambda: sys.executable
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
    lab = subprocess.Popen(command, cwd=ROOT, env=headless, stdout=subprocess.PIPE, text=True)
    try:
        address = next(line.strip() for line in lab.stdout if "token=" in line)
        assert address.startswith(f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start_here")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(address, timeout=30) as page:
            assert b"JupyterLab" in page.read()
        lab.send_signal(number)
        assert lab.wait(30) == status
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
    monkeypatch.setattr(testing, "install", lambda: None)
    monkeypatch.setattr(testing, "run_module", lambda tool: ran.append(tool[0]) or style)
    monkeypatch.setattr(testing.subprocess, "call", lambda *a, **k: ran.append("pytest") or units)
    assert testing.test(["-m", "not slow"]) == status
    assert ran == ["ruff", "ruff", "pytest"]


def test_options_for_pytest_are_passed_on_untouched():
    options, rest = parse(["test", "-m", "not slow", "-k", "port"])
    assert (options.command, rest) == ("test", ["-m", "not slow", "-k", "port"])


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
