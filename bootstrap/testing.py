"""Everything that `make test` runs, and the Chromium that its browser tests need."""

import glob
import os
import shutil
import subprocess

from bootstrap.choices import NOTHING_ASKED
from bootstrap.environment import inside, install, run_module
from bootstrap.machine import ROOT, Problem, apt_install, say, venv_python

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_BROWSERS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
GRADING = (("bwrap", "bubblewrap"), ("initdb", "postgresql"))
STYLE = (["ruff", "check", "--quiet", "."], ["ruff", "format", "--check", "--quiet", "."])


def test(arguments, asked=NOTHING_ASKED):
    """Install what is missing; then style and all tests, or the tests that `arguments` select.

    Returns the exit status: 0 when both found nothing.

    Raises:
        Problem: when the browser tests are wanted and there is no Chromium.
    """
    install("test", asked)
    environment = inside()
    if "-m" not in arguments:
        environment["CHROMIUM"] = need_chromium()
        need_for_grading()
    style = [run_module(tool) for tool in STYLE]
    if any(style):
        say("Style: see above; `ruff format .` and `ruff check --fix .` put most of it right.\n")
    command = [venv_python(), "-m", "pytest", *workers(), *arguments]
    status = subprocess.call(command, cwd=ROOT, env=environment)
    return status or max(style)


def workers():
    """Arguments that spread the tests over two processes, files together; none on a single core.

    `tests/conftest.py` says which tests stay together, and in which order they come.
    """
    if (os.cpu_count() or 1) < 2:
        return []
    return ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]


def need_for_grading():
    """Install what the grading tests use beyond Python packages, where that may be done here.

    Without it the course still works: those tests say what they did not try, and why.
    """
    for program, package in GRADING:
        found = shutil.which(program) or glob.glob(f"/usr/lib/postgresql/*/bin/{program}")
        if not found and not apt_install(package):
            say(f"{package} is not installed: the tests that need it will be skipped, by name.\n")


def find_chromium():
    """Path of a Chromium or Chrome for the browser tests, or None.

    Looks at the environment variable CHROMIUM, then on PATH, then where playwright keeps its own.
    """
    chosen = os.environ.get("CHROMIUM")
    if chosen:
        return shutil.which(chosen)
    for name in BROWSERS + MAC_BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    question = (
        "from playwright.sync_api import sync_playwright as start\n"
        "with start() as p: print(p.chromium.executable_path)"
    )
    try:
        answer = subprocess.check_output([venv_python(), "-c", question], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return None
    path = answer.decode().strip()
    return path if os.path.exists(path) else None


def need_chromium():
    """Path of a Chromium, installed when there is none.

    Raises:
        Problem: when none is found and none could be installed.
    """
    chosen = os.environ.get("CHROMIUM")
    if chosen and not find_chromium():
        raise Problem(f"CHROMIUM={chosen} is no program that can be run.")
    if not find_chromium():
        say("The browser tests need Chromium; installing it (about 1 minute).")
        apt_install("chromium")
    if not find_chromium():
        run_module(["playwright", "install", "chromium"])
    path = find_chromium()
    if not path:
        raise Problem(
            "Chromium could not be installed, and the browser tests cannot run without it.\n"
            "Install Chromium or Chrome, or name one: make test CHROMIUM=/path/to/chrome\n"
            "All tests but those in the browser: make test-fast"
        )
    return path
