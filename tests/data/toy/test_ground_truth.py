"""Keypoints, boxes, occupancy, surfaces and meshes against each other and slow oracles."""

import pytest
import torch

from course_utils.data import toy
from course_utils.data.toy.boxes import object_extent
from course_utils.data.toy.meshes import part_mesh
from course_utils.data.toy.primitives import EMPTY, FRUSTUM, PRISM
from course_utils.data.toy.surfaces import surface_points
from course_utils.vision3d.cameras import orbit_camera, pixels_to_rays, project_points
from tests.references.cameras import stack_cameras

DOUBLE = torch.float64


def one_of_each(seed=0, size=32, count=20, **options):
    g = torch.Generator().manual_seed(seed)
    scenes = toy.sample_scenes(count, generator=g, dtype=DOUBLE, **options)
    return scenes, toy.sample_cameras(scenes, generator=g, size=size), g


def test_keypoints_lie_on_the_surface_of_their_object():
    for seed in range(3):
        scenes, camera, _ = one_of_each(seed)
        k = toy.keypoints(scenes, camera)
        distance = toy.signed_distance(scenes, k.points.flatten(1, 2))
        assert distance[k.exists.flatten(1)].abs().max() < 1e-9
        for view, slot in k.exists.any(-1).nonzero().tolist():
            names = toy.KEYPOINT_NAMES[toy.KINDS[scenes.objects.kind[view, slot]]]
            assert int(k.exists[view, slot].sum()) == len(names)
        assert (k.part[~k.exists] == -1).all()


def test_visible_keypoints_fall_on_the_label_of_their_part():
    scenes, camera, _ = one_of_each(3, size=256, objects=(1, 2))
    k = toy.keypoints(scenes, camera)
    r = toy.render_truth(scenes, camera)
    found = []
    for view, slot, i in k.visible.nonzero().tolist():
        u, v = (int(x) for x in k.uv[view, slot, i])
        around = (slice(max(v - 1, 0), v + 2), slice(max(u - 1, 0), u + 2))
        part, instance = r.part[view][around], r.instance[view][around]
        found.append(bool(((part == k.part[view, slot, i]) & (instance == slot)).any()))
    # a corner on the outline, right beside another part, may fall between pixel centres
    assert len(found) > 60 and sum(found) / len(found) > 0.98


def test_hidden_keypoints_have_something_in_front():
    scenes, camera, _ = one_of_each(4)
    k = toy.keypoints(scenes, camera)
    o, d = pixels_to_rays(camera, k.uv.flatten(1, 2))
    away = (k.points.flatten(1, 2) - o).norm(dim=-1)
    hidden = (k.exists & ~k.visible).flatten(1)
    assert hidden.sum() > 20
    steps = torch.linspace(0.5, 1, 80, dtype=DOUBLE)
    deepest = torch.full_like(away, torch.inf)
    for s in steps:
        points = o + (s * (away - 2e-3))[..., None] * d
        deepest = torch.minimum(deepest, toy.signed_distance(scenes, points))
    inside = ((k.uv >= 0) & (k.uv < 32)).all(-1).flatten(1)
    seen_through = hidden & inside & (deepest > 0.01)
    assert not seen_through.any()


def test_3d_boxes_contain_every_surface_point_and_are_tight():
    scenes, _, g = one_of_each(5, count=10)
    box = toy.boxes_3d(scenes.objects)[:, 0]
    points = surface_points(scenes, 3000, generator=g).points
    yaw = box[:, 6]
    axes = torch.stack([torch.stack([yaw.cos(), yaw.sin()], -1),
                        torch.stack([-yaw.sin(), yaw.cos()], -1)], -2)  # fmt: skip
    local = points - box[:, None, :3]
    flat = torch.einsum("nij,npj->npi", axes, local[..., :2])
    local = torch.cat([flat, local[..., 2:]], -1)
    half = box[:, None, 3:6] / 2
    assert (local.abs() <= half + 1e-9).all()
    reach = torch.cat([local.amax(1) / half[:, 0], -local.amin(1) / half[:, 0]], -1)
    assert reach.min() > 0.8 and reach.median() > 0.97  # thin tips are met by few points
    assert (box[:, 7:] == 0).all()


