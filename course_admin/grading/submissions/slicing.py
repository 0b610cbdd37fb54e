"""Which statements of the instructor's notebook a hidden test needs, and which names it asks for.

The judge does not run the whole notebook again. From a test's names it works backwards:
a name bound by an instructor's cell brings in the binding statement and, recursively, the
names that one reads; a name bound by a solution cell is asked of the student's process.
Statements that only *do* something (a bare call, a loop of prints) are not brought in: what a
test relies on belongs into the test, or into an assignment or definition above it.
"""

from __future__ import annotations

import ast
import builtins
from dataclasses import dataclass, field

from IPython.core.inputtransformer2 import TransformerManager

BUILT_IN = frozenset(dir(builtins)) | {"__name__", "__file__", "display", "get_ipython"}


@dataclass(frozen=True)
class Statement:
    """One top-level statement and the names it binds and reads."""

    source: str
    binds: frozenset[str]
    reads: frozenset[str]
    student: bool  # from a solution cell


@dataclass
class Needs:
    """What must happen before a test: statements in order, and names asked of the student."""

    statements: list[Statement] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def statements(source: str, *, student: bool = False) -> list[Statement]:
    """Top-level statements of a cell that bind names; none where the cell does not parse.

    Of a solution cell's statements, imports count as the instructor's.
    """
    try:
        text = TransformerManager().transform_cell(source)
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return []
    found = []
    for node in tree.body:
        binds = _binds(node)
        if binds:
            own = student and not isinstance(node, (ast.Import, ast.ImportFrom))
            found.append(Statement(ast.unparse(node), binds, _reads(node), own))
    return found


def names_read(source: str) -> frozenset[str]:
    """Every name a cell reads, also inside its functions."""
    try:
        return _reads(ast.parse(TransformerManager().transform_cell(source)))
    except (SyntaxError, ValueError):
        return frozenset()


def names_defined(source: str) -> frozenset[str]:
    """Names that a cell binds at its top level, other than by an import."""
    return frozenset().union(*(s.binds for s in statements(source, student=True) if s.student))


def needs(test: str, before: list[Statement]) -> Needs:
    """Statements among `before`, and student's names, that `test` depends on."""
    chosen: set[int] = set()
    asked: dict[str, None] = {}
    queue = sorted(names_read(test))
    seen: set[str] = set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        binding = [k for k, statement in enumerate(before) if name in statement.binds]
        if not binding:
            if name not in BUILT_IN:
                asked[name] = None
        elif before[binding[-1]].student:
            asked[name] = None
        else:
            mine = [k for k in binding if not before[k].student]
            chosen.update(mine)
            queue.extend(other for k in mine for other in sorted(before[k].reads))
    local = frozenset().union(*(s.binds for s in statements(test)), frozenset())
    return Needs(
        [before[k] for k in sorted(chosen)],
        [name for name in asked if name not in local or _bound_by_student(name, before)],
    )


def _bound_by_student(name: str, before: list[Statement]) -> bool:
    return any(name in statement.binds and statement.student for statement in before)


def _binds(node: ast.stmt) -> frozenset[str]:
    """Names that a statement binds, or changes by item, attribute or augmented assignment."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return frozenset({node.name})
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return frozenset((alias.asname or alias.name).split(".")[0] for alias in node.names)
    found = set()
    for part in _walk_outside_functions(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        elif isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            root = part.value
            while isinstance(root, (ast.Subscript, ast.Attribute)):
                root = root.value
            if isinstance(root, ast.Name):
                found.add(root.id)
        elif isinstance(part, (ast.FunctionDef, ast.ClassDef)):
            found.add(part.name)
        elif isinstance(part, (ast.Import, ast.ImportFrom)):
            found.update(_binds(part))
    return frozenset(found)


def _walk_outside_functions(node: ast.AST) -> list[ast.AST]:
    found, queue = [], [node]
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp,
             ast.SetComp, ast.DictComp, ast.GeneratorExp)  # fmt: skip
    while queue:
        part = queue.pop()
        found.append(part)
        if not isinstance(part, inner):
            queue.extend(ast.iter_child_nodes(part))
    return found


def _reads(node: ast.AST) -> frozenset[str]:
    return frozenset(
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    )
