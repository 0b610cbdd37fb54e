"""What every lesson keeps to: how it opens, and how much code stands between two thoughts."""

import ast
import re

from nbformat import NotebookNode

MAX_LINES = 25  # of one code cell, beside its imports
MAX_RUN = 2  # code cells without a word in between


def lesson_faults(notebook: NotebookNode) -> list[str]:
    """Rules that a lesson breaks, one sentence each; an empty list when it keeps them all."""
    return _opening(notebook) + long_cells(notebook) + _long_runs(notebook)


def long_cells(notebook: NotebookNode) -> list[str]:
    """Code cells of more than 25 lines; its import statements do not count."""
    faults = []
    for number, cell in _numbered_code(notebook):
        lines = len(cell.source.splitlines()) - _import_lines(cell.source)
        if lines > MAX_LINES:
            faults.append(f"code cell {number} has {lines} lines, more than {MAX_LINES}")
    return faults


def _import_lines(source: str) -> int:
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic
        return 0
    imports = [s for s in statements if isinstance(s, ast.Import | ast.ImportFrom)]
    return len({k for s in imports for k in range(s.lineno, s.end_lineno + 1)})


def _opening(notebook: NotebookNode) -> list[str]:
    faults = []
    first = notebook.cells[0] if notebook.cells else None
    opening = first.source if first is not None and first.cell_type == "markdown" else ""
    if not re.match(r"# \S", opening):
        faults.append("it must open with a markdown cell that starts with a title (# ...)")
    if not re.search(r"\d+\s*(minutes?|seconds)", opening):
        faults.append("its first cell must say how many minutes it runs on two cores")
    if not re.search(r"\bslides?\b", opening, re.IGNORECASE):
        faults.append("its first cell must name the slide it belongs to")
    code = [cell for _, cell in _numbered_code(notebook)]
    if not code or not re.search(r"^SCALE = scale\(", code[0].source, re.MULTILINE):
        faults.append('its first code cell must set SCALE = scale("laptop")')
    return faults


def _long_runs(notebook: NotebookNode) -> list[str]:
    faults, in_a_row, number = [], 0, 0
    for cell in notebook.cells:
        if cell.cell_type != "code":
            in_a_row = 0
            continue
        number, in_a_row = number + 1, in_a_row + 1
        if in_a_row == MAX_RUN + 1:
            faults.append(f"code cell {number} is the third in a row; say something before it")
    return faults


def _numbered_code(notebook: NotebookNode):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return enumerate(code, start=1)
