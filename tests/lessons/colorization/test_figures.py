"""The figures of the colour lesson show the numbers they were given."""

import numpy as np
import pytest
import torch
from skimage.color import lab2rgb

from course_utils.lessons.colorization import figures
from course_utils.selfsup.color import gamut_bins, rgb_to_lab
from tests.figures import drawn, pictures, words

BINS = torch.tensor([[0.0, 0.0], [40.0, 20.0], [0.0, -40.0]])


def test_a_colour_is_the_one_that_another_library_shows():
    at_60 = figures.ab_colours(BINS, 60.0)
    theirs = lab2rgb(np.array([[[60.0, a, b] for a, b in BINS.tolist()]]))[0]
    assert np.abs(at_60 - theirs).max() < 2e-3


def test_where_no_lightness_is_given_one_is_found_that_the_screen_can_show():
    bins = gamut_bins(20.0)

    def missed(rgb):
        lab = rgb_to_lab(torch.as_tensor(rgb).T.reshape(1, 3, -1, 1))[0, 1:, :, 0].T
        return (lab - bins).norm(dim=1).mean()

    free, fixed = figures.ab_colours(bins), figures.ab_colours(bins, 65.0)
    assert missed(free) < 0.7 * missed(fixed)


def test_the_planes_show_one_channel_each():
    red = torch.tensor([0.8, 0.1, 0.1]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    fig = figures.lab_planes(red)
    lightness, a = (np.asarray(fig.axes[k].images[0].get_array())[0, 0] for k in (1, 2))
    assert np.ptp(lightness) < 0.01  # L alone is grey
    assert a[0] > a[1]  # a alone is magenta here, not green
    assert "green to magenta" in words(fig) and drawn(fig).std() > 1


def test_the_gamut_draws_every_bin_and_the_picture_if_there_is_one():
    alone = figures.gamut(BINS, 20.0)
    assert len(alone.axes[0].collections[0].get_paths()) == 3 and "3 bins" in words(alone)
    assert not alone.axes[1].images
    both = figures.gamut(BINS, 20.0, *pictures(2))
    assert both.axes[1].images and both.axes[2].images


def test_prior_and_weights_are_what_the_squares_show():
    shares, weights = torch.tensor([0.7, 0.2, 0.1]), torch.tensor([0.5, 1.5, 2.5])
    fig = figures.prior_and_weights(BINS, shares, weights, 20.0)
    drawn(fig)
    for ax, values in zip(fig.axes, (shares, weights), strict=False):
        np.testing.assert_allclose(ax.collections[0].get_array(), values.numpy())
    assert drawn(figures.prior_and_weights(BINS, shares, torch.ones(3), 20.0)).std() > 1
    with pytest.raises(ValueError, match="2 shares"):
        figures.prior_and_weights(BINS, shares[:2], weights, 20.0)


def test_the_mean_of_two_colours_is_duller_than_either():
    fig = figures.two_answers([(60.0, 0.0), (-60.0, 0.0)], [0.6, 0.4])
    assert "the mean: chroma 12" in words(fig) and "the likeliest: chroma 60" in words(fig)


def test_histograms_count_all_pixels_and_name_the_mean():
    ab = torch.zeros(1, 2, 4, 4)
    ab[0, 0, 0] = 200.0  # beyond the axis: kept in the last bar
    fig = figures.saturation_histograms({"truth": ab, "grey": 0 * ab})
    heights = fig.axes[0].patches[0].get_data().values
    assert heights[0] == pytest.approx(0.75) and heights[-1] == pytest.approx(0.25)
    assert "truth (mean 50)" in words(fig) and "grey (mean 0)" in words(fig)


def test_bars_stand_in_their_band():
    edges = torch.tensor([0.0, 10.0, 50.0])
    fig = figures.recall_curves(edges, {"a": torch.tensor([3.0, 7.0])}, "mean")
    assert [bar.get_height() for bar in fig.axes[0].patches] == [3.0, 7.0]
    assert [t.get_text() for t in fig.axes[0].get_xticklabels()] == ["0 to 10", "10 to 50"]
    with pytest.raises(ValueError, match="2 bands"):
        figures.recall_curves(edges, {"a": torch.zeros(3)}, "mean")


def test_the_cross_is_the_mean_of_the_distribution():
    shares = torch.tensor([0.5, 0.25, 0.25])
    three = tuple(pictures(3))
    fig = figures.temperature_panel(three, (2, 5), BINS, shares, 20.0, "T = 1")
    cross = fig.axes[3].collections[-1].get_offsets()[0]
    assert cross.tolist() == pytest.approx([10.0, -5.0])
    frame = fig.axes[0].patches[0]
    assert (frame.get_x(), frame.get_y()) == (4, 1)  # column, then row
    assert "T = 1" in words(fig)


def test_the_palette_has_b_upwards_and_a_to_the_right():
    shown = figures.palette(65.0, side=113)  # 2 ab units apart; the centre is grey
    centre = shown[:, 56, 56]
    assert centre.max() - centre.min() < 0.02
    up, right = shown[:, 56 - 15, 56], shown[:, 56, 56 + 15]
    assert up[2] < 0.7 * up[0]  # yellow holds little blue
    assert right[1] < right[0]  # magenta holds little green
    assert bool((shown[:, 0, 0] == 1).all())  # no such colour: white


def test_hints_are_marked_at_their_places():
    hints = [(2, 3, 40.0, 20.0), (6, 1, 0.0, -40.0)]
    fig = figures.hint_panel(*pictures(2), hints, 60.0, chosen=1)
    places = [tuple(mark.get_offsets()[0]) for mark in fig.axes[0].collections]
    assert (3.0, 2.0) in places and places.count((1.0, 6.0)) == 2  # the chosen one has a ring
    assert fig.axes[2].collections[0].get_offsets()[0].tolist() == [0.0, -40.0]
    assert "click a place" in words(figures.hint_panel(*pictures(2), []))
    with pytest.raises(ValueError, match="no hint 2"):
        figures.hint_panel(*pictures(2), hints, 60.0, chosen=2)
