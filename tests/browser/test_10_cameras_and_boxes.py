"""Notebook 10 in JupyterLab: hold the camera, slide the car, drag a box, leaf through finds."""

import re

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_camera_frustum_boxes_and_detections_follow_the_hand(open_notebook, page):
    notebook = open_notebook("10_cameras_and_boxes.ipynb")
    notebook.run_all()

    output = notebook.output("lab = CameraLab")
    outside, inside = output.locator("canvas").nth(0), output.locator("canvas").nth(1)
    outside.scroll_into_view_if_needed()
    before, seen = wait_for_rest(outside), wait_for_rest(inside)
    focal = output.locator(".widget-inline-hbox").filter(has_text="focal")
    drag(focal.locator(".noUi-handle"), 80)
    wait_for_change(inside, seen, least=2.0)
    wait_for_change(outside, before, least=0.3)
    turned = wait_for_rest(outside)
    drag(outside, 90)
    wait_for_change(outside, turned, least=2.0)
    box = inside.bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    page.wait_for_function("() => document.body.innerText.includes('(24, 48)')")

    slide = notebook.output("slide = SlideLab")
    picture, above = slide.locator("canvas").nth(0), slide.locator("canvas").nth(2)
    picture.scroll_into_view_if_needed()
    plan = wait_for_rest(above)

    def rectangle() -> str:
        return re.search(r"2D box\s*(\([-\d., ]+\))", slide.inner_text()).group(1)

    start = rectangle()
    far = slide.locator(".widget-inline-hbox").filter(has_text="times as far")
    drag(far.locator(".noUi-handle"), 60)
    wait_for_change(above, plan, least=0.3)
    wait_for_rest(above)
    assert rectangle() == start  # the car is elsewhere, its 2D box is not

    pair = notebook.output("pair = PairLab")
    plane = pair.locator("canvas").first
    plane.scroll_into_view_if_needed()
    plan = wait_for_rest(plane)

    def iou() -> float:
        return float(re.search(r"IoU\s*([\d.]+)", pair.inner_text()).group(1))

    shared = iou()
    assert shared > 0.2
    box = plane.bounding_box()
    # The middle of the orange box: 0.45 ahead and 0.3 to the left of the middle.
    x, y = box["x"] + box["width"] * 0.47, box["y"] + box["height"] * 0.40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 0.3 * box["width"], y - 0.25 * box["height"], steps=15)
    page.mouse.up()
    wait_for_change(plane, plan, least=0.3)
    wait_for_rest(plane)
    assert iou() == 0

    shown = notebook.output("live.explore(look")
    canvas = shown.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    first = wait_for_rest(canvas)
    drag(shown.locator(".noUi-handle").first, 60)
    wait_for_change(canvas, first, least=2.0)
