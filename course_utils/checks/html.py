"""A report as HTML: for JupyterLab in light and dark, for a projector, for feedback pages.

Only inline styles (a sanitiser drops style sheets), translucent tints (they suit any
background), and every word of it escaped: part of it comes from a student.
"""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.checks.report import Line, Report

# badge colour (white text on it), tint of the header
GREEN, ORANGE, GREY, PURPLE = "#1a7f4b", "#c2410c", "#5b6673", "#7c3aed"
LOOKS = {
    "right": (GREEN, "26,127,75", "✓", "right"),
    "recorded": (GREEN, "26,127,75", "✓", "recorded"),
    "wrong": (ORANGE, "194,65,12", "✗", "not yet"),
    "unwritten": (GREY, "91,102,115", "…", "not written yet"),
    "withheld": (PURPLE, "124,58,237", "!", "withheld"),
}
INK = "var(--jp-content-font-color1, inherit)"
MONO = "font-family:var(--jp-code-font-family, ui-monospace, Menlo, Consolas, monospace)"
CODE_ROWS = ("", "expected", "came", "it printed")


def render(report: "Report") -> str:
    """HTML of the report, one self-contained `div`."""
    colour, tint, sign, word = LOOKS[report.verdict]
    parts = [
        f'<div class="course-check" data-exercise="{escape(report.name)}" '
        f'data-verdict="{report.verdict}" data-misconception="{escape(report.misconception)}" '
        f'style="max-width:920px;margin:6px 0 10px;border:1px solid rgba({tint},.45);'
        f"border-left:8px solid {colour};border-radius:8px;overflow:hidden;"
        f'font-size:16px;line-height:1.5;color:{INK}">',
        _header(report, colour, tint, sign, word),
        _facts(report, tint),
        _lines(report.lines),
        "</div>",
    ]
    return "".join(parts)


def _header(report: "Report", colour: str, tint: str, sign: str, word: str) -> str:
    if report.score is not None and report.verdict != "withheld":
        word = f"{report.score:g} of {report.points:g}"
    return (
        f'<div style="display:flex;align-items:baseline;flex-wrap:wrap;gap:6px 12px;'
        f'padding:9px 14px;background:rgba({tint},.13)">'
        f'<span style="background:{colour};color:#fff;font-weight:700;border-radius:5px;'
        f'padding:1px 10px;white-space:nowrap">{sign}&nbsp;{escape(word)}</span>'
        f'<span style="{MONO};font-weight:700;font-size:17px">{escape(report.name)}</span>'
        f'<span style="opacity:.85">{escape(report.headline)}</span></div>'
    )


def _facts(report: "Report", tint: str) -> str:
    rows = "".join(_fact(label, words, tint) for label, words in report.facts())
    if not rows:
        return ""
    return (
        '<div style="display:grid;grid-template-columns:max-content minmax(0,1fr);'
        f'gap:5px 16px;padding:11px 14px 9px">{rows}</div>'
    )


def _fact(label: str, words: str, tint: str) -> str:
    body = "<br>".join(escape(row) for row in words.splitlines())
    style = "overflow-wrap:anywhere;"
    if label in CODE_ROWS:
        style += f"{MONO};font-size:15px;"
    if label in ("came", "question"):
        style += "font-weight:700;"
    if label == "likely cause":
        style += f"background:rgba({tint},.13);border-radius:5px;padding:5px 10px;"
        style += "margin:3px 0 3px -10px;font-weight:600;"
    body = body if label in CODE_ROWS else _code(body)
    return (
        f'<div style="opacity:.72;text-align:right;white-space:nowrap;'
        f'{"padding-top:8px" if label == "likely cause" else ""}">{escape(label)}</div>'
        f'<div style="{style}text-align:left">{body}</div>'
    )


def _code(body: str) -> str:
    """Text between back-ticks, already escaped, set as code."""
    pieces = body.split("`")
    if len(pieces) % 2 == 0:
        return body
    return "".join(
        f'<code style="{MONO};font-size:.94em;background:rgba(127,127,127,.18);border-radius:3px;'
        f'padding:0 4px;color:inherit">{piece}</code>'
        if position % 2
        else piece
        for position, piece in enumerate(pieces)
    )


def _lines(lines: tuple["Line", ...]) -> str:
    if not lines:
        return ""
    # In two columns where there is room: a projector shows it without scrolling.
    width = 340 if lines[0].of is None else 420
    columns = f"repeat(auto-fill,minmax(min(100%,{width}px),1fr))"
    return (
        '<div style="border-top:1px solid rgba(127,127,127,.28);padding:8px 14px 10px;'
        f'display:grid;grid-template-columns:{columns};gap:3px 18px">'
        f"{''.join(_line(line) for line in lines)}</div>"
    )


def _line(line: "Line") -> str:
    sign, colour = {True: ("✓", GREEN), False: ("✗", ORANGE), None: ("·", GREY)}[line.holds]
    marks = "" if line.of is None else f"{line.earned:g}&#8239;/&#8239;{line.of:g}"
    column = "" if line.of is None else f'<span style="opacity:.8;flex:0 0 86px">{marks}</span>'
    return (
        '<div style="display:flex;gap:9px;align-items:flex-start">'
        f'<span style="background:{colour};color:#fff;border-radius:50%;flex:0 0 20px;height:20px;'
        f"line-height:20px;text-align:center;font-size:13px;font-weight:700;margin-top:2px"
        f'">{sign}</span>{column}'
        f'<span style="text-align:left">{_code(escape(line.claim))}</span></div>'
    )
