"""Notebook 02 in JupyterLab: the picture laboratory learns, and sliders move what is made."""

import re

import pytest

from tests.browser.helpers import drag, wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser


def test_the_laboratory_and_the_sliders_answer(open_notebook):
    notebook = open_notebook("02_gan_images.ipynb")
    notebook.run_all()
    train_in_the_laboratory(notebook.output("lab = PictureLab"))
    move_a_slider(notebook.output("live.explore(arithmetic"), "ink", -90)
    move_a_slider(notebook.output("live.explore(truncated"), "threshold", -150)
    move_a_slider(notebook.output("live.explore(show.territories"), "shift", 60)


def press(area, label: str) -> None:
    area.locator("button", has_text=re.compile(f"{label}$")).click()


def wait_for_steps(area, least: int) -> None:
    """Until the line below the buttons tells that many steps."""

    def reached() -> bool:
        told = re.search(r"step ([\d,]+)", area.locator("[role=status]").first.inner_text())
        return bool(told) and int(told.group(1).replace(",", "")) >= least

    wait_until(area.page, reached, lambda: f"the laboratory did not reach step {least}")


def train_in_the_laboratory(area):
    """A button plays its rounds, play goes on by itself, a switch starts anew."""
    sheet = area.locator("canvas").first
    sheet.scroll_into_view_if_needed()
    before = wait_for_rest(sheet)
    press(area, "25 rounds")
    before = wait_for_change(sheet, before, least=0.5)
    press(area, "Play")
    wait_for_steps(area, 4)
    press(area, "Pause")
    wait_for_change(sheet, before, least=0.2)
    wait_for_rest(sheet)
    area.locator(".widget-checkbox").filter(has_text="batch norm").locator("input").uncheck()
    wait_for_change(sheet, before, least=0.5)


def move_a_slider(area, name: str, right: float):
    """The picture follows the slider of that name."""
    picture = area.locator("canvas")
    picture.scroll_into_view_if_needed()
    before = wait_for_rest(picture)
    row = area.locator(".widget-inline-hbox").filter(has_text=name)
    drag(row.locator(".noUi-handle"), right)
    wait_for_change(picture, before, least=0.3)
