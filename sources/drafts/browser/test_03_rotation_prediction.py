"""Notebook 03 in JupyterLab: the picture that is turned by hand."""

import numpy as np
import pytest

from tests.browser.helpers import pixels, wait_for_change, wait_for_rest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_turning_the_picture_by_hand_moves_the_probabilities(open_notebook, page):
    notebook = open_notebook("03_rotation_prediction.ipynb")
    notebook.run_all(timeout=400)
    output = notebook.output("lab = RotationLab")
    canvas = output.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    box = canvas.bounding_box()
    centre = box["x"] + 0.12 * box["width"], box["y"] + 0.5 * box["height"]
    # From the right of the picture's centre to above it: a quarter turn, counter-clockwise.
    page.mouse.move(centre[0] + 60, centre[1])
    page.mouse.down()
    for angle in np.linspace(0, np.pi / 2, 12):
        page.mouse.move(centre[0] + 60 * np.cos(angle), centre[1] - 60 * np.sin(angle))
        page.wait_for_timeout(40)
    page.mouse.up()
    wait_for_change(canvas, before, least=0.5)
    readout = output.locator(".widget-readout")
    for _ in range(100):  # the picture follows the hand, and on a busy machine comes later
        if abs(float(readout.inner_text()) - 90) < 15:
            break
        page.wait_for_timeout(100)
    assert abs(float(readout.inner_text()) - 90) < 15
    after = wait_for_rest(canvas)
    cursor = slice(int(0.5 * after.shape[1]), None)  # the curves stay, the cursor moves
    assert np.abs(before - after)[:, cursor].max() > 50

    before = wait_for_rest(canvas)
    output.locator("select").select_option(index=1)
    wait_for_change(canvas, before, least=0.5)
    wait_for_rest(canvas)
    assert readout.inner_text() == "0"


def test_the_label_slider_moves_the_cursor(open_notebook):
    notebook = open_notebook("03_rotation_prediction.ipynb")
    notebook.run_all(timeout=400)
    output = notebook.output("slider = live.explore")
    canvas = output.locator("canvas")
    before = wait_for_rest(canvas)
    handle = output.locator(".noUi-handle")
    handle.focus()
    for _ in range(2):
        handle.press("ArrowLeft")
    wait_for_change(canvas, before, least=0.2)
    assert pixels(canvas).std() > 10
