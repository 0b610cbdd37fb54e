"""Points of exercises and questions, from the solved notebooks: they stand nowhere else."""

import json

from course_utils.checks import rooms
from tests.sources import ROOT


def graded_points(assignment: str) -> dict[str, float]:
    """Points of each exercise and question, by name: they stand in the solved notebook alone."""
    path = ROOT / "solutions" / assignment / f"{assignment}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    marked = [cell["metadata"].get("nbgrader", {"points": 0}) for cell in cells]
    tests = [data for data in marked if data.get("points") and data["locked"]]
    return {data["grade_id"].removeprefix("test_"): data["points"] for data in tests}


POINTS = {n: points for a in rooms.assignments() for n, points in graded_points(a).items()}
