"""Predictions and quiz questions whose answers cannot be read at a glance.

A file of questions holds a salted hash of each answer, and the reason enciphered with the
answer as its key: only the right answer opens it. It keeps honest people honest, no more.
"""

import functools
import hashlib
import math
from dataclasses import dataclass, field

from course_utils.checks import rooms
from course_utils.checks.plain import clean, copy_out, type_name
from course_utils.checks.report import CheckFailed, Line, Mark, Report, show

FILE = "questions.json"


@dataclass(frozen=True)
class Question:
    """A question: `choices` to choose from, or a number when there are none.

    Attributes:
        decimals: to how many decimals a number is judged (one unit either way is accepted).
        locked: salted hashes of what is accepted.
        reason: why, enciphered with the first accepted answer.
        hints: what to tell those who choose wrongly, by choice; "" for any other.
    """

    name: str
    question: str
    choices: dict[str, str]
    decimals: int
    salt: str
    locked: tuple[str, ...]
    reason: str
    hints: dict[str, str] = field(default_factory=dict)


@functools.cache
def questions() -> dict[str, Question]:
    """The questions of all assignments, by name."""
    entries: dict[str, dict] = {}
    for assignment in rooms.assignments():
        entries |= rooms.numbers(assignment, FILE)
    return {
        name: Question(name=name, **{**entry, "locked": tuple(entry["locked"])})
        for name, entry in entries.items()
    }


def find(name: str) -> Question:
    """The question of that name.

    Raises:
        ValueError: when there is none.
    """
    if name not in questions():
        raise ValueError(f"There is no question {name!r}; there are: {', '.join(questions())}.")
    return questions()[name]


def predict(name: str, answer: object) -> Report:
    """Take down a prediction; whether it is right, the next cells show.

    Raises:
        CheckFailed: when it is not one of the choices (or no number).
        ValueError: when there is no such question.
    """
    question = find(name)
    report = _recorded(question, answer)
    return _or_raise(report)


def quiz(name: str, answer: object) -> Report:
    """Judge an answer at once: the reason for the right one, a hint for a wrong one.

    Raises:
        CheckFailed: when it is wrong, after the hint was shown.
        ValueError: when there is no such question.
    """
    question = find(name)
    recorded = _recorded(question, answer)
    return _or_raise(_judged(question, answer) if recorded.passed else recorded)


def preview_prediction(name: str, answer: object, points: float) -> Mark:
    """What a graded prediction shows in the student's copy: recorded or not. Never raises."""
    report = _recorded(find(name), answer)
    return Mark(float(points) if report.passed else 0.0, float(points), report)


def grade_prediction(name: str, answer: object, points: float) -> Mark:
    """Marks for a prediction: all or nothing. Raises nothing over a student's answer.

    Raises:
        ValueError: when there is no such question.
    """
    question, points = find(name), float(points)
    report = _recorded(question, answer)
    if report.passed:
        report = _judged(question, answer)
    score = points if report.verdict == "right" else 0.0
    lines = (Line("the prediction", report.verdict == "right", score, points),)
    marked = Report(**{**vars(report), "lines": lines, "score": score, "points": points})
    return Mark(score, points, marked)


def _or_raise(report: Report) -> Report:
    if not report.passed:
        show(report)
        raise CheckFailed(report)
    return report


# ------------------------------------------------------------------ judging


def _recorded(question: Question, answer: object) -> Report:
    given = normal_form(answer, question.decimals, bool(question.choices))
    if given is not None and (not question.choices or given in question.choices):
        headline = f"you said {_in_words(question, given)}."
        hint = "Run the next cells, and see."
        return _report(question, "recorded", headline, hint=hint)
    wanted = ", ".join(f'"{choice}"' for choice in question.choices)
    blank = answer is None or answer is ...
    return _report(
        question,
        "unwritten" if blank else "wrong",
        "no answer yet." if blank else "this is none of the answers.",
        expected=f"one of {wanted}" if wanted else "a number",
        came="" if blank else _words(answer),
        hint="A guess is fine: a prediction that turns out wrong teaches most.",
    )


