"""From what went wrong to the likely cause: known mistakes first, then what numbers tell."""

from collections.abc import Sequence

from course_utils.checks import fingerprints
from course_utils.checks.exercise import Exercise
from course_utils.checks.hints import Diagnosis, Pair, hint_from_numbers
from course_utils.checks.plain import Plain, clean
from course_utils.checks.trials import Trial, probe_fingerprint

LIKELY = 0.7  # least likeness at which a known mistake is named


def diagnose(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis:
    """Best explanation of the failures among `trials` (at least one of them failed)."""
    for look in (_unwritten, _endless, _recognised, _in_place, _raised, _form, _numbers):
        found = look(exercise, trials)
        if found is not None:
            return found
    right = any(not trial.faults and not trial.property.formal for trial in trials)
    claim = _failed(trials)[0].property.claim
    return Diagnosis(
        f"Right in places; this does not hold yet: {claim}."
        if right
        else "None of the known mistakes fits these values.",
        "Compute the input above by hand, line by line, and compare.",
    )


def _failed(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.faults]


def _unwritten(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    first = trials[0].call.problem
    if first is None or first.note != "NotImplementedError":
        return None
    return Diagnosis(
        f"{exercise.name} is not written yet: it still raises NotImplementedError.",
        "Replace the line that raises by your answer, run that cell, then this one.",
    )


def _endless(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    for trial in trials:
        problem = trial.call.problem
        if problem is not None and problem.note == "TimeLimit":
            place = f" It was at {problem.where}." if problem.where else ""
            return Diagnosis(
                f"It did not finish: {problem.message}.{place}",
                "Look for a loop whose condition never becomes false, or a wait for something.",
            )
    return None


# ------------------------------------------------------------------ known mistakes


def _recognised(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    known = fingerprints.load(exercise.assignment).get(exercise.name)
    if known is None:
        return None
    seen = probe_fingerprint(trials)
    differing = fingerprints.differences(seen, known["reference"])
    scores = {
        name: max(fingerprints.likeness(differing, variant, seen) for variant in variants)
        for name, variants in known["misconceptions"].items()
    }
    name = max(scores, key=scores.get, default=None)
    if name is None or scores[name] < LIKELY:
        return None
    found = exercise.misconception(name)
    return Diagnosis(found.cause, found.hint, name)


def _in_place(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    """Arguments changed in place, and nothing else wrong but what autograd says of it."""
    faults = [(trial, fault) for trial in _failed(trials) for fault in trial.faults]
    changed = [trial.seen(key).note for trial, (key, _) in faults if _is_change(trial, key)]
    if not changed or not all(
        _is_change(trial, key) or "place" in trial.seen(key).message for trial, (key, _) in faults
    ):
        return None
    return Diagnosis(
        f"It changed its own arguments ({changed[0]}).",
        "Operations that end in _ , `+=` and `x[...] = ...` change the caller's tensor. "
        "Build a new one instead.",
    )


def _is_change(trial: Trial, key: str) -> bool:
    return key == "inputs" and trial.seen(key).kind == "text"


# ------------------------------------------------------------------ exceptions


def _raised(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    failed = _failed(trials)
    problem = failed[0].call.problem
    if problem is None:
        return _should_raise(failed[0])
    place = f" at {problem.where}" if problem.where else ""
    cause = f"It raised {problem.note}{place}."
    return Diagnosis(cause, _advice(problem, exercise))


def _should_raise(trial: Trial) -> Diagnosis | None:
    wanted = [plain for plain in trial.expected.values() if plain.kind == "error"]
    if not wanted:
        return None
    return Diagnosis(
        f"This input makes no sense; it should have raised {wanted[0].note}, and did not.",
        f'Test for it first, and `raise {wanted[0].note}("what is wrong")`.',
    )


def _advice(problem: Plain, exercise: Exercise) -> str:
    message = clean(problem.message)
    if problem.note == "RecursionError":
        return "It calls itself without end. Does it call its own name where it means another?"
    if problem.note == "TypeError" and "positional argument" in message:
        return (
            f"It is called as {exercise.name}({', '.join(exercise.arguments)}); see its `def` line."
        )
    if problem.note == "NameError":
        return "A name is not defined here: a misspelling, or a cell above that has not been run?"
    if "size of tensor" in message or "shapes cannot be multiplied" in message:
        return "Two shapes do not fit. Print `.shape` of both just before that line."
    if "does not require grad" in message:
        return "Something cut the gradient before this line: `.detach()`, `.item()` or `no_grad`?"
    if "numpy()" in message:
        return "Stay with torch functions: NumPy cannot carry the gradient."
    return "Run the function on the input above in a cell of its own, and read the error there."


# ------------------------------------------------------------------ types and shapes


def _form(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    trial = _failed(trials)[0]
    key, reason = trial.faults[0]
    came, expected = trial.seen(key), trial.expected[key]
    if reason == "none":
        return Diagnosis("It returned None.", "Does every path end in a `return`?")
    if reason == "type":
        return Diagnosis(
            f"It returned an object of type {came.note} where a tensor was expected.",
            "Return what the torch functions give you, unconverted.",
        )
    if reason == "shape":
        return _shape(expected, came)
    if reason == "missing":
        return Diagnosis(
            f"For the {key}, this came: {came.note}.",
            "Every operation between argument and result must be a torch operation on a tensor "
            "that still carries its gradient.",
        )
    if reason == "text":
        return Diagnosis(
            f"It gave {came.note}, not {expected.note}.", "The numbers may be right; mind the form."
        )
    return None


def _shape(expected: Plain, came: Plain) -> Diagnosis:
    if came.shape == expected.shape[::-1]:
        return Diagnosis("The result is transposed.", "Swap its two axes (`.T`).")
    if expected.shape == ():
        return Diagnosis(
            f"It returned a tensor of shape {came.shape}; one number was expected.",
            "Average over all the elements, not along one axis only.",
        )
    return Diagnosis(
        f"It returned shape {came.shape}; {expected.shape} was expected.",
        "Which line changes the number of axes, or broadcasts?",
    )


# ------------------------------------------------------------------ what the numbers tell


def _numbers(exercise: Exercise, trials: Sequence[Trial]) -> Diagnosis | None:
    if trials[-1].repeated and trials[-1].faults and not trials[0].faults:
        return Diagnosis(
            "The same input gave another result the second time.",
            "It draws random numbers, or remembers something between calls.",
        )
    pairs, reasons = _failed_numbers(trials)
    for reason in ("nan", "infinite"):
        if reasons and set(reasons) <= {"nan", "infinite"} and reason in reasons:
            word = "NaN (not a number)" if reason == "nan" else "an infinity"
            return Diagnosis(
                f"It gave {word}.",
                "A logarithm of 0, or 0/0? Which step leaves the range of the numbers?",
            )
    return hint_from_numbers(pairs) if pairs else None


def _failed_numbers(trials: Sequence[Trial]) -> tuple[list[Pair], list[str]]:
    """Expected and came of all finite numbers that differ, with the input's size; the reasons."""
    pairs, reasons = [], []
    for trial in _failed(trials):
        for key, reason in trial.faults:
            reasons.append(reason)
            if reason == "value" and trial.seen(key).finite and trial.expected[key].finite:
                pairs.append((trial.expected[key].values, trial.seen(key).values, trial.size))
    return pairs, reasons
