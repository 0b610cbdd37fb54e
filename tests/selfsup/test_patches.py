import itertools

import pytest
import torch

from course_utils.selfsup import patches
from course_utils.selfsup.encoders import ConvEncoder


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


def test_aberration_moves_red_out_and_blue_in():
    image = torch.zeros(1, 3, 65, 65)
    image[:, :, 32, 52] = 1  # 20 pixels right of the centre
    moved = patches.chromatic_aberration(image, 0.1)
    place = (moved[0].sum(dim=1) * torch.arange(65)).sum(dim=1) / moved[0].sum(dim=(1, 2))
    assert place[0].item() == pytest.approx(54, abs=0.3)
    assert place[1].item() == pytest.approx(52)
    assert place[2].item() == pytest.approx(50, abs=0.3)
    assert torch.allclose(patches.chromatic_aberration(image, 0.0), image, atol=1e-5)


def test_colour_projection_is_a_projection_that_kills_green_against_magenta():
    images = torch.rand(2, 3, 4, 4, dtype=torch.float64)
    once = patches.project_colours(images)
    assert torch.allclose(patches.project_colours(once), once)
    axis = torch.tensor([-1.0, 2.0, -1.0], dtype=torch.float64)
    assert torch.allclose(torch.einsum("c,nchw->nhw", axis, once), torch.zeros(2, 4, 4).double())
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(patches.project_colours(grey), grey)


def test_dropping_channels_keeps_exactly_one():
    images = torch.rand(200, 3, 8, 8)
    dropped = patches.drop_channels(images, generator())
    same = (dropped == images).flatten(2).all(dim=2)
    assert (same.sum(dim=1) == 1).all() and (same.sum(dim=0) > 40).all()
    noise = dropped.transpose(0, 1)[:, :].flatten(2)[~same.T]
    assert noise.std(dim=1).mean() < 0.01


def test_permutations_are_chosen_greedily():
    chosen = patches.permutation_set(10, 4, generator()).tolist()

    def distance(p, q):
        return sum(a != b for a, b in zip(p, q, strict=True))

    every = list(itertools.permutations(range(4)))
    for k in range(1, 10):
        best = max(min(distance(p, q) for q in chosen[:k]) for p in every)
        assert min(distance(chosen[k], q) for q in chosen[:k]) == best
    assert len({tuple(p) for p in chosen}) == 10


def test_nine_tiles_have_nine_permutations_that_share_no_place():
    chosen = patches.permutation_set(9, 9, generator(1))
    apart = (chosen[:, None] != chosen[None]).sum(dim=2)
    assert (apart + 9 * torch.eye(9, dtype=torch.long) == 9).all()
    assert torch.equal(chosen.sort(dim=1).values, torch.arange(9).expand(9, 9))


def test_all_permutations_can_be_asked_for_but_not_more():
    assert len(patches.permutation_set(24, 4).unique(dim=0)) == 24
    with pytest.raises(ValueError, match="24 permutations"):
        patches.permutation_set(25, 4)
    with pytest.raises(ValueError, match="2 to 9"):
        patches.permutation_set(5, 16)


def test_tiles_of_the_whole_cell_put_together_are_the_picture():
    images = torch.rand(2, 3, 24, 24)
    tiles = patches.cut_tiles(images, 3, 8)
    assert torch.equal(patches.assemble_tiles(tiles, 3), images)


def test_tiles_wander_inside_their_cell_only():
    tiles = patches.cut_tiles(coordinates(500, 30), 3, 7, generator())
    corner = tiles[:, :, :2, 0, 0]
    cell = torch.tensor([[10 * r, 10 * c] for r in range(3) for c in range(3)]).float()
    inside = corner - cell
    assert inside.min() == 0 and inside.max() == 3
    with pytest.raises(ValueError, match="fit"):
        patches.cut_tiles(coordinates(1, 30), 3, 11)


def test_shuffling_puts_the_named_tile_in_each_place_and_its_inverse_undoes_it():
    tiles = torch.rand(2, 4, 1, 2, 2)
    orders = torch.tensor([[2, 0, 3, 1], [0, 1, 2, 3]])
    shuffled = patches.shuffle_tiles(tiles, orders)
    for k, order in enumerate(orders.tolist()):
        for place, tile in enumerate(order):
            assert torch.equal(shuffled[k, place], tiles[k, tile])
    assert torch.equal(patches.shuffle_tiles(shuffled, orders.argsort(dim=1)), tiles)
    with pytest.raises(ValueError, match="permutation"):
        patches.shuffle_tiles(tiles, torch.tensor([[0, 0, 1, 2]] * 2))


def test_standardised_tiles_hide_brightness_and_leave_noise_small():
    tiles = torch.rand(3, 4, 3, 8, 8)
    brighter = 0.5 * tiles + 0.2
    assert torch.allclose(
        patches.standardise_tiles(tiles), patches.standardise_tiles(brighter), atol=1e-4
    )
    plain = torch.full((1, 1, 3, 8, 8), 0.7) + 1e-4 * torch.randn(1, 1, 3, 8, 8)
    assert patches.standardise_tiles(plain).abs().max() < 0.05


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
