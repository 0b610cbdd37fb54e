"""Figures of splats: what they draw is what they were given."""

import pytest
import torch

from course_utils.lessons.splatting import figures
from course_utils.lessons.splatting.instrument import one_gaussian
from course_utils.vision3d.cameras import orbit_camera
from course_utils.vision3d.splats.projection import BLUR
from tests.figures import drawn, words

CAMERA = orbit_camera(0.9, 0.35, 40.0, field_of_view=0.07, size=48)


def test_an_ellipse_lies_at_its_distance_from_the_mean():
    mean = torch.tensor([5.0, -2.0], dtype=torch.float64)
    covariance = torch.tensor([[4.0, 1.0], [1.0, 2.0]], dtype=torch.float64)
    offsets = figures.ellipse(mean, covariance, 2) - mean
    squared = (offsets * torch.linalg.solve(covariance, offsets.T).T).sum(1)
    torch.testing.assert_close(squared, torch.full_like(squared, 4.0))
    torch.testing.assert_close(offsets[0], offsets[-1])
    with pytest.raises(ValueError, match="positive definite"):
        figures.ellipse(mean, -covariance)


def test_from_afar_the_outline_encloses_the_rings_but_for_the_blur():
    look = figures.look_at_gaussian(one_gaussian(), CAMERA)
    inverse = torch.linalg.inv(look.covariance)
    offsets = look.rings.flatten(0, 1) - look.mean
    distance = torch.einsum("ni,ij,nj->n", offsets, inverse, offsets).sqrt()
    assert distance.max() < 1.03
    # Each ring touches the silhouette of the ellipsoid nearly; the axes' ends are on the rings.
    assert distance.view(3, -1).amax(1).max() > 0.93
    ends = (look.axes[:, None] - look.rings.flatten(0, 1)).norm(dim=-1).min(1).values
    assert ends.max() < 0.1
    assert look.alpha.max().item() == pytest.approx(0.9, abs=0.02)
    with pytest.raises(ValueError, match="one Gaussian"):
        figures.look_at_gaussian(one_gaussian()[[0, 0]], CAMERA)


def test_a_round_gaussian_has_a_round_outline_of_the_known_size():
    look = figures.look_at_gaussian(one_gaussian((0.3, 0.3, 0.3)), CAMERA)
    variance = (0.3 * float(CAMERA.focal) / 40) ** 2 + BLUR
    expected = variance * torch.eye(2)
    torch.testing.assert_close(look.covariance, expected, rtol=1e-3, atol=1e-2)


def test_the_panel_the_clouds_and_the_groups_are_drawn_with_their_names():
    look = figures.look_at_gaussian(one_gaussian(), CAMERA)
    fig = figures.splat_panel(look)
    assert "axis 3" in words(fig) and drawn(fig).std() > 10
    points = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    fig = figures.cloud_and_ellipses({"near": (points, torch.zeros(2), torch.eye(2))})
    solid, dashed = fig.axes[0].lines[1:]
    assert torch.tensor(dashed.get_xdata()).max().item() == pytest.approx(2)
    assert torch.tensor(solid.get_xdata()).max().item() != pytest.approx(2, abs=1e-4)
    fig = figures.growth_panel(torch.rand(3, 8, 8), {"clone": points, "split": points[:3]})
    assert [ax.get_title() for ax in fig.axes] == ["clone: 200", "split: 3"]
    for draw in (figures.cloud_and_ellipses, lambda x: figures.growth_panel(look.alpha, x)):
        with pytest.raises(ValueError, match=r"no (clouds|groups)"):
            draw({})


def test_the_tile_map_writes_every_count_in_its_tile():
    counts = torch.tensor([[0, 7, 12], [3, 0, 1]])
    fig = figures.tile_map(torch.rand(3, 20, 40), counts, 16)
    texts = {text.get_text(): text.get_position() for text in fig.axes[1].texts}
    assert texts["7"] == (24, 8) and texts["3"] == (8, 24)
    assert len(fig.axes[1].texts) == 6
