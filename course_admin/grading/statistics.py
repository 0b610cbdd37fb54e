"""For the instructor: how each exercise went, and which misconceptions were met how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.figure import Figure

from course_admin.grading.judging.verdicts import Result
from course_admin.grading.report import number

FULL, SOME, NONE = "#0072b2", "#e69f00", "#d0d0d0"


@dataclass
class Exercise:
    """Counts of one exercise."""

    name: str
    points: float
    scores: list[float] = field(default_factory=list)
    misconceptions: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def full(self) -> int:
        """Submissions with all points."""
        return sum(score >= self.points for score in self.scores)

    @property
    def none(self) -> int:
        """Submissions with no points."""
        return sum(score == 0 for score in self.scores)

    @property
    def mean(self) -> float:
        """Mean score."""
        return sum(self.scores) / len(self.scores) if self.scores else 0.0


def exercises(results: Sequence[Result]) -> list[Exercise]:
    """Statistics per exercise, over submissions that could be graded and marks not withheld."""
    found: dict[str, Exercise] = {}
    for result in results:
        if result.status != "graded":
            continue
        for mark in result.marks:
            if mark.score is None or mark.withheld:
                continue
            exercise = found.setdefault(mark.grade_id, Exercise(mark.grade_id, mark.points))
            exercise.scores.append(mark.score)
            exercise.misconceptions.update(set(mark.misconceptions))
            if not mark.misconceptions and mark.score < mark.points:
                exercise.reasons[mark.reason or "no reason given"] += 1
    return list(found.values())


def table(results: Sequence[Result]) -> str:
    """Per exercise: mean, full, none, and the misconceptions met."""
    lines = []
    for exercise in exercises(results):
        lines.append(
            f"{exercise.name}: mean {number(exercise.mean)} of {number(exercise.points)}; "
            f"{exercise.full} full, {exercise.none} none of {len(exercise.scores)}"
        )
        lines += [
            f"    {count:>4} x {name}" for name, count in exercise.misconceptions.most_common()
        ]
        lines += [
            f"    {count:>4} x {text[:80]}" for text, count in exercise.reasons.most_common(3)
        ]
    return "\n".join(lines)


def plot(results: Sequence[Result]) -> Figure:
    """Left: full, partial and no points per exercise. Right: misconceptions by frequency."""
    found = exercises(results)
    met = Counter(
        {f"{e.name}: {n}": c for e in found for n, c in e.misconceptions.items()}
    ).most_common(12)
    rows = max(len(found), len(met), 3)
    figure = Figure(figsize=(13, 1.4 + 0.5 * rows), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.1])
    _plot_scores(left, found)
    _plot_misconceptions(right, met)
    assignment = results[0].assignment if results else ""
    figure.suptitle(f"{assignment}: {len(results)} submissions", fontsize=15)
    return figure


def _plot_scores(axes, found: list[Exercise]) -> None:
    names = [exercise.name for exercise in found]
    some = [len(e.scores) - e.full - e.none for e in found]
    start = [0] * len(found)
    parts = (("all points", FULL, [e.full for e in found]), ("some", SOME, some),
             ("none", NONE, [e.none for e in found]))  # fmt: skip
    for label, colour, counts in parts:
        axes.barh(names, counts, left=start, color=colour, label=label, height=0.7)
        for row, (left, count) in enumerate(zip(start, counts, strict=True)):
            if count:
                axes.text(left + count / 2, row, str(count), ha="center", va="center", fontsize=11,
                          color="black" if colour != FULL else "white")  # fmt: skip
        start = [a + b for a, b in zip(start, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("submissions", fontsize=12)
    axes.tick_params(labelsize=12)
    axes.spines[["top", "right"]].set_visible(False)
    if found:
        axes.legend(
            loc="lower center",
            bbox_to_anchor=(0.5, 1.0),
            ncols=3,
            frameon=False,
            fontsize=12,
        )


def _plot_misconceptions(axes, met: list[tuple[str, int]]) -> None:
    axes.set_title("misconceptions met", fontsize=13)
    axes.spines[["top", "right"]].set_visible(False)
    if not met:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "none was recognised", ha="center", va="center", fontsize=13)
        return
    names = [name for name, _ in met]
    bars = axes.barh(names, [count for _, count in met], color=SOME, height=0.7)
    axes.bar_label(bars, padding=4, fontsize=11)
    axes.invert_yaxis()
    axes.set_xlabel("submissions", fontsize=12)
    axes.tick_params(labelsize=12)
    axes.margins(x=0.12)
