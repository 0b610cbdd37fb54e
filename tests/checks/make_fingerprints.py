"""Writes the numbers that ship: fingerprints of wrong answers, and the locked questions.

python -m tests.checks.make_fingerprints
"""

import json
from pathlib import Path

import torch

from course_utils import checks
from course_utils.checks import fingerprints
from course_utils.checks.predictions import FILE, locked_question
from course_utils.checks.trials import hold, hold_reference, probe_fingerprint

from .questions_in_clear import QUESTIONS
from .wrong_answers import BY_ASSIGNMENT as WRONG


def fingerprint_file(assignment: str) -> str:
    """Text of the fingerprint file of one assignment."""
    wrong = WRONG[assignment]
    return _dump({name: exercise_fingerprints(name, wrong[name]) for name in wrong})


def exercise_fingerprints(name: str, wrong: dict, most: int | None = None) -> dict:
    """Fingerprints of one exercise's reference and mistakes, of `most` variants of each."""
    exercise = checks.exercise(name)
    reference = probe_fingerprint(hold_reference(exercise))
    misconceptions = {}
    for misconception, variants in wrong.items():
        found = []
        for variant in variants[:most]:
            trials = hold(exercise, variant, (0,), seconds=20.0)
            seen = fingerprints.differences(probe_fingerprint(trials), reference)
            if seen not in found:
                found.append(seen)
        misconceptions[misconception] = found
    return {"reference": reference, "misconceptions": misconceptions}


def questions_file() -> str:
    """Text of the file of questions, answers locked."""
    return _dump({name: locked_question(name, **entry) for name, entry in QUESTIONS.items()})


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


def main() -> None:
    """Write both files."""
    torch.set_num_threads(1)
    Path(FILE).write_text(questions_file(), "utf-8")
    for assignment in WRONG:
        path = fingerprints.FOLDER / f"{assignment}.json"
        path.write_text(fingerprint_file(assignment), "utf-8")
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} kB")


if __name__ == "__main__":
    main()
