"""The matching instrument without a browser: what it asks, finds, and says."""

import numpy as np
import pytest
import torch

from course_utils.data.view_pairs import make_view_pairs
from course_utils.lessons.clip_dense.instrument import MatchLab


def colour_descriptors(images):
    """A cheat that sees colour and nothing else."""
    return images - 0.5


@pytest.fixture
def pairs():
    """Small views of a few objects."""
    return make_view_pairs(4, size=32, seed=4)


def test_it_starts_on_the_object_and_knows_the_truth(pairs):
    lab = MatchLab({"cheat": colour_descriptors}, pairs)
    assert lab.widget is None  # no kernel here
    for pair in range(4):
        lab.set(pair=pair)
        x, y = int(lab.point[0]), int(lab.point[1])
        assert pairs.on_object[pair, y, x] and pairs.visible[pair, y, x]
        assert lab.truth == tuple(pairs.target[pair, :, y, x].tolist())
        gap = np.hypot(*(np.array(lab.found) - np.array(lab.truth)))
        assert f"{gap:.1f} pixels" in lab.words


def test_a_pixel_of_its_own_colour_is_found_and_its_heat_is_one(pairs):
    marked = torch.full_like(pairs.first, 0.3)
    marked[:, :, 5, 9] = torch.tensor([0.9, 0.1, 0.2])
    answer = torch.full_like(pairs.second, 0.3)
    answer[:, :, 20, 3] = torch.tensor([0.9, 0.1, 0.2])
    lab = MatchLab({"cheat": lambda both: torch.stack([marked[0], answer[0]])}, pairs)
    lab.ask(9.5, 5.5)
    assert lab.found == (3.5, 20.5)
    assert lab.heat[20, 3].item() == pytest.approx(1, abs=1e-4)
    assert lab.heat[0, 0].item() == pytest.approx(float(np.exp(-(0.36 + 0.04 + 0.01) / 0.09)), 1e-3)
    lab.set(spread=1.0)
    assert lab.heat[0, 0].item() == pytest.approx(float(np.exp(-0.41)), 1e-3)


def test_points_outside_are_moved_in_and_hidden_points_are_said_to_be(pairs):
    lab = MatchLab({"cheat": colour_descriptors}, pairs)
    lab.ask(-5, 99)
    assert lab.point == (0.5, 31.5)
    hidden = (~pairs.visible[0]).nonzero()
    assert len(hidden) > 0
    row, column = hidden[0].tolist()
    lab.ask(column + 0.5, row + 0.5)
    assert lab.truth is None and "cannot be seen" in lab.words
    first, second = lab.pictures()
    assert first.shape == second.shape == (384, 384, 3) and first.dtype == np.uint8


def test_settings_are_checked(pairs):
    with pytest.raises(ValueError, match="no \\['frame'\\]"):
        MatchLab({"cheat": colour_descriptors}, pairs).set(frame=1)
    with pytest.raises(ValueError, match="at least one network"):
        MatchLab({}, pairs)
