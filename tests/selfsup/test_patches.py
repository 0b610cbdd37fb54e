import pytest
import torch

from course_utils.core.encoders import ConvEncoder
from course_utils.selfsup import patches


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def coordinates(count=64, side=32):
    """Pictures whose first two channels say where each pixel is."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([rows, columns, rows * 0]).float().expand(count, 3, side, side)


def test_patches_are_cut_where_they_are_asked_for():
    images = torch.rand(3, 2, 10, 12)
    corners = torch.tensor([[0, 0], [6, 8], [2, 5]])
    cut = patches.extract_patches(images, corners, 4)
    for k, (top, left) in enumerate(corners.tolist()):
        assert torch.equal(cut[k], images[k, :, top : top + 4, left : left + 4])
    with pytest.raises(ValueError, match="leave"):
        patches.extract_patches(images, torch.tensor([[7, 0]] * 3), 4)


def test_the_eight_places_in_the_order_of_the_paper():
    # The lecture: cat face and cat ear, Y = 3 counted from 1, the upper right.
    assert patches.NEIGHBOUR_STEPS[3 - 1] == (-1, 1)
    expected = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
    assert list(patches.NEIGHBOUR_STEPS) == expected


def test_pairs_lie_where_their_label_says():
    side, gap, jitter = 7, 3, 2
    pairs = patches.relative_patch_pairs(coordinates(2000), side, gap, jitter, generator())
    shift = (pairs.neighbours - pairs.centres)[:, :2, 0, 0]
    steps = torch.tensor([patches.NEIGHBOUR_STEPS[label] for label in pairs.labels.tolist()])
    rest = shift - steps * (side + gap)
    assert rest.abs().max() == jitter
    assert torch.equal(rest.unique(), torch.arange(-2.0, 3.0))
    # never closer than gap - jitter, so no two patches touch
    distance = shift.abs().amax(dim=1)
    assert distance.min() == side + gap - jitter
    assert (torch.bincount(pairs.labels, minlength=8) - 250).abs().max() < 80


def test_the_place_of_the_centre_says_nothing_of_the_label():
    pairs = patches.relative_patch_pairs(coordinates(8000), 6, 2, 1, generator())
    for label in range(8):
        mean = pairs.centre_corners[pairs.labels == label].float().mean(dim=0)
        assert (mean - 13).abs().max() < 0.35


def test_pairs_that_do_not_fit_or_could_overlap_are_refused():
    with pytest.raises(ValueError, match="need 33 pixels"):
        patches.relative_patch_pairs(coordinates(2), 9, 3, 0)
    with pytest.raises(ValueError, match="gap >= jitter"):
        patches.relative_patch_pairs(coordinates(2), 8, 1, 2)


def test_the_parts_share_one_encoder():
    network = patches.PartsNetwork(ConvEncoder(4), parts=2, classes=8).eval()
    parts = torch.rand(3, 2, 3, 8, 8)
    assert network(parts).shape == (3, 8)
    features = network.encoder(parts[:, 0])
    both = torch.cat([features, features], dim=1)
    same = network(parts[:, :1].expand(-1, 2, -1, -1, -1))
    assert torch.allclose(same, network.head(both), atol=1e-5)
    with pytest.raises(ValueError, match="2 parts"):
        network(torch.rand(3, 3, 3, 8, 8))
