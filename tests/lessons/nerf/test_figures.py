"""Figures of NeRF: what they draw is what they were given."""

import numpy as np
import pytest
import torch

from course_utils.lessons.nerf import figures
from tests.figures import pictures, words

LINE = torch.linspace(-1, 1, 50)


def test_the_code_is_drawn_and_its_similarity_is_one_at_no_gap():
    fig = figures.encoding_panel(3, compared=(1, 2))
    assert fig.axes[0].images[0].get_array().shape == (6, 601)
    middle = [line.get_ydata()[300] for line in fig.axes[1].lines]
    assert middle == pytest.approx([1, 1])
    assert "its code, 6 numbers" in words(fig)


def test_each_fit_has_its_panel_with_truth_fit_and_data():
    data = (LINE[::10], LINE[::10] ** 2)
    fig = figures.curve_fits((LINE, LINE**2), data, {"a": LINE, "b": -LINE}, good=["b"])
    assert {"a", "b"} <= set(words(fig).splitlines())
    truth, fitted, dots = fig.axes[1].lines
    np.testing.assert_allclose(truth.get_ydata(), LINE**2)
    np.testing.assert_allclose(fitted.get_ydata(), -LINE)
    assert len(dots.get_xdata()) == 5
    with pytest.raises(ValueError, match="no fits"):
        figures.curve_fits((LINE, LINE), data, {})


def test_errors_by_octaves_name_the_limit():
    fig = figures.errors_by_octaves([0, 1, 2], [1.0, 2.0, 3.0], [1.0, 2.0, 1.0], limit=1)
    assert "limit of the data" in words(fig)
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["none", "1", "2"]
    assert list(fig.axes[0].lines[-1].get_ydata()) == [1.0, 2.0, 1.0]
    with pytest.raises(ValueError, match="3 fits"):
        figures.errors_by_octaves([0, 1, 2], [1.0], [1.0])


def test_the_ablation_shows_whole_views_above_and_enlarged_boxes_below():
    columns = {"truth": pictures(2, 16), "model": pictures(2, 16)}
    boxes = [(0, 2, 3, 6), (1, 0, 0, 8)]
    fig = figures.ablation(columns, boxes, {"model": "21.0 dB"})
    shapes = [ax.images[0].get_array().shape[:2] for ax in fig.axes]
    assert shapes == [(16, 16), (16, 16), (6, 6), (6, 6), (8, 8), (8, 8)]
    expected = columns["truth"][0, :, 2:8, 3:9].permute(1, 2, 0)
    np.testing.assert_allclose(fig.axes[2].images[0].get_array(), expected, atol=1e-6)
    assert "21.0 dB" in words(fig)
    assert len(fig.axes[0].patches) == 1  # only the box of the view that is shown
    with pytest.raises(ValueError, match="one column"):
        figures.ablation({}, boxes, {})


def test_samples_are_where_they_were_taken():
    edges, at = torch.linspace(0, 4, 5), torch.tensor([0.5, 2.5])
    fig = figures.samples_on_ray(edges, torch.tensor([0.0, 1.0, 3.0, 0.0]), {"coarse": at}, 2.0)
    steps = fig.axes[0].patches[0].get_data().values
    np.testing.assert_allclose(steps, [0, 0.25, 0.75, 0])
    assert fig.axes[0].lines[0].get_xdata().tolist() == [0.5, 2.5]
    assert " coarse: 2" in words(fig)
    with pytest.raises(ValueError, match="4 bins have 5 edges"):
        figures.samples_on_ray(edges[1:], torch.ones(4), {})
    places = {"coarse": torch.rand(7, 2), "fine": torch.rand(9, 2)}
    fig = figures.samples_in_slice(torch.rand(8, 8), (0, 1, 0, 1), places)
    assert [len(ax.collections[0].get_offsets()) for ax in fig.axes] == [7, 9]


def test_discs_leave_out_what_has_no_colour_and_mark_cameras_above():
    disc = torch.full((5, 5, 3), 0.5)
    disc[0] = torch.nan
    cameras = torch.tensor([[0.0, 0.6, 0.8], [0.0, 0.6, -0.8]])
    fig = figures.direction_discs({"truth": [disc], "model": [disc]}, ["spot"], cameras)
    shown = fig.axes[0].images[0].get_array()
    assert (shown[0, :, 3] == 0).all() and (shown[1:, :, 3] == 1).all()
    assert "spot" in words(fig)
    assert fig.axes[0].collections[0].get_offsets().tolist() == [pytest.approx([0.0, 0.6])]
    with pytest.raises(ValueError, match="2 discs"):
        figures.direction_discs({"truth": [disc]}, ["a", "b"])


def test_a_race_is_drawn_against_seconds():
    fig = figures.race({"network": [(1.0, 15.0), (10.0, 20.0)], "voxels": [(0.5, 22.0)]})
    assert list(fig.axes[0].lines[0].get_xdata()) == [1.0, 10.0]
    assert fig.axes[0].get_xscale() == "log"
    assert "network" in words(fig) and "voxels" in words(fig)
    with pytest.raises(ValueError, match="numbers in each"):
        figures.race({"network": []})
