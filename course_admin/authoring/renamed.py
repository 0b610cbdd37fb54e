"""When a module or a function of the course moves, lessons say the same in other words.

    names = read_names("course_utils.plots_gan course_utils.lessons.gan_minimax.figures")
    same_but_for_names(before, after, names)  # two notebooks

Stored outputs then stay what this code would print and draw, and nobody has to wait for it.
"""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode

from course_admin.authoring.syntax import code_cells, code_of

COURSE = "course_utils"


def read_names(text: str) -> dict[str, str]:
    """Dotted names from a text with one pair a line, the old one and the new one.

    Empty lines and those that start with # do not count.

    Raises: ValueError for a line that is no such pair, or when an old name comes twice.
    """
    names: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not re.fullmatch(r"\s*[\w.]+\s+[\w.]+\s*", line):
            raise ValueError(f"not an old and a new name: {line.strip()}")
        old, new = line.split()
        if old in names:
            raise ValueError(f"{old} stands twice among the old names")
        names[old] = new
    return names


def same_but_for_names(before: NotebookNode, after: NotebookNode, names: dict[str, str]) -> bool:
    """Whether two notebooks' code is the same, cell by cell, once old names are the new ones.

    What is imported from the course is compared by its full dotted name wherever it is used, so
    that import lines themselves may change, move and split. All else must be equal.
    """
    resolved = []
    for notebook, table in ((before, names), (after, {})):
        resolver = _Resolver(table)
        resolved.append([code_of(cell.source, resolver) for cell in code_cells(notebook)])
    return resolved[0] == resolved[1]


class _Resolver(ast.NodeTransformer):
    """Replaces what the course's imports bound by dotted names; one for all cells, in order."""

    def __init__(self, names: dict[str, str]) -> None:
        self.bound: dict[str, str] = {}
        self.names = names

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        for alias in node.names:
            if _is_ours(alias.name):
                self.bound[alias.asname or COURSE] = alias.name if alias.asname else COURSE
        node.names = [alias for alias in node.names if not _is_ours(alias.name)]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        if not _is_ours(node.module or ""):
            return node
        for alias in node.names:
            self.bound[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return None

    def visit_Name(self, node: ast.Name) -> ast.Name:
        if not isinstance(node.ctx, ast.Load):
            self.bound.pop(node.id, None)  # from here on it is a variable
        return ast.Name(self._new(self.bound[node.id])) if node.id in self.bound else node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        words, inner = [node.attr], node.value
        while isinstance(inner, ast.Attribute):
            words, inner = [inner.attr, *words], inner.value
        if isinstance(inner, ast.Name) and inner.id in self.bound:
            return ast.Name(self._new(".".join([self.bound[inner.id], *words])))
        return self.generic_visit(node)

    def _new(self, name: str) -> str:
        """The name with its longest known beginning replaced."""
        words = name.split(".")
        for length in range(len(words), 0, -1):
            known = self.names.get(".".join(words[:length]))
            if known:
                return ".".join([known, *words[length:]])
        return name


def _is_ours(name: str) -> bool:
    return name == COURSE or name.startswith(COURSE + ".")
