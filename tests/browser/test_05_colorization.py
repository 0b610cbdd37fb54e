"""Notebook 05 in JupyterLab: a temperature that moves a picture, and colours given by hand."""

import numpy as np
import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def press(page, box, across, down, to=None):
    """Press the mouse at a share of the box, and drag to another place if there is one."""
    page.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
    page.mouse.down()
    if to is not None:
        end = box["x"] + to[0] * box["width"], box["y"] + to[1] * box["height"]
        page.mouse.move(*end, steps=8)
    page.mouse.up()


def panel(picture, number):
    """One third of the canvas, without its rim: that is framed while it has the focus."""
    height, width = picture.shape[:2]
    return picture[8 : height - 8, number * width // 3 + 8 : (number + 1) * width // 3 - 8]


def test_a_place_is_clicked_and_coloured(open_notebook, page):
    notebook = open_notebook("05_colorization.ipynb")
    notebook.run_all()
    output = notebook.output("painter = ColorLab")
    canvas = output.locator("canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    press(page, box, 0.01, 0.98)  # outside of the panels: takes the focus and does nothing else
    empty = wait_for_rest(canvas)
    press(page, box, 0.15, 0.5)  # a place in the grey picture: a dot appears there
    wait_for_change(canvas, empty, least=0.03)
    placed = wait_for_rest(canvas)
    assert np.abs(panel(placed, 0) - panel(empty, 0)).max() > 50

    press(page, box, 0.84, 0.5, to=(0.9, 0.4))  # through the palette towards magenta and yellow
    wait_for_change(canvas, placed, least=0.03)
    painted = wait_for_rest(canvas)
    assert np.abs(panel(painted, 0) - panel(placed, 0)).max() > 30  # the dot has taken the colour
    assert np.abs(panel(painted, 2) - panel(placed, 2)).max() > 50  # and its ring has moved

    output.get_by_role("button", name="no hints").click()
    wait_for_change(canvas, painted, least=0.03)
    cleared = wait_for_rest(canvas)
    for number in range(3):
        assert np.abs(panel(cleared, number) - panel(empty, number)).max() == 0  # as it was

    heat = notebook.output("heat = live.explore")
    picture = heat.locator("canvas")
    picture.scroll_into_view_if_needed()
    before = wait_for_rest(picture)
    handle = heat.locator(".noUi-handle").first
    handle.focus()
    for _ in range(12):
        handle.press("ArrowRight")
    wait_for_change(picture, before, least=0.2)
