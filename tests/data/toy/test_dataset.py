"""Scenes by seed, image sets and their cache, captions."""

import math

import numpy as np
import pytest
import torch

from course_utils.data import cache, toy
from course_utils.data.toy.scenes import footprint
from course_utils.vision3d.cameras import orbit_camera


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path


def scenes_of(count, seed=0, **options):
    return toy.sample_scenes(count, generator=torch.Generator().manual_seed(seed), **options)


def test_the_same_seed_gives_the_same_scenes_and_another_does_not():
    a, b, c = scenes_of(20, 1, objects=2), scenes_of(20, 1, objects=2), scenes_of(20, 2, objects=2)
    assert torch.equal(a.objects.parts.centre, b.objects.parts.centre)
    assert torch.equal(a.backdrop.sun, b.backdrop.sun)
    assert not torch.equal(a.objects.parts.centre, c.objects.parts.centre)
    double = scenes_of(20, 1, objects=2, dtype=torch.float64)
    assert torch.equal(a.objects.parts.centre, double.objects.parts.centre.float())


def test_sampling_leaves_the_global_random_state_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    toy.make_images(3, size=8)
    assert torch.equal(before, torch.get_rng_state())


def test_objects_stand_on_the_ground_and_apart():
    scenes = scenes_of(100, objects=(2, 4), clutter=4)
    objects = scenes.objects
    exists = objects.kind >= -1
    place, radius = objects.position[..., :2], footprint(objects)
    gap = (place[:, :, None] - place[:, None]).norm(dim=-1) - radius[:, :, None] - radius[:, None]
    pair = exists[:, :, None] & exists[:, None] & ~torch.eye(8, dtype=torch.bool)
    assert gap[pair].min() > 0
    box = toy.boxes_3d(objects)
    low = (box[..., 2] - box[..., 5] / 2)[exists]
    assert low.min() > -0.02
    aeroplane = objects.kind[exists] == toy.KINDS.index("aeroplane")
    assert low[~aeroplane].max() < 0.06 and low[aeroplane].min() > 0.1
    count = scenes.exists.sum(1)
    assert int(count.min()) == 2 and int(count.max()) == 4


def test_every_kind_is_drawn_equally_often_and_any_choice_of_kinds():
    assert scenes_of(200).objects.kind[:, 0].bincount().tolist() == [20] * 10
    only = scenes_of(30, kinds=("duck", "boat"), objects=2).objects.kind
    assert set(only.flatten().tolist()) == {toy.KINDS.index(k) for k in ("duck", "boat")}


def test_colour_says_little_about_the_kind_and_kinds_come_in_many_colours():
    objects = scenes_of(2000).objects
    for kind in range(10):
        colours = objects.colour[:, 0][objects.kind[:, 0] == kind].bincount(minlength=11)
        assert (colours > 0).sum() >= 4, toy.KINDS[kind]
    for colour in ("red", "green", "blue", "orange"):
        wearing = objects.kind[:, 0][objects.colour[:, 0] == toy.COLOURS.index(colour)]
        assert len(wearing.unique()) >= 5, colour


def test_cameras_see_their_objects():
    for options in ({}, {"objects": 3}):
        scenes = scenes_of(60, 3, **options)
        g = torch.Generator().manual_seed(0)
        camera = toy.sample_cameras(scenes, generator=g, size=32)
        truth = toy.render_truth(scenes, camera)
        share = (truth.instance == 0).double().mean((1, 2))
        assert (
            share.min() > 0.001
            and share.median() > 0.02
            and truth.foreground.double().mean() > 0.08
        )
        boxes = toy.full_boxes(scenes, camera)[scenes.exists]
        assert ((boxes > -4) & (boxes < 36)).all(-1).double().mean() > 0.97


def test_image_sets_have_the_promised_fields_and_match_their_scenes():
    images = toy.make_images(30, size=(16, 20), seed=4, objects=(1, 2), clutter=1, masks=True)
    assert images.images.shape == (30, 3, 16, 20) and images.images.dtype == torch.float32
    assert images.images.min() >= 0 and images.images.max() <= 1
    assert images.label.dtype == torch.int64 and len(images) == 30
    scenes, camera = toy.all_toy_scenes(30, size=(16, 20), seed=4, objects=(1, 2), clutter=1)
    assert torch.equal(images.label, scenes.objects.kind[:, 0])
    assert torch.equal(images.count, scenes.exists.sum(1))
    r = toy.render(scenes, camera)
    torch.testing.assert_close(images.images, r.image, atol=0.5 / 255 + 1e-6, rtol=0)
    assert torch.equal(images.instance, r.instance)


def test_view_is_the_side_that_the_camera_sees():
    images = toy.make_images(40, size=8, seed=1, kinds=("duck",))
    scenes, camera = toy.all_toy_scenes(40, size=8, seed=1, kinds=("duck",))
    beak = toy.KEYPOINT_NAMES["duck"].index("beak")
    seen = toy.keypoints(scenes, camera)
    nearer = seen.depth[:, 0, beak] < seen.depth[:, 0].mean(-1)
    assert torch.equal(nearer[images.view.abs() < 1.2], nearer.new_ones(1).expand(
        int((images.view.abs() < 1.2).sum())))  # fmt: skip
    assert not nearer[images.view.abs() > math.pi - 1.2].any()


