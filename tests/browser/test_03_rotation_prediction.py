"""Notebook 03 in JupyterLab: the picture that is turned by hand, and the slider of labels."""

import numpy as np
import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser

RADIUS = 60  # pixels between the picture's centre and the hand


def test_both_instruments_answer(open_notebook, page):
    notebook = open_notebook("03_rotation_prediction.ipynb")
    notebook.run_all()
    turn_by_hand(notebook.output("lab = RotationLab"), page)
    choose_another_picture(notebook.output("lab = RotationLab"))
    move_the_cursor(notebook.output("slider = live.explore"))


def turn_by_hand(output, page):
    """A quarter turn counter-clockwise, from the right of the picture's centre to above it."""
    canvas, readout = output.locator("canvas"), output.locator(".widget-readout")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    box = canvas.bounding_box()
    x, y = box["x"] + 0.12 * box["width"], box["y"] + 0.5 * box["height"]
    page.mouse.move(x + RADIUS, y)
    page.mouse.down()
    for angle in np.linspace(0, np.pi / 2, 12):
        page.mouse.move(x + RADIUS * np.cos(angle), y - RADIUS * np.sin(angle))
    page.mouse.up()
    wait_for_change(canvas, before, least=0.5)
    after = wait_for_rest(canvas)
    assert abs(float(readout.inner_text()) - 90) < 15
    picture = slice(0, int(0.25 * after.shape[1]))
    cursor = slice(int(0.5 * after.shape[1]), None)  # the curves stay, the cursor moves
    for part in (picture, cursor):
        assert np.abs(before - after)[:, part].max() > 50


def choose_another_picture(output):
    """The other picture lies there upright."""
    canvas = output.locator("canvas")
    before = wait_for_rest(canvas)
    output.locator("select").select_option(index=1)
    wait_for_change(canvas, before, least=0.5)
    readout = output.locator(".widget-readout")
    wait_until(canvas.page, lambda: readout.inner_text() == "0", readout.inner_text)


def move_the_cursor(output):
    """Fewer labels: the cursor stands elsewhere, and the legend tells other accuracies."""
    canvas = output.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    handle = output.locator(".noUi-handle")
    handle.focus()
    for _ in range(2):
        handle.press("ArrowLeft")
    wait_for_change(canvas, before, least=0.2)
