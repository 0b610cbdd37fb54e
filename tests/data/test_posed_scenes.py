"""Posed views and the toy world's radiance field, against the ray caster and each other."""

import math

import pytest
import torch

from course_utils.data import posed_scenes, toy
from course_utils.vision3d import cameras
from course_utils.vision3d.fields import ray_sampling, volume_rendering


def scene(seed: int = 0, kind: str = "car") -> toy.Scenes:
    g = torch.Generator().manual_seed(seed)
    return toy.sample_scenes(1, generator=g, kinds=(kind,), gloss=0, backdrop="studio")


def around(scenes, count: int = 6, size: int = 24):
    return posed_scenes.sphere_cameras(
        scenes, count, size, generator=torch.Generator().manual_seed(1)
    )


def test_distances_to_parts_agree_with_the_distance_to_the_scene():
    one = scene()
    points = 2 * torch.rand(200, 3, generator=torch.Generator().manual_seed(2)) - 1
    parts = toy.raycast.flat_parts(one)[0][0]
    least = posed_scenes.part_distances(parts, points).amin(-1)
    torch.testing.assert_close(least, toy.signed_distance(one, points)[0])


def test_the_field_is_half_as_dense_on_the_surface_and_has_the_parts_colour():
    one = scene()
    on = toy.surface_points(one, 300, generator=torch.Generator().manual_seed(3))
    field = posed_scenes.radiance_field(one, peak=40, softness=0.01)
    density, colour = field(on.points, torch.zeros_like(on.points))
    torch.testing.assert_close(density, torch.full((1, 300), 20.0), atol=0.1, rtol=0)
    palette = toy.raycast.flat_parts(one)[0][0].colour
    gap = (colour[0, :, None] - palette).abs().amax(-1).amin(-1)
    assert gap.max().item() == 0
    deep = one.objects.world_parts.centre[0, 0, :1]
    assert field(deep, deep)[0].item() > 20


def test_the_field_rendered_shows_the_silhouette_and_the_depth_of_the_ray_caster():
    one = scene(kind="snowman")
    views = posed_scenes.posed_views(one, around(one, 2, 16))
    field = posed_scenes.radiance_field(one, peak=200, softness=0.005)
    centre, radius = (x[0] for x in toy.scene_ball(one))
    away = (views.cameras.centre[1] - centre).norm()
    edges = ray_sampling.regular_edges(float(away - radius), float(away + radius), 90)
    camera = views.cameras[1]
    strips = list(volume_rendering.render_rows(field, camera, edges))
    opacity = torch.cat([seen.opacity for _, seen in strips])
    distance = torch.cat([seen.distance for _, seen in strips])
    sure = (views.opacity[1] == 0) | (views.opacity[1] == 1)
    assert (opacity - views.opacity[1])[sure].abs().mean() < 0.02
    hit = (views.opacity[1] == 1) & (opacity > 0.99)
    assert int(hit.sum()) > 15
    assert (distance - views.distance[1])[hit].abs().median().item() < 0.02


def test_cameras_see_the_whole_object_from_every_side():
    one = scene()
    cameras_ = around(one, 40)
    views = posed_scenes.posed_views(one, cameras_)
    border = torch.cat([views.opacity[:, 0], views.opacity[:, -1], views.opacity[:, :, 0]], 1)
    assert border.max().item() == 0
    centre = toy.scene_ball(one)[0][0]
    uv, depth = cameras.project_points(cameras_, centre[None])
    torch.testing.assert_close(uv, torch.full_like(uv, 12.0), atol=1e-3, rtol=0)
    heights = ((cameras_.centre - centre)[:, 2] / depth[:, 0]).sort().values
    assert heights[0] > 0.07 and heights[-1] < 0.91
    torch.testing.assert_close(heights.diff(), torch.full((39,), 0.82 / 40), atol=1e-4, rtol=0)
    turns = torch.atan2(*(cameras_.centre - centre)[:, [1, 0]].unbind(-1)).sort().values
    assert turns.diff().max().item() < 2 * math.pi / 40 * 2.7  # no side is left out


def test_what_is_not_object_is_white_and_edges_are_mixed():
    one = scene()
    views = posed_scenes.posed_views(one, around(one))
    empty = views.opacity == 0
    assert bool((views.images.movedim(1, -1)[empty] == 1).all())
    assert bool(torch.isinf(views.distance[empty]).all())
    ninths = views.opacity * 9
    torch.testing.assert_close(ninths, ninths.round(), atol=1e-4, rtol=0)
    assert int(((views.opacity > 0) & (views.opacity < 1)).sum()) > 100
    part = views[2:4]
    assert len(part) == 2 and torch.equal(part.cameras.centre, views.cameras.centre[2:4])


def test_one_scene_at_a_time():
    two = toy.sample_scenes(2, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="one scene"):
        posed_scenes.radiance_field(two)
    with pytest.raises(ValueError, match="one scene"):
        posed_scenes.posed_views(two, around(two))
    with pytest.raises(ValueError, match="positive"):
        posed_scenes.radiance_field(scene(), peak=0)
    with pytest.raises(ValueError, match="at least one camera"):
        around(scene(), 0)
