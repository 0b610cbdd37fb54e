"""The figures of the lesson on SimCLR and MoCo show the numbers they were given."""

import math

import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Wedge

from course_utils.lessons.simclr_moco import figures
from course_utils.plots import GOOD
from tests.figures import drawn, pictures, words


def test_the_gallery_letters_its_views():
    views = dict(zip(("original", "cutout"), pictures(2), strict=True))
    fig = figures.view_gallery(views)
    assert "(a) original" in words(fig) and "(b) cutout" in words(fig)
    assert drawn(fig).std() > 1
    with pytest.raises(ValueError, match="one to 10"):
        figures.view_gallery({})


def test_the_bars_are_the_choice_of_the_view_and_the_partner_is_marked():
    cosines = torch.eye(4)
    cosines[0, 2] = cosines[2, 0] = 1.0
    fig = figures.similarity_panel(cosines, temperature=0.5, view=0, images=pictures(4))
    heights = [bar.get_height() for bar in fig.axes[1].patches]
    share = math.exp(2) / (math.exp(2) + 2)
    rest = (1 - share) / 2
    assert heights == pytest.approx([0, rest, share, rest])
    assert to_rgb(fig.axes[1].patches[2].get_facecolor()) == to_rgb(GOOD)
    assert f"loss {-math.log(share):.2f}" in words(fig)
    assert fig.axes[0].images[0].get_array().mask.diagonal().all()
    assert drawn(fig).std() > 1


@pytest.mark.parametrize(("shape", "view"), [((3, 3), 0), ((4, 2), 0), ((4, 4), 4)])
def test_a_similarity_panel_needs_an_even_square_and_a_row_of_it(shape, view):
    with pytest.raises(ValueError, match="row"):
        figures.similarity_panel(torch.zeros(shape), view=view)


def test_the_ring_has_a_wedge_for_each_key_and_counts_those_never_written():
    fig = figures.queue_ring(torch.tensor([2, 2, 1, 1, -1, -1]), [1.0, 0.8], "step 2")
    wedges = [patch for patch in fig.axes[0].patches if isinstance(patch, Wedge)]
    assert len(wedges) == 6
    faces = [wedge.get_facecolor() for wedge in wedges]
    assert faces[0] == faces[1] != faces[2] == faces[3] != faces[4]
    assert "oldest 2 batches" in words(fig) and "2 still random" in words(fig)
    assert list(fig.axes[1].lines[0].get_ydata()) == [1.0, 0.8]
    assert drawn(fig).std() > 1
    with pytest.raises(ValueError, match="no rows"):
        figures.queue_ring(torch.zeros(0, dtype=torch.long))


def test_the_composition_shows_every_pair():
    scores = {("crop", "crop"): 0.3, ("crop", "colour"): 0.5}
    scores |= {("colour", "crop"): 0.45, ("colour", "colour"): 0.2}
    fig = figures.composition_table(scores, ["crop", "colour"], "probe")
    assert [text.get_text() for text in fig.axes[0].texts] == ["30 %", "50 %", "45 %", "20 %"]
    with pytest.raises(ValueError, match="blur"):
        figures.composition_table(scores, ["crop", "blur"])


def test_the_costs_are_the_lines():
    fig = figures.cost_panel([64, 256], {"MoCo": [5, 6]}, {"MoCo": [3.0, 3.5]})
    assert list(fig.axes[0].lines[0].get_ydata()) == [5, 6]
    assert list(fig.axes[1].lines[0].get_ydata()) == [3.0, 3.5]
    assert fig.axes[0].get_xscale() == fig.axes[0].get_yscale() == "log"
    with pytest.raises(ValueError, match="points"):
        figures.cost_panel([64, 256], {"MoCo": [5]}, {"MoCo": [3.0, 3.5]})
