"""Notebook 16 in JupyterLab: pull an axis of the Gaussian, fade it, walk round the boat, fly."""

import re

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_pulling_an_axis_changes_the_footprint_and_the_scene_turns(open_notebook, page):
    notebook = open_notebook("16_splatting.ipynb")
    notebook.run_all()
    output = notebook.output("lab = SplatLab")
    space, footprint = output.locator("canvas").nth(0), output.locator("canvas").nth(1)
    space.scroll_into_view_if_needed()

    def variances() -> tuple[float, float]:
        found = re.search(r"\[([-\d.]+), [-\d.]+; [-\d.]+, ([-\d.]+)\]", output.inner_text())
        return float(found.group(1)), float(found.group(2))

    before = wait_for_rest(footprint)
    width, _ = variances()
    # The end of the long axis lies a fifth of the stage to the right of the middle.
    box = space.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x + 0.22 * box["width"], y + 0.05 * box["height"])
    page.mouse.down()
    page.mouse.move(x + 0.08 * box["width"], y + 0.02 * box["height"], steps=15)
    page.mouse.up()
    pulled = wait_for_change(footprint, before, least=0.5)
    wait_for_rest(footprint)
    assert variances()[0] < 0.7 * width
    opacity = output.locator(".widget-inline-hbox").filter(has_text="opacity")
    drag(opacity.locator(".noUi-handle"), -120)
    wait_for_change(footprint, pulled, least=1.0)

    fit_lab = notebook.output("fit_lab = SplatFitLab")
    picture = fit_lab.locator("canvas").first
    picture.scroll_into_view_if_needed()
    grey = wait_for_rest(picture)
    fit_lab.locator("button", has_text=re.compile("Play$")).click()
    wait_for_change(picture, grey, least=2.0)
    fit_lab.locator("button", has_text=re.compile("Pause$")).click()
    fitted = wait_for_rest(picture)
    fit_lab.locator("button", has_text=re.compile("Fade all$")).click()
    wait_for_change(picture, fitted, least=2.0)

    scene = notebook.output("live.orbit").locator("canvas").first
    scene.scroll_into_view_if_needed()
    front = wait_for_rest(scene)
    drag(scene, 120)
    wait_for_change(scene, front, least=1.0)

    flight = notebook.output("flyer = fly").locator("canvas").first
    flight.scroll_into_view_if_needed()
    outside = wait_for_rest(flight)
    box = flight.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, -600)
    wait_for_change(flight, outside, least=1.0)
