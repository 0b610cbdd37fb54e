"""Figures of volume rendering: what they draw is what they were given."""

import pytest
import torch

from course_utils.lessons.volume_rendering import figures
from course_utils.lessons.volume_rendering.instrument import look_along
from course_utils.vision3d.fields import ray_sampling
from tests.figures import drawn
from tests.lessons.volume_rendering.test_instrument import PLANE


def test_bars_stand_on_their_bins_with_their_heights():
    edges = ray_sampling.regular_edges(0, 3, 3)
    rows = {"density": torch.tensor([1.0, 0.0, 4.0]), "weight": torch.tensor([0.2, 0.0, 0.5])}
    fig = figures.bin_bars(edges, rows, torch.rand(3, 3))
    bars = fig.axes[0].patches
    assert [bar.get_height() for bar in bars] == [1.0, 0.0, 4.0]
    assert [bar.get_x() for bar in bars] == pytest.approx([0.0, 1.0, 2.0])
    with pytest.raises(ValueError, match="3 bins"):
        figures.bin_bars(edges, {"density": torch.ones(2)}, torch.rand(3, 3))


def test_the_panel_shows_density_transmittance_and_weights_of_the_ray():
    look = look_along(PLANE, (-1.0, 0.5), (2.0, 0.5), bins=12)
    fig = figures.ray_panel(PLANE.density(), PLANE.extent, look)
    curves = fig.axes[1]
    heights = torch.tensor([patch.get_height() for patch in curves.patches[:12]])
    torch.testing.assert_close(heights, look.seen.weights, check_dtype=False)
    words = [text.get_text() for text in curves.texts]
    assert "density (its peak is 2.0)" in words and "what the eye sees\nopacity 0.86" in words
    assert drawn(fig).std() > 10


def test_convergence_draws_every_error_and_the_slopes():
    fig = figures.convergence([8, 16, 32], {"a": [0.1, 0.025, 0.00625]})
    lines = fig.axes[0].lines
    assert len(lines) == 3
    assert list(lines[2].get_ydata()) == [0.1, 0.025, 0.00625]
    second = lines[1].get_ydata()
    assert second[0] / second[1] == pytest.approx(4)
    with pytest.raises(ValueError, match="one error"):
        figures.convergence([8, 16], {"a": [0.1]})
