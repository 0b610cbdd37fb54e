"""Notebook 11 in JupyterLab: one drag turns all four shapes, a threshold fills a grid."""

import pytest

from tests.browser.helpers import difference, drag, pixels, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_one_drag_turns_all_four_and_the_threshold_moves_the_voxels(open_notebook, page):
    notebook = open_notebook("11_voxels.ipynb")
    notebook.run_all()
    output = notebook.output("lab = ShapeLab")
    canvas = output.locator("canvas")
    before = wait_for_rest(canvas)
    drag(canvas, 90, -20)
    wait_for_change(canvas, before)
    after = wait_for_rest(canvas)
    quarter = before.shape[1] // 4
    for k in range(4):
        part = slice(k * quarter, (k + 1) * quarter)
        assert difference(before[:, part], after[:, part]) > 1, f"picture {k + 1} did not turn"

    output.locator("select").select_option("house")
    page.wait_for_function("() => document.body.innerText.includes('512 points of 3 numbers')")
    wait_for_change(canvas, after, least=3.0)

    explorer = notebook.output("live.explore(at")
    picture = explorer.locator("canvas")
    before = wait_for_rest(picture)
    drag(explorer.locator(".noUi-handle").first, 120)
    wait_for_change(picture, before, least=0.3)
    assert pixels(picture).std() > 5
