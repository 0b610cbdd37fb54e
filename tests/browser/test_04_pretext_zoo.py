"""Notebook 04 in JupyterLab: the patch quiz and the jigsaw game, played with the mouse."""

import re

import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest, wait_until

pytestmark = pytest.mark.browser


def wait_for_words(area, pattern: str) -> None:
    wait_until(
        area.page,
        lambda: re.search(pattern, area.inner_text()),
        lambda: f"{pattern!r} is not in {area.inner_text()!r}",
    )


def press(canvas, x: float, y: float) -> None:
    """A click at a share of the canvas's width and height."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    canvas.click(position={"x": x * box["width"], "y": y * box["height"]})


def play_the_quiz(area) -> None:
    canvas = area.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    wait_for_words(area, r"Click the place .*you 0 of 0")
    press(canvas, 0.10, 0.54)  # place 4, left of the patch in the middle
    answered = wait_for_change(canvas, before, least=1.0)
    wait_for_words(area, r"(Right|No, it is place [1-35-8])\. .*you [01] of 1")
    press(canvas, 0.10, 0.54)  # a second answer does not count
    area.get_by_text("Next question").click()
    wait_for_change(canvas, answered, least=1.0)
    wait_for_words(area, r"Click the place .*of 1")
    asked = wait_for_rest(canvas)
    press(canvas, 0.19, 0.54)  # the patch in the middle is no place
    assert (wait_for_rest(canvas) == asked).all()


def play_the_puzzle(area) -> None:
    canvas = area.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    for x in (0.17, 0.83):  # the two ends of the first row: a frame, then the swap
        press(canvas, x, 0.17)
        before = wait_for_change(canvas, before, least=0.5)
    wait_for_words(area, r"1 swap\b")
    area.get_by_text("New puzzle").click()
    wait_for_change(canvas, before, least=1.0)
    wait_for_words(area, "in place, 0 swaps")
    area.get_by_text("Ask the network").click()
    wait_for_words(area, ", laid by the network")


def test_the_quiz_and_the_puzzle_can_be_played(open_notebook):
    notebook = open_notebook("04_pretext_zoo.ipynb")
    notebook.run_all()
    play_the_quiz(notebook.output("game = PatchQuiz"))
    play_the_puzzle(notebook.output("puzzle_game = JigsawGame"))
