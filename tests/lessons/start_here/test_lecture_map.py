"""The map shows the lecture as it is, and what is there."""

import re

import pytest

from course_utils.lessons.start_here import lecture_map
from course_utils.lessons.start_here.icons import ICONS
from tests.conftest import ROOT


def test_the_notebooks_are_numbered_without_a_gap_and_have_icons():
    assert [stop.number for stop in lecture_map.STOPS] == list(range(1, 17))
    assert set(ICONS) == set(range(1, 17))
    acts = [stop.act for stop in lecture_map.STOPS]
    assert acts == sorted(acts) and set(acts) == {0, 1, 2}


def test_every_lesson_source_is_on_the_map():
    names = {stop.name for stop in lecture_map.STOPS}
    sources = {path.stem for path in (ROOT / "sources" / "notebooks").glob("[0-9]*.py")}
    assert sources - {"00_start_here"} <= names


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "01_gan_minimax.ipynb").touch()
    (tmp_path / "16_splatting.ipynb").touch()
    return tmp_path


def test_links_lead_to_what_is_there_and_to_nothing_else(folder):
    text = lecture_map.links(folder).data
    targets = re.findall(r"\]\(([^)]*)\)", text)
    assert targets == ["01_gan_minimax.ipynb", "16_splatting.ipynb"]
    assert text.count("(planned)") == 14


def test_the_map_draws_every_stop_inside_its_frame(folder):
    fig = lecture_map.draw(folder)
    fig.canvas.draw()
    ax = fig.axes[0]
    words = {text.get_text() for text in ax.texts}
    for stop in lecture_map.STOPS:
        assert stop.title in words and f"{stop.number:02d}" in words
    frame = fig.bbox
    for text in ax.texts:
        box = text.get_window_extent()
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1, text.get_text()
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1, text.get_text()
    cards = min(inset.get_window_extent().x0 for inset in ax.child_axes)
    for act in lecture_map.ACTS:
        for text in ax.texts:
            if text.get_text() in (act.title, act.question):
                assert text.get_window_extent().x1 < cards - 0.16 * fig.dpi, act.title
    titles = [text for text in ax.texts if text.get_text() in {s.title for s in lecture_map.STOPS}]
    for text in titles:
        assert text.get_window_extent().width <= 1.12 * fig.dpi, text.get_text()
