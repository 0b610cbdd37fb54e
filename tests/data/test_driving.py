"""Pictures from the roadside: objects stand apart on the ground, and boxes fit their pictures."""

from dataclasses import replace

import pytest
import torch

from course_utils.data import driving, toy
from course_utils.vision3d.boxes.boxes import box_corners, full_boxes
from course_utils.vision3d.boxes.frustums import crop_rectangles, project_boxes
from course_utils.vision3d.cameras import project_points


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def scenes():
    return driving.sample_road(60, generator=dice(1))


def test_objects_stand_before_the_camera_and_apart(scenes):
    boxes, exists = toy.boxes_3d(scenes.objects), scenes.exists
    position = scenes.objects.position
    assert exists.sum(1).min() == 1 and exists.sum(1).max() == 5
    x, y = position[exists][:, 0], position[exists][:, 1]
    assert x.min() >= driving.NEAREST and x.max() <= driving.FARTHEST
    assert (y.abs() <= driving.ASIDE * x).all()
    low = box_corners(boxes)[..., 2].amin(-1)[exists]
    torch.testing.assert_close(low, torch.zeros_like(low), rtol=0, atol=1e-5)
    for p, e, b in zip(position, exists, boxes, strict=True):
        gaps = (p[e][:, None, :2] - p[e][None, :, :2]).norm(dim=-1)
        wide = b[e][:, 3:5].amin(1) / 2  # an inner circle; the discs kept apart are larger
        assert (gaps + torch.eye(len(gaps)) * 99 > wide[:, None] + wide[None]).all()


def test_the_box_on_the_picture_is_where_the_object_is_seen(scenes):
    one = scenes[:8]
    height, pitch = torch.full((8,), 2.0), torch.full((8,), 0.25)
    cameras = driving.road_cameras(height, pitch)
    exact = toy.full_boxes(one, cameras)
    loose, _ = project_boxes(cameras, toy.boxes_3d(one.objects))
    here = one.exists
    assert (loose[here][:, :2] <= exact[here][:, :2] + 1e-3).all()
    assert (loose[here][:, 2:] >= exact[here][:, 2:] - 1e-3).all()
    # The box around the box is not much larger than the box around the object.
    assert ((loose[here][:, 2:] - exact[here][:, 2:]).median()) < 3


def test_the_camera_looks_ahead_and_down():
    camera = driving.road_cameras(torch.tensor([2.0]), torch.tensor([0.3]))[0]
    uv, depth = project_points(camera, torch.tensor([[4.0, 0.0, 2 - 4 * 0.30933625]]))
    torch.testing.assert_close(uv[0], torch.tensor([48.0, 32.0]), atol=1e-3, rtol=0)
    assert depth > 0
    left, _ = project_points(camera, torch.tensor([[4.0, 1.0, 0.5]]))
    assert left[0, 0] < 48


def test_sets_are_the_same_for_the_same_seed_and_begin_alike(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    few, more = driving.make_road(3, seed=5), driving.make_road(6, seed=5)
    assert torch.equal(few.images, more.images[:3]) and torch.equal(few.boxes, more.boxes[:3])
    again = driving.make_road(3, seed=5)  # from disk
    assert torch.equal(again.images, few.images)
    assert not torch.equal(driving.make_road(3, seed=6).images, few.images)
    assert few.images.shape == (3, 3, 64, 96) and len(few) == 3
    assert ((few.kind >= 0) == (few.boxes[..., 3] > 0)).all()
    assert set(few.kind.flatten().tolist()) <= {-1, 0, 1, 2, 3}
    part = more[torch.tensor([4, 1])]
    assert torch.equal(part.boxes[1], more.boxes[1])
    rectangles, _ = project_boxes(more.cameras, full_boxes(more.boxes))
    inside = crop_rectangles(more.cameras, rectangles)
    area = (inside[..., 2:] - inside[..., :2]).prod(-1)
    assert (area[more.kind >= 0] > 20).all()


def test_an_object_slid_from_the_pinhole_looks_the_same_without_a_ground():
    scene = toy.sample_scenes(1, generator=dice(3), kinds=("car",), backdrop="studio")
    scene = scene.to(torch.float64)
    objects = scene.objects
    place = torch.tensor([[[5.0, 0.4, 0.0]]]).double()
    scene = replace(scene, objects=replace(objects, position=place))
    camera = driving.road_cameras(torch.tensor([2.0]).double(), torch.tensor([0.25]).double())[0]
    before = toy.render_image(scene, camera)
    slid = driving.slide_scenes(scene, camera.centre, 1.7)
    gap = (toy.render_image(slid, camera) - before).abs()
    # Not quite zero: where a ray to the lamp starts off its surface is told in world units.
    assert gap.max() < 0.06 and gap.mean() < 5e-4
    assert (before - before.mean((2, 3), keepdim=True)).abs().max() > 0.2
    torch.testing.assert_close(
        toy.boxes_3d(slid.objects)[..., 3:6], 1.7 * toy.boxes_3d(scene.objects)[..., 3:6]
    )
    wrong = driving.slide_scenes(scene, torch.zeros(3).double(), 1.7)
    assert (toy.render_image(wrong, camera) - before).abs().max() > 0.1


def test_a_mirror_image_is_what_the_mirrored_world_looks_like(scenes):
    """Rendered again with y negated, as far as boxes tell: their projections are mirrored."""
    boxes, kind = toy.boxes_3d(scenes.objects)[:4, :, :7], torch.where(scenes.exists[:4], 0, -1)
    cameras = driving.road_cameras(torch.full((4,), 2.0), torch.full((4,), 0.25))
    images = torch.rand(4, 3, 64, 96, generator=dice())
    once = driving.RoadPictures(images, boxes, kind, cameras)
    twice = driving.with_mirror_images(once)
    assert len(twice) == 8 and torch.equal(twice.images[4:], images.flip(-1))
    assert torch.equal(twice.images[:4], images) and torch.equal(twice.kind[4:], kind)
    rectangles, _ = project_boxes(twice.cameras, full_boxes(twice.boxes))
    seen = rectangles[:4][kind >= 0]
    mirrored = torch.stack([96 - seen[:, 2], seen[:, 1], 96 - seen[:, 0], seen[:, 3]], 1)
    torch.testing.assert_close(rectangles[4:][kind >= 0], mirrored, rtol=0, atol=1e-2)


@pytest.mark.usefixtures("as_shipped")
def test_nonsense_is_refused_in_words(scenes):
    with pytest.raises(ValueError, match="count must be at least 1"):
        driving.make_road(0)
    with pytest.raises(ValueError, match="factor must be positive"):
        driving.slide_scenes(scenes, torch.zeros(3), 0)
