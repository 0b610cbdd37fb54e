"""A random subset of rows with so many labels of each class.

Which rows are chosen is the generator's business: only what every right answer shares is judged.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.observe import form
from course_utils.checks.plain import Plain, copy_out, difference, error, text
from course_utils.selfsup.probe import label_budget

MANY = 40  # generators, in the test that every row can be chosen


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees what rows come; the case's third argument is the seed of a new generator.

    Mode "draws" calls it with the same and with other generators, mode "many" with many.
    """
    labels, per_class, seed = case.make()

    def draw(generator: torch.Generator | int) -> object:
        own = _seeded(generator) if isinstance(generator, int) else generator
        return function(labels, per_class, own)

    if case.mode == "draws":
        return _draws(draw, seed)
    if case.mode == "many":
        return {"chosen": _chosen([_rows(draw(seed + n)) for n in range(MANY)], case)}
    before, result = copy_out(labels), draw(seed)
    rows, changed = _rows(result), difference(before, copy_out(labels))
    return {
        "amount": _amount(rows, case.make()[0].tolist(), per_class),
        "rows": _distinct(rows, len(labels)),
        "value": text("these are not row numbers" if rows is None else f"{len(rows)} rows"),
        "form": text(form(result)),
        "inputs": text("changed in place: labels" if changed else "left as they were"),
    }


def _seeded(seed: int) -> torch.Generator:
    return torch.Generator("cpu").manual_seed(seed)


def _rows(result: object) -> tuple[float, ...] | None:
    """The row numbers that came, sorted; None where there are none."""
    if type(result) in (list, tuple):
        numbers = [value for item in result for value in copy_out(item).values]
    else:
        plain = copy_out(result)
        numbers = None if plain.note == "torch.bool" or not plain.numeric else plain.values
    return None if numbers is None else tuple(sorted(numbers))


def _exist(rows: tuple[float, ...], length: int) -> bool:
    return all(0 <= row < length and row == int(row) for row in rows)


def _amount(rows: tuple[float, ...] | None, labels: list[int], per_class: int) -> Plain:
    if rows is None or not _exist(rows, len(labels)):
        return text("these are not row numbers")
    counts, classes = Counter(labels[int(row)] for row in set(rows)), set(labels)
    wanted, each = per_class * len(classes), f"{per_class} of each class"
    if all(counts[label] == per_class for label in classes):
        return text(each)
    if len(set(rows)) < len(rows):
        return text(f"some rows twice, so fewer than {each}")
    if len(rows) == wanted:
        return text(f"{len(rows)} rows in all, but not {each}")
    if len(rows) == per_class:
        return text(f"{len(rows)} rows in all")
    return text(f"{'fewer' if len(rows) < wanted else 'more'} rows than {each}")


def _distinct(rows: tuple[float, ...] | None, length: int) -> Plain:
    if rows is None:
        return text("these are not row numbers")
    if not _exist(rows, length):
        return text("some of these rows do not exist")
    return text("no row twice" if len(set(rows)) == len(rows) else "some rows twice")


def _draws(draw: Callable[[Any], object], seed: int) -> Seen:
    """Same and other generators, while the global one is set to different states."""
    runs, global_used = [], False
    for global_seed, own_seed in enumerate((seed, seed, seed + 1, seed + 2)):
        torch.manual_seed(global_seed)
        before = torch.get_rng_state()
        runs.append(_rows(draw(own_seed)))
        global_used = global_used or not torch.equal(before, torch.get_rng_state())
    going_on = _seeded(seed)
    first, second = _rows(draw(going_on)), _rows(draw(going_on))
    return {
        "the same seed": text("the same rows" if runs[0] == runs[1] else "other rows"),
        "the global generator": text("was used" if global_used else "left alone"),
        "another seed": text("the same rows" if runs[1] == runs[2] == runs[3] else "other rows"),
        "the next draw": text("the same rows" if first == second else "other rows"),
    }


def _chosen(runs: list[tuple[float, ...] | None], case: Case) -> Plain:
    labels, per_class = case.make()[:2]
    if any(run is None or not _exist(run, len(labels)) for run in runs):
        return text("these are not row numbers")
    if len(set(runs)) == 1:
        first = torch.cat([(labels == label).nonzero()[:per_class, 0] for label in labels.unique()])
        which = "the first of each class" if runs[0] == _rows(first) else "the same rows"
        return text(f"{which}, every time")
    times = Counter(int(row) for run in runs for row in set(run))
    if any(times[row] == 0 for row in range(len(labels))):
        return text(f"some rows never, in {MANY} draws")
    return text("every row now and then")


exercise = Declared(label_budget, observe)


def _shuffled(seed: int, counts: dict[int, int]) -> Tensor:
    labels = torch.tensor([label for label, count in counts.items() for _ in range(count)])
    return labels[torch.randperm(len(labels), generator=_seeded(seed))]


def _case(words: str, seed: int, counts: dict[int, int], per_class: int, **more: Any) -> Case:
    labels = _shuffled(seed, counts)
    return Case(
        f"{words}, {per_class} of each", lambda: (labels.clone(), per_class, seed + 11), **more
    )


@exercise.claim(8, "amount")
def stratified(seed: int) -> list[Case]:
    extra = seed % 3
    return [
        _case("40 labels of 4 classes", seed, dict.fromkeys(range(4), 10 + extra), 3),
        _case("3 classes of 20, 9 and 5 labels", seed + 1, {0: 20, 1: 9 + extra, 2: 5}, 4),
        _case("classes called 2, 5 and 7", seed + 2, {2: 6, 5: 8, 7: 6 + extra}, 2),
        _case("2 classes of 3 labels", seed + 3, {0: 3, 1: 3}, 3),
        _case("10 classes of 6 labels", seed + 4, dict.fromkeys(range(10), 6), 1),
    ]


exercise.claim(1, "rows", name="distinct", formal=True)(stratified)


@exercise.claim(3, "the same seed", "the global generator", formal=True)
def seeded(seed: int) -> list[Case]:
    return [_case("60 labels of 3 classes", seed + 5, dict.fromkeys(range(3), 20), 5, mode="draws")]


exercise.claim(2, "another seed", "the next draw", name="fresh")(seeded)


@exercise.claim(2)
def fair(seed: int) -> list[Case]:
    return [_case("2 classes of 6 labels, many times", seed + 6, {0: 6, 1: 6}, 2, mode="many")]


@exercise.claim(2, formal=True, fixed=True)
def short(_: int) -> list[Case]:
    refuse = {"value": error("ValueError")}
    return [
        _case("2 classes of 5 and 2 labels", 7, {0: 5, 1: 2}, 3, expected=refuse),
        _case("3 classes of 4 labels", 8, {0: 4, 1: 4, 2: 4}, 5, expected=refuse),
    ]


exercise.form(stratified)
