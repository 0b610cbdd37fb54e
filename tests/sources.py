"""The project's own source, parsed: what the architecture tests look at."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = tuple(  # what is shipped, by whatever name it stands at the top
    path.parent
    for path in sorted(ROOT.glob("*/__init__.py"))
    if path.parent.name not in ("tests", "benchmarks")
)
NAMES = {path.name for path in PACKAGES}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One module of the packages."""

    path: Path

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(part for part in parts if part != "__init__")

    @property
    def area(self) -> str:
        """The part of its package it belongs to: `gan`, `live`, `training`, ..."""
        return area_of(self.name)

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"))

    @cache  # noqa: B019  (modules live as long as the tests)
    def imports(self, everywhere: bool = True) -> frozenset[str]:
        """Dotted names it imports; with `everywhere` False only what runs at import time."""
        nodes = ast.walk(self.tree) if everywhere else _at_import(self.tree)
        package = self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]
        found = set()
        for node in nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = _absolute(node, package)
                found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
        return frozenset(found)

    def public_functions(self) -> Iterator[tuple[str, Function]]:
        """Functions and methods whose names, and whose class's name, do not start with `_`."""
        for node in self.tree.body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield node.name, node
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                for inner in node.body:
                    if isinstance(inner, Function) and not inner.name.startswith("_"):
                        yield f"{node.name}.{inner.name}", inner

    def offered_functions(self) -> Iterator[tuple[str, Function]]:
        """Public functions that its package offers: all, unless it lists them."""
        offered = names_offered(self.path.parent / "__init__.py")
        for name, function in self.public_functions():
            if offered is None or name.split(".")[0] in offered:
                yield name, function

    def documented(self) -> str:
        """All its docstrings, joined."""
        kinds = (ast.Module, ast.ClassDef, *Function.__args__)
        nodes = [node for node in ast.walk(self.tree) if isinstance(node, kinds)]
        return "\n".join(ast.get_docstring(node) or "" for node in nodes)


@cache
def all_modules() -> tuple[Module, ...]:
    """Every module of the packages, each parsed at most once."""
    return tuple(Module(path) for package in PACKAGES for path in sorted(package.rglob("*.py")))


@cache
def areas() -> set[str]:
    """Parts of the packages: folders and single modules below them."""
    return {module.area for module in all_modules() if module.area}


def area_of(name: str) -> str:
    """The part that a dotted name belongs to: the second word, "" for all but the course's own.

    What installs and opens the course is one part, by the name of its package.
    """
    package, _, rest = name.partition(".")
    part = package if package == "bootstrap" else rest.split(".")[0]
    return part if package in NAMES else ""


def modules(*chosen: str) -> list[Module]:
    """Modules of the packages, or of some of their parts.

    Raises: LookupError for a part that is gone, since a rule about it would hold for nothing.
    """
    gone = set(chosen) - areas()
    if gone:
        raise LookupError(
            f"no part of the course is named {', '.join(sorted(gone))}: was it moved?"
        )
    return [module for module in all_modules() if not chosen or module.area in chosen]


def names_offered(package: Path) -> set[str] | None:
    """Names that a package's `__init__` lists or imports; None when it does neither."""
    imported = set()
    for node in ast.parse(package.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
    return imported or None


def project_files() -> list[Path]:
    """Files that are, or would be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, cwd=ROOT).decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def _at_import(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from _at_import(node)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    above = parts[: len(parts) - node.level + 1]
    return ".".join([*above, node.module] if node.module else above)