def test_extents_against_the_corners_of_fine_meshes():
    scenes, _, _ = one_of_each(6, count=10)
    low, high = object_extent(scenes.objects)
    for i in range(10):
        parts = scenes.objects.parts[i, 0]
        vertices = [part_mesh(parts[k], 96)[0] for k in range(16) if parts.shape[k] != EMPTY]
        vertices = torch.cat(vertices)
        torch.testing.assert_close(vertices.amax(0), high[i, 0], atol=2e-3, rtol=0)
        torch.testing.assert_close(vertices.amin(0), low[i, 0], atol=2e-3, rtol=0)
        assert (vertices <= high[i, 0] + 1e-9).all() and (vertices >= low[i, 0] - 1e-9).all()


def test_2d_boxes_hold_all_surface_points_and_touch_them():
    scenes, camera, g = one_of_each(7, size=128, count=10)
    boxes = toy.full_boxes(scenes, camera)[:, 0]
    uv, _ = project_points(camera, surface_points(scenes, 3000, generator=g).points)
    assert (uv >= boxes[:, None, :2] - 1e-6).all() and (uv <= boxes[:, None, 2:] + 1e-6).all()
    gaps = torch.cat([uv.amin(1) - boxes[:, :2], boxes[:, 2:] - uv.amax(1)], -1)
    assert gaps.median() < 1.5 and gaps.max() < 12


def test_2d_boxes_know_that_roofs_and_cones_narrow_upwards():
    """Seen from above, the narrow end is nearest: taken for as wide as the base, it would bulge."""
    g = torch.Generator().manual_seed(3)
    scenes = toy.sample_scenes(12, generator=g, kinds=("tree", "house", "lamp"), dtype=DOUBLE)
    above = orbit_camera(0.3, 1.4, 2.2, target=(0.0, 0.0, 0.4), size=200)
    above = stack_cameras([above.to(DOUBLE)] * 12)
    boxes = toy.full_boxes(scenes, above)[:, 0]
    uv, _ = project_points(above, surface_points(scenes, 20_000, generator=g).points)
    gaps = torch.cat([uv.amin(1) - boxes[:, :2], boxes[:, 2:] - uv.amax(1)], -1)
    assert gaps.min() > -1e-6
    assert gaps.max() < 4, f"a box that is {gaps.max():.1f} pixels too wide"


def test_2d_boxes_hold_every_pixel_that_shows_their_object():
    scenes, camera, _ = one_of_each(8, size=64, objects=2, clutter=1)
    instance, boxes = toy.render_truth(scenes, camera).instance, toy.full_boxes(scenes, camera)
    pixels = [(instance == slot).nonzero() for slot in range(3)]
    assert all(len(places) > 0 for places in pixels)
    for slot, places in enumerate(pixels):
        view, row, column = places.unbind(1)
        pixel = torch.stack([column, row], 1)  # its upper left corner
        assert (pixel >= boxes[view, slot, :2] - 1).all()
        assert (pixel + 1 <= boxes[view, slot, 2:] + 1).all()


def test_occupancy_is_where_the_distance_is_negative():
    scenes, _, g = one_of_each(9, objects=2, clutter=1, count=10)
    points = 3 * torch.rand(500, 3, generator=g, dtype=DOUBLE) - 1.5
    inside = toy.occupancy(scenes, points)
    assert torch.equal(inside, toy.signed_distance(scenes, points) < 0)
    assert inside.any()
    separate = points.expand(10, -1, -1)
    assert torch.equal(toy.occupancy(scenes, separate), inside)


def test_distance_outside_is_to_the_nearest_surface_point():
    scenes, _, g = one_of_each(10, objects=2, count=10)
    surface = surface_points(scenes, 4000, generator=g)
    points = 2.4 * torch.rand(10, 60, 3, generator=g, dtype=DOUBLE) - 1.2
    distance = toy.signed_distance(scenes, points)
    nearest = torch.cdist(points, surface.points).amin(-1)
    outside = distance > 0
    assert ((nearest - distance)[outside] > -1e-9).all()
    assert (nearest - distance)[outside].max() < 0.09
    assert (nearest - distance)[outside].median() < 0.01
    assert ((nearest + distance)[~outside] > -1e-9).all()  # inside: a bound on the depth


