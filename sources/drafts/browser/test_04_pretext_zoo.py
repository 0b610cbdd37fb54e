"""Notebook 04 in JupyterLab: the patch quiz and the jigsaw game."""

import re

import pytest

from tests.browser.helpers import wait_for_change, wait_for_rest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def test_the_quiz_and_the_puzzle_can_be_played(open_notebook, page):
    notebook = open_notebook("04_pretext_zoo.ipynb")
    notebook.run_all(timeout=400)

    quiz = notebook.output("game = PatchQuiz")
    canvas = quiz.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    assert "you 0 of 0" in quiz.inner_text()
    box = canvas.bounding_box()
    canvas.click(position={"x": 0.13 * box["width"], "y": 0.5 * box["height"]})  # place 4, the left
    wait_for_change(canvas, before, least=1.0)
    assert re.search(r"(Right|No, it is place [1-8])\. .*you [01] of 1", quiz.inner_text())
    quiz.get_by_text("Next question").click()
    page.wait_for_function(
        "text => document.body.innerText.includes(text)",
        arg="Click the place where",
        timeout=10_000,
    )

    puzzle = notebook.output("puzzle_game = JigsawGame")
    canvas = puzzle.locator("canvas")
    canvas.scroll_into_view_if_needed()
    before = wait_for_rest(canvas)
    box = canvas.bounding_box()
    for place in (0.17, 0.83):  # the two ends of the first row
        canvas.click(position={"x": place * box["width"], "y": 0.17 * box["height"]})
        before = wait_for_change(canvas, before, least=0.5)
    assert "1 swaps" in puzzle.inner_text() or "Solved" in puzzle.inner_text()
    puzzle.get_by_text("Ask the network").click()
    page.wait_for_function(
        "text => document.body.innerText.includes(text)", arg="laid by the network", timeout=10_000
    )
