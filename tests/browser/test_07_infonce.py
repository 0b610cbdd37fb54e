"""Notebook 07 as a student uses it: run all, play, turn the sphere, drag a slider."""

import re

import pytest

from tests.browser.helpers import difference, drag, wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser

LAB = "lab = SphereLab()"


@pytest.fixture(scope="module")
def notebook(open_shared):
    """The notebook, every cell run."""
    opened = open_shared("07_infonce.ipynb")
    opened.run_all()
    return opened


def press(area, label: str) -> None:
    area.locator("button", has_text=re.compile(f"{label}$")).click()


def gauge(area, name: str) -> float:
    """A number of the readout."""
    text = area.locator(".course-sphere-readout").inner_text().replace("−", "-")
    return float(re.search(rf"(-?[\d.]+)\s*{name}", text).group(1))


def test_the_sphere_laboratory_answers(notebook):
    area = notebook.output(LAB)
    stage = area.locator("canvas").first
    stage.scroll_into_view_if_needed()
    before = wait_for_rest(stage)
    apart = gauge(area, "alignment")

    press(area, "Step")
    before = wait_for_change(stage, before, least=0.05)
    press(area, "Play")
    wait_for_change(stage, before, least=0.5)
    wait_until(
        notebook.page,
        lambda: gauge(area, "alignment") < 0.2 * apart,
        lambda: f"alignment {gauge(area, 'alignment')} of {apart}: partners have not met",
    )
    press(area, "Pause")
    before = wait_for_rest(stage)

    # The sphere is another picture, and turns under the mouse.
    row = area.locator(".widget-dropdown").filter(has_text="space")
    row.locator("select").select_option("sphere")
    before = wait_for_change(stage, before, least=0.5)
    box = stage.bounding_box()
    mouse = notebook.page.mouse
    mouse.move(box["x"] + 30, box["y"] + 30)
    mouse.down()
    mouse.move(box["x"] + 130, box["y"] + 60, steps=10)
    mouse.up()
    wait_for_change(stage, before, least=0.5)
    turned = wait_for_rest(stage)
    temperature = area.locator(".widget-inline-hbox").filter(has_text="temperature")
    drag(temperature.locator(".noUi-handle"), -60)
    wait_for_change(stage, turned, least=0.05)  # other forces


def test_the_temperature_moves_the_push(notebook):
    area = notebook.output("figures.pushes,")
    picture = area.locator("canvas")
    before = wait_for_rest(picture)
    drag(area.locator(".noUi-handle").first, 80)
    after = wait_for_change(picture, before)
    assert difference(before, after) > 1
