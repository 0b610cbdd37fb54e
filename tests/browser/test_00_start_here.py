"""Notebook 00 as a newcomer meets it."""

import pytest

from tests.browser.helpers import drag, pixels, wait_for_change, wait_for_rest

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def notebook(open_shared):
    """The notebook, every cell run."""
    opened = open_shared("00_start_here.ipynb")
    opened.run_all()
    return opened


def test_all_cells_run_and_everything_on_the_page_answers(notebook):
    the_map = notebook.output("lecture_map.draw()").locator("img")
    assert pixels(the_map).std() > 20
    verdict = notebook.output("machine.verdict").inner_text()
    assert "training steps per second" in verdict and "disk:" in verdict

    scene = notebook.output("live.orbit").locator("canvas")
    before = wait_for_rest(scene)
    drag(scene, 100)
    wait_for_change(scene, before, least=3)

    luck = notebook.output("live.explore")
    picture = luck.locator("canvas")
    before = wait_for_rest(picture)
    drag(luck.locator(".noUi-handle"), 60)
    wait_for_change(picture, before)


def test_links_open_the_lessons_that_are_there(notebook, lab):
    links = notebook.output("lecture_map.links()").locator("a")
    lessons = sorted(path.name for path in lab.folder.glob("*.ipynb") if path.name[:2].isdigit())
    lessons.remove("00_start_here.ipynb")
    assert links.count() == len(lessons) >= 1
    links.first.click()
    tab = notebook.page.locator(".lm-TabBar-tab.lm-mod-current", has_text=lessons[0])
    tab.first.wait_for()
