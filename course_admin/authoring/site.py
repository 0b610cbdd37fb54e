"""Lessons with their stored outputs as plain HTML pages, to read without a kernel."""

import html
from pathlib import Path

import nbformat

from course_admin.authoring.layout import Layout, select

PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>The course, to read</title>
<style>body {{ font: 1.1rem/1.6 system-ui; max-width: 42rem; margin: 3rem auto; }}</style>
</head><body><h1>The course, to read</h1>
<p>Widgets need a kernel: run <code>make lab</code> to use them.</p>
<ol start="0">
{items}
</ol></body></html>
"""


def write(layout: Layout, folder: Path) -> Path:
    """Write one page per lesson and an index into `folder`; returns the index.

    Raises:
        ValueError: when a lesson has not been built.
    """
    from nbconvert import HTMLExporter

    exporter = HTMLExporter(require_js_url="", jquery_url="", embed_images=True)
    folder.mkdir(parents=True, exist_ok=True)
    items = []
    for source in select(layout.lesson_sources, []):
        path = layout.lesson(source)
        if not path.is_file():
            raise ValueError(f"{path.name} is missing: run `make notebooks` first")
        notebook = nbformat.read(path, as_version=4)
        body, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title(notebook)}})
        (folder / f"{source.stem}.html").write_text(body, encoding="utf-8")
        items.append(f'<li><a href="{source.stem}.html">{html.escape(title(notebook))}</a></li>')
    index = folder / "index.html"
    index.write_text(PAGE.format(items="\n".join(items)), encoding="utf-8")
    return index


def title(notebook: nbformat.NotebookNode) -> str:
    """First heading of a notebook, without its mark."""
    first = notebook.cells[0].source.splitlines()[0] if notebook.cells else ""
    return first.lstrip("# ").strip() or "Untitled"
