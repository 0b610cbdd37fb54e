"""Notebook 09 in JupyterLab: a sentence is typed and the pictures change; a point is hovered."""

import numpy as np
import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_a_sentence_is_typed_and_a_point_is_followed(open_notebook, page):
    notebook = open_notebook("09_clip_and_dense_objects.ipynb")
    notebook.run_all()

    output = notebook.output("searcher = live.explore")
    canvas = output.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    field = output.locator("input[type=text]")
    field.fill("a yellow duck")
    field.press("Enter")
    wait_for_change(canvas, before, least=1.0)

    lab = notebook.output("lab = MatchLab")
    views = lab.locator("canvas")
    first, second = views.nth(0), views.nth(1)
    second.scroll_into_view_if_needed()
    ring, heat = wait_for_rest(first), wait_for_rest(second)
    box = first.bounding_box()
    # no button is pressed: moving is enough
    page.mouse.move(box["x"] + 0.15 * box["width"], box["y"] + 0.2 * box["height"], steps=4)
    wait_for_change(first, ring, least=0.1)
    wait_for_change(second, heat, least=0.1)
    moved = wait_for_rest(first)
    corner = np.abs(moved - ring)[: moved.shape[0] // 3, : moved.shape[1] // 3]
    assert corner.max() > 50  # the ring has come along
    assert "pixels from the truth" in lab.inner_text() or "cannot be seen" in lab.inner_text()
