"""An answer put on trial: every call first, then the reference, then the judgement.

The student's code has finished before the reference is asked for the first time: there is
no result of it in memory to be read, and nothing the student returned is still its own.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from course_utils.checks import fingerprints
from course_utils.checks.exercise import Case, Exercise, Property, Seen
from course_utils.checks.guards import Call, watch_call
from course_utils.checks.plain import Plain, difference, is_tensor
from course_utils.checks.reference_calls import package_folder

NOT_RUN = Plain("missing", note="not tried: an earlier call never ended")


@dataclass(frozen=True)
class Trial:
    """One case, what was seen, what was expected, and where the two differ."""

    property: Property
    case: Case
    call: Call
    expected: Seen
    probe: str = ""
    repeated: bool = False

    def seen(self, key: str) -> Plain:
        """What came for one of the expected things; the exception, where the call raised."""
        return self.call.problem or self.call.seen.get(key, Plain("missing", note="nothing came"))

    @property
    def faults(self) -> list[tuple[str, str]]:
        """What differs: (name, reason), in order of declaration; empty when all is well."""
        reasons = ((key, difference(self.expected[key], self.seen(key))) for key in self.watched)
        return [(key, reason) for key, reason in reasons if reason is not None]

    @property
    def watched(self) -> list[str]:
        """Names of what is compared."""
        return [
            key for key in self.expected if not self.property.watch or key in self.property.watch
        ]

    @property
    def size(self) -> int:
        """Number of elements of the first tensor that goes in, for hints about sums."""
        tensors = [item for item in self.case.make() if is_tensor(item)]
        return tensors[0].numel() if tensors else 0


def hold(
    exercise: Exercise,
    function: Callable[..., Any],
    seeds: Sequence[int],
    *,
    seconds: float,
    interruptible: bool = True,
) -> list[Trial]:
    """All trials of `function` for the seeds; those of seed 0 are the probes.

    They end early where more calls would tell nothing: nothing written yet, an endless
    loop, the reference called.
    """
    folder = package_folder(exercise.lesson) if exercise.lesson else ""
    # torch imports parts of itself at first use; that time is not the student's.
    exercise.properties[0].cases(seeds[0])[0].make()
    calls, over = [], False
    for item, case, probe, repeated in _cases(exercise, seeds):
        if over:
            call = Call({"error": NOT_RUN})
        else:
            call = watch_call(
                lambda case=case: exercise.observe(function, case),
                seconds=seconds,
                lesson=folder,
                interruptible=interruptible,
            )
            over = _tells_enough(call, first=not calls)
        calls.append((item, case, call, probe, repeated))
    return [
        Trial(item, case, call, expectation(exercise, case), probe, repeated)
        for item, case, call, probe, repeated in calls
    ]


def _tells_enough(call: Call, *, first: bool) -> bool:
    problem = call.problem.note if call.problem else ""
    unwritten = first and problem == "NotImplementedError"
    return bool(unwritten or problem == "TimeLimit" or call.reference or call.tampered)


def _cases(exercise: Exercise, seeds: Sequence[int]) -> Iterator[tuple[Property, Case, str, bool]]:
    for seed in seeds:
        for item in exercise.properties:
            if item.fixed and seed != seeds[0]:
                continue
            for number, case in enumerate(item.cases(seed)):
                yield item, case, f"{item.name}.{number}" if seed == 0 else "", False
    # Once more with feeling: a right answer does not depend on how often it was asked.
    first = exercise.properties[0]
    yield first, first.cases(seeds[0])[0], "", True


def expectation(exercise: Exercise, case: Case) -> Seen:
    """What should be seen: the case's closed form where it has one, else the reference's."""
    if case.expected is not None:
        return dict(case.expected)
    return exercise.observe(exercise.reference, case)


def probe_fingerprint(trials: Sequence[Trial]) -> fingerprints.Fingerprint:
    """What was seen on the probes, in the form the fingerprint files hold."""
    return {
        f"{trial.probe} {key}": _encoded(trial, key)
        for trial in trials
        if trial.probe and trial.seen("") is not NOT_RUN
        for key in trial.watched
    }


def _encoded(trial: Trial, key: str) -> fingerprints.Encoded:
    seen = trial.seen(key)
    if trial.expected[key].kind == "error":  # of a refusal only the kind matters, not its words
        seen = replace(seen, message="")
    return fingerprints.encode(seen)


def reference_holds(exercise: Exercise) -> bool:
    """Whether the reference still gives what it gave when the fingerprints were made.

    If it does not, torch or the course was changed under our feet, and no verdict counts.
    """
    known = fingerprints.load(exercise.assignment).get(exercise.name)
    if known is None:
        return True
    trials = hold_reference(exercise)
    return not fingerprints.differences(probe_fingerprint(trials), known["reference"])


def hold_reference(exercise: Exercise) -> list[Trial]:
    """The trials of the reference itself on the probes."""
    trials = []
    for item, case, probe, repeated in _cases(exercise, (0,)):
        call = watch_call(
            lambda case=case: exercise.observe(exercise.reference, case), seconds=10.0
        )
        if not repeated:
            trials.append(Trial(item, case, call, expectation(exercise, case), probe))
    return trials
