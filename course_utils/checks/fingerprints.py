"""Numbers by which wrong answers are recognised; generated from wrong answers that never ship.

A fingerprint lists where a wrong answer differs from the reference on the visible check's
inputs, and what it gives there. `python -m tests.exercises.make_fingerprints` writes the files.
A number that the arithmetic of a processor decides (a quotient of rounding errors, the first
of equal distances) is stored as None, and agrees with any number.
"""

import functools
import math
import re
from collections.abc import Iterable

from course_utils.checks import rooms
from course_utils.checks.plain import Plain, close

FILE = "fingerprints.json"
MOST_VALUES = 24
# float32 keeps 24 bits. Another order of summation, another exp or a fused multiply-add costs
# a few of them; of 24, 10 are enough to know a number again.
EPSILON = 2.0**-23
RELATIVE = 2**13 * EPSILON
# What is left of terms that nearly cancel is uncertain by the size of the terms, not by its own.
CANCELLED = 2**7 * EPSILON
Encoded = list | str | None
Fingerprint = dict[str, Encoded]


@functools.cache
def load(assignment: str) -> dict[str, dict]:
    """Fingerprints of an assignment: exercise -> {"reference", "misconceptions"}."""
    return rooms.numbers(assignment, FILE)


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
    """Whether two short forms agree, numbers to what float32 leaves of them."""
    if not (isinstance(a, list) and isinstance(b, list)):
        return a == b
    if len(a) != len(b):
        return False
    absolute = max(absolute_tolerance(a), absolute_tolerance(b))
    return all(_agree(x, y, absolute) for x, y in zip(a, b, strict=True))


def _agree(x: float | str | None, y: float | str | None, absolute: float) -> bool:
    if x is None or y is None:  # no processor is bound to that number
        return True
    return close(float(x), float(y), RELATIVE, absolute)


def absolute_tolerance(values: list) -> float:
    """By how much numbers of this size may differ where terms have cancelled."""
    sizes = [abs(float(value)) for value in values if value is not None]
    return CANCELLED * max([1.0, *(size for size in sizes if math.isfinite(size))])


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