def test_a_longer_set_begins_like_a_shorter_one():
    few, many = toy.make_images(5, size=8, seed=3), toy.make_images(260, size=8, seed=3)
    assert torch.equal(few.images, many.images[:5])
    assert not torch.equal(many.images[:5], many.images[250:255])
    assert not torch.equal(few.images, toy.make_images(5, size=8, seed=4).images)


def test_the_second_call_reads_the_cache(monkeypatch):
    first = toy.make_images(4, size=8)

    def never(*_, **__):
        raise AssertionError("rendered again")

    monkeypatch.setattr("course_utils.data.toy.dataset.render_image", never)
    assert torch.equal(toy.make_images(4, size=8).images, first.images)
    with pytest.raises(AssertionError, match="rendered again"):
        toy.make_images(4, size=8, backdrop="studio")


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "other"])
def test_a_damaged_entry_is_noticed_and_made_again(own_cache, damage):
    first = toy.make_images(4, size=8)
    (path,) = own_cache.glob("toy-images-*.npz")
    data = bytearray(path.read_bytes())
    if damage == "flip":
        middle = data.index(b"images.npy") + 400
        data[middle] ^= 0xFF
    elif damage == "other":
        toy.make_images(4, size=8, seed=1)
        (other,) = set(own_cache.glob("toy-images-*.npz")) - {path}
        data = other.read_bytes()
    else:
        data = data[: len(data) // 2] if damage == "cut" else b""
    path.write_bytes(bytes(data))
    with pytest.warns(UserWarning, match="damaged"):
        again = toy.make_images(4, size=8)
    assert torch.equal(again.images, first.images)
    toy.make_images(4, size=8)  # sound again: a warning would be an error in this suite
    assert not list(own_cache.glob("*.part"))


def test_a_failed_build_leaves_nothing_behind(own_cache):
    def fails():
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError):
        cache.load_or_build({"name": "thing"}, fails)
    assert not list(own_cache.iterdir())
    got = cache.load_or_build({"name": "thing"}, lambda: {"x": np.arange(3)})
    assert got["x"].tolist() == [0, 1, 2] and len(list(own_cache.iterdir())) == 1


def test_a_cache_that_cannot_be_written_only_warns(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("COURSE_CACHE", str(blocked))
    with pytest.warns(UserWarning, match="could not keep"):
        got = cache.load_or_build({"name": "thing"}, lambda: {"x": np.arange(3)})
    assert got["x"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("key", [{}, {"name": "a/b"}, {"name": "a", "x": object()}])
def test_bad_cache_keys_are_refused(key):
    with pytest.raises(ValueError, match="cache key"):
        cache.load_or_build(key, dict)


def test_captions_tell_kind_colour_and_how_two_objects_stand():
    scenes = scenes_of(60, 5, objects=(1, 2), clutter=1)
    g = torch.Generator().manual_seed(0)
    camera = toy.sample_cameras(scenes, generator=g, size=64)
    sentences = toy.captions(scenes, camera)
    seen = toy.keypoints(scenes, camera)
    for i, words in enumerate(sentences):
        kinds = [toy.KINDS[k] for k in scenes.objects.kind[i].tolist() if k >= 0]
        colours = [toy.COLOURS[c] for c in scenes.objects.colour[i, : len(kinds)].tolist()]
        assert all(k in words for k in kinds) and all(c in words for c in colours)
        assert words.split()[0] in ("a", "an")
        u = [seen.uv[i, s][seen.exists[i, s]][:, 0].mean() for s in range(len(kinds))]
        if "to the left of" in words and abs(u[0] - u[1]) > 8:
            assert u[0] < u[1]
        if "to the right of" in words and abs(u[0] - u[1]) > 8:
            assert u[0] > u[1]
    text = " ".join(sentences)
    for phrase in ("to the left of", "to the right of", "small", "large"):
        assert phrase in text


def test_front_and_behind_follow_the_camera():
    scenes = scenes_of(1, 0, kinds=("tree",), objects=2, dtype=torch.float64)
    objects = scenes.objects
    objects.position[0] = torch.tensor([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    before, after = (orbit_camera(a, 0.2, 6.0, size=32).to(torch.float64) for a in (0.0, math.pi))
    assert "in front of" in toy.captions(scenes, before)[0]
    assert "behind" in toy.captions(scenes, after)[0]


@pytest.mark.parametrize(
    "options",
    [
        {"count": 0},
        {"backdrop": "underwater"},
        {"objects": 0},
        {"objects": (3, 2)},
        {"clutter": -1},
        {"kinds": ("unicorn",)},
        {"kinds": ()},
        {"gloss": 2},
        {"zoom": 0},
    ],
)
def test_bad_options_are_refused_in_words(options):
    with pytest.raises(ValueError, match=" "):
        toy.make_images(**({"count": 2, "size": 8} | options))
