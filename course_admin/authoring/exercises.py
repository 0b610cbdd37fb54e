"""What every graded exercise looks like: one cell of a source becomes the three of a notebook.

`"kind": "exercise"` stands over the solved function, `"kind": "prediction"` over the answer to a
question, each with its `"points"`. They become the solution, its check and its marks; the line
`{points}` of a text becomes the table of points. So a number of points stands in one place.
"""

from collections.abc import Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

CHECKS = {"exercise": "checks.{name}({name})", "prediction": 'checks.predict("{name}", prediction)'}
MARKS = {
    "exercise": """\
# Marks for {name}: now on the check's inputs, after you hand in on others.
from course_utils import checks

checks.preview("{name}", {name}, points={points})
### BEGIN HIDDEN TESTS
checks.grade("{name}", {name}, points={points})
### END HIDDEN TESTS""",
    "prediction": """\
# Marks for the prediction: given after you hand in. Here you see only that it was recorded.
from course_utils import checks

checks.preview_prediction("{name}", prediction, points={points})
### BEGIN HIDDEN TESTS
checks.grade_prediction("{name}", prediction, points={points})
### END HIDDEN TESTS""",
}
TABLE, PREDICTION = "{points}", "a prediction"


def with_checks(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells of a source, each exercise and prediction with its check and its marks.

    Raises:
        ValueError: for an exercise or a prediction that says no points.
    """
    table = table_of_points(cells)
    found = []
    for cell in cells:
        short = cell.metadata.get("nbgrader", {})
        if short.get("kind") in CHECKS:
            found += _three(cell, **short)
        else:
            source = cell.source.replace(TABLE, table) if cell.cell_type == "markdown" else ""
            found.append(NotebookNode(cell, source=source) if source else cell)
    return found


def _three(cell: NotebookNode, grade_id: str, kind: str, points: float = 0) -> list[NotebookNode]:
    if not points:
        raise ValueError(f"cell {grade_id!r}: {kind} needs its points")
    words = {"name": grade_id, "points": points}
    solution = NotebookNode(cell)
    solution.metadata = {**cell.metadata, "nbgrader": {"grade_id": grade_id, "kind": "solution"}}
    check = {"grade_id": f"check_{grade_id}", "kind": "readonly"}
    marks = {"grade_id": f"test_{grade_id}", "kind": "test", "points": points}
    return [
        solution,
        new_code_cell(CHECKS[kind].format(**words), metadata={"nbgrader": check}),
        new_code_cell(MARKS[kind].format(**words), metadata={"nbgrader": marks}),
    ]


def table_of_points(cells: Sequence[NotebookNode]) -> str:
    """What is asked, in order, and its points; a prediction stands with the exercise after it."""
    rows: list[tuple[str, str]] = []
    for cell in cells:
        short = cell.metadata.get("nbgrader", {})
        kind, points = short.get("kind"), short.get("points")
        if kind == "prediction":
            rows.append((PREDICTION, f"{points}"))
        elif kind == "exercise":
            asked = f"`{short['grade_id']}`"
            predicted = rows.pop()[1] if rows and rows[-1][0] == PREDICTION else ""
            both = (f"{PREDICTION}, then {asked}", f"{predicted} + {points}")
            rows.append(both if predicted else (asked, f"{points}"))
        elif kind == "manual":
            rows.append(("a written answer", f"{points}"))
    lines = [f"| {n} | {asked} | {points} |" for n, (asked, points) in enumerate(rows, start=1)]
    return "\n".join(["| | function | points |", "|---|---|---|", *lines])
