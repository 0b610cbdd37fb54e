"""Losses and scores of occupancy grids, and networks that predict them: by hand and by loops."""

import math

import pytest
import torch

from course_utils.core.steps import gradient_step, one_cycle
from course_utils.core.training import Minibatches, fit
from course_utils.vision3d.shapes import voxel_net, voxels


def dice(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_grids(count: int = 3, side: int = 4, seed: int = 0) -> torch.Tensor:
    grids = torch.rand(count, side, side, side, generator=dice(seed)) < 0.3
    grids[:, 0, 0, 0], grids[:, 1, 1, 1] = True, False
    return grids


def cells(grid: torch.Tensor):
    side = range(len(grid))
    return [(i, j, k) for i in side for j in side for k in side]


# ------------------------------------------------------------------ losses


def test_losses_equal_a_loop_over_voxels():
    grids = random_grids()
    logits = torch.randn(grids.shape, generator=dice(1), dtype=torch.float64) * 3
    plain, balanced = [], []
    for logit, grid in zip(logits, grids, strict=True):
        cost = {True: [], False: []}
        for i, j, k in cells(grid):
            p = 1 / (1 + math.exp(-float(logit[i, j, k])))
            full = bool(grid[i, j, k])
            cost[full].append(-math.log(p if full else 1 - p))
        plain += cost[True] + cost[False]
        balanced.append(sum(sum(c) / len(c) for c in cost.values()) / 2)
    found = float(voxels.plain_occupancy_loss(logits, grids))
    assert found == pytest.approx(sum(plain) / len(plain), abs=1e-12)
    found = float(voxels.balanced_occupancy_loss(logits, grids))
    assert found == pytest.approx(sum(balanced) / len(balanced), abs=1e-12)


def test_whoever_knows_nothing_pays_log_2_and_air_does_not_help():
    grid = torch.zeros(1, 8, 8, 8, dtype=torch.bool)
    grid[0, 0, 0, 0] = True
    nothing = torch.zeros(1, 8, 8, 8)
    assert float(voxels.balanced_occupancy_loss(nothing, grid)) == pytest.approx(math.log(2))
    all_air = nothing - 6
    assert float(voxels.plain_occupancy_loss(all_air, grid)) < 0.02
    assert float(voxels.balanced_occupancy_loss(all_air, grid)) == pytest.approx(3.0, abs=0.01)


def test_balanced_gradients_of_full_and_empty_voxels_cancel_at_the_start():
    logits = torch.zeros(2, 3, 3, 3, dtype=torch.float64, requires_grad=True)
    grids = random_grids(2, 3)
    voxels.balanced_occupancy_loss(logits, grids).backward()
    pull = [float(logits.grad[n].sum()) for n in range(2)]
    assert pull == pytest.approx([0, 0], abs=1e-15)
    assert torch.autograd.gradcheck(
        lambda x: voxels.balanced_occupancy_loss(x, grids), logits.detach().requires_grad_()
    )


def test_huge_logits_stay_finite():
    logits, grids = torch.full((1, 2, 2, 2), 200.0), random_grids(1, 2)
    for loss in (voxels.plain_occupancy_loss, voxels.balanced_occupancy_loss):
        assert math.isfinite(float(loss(logits, grids))) and math.isfinite(
            float(loss(-logits, grids))
        )


def test_what_cannot_be_balanced_or_compared_is_refused(as_shipped):
    grids = random_grids(2)
    logits = torch.zeros(grids.shape)
    for value in (True, False):
        one = grids.clone()
        one[1] = value
        with pytest.raises(ValueError, match="both full and empty"):
            voxels.balanced_occupancy_loss(logits, one)
    with pytest.raises(ValueError, match="batch, r, r, r"):
        voxels.balanced_occupancy_loss(logits[0], grids[0])
    with pytest.raises(ValueError, match="batch, r, r, r"):
        voxels.voxel_iou(logits[:1], grids)
    with pytest.raises(ValueError, match="threshold"):
        voxels.voxel_iou(logits, grids, 1.0)
    with pytest.raises(ValueError, match="reach"):
        voxels.surface_f_score(logits, grids, 0.5, -1)
    with pytest.raises(ValueError, match="no voxel"):
        voxels.voxel_iou(logits[:0], grids[:0])


# ------------------------------------------------------------------ scores


def test_iou_of_two_cubes_by_hand():
    one = torch.zeros(2, 4, 4, 4, dtype=torch.bool)
    two = one.clone()
    one[0, :2, :2, :2], two[0, 1:3, :2, :2] = True, True  # 8 and 8 voxels, 4 in common
    two[1, 0, 0, 0] = True
    assert voxels.voxel_iou(one, two).tolist() == pytest.approx([4 / 12, 0.0])
    assert voxels.voxel_iou(one[1:], one[1:]).tolist() == [1.0]  # both empty


def test_iou_equals_a_loop_at_every_threshold():
    truth = random_grids()
    predicted = torch.rand(truth.shape, generator=dice(2))
    for level in (0, 0.3, 0.5, 0.9):
        expected = []
        for p, t in zip(predicted, truth, strict=True):
            mine = {c for c in cells(t) if float(p[c]) > level}
            real = {c for c in cells(t) if t[c]}
            expected.append(len(mine & real) / len(mine | real))
        assert voxels.voxel_iou(predicted, truth, level).tolist() == pytest.approx(expected)


def test_surface_voxels_of_a_cube_are_all_but_its_inside():
    grid = torch.zeros(1, 7, 7, 7, dtype=torch.bool)
    grid[0, 1:6, 1:6, 1:6] = True
    shell = voxels.surface_voxels(grid)
    assert int(shell.sum()) == 5**3 - 3**3 and not bool(shell[0, 2:5, 2:5, 2:5].any())
    full = torch.ones(1, 3, 3, 3, dtype=torch.bool)
    assert int(voxels.surface_voxels(full).sum()) == 26  # beyond the grid is empty


def f_score_by_points(predicted: torch.Tensor, truth: torch.Tensor, reach: int) -> float:
    """With sets of voxels and their largest difference along any axis."""

    def surface(grid):
        full = {c for c in cells(grid) if grid[c]}
        sides = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
        return {
            c
            for c in full
            if any(tuple(map(sum, zip(c, s, strict=True))) not in full for s in sides)
        }

    def near(some, others):
        far = [
            min(max(abs(a - b) for a, b in zip(p, q, strict=True)) for q in others) for p in some
        ]
        return sum(d <= reach for d in far) / len(far)

    mine, real = surface(predicted), surface(truth)
    precision, recall = near(mine, real), near(real, mine)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_f_score_equals_distances_between_sets_of_voxels(reach):
    truth, other = random_grids(2, 6, 3), random_grids(2, 6, 4)
    truth[:, :, :, 3:] = False
    expected = [f_score_by_points(o, t, reach) for o, t in zip(other, truth, strict=True)]
    assert voxels.surface_f_score(other, truth, 0.5, reach).tolist() == pytest.approx(expected)


def test_f_score_forgives_a_shift_that_iou_does_not():
    truth = torch.zeros(1, 16, 16, 16, dtype=torch.bool)
    truth[0, 8, 2:14, 2:14] = True  # a thin plate
    shifted = truth.roll(1, 1)
    assert voxels.voxel_iou(shifted, truth).item() == 0
    assert voxels.surface_f_score(shifted, truth).item() == 1
    nothing = torch.zeros_like(truth)
    assert voxels.surface_f_score(nothing, truth).item() == 0
    assert voxels.surface_f_score(nothing, nothing).item() == 1


def test_best_threshold_finds_where_the_levels_part():
    truth = random_grids(2)
    soft = torch.where(truth, 0.62, 0.41)
    assert 0.41 <= voxels.best_threshold(soft, truth) < 0.62


# ------------------------------------------------------------------ networks and rivals


def small(**settings) -> voxel_net.VoxelPredictor:
    torch.manual_seed(0)
    return voxel_net.VoxelPredictor(16, 8, width=4, channels=8, **settings)


@pytest.mark.parametrize("resolution", [8, 16, 32])
def test_the_decoder_doubles_until_the_grid_is_full_size(resolution):
    decoder = voxel_net.VoxelDecoder(5, 8, resolution)
    assert decoder(torch.randn(2, 5)).shape == (2, resolution, resolution, resolution)
    doublings = sum(isinstance(layer, torch.nn.ConvTranspose3d) for layer in decoder.grow)
    assert 4 * 2**doublings == resolution


def test_a_transposed_convolution_is_what_the_decoder_says():
    """The last layer by its definition: every input voxel pours its kernel over the output."""
    layer = voxel_net.VoxelDecoder(3, 4, 8).double().grow[-1].requires_grad_(False)
    x = torch.randn(1, layer.in_channels, 4, 4, 4, generator=dice(), dtype=torch.float64)
    poured = torch.full((10, 10, 10), layer.bias.item(), dtype=torch.float64)
    for i, j, k in cells(x[0, 0]):
        kernel = (x[0, :, i, j, k, None, None, None] * layer.weight[:, 0]).sum(0)
        poured[2 * i : 2 * i + 4, 2 * j : 2 * j + 4, 2 * k : 2 * k + 4] += kernel
    torch.testing.assert_close(layer(x)[0, 0], poured[1:-1, 1:-1, 1:-1])


def test_wrong_sizes_are_refused(as_shipped):
    with pytest.raises(ValueError, match="resolution"):
        voxel_net.VoxelDecoder(5, 8, 24)
    with pytest.raises(ValueError, match="halved"):
        voxel_net.VoxelDecoder(5, 6, 32)
    with pytest.raises(ValueError, match="multiple of 8"):
        voxel_net.VoxelPredictor(20)
    with pytest.raises(ValueError, match="16 pixels"):
        small()(torch.rand(1, 3, 24, 24))
    with pytest.raises(ValueError, match="no pictures"):
        voxel_net.predict_occupancy(small(), torch.rand(0, 3, 16, 16))
    with pytest.raises(ValueError, match="compare"):
        voxel_net.nearest_pictures(torch.rand(2, 3, 8, 8), torch.rand(2, 3, 4, 4))
    with pytest.raises(ValueError, match="classes"):
        voxel_net.mean_shapes(random_grids(2), torch.tensor([0, 2]), 3)


def test_prediction_is_in_parts_at_rest_and_leaves_the_network_as_it_was():
    network = small()
    images = torch.rand(5, 3, 16, 16, generator=dice())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    whole = voxel_net.predict_occupancy(network, images)
    parts = voxel_net.predict_occupancy(network, images, batch_size=2)
    torch.testing.assert_close(whole, parts)
    assert network.training and float(whole.min()) > 0 and float(whole.max()) < 1
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name])


