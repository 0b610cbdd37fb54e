"""What an installation consists of: how many packages, which versions, and whose torch.

A choice holds for a virtual environment until another is made: `make lab LATEST=1` and, days
later, `make lab` find the same environment. So it is written down in `.venv/course-choices`
before anything is installed; `.venv/course-installed`, written last, says what is complete.
"""

import collections
import hashlib
import json
import os
import shutil

from bootstrap.machine import ROOT, Problem

LEVELS = ("lab", "test")  # each contains the one before
PINS = "constraints.txt"
YES, NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off")

Choices = collections.namedtuple("Choices", "latest torch_index")
Asked = collections.namedtuple("Asked", "latest torch_index uv")
NOTHING_ASKED = Asked(latest=None, torch_index=None, uv=None)


def switch(name, value):
    """Meaning of a variable like LATEST: True, False, or None when it is unset or empty.

    Raises:
        Problem: when it is neither yes nor no.
    """
    word = (value or "").strip().lower()
    if word and word not in YES + NO:
        raise Problem(f"{name}={value} is neither yes nor no: say {name}=1 or {name}=0.")
    return word in YES if word else None


def find_uv(value):
    """Path of uv where it is asked for, by UV=1 or by its path; None where it is not.

    Raises:
        Problem: when it is asked for and not there.
    """
    word = (value or "").strip()
    if word.lower() in NO + ("",):
        return None
    path = shutil.which("uv" if word.lower() in YES else word)
    if path is None:
        raise Problem(
            f"UV={word} asks for uv, and it is not installed where PATH could find it.\n"
            "Install it (docs.astral.sh/uv says how), or leave UV out: pip installs the same."
        )
    return path


def place_of_torch(value, folder=None):
    """Where torch is to come from: an address, or a folder as an absolute path; None if unset.

    Raises:
        Problem: when it is neither.
    """
    word = (value or "").strip()
    if not word or "://" in word:
        return word or None
    path = os.path.abspath(os.path.join(folder or os.getcwd(), os.path.expanduser(word)))
    if not os.path.isdir(path):
        raise Problem(f"TORCH_INDEX={word} is neither an address (https://...) nor a folder.")
    return path


def asked_for(options=None, environ=None):
    """What this call asks for, by options on the command line or else by variables.

    Raises:
        Problem: when a value makes no sense, or uv is asked for and missing.
    """
    environ = os.environ if environ is None else environ
    given = {} if options is None else vars(options)
    given = {name: value for name, value in given.items() if value is not None}
    return Asked(
        latest=given.get("latest", switch("LATEST", environ.get("LATEST"))),
        torch_index=place_of_torch(given.get("torch_index", environ.get("TORCH_INDEX"))),
        uv=find_uv(given.get("uv", environ.get("UV"))),
    )


def settle(asked, before):
    """The choices that hold now: what is asked for, else what was chosen before, else pins."""
    before = before or Choices(latest=False, torch_index=None)
    return Choices(
        latest=before.latest if asked.latest is None else asked.latest,
        torch_index=asked.torch_index or before.torch_index,
    )


def _path(venv, name):
    return os.path.join(venv, "course-" + name)


def _read_json(path):
    """The dictionary in a file, or an empty one when there is none that can be read."""
    try:
        with open(path) as file:
            content = json.load(file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def remembered(venv):
    """The choices that a virtual environment was made with, or None."""
    content = _read_json(_path(venv, "choices"))
    if not content:
        return None
    return Choices(bool(content.get("latest")), content.get("torch_index"))


def remember(choices, venv):
    """Write down what a virtual environment is made with."""
    with open(_path(venv, "choices"), "w") as file:
        json.dump(choices._asdict(), file)


def fingerprint(choices, root=ROOT):
    """What an installation depends on: two files, two choices, and where the project lies.

    Without pins their file does not count: the newest packages stay the newest when it changes.

    Raises:
        Problem: when the file with the pins is missing.
    """
    digest = hashlib.sha256(json.dumps([root, choices]).encode())
    for name in ["pyproject.toml"] + ([] if choices.latest else [PINS]):
        try:
            with open(os.path.join(root, name), "rb") as file:
                digest.update(file.read())
        except OSError:
            raise Problem(
                f"{name} is missing in {root}. It is part of the course: git checkout {name}"
            ) from None
    return digest.hexdigest()


def write_stamp(level, choices, root, venv):
    """Write down that a level is installed, and of what."""
    with open(_path(venv, "installed"), "w") as file:
        json.dump({"level": level, "of": fingerprint(choices, root)}, file)


def remove_stamp(venv):
    """From here on the virtual environment is not complete."""
    if os.path.exists(_path(venv, "installed")):
        os.remove(_path(venv, "installed"))


def level_before(venv):
    """The level that was installed last, perhaps of an older state of the files; or None."""
    level = _read_json(_path(venv, "installed")).get("level")
    return level if level in LEVELS else None


def level_installed(choices, root, venv):
    """The level that is complete for these files and choices, or None."""
    stamp = _read_json(_path(venv, "installed"))
    return level_before(venv) if stamp.get("of") == fingerprint(choices, root) else None


def higher(level, other):
    """The higher of two levels; `other` may be None."""
    return max(level, other or level, key=LEVELS.index)
