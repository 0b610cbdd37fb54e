"""Stored outputs: tied to the code that made them, and small enough for a repository."""

import ast
import base64
import hashlib
import io
import json
import re
import tokenize

from nbformat import NotebookNode

PICTURE_LIMIT = 300_000  # bytes of PNG per picture
TEXT_LIMIT = 50_000  # characters per text or HTML output
FIGURE_LIMIT = 300_000  # characters of plotly's JSON per figure
LOSSY_FROM = 150_000  # above it a picture is reduced to 256 colours
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
PLOTLY = "application/vnd.plotly.v1+json"
MARK = "course"  # our key in the notebook's metadata
UNSAID = {"ctx", "kind", "type_comment", "type_ignores"}  # follow from the rest, or do nothing
LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_digest(notebook: NotebookNode) -> str:
    """SHA-256 of what all code cells do, in order: prose, comments and layout do not count."""
    code = "\0".join(code_of(cell.source) for cell in _code_cells(notebook))
    return hashlib.sha256(code.encode()).hexdigest()


def code_of(source: str) -> str:
    """Code of one cell as text that comments and layout leave alone, as does Python's version.

    A cell that is not Python alone, one with an IPython magic, stands for itself letter by letter.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    return _written(tree) + (";" if _is_silent(source) else "")


def has_current_outputs(notebook: NotebookNode) -> bool:
    """Whether the notebook stores outputs, and they were made by the code it holds now."""
    return notebook.metadata.get(MARK, {}).get("executed") == code_digest(notebook)


def adopt_outputs(fresh: NotebookNode, stored: NotebookNode) -> bool:
    """Copy stored outputs into the freshly built notebook when its code is what made them."""
    if stored.metadata.get(MARK, {}).get("executed") != code_digest(fresh):
        return False
    pairs = zip(_code_cells(fresh), _code_cells(stored), strict=True)
    for number, (new, old) in enumerate(pairs, start=1):
        new.outputs, new.execution_count = old.outputs, number
    fresh.metadata[MARK] = {"executed": code_digest(fresh)}
    return True


def store_outputs(fresh: NotebookNode, executed: NotebookNode) -> None:
    """Put the cleaned outputs of an execution of the same code into the built notebook.

    Raises:
        ValueError: when an output is too large, brings a script, or cannot be seen where plotly
            draws nothing; the message names the cell.
    """
    pairs = zip(_code_cells(fresh), _code_cells(executed), strict=True)
    for number, (new, old) in enumerate(pairs, start=1):
        try:
            new.outputs = clean_outputs(old.outputs, number)
        except ValueError as problem:
            raise ValueError(f"code cell {number} ({first_line(new)}): {problem}") from problem
        new.execution_count = number
    fresh.metadata[MARK] = {"executed": code_digest(fresh)}


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


def _written(part) -> str:
    """Syntax tree as text; what is empty is left out, as versions of Python differ in that."""
    if isinstance(part, ast.JoinedStr):  # some versions end a nested format with ""
        values = [value for value in part.values if getattr(value, "value", None) != ""]
        return f"JoinedStr({_written(values)})"
    if isinstance(part, ast.AST):
        said = [(name, value) for name, value in ast.iter_fields(part) if name not in UNSAID]
        fields = [f"{name}={_written(value)}" for name, value in said if value not in (None, [])]
        return f"{type(part).__name__}({', '.join(fields)})"
    if isinstance(part, list):
        return f"[{', '.join(map(_written, part))}]"
    return ascii(part)  # `repr` would depend on the version of Unicode


def _is_silent(source: str) -> bool:
    """Whether the cell ends with a semicolon, for which Jupyter does not show its last value."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type not in LAYOUT][-1:] == [";"]


def _code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
