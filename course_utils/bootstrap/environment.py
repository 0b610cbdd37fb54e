"""The virtual environment `.venv`: made once, completed when it was cut off."""

import collections
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time

from course_utils.bootstrap.machine import (
    OLDEST,
    ROOT,
    Problem,
    check_disk,
    find_python,
    need_venv_module,
    python_version,
    say,
    space_needed,
)

VENV = os.path.join(ROOT, ".venv")
PROGRESS = ("Collecting", "Downloading", "Using cached", "Installing", "Building")


def venv_python(venv=VENV):
    """Path of the interpreter inside the virtual environment."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    return os.path.join(venv, *parts)


def stamp_path(venv=VENV):
    """File that says which state of pyproject.toml is installed."""
    return os.path.join(venv, "course-installed")


def fingerprint(root=ROOT):
    """What an installation depends on: pyproject.toml, and where the project lies."""
    with open(os.path.join(root, "pyproject.toml"), "rb") as file:
        return hashlib.sha256(file.read() + root.encode()).hexdigest()


def is_installed(root=ROOT, venv=VENV):
    """Whether the virtual environment is complete and belongs to this pyproject.toml."""
    try:
        with open(stamp_path(venv)) as file:
            return file.read() == fingerprint(root) and os.path.exists(venv_python(venv))
    except OSError:
        return False


def is_usable(venv=VENV):
    """Whether there is a virtual environment whose Python is new enough and has pip."""
    python = venv_python(venv)
    if (python_version(python) or (0, 0)) < OLDEST:
        return False
    return subprocess.call([python, "-c", "import pip"], stderr=subprocess.DEVNULL) == 0


def has_torch(venv=VENV):
    """Whether the largest package is there already, and the disk no longer the question."""
    question = "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"
    return subprocess.call([venv_python(venv), "-c", question], stderr=subprocess.DEVNULL) == 0


def install(root=ROOT, venv=VENV):
    """Make `.venv` and install the course with its tests into it; nothing when that is done.

    An installation that was cut off is taken up again: without the stamp, pip runs once more
    and keeps what is there; an environment that does not even run is made anew.

    Raises:
        Problem: when the machine lacks something, or pip failed.
    """
    if is_installed(root, venv):
        return
    with contextlib.suppress(OSError):
        os.remove(stamp_path(venv))
    if not is_usable(venv):
        make(root, venv)
    elif not has_torch(venv):
        check_disk(root, space_needed())
    say("Installing torch, JupyterLab and the rest: once, 3 to 5 minutes on a fast connection.")
    log = os.path.join(venv, "install.log")
    # pip keeps what it downloaded, and so can go on after an accident, where there is room for it.
    roomy = shutil.disk_usage(root).free > 2 * space_needed()
    options = [] if roomy else ["--no-cache-dir"]
    run_pip(["--upgrade", "pip"], root, venv, log)
    run_pip([*options, "--editable", ".[test]"], root, venv, log)
    write_settings(venv)
    with open(stamp_path(venv), "w") as file:
        file.write(fingerprint(root))
    say("Installed. Rendering the first pictures, so that the lessons need not wait: a minute.")
    command = [venv_python(venv), "-m", "course_utils.authoring", "warm"]
    if subprocess.call(command, cwd=root, env=inside(venv)):
        say("That did not work; the lessons will do it when they need it.")


def make(root, venv):
    """Make an empty virtual environment, where there is room for what will go in.

    Raises:
        Problem: when Python is too old or has no venv, or the disk is too full.
    """
    python = find_python()
    need_venv_module(python)
    if os.path.exists(venv):
        say("The environment in .venv is incomplete; making it anew.")
        shutil.rmtree(venv)
    needed = space_needed()
    check_disk(root, needed)
    say(f"Making a virtual environment with {python}.")
    if subprocess.call([python, "-m", "venv", venv]):
        raise Problem("Python could not make a virtual environment; its message is above.")


def run_pip(arguments, root, venv, log):
    """Run `pip install`, showing one line that moves instead of hundreds; all goes to `log`.

    Raises:
        Problem: when pip failed; the message ends with pip's last lines.
    """
    # /tmp is often small, and lies in memory; torch is unpacked where it is going to live.
    scratch = os.path.join(venv, "tmp")
    os.makedirs(scratch, exist_ok=True)
    pip = subprocess.Popen(
        [venv_python(venv), "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        cwd=root,
        env=dict(os.environ, PYTHONUNBUFFERED="1", TMPDIR=scratch),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    )
    last = collections.deque(maxlen=25)
    reader = threading.Thread(target=_copy, args=(pip.stdout, log, last))
    reader.start()
    try:
        _show_progress(pip, last)
    finally:
        if pip.poll() is None:  # we were interrupted
            pip.terminate()
        pip.wait()
        reader.join()
        shutil.rmtree(scratch, ignore_errors=True)
    if pip.returncode:
        words = "\n    ".join(last)
        raise Problem(
            f"pip could not install the course. Its last words:\n    {words}\n"
            f"The whole log: {log}\nIt needs the network. After a broken connection the same "
            "command goes on where it stopped."
        )


def _copy(lines, log, last):
    """Copy pip's lines to the file `log` and into `last`."""
    with open(log, "a") as file:
        for line in lines:
            file.write(line)
            last.append(line.rstrip())


def _show_progress(pip, last):
    """Until pip ends, show the seconds and what it does: in place, or in a log now and then."""
    begin, terminal = time.time(), sys.stdout.isatty()
    pause = 0.5 if terminal else 30.0
    shown = begin
    while pip.poll() is None:
        time.sleep(0.1)
        if time.time() - shown < pause:
            continue
        shown = time.time()
        doing = [line for line in list(last) if line.strip().startswith(PROGRESS)]
        words = " ".join(doing[-1].split()[:2]) if doing else "working"
        text = f"  {shown - begin:3.0f} s  {words}"[:78]
        sys.stdout.write("\r\033[K" + text if terminal else text + "\n")
        sys.stdout.flush()
    if terminal:
        sys.stdout.write("\r\033[K")


def write_settings(venv):
    """Defaults of our JupyterLab and its kernels.

    The first asks no server for news or for a newer version. The second do not warn, once per
    kernel, that they talk over TCP: they do so on this machine only.
    """
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    overrides = json.dumps({"@jupyterlab/apputils-extension:notification": quiet}, indent=1)
    for folder, name, text in (
        (("share", "jupyter", "lab", "settings"), "overrides.json", overrides),
        (("etc", "ipython"), "ipython_kernel_config.py", "c.IPKernelApp.log_level = 40\n"),
    ):
        place = os.path.join(venv, *folder)
        os.makedirs(place, exist_ok=True)
        with open(os.path.join(place, name), "w") as file:
            file.write(text)


def inside(venv=VENV):
    """Environment variables of commands run in the virtual environment.

    nbgrader and Jupyter call their helpers by name, so its folder comes first on PATH.
    """
    folder = os.path.dirname(venv_python(venv))
    path = os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])
    environment = dict(os.environ, PATH=path, VIRTUAL_ENV=venv)
    environment.pop("PYTHONHOME", None)
    return environment


def run_module(arguments):
    """Run `python -m ARGUMENTS` in the virtual environment; returns its exit status."""
    return subprocess.call([venv_python(), "-m", *arguments], cwd=ROOT, env=inside())
