"""From percent-format text to notebook bytes."""

import json

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from course_admin.authoring.convert import expand_nbgrader, notebook_bytes, notebook_from_text

TEXT = """# ---
# jupyter:
#   kernelspec: {name: something-else, display_name: Other}
# ---

# %% [markdown]
# # Title

# %%
x = 1

# %%
x = 1

# %% tags=["wide"]
x = 2


# %% nbgrader={"grade_id": "value", "kind": "solution"}
def value():
    return 1
"""


def cells(text: str = TEXT) -> list:
    return notebook_from_text(text).cells


def test_the_same_text_gives_the_same_bytes():
    assert notebook_bytes(notebook_from_text(TEXT)) == notebook_bytes(notebook_from_text(TEXT))


def test_the_header_of_the_text_does_not_matter():
    body = TEXT.split("# ---\n\n")[1]
    assert notebook_bytes(notebook_from_text(body)) == notebook_bytes(notebook_from_text(TEXT))


def test_bytes_are_a_valid_notebook_with_nothing_of_the_converter_in_it():
    data = json.loads(notebook_bytes(notebook_from_text(TEXT)))
    nbformat.validate(nbformat.from_dict(data))
    assert data["metadata"]["kernelspec"]["name"] == "python3"
    assert "jupytext" not in data["metadata"]
    allowed = {"nbgrader", "tags"}
    assert all(set(cell["metadata"]) <= allowed for cell in data["cells"])


def test_ids_come_from_content_and_are_unique():
    ids = [cell.id for cell in cells()]
    assert ids[-1] == "value"
    assert ids[2] == f"{ids[1]}-2"  # the same source twice
    assert len(set(ids)) == len(ids)
    moved = cells(TEXT.replace("# # Title", "# # Another title"))
    assert [cell.id for cell in moved][1:] == ids[1:]
    assert moved[0].id != ids[0]


def test_the_kind_of_a_cell_is_part_of_its_id():
    same = cells("# %% [markdown]\n# 1\n\n# %%\n1\n")
    assert [cell.source for cell in same] == ["1", "1"]
    assert not same[1].id.startswith(same[0].id)


@pytest.mark.parametrize("kind", ["solution", "test", "readonly", "manual", "task"])
def test_every_kind_is_metadata_that_nbgrader_accepts(kind):
    short = {"grade_id": "value", "kind": kind}
    if kind in ("test", "manual", "task"):
        short["points"] = 2
    cell_type = "markdown" if kind in ("manual", "task") else "code"
    source = "# words" if cell_type == "markdown" else "x = 1"
    mark = " [markdown]" if cell_type == "markdown" else ""
    notebook = notebook_from_text(f"# %%{mark} nbgrader={json.dumps(short)}\n{source}\n")
    MetadataValidator().validate_nb(notebook)
    assert notebook.cells[0].metadata.nbgrader.schema_version == 3


@pytest.mark.parametrize(
    ("short", "cell_type", "message"),
    [
        ({"grade_id": "a", "kind": "answer"}, "code", "'answer' is none of"),
        ({"kind": "solution"}, "code", "grade_id"),
        ({"grade_id": "a", "kind": "solution", "points": 1}, "code", "points"),
        ({"grade_id": "a", "kind": "test"}, "code", "points"),
        ({"grade_id": "a", "kind": "test", "points": 1}, "markdown", "markdown cell cannot"),
        ({"grade_id": "a", "kind": "task", "points": 1}, "code", "code cell cannot"),
        ({"grade_id": "a", "kind": "solution", "grade": True}, "code", "only"),
    ],
)
def test_wrong_metadata_is_refused_in_words(short, cell_type, message):
    with pytest.raises(ValueError, match=message):
        expand_nbgrader(short, cell_type)


def test_a_grade_id_used_twice_is_refused():
    twice = TEXT + TEXT[TEXT.index("# %% nbgrader") :]
    with pytest.raises(ValueError, match="'value' is used twice"):
        notebook_from_text(twice)


def test_a_grade_id_with_spaces_is_refused():
    with pytest.raises(ValueError, match="letters, digits"):
        notebook_from_text(TEXT.replace('"value"', '"the value"'))


def test_a_raw_cell_is_refused():
    with pytest.raises(ValueError, match="raw cell"):
        notebook_from_text("# %% [raw]\n# text\n")
