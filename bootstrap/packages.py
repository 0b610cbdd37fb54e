"""pip, or uv where it is wanted: one line that moves on the screen, everything in a log."""

import collections
import os
import shutil
import subprocess
import sys
import threading
import time

from bootstrap.choices import PINS
from bootstrap.machine import (
    TESTED,
    Problem,
    dotted,
    python_version,
    space_needed,
    tested_versions,
    venv_python,
)

PROGRESS = ("Collecting", "Downloading", "Using cached", "Installing", "Building", "Prepared")
PLACES = ("INDEX", "INDEX_URL", "DEFAULT_INDEX", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX")
VERSIONS = (
    "from importlib.metadata import version\n"
    "for name in ('torch', 'torchvision'): print(name + '==' + version(name))"
)


class Installer:
    """Installs into one virtual environment: by uv when its path is given, else by pip."""

    def __init__(self, root, venv, uv=None):
        self.root, self.venv, self.uv = root, venv, uv
        self.log = os.path.join(venv, "install.log")
        self.chosen_torch = os.path.join(venv, "torch-chosen.txt")

    def command(self, arguments):
        """Command line that installs what `arguments` say."""
        # What was downloaded is kept, to go on after an accident, where there is room for it.
        roomy = shutil.disk_usage(self.root).free > 2 * space_needed()
        python = venv_python(self.venv)
        if self.uv:
            start = [self.uv, "pip", "install", "--python", python, "--compile-bytecode"]
            return start + ([] if roomy else ["--no-cache"]) + arguments
        start = [python, "-m", "pip", "install", "--disable-pip-version-check"]
        return start + ([] if roomy else ["--no-cache-dir"]) + arguments

    def upgrade_pip(self):
        """The pip that came with Python may be years old; uv does without it."""
        if not self.uv:
            self.run(["--upgrade", "pip"])

    def install_torch(self, choices):
        """Install torch and torchvision alone from the place that TORCH_INDEX names.

        What they need comes with the rest, from the usual place. Their exact versions are written
        down, as pins for every later step: a build for CPUs is not exchanged for one with CUDA.

        Raises:
            Problem: when they are not there in the versions that are pinned.
        """
        place = choices.torch_index
        local = os.path.isdir(place)
        where = ["--no-index", "--find-links", place] if local else ["--index-url", place]
        wanted = ["--upgrade", "--no-deps", *where, *self.pins(choices), "torch", "torchvision"]
        try:
            self.run(wanted, without_places=True)
        except Problem as problem:
            raise Problem(f"{problem}\n{_what_was_wanted(choices, self.root)}") from None
        versions = subprocess.check_output([venv_python(self.venv), "-c", VERSIONS])
        with open(self.chosen_torch, "wb") as file:
            file.write(versions)

    def install_course(self, extras, choices, upgrade=False):
        """Install the course, in place, with what it needs and the `extras` named.

        Raises:
            Problem: when that fails.
        """
        newest = ["--upgrade"] if upgrade else []
        if upgrade and not self.uv:
            newest += ["--upgrade-strategy", "eager"]
        self.run([*newest, *self.pins(choices), "--editable", "." + extras])

    def pins(self, choices):
        """Arguments that hold versions: the course's, and of a torch from a place of its own."""
        files = [] if choices.latest else [PINS]
        if choices.torch_index and os.path.exists(self.chosen_torch):
            files.append(self.chosen_torch)
        return [part for file in files for part in ("--constraint", file)]

    def run(self, arguments, without_places=False):
        """Run one installation; without the user's own indexes when they must not interfere.

        Raises:
            Problem: when it failed; the message ends with its last lines.
        """
        # /tmp is often small, and lies in memory; torch is unpacked where it is going to live.
        scratch = os.path.join(self.venv, "tmp")
        os.makedirs(scratch, exist_ok=True)
        environment = dict(os.environ, TMPDIR=scratch, TEMP=scratch, TMP=scratch)
        environment.update(PYTHONUNBUFFERED="1", PYTHONIOENCODING="utf-8")
        for name in PLACES if without_places else ():
            environment.pop("PIP_" + name, None)
            environment.pop("UV_" + name, None)
        try:
            status, last = _watched(self.command(arguments), self.root, environment, self.log)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        if status:
            raise Problem(self._what_went_wrong(last))

    def _what_went_wrong(self, last):
        words = "\n    ".join(last)
        text = (
            f"{'uv' if self.uv else 'pip'} could not install the course. Its last words:\n"
            f"    {words}\nThe whole log: {self.log}\nIt needs the network. After a broken "
            "connection the same command goes on where it stopped."
        )
        version = python_version(venv_python(self.venv)) or TESTED[-1]
        if version > TESTED[-1]:
            text += (
                f"\nThis is Python {dotted(version)}, and not every package may have been built "
                f"for it yet; the course is tested with {tested_versions()}."
            )
        return text


def _what_was_wanted(choices, root):
    """What a step that took torch from TORCH_INDEX was looking for, and the way out."""
    if choices.latest:
        return f"Wanted were torch and torchvision from {choices.torch_index}."
    with open(os.path.join(root, PINS)) as file:
        pins = [line.split(";")[0].strip() for line in file]
    wanted = [pin for pin in pins if pin.startswith(("torch==", "torchvision=="))]
    return (
        f"Wanted from {choices.torch_index} were {' and '.join(wanted)}, pinned in {PINS}. If it "
        "has other versions only, LATEST=1 takes the newest instead of what is pinned."
    )


def _watched(command, root, environment, log):
    """Run a command, showing its progress; returns its exit status and its last lines."""
    child = subprocess.Popen(
        command,
        cwd=root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    last = collections.deque(maxlen=25)
    reader = threading.Thread(target=_copy, args=(child.stdout, log, last))
    reader.start()
    try:
        _show_progress(child, last)
    finally:
        if child.poll() is None:  # we were interrupted
            child.terminate()
        child.wait()
        reader.join()
    return child.returncode, last


def _copy(lines, log, last):
    """Copy the lines to the file `log` and into `last`."""
    with open(log, "a", encoding="utf-8", errors="replace") as file:
        for line in lines:
            file.write(line)
            last.append(line.rstrip())


def _show_progress(child, last):
    """Until it ends, show the seconds and what it does: in place, or in a log now and then."""
    begin, terminal = time.time(), sys.stdout.isatty()
    pause = 0.5 if terminal else 30.0
    shown = begin
    while child.poll() is None:
        time.sleep(0.1)
        if time.time() - shown < pause:
            continue
        shown = time.time()
        doing = [line for line in list(last) if line.strip().startswith(PROGRESS)]
        words = " ".join(doing[-1].split()[:2]) if doing else "working"
        text = f"  {shown - begin:3.0f} s  {words}"[:78]
        text = text.encode("ascii", "replace").decode()  # whatever the terminal can show
        sys.stdout.write("\r" + text.ljust(78) if terminal else text + "\n")
        sys.stdout.flush()
    if terminal:
        sys.stdout.write("\r" + " " * 78 + "\r")
