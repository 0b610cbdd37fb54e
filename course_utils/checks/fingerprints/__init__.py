"""Numbers by which wrong answers are recognised; generated from wrong answers that never ship.

A fingerprint lists where a wrong answer differs from the reference on the visible check's
inputs, and what it gives there. `python -m tests.checks.make_fingerprints` writes the files.
"""

import functools
import json
import math
import re
from collections.abc import Iterable
from pathlib import Path

from course_utils.checks.plain import Plain, close

FOLDER = Path(__file__).parent
MOST_VALUES = 24
Encoded = list | str | None
Fingerprint = dict[str, Encoded]


@functools.cache
def load(assignment: str) -> dict[str, dict]:
    """Fingerprints of an assignment: exercise -> {"reference", "misconceptions"}."""
    path = FOLDER / f"{assignment}.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def encode(plain: Plain) -> Encoded:
    """Short form for the file: rounded numbers as a list, anything else as a word."""
    if plain.numeric:
        return [_rounded(value) for value in plain.values[:MOST_VALUES]]
    return {
        "none": None,
        "text": plain.note,
        "missing": "(missing)",
        "other": f"({plain.note})",
        "error": f"!{plain.note}: {_gist(plain.message)}",
    }[plain.kind]


def _gist(message: str) -> str:
    """Letters of an exception's first words: the same for other shapes and numbers."""
    return " ".join(re.findall("[a-z]+", message.lower())[:8])


def _rounded(value: float) -> float | str:
    # JSON knows neither NaN nor infinities: they are written as words.
    return float(f"{value:.6g}") if math.isfinite(value) else str(value)


def same(a: Encoded, b: Encoded) -> bool:
    """Whether two short forms agree, numbers to one part in a thousand."""
    if not (isinstance(a, list) and isinstance(b, list)):
        return a == b
    pairs = zip(a, b, strict=False)
    return len(a) == len(b) and all(close(float(x), float(y), 1e-3, 1e-5) for x, y in pairs)


def differences(seen: Fingerprint, reference: Fingerprint) -> Fingerprint:
    """The part of a fingerprint that is not as the reference has it."""
    return {
        key: value for key, value in seen.items() if not same(value, reference.get(key, "(new)"))
    }


def likeness(seen: Fingerprint, known: Fingerprint, ran: Iterable[str]) -> float:
    """How well what was seen fits a known mistake: |agreeing| / |either differs|, 0 to 1.

    Only the probes that ran count, so that a call that was stopped can still be recognised.
    """
    ran = set(ran)
    either = (set(seen) | set(known)) & ran
    agree = [key for key in either if key in seen and key in known and same(seen[key], known[key])]
    return len(agree) / len(either) if either else 0.0
