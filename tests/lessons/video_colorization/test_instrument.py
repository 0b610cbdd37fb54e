"""The pointing instrument without a browser: where it looks, and what it copies."""

import inspect
import math

import numpy as np
import pytest
import torch

from course_utils.lessons.video_colorization.instrument import PointerLab, pointing_map

CELLS = 4


def colour_features(frames):
    """A cheat that sees colour: equal colours point at each other, sharply."""
    small = torch.nn.functional.adaptive_avg_pool2d(frames, CELLS)
    return 12 * torch.nn.functional.normalize(small - 0.5, dim=1)


@pytest.fixture
def clip():
    """Grey, with a red cell in row 1: at column 0 first, at columns 1 and 2 later."""
    frames = torch.full((1, 3, 3, 16, 16), 0.6)
    for t in range(3):
        frames[0, t, :, 4:8, 4 * t : 4 * t + 4] = torch.tensor([0.9, 0.1, 0.1])[:, None, None]
    return frames


def test_the_map_is_one_column_of_the_attention():
    before, now = torch.randn(2, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    heat = pointing_map(before, now, (1, 0), temperature=0.5)
    powers = [
        [math.exp(float(before[:, r, c] @ now[:, 1, 0]) / 0.5) for c in (0, 1)] for r in (0, 1)
    ]
    total = sum(map(sum, powers))
    for r in (0, 1):
        for c in (0, 1):
            assert heat[r, c].item() == pytest.approx(powers[r][c] / total, rel=1e-4)
    with pytest.raises(ValueError, match="outside"):
        inspect.unwrap(pointing_map)(before, now, (2, 0))


def test_asking_for_the_red_cell_finds_it_where_it_was(clip):
    lab = PointerLab({"cheat": colour_features}, clip)
    assert lab.widget is None  # no kernel here
    lab.set(frame=2)
    lab.ask(10.0, 6.0)
    assert divmod(int(lab.heat.argmax()), CELLS) == (1, 0) and lab.heat.max() > 0.99
    assert torch.allclose(lab.copied, torch.tensor([0.9, 0.1, 0.1]), atol=0.02)
    target, reference = lab.pictures()
    assert target.shape == reference.shape == (384, 384, 3) and target.dtype == np.uint8
    disc = target[144, 240].astype(int)  # the asked point, 24 times enlarged
    assert abs(disc - np.array([230, 26, 26])).max() < 8
    warm = reference[..., 0].astype(int) - reference[..., 2] > 80
    assert warm[110:180, 10:80].mean() > 0.9 and warm[:, 110:].mean() < 0.01


def test_heat_spreads_when_hot_and_always_sums_to_one(clip):
    lab = PointerLab({"cheat": colour_features}, clip)
    lab.set(frame=1)
    lab.ask(6.0, 6.0)
    sharp = lab.heat.max()
    lab.set(temperature=1e6)
    assert lab.heat.max() < 0.07 < sharp
    assert lab.heat.sum().item() == pytest.approx(1)


def test_a_point_outside_is_moved_to_the_rim(clip):
    lab = PointerLab({"cheat": colour_features}, clip)
    lab.ask(-5.0, 99.0)
    assert lab.point[0] == 0 and 15 < lab.point[1] < 16


def test_bad_settings_are_refused(clip):
    lab = PointerLab({"cheat": colour_features}, clip)
    with pytest.raises(ValueError, match="speed"):
        lab.set(speed=1)
    with pytest.raises(ValueError, match="two frames"):
        PointerLab({"cheat": colour_features}, clip[:, :1])
    with pytest.raises(ValueError, match="one encoder"):
        PointerLab({}, clip)
