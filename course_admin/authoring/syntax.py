"""Code cells as text that comments, layout and the version of Python leave alone."""

import ast
import io
import tokenize

from nbformat import NotebookNode

UNSAID = {"ctx", "kind", "type_comment", "type_ignores"}  # follow from the rest, or do nothing
LAYOUT = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE),
    *(tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER),
}


def code_of(source: str, change: ast.NodeTransformer | None = None) -> str:
    """Code of one cell as text that comments and layout leave alone, as does Python's version.

    A cell that is not Python alone, one with an IPython magic, stands for itself letter by letter.
    change: what is done to the syntax tree before.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return source
    return _written(change.visit(tree) if change else tree) + (";" if _is_silent(source) else "")


def _written(part: object) -> str:
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


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The notebook's code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]
