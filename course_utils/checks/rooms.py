"""Where exercises are declared: `course_utils/exercises/<assignment>/`, a room for each.

A room holds a module for each exercise, `words.toml` with what a student reads of them,
`fingerprints.json` by which mistakes are recognised, and `questions.json`, answers locked.
"""

import functools
import importlib
import json
import tomllib
from pathlib import Path
from typing import Any

from course_utils.checks.exercise import Exercise

FOLDER = Path(__file__).resolve().parents[1] / "exercises"


@functools.cache
def assignments() -> dict[str, tuple[str, ...]]:
    """Names of the exercises of each assignment, in order: "a1_gan_minimax" -> "game_value", ..."""
    rooms = sorted(path.parent.name for path in FOLDER.glob("*/words.toml"))
    return {room: tuple(words(room)) for room in rooms}


@functools.cache
def words(assignment: str) -> dict[str, dict[str, Any]]:
    """What a student reads: exercise -> title, claims and mistakes, as `words.toml` has them."""
    return tomllib.loads((FOLDER / assignment / "words.toml").read_text("utf-8"))


def numbers(assignment: str, file: str) -> dict[str, dict]:
    """A generated file of the room, such as "fingerprints.json"; empty before it is made."""
    path = FOLDER / assignment / file
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


@functools.cache
def exercise(name: str) -> Exercise:
    """The declared exercise of that name.

    Raises:
        ValueError: when there is none; the message lists those that exist.
    """
    where = {each: room for room, names in assignments().items() for each in names}
    if name not in where:
        raise ValueError(f"There is no exercise {name!r}; there are: {', '.join(sorted(where))}.")
    # The one import upwards: the engine finds its exercises by their names, when asked.
    module = importlib.import_module(f"course_utils.exercises.{where[name]}.{name}")
    return module.exercise.built(where[name], name, words(where[name])[name])
