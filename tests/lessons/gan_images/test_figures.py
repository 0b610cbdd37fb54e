"""The figures of the lesson on GAN pictures show the numbers they were given."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from matplotlib.patches import Circle, Rectangle

from course_utils.gan.measures import Coverage
from course_utils.lessons.gan_images import figures as show
from course_utils.plots import BAD, GOOD
from tests.figures import drawn, words


def made(count, side=6, channels=1):
    return (
        torch.rand(count, channels, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_a_sheet_holds_every_picture_at_its_place(channels):
    pictures = made(5, 4, channels)
    board = show.tiled(pictures, columns=3, gap=1, times=2)
    assert board.shape == (2 * (4 + 1 + 4), 2 * (3 * 4 + 2), 3)
    fifth = board[10:18, 10:18][::2, ::2].astype(float) / 255  # second row, second column
    wanted = ((pictures[4] + 1) / 2).permute(1, 2, 0).expand(4, 4, 3).numpy()
    assert np.abs(fifth - wanted).max() < 0.003
    assert (board[10:18, 20:] == board[0, 8]).all()  # nothing at the sixth place
    for wrong in ((pictures[:0], 3), (pictures, 0)):
        with pytest.raises(ValueError, match="at least one picture"):
            show.tiled(*wrong)


def test_sheets_and_strips_are_named():
    fig = show.sheets({"real": made(8), "made": made(8), "one": made(1)}, columns=4)
    board, single = (fig.axes[k].images[0].get_array().shape for k in (0, 2))
    assert board[1] > 3 * single[1] and len(set(single[:2])) == 1  # alone, it fills its panel
    assert "real" in words(fig) and "made" in words(fig) and drawn(fig).std() > 1
    strip = show.film_strip({"0 rounds": made(4), "10 rounds": made(4)})
    assert "10 rounds" in words(strip) and len(strip.axes) == 2
    assert "digits" in words(show.sheet(made(4), title="digits"))
    with pytest.raises(ValueError, match="one length"):
        show.film_strip({"a": made(4), "b": made(3)})
    with pytest.raises(ValueError, match="no sheet"):
        show.sheets({})


def test_the_stamps_are_written_in_their_cells():
    small, kernel = torch.tensor([[1.0, 3.0]]), torch.ones(2, 2)
    large = torch.tensor([[1.0, 1, 3, 3], [1, 1, 3, 3]])
    fig = show.stamping(small, kernel, large, large * 0, stride=2)
    assert [t.get_text() for t in fig.axes[3].texts] == ["1", "1", "3", "3"] * 2
    counts = show.checkerboards({"kernel 3": torch.tensor([[1.0, 2.0], [2.0, 4.0]])})
    assert [t.get_text() for t in counts.axes[0].texts] == ["1", "2", "2", "4"]
    with pytest.raises(ValueError, match="nothing to show"):
        show.checkerboards({})


@pytest.mark.parametrize(
    ("score", "spread", "said"),
    [(9.0, 1.0, "worse"), (2.0, 0.5, "better"), (5.5, 0.5, "no difference"), (9.0, 5.0, "no")],
)
def test_a_guideline_is_judged_against_the_spread(score, spread, said):
    kept, run = show.Trained(made(6), 5.0, 0.5), show.Trained(made(6), score, spread)
    assert show.compared(kept, run)[0].startswith(said)
    fig = show.guideline_pairs(kept, {"leaky": run})
    assert "without: leaky" in words(fig) and said in words(fig) and f"{score:.1f} ±" in words(fig)
    with pytest.raises(ValueError, match="no broken"):
        show.guideline_pairs(kept, {})


def test_suspects_are_framed_over_their_neighbours():
    rows = {"nearest in pixels": torch.tensor([2, 0, 1])}
    fig = show.neighbour_rows(made(3), made(5), rows, suspects=[1])
    frames = [p for ax in fig.axes for p in ax.patches if isinstance(p, Rectangle)]
    assert len(frames) == 2 and {p.get_x() for p in frames} == {6.0}
    assert to_rgb(frames[0].get_edgecolor()) == to_rgb(BAD)
    board = fig.axes[1].images[0].get_array()
    assert (board[:, :6] == show.tiled(made(5)[2:3], columns=1)).all()
    with pytest.raises(ValueError, match="3 neighbours"):
        show.neighbour_rows(made(3), made(5), {"x": torch.tensor([0])})


def test_confidences_are_counted():
    fig = show.confidence_bars({"real": [0.95, 0.99, 0.5, 0.2], "made": [0.1]})
    assert "real: 50% above 0.9" in words(fig)
    heights = [bar.get_height() for bar in fig.axes[0].patches]
    assert heights[-1] == pytest.approx(0.5) and sum(heights) == pytest.approx(1)
    with pytest.raises(ValueError, match="nothing"):
        show.confidence_bars({})


def test_territories_have_a_ball_for_each_owner_and_the_numbers_of_the_measure():
    fig = show.territories(shift=0.0, spread=1.0, count=40)
    for ax in fig.axes:
        assert sum(isinstance(p, Circle) for p in ax.patches) == 40
    told = words(fig)
    precision = int(told.split("precision ")[1].split("%")[0])
    recall = int(told.split("recall ")[1].split("%")[0])
    assert precision > 75 and 30 < recall < 60  # the made ones lie on one of the two heaps
    assert "precision 0%" in words(show.territories(shift=-30.0))


def test_the_curves_of_fidelity_and_variety_are_their_points():
    found = [Coverage(0.9, 0.1, 1.0, 0.2), Coverage(0.7, 0.6, 0.8, 0.5)]
    fig = show.fidelity_and_variety([0.2, 2.0], found)
    precision, recall = fig.axes[0].lines
    assert list(precision.get_ydata()) == [0.9, 0.7] and list(recall.get_ydata()) == [0.1, 0.6]
    assert to_rgb(precision.get_color()) == to_rgb(GOOD)
    assert list(fig.axes[1].lines[0].get_xdata()) == [0.1, 0.6]
    with pytest.raises(ValueError, match="thresholds"):
        show.fidelity_and_variety([0.2], found)


def test_asked_and_seen_are_percent_of_what_was_asked():
    fig = show.asked_and_seen(torch.tensor([[3, 1], [0, 0]]), ["a", "b"])
    assert [t.get_text() for t in fig.axes[0].texts] == ["75", "25"]


def test_scale_lines_are_their_points():
    fig = show.scale_lines({"width": {4: 9.0, 16: 3.0}, "batch": {8: 5.0, 64: 4.0}})
    assert list(fig.axes[0].lines[0].get_ydata()) == [9.0, 3.0]
    assert fig.axes[1].get_xscale() == "log"
    with pytest.raises(ValueError, match="nothing"):
        show.scale_lines({})
