"""Writes the numbers that ship: fingerprints of wrong answers, and the locked questions.

python -m tests.exercises.make_fingerprints [a1_gan_minimax ...]    write the files of rooms
python -m tests.exercises.make_fingerprints --here a1_gan_minimax   print what one would be here
"""

import contextlib
import json
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import torch

from course_utils import checks
from course_utils.checks import fingerprints, rooms
from course_utils.checks.exercise import Exercise
from course_utils.checks.plain import close
from course_utils.checks.predictions import FILE as QUESTIONS
from course_utils.checks.predictions import locked_question
from course_utils.checks.trials import Trial, hold, hold_reference, probe_fingerprint

from . import WRONG
from .other_rounding import OtherRounding

ROUNDINGS = (None, 1, 2)  # this processor's, and two others
MORE = range(3, 11)  # further ones, where those disagree


def fingerprint_file(assignment: str, roundings: tuple[int | None, ...] = ROUNDINGS) -> str:
    """Text of the fingerprint file of one assignment."""
    names = checks.assignments()[assignment]
    return _dump({n: exercise_fingerprints(n, WRONG[n], roundings=roundings) for n in names})


def exercise_fingerprints(
    name: str, wrong: dict, most: int | None = None, roundings: tuple[int | None, ...] = ROUNDINGS
) -> dict:
    """Fingerprints of one exercise's reference and mistakes, of `most` variants of each.

    Variants that look alike share one. Numbers that the roundings disagree about are None.
    """
    exercise = checks.exercise(name)
    references = [rounded(seed, lambda: hold_reference(exercise)) for seed in roundings]
    reference = fixed(references, f"{name}, the reference")
    misconceptions = {}
    for misconception, variants in wrong.items():
        kept = []
        for variant in variants[:most]:
            runs = _runs(exercise, variant, roundings)
            seen = fixed(runs, f"{name}, {misconception}")
            wrong_somewhere = set().union(*(fingerprints.differences(r, reference) for r in runs))
            seen = {key: value for key, value in seen.items() if key in wrong_somewhere}
            if not any(alike(seen, other) for other in kept):
                kept.append(seen)
        misconceptions[misconception] = kept
    return {"reference": reference, "misconceptions": misconceptions}


def _runs(exercise: Exercise, variant: Callable, roundings: tuple[int | None, ...]) -> list[dict]:
    """What one wrong answer gives under each rounding, under more of them where they disagree."""

    def trials() -> list[Trial]:
        return hold(exercise, variant, (0,), seconds=60.0)

    runs = [rounded(seed, trials) for seed in roundings]
    if any(None in row for row in fixed(runs, exercise.name).values() if isinstance(row, list)):
        runs += [rounded(seed, trials) for seed in MORE]
    return runs


def rounded(seed: int | None, trials: Callable) -> dict:
    """What the probes see under one rounding; None is the processor's own."""
    with OtherRounding(seed) if seed is not None else contextlib.nullcontext():
        return probe_fingerprint(trials())


def fixed(runs: list[dict], where: str) -> dict:
    """What all runs agree about: the first one's values, None for a number that they differ in.

    Raises:
        ValueError: when they differ in more than numbers, in a shape or a word.
    """
    first, *others = runs
    result = {}
    for key, value in first.items():
        rows = [run[key] for run in others]
        if any(_form(row) != _form(value) for row in rows):
            raise ValueError(f"{where}, {key}: rounding decides between {value} and {rows}")
        if isinstance(value, list):
            columns = zip(value, *rows, strict=True)
            absolute = fingerprints.absolute_tolerance(value)
            value = [column[0] if _one(column, absolute) else None for column in columns]
        result[key] = value
    return result


def _form(value: fingerprints.Encoded) -> object:
    return len(value) if isinstance(value, list) else value


def _one(column: tuple, absolute: float) -> bool:
    """Whether all agree, with two thirds of the tolerance to spare."""
    relative = fingerprints.RELATIVE / 3
    return all(close(float(column[0]), float(x), relative, absolute / 3) for x in column[1:])


def alike(a: dict, b: dict) -> bool:
    """Whether two fingerprints cannot be told apart."""
    return a.keys() == b.keys() and all(fingerprints.same(a[key], b[key]) for key in a)


def questions_file(assignment: str) -> str:
    """Text of the file of an assignment's questions, answers locked."""
    clear = Path(__file__).parent / assignment / "questions.toml"
    entries = tomllib.loads(clear.read_text("utf-8"))
    return _dump({name: locked_question(name, **entry) for name, entry in entries.items()})


def _dump(data: dict) -> str:
    """JSON with one line for each fingerprint: readable as a difference between versions."""
    lines = []
    for name, entry in data.items():
        inner = [f"  {json.dumps(key)}: {_value(value)}" for key, value in entry.items()]
        lines.append(f" {json.dumps(name)}: {{\n" + ",\n".join(inner) + "\n }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _value(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    rows = [f"   {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items()]
    return "{\n" + ",\n".join(rows) + "\n  }" if rows else "{}"


def main(arguments: list[str]) -> None:
    """Write the files of all assignments, or of those that are named."""
    torch.set_num_threads(1)
    if arguments[:1] == ["--here"]:
        print(fingerprint_file(arguments[1], roundings=(None,)))
        return
    for assignment in arguments or checks.assignments():
        room = rooms.FOLDER / assignment
        (room / QUESTIONS).write_text(questions_file(assignment), "utf-8")
        path = room / fingerprints.FILE
        path.write_text(fingerprint_file(assignment), "utf-8")
        print(f"{assignment}: {path.stat().st_size / 1024:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
