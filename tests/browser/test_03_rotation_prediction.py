"""Notebook 03 in JupyterLab: the picture that is turned by hand, and the slider of labels."""

import numpy as np
import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

RADIUS = 60  # pixels between the picture's centre and the hand


def test_both_instruments_answer(open_notebook, page):
    notebook = open_notebook("03_rotation_prediction.ipynb")
    notebook.run_all(timeout=400)
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
        page.wait_for_timeout(40)
    page.mouse.up()
    wait_for_change(canvas, before, least=0.5)
    for _ in range(100):  # the picture follows the hand, and on a busy machine comes later
        if abs(float(readout.inner_text()) - 90) < 15:
            break
        page.wait_for_timeout(100)
    assert abs(float(readout.inner_text()) - 90) < 15
    after = wait_for_rest(canvas)
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
    wait_for_rest(canvas)
    assert output.locator(".widget-readout").inner_text() == "0"


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
