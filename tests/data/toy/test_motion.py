"""Flow and correspondence carry a pixel to its match; clips move without collisions."""

import math

import pytest
import torch

from course_utils.data import toy
from course_utils.data.toy.raycast import cast, flat_parts
from course_utils.data.toy.scenes import footprint
from course_utils.vision3d.cameras import orbit_camera, pixel_centres, pixels_to_rays, unproject

DOUBLE = torch.float64


def two_moments(seed=0, size=40, count=6, **options):
    g = torch.Generator().manual_seed(seed)
    clip = toy.sample_clips(count, 2, generator=g, size=size, dtype=DOUBLE, **options)
    return clip.at(0), clip.at(1)


def what_is_there(scenes, camera, target):
    """World point, object slot and part label on the rays through exact targets.

    By the plain renderer, while ``correspondence`` asks the compiled one.
    """
    parts, owner = flat_parts(scenes)
    origins, directions = pixels_to_rays(camera, target.flatten(2).transpose(1, 2))
    distance, index, _ = cast(parts, origins, directions)
    view = torch.arange(len(index))[:, None]
    hit = index >= 0
    slot = torch.where(hit, owner[view, index.clamp(min=0)], -1)
    label = torch.where(hit, parts.label[view, index.clamp(min=0)], -1)
    points = origins + torch.where(hit, distance, 99.0)[..., None] * directions
    return points, slot.view_as(target[:, 0]), label.view_as(target[:, 0])


def test_flow_carries_a_pixel_to_the_same_point_of_the_same_part():
    (sa, ca), (sb, cb) = two_moments(objects=2, clutter=1)
    flow = toy.correspondence(sa, ca, sb, cb)
    a = toy.render_truth(sa, ca)
    seen = flow.visible & a.foreground
    assert seen.sum() > 500
    points, slot, label = what_is_there(sb, cb, flow.target)
    assert torch.equal(slot[seen], a.instance[seen])
    assert (label == a.part)[seen].double().mean() > 0.995  # but where two parts touch
    moved = moved_by_hand(sa, ca, sb, a)
    assert (points - moved).norm(dim=-1)[seen.flatten(1)].max() < 0.05
    assert (points - moved).norm(dim=-1)[seen.flatten(1)].median() < 1e-9


def moved_by_hand(sa, ca, sb, a):
    """Each pixel's world point in scene a, turned and shifted with its object, by loops."""
    points = unproject(ca, pixel_centres(ca).flatten(0, 1), a.depth.flatten(1))
    for view, slots in enumerate(a.instance.flatten(1).tolist()):
        for i, slot in enumerate(slots):
            if slot < 0:
                continue
            p, q = sa.objects.position[view, slot], sb.objects.position[view, slot]
            turn = float(sb.objects.yaw[view, slot] - sa.objects.yaw[view, slot])
            c, s = math.cos(turn), math.sin(turn)
            x, y, z = (points[view, i] - p).tolist()
            points[view, i] = q + torch.tensor([c * x - s * y, s * x + c * y, z], dtype=DOUBLE)
    return points


def test_what_is_hidden_lies_behind_what_is_there():
    (sa, ca), (sb, cb) = two_moments(1, size=48, objects=3)
    flow = toy.correspondence(sa, ca, sb, cb)
    a = toy.render_truth(sa, ca)
    points, slot, _ = what_is_there(sb, cb, flow.target)
    inside = (flow.target >= 0).all(1) & (flow.target < 48).all(1)
    hidden = a.foreground & inside & ~flow.visible
    mine = (moved_by_hand(sa, ca, sb, a) - cb.centre[:, None]).norm(dim=-1)
    there = (points - cb.centre[:, None]).norm(dim=-1)
    assert hidden.sum() > 30 and (slot[hidden] >= 0).all()
    assert (there < mine - 1e-3)[hidden.flatten(1)].all()


