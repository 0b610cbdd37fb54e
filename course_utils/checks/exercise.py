"""How an exercise is declared: data and small functions, nothing that runs by itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from course_utils.checks.plain import Plain

Seen = dict[str, Plain]


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    Attributes:
        tried: what goes in, in words: "8 real and 5 generated logits".
        make: gives fresh arguments at every call, so that a change made in place harms nobody.
        expected: what a closed form says, by name of what is seen; None asks the reference.
        mode: told to the exercise's `observe`, for example "gradient".
    """

    tried: str
    make: Callable[[], tuple]
    expected: Mapping[str, Plain] | None = None
    mode: str = "value"


@dataclass(frozen=True)
class Property:
    """A claim about the right answer that a few cases can refute; it holds when all agree.

    Attributes:
        claim: the sentence a student reads: "stays finite for logits of ±200".
        weight: its share of the marks, relative to the other properties.
        cases: cases of one seed. Seed 0 gives the visible check, and the probes by which
            misconceptions are recognised; a hidden test draws others.
        watch: which of the things seen must agree; all of those expected when empty.
        formal: a matter of form (a shape, an input left alone), which earns nothing for an
            answer that gets nothing else right.
        fixed: the cases are the same for every seed (closed forms): run once.
    """

    name: str
    claim: str
    weight: float
    cases: Callable[[int], Sequence[Case]]
    watch: tuple[str, ...] = ()
    formal: bool = False
    fixed: bool = False


@dataclass(frozen=True)
class Misconception:
    """A plausible mistake: `cause` says what was done, `hint` what to think about next."""

    name: str
    cause: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One graded function: what it is compared with, what must hold, what often goes wrong.

    Attributes:
        name: name of the function and of the solution cell.
        assignment: "a1_gan_minimax": the room with its words and fingerprints.
        arguments: names of the function's arguments, in order.
        reference: the course's own function, called only after the student's has finished.
        lesson: module whose package a student's function must not call into.
        observe: `observe(function, case) -> Seen` makes the call and copies out what came.
    """

    name: str
    assignment: str
    title: str
    arguments: tuple[str, ...]
    reference: Callable[..., Any]
    lesson: ModuleType
    observe: Callable[[Callable[..., Any], Case], Seen]
    properties: tuple[Property, ...]
    misconceptions: tuple[Misconception, ...]

    def misconception(self, name: str) -> Misconception:
        """The misconception of that name.

        Raises:
            KeyError: when it is not declared.
        """
        for candidate in self.misconceptions:
            if candidate.name == name:
                return candidate
        raise KeyError(f"{self.name} knows no misconception {name!r}")
