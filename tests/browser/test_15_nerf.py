"""Notebook 15 in JupyterLab: bend a curve, choose octaves, turn a direction, move a ball, orbit."""

import re

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_every_instrument_answers_the_hand(open_notebook):
    notebook = open_notebook("15_nerf.ipynb")
    notebook.run_all()

    lab = notebook.output("lab = EncodingLab")
    stage = lab.locator("canvas").first
    stage.scroll_into_view_if_needed()
    start = wait_for_rest(stage)
    drag(stage, 160, -90)
    bent = wait_for_change(stage, start, least=0.3)  # the grey curve and its data follow
    lab.locator("button", has_text=re.compile("Play$")).click()
    wait_for_change(stage, bent, least=0.3)  # the network learns it
    lab.locator("button", has_text=re.compile("Pause$")).click()
    wait_for_rest(stage)

    # Hardly trained at this scale, the network shows almost white: small changes count.
    sliders = ("picture_with, octaves", 120, 1.0), ("degrees=(", 120, 0.02), ("depth=(", -160, 0.3)
    for cell, right, least in sliders:
        output = notebook.output(cell)
        canvas = output.locator("canvas").first
        canvas.scroll_into_view_if_needed()
        before = wait_for_rest(canvas)
        drag(output.locator(".noUi-handle").first, right)
        wait_for_change(canvas, before, least=least)

    scene = notebook.output("live.orbit").locator("canvas").first
    scene.scroll_into_view_if_needed()
    front = wait_for_rest(scene)
    drag(scene, 120)
    wait_for_change(scene, front, least=0.3)
