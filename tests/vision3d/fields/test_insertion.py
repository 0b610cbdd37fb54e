"""A solid thing in fog: the ball by geometry, the light before it in closed form."""

import math

import pytest
import torch

from course_utils.vision3d.fields import insertion, ray_sampling, volume_rendering

DOUBLE = torch.float64
AHEAD = torch.tensor([[1.0, 0.0, 0.0]], dtype=DOUBLE)
ORIGIN = torch.zeros(1, 3, dtype=DOUBLE)


def fog(points, directions):
    """Red fog of density 0.7 everywhere."""
    density = torch.full_like(points[..., 0], 0.7)
    return density, points.new_tensor([1.0, 0.0, 0.0]).expand_as(points)


def test_the_ball_begins_where_its_surface_is():
    g = torch.Generator().manual_seed(0)
    origins = 3 * torch.randn(500, 3, generator=g, dtype=DOUBLE)
    directions = torch.nn.functional.normalize(
        torch.randn(500, 3, generator=g, dtype=DOUBLE), dim=1
    )
    centre = torch.tensor([0.3, -0.2, 0.5], dtype=DOUBLE)
    distance = insertion.distance_to_ball(origins, directions, centre, 1.2)
    met = torch.isfinite(distance)
    assert 5 < int(met.sum()) < 250
    hit = origins[met] + distance[met][:, None] * directions[met]
    torch.testing.assert_close(
        (hit - centre).norm(dim=1), torch.full((int(met.sum()),), 1.2).double()
    )
    before = origins[met] + 0.99 * distance[met][:, None] * directions[met]
    assert bool(((before - centre).norm(dim=1) > 1.2).all())  # the nearer of the two
    # Rays that miss: no place of a fine march along them is inside of the ball.
    t = torch.linspace(0, 12, 2000, dtype=DOUBLE)[:, None]
    outside = (origins - centre).norm(dim=1) > 1.2
    for o, d in zip(origins[~met & outside][:60], directions[~met & outside][:60], strict=True):
        assert bool(((o + t * d - centre).norm(dim=1) > 1.2 - 1e-3).all())


@pytest.mark.parametrize("stop", [0.0, 0.5, 1.37, 2.0, 9.0])
def test_fog_before_the_solid_has_its_closed_form(stop):
    edges = ray_sampling.regular_edges(0.5, 2.0, 7, ORIGIN)
    seen = insertion.render_before(fog, ORIGIN, AHEAD, edges, torch.tensor([stop], dtype=DOUBLE))
    length = min(max(stop - 0.5, 0.0), 1.5)
    assert seen.opacity.item() == pytest.approx(1 - math.exp(-0.7 * length), abs=1e-12)


def test_solid_background_and_fog_share_the_light():
    edges = ray_sampling.regular_edges(0.5, 2.0, 9, ORIGIN)
    blue, white = torch.tensor([[0.0, 0.0, 1.0]], dtype=DOUBLE), torch.ones(3, dtype=DOUBLE)
    for stop, length, last in ((1.2, 0.7, blue[0]), (math.inf, 1.5, white)):
        solid = (torch.tensor([stop], dtype=DOUBLE), blue)
        colour = insertion.render_with_solid(fog, ORIGIN, AHEAD, edges, solid, white)
        through = math.exp(-0.7 * length)
        red = (1 - through) * torch.tensor([1.0, 0.0, 0.0], dtype=DOUBLE)
        torch.testing.assert_close(colour[0], red + through * last)


def test_a_solid_behind_everything_is_only_another_background():
    edges = ray_sampling.regular_edges(0.5, 2.0, 9, ORIGIN)
    seen = insertion.render_before(fog, ORIGIN, AHEAD, edges, torch.tensor([5.0], dtype=DOUBLE))
    whole = volume_rendering.render_rays(fog, ORIGIN, AHEAD, edges)
    torch.testing.assert_close(seen.colour, whole.colour)


def test_the_ball_is_lit_from_the_lamp():
    centre, lamp = torch.tensor([3.0, 0.0, 0.0]).double(), torch.tensor([-1.0, 0.0, 0.0]).double()
    colour = torch.tensor([0.2, 0.6, 1.0]).double()
    distance, lit = insertion.shaded_ball(ORIGIN, AHEAD, centre, 1.0, colour, lamp)
    assert distance.item() == pytest.approx(2.0)
    torch.testing.assert_close(lit[0], colour)
    _, dark = insertion.shaded_ball(ORIGIN, AHEAD, centre, 1.0, colour, -lamp)
    torch.testing.assert_close(dark[0], 0.35 * colour)
    with pytest.raises(ValueError, match="must be positive"):
        insertion.distance_to_ball(ORIGIN, AHEAD, centre, 0)
