"""Stored outputs: tied to the code that made them, and small enough for a repository."""

import base64
import io
import json
import re

from nbformat import NotebookNode

from course_admin.authoring.digests import code_digest
from course_admin.authoring.renamed import same_but_for_names
from course_admin.authoring.syntax import code_cells

PICTURE_LIMIT = 300_000  # bytes of PNG per picture
TEXT_LIMIT = 50_000  # characters per text or HTML output
FIGURE_LIMIT = 300_000  # characters of plotly's JSON per figure
LOSSY_FROM = 150_000  # above it a picture is reduced to 256 colours
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PLOTLY = "application/vnd.plotly.v1+json"
MARK = "course"  # our key in the notebook's metadata


def has_current_outputs(notebook: NotebookNode) -> bool:
    """Whether the notebook stores outputs, and they were made by the code it holds now."""
    return notebook.metadata.get(MARK, {}).get("executed") == code_digest(notebook)


def adopt_outputs(
    fresh: NotebookNode, stored: NotebookNode, names: dict[str, str] | None = None
) -> bool:
    """Copy stored outputs into the freshly built notebook when its code is what made them.

    names: old and new dotted names of the course; code that differs in these alone is the same.
    """
    same = stored.metadata.get(MARK, {}).get("executed") == code_digest(fresh)
    if not same and names and has_current_outputs(stored):
        same = same_but_for_names(stored, fresh, names)
    if not same:
        return False
    pairs = zip(code_cells(fresh), code_cells(stored), strict=True)
    for number, (new, old) in enumerate(pairs, start=1):
        new.outputs, new.execution_count = old.outputs, number
    fresh.metadata[MARK] = {**stored.metadata[MARK], "executed": code_digest(fresh)}
    return True


def store_outputs(fresh: NotebookNode, executed: NotebookNode, behind: dict[str, str]) -> None:
    """Put the cleaned outputs of an execution of the same code into the built notebook.

    behind: digests of the figures and of what is below them, when it was executed.

    Raises:
        ValueError: when an output is too large, brings a script, or cannot be seen where plotly
            draws nothing; the message names the cell.
    """
    pairs = zip(code_cells(fresh), code_cells(executed), strict=True)
    for number, (new, old) in enumerate(pairs, start=1):
        try:
            new.outputs = clean_outputs(old.outputs, number)
        except ValueError as problem:
            raise ValueError(f"code cell {number} ({first_line(new)}): {problem}") from problem
        new.execution_count = number
    fresh.metadata[MARK] = {"executed": code_digest(fresh), **behind}


def clean_outputs(outputs: list[NotebookNode], number: int) -> list[NotebookNode]:
    """Static outputs only: no widget, no stderr; streams joined, progress lines settled.

    Raises:
        ValueError: when an output is larger than its limit, brings a script, or is a plotly
            figure without a picture or words beside it.
    """
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif "data" in output:
            if WIDGET_VIEW in output.data:
                continue
            _check_script(output.data)
            _check_figure(output.data)
            _shrink(output.data)
            if output.output_type == "execute_result":
                output.execution_count = number
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = settle_lines(output.text)
            _check_text("printed text", output.text)
    return kept


def settle_lines(text: str) -> str:
    """What a terminal shows in the end, when lines were overwritten by carriage returns."""
    settled = []
    for line in text.replace("\r\n", "\n").split("\n"):
        parts = [part for part in line.split("\r") if part]
        settled.append(parts[-1].rstrip() if len(parts) > 1 else line.strip("\r"))
    return re.sub("\x1b\\[[0-9;]*[A-Z]", "", "\n".join(settled))


def smaller_png(png: bytes) -> bytes:
    """The same picture in fewer bytes and without comments; 256 colours when it is large.

    Raises:
        ValueError: when it still exceeds 300 KB.
    """
    from PIL import Image

    picture = Image.open(io.BytesIO(png))
    dpi = picture.info.get("dpi")
    if picture.mode == "RGBA" and picture.getextrema()[3] == (255, 255):
        picture = picture.convert("RGB")
    best = _encoded(picture, dpi)
    if len(best) > LOSSY_FROM:
        best = min(best, _encoded(_few_colours(picture), dpi), key=len)
    if len(best) > PICTURE_LIMIT:
        size = "×".join(map(str, picture.size))
        raise ValueError(
            f"its picture ({size} pixels) takes {len(best) // 1000} KB, more than "
            f"{PICTURE_LIMIT // 1000} KB; draw it smaller or with fewer points"
        )
    return best


def first_line(cell: NotebookNode) -> str:
    """First line of a cell, to tell the reader which one is meant."""
    lines = cell.source.strip().splitlines() or ["(empty)"]
    return lines[0][:60]


def _shrink(data: dict) -> None:
    for kind, content in data.items():
        if kind == "image/png":
            png = smaller_png(base64.b64decode(content))
            data[kind] = base64.b64encode(png).decode()
        elif isinstance(content, str):
            limit = 4 * PICTURE_LIMIT // 3 if kind.startswith("image/") else TEXT_LIMIT
            _check_text(f"its {kind} output", content, limit)


def _check_figure(data: dict) -> None:
    """A plotly figure is small, and readers for whom nothing draws it see and read the same."""
    if PLOTLY not in data:
        return
    length = len(json.dumps(data[PLOTLY], separators=(",", ":")))
    if length > FIGURE_LIMIT:
        raise ValueError(
            f"its plotly figure has {length} characters, more than {FIGURE_LIMIT}; "
            "show smaller meshes or fewer points"
        )
    if not data.get("image/png"):
        raise ValueError("its plotly figure has no picture (image/png) beside it")
    words = data.get("text/plain", "").strip()
    if not words or words.startswith(("<", "Figure(", "FigureWidget(")):
        raise ValueError("its plotly figure has no words (text/plain) that say what is to be seen")


def _check_script(data: dict) -> None:
    if "<script" in data.get("text/html", "").lower():
        raise ValueError("its HTML brings a script; a stored output must be still")


def _check_text(what: str, text: str, limit: int = TEXT_LIMIT) -> None:
    if len(text) > limit:
        raise ValueError(f"{what} has {len(text)} characters, more than {limit}; show less")


def _few_colours(picture):
    from PIL import Image

    if picture.mode == "RGBA":  # the one method that keeps transparency; it cannot dither
        return picture.quantize(256, method=Image.Quantize.FASTOCTREE)
    picture = picture.convert("RGB")
    return picture.quantize(palette=picture.quantize(256, method=Image.Quantize.MEDIANCUT))


def _encoded(picture, dpi) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True, **({"dpi": dpi} if dpi else {}))
    return buffer.getvalue()
