"""The figures of the pretext lessons show the numbers they were given."""

import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils.lessons.pretext_zoo import figures
from course_utils.plots import GOOD
from tests.figures import pictures, words


def test_the_answer_is_framed_only_when_it_is_given():
    centre, other = pictures(2)
    question = figures.patch_question(centre, other)
    answer = figures.patch_question(centre, other, torch.full((8,), 1 / 8), 2, pictures(1)[0])

    def frames(fig):
        return [p for p in fig.axes[0].patches if not p.get_fill()]

    assert not frames(question) and len(frames(answer)) == 1
    frame = frames(answer)[0]
    assert to_rgb(frame.get_edgecolor()) == to_rgb(GOOD)
    assert frame.get_x() > 0.4 and frame.get_y() < -0.4  # upper right: row -1, column +1
    assert len(answer.axes) == 3 and "12 %" in words(answer)


def test_surprise_is_the_shade_of_a_letter():
    fig = figures.surprise_text("ab", torch.tensor([0.0, 1.5]), width=2)
    assert [box.get_alpha() for box in fig.axes[0].patches] == [0.0, 0.5]
    assert words(fig).startswith("a\nb")
    with pytest.raises(ValueError, match="2 characters but 1"):
        figures.surprise_text("ab", torch.zeros(1))


def test_the_tree_reaches_exactly_the_receptive_field():
    fig = figures.dilation_tree((1, 2, 4))
    inputs = max(fig.axes[0].collections, key=lambda dots: len(dots.get_offsets()))
    bottom = fig.axes[0].collections[-1].get_offsets()
    assert len(inputs.get_offsets()) == 8
    assert sorted(x for x, _ in bottom) == list(range(8))  # every input is used, once


def test_a_continuation_has_the_length_of_the_truth():
    wave = torch.linspace(-1, 1, 10)
    fig = figures.sound_panel(wave, wave, {"net": wave})
    assert list(fig.axes[0].lines[2].get_xdata()) == list(range(10, 20))
    with pytest.raises(ValueError, match="net"):
        figures.sound_panel(wave, wave, {"net": wave[:5]})
