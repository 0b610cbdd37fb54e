"""Outputs outlive a module that moves, and nothing else."""

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_admin.authoring.outputs import adopt_outputs, has_current_outputs, store_outputs
from course_admin.authoring.renamed import read_names, same_but_for_names

BEHIND = {"figures": "0", "below": "1"}

NAMES = read_names(
    """
    # old                        new
    course_utils.plots_gan       course_utils.lessons.gan.figures
    course_utils.gan.views.look  course_utils.gan.game_view.look_at
    course_utils.gan.views       course_utils.gan.game_view
    """
)
BEFORE = (
    "import torch\nfrom course_utils import plots, plots_gan\nfrom course_utils.gan import views",
    "x = torch.zeros(3)\nplots_gan.push(x, views.look(x))\nviews.other(x).mean()",
    "def f():\n    from course_utils.gan.views import look\n    return look(plots.figure)",
)
AFTER = (
    "import torch\nfrom course_utils import plots\nfrom course_utils.gan import game_view",
    "from course_utils.lessons.gan import figures\nx = torch.zeros(3)\n"
    "figures.push(x, game_view.look_at(x))\ngame_view.other(x).mean()",
    "def f():\n    from course_utils.gan.game_view import look_at as see\n"
    "    return see(plots.figure)",
)


def notebook(sources):
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def test_a_module_and_a_function_that_moved_leave_the_code_as_it_was():
    assert same_but_for_names(notebook(BEFORE), notebook(AFTER), NAMES)
    assert not same_but_for_names(notebook(BEFORE), notebook(AFTER), {})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("figures.push", "figures.pull"),
        ("look_at(x)", "look_up(x)"),
        ("see(plots", "look_at(plots"),  # no such name is bound
        ("plots.figure", "figures.figure"),
        ("torch.zeros(3)", "torch.zeros(4)"),
        ("import torch\n", ""),  # of other packages every import counts
        ("mean()", "mean();"),
        ("gan import game_view", "gan import field as game_view"),
    ],
)
def test_whatever_else_differs_is_other_code(old, new):
    other = [cell.replace(old, new) for cell in AFTER]
    assert other != list(AFTER)
    assert not same_but_for_names(notebook(BEFORE), notebook(other), NAMES)


def test_a_variable_of_the_same_name_is_no_module():
    one = "from course_utils.gan import views\nviews = 3\nviews.real"
    two = "from course_utils.gan import game_view\ngame_view = 3\ngame_view.real"
    assert not same_but_for_names(notebook([one]), notebook([two]), NAMES)


def test_dotted_imports_are_followed():
    one = "import course_utils.gan.views\ncourse_utils.gan.views.look(1)"
    two = "import course_utils.gan.game_view as view\nview.look_at(1)"
    assert same_but_for_names(notebook([one]), notebook([two]), NAMES)


def test_a_cell_with_a_magic_stands_letter_by_letter():
    assert same_but_for_names(notebook(["%time a"]), notebook(["%time a"]), NAMES)
    assert not same_but_for_names(notebook(["%time a"]), notebook(["%time b"]), NAMES)


def test_stored_outputs_are_taken_over_and_are_current_again():
    stored, fresh = notebook(BEFORE), notebook(AFTER)
    executed = notebook(BEFORE)
    executed.cells[1].outputs = [new_output("stream", text="seen")]
    store_outputs(stored, executed, BEHIND)
    assert not adopt_outputs(notebook(AFTER), stored)
    assert adopt_outputs(fresh, stored, NAMES)
    assert fresh.cells[1].outputs[0].text == "seen" and has_current_outputs(fresh)
    stored.cells[0].source += "\nplots_gan.more()"  # these outputs were made by other code
    assert not adopt_outputs(notebook(AFTER), stored, NAMES)


@pytest.mark.parametrize("line", ["one", "a b c", "a/b c.d"])
def test_a_line_that_is_no_pair_is_told(line):
    with pytest.raises(ValueError, match="not an old and a new name: "):
        read_names(f"a.b c.d\n{line}")


def test_an_old_name_has_one_new_one():
    with pytest.raises(ValueError, match=r"a\.b stands twice"):
        read_names("a.b c.d\na.b c.e")
