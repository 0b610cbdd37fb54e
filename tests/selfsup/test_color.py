import inspect
import math

import numpy as np
import pytest
import torch
from skimage import color as skimage_color

from course_utils.selfsup import color, colorize


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(count=2, size=16, seed=0, dtype=torch.float32):
    return torch.rand(count, 3, size, size, generator=generator(seed), dtype=dtype)


# --------------------------------------------------------------------------- sRGB and Lab


def test_lab_equals_scikit_image():
    images = pictures(4, 32)
    images[0, :, :2] = 0.0
    images[0, :, 2:4] = 1.0
    images[1] *= 0.05  # the straight parts of both curves
    ours = color.rgb_to_lab(images).permute(0, 2, 3, 1).numpy()
    theirs = skimage_color.rgb2lab(images.permute(0, 2, 3, 1).double().numpy())
    assert np.abs(ours - theirs).max() < 1e-3


def test_rgb_of_lab_equals_scikit_image():
    lab = color.rgb_to_lab(pictures(2, 16))
    ours = color.lab_to_rgb(lab).permute(0, 2, 3, 1).numpy()
    theirs = skimage_color.lab2rgb(lab.permute(0, 2, 3, 1).double().numpy())
    assert np.abs(ours - theirs).max() < 1e-3


def test_round_trip():
    images = pictures(4, 32)
    images[0] *= 0.04
    assert (color.lab_to_rgb(color.rgb_to_lab(images)) - images).abs().max() < 1e-3


def test_black_white_and_greys():
    values = torch.linspace(0, 1, 9)
    lab = color.rgb_to_lab(values.view(1, 1, 1, 9).expand(1, 3, 1, 9))
    assert lab[0, 0, 0, 0].abs() < 1e-3 and (lab[0, 0, 0, -1] - 100).abs() < 1e-3
    assert lab[0, 1:].abs().max() < 0.02
    assert (lab[0, 0, 0].diff() > 0).all()


def test_lab_is_differentiable_everywhere_in_the_cube():
    images = torch.tensor([0.0, 0.001, 0.04, 0.5, 1.0]).view(1, 1, 1, 5).repeat(1, 3, 1, 1)
    images.requires_grad_(True)
    color.lab_to_rgb(color.rgb_to_lab(images)).sum().backward()
    assert torch.isfinite(images.grad).all()


def test_normalised_lab_has_known_ranges_and_is_undone():
    lab = torch.tensor([[0.0, -110, 0], [50, 0, 55], [100, 110, -110]]).T.view(1, 3, 1, 3)
    lightness, chroma = color.normalise_lab(lab)
    assert lightness.flatten().tolist() == [-1, 0, 1]
    assert chroma[0, :, 0].tolist() == [[-1, 0, 1], [0, 0.5, -1]]
    assert torch.allclose(color.denormalise_lab(lightness, chroma), lab)


# ------------------------------------------------------------------------ the ab plane


@pytest.mark.parametrize("grid", [10.0, 20.0])
def test_bins_are_the_cells_that_a_search_of_the_whole_cube_finds(grid):
    bins = color.gamut_bins(grid)
    levels = np.linspace(0, 1, 48)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 1, 3)
    chroma = skimage_color.rgb2lab(cube)[:, 0, 1:]
    found = {tuple(cell) for cell in np.round(chroma / grid).astype(int).tolist()}
    ours = {tuple(cell) for cell in (bins / grid).round().int().tolist()}
    assert found <= ours and len(ours) == len(bins)
    for cell in ours - found:  # the search is coarse: the cells that it missed lie at its rim
        outside = np.abs(chroma - grid * np.array(cell)).max(axis=1) - grid / 2
        assert outside.min() < 3
    assert len(ours - found) <= 0.1 * len(ours)


def test_no_grid_of_ten_units_has_as_many_cells_as_the_paper_lists():
    levels = np.linspace(0, 1, 64)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 1, 3)
    chroma = skimage_color.rgb2lab(cube)[:, 0, 1:]
    counts = []
    for shift in np.ndindex(5, 5):
        cells = np.round((chroma + 2 * np.array(shift)) / 10).astype(int) @ [1000, 1]
        counts.append(len(np.unique(cells)))
    assert min(counts) > 240 and max(counts) < 280
    assert 240 < len(color.gamut_bins(10.0)) < 280


