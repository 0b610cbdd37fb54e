"""The two ways in which an exercise is checked: visibly, and for marks."""

from collections.abc import Callable, Sequence
from typing import Any

from course_utils.checks.diagnosis import diagnose
from course_utils.checks.exercise import Exercise, Property
from course_utils.checks.plain import copy_out, is_tensor, shown, shown_number, type_name
from course_utils.checks.report import CheckFailed, Line, Mark, Report, show
from course_utils.checks.trials import NOT_RUN, Trial, hold, reference_holds

VISIBLE_SECONDS = 2.0  # for one call: a right answer needs milliseconds
HIDDEN_SECONDS = 4.0
DRAWS = 3  # random draws of a hidden test
_running: list[str] = []


def check(exercise: Exercise, function: Callable[..., Any]) -> Report:
    """The visible check: a report where the answer is right, else shown and raised.

    Raises:
        CheckFailed: after showing the report, when the answer is not right yet.
    """
    report = visible_report(exercise, function)
    if not report.passed:
        show(report)
        raise CheckFailed(report)
    return report


def visible_report(exercise: Exercise, function: Callable[..., Any]) -> Report:
    """Report of the visible check; fixed inputs, the same at every call."""
    trials = _try(exercise, function, (0,), VISIBLE_SECONDS, interruptible=True)
    return _report(exercise, trials)


def grade(exercise: Exercise, function: Callable[..., Any], points: float, seed: int = 1) -> Mark:
    """Marks for an answer on inputs it has not seen: points times the weight of what holds.

    Never raises. `seed` chooses the inputs; the same seed always gives the same marks.
    """
    points = float(points)
    try:
        seeds = (0, *(1000 * seed + draw for draw in range(1, DRAWS + 1)))
        trials = _try(exercise, function, seeds, HIDDEN_SECONDS, interruptible=False)
        if not reference_holds(exercise) or any(trial.call.tampered for trial in trials):
            return _withheld(
                exercise, points, "what judges this answer was changed by the notebook"
            )
        return _marked(exercise, trials, points)
    except BaseException as problem:  # our own fault or an attack: a person must look
        return _withheld(exercise, points, f"the check itself failed ({type_name(problem)})")


def preview(exercise: Exercise, function: Callable[..., Any], points: float) -> Mark:
    """Marks on the visible inputs only, for the student's copy of a graded cell. Never raises."""
    points = float(points)
    trials = _try(exercise, function, (0,), VISIBLE_SECONDS, interruptible=True)
    return _marked(exercise, trials, points)


def _try(
    exercise: Exercise,
    function: Callable[..., Any],
    seeds: Sequence[int],
    seconds: float,
    interruptible: bool,
) -> list[Trial]:
    if _running:
        raise RuntimeError(f"a check was called from within the function that {_running[0]} checks")
    _running.append(exercise.name)
    try:
        return hold(exercise, function, seeds, seconds=seconds, interruptible=interruptible)
    finally:
        _running.clear()


# ------------------------------------------------------------------ from trials to a report


def _held(item: Property, trials: Sequence[Trial]) -> bool | None:
    """Whether a property holds in all its trials; None where none of them ran."""
    own = [trial for trial in trials if trial.property is item]
    if all(trial.call.problem is NOT_RUN for trial in own):
        return None
    return not any(trial.faults for trial in own)


def _report(exercise: Exercise, trials: Sequence[Trial]) -> Report:
    lines = tuple(Line(item.claim, _held(item, trials)) for item in exercise.properties)
    used = next((trial.call.reference for trial in trials if trial.call.reference), "")
    if used:
        return _borrowed(exercise, used)
    failed = [trial for trial in trials if trial.faults]
    printed = next((trial.call.printed for trial in trials if trial.call.printed), "")
    if not failed:
        headline = f"{exercise.title}: everything tried here holds."
        return Report(
            exercise.name, exercise.title, "right", headline, lines=lines, printed=printed
        )
    return _wrong(exercise, trials, failed, lines, printed)


def _wrong(
    exercise: Exercise,
    trials: Sequence[Trial],
    failed: Sequence[Trial],
    lines: tuple[Line, ...],
    printed: str,
) -> Report:
    found = diagnose(exercise, trials)
    unwritten = found.cause.startswith(f"{exercise.name} is not written yet")
    if unwritten:
        return Report(
            exercise.name,
            exercise.title,
            "unwritten",
            "it still raises NotImplementedError.",
            hint=found.hint,
        )
    first = failed[0]
    key = first.faults[0][0]
    holding = sum(line.holds is True for line in lines)
    return Report(
        exercise.name,
        exercise.title,
        "wrong",
        f"{exercise.title}: {holding} of {len(lines)} properties hold.",
        tried=first.case.tried,
        call=_call(exercise, first),
        expected=_labelled(first, key, shown(first.expected[key])),
        came=_labelled(first, key, shown(first.seen(key))),
        cause=found.cause,
        hint=found.hint,
        misconception=found.misconception,
        lines=lines,
        printed=printed,
    )


def _labelled(trial: Trial, key: str, words: str) -> str:
    return words if len(trial.watched) == 1 or key == "value" else f"{key}: {words}"


def _call(exercise: Exercise, trial: Trial) -> str:
    """The call with its arguments, where they are tensors and fractional numbers."""
    inputs = trial.case.make()
    if not all(is_tensor(item) or type(item) is float for item in inputs):
        return ""
    words = [
        shown_number(item) if type(item) is float else shown(copy_out(item)) for item in inputs
    ]
    named = zip(exercise.arguments, words, strict=True)
    return f"{exercise.name}({', '.join(f'{name}={word}' for name, word in named)})"


def _borrowed(exercise: Exercise, used: str) -> Report:
    return Report(
        exercise.name,
        exercise.title,
        "wrong",
        f"{exercise.title}: this calls the course's own solution.",
        came=f"a call to {used}",
        cause="Your function calls the reference that it is compared with.",
        hint="Write the formula with torch functions; that is the point of the exercise.",
        misconception="calls_the_reference",
    )


# ------------------------------------------------------------------ from trials to marks


def _marked(exercise: Exercise, trials: Sequence[Trial], points: float) -> Mark:
    report = _report(exercise, trials)
    held = {item.name: _held(item, trials) is True for item in exercise.properties}
    earnest = any(held[item.name] for item in exercise.properties if not item.formal)
    if report.misconception == "calls_the_reference" or not earnest:
        held = dict.fromkeys(held, False)
    whole = sum(item.weight for item in exercise.properties)
    share = [points * item.weight / whole for item in exercise.properties]
    lines = tuple(
        Line(item.claim, _held(item, trials), round(part * held[item.name], 2), round(part, 2))
        for item, part in zip(exercise.properties, share, strict=True)
    )
    score = round(
        sum(p for p, i in zip(share, exercise.properties, strict=True) if held[i.name]), 2
    )
    score = points if all(held.values()) else float(score)
    fields = {**vars(report), "lines": lines, "score": score, "points": points}
    if not earnest and any(line.holds for line in lines):
        fields["headline"] += " Form alone earns nothing."
    return Mark(score, points, Report(**fields))


def _withheld(exercise: Exercise, points: float, reason: str) -> Mark:
    report = Report(
        exercise.name,
        exercise.title,
        "withheld",
        "No mark is given: a person must look at this.",
        cause=f"The verdict cannot be trusted: {reason}.",
        hint="Restart the kernel, run all the cells, and check again.",
        score=0.0,
        points=points,
    )
    return Mark(0.0, points, report, trusted=False)
