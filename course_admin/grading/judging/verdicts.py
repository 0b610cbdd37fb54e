"""What is known about one submission: a mark per graded cell, and who must look at it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class CellMark:
    """The mark of one graded cell; `score` is None where a person gives it."""

    grade_id: str
    notebook: str
    points: float
    score: float | None
    reason: str = ""
    misconceptions: list[str] = field(default_factory=list)
    withheld: str = ""


@dataclass
class Result:
    """Everything that grading one submission gave.

    Attributes:
        status: "graded", "unreadable", "quarantined" or "failed" (an error of ours).
        flags: reasons why a person must look at it.
        notes: harmless oddities.
    """

    student: str
    assignment: str
    status: str = "graded"
    marks: list[CellMark] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    notebooks: dict[str, str] = field(default_factory=dict)  # executed notebooks, as JSON

    @property
    def score(self) -> float:
        """Sum of the automatic marks."""
        return sum(mark.score or 0.0 for mark in self.marks)

    @property
    def points(self) -> float:
        """Sum of the points that are marked automatically."""
        return sum(mark.points for mark in self.marks if mark.score is not None)

    def as_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        """From JSON made by `as_dict`."""
        return cls(**{**data, "marks": [CellMark(**mark) for mark in data["marks"]]})
