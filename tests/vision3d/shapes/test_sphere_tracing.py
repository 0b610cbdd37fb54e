"""Walks along rays, against closed forms and against the walk as a loop."""

import math

import pytest
import torch

from course_utils.vision3d.cameras import orbit_camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.shapes import csg, sphere_tracing
from tests.references.cameras import stack_cameras


def rays(count=300, seed=0):
    dice = torch.Generator().manual_seed(seed)
    origins = torch.nn.functional.normalize(torch.randn(count, 3, generator=dice), dim=1) * 3
    aims = 1.2 * torch.rand(count, 3, generator=dice) - 0.6
    return origins.double(), torch.nn.functional.normalize((aims - origins).double(), dim=1)


def test_a_ball_is_hit_where_the_quadratic_says():
    origins, directions = rays()
    found = sphere_tracing.sphere_trace(
        csg.sphere(0.5), origins, directions, 0.0, 6.0, 200, tolerance=1e-9
    )
    b = (origins * directions).sum(1)
    inner = b**2 - (origins.square().sum(1) - 0.25)
    clear = inner.abs() > 1e-3
    assert torch.equal(found.hit[clear], inner[clear] > 0)
    true = (-b - inner.clamp(min=0).sqrt())[found.hit & clear]
    assert torch.allclose(found.distance[found.hit & clear], true, atol=1e-6)
    assert 50 < int(found.hit.sum()) < 250


def test_the_walk_is_the_loop_that_the_lesson_prints():
    solid = csg.difference(csg.box((0.5, 0.5, 0.5)), csg.sphere(0.62))
    origins, directions = rays(40, seed=1)
    found = sphere_tracing.sphere_trace(solid, origins, directions, 0.5, 6.0, 50, 1e-4)
    for k in range(40):
        t, steps, hit = 0.5, 0, False
        while steps < 50 and t < 6.0:
            value = solid((origins[k] + t * directions[k])[None]).item()
            steps += 1
            if abs(value) < 1e-4:
                hit = True
                break
            t += value
        assert (steps, hit) == (found.steps[k].item(), found.hit[k].item())
        assert t == pytest.approx(found.distance[k].item(), abs=1e-9)


def test_a_bound_from_below_is_safe_and_one_from_above_is_not():
    origins, directions = rays()

    def hits(factor):
        def function(points):
            return factor * csg.sphere(0.5)(points)

        return sphere_tracing.sphere_trace(function, origins, directions, 0.0, 6.0, 400, 1e-4).hit

    assert int((hits(0.5) ^ hits(1.0)).sum()) <= 3  # rays that only just graze it
    assert int(hits(3.0).sum()) < 0.7 * int(hits(1.0).sum())


def test_a_walk_that_starts_inside_goes_back_to_the_surface():
    origin, direction = torch.zeros(1, 3), torch.tensor([[1.0, 0.0, 0.0]])
    found = sphere_tracing.sphere_trace(csg.sphere(0.5), origin, direction)
    assert found.hit.item() and found.steps.item() == 2
    assert found.distance.item() == pytest.approx(-0.5)


def test_a_picture_of_a_ball():
    camera = orbit_camera(0.4, 0.3, 4.0, size=40)
    seen = sphere_tracing.render_surface(csg.sphere(0.8), camera, tolerance=1e-4)
    origins, directions = (
        x.reshape(-1, 3) for x in pixels_to_rays(camera, pixel_centres(camera).reshape(-1, 2))
    )
    points = (origins + seen.distance.reshape(-1, 1) * directions).reshape(40, 40, 3)
    assert torch.allclose(seen.normal[seen.hit], points[seen.hit] / 0.8, atol=1e-3)
    assert (seen.normal[~seen.hit] == 0).all()
    silhouette = math.asin(0.8 / 4.0)  # half the angle under which it is seen
    off_axis = torch.acos((directions @ camera.rotation[:, 2]).clamp(-1, 1)).reshape(40, 40)
    edge = (off_axis - silhouette).abs() < 0.01
    assert torch.equal(seen.hit[~edge], (off_axis < silhouette)[~edge])


def test_light_follows_the_cosine():
    normal = torch.tensor([[[0.0, 0, 1], [0, 0, -1], [0, math.sin(1.0), math.cos(1.0)], [0, 0, 0]]])
    hit = torch.tensor([[True, True, True, False]])
    light = sphere_tracing.shade(normal, hit, torch.tensor([0.0, 0.0, 5.0]), ambient=0.2)
    assert light[0].tolist() == pytest.approx([1.0, 0.2, 0.2 + 0.8 * math.cos(1.0), 1.0])


def test_what_cannot_be_traced_is_refused(as_shipped):
    ball, camera = csg.sphere(0.5), orbit_camera(0.0, 0.0, 4.0, size=8)
    with pytest.raises(ValueError, match="rays are"):
        sphere_tracing.sphere_trace(ball, torch.zeros(2, 3), torch.zeros(3, 3))
    with pytest.raises(ValueError, match="near must be before far"):
        sphere_tracing.sphere_trace(ball, torch.zeros(2, 3), torch.ones(2, 3), 3.0, 1.0)
    with pytest.raises(ValueError, match="within the ball"):
        sphere_tracing.render_surface(ball, orbit_camera(0.0, 0.0, 1.0, size=8))
    with pytest.raises(ValueError, match="one camera"):
        sphere_tracing.render_surface(ball, stack_cameras([camera, camera]))
