"""Whether the generated notebooks are what the sources say, and keep to the rules."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_admin.authoring.build import build, orphans
from course_admin.authoring.digests import digests
from course_admin.authoring.layout import Layout, select
from course_admin.authoring.outputs import MARK, has_current_outputs
from course_admin.authoring.rules import lesson_faults, long_cells


def drift(layout: Layout, names: list[str] | None = None) -> list[str]:
    """Generated files that differ from what their sources give now, and files without source."""
    faults = []
    with tempfile.TemporaryDirectory(prefix="drift-") as folder:
        fresh = Layout(Path(folder))
        for path in build(layout, names, target=fresh):
            relative = path.relative_to(fresh.root)
            committed = layout.root / relative
            if not committed.is_file():
                faults.append(f"{relative} is missing: run `make notebooks`")
            elif committed.read_bytes() != path.read_bytes():
                faults.append(f"{relative} differs from its source: run `make notebooks`")
    if not names:
        stray = [path.relative_to(layout.root) for path in orphans(layout)]
        faults += [f"{path} comes from no source: remove it" for path in stray]
    return faults


def unexecuted(layout: Layout, names: list[str] | None = None) -> list[str]:
    """Lessons without outputs, or with code that is newer than the outputs they store."""
    faults = []
    for source in select(layout.lesson_sources, names or []):
        path = layout.lesson(source)
        if path.is_file() and not has_current_outputs(nbformat.read(path, as_version=4)):
            number = source.stem.split("_")[0]
            faults.append(f"{path.name} has no outputs of its code: run `make execute N={number}`")
    return faults


def redrawn(layout: Layout, names: list[str] | None = None) -> list[str]:
    """Lessons that store pictures of figures which have changed since."""
    return [
        f"{path.name} shows figures as they were before: run `make execute N={path.stem[:2]}`"
        for path in _other_than_stored(layout, names or [], "figures")
    ]


def older_below(layout: Layout, names: list[str] | None = None) -> list[str]:
    """Lessons whose outputs were made with other code below their figures: nothing is wrong yet."""
    return [path.name for path in _other_than_stored(layout, names or [], "below")]


def _other_than_stored(layout: Layout, names: list[str], part: str) -> list[Path]:
    found = []
    for source in select(layout.lesson_sources, names):
        path = layout.lesson(source)
        if path.is_file():
            notebook = nbformat.read(path, as_version=4)
            stored = notebook.metadata.get(MARK, {})
            if stored and stored.get(part) != digests(notebook, layout.root)[part]:
                found.append(path)
    return found


def broken_rules(layout: Layout) -> list[str]:
    """Lessons and assignments that break a rule of `rules`, with the rule; missing ones are not."""
    faults = []
    for source in select(layout.lesson_sources, []):
        faults += _judge(layout.lesson(source), lesson_faults)
    for source in select(layout.solution_sources, []):
        faults += _judge(layout.solution(source), long_cells)
    return faults


def _judge(path: Path, judge: Callable[[NotebookNode], list[str]]) -> list[str]:
    if not path.is_file():
        return []
    return [f"{path.stem}: {fault}" for fault in judge(nbformat.read(path, as_version=4))]
