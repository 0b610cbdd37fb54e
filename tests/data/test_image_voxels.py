"""Pictures with the occupancy of what they show: frames, voxels, and how they are kept."""

import math

import pytest
import torch

from course_utils.data import image_voxels, toy
from course_utils.data.toy.blueprints.base import turn_about
from course_utils.vision3d.shapes.conversions import occupancy_from_function, voxel_centres


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ten_scenes(**options) -> toy.Scenes:
    return toy.sample_scenes(10, generator=dice(), dtype=torch.float64, **options)


def test_grids_equal_the_toy_worlds_own_answer_at_every_voxel():
    """Another route: all voxels are asked in the world, where the objects really stand."""
    scenes = ten_scenes()
    turn = torch.linspace(-3, 3, 10, dtype=torch.float64)
    found = image_voxels.object_grids(scenes, turn, 12, "camera")
    first = scenes.objects[:, 0]
    middle, unit = image_voxels.cube_of(first, "camera")
    places = voxel_centres(12, image_voxels.SIDE, torch.float64).flatten(0, 2)
    local = places @ turn_about("z", turn).transpose(1, 2) * unit[:, None, None] + middle[:, None]
    world = local @ turn_about("z", first.yaw).transpose(1, 2) + first.position[:, None]
    assert bool((found.flatten(1) == toy.occupancy(scenes, world)).all())
    assert bool(found.flatten(1).any(1).all())


def test_the_longest_side_fills_its_share_and_the_object_stands_in_the_middle():
    grids = image_voxels.object_grids(ten_scenes(), torch.zeros(10, dtype=torch.float64), 64)
    for grid in grids:
        places = grid.nonzero()
        low, high = places.amin(0), places.amax(0)
        length = int((high - low + 1).max())
        assert 0.94 * 64 - 3 <= length <= 0.94 * 64 + 2
        axis = int((high - low).argmax())
        assert abs(int(low[axis] + high[axis]) - 63) <= 3


def test_the_signed_distance_of_an_object_agrees_with_its_grid():
    scenes = ten_scenes(kinds=("duck", "chair"))
    grids = image_voxels.object_grids(scenes, torch.zeros(10, dtype=torch.float64), 16)
    for n in range(3):
        function = image_voxels.object_distance(scenes[n])
        assert bool((occupancy_from_function(function, 16, image_voxels.SIDE) == grids[n]).all())
    with pytest.raises(ValueError, match="one scene"):
        image_voxels.object_distance(scenes)


def test_sets_are_the_same_by_seed_and_a_longer_one_begins_alike(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    few = image_voxels.toy_shapes(4, seed=3, size=8, resolution=8, backdrop="studio")
    again = image_voxels.toy_shapes(4, seed=3, size=8, resolution=8, backdrop="studio")
    more = image_voxels.toy_shapes(6, seed=3, size=8, resolution=8, backdrop="studio")
    assert len(list(tmp_path.glob("toy-shapes-*.npz"))) == 2
    for other in (again, more[:4]):
        assert torch.equal(few.images, other.images) and torch.equal(few.label, other.label)
        assert torch.equal(few.occupancy, other.occupancy)
    assert more.images.shape == (6, 3, 8, 8) and more.occupancy.shape == (6, 8, 8, 8)
    assert float(more.images.min()) >= 0 and float(more.images.max()) <= 1


def test_in_the_cameras_frame_x_points_to_the_camera(tmp_path, monkeypatch):
    """A chair's back, which is at its -x, moves round to where the camera's azimuth puts it."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    options = {"seed": 1, "size": 8, "kinds": ("chair",)}
    turned = image_voxels.toy_shapes(6, resolution=24, frame="camera", **options)
    scenes, camera = toy.all_toy_scenes(6, **options)
    centres = voxel_centres(24, image_voxels.SIDE)
    for n in range(6):
        first = scenes.objects[n, 0]
        away = camera.centre[n] - first.position
        azimuth = math.atan2(float(away[1]), float(away[0])) - float(first.yaw)
        high = centres[turned.occupancy[n] & (centres[..., 2] > 0.4)].mean(0)
        back = math.atan2(float(high[1]), float(high[0]))
        expected = math.pi - azimuth
        assert abs(math.remainder(back - expected, 2 * math.pi)) < 0.5


def test_bad_options_are_refused():
    for options, word in (({"frame": "world"}, "frame"), ({"objects": 2}, "one object")):
        with pytest.raises(ValueError, match=word):
            image_voxels.toy_shapes(2, **options)
    with pytest.raises(ValueError, match="2 voxels"):
        image_voxels.object_grids(ten_scenes(), torch.zeros(10, dtype=torch.float64), 1)
