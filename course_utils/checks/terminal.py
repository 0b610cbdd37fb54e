"""A report as lines of text: aligned, at most 88 characters wide."""

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.checks.report import Line, Report

WIDTH = 88
SIGNS = {"right": "✓", "recorded": "✓", "wrong": "✗", "unwritten": "·", "withheld": "!"}
PLAIN = str.maketrans(
    {"✓": "+", "✗": "x", "·": ".", "…": "...", "×": "x", "−": "-", "–": "-", "½": "1/2", "±": "+-"}
)


def render(report: "Report", encoding: str = "utf-8") -> str:
    """Text of the report; signs that `encoding` lacks are replaced by ASCII ones."""
    indent = 2 + max([len(label) for label, _ in report.facts()] or [0]) + 2
    head = f"{SIGNS[report.verdict]} {report.name}: {report.headline}"
    rows = textwrap.wrap(head, WIDTH, subsequent_indent="  ")
    for label, words in report.facts():
        rows += _wrapped(f"  {label}".ljust(indent), words, indent)
    for line in report.lines:
        rows += _line(line)
    text = "\n".join(rows)
    return text if _fits(text, encoding) else _ascii(text)


def _wrapped(label: str, words: str, indent: int) -> list[str]:
    rows: list[str] = []
    for paragraph in words.splitlines() or [""]:
        start = " " * indent if rows else label
        wrapped = textwrap.wrap(
            paragraph, WIDTH, initial_indent=start, subsequent_indent=" " * indent
        )
        rows += wrapped or [start]
    return rows


def _line(line: "Line") -> list[str]:
    sign = {True: "✓", False: "✗", None: "·"}[line.holds]
    marks = "" if line.of is None else f"{line.earned:g} of {line.of:g}".rjust(12) + "  "
    start = f"    {sign} {marks}"
    return textwrap.wrap(
        line.claim, WIDTH, initial_indent=start, subsequent_indent=" " * len(start)
    )


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _ascii(text: str) -> str:
    return text.translate(PLAIN).encode("ascii", "replace").decode("ascii")
