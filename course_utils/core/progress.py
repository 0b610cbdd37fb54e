"""One line that tells how a training is going, written over itself."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.core.training import Record

__all__ = ["counter", "progress", "progress_line"]


def progress(records: Iterable[Record], every: float = 0.25) -> list[Record]:
    """Run through ``records`` (as `fit` yields them), showing one line at most every ``every``
    seconds.

    Returns the list of records, also when the kernel is interrupted: what was trained is kept.

    Raises: ValueError if ``every`` is negative.
    """
    if every < 0:
        raise ValueError(f"every must not be negative, got {every}")
    line, kept, shown_at, note = _line(), [], float("-inf"), ""
    try:
        for record in records:
            kept.append(record)
            if time.monotonic() - shown_at >= every:
                shown_at = time.monotonic()
                line.show(progress_line(kept), _fraction(record))
    except KeyboardInterrupt:
        note = "  stopped by you"
    if kept:
        line.close(progress_line(kept, ended=True) + note, _fraction(kept[-1]))
    else:
        line.close("nothing to train: already done, or no batches" + note, 1.0)
    return kept


def progress_line(records: list[Record], ended: bool = False) -> str:
    """``step 120   loss 0.312   4,100 samples/s   12 s left`` (values averaged over the last 20
    records).
    """
    last, recent = records[-1], records[-20:]
    means = {
        name: sum(r.values.get(name, last.values[name]) for r in recent) / len(recent)
        for name in last.values
    }
    parts = [f"step {last.step:,}"] + [f"{name} {_short(mean)}" for name, mean in means.items()]
    before = records[-200] if len(records) >= 200 else records[0]
    passed = last.seconds - before.seconds
    if passed > 0:
        parts.append(f"{(last.samples - before.samples) / passed:,.0f} samples/s")
    if ended:
        parts.append(f"{last.seconds:.1f} s")
    elif last.left is not None:
        parts.append(f"{last.left:.0f} s left")
    return "   ".join(parts)


def _short(value: float) -> str:
    return f"{value:.3f}" if 1e-3 <= abs(value) < 1e4 or value == 0 else f"{value:.2e}"


def _fraction(record: Record) -> float | None:
    if record.left is None:
        return None
    return (
        record.seconds / (record.seconds + record.left) if record.seconds + record.left > 0 else 1.0
    )


def counter(words: str, every: float = 0.25) -> Callable[[int, int], None]:
    """A function ``(done, total)`` that shows ``words 1,250 of 10,000``, one line written over
    itself.
    """
    line, shown_at = _line(), float("-inf")

    def show(done: int, total: int) -> None:
        nonlocal line, shown_at
        text = f"{words}   {done:,} of {total:,}"
        if done >= total:
            line.close(text, 1.0)
            line = _line()
        elif time.monotonic() - shown_at >= every:
            shown_at = time.monotonic()
            line.show(text, done / total)

    return show


def _line() -> _TerminalLine | _NotebookLine:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return _NotebookLine() if hasattr(shell, "kernel") else _TerminalLine()


class _TerminalLine:
    """Written over with a carriage return; a file or a pipe gets the last line only."""

    def __init__(self):
        self.width = 0

    def show(self, text: str, fraction: float | None) -> None:
        if sys.stdout.isatty():
            sys.stdout.write("\r" + text.ljust(self.width))
            sys.stdout.flush()
            self.width = len(text)

    def close(self, text: str, fraction: float | None) -> None:
        self.show(text, fraction)
        sys.stdout.write("\n" if sys.stdout.isatty() else text + "\n")


class _NotebookLine:
    """One output updated in place: a stored notebook keeps only its last state."""

    def __init__(self):
        self.handle = None

    def show(self, text: str, fraction: float | None) -> None:
        from IPython.display import display

        bundle = {"text/plain": text, "text/html": _bar(text, fraction)}
        if self.handle is None:
            self.handle = display(bundle, raw=True, display_id=True)
        else:
            self.handle.update(bundle, raw=True)

    def close(self, text: str, fraction: float | None) -> None:
        self.show(text, None)


BAR = "height:4px;border-radius:2px"


def _bar(text: str, fraction: float | None) -> str:
    bar = ""
    if fraction is not None:
        bar = (
            f'<div style="{BAR};max-width:36em;background:rgba(128,128,128,.25)">'
            f'<div style="{BAR};width:{100 * fraction:.0f}%;background:#0072B2"></div></div>'
        )
    return f'<div style="font-family:monospace;white-space:pre-wrap">{html.escape(text)}</div>{bar}'
