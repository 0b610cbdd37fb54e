"""Notebook 08 in JupyterLab: the ring of keys steps, and the augmentations follow their sliders."""

import re

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser


def test_both_instruments_answer(open_notebook):
    notebook = open_notebook("08_simclr_vs_moco.ipynb")
    notebook.run_all()
    step_through_the_ring(notebook.output("lab = QueueLab"))
    augment_by_hand(notebook.output("    by_hand,"))


def press(area, label: str) -> None:
    area.locator("button", has_text=re.compile(f"{label}$")).click()


def wait_for_steps(area, least: int) -> None:
    """Until the line below the sliders tells that many steps."""

    def reached() -> bool:
        told = re.search(r"step ([\d,]+)", area.locator("[role=status]").first.inner_text())
        return bool(told) and int(told.group(1).replace(",", "")) >= least

    wait_until(area.page, reached, lambda: f"the ring did not reach step {least}")


def step_through_the_ring(area):
    """A step fills an eighth of the ring; playing fills it; without momentum keys go stale."""
    ring = area.locator("canvas").first
    ring.scroll_into_view_if_needed()
    before = wait_for_rest(ring)
    press(area, "Step")
    wait_for_steps(area, 1)
    before = wait_for_change(ring, before, least=0.3)
    menu = area.locator(".widget-dropdown").filter(has_text="momentum")
    menu.locator("select").select_option("0.0")
    press(area, "Play")
    wait_for_steps(area, 9)
    press(area, "Pause")
    wait_for_change(ring, before, least=1.0)
    wait_for_rest(ring)


def augment_by_hand(area):
    """A smaller crop shows less of the thing."""
    gallery = area.locator("canvas")
    gallery.scroll_into_view_if_needed()
    before = wait_for_rest(gallery)
    crop = area.locator(".widget-inline-hbox").filter(has_text="crop")
    drag(crop.locator(".noUi-handle"), -80)
    wait_for_change(gallery, before, least=0.5)
