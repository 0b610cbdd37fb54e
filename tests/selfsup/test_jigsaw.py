import itertools

import pytest
import torch

from course_utils.selfsup import jigsaw


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def coordinates(count=64, side=32):
    """Pictures whose first two channels say where each pixel is."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    return torch.stack([rows, columns, rows * 0]).float().expand(count, 3, side, side)


def test_permutations_are_chosen_greedily():
    chosen = jigsaw.permutation_set(10, 4, generator()).tolist()

    def distance(p, q):
        return sum(a != b for a, b in zip(p, q, strict=True))

    every = list(itertools.permutations(range(4)))
    for k in range(1, 10):
        best = max(min(distance(p, q) for q in chosen[:k]) for p in every)
        assert min(distance(chosen[k], q) for q in chosen[:k]) == best
    assert len({tuple(p) for p in chosen}) == 10


def test_nine_tiles_have_nine_permutations_that_share_no_place():
    chosen = jigsaw.permutation_set(9, 9, generator(1))
    apart = (chosen[:, None] != chosen[None]).sum(dim=2)
    assert (apart + 9 * torch.eye(9, dtype=torch.long) == 9).all()
    assert torch.equal(chosen.sort(dim=1).values, torch.arange(9).expand(9, 9))


def test_all_permutations_can_be_asked_for_but_not_more():
    assert len(jigsaw.permutation_set(24, 4).unique(dim=0)) == 24
    with pytest.raises(ValueError, match="24 permutations"):
        jigsaw.permutation_set(25, 4)
    with pytest.raises(ValueError, match="2 to 9"):
        jigsaw.permutation_set(5, 16)


def test_tiles_of_the_whole_cell_put_together_are_the_picture():
    images = torch.rand(2, 3, 24, 24)
    tiles = jigsaw.cut_tiles(images, 3, 8)
    assert torch.equal(jigsaw.assemble_tiles(tiles, 3), images)


def test_tiles_wander_inside_their_cell_only():
    tiles = jigsaw.cut_tiles(coordinates(500, 30), 3, 7, generator())
    corner = tiles[:, :, :2, 0, 0]
    cell = torch.tensor([[10 * r, 10 * c] for r in range(3) for c in range(3)]).float()
    inside = corner - cell
    assert inside.min() == 0 and inside.max() == 3
    with pytest.raises(ValueError, match="fit"):
        jigsaw.cut_tiles(coordinates(1, 30), 3, 11)


def test_shuffling_puts_the_named_tile_in_each_place_and_its_inverse_undoes_it():
    tiles = torch.rand(2, 4, 1, 2, 2)
    orders = torch.tensor([[2, 0, 3, 1], [0, 1, 2, 3]])
    shuffled = jigsaw.shuffle_tiles(tiles, orders)
    for k, order in enumerate(orders.tolist()):
        for place, tile in enumerate(order):
            assert torch.equal(shuffled[k, place], tiles[k, tile])
    assert torch.equal(jigsaw.shuffle_tiles(shuffled, orders.argsort(dim=1)), tiles)
    with pytest.raises(ValueError, match="permutation"):
        jigsaw.shuffle_tiles(tiles, torch.tensor([[0, 0, 1, 2]] * 2))


def test_standardised_tiles_hide_brightness_and_leave_noise_small():
    tiles = torch.rand(3, 4, 3, 8, 8)
    brighter = 0.5 * tiles + 0.2
    assert torch.allclose(
        jigsaw.standardise_tiles(tiles), jigsaw.standardise_tiles(brighter), atol=1e-4
    )
    plain = torch.full((1, 1, 3, 8, 8), 0.7) + 1e-4 * torch.randn(1, 1, 3, 8, 8)
    assert jigsaw.standardise_tiles(plain).abs().max() < 0.05


def test_distances_of_orders_are_counted_place_by_place():
    orders = jigsaw.permutation_set(7, 5, generator())
    distances = jigsaw.hamming_distances(orders)
    for one, other in itertools.product(range(7), repeat=2):
        pairs = zip(orders[one].tolist(), orders[other].tolist(), strict=True)
        assert distances[one, other] == sum(a != b for a, b in pairs)


def test_a_right_belief_solves_and_a_wrong_one_does_not():
    order = torch.tensor([2, 0, 1])
    assert jigsaw.put_in_order(order, order).tolist() == [0, 1, 2]
    assert jigsaw.put_in_order(order, torch.tensor([0, 1, 2])).tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="once"):
        jigsaw.put_in_order(order, torch.tensor([0, 0, 1]))
