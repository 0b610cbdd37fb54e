"""Occlusion maps against what a linear score must give."""

import pytest
import torch

from course_utils.selfsup.saliency import occlusion_map, share_inside


def test_a_linear_score_loses_exactly_its_weight_on_the_hidden_square():
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(3, 3, 12, 12, generator=generator, dtype=torch.float64)
    weight = torch.randn(3, 12, 12, generator=generator, dtype=torch.float64)
    heat = occlusion_map(lambda x: (weight * x).sum(dim=(1, 2, 3)), images, side=4, stride=2)
    assert heat.shape == (3, 5, 5)
    for n, row, column in ((0, 0, 0), (1, 4, 2), (2, 3, 4)):
        y, x = 2 * row, 2 * column
        lost = 0.0
        for channel in range(3):
            mean = images[n, channel].mean()
            for i in range(y, y + 4):
                for j in range(x, x + 4):
                    lost += weight[channel, i, j] * (images[n, channel, i, j] - mean)
        torch.testing.assert_close(heat[n, row, column], lost)


def test_the_pictures_stay_as_they_were():
    images = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    before = images.clone()
    occlusion_map(lambda x: x.mean(dim=(1, 2, 3)), images, side=3, stride=1)
    assert torch.equal(images, before)


def test_heat_on_the_mask_is_counted_by_the_centre_of_the_square():
    heat = torch.zeros(1, 7, 7)
    heat[0, 2, 3], heat[0, 6, 6] = 3.0, 1.0  # squares of 8 at stride 4 in 32 pixels
    heat[0, 0, 0] = -5.0  # what helps to hide does not count
    mask = torch.zeros(1, 32, 32, dtype=torch.bool)
    mask[0, 4 * 2 + 4, 4 * 3 + 4] = True
    assert share_inside(heat, mask, side=8) == pytest.approx(0.75)
    assert share_inside(torch.ones(1, 7, 7), mask, side=8) == pytest.approx(1 / 49)


@pytest.mark.parametrize(("side", "stride"), [(0, 1), (9, 1), (4, 0)])
def test_a_square_that_does_not_fit_is_refused(side, stride):
    with pytest.raises(ValueError, match="does not fit"):
        occlusion_map(lambda x: x.sum(dim=(1, 2, 3)), torch.zeros(1, 3, 8, 8), side, stride)


def test_masks_and_maps_must_agree_and_some_heat_be_positive():
    with pytest.raises(ValueError, match="1 maps but 2 masks"):
        share_inside(torch.ones(1, 3, 3), torch.ones(2, 8, 8, dtype=torch.bool), side=4)
    with pytest.raises(ValueError, match="no heat"):
        share_inside(-torch.ones(1, 3, 3), torch.ones(1, 8, 8, dtype=torch.bool), side=4)
