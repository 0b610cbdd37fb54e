"""Notebook 12 in JupyterLab: slide through the stages, pull a vertex, descend, turn."""

import re

import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


def test_stages_a_pulled_vertex_and_the_way_back(open_notebook, page):
    notebook = open_notebook("12_mesh_rcnn.ipynb")
    notebook.run_all(timeout=300)
    output = notebook.output("lab = MeshLab")
    mesh = output.locator("canvas").nth(0)
    mesh.scroll_into_view_if_needed()

    def edge() -> float:
        return float(re.search(r"edge ([\d.]+)", output.inner_text()).group(1))

    before = wait_for_rest(mesh)
    box = mesh.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(dx: float, dy: float) -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + dx, y + dy, steps=8)
        page.mouse.up()

    drag(90, 0)  # turn it
    turned = wait_for_change(mesh, before, least=1.0)
    output.locator("select").select_option("pull a vertex")
    wait_for_rest(mesh)
    smooth = edge()
    drag(80, -190)  # beyond the outline, where it shows
    pulled = wait_for_change(mesh, turned, least=0.2)
    page.wait_for_function(
        "words => [...document.querySelectorAll('.widget-html')].every("
        "html => !html.innerText.includes(words))",
        arg=f"edge {smooth:.2f}",
        timeout=10_000,
    )
    assert edge() > smooth
    output.get_by_role("button", name="Descend").click()
    wait_for_change(mesh, pulled, least=0.2)
