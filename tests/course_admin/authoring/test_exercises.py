"""One cell of a source becomes the three of an exercise, and the table of points."""

import pytest

from course_admin.authoring.convert import notebook_from_text

TEXT = """# %% [markdown]
# Points:
#
# {points}

# %% tags=["wide"] nbgrader={"grade_id": "halve", "kind": "exercise", "points": 3}
def halve(number):
    ### BEGIN SOLUTION
    return number / 2
    ### END SOLUTION

# %% nbgrader={"grade_id": "how_large", "kind": "prediction", "points": 2}
prediction = ...

# %% nbgrader={"grade_id": "twice", "kind": "exercise", "points": 4}
def twice(number):
    ### BEGIN SOLUTION
    return 2 * number
    ### END SOLUTION

# %% [markdown] nbgrader={"grade_id": "why", "kind": "manual", "points": 5}
# Because.
"""


def test_an_exercise_becomes_a_solution_a_check_and_marks():
    cells = notebook_from_text(TEXT).cells
    solution, check, marks = cells[1:4]
    assert [cell.id for cell in cells[1:4]] == ["halve", "check_halve", "test_halve"]
    assert solution.source.startswith("def halve(number):") and solution.metadata.tags == ["wide"]
    assert check.source == "checks.halve(halve)" and check.metadata.nbgrader.locked
    assert 'checks.preview("halve", halve, points=3)\n### BEGIN HIDDEN TESTS\n' in marks.source
    assert 'checks.grade("halve", halve, points=3)\n### END HIDDEN TESTS' in marks.source
    points = [cell.metadata.nbgrader.get("points") for cell in cells[1:4]]
    assert points == [None, None, 3]


def test_a_prediction_is_taken_down_and_marked_later():
    check, marks = notebook_from_text(TEXT).cells[5:7]
    assert check.source == 'checks.predict("how_large", prediction)'
    assert 'checks.preview_prediction("how_large", prediction, points=2)' in marks.source
    assert 'checks.grade_prediction("how_large", prediction, points=2)' in marks.source


def test_the_table_lists_what_is_asked_in_order():
    assert notebook_from_text(TEXT).cells[0].source.splitlines() == [
        "Points:",
        "",
        "| | function | points |",
        "|---|---|---|",
        "| 1 | `halve` | 3 |",
        "| 2 | a prediction, then `twice` | 2 + 4 |",
        "| 3 | a written answer | 5 |",
    ]


def test_braces_in_code_are_left_alone():
    code = "# %%\npoints = 3\nprint(f'{points}')\n"
    assert notebook_from_text(code).cells[0].source == "points = 3\nprint(f'{points}')"


@pytest.mark.parametrize("kind", ["exercise", "prediction"])
def test_without_points_it_is_refused(kind):
    text = f'# %% nbgrader={{"grade_id": "halve", "kind": "{kind}"}}\nx = 1\n'
    with pytest.raises(ValueError, match=f"cell 'halve': {kind} needs its points"):
        notebook_from_text(text)


def test_a_prediction_without_an_exercise_has_a_row_of_its_own():
    start = TEXT.index('# %% nbgrader={"grade_id": "twice"')
    end = TEXT.index("# %% [markdown] nbgrader")
    rows = notebook_from_text(TEXT[:start] + TEXT[end:]).cells[0].source.splitlines()[4:]
    assert rows == [
        "| 1 | `halve` | 3 |",
        "| 2 | a prediction | 2 |",
        "| 3 | a written answer | 5 |",
    ]
