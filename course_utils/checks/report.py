"""What a check says: one report, for the notebook, the terminal and the grade book."""

import sys
from dataclasses import dataclass

from course_utils.checks import html, terminal


@dataclass(frozen=True)
class Line:
    """One property: its claim, whether it holds (None: not tried), its marks where marked."""

    claim: str
    holds: bool | None
    earned: float | None = None
    of: float | None = None


@dataclass(frozen=True)
class Report:
    """Outcome of one check.

    Attributes:
        verdict: "right", "wrong", "unwritten", "withheld" or "recorded".
        question: of a prediction or a quiz.
        tried, call: the first input that fails, in words and as a call.
        expected, came: both results, one line each.
        misconception: name of the recognised mistake, "" where none was.
        printed: what the student's function printed meanwhile.
        score, points: marks, in a marked report.
    """

    name: str
    title: str
    verdict: str
    headline: str
    question: str = ""
    tried: str = ""
    call: str = ""
    expected: str = ""
    came: str = ""
    cause: str = ""
    hint: str = ""
    reason: str = ""
    misconception: str = ""
    lines: tuple[Line, ...] = ()
    printed: str = ""
    score: float | None = None
    points: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the answer is right in every respect that was tried."""
        return self.verdict in ("right", "recorded")

    def facts(self) -> list[tuple[str, str]]:
        """The labelled rows, in reading order, without the empty ones."""
        rows = [
            ("question", self.question),
            ("tried", self.tried),
            ("" if self.tried else "tried", self.call),
            ("expected", self.expected),
            ("came", self.came),
            ("likely cause", self.cause),
            ("because", self.reason),
            ("next", self.hint),
            ("it printed", self.printed.strip()),
        ]
        return [(label, words) for label, words in rows if words]

    def __str__(self) -> str:
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        return terminal.render(self, encoding)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html.render(self)


_SHORT = {"unwritten": "not written yet", "wrong": "not right yet"}


class CheckFailed(Exception):
    """Raised by a visible check, after its report was shown; `report` holds it."""

    def __init__(self, report: Report) -> None:
        super().__init__(f"{report.name}: {_SHORT[report.verdict]}")
        self.report = report

    def _render_traceback_(self) -> list[str]:
        # Called by IPython in place of a traceback: the report above says all that helps.
        return [f"CheckFailed: {self} (see the report above)"]


class Mark:
    """Marks for one function: `score` of `points`, with the `report` that gives the reasons.

    Its `repr` is the bare number, which nbgrader reads as partial credit; in a notebook the
    report is shown with it. `trusted` is False where a person must look: the functions that
    judge were found changed.
    """

    MIME = "application/vnd.course.mark+json"

    def __init__(self, score: float, points: float, report: Report, trusted: bool = True) -> None:
        self.score, self.points, self.report, self.trusted = score, points, report, trusted

    def __float__(self) -> float:
        return self.score

    def __repr__(self) -> str:
        return f"{self.score:g}"

    def __str__(self) -> str:
        return str(self.report)

    def as_dict(self) -> dict:
        """The mark as data, for statistics over a class."""
        report = self.report
        return {
            "exercise": report.name,
            "score": self.score,
            "points": self.points,
            "verdict": report.verdict,
            "misconception": report.misconception,
            "trusted": self.trusted,
            "properties": [
                {"claim": line.claim, "holds": line.holds, "earned": line.earned, "of": line.of}
                for line in report.lines
            ],
        }

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict:
        return {
            "text/plain": repr(self),
            "text/html": html.render(self.report),
            self.MIME: self.as_dict(),
        }


def show(report: Report) -> None:
    """Show a report where the reader is: as HTML in a notebook, else as text on stdout."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None:
        from IPython.display import display

        display(report)
    else:
        print(report)
