"""The figures of the lesson on CLIP show the numbers they were given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from course_utils.lessons.clip_dense import figures
from course_utils.plots import BAD, GOOD
from tests.figures import drawn, pictures, words


def test_every_picture_has_its_sentence():
    fig = figures.captioned(pictures(3), ["a red car", "a duck", "a boat"], columns=2)
    assert [ax.get_xlabel() for ax in fig.axes if ax.axison] == ["a red car", "a duck", "a boat"]
    with pytest.raises(ValueError, match="2 sentences"):
        figures.captioned(pictures(3), ["a", "b"])


def test_held_out_pairs_are_crossed_and_counts_written():
    counts = torch.tensor([[3, 0], [0, 7]])
    fig = figures.seen_together(counts, [(0, 1)], ["car", "duck"], ["red", "blue"])
    told = {t.get_position(): t.get_text() for t in fig.axes[0].texts}
    assert told == {(0, 0): "3", (1, 0): "×", (1, 1): "7"}


def test_similarities_are_written_row_by_row():
    cosines = torch.tensor([[0.9, -0.1], [0.2, 0.5]])
    fig = figures.similarity_table(pictures(2), ["a red car", "a duck"], cosines)
    told = {t.get_position(): t.get_text() for t in fig.axes[1].texts}
    assert told == {(0, 0): "0.90", (1, 0): "−0.10", (0, 1): "0.20", (1, 1): "0.50"}
    assert drawn(fig).std() > 10
    with pytest.raises(ValueError, match="2 texts, 3 pictures"):
        figures.similarity_table(pictures(3), ["a", "b"], cosines)


def test_the_right_label_is_green():
    shares = torch.tensor([[0.2, 0.7, 0.1]])
    fig = figures.label_beliefs(pictures(1), shares, ["car", "duck", "boat"], [0], top=2)
    bars = fig.axes[1].patches
    assert [bar.get_width() for bar in bars] == pytest.approx([0.7, 0.2])
    assert to_rgb(bars[1].get_facecolor()) == to_rgb(GOOD) != to_rgb(bars[0].get_facecolor())
    assert [t.get_text() for t in fig.axes[1].texts] == ["duck", "car"]


def test_templates_have_a_bar_for_each_group():
    scores = {
        "bare": {"new": torch.tensor([0.5, 0.7]), "all": torch.tensor([0.25])},
        "full": {"new": torch.tensor([0.8]), "all": torch.tensor([0.4])},
    }
    told = words(figures.template_bars(scores))
    assert all(part in told for part in ("60 %", "25 %", "80 %", "40 %", "new", "all"))


def test_search_shows_the_sentence_and_the_note():
    fig = figures.search_results(pictures(2), torch.tensor([0.81, -0.2]), "a cat", "unknown: cat")
    assert "a cat" in fig._suptitle.get_text() and "unknown: cat" in words(fig)
    assert [ax.get_xlabel() for ax in fig.axes] == ["0.81", "−0.20"]


def test_lines_join_matches_and_wrong_ones_are_red():
    both = tuple(pictures(2, 12))
    points = torch.tensor([[2.5, 3.5], [8.0, 9.0]])
    fig = figures.match_lines(both, points, points.flip(0), torch.tensor([True, False]))
    assert [to_rgb(line.get_edgecolor()) for line in fig.artists] == [to_rgb(GOOD), to_rgb(BAD)]
    assert fig.artists[0].xy1 == (2.0, 3.0)  # imshow counts from the centre of the first pixel
    assert fig.artists[0].xy2 == (7.5, 8.5)
    assert drawn(fig).std() > 10


def test_the_best_match_is_marked_at_the_peak():
    both, heat = tuple(pictures(2, 12)), torch.zeros(12, 12)
    heat[4, 7] = 1.0
    fig = figures.match_panel(both, (5.5, 5.5), {"net": heat}, (7.5, 4.5))
    marks = [tuple(float(v[0]) for v in line.get_data()) for line in fig.axes[1].lines]
    assert marks[-1] == (7.0, 4.0) and marks[0] == (7.0, 4.0)
    assert len(figures.match_panel(both, (5, 5), {"net": heat}).axes[1].lines) == 1


def test_curves_are_means_over_seeds():
    runs = {"trained": torch.tensor([[0.2, 0.4], [0.4, 0.8]]), "random": torch.tensor([[0.1, 0.2]])}
    ax = figures.pck_curves(runs, (1.0, 2.0)).axes[0]
    assert ax.lines[0].get_ydata() == pytest.approx([30, 60])
    assert ax.lines[1].get_ydata() == pytest.approx([10, 20])


def test_equal_descriptors_have_equal_colours_across_pictures():
    generator = torch.Generator().manual_seed(0)
    kinds = torch.randn(4, 5, generator=generator)
    which = torch.randint(0, 4, (2, 6, 6), generator=generator)
    maps = kinds[which].permute(0, 3, 1, 2)
    masks = torch.ones(2, 6, 6, dtype=torch.bool)
    masks[:, 0] = False
    shown = figures.descriptor_pictures(maps, masks).permute(0, 2, 3, 1)
    for kind in range(4):
        colours = shown[masks & (which == kind)]
        assert colours.std(dim=0).max() < 1e-5
    means = torch.stack([shown[masks & (which == k)].mean(dim=0) for k in range(4)])
    assert torch.cdist(means, means)[~torch.eye(4, dtype=torch.bool)].min() > 0.1
    assert torch.allclose(shown[:, 0], torch.tensor(0.93))
    with pytest.raises(ValueError, match="no pixel"):
        figures.descriptor_pictures(maps, masks & False)
    fig = figures.descriptor_rows({"a": pictures(2), "b": pictures(2)})
    assert np.array([ax.get_ylabel() for ax in fig.axes]).tolist() == ["a", "", "b", ""]
