"""The centre detector: what is put into its maps comes out again; its loss by hand."""

import inspect
import math

import pytest
import torch

from course_utils.vision3d.meshes import center_net
from course_utils.vision3d.meshes.center_net import CentreMaps

BOXES = torch.tensor([[8.0, 8.0, 30.0, 40.0], [36.0, 20.0, 60.0, 44.0], [2.0, 30.0, 20.0, 62.0]])
PICTURE = torch.tensor([0, 0, 1])


def targets():
    return center_net.centre_targets(BOXES, PICTURE, (3, 16, 16), 4)


def perfect_maps() -> CentreMaps:
    """Maps that say just what is true."""
    true = targets()
    heat = torch.logit(true.heat.clamp(1e-4, 1 - 1e-4))
    sides, shift = torch.zeros(3, 2, 16, 16), torch.zeros(3, 2, 16, 16)
    for row, picture in enumerate(PICTURE.tolist()):
        x, y = true.cell[row].tolist()
        sides[picture, :, y, x], shift[picture, :, y, x] = true.sides[row], true.shift[row]
    return CentreMaps(heat, sides, shift)


def test_targets_by_hand():
    true = targets()
    assert true.cell.tolist() == [[4, 6], [12, 8], [2, 11]]
    torch.testing.assert_close(true.shift[0], torch.tensor([0.75, 0.0]))
    torch.testing.assert_close(true.sides[0], torch.tensor([22 / 4, 32 / 4]).log())
    width = 0.1 * (22 + 32) / 2 / 4
    assert float(true.heat[0, 6, 4]) == 1 and float(true.heat[2].abs().max()) == 0
    assert float(true.heat[0, 6, 6]) == pytest.approx(math.exp(-4 / (2 * width**2)), rel=1e-5)


def test_boxes_come_out_of_perfect_maps_and_cost_nothing():
    maps = perfect_maps()
    found = center_net.find_boxes(maps, 4, 0.5)
    assert found.picture.tolist() == [0, 0, 1] and bool((found.score > 0.99).all())
    torch.testing.assert_close(found.boxes, BOXES, atol=1e-4, rtol=0)
    losses = center_net.box_losses(maps, targets())
    assert float(losses["sides"]) == float(losses["shift"]) == 0
    assert len(found.kept(found.picture == 0).boxes) == 2


def test_the_heat_loss_by_hand():
    logits = torch.tensor([[[0.3, -1.0]]])
    heat = torch.tensor([[[1.0, 0.4]]])
    p, q = (1 / (1 + math.exp(-x)) for x in (0.3, -1.0))
    expected = -((1 - p) ** 2) * math.log(p) - 0.6**4 * q**2 * math.log(1 - q)
    assert float(center_net.heat_loss(logits, heat)) == pytest.approx(expected, rel=1e-5)


def test_of_neighbouring_peaks_only_the_higher_counts():
    maps = perfect_maps()
    maps.heat[0, 6, 5] = maps.heat[0, 6, 4] - 1
    assert len(center_net.find_boxes(maps, 4, 0.5).boxes) == 3


def test_impossible_input_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        center_net.find_boxes(perfect_maps(), 4, 1.0)
    with pytest.raises(ValueError, match="logits"):
        inspect.unwrap(center_net.heat_loss)(torch.zeros(1, 2, 2), torch.zeros(1, 2, 3))
