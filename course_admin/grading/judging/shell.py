"""Run notebook cells in an IPython shell and record their outputs, without a Jupyter kernel.

The shell is made once in the fork server and inherited by every fork, so that a submission
pays for neither a kernel nor its messages.
"""

from __future__ import annotations

import io
import sys
import traceback
from dataclasses import dataclass, field
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

MAX_TEXT = 100_000  # characters of streams and results kept per cell
MAX_DATA = 2_000_000  # characters of rich output kept per cell
MAX_OUTPUTS = 200
KEPT_TYPES = (
    "text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg"
)  # fmt: skip


@dataclass
class Recorder:
    """The outputs of one cell in nbformat's shape, capped in size."""

    outputs: list[dict[str, Any]] = field(default_factory=list)
    text: int = 0
    data: int = 0

    def stream(self, name: str, text: str) -> None:
        """Append text to a stream; the first text over the limit says so, the rest is dropped."""
        if self.text > MAX_TEXT or len(self.outputs) > MAX_OUTPUTS:
            return
        room = MAX_TEXT - self.text
        self.text += len(text)
        if len(text) > room:
            text = text[:room] + "\n[output cut here: too long]\n"
            self.text = MAX_TEXT + 1
        last = self.outputs[-1] if self.outputs else None
        if last and last["output_type"] == "stream" and last["name"] == name:
            last["text"] += text
        elif text:
            self.outputs.append({"output_type": "stream", "name": name, "text": text})

    def bundle(self, kind: str, data: dict[str, Any], extra: dict[str, Any]) -> None:
        """Append rich output: only the kinds a notebook page shows without running a script."""
        if len(self.outputs) > MAX_OUTPUTS:
            return
        kept = {key: value for key, value in data.items() if key in KEPT_TYPES}
        self.data += sum(len(str(value)) for value in kept.values())
        if self.data > MAX_DATA:
            kept = {"text/plain": "[output left out: too long]"}
        self.outputs.append({"output_type": kind, "data": kept, "metadata": {}, **extra})

    def error(self, name: str, message: str, lines: list[str]) -> None:
        """Append an error with a short traceback."""
        self.outputs.append(
            {
                "output_type": "error",
                "ename": name[:200],
                "evalue": message[:4000],
                "traceback": [line[:4000] for line in lines[-40:]],
            }
        )


@dataclass
class Ran:
    """What came of one cell: its outputs, its last value, and the exception, if any."""

    outputs: list[dict[str, Any]]
    value: Any = None
    error: BaseException | None = None


class _Stream(io.TextIOBase):
    """A text stream that writes into the shell's current recorder."""

    encoding = "utf-8"

    def __init__(self, shell: CourseShell, name: str) -> None:
        self.shell, self.name = shell, name

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.shell.recorder.stream(self.name, text)
        return len(text)


class _Hook(DisplayHook):
    """Records the value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        return

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        extra = {"execution_count": self.prompt_count}
        self.shell.recorder.bundle("execute_result", format_dict, extra)

    def finish_displayhook(self) -> None:
        return


class _Publisher(DisplayPublisher):
    """Records what `display` shows."""

    def publish(self, data: dict, metadata: dict | None = None, **kwargs: Any) -> None:
        self.shell.recorder.bundle("display_data", data, {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.recorder.outputs.clear()


class CourseShell(InteractiveShell):
    """An InteractiveShell whose outputs go to a `Recorder`."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    recorder: Recorder
    kernel = "grading"  # what asks for a kernel before it displays rich output finds one

    def init_history(self) -> None:
        """Keep no history file."""
        self.config.HistoryManager.enabled = False
        super().init_history()

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window here."""
        return

    def _format_exception_for_storage(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """There is no history to keep a second, slow, traceback in."""
        return {}

    def showtraceback(self, exc_tuple: Any = None, *args: Any, **kwargs: Any) -> None:
        """Record the error."""
        kind, value, trace = exc_tuple or sys.exc_info()
        self.recorder.error(*_describe(kind, value, trace))

    def showsyntaxerror(self, *args: Any, **kwargs: Any) -> None:
        """Record the error."""
        self.showtraceback()

    showindentationerror = showsyntaxerror


def _describe(kind: Any, value: Any, trace: Any) -> tuple[str, str, list[str]]:
    try:
        own = getattr(value, "_render_traceback_", None)
        if callable(own):  # an exception that says by itself all that helps
            return kind.__name__, str(value), [str(line) for line in own()]
        while trace is not None and "IPython" in trace.tb_frame.f_code.co_filename:
            trace = trace.tb_next
        lines = traceback.format_exception(kind, value, trace, limit=-8)
        return kind.__name__, str(value), "".join(lines).splitlines()
    except Exception as error:  # an exception whose own __str__ fails
        return (
            getattr(kind, "__name__", "Error"),
            f"(unprintable: {type(error).__name__})",
            [],
        )


def make_shell() -> CourseShell:
    """Make the process's one shell, with matplotlib's inline figures."""
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.enable_tip = False
    shell = CourseShell.instance(config=config)
    shell.recorder = Recorder()
    try:
        from matplotlib_inline.backend_inline import configure_inline_support

        configure_inline_support(shell, "module://matplotlib_inline.backend_inline")
    except ImportError:
        pass
    return shell


def run_cell(shell: CourseShell, source: str) -> Ran:
    """Run one cell; errors are recorded, never raised."""
    recorder = shell.recorder = Recorder()
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = _Stream(shell, "stdout"), _Stream(shell, "stderr")
    try:
        result = shell.run_cell(source, store_history=True)
        error = result.error_in_exec or result.error_before_exec
        return Ran(recorder.outputs, result.result, error)
    except BaseException as error:  # SystemExit and interrupts that slipped through
        recorder.error(type(error).__name__, str(error), [])
        return Ran(recorder.outputs, None, error)
    finally:
        sys.stdout, sys.stderr = kept
