"""Digests that say whether stored outputs are still what a lesson would give.

One is of its code cells, one of its figures (its room, what stands beside the rooms, the house
style), one of everything that these stand on: the ideas, the data, the live views. Code counts,
comments and docstrings do not.
"""

import ast
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from nbformat import NotebookNode

from course_admin.authoring.syntax import code_cells, code_of

PACKAGE = "course_utils"
FIGURES = (f"{PACKAGE}.lessons", f"{PACKAGE}.plots")


def code_digest(notebook: NotebookNode) -> str:
    """SHA-256 of what all code cells do, in order: prose, comments and layout do not count."""
    code = "\0".join(code_of(cell.source) for cell in code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()


def digests(notebook: NotebookNode, root: Path) -> dict[str, str]:
    """SHA-256 of the code of a lesson's figures, and of what is below them.

    root: the folder that holds the course's package.

    Returns: {"figures": ..., "below": ...}.
    """
    found = sorted(modules_behind((cell.source for cell in code_cells(notebook)), root))
    drawing = [name for name in found if name.startswith(FIGURES)]
    below = [name for name in found if name not in drawing]
    return {"figures": _digest(drawing, root), "below": _digest(below, root)}


def modules_behind(sources: Iterable[str], root: Path) -> set[str]:
    """Dotted names of the course's modules that code imports, and of those that they import."""
    todo = [name for source in sources for name in _imported(source, root)]
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += _imported(_path(name, root).read_text("utf-8"), root)
    return found


def _imported(source: str, root: Path) -> list[str]:
    """Modules of the course that a piece of code names in its imports, and their packages."""
    return [name for name in _named(source) if _path(name, root).is_file()]


@cache
def _named(source: str) -> tuple[str, ...]:
    """Dotted names of the course in a piece of code's imports, with all their beginnings."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):  # a cell with an IPython magic
        return ()
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    words = [name.split(".") for name in names if name.split(".")[0] == PACKAGE]
    return tuple({".".join(each[:k]) for each in words for k in range(1, len(each) + 1)})


def _path(name: str, root: Path) -> Path:
    place = root.joinpath(*name.split("."))
    return place / "__init__.py" if place.is_dir() else place.with_suffix(".py")


def _digest(names: list[str], root: Path) -> str:
    whole = "\0".join(f"{name}\0{_digest_of(_path(name, root).read_bytes())}" for name in names)
    return hashlib.sha256(whole.encode()).hexdigest()


@cache
def _digest_of(source: bytes) -> str:
    return hashlib.sha256(code_of(source.decode(), _Undocumented()).encode()).hexdigest()


class _Undocumented(ast.NodeTransformer):
    """Takes docstrings out of modules, classes and functions."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        return node
