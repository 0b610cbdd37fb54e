"""What the running kernel offers: is there one, which cell is this, was it interrupted."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

__all__ = ["cell_name", "is_live", "on_interrupt"]


def is_live() -> bool:
    """Whether widgets can be shown: an IPython kernel runs, and COURSE_STATIC is not 1."""
    return os.environ.get("COURSE_STATIC") != "1" and _shell() is not None


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    shell = sys.modules["IPython"].get_ipython()
    return shell if hasattr(shell, "kernel") else None


def cell_name() -> str:
    """A name that is the same each time the same notebook cell runs; 'cell' where there is none."""
    shell = _shell()
    parent = shell.get_parent() if shell is not None and hasattr(shell, "get_parent") else {}
    return str((parent or {}).get("metadata", {}).get("cellId") or "cell")


def on_interrupt(react: Callable[[], None]) -> None:
    """Call ``react`` whenever the kernel is interrupted, in a cell or between two.

    A running cell gets its KeyboardInterrupt as ever. Between cells the kernel ignores
    the signal, so ours is put in its place, once the cell that calls this has ended.
    """
    shell = _shell()
    if shell is None or threading.current_thread() is not threading.main_thread():
        return

    def after_cell(result: Any) -> None:
        if isinstance(result.error_in_exec, KeyboardInterrupt):
            react()

    def between_cells() -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            signal.signal(signal.SIGINT, lambda signum, frame: react())

    shell.events.register("post_run_cell", after_cell)
    with contextlib.suppress(RuntimeError):  # no event loop runs: there is no "between cells"
        asyncio.get_running_loop().call_later(0.1, between_cells)
