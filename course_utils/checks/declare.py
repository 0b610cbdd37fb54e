"""How an exercise is declared: its claims one by one, each a function that gives cases."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from course_utils.checks.exercise import Case, Exercise, Misconception, Property, Seen
from course_utils.checks.observe import observe_outputs

Cases = Callable[[int], Sequence[Case]]


class Declared:
    """An exercise in the making; what a student reads of it stands in the room's `words.toml`.

    Args:
        reference: the course's own function; its name is the exercise's.
        observe: what is seen of a call; by default tensors in and one tensor out.
        lesson: module whose package an answer must not call into; by default the reference's.
        arguments: names of the function's arguments; by default the reference's.

    Raises:
        ValueError: when the reference stands in a room and no lesson is named, since a call of the
            course's own function would then go unnoticed.
    """

    def __init__(
        self,
        reference: Callable[..., Any],
        observe: Callable[[Callable[..., Any], Case], Seen] | None = None,
        *,
        lesson: ModuleType | None = None,
        arguments: Sequence[str] | None = None,
    ) -> None:
        self.reference = reference
        self.lesson = lesson or inspect.getmodule(reference)
        if self.lesson.__name__.startswith("course_utils.exercises."):
            raise ValueError(f"{self.lesson.__name__}: say which `lesson` holds the answer")
        self.arguments = tuple(arguments or inspect.signature(reference).parameters)
        self.observe = observe or observe_outputs(self.arguments)
        self._claims: list[tuple] = []

    def claim(
        self, weight: float, *watch: str, name: str = "", fixed: bool = False, formal: bool = False
    ) -> Callable[[Cases], Cases]:
        """Decorator of a function `seed -> cases`, which declares the property of its name.

        See `Property` for weight, watch, fixed and formal.
        """

        def keep(cases: Cases) -> Cases:
            self._claims.append((name or cases.__name__, weight, cases, watch, formal, fixed))
            return cases

        return keep

    def form(self, cases: Cases) -> None:
        """Declare the two matters of form: what kind of thing comes, and inputs left alone."""
        self.claim(1, "form", name="form", formal=True)(cases)
        self.claim(1, "inputs", name="inputs", formal=True)(cases)

    def built(self, assignment: str, name: str, words: Mapping[str, Any]) -> Exercise:
        """The exercise `name` of an assignment, with its words.

        Raises:
            ValueError: when the words are not about the claims that are declared.
        """
        declared = [claim[0] for claim in self._claims]
        if list(words["claims"]) != declared:
            raise ValueError(
                f"{assignment}/words.toml says {list(words['claims'])} of {name}, "
                f"which declares {declared}"
            )
        properties = tuple(
            Property(key, words["claims"][key], weight, cases, watch, formal, fixed)
            for key, weight, cases, watch, formal, fixed in self._claims
        )
        mistakes = tuple(Misconception(key, **each) for key, each in words["mistakes"].items())
        return Exercise(
            name=name,
            assignment=assignment,
            title=words["title"],
            arguments=self.arguments,
            reference=self.reference,
            lesson=self.lesson,
            observe=self.observe,
            properties=properties,
            misconceptions=mistakes,
        )
