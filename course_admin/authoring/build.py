"""From `sources/` to `notebooks/`, `solutions/` and `assignments/`."""

from pathlib import Path

import nbformat

from course_admin.authoring.convert import notebook_bytes, notebook_from_text
from course_admin.authoring.layout import Layout, select
from course_admin.authoring.outputs import adopt_outputs
from course_admin.authoring.release import student_version


def build(
    layout: Layout,
    names: list[str] | None = None,
    target: Layout | None = None,
    renamed: dict[str, str] | None = None,
) -> list[Path]:
    """Generate all notebooks of the course, or those whose names start with one of `names`.

    Stored outputs are taken over from `layout.lessons` as long as the code that made them is
    unchanged, or differs from it only by the dotted names in `renamed`, old and new. With
    `target` the files go below another root.

    Returns:
        The files whose bytes changed.

    Raises:
        ValueError: when a source is wrong, or a name fits none.
    """
    target, names = target or layout, names or []
    lessons = _matching(layout.lesson_sources, names)
    solutions = _matching(layout.solution_sources, names)
    if names and not lessons + solutions:
        select(layout.lesson_sources, names)  # raises, and lists what there is
    changed = []
    for source in lessons:
        changed += _write(target.lesson(source), lesson_bytes(layout, source, renamed))
    for source in solutions:
        solved = target.solution(source)
        changed += _write(solved, notebook_bytes(_notebook(source)))
        released = student_version(solved, layout.root / "nbgrader_config.py")
        changed += _write(target.assignment(source), released)
    return changed


def lesson_bytes(layout: Layout, source: Path, renamed: dict[str, str] | None = None) -> bytes:
    """Generated lesson, with the outputs that its stored version still has a right to."""
    notebook = _notebook(source)
    stored = layout.lesson(source)
    if stored.is_file():
        adopt_outputs(notebook, nbformat.read(stored, as_version=4), renamed)
    return notebook_bytes(notebook)


def orphans(layout: Layout) -> list[Path]:
    """Files in the three generated folders that no source accounts for."""
    expected = {layout.lesson(s) for s in select(layout.lesson_sources, [])}
    for source in select(layout.solution_sources, []):
        expected |= {layout.solution(source), layout.assignment(source)}
    found = {
        path
        for folder in (layout.lessons, layout.solutions, layout.assignments)
        for path in folder.rglob("*")
        if path.is_file() and ".ipynb_checkpoints" not in path.parts
    }
    return sorted(found - expected)


def _matching(folder: Path, names: list[str]) -> list[Path]:
    sources = select(folder, [])
    return [s for s in sources if not names or s.stem.startswith(tuple(names))]


def _notebook(source: Path) -> nbformat.NotebookNode:
    try:
        return notebook_from_text(source.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise ValueError(f"{source.name}: {problem}") from problem


def _write(path: Path, data: bytes) -> list[Path]:
    """Write only what differs, so that nothing looks new that is not."""
    if path.is_file() and path.read_bytes() == data:
        return []
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return [path]
