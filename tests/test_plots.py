"""Figures hold what they were given, and nothing is left to pyplot."""

import colorsys
import itertools

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils import plots
from course_utils.core.training import Record

RECORDS = [
    Record(k, 0.1 * k, {"loss": 1.0 / k, "accuracy": k / 20}, samples=8 * k) for k in range(1, 21)
]


def luminance(colour):
    """Relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def deuteranope(colour):
    """How a red-green blind eye sees it (Vienot, Brettel, Mollon 1999), in linear RGB."""
    linear = np.array(
        [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    )
    matrix = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])
    return matrix @ linear


def test_named_colours_differ_for_the_colour_blind():
    named = [plots.REAL, plots.FAKE, plots.GOOD, plots.BAD, plots.MUTED, plots.INK]
    for one, other in itertools.combinations(named, 2):
        assert np.abs(deuteranope(one) - deuteranope(other)).sum() > 0.12, (one, other)


def test_colours_are_legible_on_white():
    for colour in (plots.REAL, plots.FAKE, plots.GOOD, plots.BAD, plots.MUTED):
        assert 1.05 / (luminance(colour) + 0.05) >= 3.0, colour  # WCAG, large text and graphics


def test_the_field_runs_from_fake_to_real_through_paper():
    hues = [colorsys.rgb_to_hsv(*plots.FIELD(value)[:3])[0] for value in (0.0, 1.0)]
    assert hues[0] == pytest.approx(colorsys.rgb_to_hsv(*to_rgb(plots.FAKE))[0], abs=0.05)
    assert hues[1] == pytest.approx(colorsys.rgb_to_hsv(*to_rgb(plots.REAL))[0], abs=0.05)
    assert min(plots.FIELD(0.5)[:3]) > 0.9


def test_grid_shows_every_picture_in_order():
    images = torch.rand(7, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    fig = plots.image_grid(images, labels=list("abcdefg"), columns=3, title="seven")
    shown = [ax.images[0].get_array() for ax in fig.axes if ax.images]
    assert len(shown) == 7 and len(fig.axes) == 9
    for picture, image in zip(shown, images, strict=True):
        np.testing.assert_allclose(picture, image.permute(1, 2, 0).numpy(), atol=1e-6)
    assert [ax.texts[0].get_text() for ax in fig.axes if ax.texts] == list("abcdefg")
    assert plt.get_fignums() == []


@pytest.mark.parametrize("shape", [(2, 1, 4, 4), (2, 4, 4), (2, 4, 4, 3), (2, 3, 4, 4)])
def test_uint8_and_grey_pictures(shape):
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    pictures = plots.as_pictures(images)
    assert pictures.shape == (2, 4, 4, 3)
    assert pictures.max() == images.max() / 255


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (torch.zeros(0, 3, 4, 4), {}, "no pictures"),
        (torch.zeros(2, 5, 4, 4), {}, "must be"),
        (torch.zeros(2, 3, 4, 4), {"labels": ["a"]}, "2 pictures but 1 labels"),
        (torch.zeros(2, 3, 4, 4), {"columns": 0}, "columns"),
        (torch.full((1, 3, 2, 2), float("nan")), {}, "NaN"),
    ],
)
def test_bad_pictures_are_told(images, options, words):
    with pytest.raises(ValueError, match=words):
        plots.image_grid(images, **options)


def test_curves_hold_the_records():
    fig = plots.curves(RECORDS, names=["loss"], against="samples")
    (line,) = fig.axes[0].lines
    np.testing.assert_allclose(line.get_xdata(), 8 * np.arange(1, 21))
    np.testing.assert_allclose(line.get_ydata(), 1 / np.arange(1, 21))
    assert fig.axes[0].get_xlabel() == "samples seen" and fig.axes[0].get_ylabel() == "loss"


def test_smoothing_is_a_mean_over_the_last_records():
    fig = plots.curves(RECORDS, names=["loss"], smooth=4)
    values = 1 / np.arange(1, 21)
    expected = [np.mean(values[max(0, k - 3) : k + 1]) for k in range(20)]
    np.testing.assert_allclose(fig.axes[0].lines[-1].get_ydata(), expected)


def test_several_runs_are_named():
    fig = plots.curves({"ours": RECORDS, "theirs": RECORDS[:5]}, names=["loss"])
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()] == ["ours", "theirs"]


@pytest.mark.parametrize(
    ("records", "options", "words"),
    [
        ([], {}, "no records"),
        (RECORDS, {"names": ["los"]}, "no value named"),
        (RECORDS, {"against": "epochs"}, "against must be"),
        (RECORDS, {"smooth": 0}, "smooth"),
    ],
)
def test_bad_curves_are_told(records, options, words):
    with pytest.raises(ValueError, match=words):
        plots.curves(records, **options)


def test_figures_do_not_change_the_defaults_of_matplotlib():
    before = dict(matplotlib.rcParams)
    ax = plots.figure()[1]
    assert dict(matplotlib.rcParams) == before
    assert ax.xaxis.label.get_fontsize() >= 14
    with matplotlib.rc_context():
        plots.use_style()
        assert matplotlib.rcParams["font.size"] >= 14


def test_to_uint8_keeps_every_grey_level():
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert (plots.to_uint8(levels / 255.0)[..., 0] == levels).all()
    assert (plots.to_uint8(torch.tensor(levels))[..., 2] == levels).all()
    assert plots.to_uint8(torch.zeros(3, 4, 5)).shape == (4, 5, 3)
    with pytest.raises(ValueError, match="NaN"):
        plots.to_uint8(np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="must be"):
        plots.to_uint8(np.zeros((2, 2, 2)))
