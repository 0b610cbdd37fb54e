"""Notebook 06 in JupyterLab: click in the target, the heat over the reference follows."""

import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_clicking_in_the_target_moves_the_heat_over_the_reference(open_notebook, page):
    notebook = open_notebook("06_video_colorization.ipynb")
    notebook.run_all()
    output = notebook.output("finger = PointerLab")
    target, reference = output.locator("canvas").nth(0), output.locator("canvas").nth(1)
    reference.scroll_into_view_if_needed()
    before = wait_for_rest(reference)
    box = target.bounding_box()
    page.mouse.click(box["x"] + 0.1 * box["width"], box["y"] + 0.1 * box["height"])
    after = wait_for_change(reference, before, least=0.3)
    disc = wait_for_rest(target)
    assert disc.std() > 10

    menus = output.locator("select")
    menus.nth(1).select_option(index=1)  # another clip
    wait_for_change(reference, after, least=3.0)
