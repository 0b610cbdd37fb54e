"""What the course needs of a machine, and sentences for a machine that lacks it."""

import os
import platform
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
TESTED = ((3, 11), (3, 12), (3, 13))
OLDEST = TESTED[0]
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3.14", "python3", "python")
LAUNCHER = "import sys; print(sys.executable)"


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


def is_windows():
    """Whether programs end in .exe, make is a rarity and ports are opened in another way."""
    return os.name == "nt"


def venv_python(venv=VENV):
    """Path of the interpreter inside the virtual environment."""
    parts = ("Scripts", "python.exe") if is_windows() else ("bin", "python")
    return os.path.join(venv, *parts)


def tested_versions():
    """The Python versions that the tests were run with, in words."""
    return f"Python {dotted(TESTED[0])} to {dotted(TESTED[-1])}"


def interpreters(candidates=CANDIDATES):
    """Paths and versions of the Pythons on PATH, and of those that Windows' launcher knows."""
    for name in candidates:
        path = shutil.which(name)
        version = python_version(path) if path else None
        if version:
            yield path, version
    for version in reversed(TESTED) if is_windows() and shutil.which("py") else ():
        question = ["py", f"-{dotted(version)}", "-c", LAUNCHER]
        try:
            answer = subprocess.check_output(question, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            continue
        yield answer.decode().strip(), version


def find_python(current=None, candidates=CANDIDATES):
    """Path of a Python that the course is tested with: the running one, or one found on PATH.

    Where there are only newer ones the first of them is taken, with a warning.

    Raises:
        Problem: when there are only older ones.
    """
    current = tuple(current or sys.version_info[:2])
    if current in TESTED:
        return sys.executable
    found = list(interpreters(candidates))
    for path, version in found:
        if version in TESTED:
            say(f"This is Python {dotted(current)}; taking {path}, which is {dotted(version)}.")
            return path
    newer = [(sys.executable, current)] + found
    for path, version in newer:
        if version > TESTED[-1]:
            say(
                f"Python {dotted(version)} is newer than what the course is tested with "
                f"({tested_versions()}).\nTrying; a package may not have been built for it yet."
            )
            return path
    how = "C:\\path\\to\\python.exe -m bootstrap lab"
    raise Problem(
        f"Python is too old: this is {dotted(current)}, and the course needs {dotted(OLDEST)} "
        f"or newer (tested: {tested_versions()}).\nInstall a newer one beside it (python.org, "
        "your package manager, pyenv or conda), then say\n    "
        + (how if is_windows() else "make lab PYTHON=/path/to/python3.12")
    )


def space_needed(torch_index=None, system=None, processor=None):
    """Bytes that an installation takes on the disk of the project, while pip unpacks.

    torch for Linux on x86-64 brings the CUDA libraries along: 3.4 GB are downloaded, become 7.2,
    and lie beside them until the end. Elsewhere, and in the builds for CPUs that another index
    has, torch is small.
    """
    system, processor = system or platform.system(), processor or platform.machine()
    with_cuda = system == "Linux" and processor in ("x86_64", "AMD64") and not torch_index
    return int((11.0 if with_cuda else 3.0) * 1e9)


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
