"""The virtual environment `.venv`: made once, completed when it was cut off."""

import json
import os
import shutil
import subprocess

from bootstrap.choices import (
    NOTHING_ASKED,
    Choices,
    higher,
    level_before,
    level_installed,
    remember,
    remembered,
    remove_stamp,
    settle,
    write_stamp,
)
from bootstrap.machine import (
    OLDEST,
    ROOT,
    VENV,
    Problem,
    check_disk,
    find_python,
    need_venv_module,
    python_version,
    say,
    space_needed,
    venv_python,
)
from bootstrap.packages import Installer
from course_utils.places import writable_home

EXTRAS = {"lab": "", "test": "[test]"}
WARM = "bootstrap.warm"  # module that fills the caches; it needs what is installed


def is_installed(level="lab", asked=NOTHING_ASKED, root=ROOT, venv=VENV):
    """Whether a level is complete, and is what these files and choices ask for."""
    have = level_installed(settle(asked, remembered(venv)), root, venv)
    return bool(have) and higher(have, level) == have and os.path.exists(venv_python(venv))


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


def install(level="lab", asked=NOTHING_ASKED, root=ROOT, venv=VENV):
    """Make `.venv` and install the course up to a level; nothing when that is done.

    The level "test" adds what the tests need to what "lab" installed, and leaves that alone;
    no later call takes it away. An installation that was cut off is taken up again: without the
    stamp, pip runs once more and keeps what is there; an environment that does not even run is
    made anew.

    Raises:
        Problem: when the machine lacks something, or the installation failed.
    """
    if is_installed(level, asked, root, venv):
        return
    choices = settle(asked, remembered(venv))
    if level_installed(choices, root, venv) and is_usable(venv):
        say("Installing what the tests need besides.")
        Installer(root, venv, asked.uv).install_course(EXTRAS[level], choices)
        write_stamp(level, choices, root, venv)
        return
    level = higher(level, level_before(venv))
    prepare(choices, root, venv)
    _install_all(level, choices, Installer(root, venv, asked.uv))
    write_settings(venv)
    write_stamp(level, choices, root, venv)
    say("Installed. Rendering the first pictures, so that the lessons need not wait: a minute.")
    command = [venv_python(venv), "-m", WARM]
    if subprocess.call(command, cwd=root, env=inside(venv)):
        say("That did not work; the lessons will do it when they need it.")


def prepare(choices, root, venv):
    """An environment that can be installed into, with the choices written down in it.

    Raises:
        Problem: when it cannot be made, or already has a torch from another place.
    """
    if not is_usable(venv):
        make(choices, root, venv)
    elif not has_torch(venv):
        check_disk(root, space_needed(choices.torch_index))
    elif choices.torch_index != (remembered(venv) or Choices(False, None)).torch_index:
        raise Problem(
            f"TORCH_INDEX={choices.torch_index} comes too late: .venv has a torch from another "
            "place already.\nRemove the folder .venv, then the same command again."
        )
    remove_stamp(venv)
    remember(choices, venv)


def _install_all(level, choices, installer):
    """Install everything up to a level, torch first when it has a place of its own.

    Raises:
        Problem: when that fails.
    """
    say("Installing torch, JupyterLab and the rest: once, a few minutes on a fast connection.")
    installer.upgrade_pip()
    if choices.torch_index:
        installer.install_torch(choices)
    installer.install_course(EXTRAS[level], choices, upgrade=choices.latest)


def make(choices, root, venv):
    """Make an empty virtual environment, where there is room for what will go in.

    Raises:
        Problem: when Python is too old or has no venv, or the disk is too full.
    """
    python = find_python()
    need_venv_module(python)
    if os.path.exists(venv):
        say("The environment in .venv is incomplete; making it anew.")
        shutil.rmtree(venv)
    check_disk(root, space_needed(choices.torch_index))
    say(f"Making a virtual environment with {python}.")
    if subprocess.call([python, "-m", "venv", venv]):
        raise Problem("Python could not make a virtual environment; its message is above.")


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
    if os.name != "nt":  # Jupyter and matplotlib want to write there
        environment["HOME"] = writable_home()
    return environment


def run_module(arguments):
    """Run `python -m ARGUMENTS` in the virtual environment; returns its exit status."""
    return subprocess.call([venv_python(), "-m", *arguments], cwd=ROOT, env=inside())