def plain(function):
    """The function without the check of shapes, which would speak before the function can."""
    return inspect.unwrap(function)


def test_wrong_channels_are_refused_in_plain_words():
    for function in (color.rgb_to_lab, color.unclamped_rgb_from_lab, color.normalise_lab):
        with pytest.raises(ValueError, match="must be \\(n, 3, height, width\\)"):
            plain(function)(torch.rand(2, 4, 5, 5))
    with pytest.raises(ValueError, match="bins"):
        plain(color.quantise_ab)(torch.rand(1, 2, 3, 3), torch.rand(4, 3))
    with pytest.raises(ValueError, match="do not agree"):
        plain(color.regression_loss)(torch.rand(1, 2, 3, 3), torch.rand(1, 2, 4, 3))


def test_quantising_finds_the_nearest_bin():
    bins = torch.randn(9, 2, generator=generator()) * 40
    chroma = torch.randn(2, 2, 3, 4, generator=generator(1)) * 40
    labels = color.quantise_ab(chroma, bins)
    for k in range(2):
        for row in range(3):
            for column in range(4):
                distance = [math.dist(chroma[k, :, row, column].tolist(), b) for b in bins.tolist()]
                assert labels[k, row, column] == distance.index(min(distance))


def test_soft_encoding_equals_the_loop():
    bins = color.gamut_bins(20.0)
    chroma = torch.randn(1, 2, 2, 3, generator=generator(), dtype=torch.float64) * 30
    soft = color.soft_encode_ab(chroma, bins, 5, 5.0)
    for row in range(2):
        for column in range(3):
            distance = [math.dist(chroma[0, :, row, column].tolist(), b) for b in bins.tolist()]
            nearest = sorted(range(len(bins)), key=distance.__getitem__)[:5]
            weight = [math.exp(-(distance[q] ** 2) / 50) for q in nearest]
            expected = torch.zeros(len(bins), dtype=torch.float64)
            expected[nearest] = torch.tensor(weight, dtype=torch.float64) / sum(weight)
            assert torch.allclose(soft[0, :, row, column], expected, atol=1e-5)
    with pytest.raises(ValueError, match="neighbours"):
        color.soft_encode_ab(chroma, bins[:3])


def test_shares_count_pixels_and_smoothing_keeps_their_sum():
    bins = torch.tensor([[0.0, 0], [10, 0], [100, 0]])
    chroma = torch.tensor([[1.0, 2, 9, 99], [0, 0, 0, 0]]).view(1, 2, 1, 4)
    shares = color.bin_distribution(chroma, bins)
    assert shares.tolist() == [0.5, 0.25, 0.25]
    smooth = color.smooth_distribution(shares, bins, 5.0)
    neighbour = math.exp(-100 / 50) / (1 + math.exp(-100 / 50))
    assert smooth[0].item() == pytest.approx(0.5 * (1 - neighbour) + 0.25 * neighbour, rel=1e-5)
    assert smooth.sum().item() == pytest.approx(1) and smooth[2] == pytest.approx(0.25)


def test_rebalancing_weights_by_hand():
    shares = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    raw = [1 / (0.5 * p + 0.5 / 3) for p in (0.7, 0.2, 0.1)]
    mean = sum(p * w for p, w in zip((0.7, 0.2, 0.1), raw, strict=True))
    expected = torch.tensor([w / mean for w in raw], dtype=torch.float64)
    weights = color.rebalancing_weights(shares)
    assert torch.allclose(weights, expected)
    assert (shares * weights).sum().item() == pytest.approx(1)
    assert torch.allclose(color.rebalancing_weights(shares, 1.0), torch.ones(3).double())
    assert torch.allclose(
        color.rebalancing_weights(shares, 0.0) * shares, torch.full((3,), 1 / 3).double()
    )


