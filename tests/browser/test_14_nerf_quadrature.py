"""Notebook 14 in JupyterLab: drag the ray, and the curves, the samples and the sum follow."""

import re

import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_dragging_the_ray_moves_the_curves_and_the_sum(open_notebook, page):
    page.set_viewport_size({"width": 1600, "height": 960})  # room for two columns of controls
    notebook = open_notebook("14_nerf_quadrature.ipynb")
    notebook.run_all()
    output = notebook.output("lab = RayLab")
    plane, curves = output.locator("canvas").nth(0), output.locator("canvas").nth(1)
    plane.scroll_into_view_if_needed()
    bins, places = (output.locator(".widget-inline-hbox").nth(k).bounding_box() for k in (0, 1))
    assert bins["y"] == places["y"] and bins["x"] + bins["width"] <= places["x"]  # side by side

    def opacity() -> float:
        return float(re.search(r"opacity ([\d.]+)", output.inner_text()).group(1))

    before = wait_for_rest(curves)
    through_the_duck = opacity()
    assert 0.3 < through_the_duck < 1
    box = plane.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    # The middle of the ray: the whole ray moves up, over the duck's head, into clear air.
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 0.42 * box["height"], steps=15)
    page.mouse.up()
    lifted = wait_for_change(curves, before, least=1.0)
    page.wait_for_function(
        "words => [...document.querySelectorAll('.widget-html')].every("
        "html => !html.innerText.includes(words))",
        arg=f"opacity {through_the_duck:.3f}",
    )
    wait_for_rest(curves)
    assert opacity() < 0.5 * through_the_duck
    output.locator("select").select_option("random in each bin")
    wait_for_change(curves, lifted, least=0.02)