def test_surface_points_lie_on_the_surface_with_its_normal():
    scenes, _, g = one_of_each(11, objects=2, count=10)
    s = toy.surface_points(scenes, 500, generator=g)
    assert toy.signed_distance(scenes, s.points).abs().max() < 1e-9
    ahead = toy.signed_distance(scenes, s.points + 1e-5 * s.normal)
    assert ((ahead - 1e-5).abs() < 1e-8).double().mean() > 0.98  # all but inner corners
    labels = scenes.objects.parts.label.flatten(1)
    for i in range(10):
        assert set(s.part[i].tolist()) <= set(labels[i].tolist())
        assert set(s.instance[i].tolist()) == {0, 1}


def test_surface_points_are_even_by_area():
    # Any patch of surface gets points in proportion to its area, measured by small triangles.
    scenes, _, g = one_of_each(12, kinds=("car", "duck"))
    for i in range(2):
        mesh = toy.mesh_of(scenes[i], resolution=64)
        a, b, c = (mesh.vertices[mesh.faces[:, k]] for k in range(3))
        area = torch.linalg.cross(b - a, c - a).norm(dim=-1) / 2
        middle = (a + b + c) / 3
        pushed = middle + 2e-3 * torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a))
        outer = ~toy.occupancy(scenes[i], pushed)[0]
        points = toy.surface_points(scenes[i], 8000, generator=g)
        for part in points.part.unique().tolist():
            share = area[outer & (mesh.part == part)].sum() / area[outer].sum()
            got = (points.part == part).double().mean()
            assert abs(got - share) < 0.015 + 0.05 * share


def in_mesh(mesh, points):
    """Inside any of the convex solids: behind all planes of one."""
    inside = torch.zeros(len(points), dtype=torch.bool)
    for solid in mesh.solid.unique():
        faces = mesh.faces[mesh.solid == solid]
        a, b, c = (mesh.vertices[faces[:, k]] for k in range(3))
        normal = torch.linalg.cross(b - a, c - a)
        inside |= ((points @ normal.T) <= (a * normal).sum(-1) + 1e-12).all(1)
    return inside


def test_mesh_against_occupancy():
    scenes, _, g = one_of_each(13, count=10)
    for i in range(10):
        low, high = object_extent(scenes[i].objects)
        box = toy.boxes_3d(scenes[i].objects)[0, 0]
        radius = box[3:6].norm() / 2
        points = box[:3] + (2 * torch.rand(1500, 3, generator=g, dtype=DOUBLE) - 1) * radius * 0.7
        solid = toy.occupancy(scenes[i], points)[0]
        meshed = in_mesh(toy.mesh_of(scenes[i], resolution=32), points)
        iou = (solid & meshed).sum() / (solid | meshed).sum()
        assert iou > 0.96, toy.KINDS[scenes.objects.kind[i, 0]]
        assert (high > low).all()


def test_every_part_mesh_is_closed_and_faces_outwards():
    scenes, _, _ = one_of_each(14)
    parts = scenes.objects.parts.map(lambda x: x.flatten(0, 2))
    for shape in (0, PRISM, FRUSTUM):
        for i in (parts.shape == shape).nonzero()[:5, 0].tolist():
            vertices, faces = part_mesh(parts[i], 12)
            edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
            forward = {tuple(e) for e in edges.tolist()}
            assert len(forward) == len(edges)  # each edge once in each direction
            assert all((b, a) in forward for a, b in forward)
            a, b, c = (vertices[faces[:, k]] for k in range(3))
            volume = (a * torch.linalg.cross(b, c)).sum() / 6
            assert volume > 0


def test_bad_input_is_refused():
    scenes, _, g = one_of_each()
    for bad in (
        lambda: toy.occupancy(scenes, torch.zeros(4, 2)),
        lambda: toy.signed_distance(scenes, torch.zeros(3, 5, 3)),
        lambda: toy.surface_points(scenes, 0, generator=g),
        lambda: toy.mesh_of(scenes),
        lambda: toy.mesh_of(scenes[0], resolution=2),
    ):
        # TypeError: a wrong shape, caught by the annotations that the tests enforce
        with pytest.raises((ValueError, TypeError), match=" "):
            bad()