def test_weights_refuse_what_is_no_distribution():
    with pytest.raises(ValueError, match="distribution"):
        color.rebalancing_weights(torch.tensor([0.5, 0.2]))
    with pytest.raises(ValueError, match="empty"):
        color.rebalancing_weights(torch.tensor([1.0, 0.0]), 0.0)


def test_annealed_mean_goes_from_the_mean_to_the_mode():
    bins = torch.tensor([[-50.0, 0], [40, 20], [50, 0]])
    shares = torch.tensor([0.5, 0.2, 0.3])
    logits = shares.log().view(1, 3, 1, 1) + 3.7  # unnormalised, as a network gives them
    mean = color.annealed_mean(logits, bins, 1.0).flatten()
    assert torch.allclose(mean, shares @ bins, atol=1e-4)
    mode = color.annealed_mean(logits, bins, 0.01).flatten()
    assert torch.allclose(mode, bins[0], atol=1e-3)
    powered = shares.double() ** (1 / 0.38)
    expected = (powered / powered.sum()) @ bins.double()
    assert torch.allclose(color.annealed_mean(logits, bins).flatten(), expected.float(), atol=1e-3)
    with pytest.raises(ValueError, match="temperature"):
        color.annealed_mean(logits, bins, 0.0)


def test_the_loss_equals_the_loop():
    draw = generator()
    logits = torch.randn(2, 4, 2, 2, generator=draw, dtype=torch.float64)
    target = torch.rand(2, 4, 2, 2, generator=draw, dtype=torch.float64)
    target = target / target.sum(1, keepdim=True)
    weights = torch.tensor([0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    total = 0.0
    for k in range(2):
        for row in range(2):
            for column in range(2):
                z, y = target[k, :, row, column].tolist(), logits[k, :, row, column].tolist()
                norm = math.log(sum(math.exp(v) for v in y))
                surprise = -sum(p * (v - norm) for p, v in zip(z, y, strict=True))
                total += weights[z.index(max(z))].item() * surprise
    shares, index = target.sort(dim=1, descending=True)
    loss = color.nearest_bins_loss(logits, (index, shares), weights)
    assert loss.item() == pytest.approx(total / 8)


def test_the_loss_of_few_bins_equals_the_sum_over_all_in_value_and_gradient():
    bins = color.gamut_bins(20.0).double()
    chroma = 30 * torch.randn(2, 2, 3, 4, generator=generator(), dtype=torch.float64)
    logits = torch.randn(2, len(bins), 3, 4, generator=generator(1), dtype=torch.float64)
    logits.requires_grad_(True)
    weights = torch.rand(len(bins), generator=generator(2), dtype=torch.float64)
    target = color.soft_encode_ab(chroma, bins)
    surprise = -(target * logits.log_softmax(dim=1)).sum(dim=1)
    full = (weights[target.argmax(dim=1)] * surprise).mean()
    fast = color.nearest_bins_loss(logits, color.nearest_bins(chroma, bins), weights)
    assert torch.allclose(full, fast)
    slopes = [torch.autograd.grad(loss, logits)[0] for loss in (full, fast)]
    assert torch.allclose(*slopes)


def test_regression_prefers_grey_where_classification_keeps_a_colour():
    # Half of the things with this lightness are red, half are green.
    truth = torch.tensor([[80.0, 0], [-80, 0]]).view(2, 2, 1, 1)
    grey, red = (
        torch.zeros(2, 2, 1, 1),
        torch.tensor([80.0, 0]).view(1, 2, 1, 1).expand(2, -1, 1, 1),
    )
    assert color.regression_loss(grey, truth).item() == pytest.approx(3200)
    assert color.regression_loss(red, truth).item() == pytest.approx(6400)
    bins = torch.tensor([[80.0, 0], [0, 0], [-80, 0]])
    hard = color.nearest_bins(truth, bins, 1)
    undecided = torch.tensor([0.5, 1e-6, 0.5]).log().view(1, 3, 1, 1).expand(2, -1, 1, 1)
    sure_grey = torch.tensor([1e-6, 1.0, 1e-6]).log().view(1, 3, 1, 1).expand(2, -1, 1, 1)
    ones = torch.ones(3)
    assert color.nearest_bins_loss(undecided, hard, ones) < 0.7
    assert color.nearest_bins_loss(sure_grey, hard, ones) > 10


# ----------------------------------------------------------------------------- networks


def test_hints_are_a_geometric_number_of_distinct_pixels():
    masks = colorize.draw_hints(4000, (8, 8), 3.0, generator())
    counts = masks.flatten(1).sum(1)
    assert set(masks.unique().tolist()) == {0.0, 1.0}
    assert counts.mean().item() == pytest.approx(3, abs=0.25)
    assert (counts == 0).float().mean().item() == pytest.approx(0.25, abs=0.03)
    assert colorize.draw_hints(5, (8, 8), 0.0, generator()).sum() == 0


def test_hints_say_where_they_are_and_nothing_elsewhere():
    lightness, chroma = torch.rand(2, 1, 4, 4), 50 * torch.randn(2, 2, 4, 4)
    mask = torch.zeros(2, 1, 4, 4)
    mask[:, :, 1, 2] = 1
    joined = colorize.with_hints(lightness, chroma, mask)
    assert torch.equal(joined[:, :1], lightness) and torch.equal(joined[:, 3:], mask)
    assert torch.allclose(joined[:, 1:3, 1, 2], chroma[:, :, 1, 2] / 110)
    assert (joined[:, 1:3].abs() > 0).sum() == 4
    network = colorize.Colouriser(4, 2, hinted=True)
    assert network(torch.rand(2, 4, 16, 16)).shape == (2, 2, 8, 8)


def test_joined_chroma_gives_back_a_plain_picture():
    images = pictures(2, 1).expand(-1, -1, 16, 16).contiguous()
    lightness, chroma = colorize.lightness_and_halved_chroma(images)
    assert chroma.shape == (2, 2, 8, 8)
    assert (colorize.join_chroma(lightness, chroma) - images).abs().max() < 1e-3


def test_losses_of_networks_are_finite_and_have_gradients():
    images = pictures(4)
    task = colorize.colour_task(images, grid=20.0)
    network = colorize.Colouriser(4, len(task.bins))
    loss = colorize.colourisation_loss(network, images, task)
    loss.backward()
    assert torch.isfinite(loss)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in network.parameters())
    assert colorize.colour_regression_loss(colorize.Colouriser(4, 2), images) > 0


def test_each_half_of_the_brain_sees_only_its_own_half():
    network = colorize.SplitBrain(8, bins=20).eval()
    lightness, chroma = torch.rand(2, 1, 16, 16), torch.rand(2, 2, 16, 16)
    ab, shades = network(lightness, chroma)
    ab_again, shades_again = network(lightness, torch.rand(2, 2, 16, 16))
    assert torch.equal(ab, ab_again) and not torch.equal(shades, shades_again)
    ab_again, shades_again = network(torch.rand(2, 1, 16, 16), chroma)
    assert torch.equal(shades, shades_again) and not torch.equal(ab, ab_again)
    assert ab.shape == (2, 20, 8, 8) and shades.shape == (2, 20, 8, 8)
    with pytest.raises(ValueError, match="even"):
        colorize.SplitBrain(7, bins=4)


def test_split_brain_losses_add_up_and_features_have_both_halves():
    images = pictures(3)
    task = colorize.colour_task(images, grid=20.0)
    network = colorize.SplitBrain(8, len(task.bins))
    losses = colorize.split_brain_losses(network, images, task)
    assert torch.allclose(losses["loss"], losses["chroma"] + losses["lightness"])
    first, second = colorize.split_brain_features(network, images)
    assert first.shape == second.shape == (3, 16)


def test_lightness_bins_cover_the_range_evenly():
    lightness = torch.linspace(-1, 1, 41).view(1, 1, 1, 41)
    bins = colorize.quantise_lightness(lightness, 4).flatten()
    assert bins[0] == 0 and bins[-1] == 3
    assert torch.bincount(bins).tolist() == [10, 10, 10, 11]
