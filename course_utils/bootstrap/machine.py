"""What the course needs of a machine, and sentences for a machine that lacks it."""

import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OLDEST = (3, 11)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python")


class Problem(Exception):
    """Something the person at the keyboard can put right; the message says how."""


def say(text):
    """Print at once, also into a pipe."""
    print(text)
    sys.stdout.flush()


def dotted(version):
    """The first two numbers of a version, as people write them."""
    return ".".join(str(part) for part in version[:2])


def is_root():
    """Whether we may install system packages, and JupyterLab wants to be told that it may run."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def python_version(command):
    """Version (major, minor) of an interpreter, or None when it does not run."""
    question = "import sys; print('%d %d' % sys.version_info[:2])"
    try:
        answer = subprocess.check_output([command, "-c", question], stderr=subprocess.DEVNULL)
        major, minor = answer.decode().split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def find_python(current=None, candidates=CANDIDATES):
    """Path of a Python new enough: the running one if it is, else the first found on PATH.

    Raises:
        Problem: when there is none.
    """
    current = current or sys.version_info[:2]
    if tuple(current) >= OLDEST:
        return sys.executable
    for name in candidates:
        path = shutil.which(name)
        if path and (python_version(path) or (0, 0)) >= OLDEST:
            return path
    raise Problem(
        f"Python is too old: this is {dotted(current)}, and the course needs {dotted(OLDEST)} "
        "or newer.\nInstall a newer one beside it (python.org, your package manager, pyenv or "
        "conda), then say\n    make lab PYTHON=/path/to/python3.12"
    )


def space_needed(system=None, processor=None):
    """Bytes that an installation takes on the disk of the project, while pip unpacks.

    torch for Linux on x86-64 brings the CUDA libraries along (7 GB stay); elsewhere it is small.
    """
    system, processor = system or platform.system(), processor or platform.machine()
    with_cuda = system == "Linux" and processor in ("x86_64", "AMD64")
    return int((10.0 if with_cuda else 3.0) * 1e9)


def check_disk(folder, needed):
    """Stop before a download that cannot fit.

    Raises:
        Problem: when fewer than `needed` bytes are free at `folder`.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise Problem(
            f"The disk is too full for torch: {free / 1e9:.1f} GB are free at {folder},\n"
            f"and the installation needs about {needed / 1e9:.0f} GB. Free another "
            f"{(needed - free) / 1e9:.1f} GB, or clone the course to another disk."
        )


def need_venv_module(python):
    """Debian and Ubuntu ship Python without its `venv`; install it, or say so before pip does.

    Raises:
        Problem: when `python` cannot make a virtual environment.
    """
    probe = [python, "-c", "import venv, ensurepip"]
    if subprocess.call(probe, stderr=subprocess.DEVNULL) == 0:
        return
    package = f"python{dotted(python_version(python) or OLDEST)}-venv"
    if apt_install(package) and subprocess.call(probe, stderr=subprocess.DEVNULL) == 0:
        return
    raise Problem(
        f"{python} cannot make virtual environments (its modules venv and ensurepip are missing).\n"
        f"On Debian and Ubuntu: sudo apt-get install {package}"
    )


def apt_install(package):
    """Install a Debian package where we may; whether that was tried and went well."""
    if not (shutil.which("apt-get") and is_root()):
        return False
    say(f"Installing the system package {package} ...")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    command = ["apt-get", "-qq", "-o=Dpkg::Use-Pty=0"]
    subprocess.call([*command, "update"], env=environment, stdout=subprocess.DEVNULL)
    command += ["install", "--yes", "--no-install-recommends", package]
    return subprocess.call(command, env=environment, stdout=subprocess.DEVNULL) == 0
