"""The figures of the lesson on rotation show the numbers they were given."""

import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils.lessons.rotation import figures
from course_utils.plots import BAD, REAL
from tests.figures import drawn, pictures, words


def test_the_bars_are_the_curves_at_the_angle():
    degrees = torch.tensor([0.0, 90.0, 180.0, 270.0, 360.0])
    chances = torch.eye(4)[[0, 1, 2, 3, 0]]
    fig = figures.turn_panel(pictures(1)[0], degrees, chances, angle=45.0)
    widths = [bar.get_width() for bar in fig.axes[1].patches]
    assert widths == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert [line.get_ydata()[1] for line in fig.axes[2].lines[:4]] == [0.0, 1.0, 0.0, 0.0]
    assert "turned by 45°" in words(fig)
    assert drawn(fig).std() > 1


def test_a_turn_panel_needs_one_row_per_angle():
    with pytest.raises(ValueError, match="probabilities"):
        figures.turn_panel(pictures(1)[0], torch.arange(3.0), torch.zeros(4, 4))


def test_heat_is_scaled_by_its_largest_value_and_cold_is_clear():
    heat = torch.zeros(2, 3, 3)
    heat[0, 1, 1], heat[0, 0, 0] = 4.0, -9.0
    fig = figures.heat_rows(pictures(2), {"net": heat}, ["a", "b"])
    overlay = fig.axes[2].images[1].get_array()
    assert overlay.max() == 1 and overlay[0, 0] == 0
    with pytest.raises(ValueError, match="net"):
        figures.heat_rows(pictures(3), {"net": heat})


def test_bars_are_sorted_and_the_low_ones_warn():
    fig = figures.accuracy_bars({"duck": 0.4, "car": 0.9}, chance=0.25, highlight=0.5)
    ax = fig.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["car", "duck"]
    assert [to_rgb(bar.get_facecolor()) for bar in ax.patches] == [to_rgb(REAL), to_rgb(BAD)]
    assert "90 %" in words(fig) and "40 %" in words(fig)
