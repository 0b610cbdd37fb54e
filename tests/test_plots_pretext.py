"""The figures of the pretext lessons show the numbers they were given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils import plots_pretext
from course_utils.plots import BAD, GOOD, REAL
from tests.figures import drawn, pictures, words


def test_the_bars_are_the_curves_at_the_angle():
    degrees = torch.tensor([0.0, 90.0, 180.0, 270.0, 360.0])
    chances = torch.eye(4)[[0, 1, 2, 3, 0]]
    fig = plots_pretext.turn_panel(pictures(1)[0], degrees, chances, angle=45.0)
    widths = [bar.get_width() for bar in fig.axes[1].patches]
    assert widths == pytest.approx([0.5, 0.5, 0.0, 0.0])
    assert [line.get_ydata()[1] for line in fig.axes[2].lines[:4]] == [0.0, 1.0, 0.0, 0.0]
    assert "turned by 45°" in words(fig)
    assert drawn(fig).std() > 1


def test_a_turn_panel_needs_one_row_per_angle():
    with pytest.raises(ValueError, match="probabilities"):
        plots_pretext.turn_panel(pictures(1)[0], torch.arange(3.0), torch.zeros(4, 4))


def test_heat_is_scaled_by_its_largest_value_and_cold_is_clear():
    heat = torch.zeros(2, 3, 3)
    heat[0, 1, 1], heat[0, 0, 0] = 4.0, -9.0
    fig = plots_pretext.heat_rows(pictures(2), {"net": heat}, ["a", "b"])
    overlay = fig.axes[2].images[1].get_array()
    assert overlay.max() == 1 and overlay[0, 0] == 0
    with pytest.raises(ValueError, match="net"):
        plots_pretext.heat_rows(pictures(3), {"net": heat})


def test_bars_are_sorted_and_the_low_ones_warn():
    fig = plots_pretext.accuracy_bars({"duck": 0.4, "car": 0.9}, chance=0.25, highlight=0.5)
    ax = fig.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["car", "duck"]
    assert [to_rgb(bar.get_facecolor()) for bar in ax.patches] == [to_rgb(REAL), to_rgb(BAD)]
    assert "90 %" in words(fig) and "40 %" in words(fig)


def test_label_curves_show_mean_range_and_the_number_at_the_cursor():
    run = torch.tensor([[0.2, 0.6], [0.4, 0.8]])
    fig = plots_pretext.label_curves([10, 100], {"net": run}, budget=100)
    assert fig.axes[0].lines[0].get_ydata() == pytest.approx([30.0, 70.0])
    band = fig.axes[0].collections[0].get_paths()[0].vertices
    assert {20.0, 40.0, 60.0, 80.0} <= {round(float(y), 4) for y in band[:, 1]}
    assert "net  70.0 %" in words(fig)


def test_labels_needed_is_read_off_the_curve_and_shown_at_the_cursor():
    budgets, scratch = [10, 100, 1000], [0.2, 0.4, 0.8]
    assert plots_pretext.labels_needed(budgets, scratch, 0.3) == pytest.approx(10**1.5)
    assert plots_pretext.labels_needed(budgets, scratch, 0.8) == pytest.approx(1000)
    assert plots_pretext.labels_needed(budgets, scratch, 0.1) == 10
    assert plots_pretext.labels_needed(budgets, scratch, 0.81) is None
    runs = {"free": torch.tensor([[0.4, 0.6, 0.9]]), "scratch": torch.tensor([scratch])}
    assert "scratch: 10.0 × the labels" in words(
        plots_pretext.label_curves(budgets, runs, budget=10)
    )
    runs["free"] += 0.45
    assert "more than 100.0 × the labels" in words(
        plots_pretext.label_curves(budgets, runs, budget=10)
    )


def test_label_curves_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="no run with 50"):
        plots_pretext.label_curves([10, 100], {"net": torch.zeros(1, 2)}, budget=50)
    with pytest.raises(ValueError, match="net"):
        plots_pretext.label_curves([10], {"net": torch.zeros(1, 2)})


def test_a_table_colours_the_gain_and_writes_the_score():
    values = torch.tensor([[0.50, 0.30], [0.60, 0.20]])
    spread = torch.full((2, 2), 0.02)
    fig = plots_pretext.score_table(values, ["never", "net"], ["a", "b"], values[:1], spread)
    cells = np.asarray(fig.axes[0].images[0].get_array())
    assert cells == pytest.approx(np.array([[0, 0], [0.1, -0.1]]), abs=1e-6)
    assert "60 ±2" in words(fig) and "20 ±2" in words(fig)
    bold = [t.get_text() for t in fig.axes[0].texts if t.get_fontweight() == "bold"]
    assert sorted(bold) == ["30 ±2", "60 ±2"]
    with pytest.raises(ValueError, match="names"):
        plots_pretext.score_table(values, ["never"], ["a", "b"])


def test_the_answer_is_framed_only_when_it_is_given():
    centre, other = pictures(2)
    question = plots_pretext.patch_question(centre, other)
    answer = plots_pretext.patch_question(centre, other, torch.full((8,), 1 / 8), 2, pictures(1)[0])

    def frames(fig):
        return [p for p in fig.axes[0].patches if not p.get_fill()]

    assert not frames(question) and len(frames(answer)) == 1
    frame = frames(answer)[0]
    assert to_rgb(frame.get_edgecolor()) == to_rgb(GOOD)
    assert frame.get_x() > 0.4 and frame.get_y() < -0.4  # upper right: row -1, column +1
    assert len(answer.axes) == 3 and "12 %" in words(answer)


def test_rows_must_be_of_one_length():
    fig = plots_pretext.completion_rows({"seen": pictures(2), "truth": pictures(2)})
    assert len(fig.axes) == 4 and "truth" in words(fig)
    for rows in ({}, {"a": pictures(2), "b": pictures(3)}):
        with pytest.raises(ValueError, match="same number"):
            plots_pretext.completion_rows(rows)


def test_surprise_is_the_shade_of_a_letter():
    fig = plots_pretext.surprise_text("ab", torch.tensor([0.0, 1.5]), width=2)
    assert [box.get_alpha() for box in fig.axes[0].patches] == [0.0, 0.5]
    assert words(fig).startswith("a\nb")
    with pytest.raises(ValueError, match="2 characters but 1"):
        plots_pretext.surprise_text("ab", torch.zeros(1))


def test_the_tree_reaches_exactly_the_receptive_field():
    fig = plots_pretext.dilation_tree((1, 2, 4))
    inputs = max(fig.axes[0].collections, key=lambda dots: len(dots.get_offsets()))
    bottom = fig.axes[0].collections[-1].get_offsets()
    assert len(inputs.get_offsets()) == 8
    assert sorted(x for x, _ in bottom) == list(range(8))  # every input is used, once


def test_a_continuation_has_the_length_of_the_truth():
    wave = torch.linspace(-1, 1, 10)
    fig = plots_pretext.sound_panel(wave, wave, {"net": wave})
    assert list(fig.axes[0].lines[2].get_xdata()) == list(range(10, 20))
    with pytest.raises(ValueError, match="net"):
        plots_pretext.sound_panel(wave, wave, {"net": wave[:5]})
