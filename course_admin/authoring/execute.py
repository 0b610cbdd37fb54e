"""Run notebooks top to bottom in a fresh kernel, and time every cell."""

import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_admin.authoring.outputs import first_line

NOTEBOOK_BUDGET = 180.0  # seconds on two cores; most should need 120
CELL_BUDGET = 60.0  # seconds for any one cell
SLOW_CELL = 5.0  # seconds from which a cell is listed
TIMEOUT = 600  # seconds after which a cell counts as hung


class NotebookFailed(Exception):
    """A cell raised; the message names the notebook and the cell and quotes the end."""


@dataclass
class Run:
    """One execution: the notebook with its raw outputs, and seconds per code cell."""

    name: str
    notebook: NotebookNode
    seconds: float = 0.0
    cells: dict[int, float] = field(default_factory=dict)

    def report(self) -> str:
        """Lines for a person: total, slow cells, and what is over budget."""
        verdict = over(self.seconds, NOTEBOOK_BUDGET)
        lines = [f"{self.name}: {self.seconds:.1f} s of {NOTEBOOK_BUDGET:.0f} s{verdict}"]
        code = [cell for cell in self.notebook.cells if cell.cell_type == "code"]
        for number, seconds in sorted(self.cells.items(), key=lambda item: -item[1]):
            if seconds >= SLOW_CELL:
                verdict = over(seconds, CELL_BUDGET)
                lines.append(
                    f"  {seconds:6.1f} s  cell {number}: {first_line(code[number - 1])}{verdict}"
                )
        return "\n".join(lines)

    @property
    def within_budget(self) -> bool:
        """Whether the notebook and each of its cells kept to their budgets."""
        slowest = max(self.cells.values(), default=0.0)
        return self.seconds <= NOTEBOOK_BUDGET and slowest <= CELL_BUDGET


def over(seconds: float, budget: float) -> str:
    """Remark for a time over its budget, else nothing."""
    return f"  OVER BUDGET ({budget:.0f} s)" if seconds > budget else ""


def run(path: Path, scale: str = "laptop", timeout: float = TIMEOUT) -> Run:
    """Execute the notebook at `path` in a fresh kernel; widgets stay off.

    Raises:
        NotebookFailed: when a cell raises or takes longer than `timeout` seconds.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    result = Run(path.stem, notebook)
    numbers = _numbers(notebook)
    started: dict[int, float] = {}

    def on_start(cell, cell_index, **_):
        started[cell_index] = time.perf_counter()

    def on_done(cell, cell_index, **_):
        result.cells[numbers[cell_index]] = time.perf_counter() - started[cell_index]

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_execute=on_start,
        on_cell_executed=on_done,
    )
    begin = time.perf_counter()
    try:
        with environment(COURSE_STATIC="1", COURSE_SCALE=scale, PYTHONHASHSEED="0"):
            client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as problem:
        raise NotebookFailed(_explain(path, notebook, started, numbers, problem)) from None
    result.seconds = time.perf_counter() - begin
    return result


@contextmanager
def environment(**variables: str):
    """Environment variables for as long as the block lasts."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def _numbers(notebook: NotebookNode) -> dict[int, int]:
    """From the index among all cells to the number among code cells, counted from 1."""
    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    return {index: number for number, index in enumerate(code, start=1)}


def _explain(path, notebook, started, numbers, problem) -> str:
    last = max(started, default=0)
    cell = notebook.cells[last]
    words = re.sub(r"\x1b\[[0-9;]*m", "", str(problem))
    tail = "\n".join(words.strip().splitlines()[-15:])
    return f"{path.name}, code cell {numbers.get(last, '?')} ({first_line(cell)}):\n{tail}"
