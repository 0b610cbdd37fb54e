"""Notebook 01 as a student uses it: run all, step, play, drag, draw, and see it happen."""

import re

import pytest

from tests.browser.helpers import difference, drag, wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser

PLANE, LINE = "plane_lab = PlaneLab()", "line_lab = LineLab()"


@pytest.fixture(scope="module")
def notebook(open_shared):
    """The notebook, every cell run."""
    opened = open_shared("01_gan_minimax.ipynb")
    opened.run_all()
    return opened


class Instrument:
    """The buttons, sliders and pictures below the cell that shows a laboratory."""

    def __init__(self, notebook, cell: str):
        self.area = notebook.output(cell)
        self.stage = self.area.locator("canvas").first
        self.stage.scroll_into_view_if_needed()
        self.page = notebook.page

    def press(self, label: str) -> None:
        self.area.locator("button", has_text=re.compile(f"{label}$")).click()

    def moves(self) -> tuple[int, int]:
        """Moves of D and of G, as the readout tells them."""
        text = self.area.locator(".course-gan-readout").inner_text()
        d, g = re.search(r"([\d,]+) · ([\d,]+)", text).groups()
        return int(d.replace(",", "")), int(g.replace(",", ""))

    def slider(self, label: str):
        row = self.area.locator(".widget-inline-hbox").filter(has_text=label)
        return row.locator(".noUi-handle")

    def choose(self, label: str, value: str) -> None:
        row = self.area.locator(".widget-dropdown").filter(has_text=label)
        row.locator("select").select_option(value)


def wait_for_moves(lab: Instrument, wanted) -> None:
    wait_until(
        lab.page, lambda: lab.moves() == wanted, lambda: f"moves {lab.moves()}, expected {wanted}"
    )


def d_leads(lab: Instrument, by: int) -> bool:
    """Whether D has made more moves than G by so many."""
    d, g = lab.moves()
    return d > g + by


def test_every_control_of_the_plane_answers(notebook):
    lab = Instrument(notebook, PLANE)
    before = wait_for_rest(lab.stage)

    # One player at a time: the counts say who moved, the picture that it was seen.
    lab.press("Step G")
    wait_for_moves(lab, (0, 1))
    before = wait_for_change(lab.stage, before, least=0.02)
    lab.press("Step D")
    wait_for_moves(lab, (1, 1))
    before = wait_for_change(lab.stage, before, least=0.02)
    lab.press("Step both")
    wait_for_moves(lab, (2, 2))
    wait_for_change(lab.stage, before, least=0.02)

    before = wait_for_rest(lab.stage)
    lab.press("Play")
    lab.area.locator("button", has_text=re.compile("Pause$")).wait_for()
    playing = wait_for_change(lab.stage, before, least=1.0)
    wait_for_change(lab.stage, playing, least=0.2)  # and it goes on
    assert not d_leads(lab, by=10)
    drag(lab.slider("D moves per round"), 200)  # a slider counts while it runs
    wait_until(lab.page, lambda: d_leads(lab, by=10), lambda: f"moves {lab.moves()}: D never led")
    lab.press("Pause")

    before = wait_for_rest(lab.stage)
    lab.choose("field", "best D possible")
    wait_for_change(lab.stage, before, least=1.0)
    before = wait_for_rest(lab.stage)
    lab.choose("data", "spiral")
    wait_for_change(lab.stage, before, least=0.5)

    before = wait_for_rest(lab.stage)
    lab.press("Reset")
    wait_for_moves(lab, (0, 0))
    wait_for_change(lab.stage, before, least=0.5)


def test_a_drawing_becomes_the_data(notebook):
    lab = Instrument(notebook, PLANE)
    before = wait_for_rest(lab.stage)
    drag(lab.stage, 120, 60, steps=12)
    data = lab.area.locator(".widget-dropdown").filter(has_text="data").locator("select")
    lab.page.wait_for_function(
        "select => select.value === 'your drawing'", arg=data.element_handle()
    )
    drawn = wait_for_change(lab.stage, before, least=0.5)
    # Blue points now lie along the stroke, at its middle, where before there were none.
    middle = (slice(225, 285), slice(270, 330))

    def blue(look):
        r, g, b = (look[middle][..., k] for k in range(3))
        return int(((b > r + 60) & (b > g)).sum())

    assert blue(drawn) > blue(before) + 30


def test_the_line_plays_and_its_width_restarts_it(notebook):
    lab = Instrument(notebook, LINE)
    before = wait_for_rest(lab.stage)
    lab.press("Step both")
    wait_for_moves(lab, (3, 1))  # three moves of D in a round
    before = wait_for_change(lab.stage, before, least=0.02)
    lab.press("Play")
    wait_for_change(lab.stage, before, least=0.5)
    lab.press("Pause")
    before = wait_for_rest(lab.stage)
    lab.choose("width", "8")
    wait_for_moves(lab, (0, 0))
    wait_for_change(lab.stage, before, least=0.2)


@pytest.mark.parametrize("cell", ["live.explore(compare", "live.explore(figures.pull_from_afar"])
def test_sliders_redraw_the_figures(notebook, cell):
    area = notebook.output(cell)
    picture = area.locator("canvas")
    before = wait_for_rest(picture)
    drag(area.locator(".noUi-handle").first, 80)
    after = wait_for_change(picture, before)
    assert difference(before, after) > 1
