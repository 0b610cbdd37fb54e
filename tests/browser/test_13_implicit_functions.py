"""Notebook 13 in JupyterLab: move the plane, walk round the carved solid, blend two shapes."""

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_the_plane_moves_the_solid_turns_and_shapes_blend(open_notebook, page):
    notebook = open_notebook("13_implicit_functions.ipynb")
    notebook.run_all()
    slicer = notebook.output("slicer = live.explore")
    picture = slicer.locator("canvas").first
    picture.scroll_into_view_if_needed()
    before = wait_for_rest(picture)
    drag(slicer.locator(".noUi-handle").first, 100)
    wait_for_change(picture, before, least=1.0)

    solid = notebook.output("orbiter = live.orbit").locator("canvas").first
    solid.scroll_into_view_if_needed()
    front = wait_for_rest(solid)
    drag(solid, 140)
    wait_for_change(solid, front, least=1.0)

    blender = notebook.output("blender = live.explore")
    shape = blender.locator("canvas").first
    shape.scroll_into_view_if_needed()
    middle = wait_for_rest(shape)
    drag(blender.locator(".noUi-handle").first, 100)
    wait_for_change(shape, middle, least=0.2)