def test_the_nearest_picture_by_a_loop():
    images, known = (torch.rand(n, 1, 4, 4, generator=dice(n)) for n in (5, 9))
    expected = [
        min(range(9), key=lambda k, x=x: float(((x - known[k]) ** 2).sum())) for x in images
    ]
    assert voxel_net.nearest_pictures(images, known, at_once=2).tolist() == expected


def test_mean_shapes_are_shares():
    grids = random_grids(4)
    mean = voxel_net.mean_shapes(grids, torch.tensor([0, 1, 0, 0]), 2)
    torch.testing.assert_close(mean[1], grids[1].float())
    torch.testing.assert_close(
        mean[0], (grids[0].float() + grids[2].float() + grids[3].float()) / 3
    )


def test_a_few_pictures_are_learned_by_heart():
    """Bars of three lengths in pictures of three brightnesses: the grid must follow the picture."""
    grids = torch.zeros(3, 8, 8, 8, dtype=torch.bool)
    for n in range(3):
        grids[n, : 2 * n + 2, 3:5, 3:5] = True
    images = torch.linspace(0, 1, 3)[:, None, None, None].expand(3, 3, 16, 16).contiguous()
    network = small()
    optimiser, schedule = one_cycle([network], 120, rate=1e-2)

    def losses(batch):
        return {"loss": voxels.balanced_occupancy_loss(network(batch[0]), batch[1])}

    step = gradient_step(losses, optimiser, schedule)
    batches = Minibatches((images.repeat(4, 1, 1, 1), grids.repeat(4, 1, 1, 1)), 12, dice())
    *_, last = fit(step, batches, steps=120)
    assert last.values["loss"] < 0.1 < math.log(2)
    found = voxel_net.predict_occupancy(network, images)
    assert voxels.voxel_iou(found, grids).min() > 0.9