def test_colour_is_carried_along_on_matt_objects():
    (sa, ca), (sb, cb) = two_moments(2, size=64, objects=1, gloss=0.0, backdrop="studio", speed=0.0)
    flow = toy.correspondence(sa, ca, sb, cb)
    before, after = (toy.render_image(s, c) for s, c in ((sa, ca), (sb, cb)))
    grid = 2 * flow.target.permute(0, 2, 3, 1) / 64 - 1
    there = torch.nn.functional.grid_sample(after, grid, align_corners=False)
    seen = flow.visible & toy.render_truth(sa, ca).foreground
    error = (there - before).abs().mean(1)[seen]
    still = (after - before).abs().mean(1)[seen]
    assert error.median() < 0.005 and error.mean() < 0.6 * still.mean()


def test_nothing_moves_if_nothing_moves():
    (sa, ca), _ = two_moments(3)
    flow = toy.correspondence(sa, ca, sa, ca)
    assert flow.flow.abs().max() < 1e-8
    assert flow.visible.all()


def test_the_sky_moves_only_by_rotation():
    g = torch.Generator().manual_seed(0)
    scenes = toy.sample_scenes(1, generator=g, dtype=DOUBLE)
    near = orbit_camera(torch.tensor([0.3], dtype=DOUBLE), 0.05, 3.0, (0.0, 0.0, 0.4), size=24)
    far = orbit_camera(torch.tensor([0.3], dtype=DOUBLE), 0.05, 4.0, (0.0, 0.0, 0.4), size=24)
    flow = toy.correspondence(scenes, near, scenes, far)
    sky = toy.render_truth(scenes, near).depth.isinf()
    assert sky.any() and flow.flow.permute(0, 2, 3, 1)[sky].abs().max() < 1e-9
    ground = ~sky & flow.visible
    assert flow.flow.permute(0, 2, 3, 1)[ground].norm(dim=-1).max() > 0.5


def test_objects_in_clips_move_forward_and_never_meet():
    g = torch.Generator().manual_seed(1)
    clips = toy.sample_clips(30, 6, generator=g, objects=(1, 3), clutter=2)
    objects = clips.scenes.objects
    radius = footprint(objects)
    place = objects.position[..., :2]
    gap = (place[:, :, None] - place[:, None]).norm(dim=-1) - radius[:, :, None] - radius[:, None]
    exists = objects.kind >= -1
    pair = exists[:, :, None] & exists[:, None] & ~torch.eye(5, dtype=torch.bool)
    assert gap[pair].min() > 0
    position = objects.position.unflatten(0, (30, 6))
    travelled = (position[:, -1] - position[:, 0]).norm(dim=-1)
    assert (travelled[objects.kind.unflatten(0, (30, 6))[:, 0] < 0] == 0).all()
    assert (travelled[:, 0] > 0).all()


def test_rendered_clips_hold_together(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    clips = toy.make_clips(3, 4, size=(16, 24), seed=2)
    assert clips.images.shape == (3, 4, 3, 16, 24) and clips.flow.shape == (3, 3, 2, 16, 24)
    assert clips.visible.shape == (3, 3, 16, 24) and clips.instance.shape == (3, 4, 16, 24)
    assert clips.keypoint.shape[:2] == clips.keypoint_visible.shape[:2] == (3, 4)
    again = toy.make_clips(3, 4, size=(16, 24), seed=2)
    assert torch.equal(again.images, clips.images) and torch.equal(again.flow, clips.flow)
    longer = toy.make_clips(5, 4, size=(16, 24), seed=2)
    assert torch.equal(longer.images[:3], clips.images)


def test_bad_input_is_refused():
    g = torch.Generator().manual_seed(0)
    (sa, ca), (_, cb) = two_moments()
    other = toy.sample_scenes(6, generator=g, objects=2, kinds=("duck",), dtype=DOUBLE)
    for bad in (
        lambda: toy.correspondence(sa, ca, other, cb),
        lambda: toy.sample_clips(1, 0, generator=g),
        lambda: toy.sample_clips(1, 2, generator=g, speed=-1),
        lambda: toy.make_clips(0),
    ):
        with pytest.raises(ValueError, match=" "):
            bad()
