"""Notebook 12 in JupyterLab: slide through the stages, pull a vertex, descend, turn."""

import json
import re

import nbformat
import pytest

from course_utils.lessons.turnable_meshes import PLOTLY
from tests.browser.helpers import difference, drag, pixels, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


SAVE = "() => window.jupyterapp.commands.execute('docmanager:save')"


def scenes_of(output):
    """The scenes of plotly's drawing, which takes the place of the picture when a hand comes."""
    output.scroll_into_view_if_needed()
    scenes = output.locator(".gl-container > div")
    box = output.bounding_box()
    output.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    scenes.nth(3).locator("canvas").wait_for(state="visible")
    output.page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)  # to the photograph
    return [scenes.nth(number) for number in range(scenes.count())]


@pytest.fixture(scope="module")
def notebook(open_shared):
    """The notebook, every cell run."""
    opened = open_shared("12_mesh_rcnn.ipynb")
    opened.run_all()
    return opened


def test_stages_a_pulled_vertex_and_the_way_back(notebook):
    page = notebook.page
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
    )
    assert edge() > smooth
    output.get_by_role("button", name="Descend").click()
    wait_for_change(mesh, pulled, least=0.2)


def test_meshes_turn_together_with_a_kernel_and_alone_when_opened_again(notebook, open_shared, lab):
    page = notebook.page
    scenes = scenes_of(notebook.output("live.turn_together"))
    assert len(scenes) == 4
    looks = [wait_for_rest(scene) for scene in scenes]
    assert all((look.max(-1) < 200).any() for look in looks)  # something is drawn in each
    drag(scenes[1], 60, 10)
    for scene, before in zip(scenes, looks, strict=True):
        wait_for_change(scene, before, least=1.0)
    page.evaluate(SAVE)  # waits until it is done

    path = lab.folder / "12_mesh_rcnn.ipynb"
    cell = next(c for c in nbformat.read(path, as_version=4).cells if "turn_together" in c.source)
    assert [set(output.data) for output in cell.outputs] == [{PLOTLY, "image/png", "text/plain"}]
    assert "model_id" not in json.dumps(cell.outputs)
    lab.shut_kernels()
    scenes = scenes_of(open_shared(path.name).output("live.turn_together"))
    looks = [wait_for_rest(scene) for scene in scenes]
    drag(scenes[1], 60, 10)
    page.mouse.move(1, 1)  # what a mesh says below the pointer would lie over its neighbour
    wait_for_change(scenes[1], looks[1], least=1.0)
    wait_for_rest(scenes[1])
    assert all(difference(pixels(scenes[n]), looks[n]) == 0 for n in (0, 2, 3))
