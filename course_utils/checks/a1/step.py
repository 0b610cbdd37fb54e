"""What must hold of one alternating step of the two players."""

from course_utils.checks.duel import LEARNING, LOSSES, QUIET, duel
from course_utils.checks.exercise import Case, Property


def _one_round(seed: int) -> list[Case]:
    rounds = [Case("one round, plain gradient descent", duel(seed + 200))]
    return (
        rounds
        if seed == 0
        else [
            *rounds,
            Case("one round with Adam", duel(seed + 200, adam=True, g_rate=0.1, d_rate=0.1)),
        ]
    )


def _generators_half(seed: int) -> list[Case]:
    return [Case("one round in which D stands still (its rate is 0)", duel(seed + 100, d_rate=0.0))]


def _many_rounds(seed: int) -> list[Case]:
    return [
        Case("two rounds, one after the other", duel(seed + 500), mode="twice"),
        Case("one round after somebody else left gradients behind", duel(seed + 300, stale=True)),
    ]


def _guests(seed: int) -> list[Case]:
    return [Case("one round, watching every gradient", duel(seed + 400), {**QUIET, **LEARNING})]


def _watch(*names: str) -> tuple[str, ...]:
    return tuple(f"{name}'s move" for name in names)


STEP_PROPERTIES = (
    Property(
        "discriminator",
        "D climbs: its parameters move as they should",
        5,
        _one_round,
        _watch("discriminator"),
    ),
    Property(
        "generator",
        "G's half alone: it moves as it should, against D",
        4,
        _generators_half,
        _watch("generator"),
    ),
    Property("answer", "G answers the new D, on fresh noise", 2, _one_round, _watch("generator")),
    Property(
        "clean",
        "old gradients do not linger",
        3,
        _many_rounds,
        _watch("discriminator", "generator"),
    ),
    Property(
        "d_frozen",
        "D is frozen in G's half: no gradient reaches it",
        2,
        _guests,
        ("gradients in the generator's half",),
        formal=True,
    ),
    Property(
        "g_frozen",
        "G is frozen in D's half: no gradient reaches it",
        2,
        _guests,
        ("gradients in the discriminator's half",),
        formal=True,
    ),
    Property(
        "after",
        "D steps, then G; both can still learn",
        1,
        _guests,
        ("order", "afterwards"),
        formal=True,
    ),
    Property("losses", "returns both losses by name", 1, _one_round, LOSSES),
)
