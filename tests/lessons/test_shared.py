"""Figures that several lessons draw show the numbers they were given."""

import numpy as np
import pytest
import torch

from course_utils.lessons import shared
from course_utils.plots import BAD
from tests.figures import pictures, words


def test_label_curves_show_mean_range_and_the_number_at_the_cursor():
    run = torch.tensor([[0.2, 0.6], [0.4, 0.8]])
    fig = shared.label_curves([10, 100], {"net": run}, budget=100)
    assert fig.axes[0].lines[0].get_ydata() == pytest.approx([30.0, 70.0])
    band = fig.axes[0].collections[0].get_paths()[0].vertices
    assert {20.0, 40.0, 60.0, 80.0} <= {round(float(y), 4) for y in band[:, 1]}
    assert "net  70.0 %" in words(fig)


def test_labels_needed_is_read_off_the_curve_and_shown_at_the_cursor():
    budgets, scratch = [10, 100, 1000], [0.2, 0.4, 0.8]
    assert shared.labels_needed(budgets, scratch, 0.3) == pytest.approx(10**1.5)
    assert shared.labels_needed(budgets, scratch, 0.8) == pytest.approx(1000)
    assert shared.labels_needed(budgets, scratch, 0.1) == 10
    assert shared.labels_needed(budgets, scratch, 0.81) is None
    runs = {"free": torch.tensor([[0.4, 0.6, 0.9]]), "scratch": torch.tensor([scratch])}
    assert "scratch: 10.0 × the labels" in words(shared.label_curves(budgets, runs, budget=10))
    runs["free"] += 0.45
    assert "more than 100.0 × the labels" in words(shared.label_curves(budgets, runs, budget=10))


def test_label_curves_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match="no run with 50"):
        shared.label_curves([10, 100], {"net": torch.zeros(1, 2)}, budget=50)
    with pytest.raises(ValueError, match="net"):
        shared.label_curves([10], {"net": torch.zeros(1, 2)})


def test_a_table_colours_the_gain_and_writes_the_score():
    values = torch.tensor([[0.50, 0.30], [0.60, 0.20]])
    spread = torch.full((2, 2), 0.02)
    fig = shared.score_table(values, ["never", "net"], ["a", "b"], values[:1], spread)
    cells = np.asarray(fig.axes[0].images[0].get_array())
    assert cells == pytest.approx(np.array([[0, 0], [0.1, -0.1]]), abs=1e-6)
    assert "60 ±2" in words(fig) and "20 ±2" in words(fig)
    bold = [t.get_text() for t in fig.axes[0].texts if t.get_fontweight() == "bold"]
    assert sorted(bold) == ["30 ±2", "60 ±2"]
    with pytest.raises(ValueError, match="names"):
        shared.score_table(values, ["never"], ["a", "b"])


def test_rows_must_be_of_one_length():
    fig = shared.completion_rows({"seen": pictures(2), "truth": pictures(2)})
    assert len(fig.axes) == 4 and "truth" in words(fig)
    for rows in ({}, {"a": pictures(2), "b": pictures(3)}):
        with pytest.raises(ValueError, match="same number"):
            shared.completion_rows(rows)


def test_grey_keeps_the_lightness_and_has_no_colour():
    from skimage.color import rgb2lab

    images = pictures(1)
    shades = shared.grey(images)
    assert (shades.amax(dim=1) - shades.amin(dim=1)).max() < 1e-3
    lightness = [rgb2lab(x[0].permute(1, 2, 0).numpy())[..., 0] for x in (images, shades)]
    assert np.abs(lightness[0] - lightness[1]).max() < 0.1


def test_pictures_are_named_and_bad_ones_are_red():
    fig = shared.image_rows({"a": torch.zeros(4, 4), "b": torch.ones(3, 4, 4)}, bad=["b"])
    assert [ax.get_title() for ax in fig.axes] == ["a", "b"]
    assert fig.axes[1].title.get_color() == BAD
    with pytest.raises(ValueError, match="no pictures"):
        shared.image_rows({})
