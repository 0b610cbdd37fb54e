"""Answers to every exercise, in a room for each assignment: a module an exercise.

`WRONG[misconception]` is a list of variants of one mistake, `RIGHT[way]` a right answer in other
words, `MARKS[misconception]` what the first variant of a mistake earns. They never ship; only the
numbers by which the wrong ones are recognised do.
"""

import importlib
import json

from course_utils.checks import rooms
from tests.sources import ROOT

_MODULES = {
    name: importlib.import_module(f"{__name__}.{assignment}.{name}")
    for assignment, names in rooms.assignments().items()
    for name in names
}
NAMES = tuple(_MODULES)
WRONG = {name: module.WRONG for name, module in _MODULES.items()}
RIGHT = {name: module.RIGHT for name, module in _MODULES.items()}
MARKS = {name: module.MARKS for name, module in _MODULES.items()}


def graded_points(assignment: str) -> dict[str, float]:
    """Points of each exercise and question, by name: they stand in the solved notebook alone."""
    path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    marked = [cell["metadata"].get("nbgrader", {"points": 0}) for cell in cells]
    tests = [data for data in marked if data.get("points") and data["locked"]]
    return {data["grade_id"].removeprefix("test_"): data["points"] for data in tests}


POINTS = {n: points for a in rooms.assignments() for n, points in graded_points(a).items()}
