"""The browser tests can fail: each thing they watch for is provoked here once."""

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_admin.authoring.convert import KERNEL
from tests.browser.helpers import (
    difference,
    drag,
    pixels,
    wait_for_change,
    wait_for_faults,
    wait_for_rest,
)

pytestmark = pytest.mark.browser

SQUARE = """
import io
import ipywidgets
from PIL import Image

def png(grey):
    buffer = io.BytesIO()
    Image.new("L", (200, 100), grey).save(buffer, "PNG")
    return buffer.getvalue()

picture = ipywidgets.Image(value=png(0), layout={"width": "200px", "height": "100px"})
live, dead = ipywidgets.IntSlider(max=255), ipywidgets.IntSlider(max=255)
live.observe(lambda change: setattr(picture, "value", png(change.new)), "value")
ipywidgets.VBox([live, dead, picture])
"""


@pytest.fixture
def write(lab):
    """Function that puts a notebook with the given code cells where JupyterLab can open it."""

    def written(name: str, *sources: str) -> str:
        cells = [new_code_cell(source) for source in sources]
        notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(KERNEL))
        nbformat.write(notebook, lab.folder / name)
        return name

    return written


def test_a_slider_that_redraws_is_seen_and_one_that_does_not_is_noticed(open_notebook, write):
    notebook = open_notebook(write("square.ipynb", "x = 1", SQUARE))
    notebook.run_all()
    output = notebook.output("IntSlider")
    picture, handles = output.locator("img"), output.locator(".noUi-handle")
    black = wait_for_rest(picture)
    assert np.median(black) == 0
    drag(handles.nth(1), 60)
    assert difference(black, wait_for_rest(picture)) == 0
    with pytest.raises(AssertionError, match="did not change"):
        wait_for_change(picture, black, timeout=0.5)
    drag(handles.nth(0), 60)
    assert difference(black, wait_for_change(picture, black)) > 5


def test_an_error_in_a_cell_fails_and_is_quoted(open_notebook, write):
    notebook = open_notebook(write("broken.ipynb", "1", "1 / 0", "2"))
    with pytest.raises(AssertionError, match="ZeroDivisionError: division by zero"):
        notebook.run_all()


def test_an_endless_cell_ends_the_waiting(open_notebook, write):
    notebook = open_notebook(write("endless.ipynb", "import time", "time.sleep(600)"))
    with pytest.raises(AssertionError, match=r"[01] cells done after 3 s"):
        notebook.run_all(timeout=3)


def test_page_errors_and_requests_that_leave_are_recorded(page, lab):
    page.goto(f"{lab.base}/lab?token={lab.token}")
    page.evaluate("() => { setTimeout(() => { throw new Error('planted') }, 0) }")
    page.evaluate("() => fetch('https://example.org/tracker.js').catch(() => null)")
    found, page.faults = wait_for_faults(page, 2), []
    assert any("planted" in fault for fault in found)
    assert "request leaves the machine: https://example.org/tracker.js" in found
    assert len(found) == 2


def test_pixels_are_what_is_on_the_screen(page):
    page.set_content("<div id=box style='width:40px;height:20px;background:rgb(10,20,30)'></div>")
    seen = pixels(page.locator("#box"))
    assert seen.shape == (20, 40, 3)
    assert (seen == [10, 20, 30]).all()