def _report(question: Question, verdict: str, headline: str, **rows: str) -> Report:
    return Report(question.name, question.question, verdict, headline, question.question, **rows)


def _in_words(question: Question, given: str) -> str:
    words = question.choices.get(given)
    return f"{given}: {words}" if words else given


def _words(answer: object) -> str:
    return (
        f'"{clean(answer, 60)}"'
        if type(answer) is str
        else f"an object of type {type_name(answer)}"
    )


def _judged(question: Question, answer: object) -> Report:
    given = normal_form(answer, question.decimals, bool(question.choices))
    said = _in_words(question, given)
    if is_right(question, given):
        reason = unseal(question.reason, question.salt, _key(question, given))
        return _report(question, "right", f"{said}. That is right.", reason=reason)
    return _report(
        question,
        "wrong",
        f"{said}. That is not it.",
        hint=question.hints.get(given, question.hints.get("", "Think of the extreme cases first.")),
        misconception=f"answered_{given}" if question.choices else "another_number",
    )


def normal_form(answer: object, decimals: int, choice: bool) -> str | None:
    """The answer as text to be hashed: a lower-case letter or word, or a rounded number."""
    if choice:
        return answer.strip().lower()[:60] if type(answer) is str else None
    plain = copy_out(answer)
    if not plain.numeric or len(plain.values) != 1 or not math.isfinite(plain.values[0]):
        return None
    return f"{plain.values[0]:.{decimals}f}"


def is_right(question: Question, given: str) -> bool:
    """Whether the hash of the answer is among those accepted."""
    return _digest(question.salt, given) in question.locked


def _key(question: Question, given: str) -> str:
    """The reason's key: the first accepted answer, of which a number may be a neighbour."""
    if question.choices:
        return given
    unit = 10.0**-question.decimals
    around = (f"{float(given) + step * unit:.{question.decimals}f}" for step in (0, -1, 1))
    return next(text for text in around if _digest(question.salt, text) == question.locked[0])


# ------------------------------------------------------------------ locking


def locked_question(
    name: str,
    question: str,
    answer: str | float,
    reason: str,
    choices: dict[str, str] | None = None,
    hints: dict[str, str] | None = None,
    decimals: int = 2,
) -> dict:
    """Entry of the questions file for an answer in the clear (used when the file is made).

    Raises:
        ValueError: when the answer is none of the choices.
    """
    choices = choices or {}
    given = normal_form(answer, decimals, bool(choices))
    if given is None or (choices and given not in choices):
        raise ValueError(f"{name}: the answer {answer!r} is none of {', '.join(choices)}")
    salt = hashlib.sha256(f"salt of {name}".encode()).hexdigest()[:12]
    accepted = [given]
    if not choices:
        unit = 10.0**-decimals
        accepted += [f"{float(given) + step * unit:.{decimals}f}" for step in (-1, 1)]
    return {
        "question": question,
        "choices": choices,
        "decimals": decimals,
        "salt": salt,
        "locked": [_digest(salt, text) for text in accepted],
        "reason": _cipher(reason.encode(), salt, given).hex(),
        "hints": hints or {},
    }


def unseal(reason: str, salt: str, key: str) -> str:
    """The reason in the clear, for the right key."""
    return _cipher(bytes.fromhex(reason), salt, key).decode("utf-8", "replace")


def _digest(salt: str, text: str) -> str:
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()[:24]


def _cipher(data: bytes, salt: str, key: str) -> bytes:
    blocks = (
        hashlib.sha256(f"{salt}|{key}|{n}".encode()).digest() for n in range(len(data) // 32 + 1)
    )
    return bytes(a ^ b for a, b in zip(data, b"".join(blocks), strict=False))
