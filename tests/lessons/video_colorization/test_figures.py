"""The figures of the video lesson show the numbers they were given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle

from course_utils.lessons import shared
from course_utils.lessons.video_colorization import figures
from course_utils.plots import BAD, MUTED, REAL
from tests.figures import drawn


def pictures(count, side=12):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0))


def test_rows_must_be_of_one_length():
    fig = figures.frame_rows({"a": pictures(2), "b": pictures(2)}, ["x", "y"])
    assert len(fig.axes) == 4 and fig.axes[0].get_title() == "x" and not fig.axes[2].get_title()
    with pytest.raises(ValueError, match="do not agree"):
        figures.frame_rows({"a": pictures(2), "b": pictures(3)})
    with pytest.raises(ValueError, match="'b'"):
        figures.mask_rows(pictures(2), {"b": torch.ones(3, 12, 12).bool()}, ["x", "y"])


def test_the_quiz_tells_the_answer_only_when_asked():
    choices = {"A": (2, 3), "B": (7.5, 4.5)}
    question = figures.quiz_panel(*pictures(2), (5, 5), choices)
    answer = figures.quiz_panel(*pictures(2), (5, 5), choices, answer="B")

    def rings(fig):
        return {t.get_text(): to_rgb(t.get_bbox_patch().get_facecolor()) for t in fig.axes[0].texts}

    assert rings(question)["A"] == rings(question)["B"]
    assert rings(answer)["A"] != rings(answer)["B"]
    letter = {t.get_text(): t.get_position() for t in question.axes[0].texts}["B"]
    assert letter == (7.0, 4.0)  # imshow counts from the centre of the first pixel
    shown = question.axes[1].images[0].get_array()
    assert np.ptp(shown, axis=-1).max() < 1e-3


def test_the_table_writes_weights_and_sums():
    attention = torch.tensor([[0.25, 1.0], [0.75, 0.0]])
    words = [t.get_text() for t in figures.weight_table(attention).axes[0].texts]
    assert {"0.250", "0.750", "1.000", "0.000", "sum 1.250", "sum 0.750"} <= set(words)
    assert words.count("sum 1.000") == 2


def test_heat_glows_at_its_peak_and_nowhere_else():
    heat = torch.zeros(3, 3)
    heat[1, 2] = 0.02
    shown = shared.heat_over(torch.full((3, 12, 12), 0.5), heat)
    warm = shown[0] - shown[2] > 0.3
    expected = torch.zeros(12, 12, dtype=torch.bool)
    expected[4:8, 8:12] = True
    assert torch.equal(warm, expected)
    fig = figures.attention_panel(*pictures(2), (5, 5), {"net": heat})
    assert [ax.get_title() for ax in fig.axes][-1] == "A: net"


def test_a_mask_is_tinted_inside_only():
    masks = torch.zeros(1, 12, 12, dtype=torch.bool)
    masks[0, :6] = True
    fig = figures.mask_rows(torch.full((1, 3, 12, 12), 0.5), {"trained": masks}, ["t"])
    shown = np.asarray(fig.axes[0].images[0].get_array())
    assert np.ptp(shown[:6], axis=-1).min() > 0.2 and np.ptp(shown[6:], axis=-1).max() < 0.01


def test_only_visible_keypoints_are_drawn():
    truth = torch.tensor([[[3.0, 4.0], [8.0, 8.0]]])
    fig = figures.point_rows(
        pictures(1), truth, torch.tensor([[True, False]]), {"trained": truth}, reach=2.0
    )
    circles = [p for p in fig.axes[0].patches if isinstance(p, Circle)]
    assert len(circles) == 1 and circles[0].center == (2.5, 3.5) and circles[0].radius == 2
    assert drawn(fig).std() > 1


def test_curves_show_mean_and_range_in_percent_and_skip_the_given_frame():
    runs = {
        "trained": torch.tensor([[1.0, 0.6, 0.4], [1.0, 0.8, 0.6]]),
        "identity": torch.tensor([[1.0, 0.5, 0.49]]),
    }
    fig = figures.distance_curves(runs, "J")
    line = fig.axes[0].lines[0]
    assert list(line.get_xdata()) == [1, 2] and line.get_ydata() == pytest.approx([70.0, 50.0])
    assert to_rgb(line.get_color()) == to_rgb(REAL)
    assert to_rgb(fig.axes[0].lines[1].get_color()) == to_rgb(MUTED)
    band = fig.axes[0].collections[0].get_paths()[0].vertices
    assert {40.0, 60.0, 80.0} <= {round(float(y), 3) for y in band[:, 1]}
    heights = sorted(text.xyann[1] for text in fig.axes[0].texts)
    assert heights[1] - heights[0] > 6  # the names do not overlap


def test_emergence_and_repairs():
    fig = figures.emergence_curve(
        [0, 10], torch.tensor([[0.1, 0.7]]), 0.4, torch.tensor([[2.0, 1.0]])
    )
    assert fig.axes[1].lines[0].get_ydata() == pytest.approx([10.0, 70.0])
    assert fig.axes[1].lines[1].get_ydata()[0] == pytest.approx(40.0)
    bars = figures.repair_bars({"good": 0.7, "hot": 0.1}, "good").axes[0].patches
    assert [to_rgb(bar.get_facecolor()) for bar in bars] == [to_rgb(REAL), to_rgb(BAD)]
    with pytest.raises(ValueError, match="'none'"):
        figures.repair_bars({"good": 0.7}, "none")


def test_the_palette_panel_paints_each_cell_with_its_label():
    palette = torch.tensor([[60.0, 40.0], [-50.0, 40.0]])
    labels = torch.tensor([[0, 1], [1, 0]])
    fig = figures.palette_panel(pictures(1)[0], palette, labels)
    shown = np.asarray(fig.axes[2].images[0].get_array())
    assert shown[0, 0, 0] > shown[0, 0, 1] and shown[0, 1, 1] > shown[0, 1, 0]
    assert shown[0, 0] == pytest.approx(shown[1, 1])
