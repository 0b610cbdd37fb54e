"""What wrong numbers tell by themselves: a factor, an offset, another order."""

import math
from dataclasses import dataclass

from course_utils.checks.plain import close, shown_number

# Expected values, values that came, and the number of elements that went in.
Pair = tuple[tuple[float, ...], tuple[float, ...], int]


@dataclass(frozen=True)
class Diagnosis:
    """Likely cause and next hint; `misconception` names it where it is a known one."""

    cause: str
    hint: str
    misconception: str = ""


def hint_from_numbers(pairs: list[Pair]) -> Diagnosis | None:
    """The first rule that explains all the pairs, or None."""
    for rule in (_constant, _ratio, _offset, _order, _rough):
        found = rule(pairs)
        if found is not None:
            return found
    return None


_FACTORS = {
    -1.0: ("The sign is flipped.", "Which way does this quantity grow when things get better?"),
    2.0: ("It is too large by a factor of exactly 2.", "Is something counted twice?"),
    0.5: (
        "It is too small by a factor of exactly 2.",
        "Is something halved, or averaged once too often?",
    ),
    1 / math.log(2): (
        "It is in bits: the logarithm has base 2.",
        "Use the natural logarithm, `torch.log`.",
    ),
    1 / math.log(10): ("The logarithm has base 10.", "Use the natural logarithm, `torch.log`."),
}


def _constant(pairs: list[Pair]) -> Diagnosis | None:
    came = {value for _, values, _ in pairs for value in values}
    wanted = {value for values, _, _ in pairs for value in values}
    if len(came) > 1 or len(wanted) < 3:
        return None
    return Diagnosis(
        f"The result is {shown_number(came.pop())}, whatever goes in.",
        "Which of the arguments does it really use?",
    )


def _ratio(pairs: list[Pair]) -> Diagnosis | None:
    found = [
        (b / a, size)
        for expected, came, size in pairs
        for a, b in zip(expected, came, strict=True)
        if abs(a) > 1e-9
    ]
    if len(found) < 2:
        return None
    for factor, (cause, hint) in _FACTORS.items():
        if all(close(ratio, factor, 1e-3) for ratio, _ in found):
            return Diagnosis(cause, hint)
    several = len({size for _, size in found}) > 1
    if several and all(close(ratio, size, 1e-3) for ratio, size in found):
        return Diagnosis(
            "It grows with the number of samples: a sum where a mean was expected.",
            "Divide by how many there are (`.mean()`).",
        )
    if len(pairs) > 1 and all(close(ratio, found[0][0], 1e-3) for ratio, _ in found):
        return Diagnosis(
            f"It is off by the same factor everywhere: {shown_number(found[0][0])}.",
            "Look for a constant that was forgotten or added.",
        )
    return None


def _offset(pairs: list[Pair]) -> Diagnosis | None:
    offsets = [b - a for pair in pairs for a, b in zip(*pair[:2], strict=True)]
    if len(offsets) < 3 or not all(close(offset, offsets[0], 1e-3, 1e-5) for offset in offsets):
        return None
    return Diagnosis(
        f"It is off by the same amount everywhere: {shown_number(offsets[0])}.",
        "Look for a constant that was forgotten or added.",
    )


def _order(pairs: list[Pair]) -> Diagnosis | None:
    if all(len(expected) > 1 and _shuffled(expected, came) for expected, came, _ in pairs):
        return Diagnosis("The right numbers, in another order.", "Which axis or which index is it?")
    return None


def _shuffled(expected: tuple[float, ...], came: tuple[float, ...]) -> bool:
    return all(close(a, b) for a, b in zip(sorted(expected), sorted(came), strict=True))


def _rough(pairs: list[Pair]) -> Diagnosis | None:
    if all(close(a, b, 2e-2, 1e-3) for pair in pairs for a, b in zip(*pair[:2], strict=True)):
        return Diagnosis(
            "It is close, but not exact.",
            "An added epsilon, a rounding or a clamp? The exact formula needs none here.",
        )
    return None
