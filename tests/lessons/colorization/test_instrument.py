"""The colouring instrument where nothing is displayed: its numbers and its states."""

import pytest
import torch

from course_utils.lessons.colorization.figures import LIMIT
from course_utils.lessons.colorization.instrument import ColorLab, colour_with_hints, hint_maps
from course_utils.selfsup.color import rgb_to_lab

BINS = torch.tensor([[0.0, 0.0], [60.0, 40.0], [-40.0, 40.0]])


def obedient(inputs):
    """Logits of a network that paints grey, and near a hint the bin that the hint is closest to."""
    told = torch.nn.functional.avg_pool2d(inputs[:, 1:3] * inputs[:, 3:], 2) * 110
    gaps = ((told[:, None] - BINS[None, :, :, None, None]) ** 2).sum(dim=2)
    return -gaps


def pictures(count=2, side=16):
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.4


def test_a_hint_is_a_brush_of_three_pixels_cut_at_the_edge():
    chroma, mask = hint_maps([(0, 0, 10.0, -20.0), (8, 9, 5.0, 5.0)], (16, 16))
    assert mask.sum() == 4 + 9
    assert chroma[0, :, 1, 1].tolist() == [10.0, -20.0]
    assert chroma[0, :, 7, 10].tolist() == [5.0, 5.0]
    assert (chroma * (1 - mask)).abs().max() == 0
    with pytest.raises(ValueError, match="outside"):
        hint_maps([(16, 0, 0.0, 0.0)], (16, 16))


def test_the_hint_reaches_the_network_and_the_lightness_stays():
    picture = pictures(1)[0]
    plain = colour_with_hints(obedient, BINS, picture, [], 0.1)
    red = colour_with_hints(obedient, BINS, picture, [(8, 8, 60.0, 40.0)], 0.1)
    before, after = (rgb_to_lab(p[None])[0] for p in (plain, red))
    assert before[1:].norm(dim=0).max() < 1  # nothing was told, all is grey
    assert after[1, 8, 8] > 30 and after[1:, 1, 1].norm() < 1
    lightness = rgb_to_lab(picture[None])[0, 0]
    torch.testing.assert_close(before[0], lightness, atol=0.1, rtol=0)


def test_placing_painting_and_taking_back():
    lab = ColorLab(obedient, BINS, pictures(), ["one", "two"])
    assert lab.widget is None  # no kernel here
    lab.paint(50.0, 50.0)
    assert lab.hints == []  # there is no hint to colour yet
    lab.place(4, 5)
    lab.paint(60.0, 4000.0)
    assert lab.hints == [(4, 5, 60.0, LIMIT)]
    lab.place(12, 12)
    assert lab.chosen == 1 and lab.hints[1][2:] == (60.0, LIMIT)  # the colour last used
    lab.place(5, 5)
    assert lab.chosen == 0 and len(lab.hints) == 2  # near an old hint: taken up again
    lab.undo()
    assert lab.chosen == 0 and len(lab.hints) == 1
    lab.choose(1)
    assert lab.which == 1 and lab.hints == [] and lab.chosen is None
    lab.undo()
    assert lab.hints == []


def test_a_place_outside_is_moved_to_the_edge():
    lab = ColorLab(obedient, BINS, pictures(), ["one", "two"])
    lab.place(99, -3)
    assert lab.hints[0][:2] == (15, 0)


def test_the_temperature_and_the_hints_are_in_the_figure():
    lab = ColorLab(obedient, BINS, pictures(), ["one", "two"])
    lab.place(8, 8)
    lab.paint(60.0, 40.0)
    cold = lab.coloured()
    lab.heat(1e6)  # every bin alike: one colour everywhere
    warm = rgb_to_lab(lab.coloured()[None])[0, 1:]
    assert warm.flatten(1).std(dim=1).max() < 2
    assert (cold - lab.coloured()).abs().max() > 0.05
    marks = lab.figure().axes[2].collections[0].get_offsets()
    assert marks.tolist() == [[60.0, 40.0]]


def test_names_and_pictures_must_agree():
    with pytest.raises(ValueError, match="2 pictures but 1 names"):
        ColorLab(obedient, BINS, pictures(), ["one"])
