"""The ray laboratory without a browser: the sum along a ray by hand, and what a hand may do."""

import math

import pytest
import torch

from course_utils.lessons.volume_rendering.instrument import RayLab, Slice, look_along


def slab(points, directions):
    """Fog of density 2 where 0 < x < 1, red; nothing elsewhere."""
    density = 2.0 * ((points[..., 0] > 0) & (points[..., 0] < 1)).to(points.dtype)
    return density, torch.tensor([1.0, 0.0, 0.0]).expand_as(points)


PLANE = Slice(slab, 0.0, (-2.0, 2.0, -2.0, 2.0))


def test_looking_through_a_slab_gives_its_closed_form():
    look = look_along(PLANE, (-1.0, 0.5), (2.0, 0.5), bins=12)
    assert float(look.seen.opacity) == pytest.approx(1 - math.exp(-2.0), abs=1e-5)
    assert look.transmittance[0].item() == 1
    assert look.transmittance[-1].item() == pytest.approx(math.exp(-2.0), abs=1e-5)
    torch.testing.assert_close(look.path[0], torch.tensor([-0.875, 0.5]))
    slanted = look_along(PLANE, (-1.0, -1.0), (2.0, 2.0), bins=300)
    assert float(slanted.seen.opacity) == pytest.approx(1 - math.exp(-2 * math.sqrt(2)), abs=5e-3)


def test_the_slice_is_the_plane_seen_from_the_side():
    density = PLANE.density(40)
    assert density.shape == (40, 40)
    assert density[:, 20:30].min() == 2 and density[:, :20].max() == 0


def test_an_end_that_is_near_is_carried_alone_and_else_the_whole_ray():
    lab = RayLab(PLANE, (-1.5, 0.0), (1.5, 0.0))
    lab.hold(-1.4, 0.1)
    lab.move(-1.4, 1.1)
    assert lab.ends == [pytest.approx((-1.5, 1.0)), (1.5, 0.0)]
    lab.hold(0.0, 0.5)
    lab.move(0.2, 0.4)
    assert lab.ends == [pytest.approx((-1.3, 0.9)), pytest.approx((1.7, -0.1))]
    lab.move(9.0, 0.4)  # never out of the slice
    assert lab.ends[1][0] == 2.0


def test_settings_change_the_sum_and_random_places_can_be_repeated():
    lab = RayLab(PLANE, (-1.5, 0.0), (1.5, 0.0))
    lab.set(bins=5)
    assert len(lab.look.density) == 5
    middles = lab.look.path
    lab.set(places="random in each bin")
    first = lab.look.path
    assert not torch.equal(first, middles)
    lab.set(bins=5)
    assert torch.equal(lab.look.path, first)
    with pytest.raises(ValueError, match="there is no"):
        lab.set(colour=1)
    with pytest.raises(ValueError, match="two different ends"):
        look_along(PLANE, (0.0, 0.0), (0.0, 0.0))
