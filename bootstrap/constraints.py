"""`constraints.txt`: one version of every package, for all Pythons and systems at once.

It says what a semester was tested with. uv writes it, because pip cannot answer for a system
that it does not run on; without uv on this machine one is installed for the moment.
"""

import os
import shutil
import subprocess
import tempfile

from bootstrap.choices import PINS
from bootstrap.machine import OLDEST, ROOT, Problem, dotted, find_python, say, venv_python


def compile_command(uv, latest):
    """Command line by which uv writes the file.

    Versions that it has stay, where they still fit; `latest` raises them too. No address of an
    index gets into the file: where packages come from is the business of each machine.
    """
    command = [uv, "pip", "compile", "pyproject.toml", "--output-file", PINS, "--all-extras"]
    command += ["--universal", "--python-version", dotted(OLDEST), "--no-annotate", "--quiet"]
    command += ["--no-emit-index-url", "--no-emit-find-links"]
    command += ["--custom-compile-command", "make constraints"]
    return command + (["--upgrade"] if latest else [])


def own_uv(folder):
    """Path of a uv that was installed into a folder.

    Raises:
        Problem: when that failed.
    """
    say("uv is not installed; fetching it for the moment.")
    python = venv_python(folder)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"]
    if subprocess.call([find_python(), "-m", "venv", folder]) or subprocess.call(pip):
        raise Problem("uv could not be installed; the message is above.")
    return os.path.join(os.path.dirname(python), "uv")


def write_constraints(asked, root=ROOT):
    """Write `constraints.txt` anew; returns uv's exit status.

    Raises:
        Problem: when uv cannot be had, or a version exists in one place only.
    """
    with tempfile.TemporaryDirectory() as folder:
        uv = asked.uv or shutil.which("uv") or own_uv(folder)
        status = subprocess.call(compile_command(uv, asked.latest), cwd=root)
    if not status:
        check_pins(os.path.join(root, PINS))
        say(f"{PINS} is written. It is true once `make test` has installed from it and passed.")
    return status


def check_pins(path):
    """Refuse versions such as 2.0+cpu, which other people's index does not have.

    Raises:
        Problem: when there is one.
    """
    with open(path) as file:
        local = [line.strip() for line in file if "+" in line.split(";")[0].split("#")[0]]
    if local:
        raise Problem(
            f"{PINS} now pins builds that only your own index has: {', '.join(local)}.\n"
            "Take them out of uv's settings (UV_FIND_LINKS, UV_INDEX), then make it again."
        )
