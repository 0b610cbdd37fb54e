"""Each operation against torchvision, scipy or a loop; each sampler against torchvision's own."""

import math
import random

import pytest
import torch
from scipy import ndimage, stats
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from course_utils.selfsup import augment, views

STEPS = ("brightness", "contrast", "saturation", "hue")  # order of the factors
KEEP = (1.0, 1.0, 1.0, 0.0)
ORDER = torch.arange(4)


def pictures(count=4, size=32, seed=0):
    """Smooth random pictures, away from black and white."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 6, 6, generator=generator)
    return 0.3 + 0.3 * torch.nn.functional.interpolate(coarse, size=size, mode="bicubic").clamp(
        0, 1
    )


def factors(**changes):
    values = dict(zip(STEPS, KEEP, strict=True)) | changes
    return torch.tensor([[values[name] for name in STEPS]])


# ---------------------------------------------------------------------------- geometry


def test_the_whole_box_without_a_turn_is_the_identity():
    images = pictures()
    zeros = torch.zeros(4)
    assert torch.allclose(
        augment.warp(images, augment.whole_boxes(images), zeros.bool(), zeros), images, atol=1e-5
    )


@pytest.mark.parametrize("box", [(3, 5, 16, 16), (0, 8, 24, 12), (10, 1, 9, 21)])
def test_crop_equals_torchvision_inside_the_box(box):
    images = pictures()
    ours = augment.crop_resize(images, torch.tensor([box] * 4))
    theirs = tv.resized_crop(images, *box, size=[32, 32], antialias=False)
    # The outermost half pixel of the box reads its outside here and repeats its edge there.
    rim_y, rim_x = math.ceil(16 / box[2]) + 1, math.ceil(16 / box[3]) + 1
    inside = (slice(None), slice(None), slice(rim_y, -rim_y), slice(rim_x, -rim_x))
    assert torch.allclose(ours[inside], theirs[inside], atol=1e-5)
    assert (ours - theirs).abs().max() < 0.1


def test_flip_and_quarter_turns_are_exact():
    images = pictures()
    every = torch.ones(4, dtype=torch.bool)
    assert torch.equal(augment.flip(images, every), images.flip(-1))
    whole = augment.whole_boxes(images)
    assert torch.allclose(
        augment.warp(images, whole, every, torch.zeros(4)), images.flip(-1), atol=1e-5
    )
    for quarter in range(4):
        turned = augment.rotate(images, torch.full((4,), 90.0 * quarter))
        assert torch.allclose(turned, torch.rot90(images, quarter, dims=(2, 3)), atol=1e-4)


def test_rotation_agrees_with_torchvision_also_on_oblong_pictures():
    images = pictures()[:, :, :20]
    ours = augment.rotate(images, torch.full((4,), 25.0))
    theirs = tv.rotate(images, 25.0, interpolation=v2.InterpolationMode.BILINEAR)
    middle = (slice(None), slice(None), slice(7, 13), slice(11, 21))
    assert torch.allclose(ours[middle], theirs[middle], atol=1e-4)


def test_the_fast_crop_equals_the_general_warp():
    images = pictures()[:, :, :24]
    boxes = views.draw_boxes(4, (24, 32), generator=torch.Generator().manual_seed(0))
    flips = torch.tensor([True, False, True, False])
    general = augment.warp(images, boxes, flips, torch.zeros(4))
    assert torch.allclose(augment.crop_resize(images, boxes, flips), general, atol=1e-5)


def test_cut_flip_and_turn_come_in_this_order():
    images = pictures()
    box = torch.tensor([[4, 6, 16, 20]] * 4)
    ours = augment.warp(images, box, torch.tensor([True] * 4), torch.full((4,), 90.0))
    steps = augment.crop_resize(images, box).flip(-1)
    assert torch.allclose(ours, torch.rot90(steps, 1, dims=(2, 3)), atol=1e-5)


def test_each_picture_has_its_own_parameters():
    images = pictures(2)
    boxes = torch.tensor([[0, 0, 32, 32], [8, 8, 16, 16]])
    both = augment.warp(images, boxes, torch.tensor([True, False]), torch.tensor([0.0, 30.0]))
    for k in range(2):
        rows = slice(k, k + 1)
        alone = augment.warp(
            images[rows],
            boxes[rows],
            torch.tensor([k == 0]),
            torch.tensor([30.0 * k]),
        )
        assert torch.allclose(both[rows], alone, atol=1e-6)


def test_warp_refuses_empty_boxes_and_missing_parameters():
    images = pictures()
    with pytest.raises(ValueError, match="above 0"):
        augment.crop_resize(images, torch.tensor([[0, 0, 0, 5]] * 4))
    with pytest.raises((ValueError, TypeError)):
        augment.crop_resize(images, torch.tensor([[0, 0, 5, 5]] * 3))


# ------------------------------------------------------------------------------ colour


@pytest.mark.parametrize(
    ("name", "value", "peer"),
    [
        ("brightness", 1.3, tv.adjust_brightness),
        ("contrast", 0.6, tv.adjust_contrast),
        ("saturation", 1.4, tv.adjust_saturation),
    ],
)
def test_jitter_equals_torchvision(name, value, peer):
    image = pictures(1)
    ours = augment.jitter(image, factors(**{name: value}), ORDER[None])
    assert torch.allclose(ours, peer(image, value), atol=2e-4)


def test_every_order_of_jitter_equals_torchvision_in_that_order():
    image = pictures(1)
    values = {"brightness": 1.2, "contrast": 1.3, "saturation": 0.7}
    peers = [tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation]
    for order in ([0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 1, 0], [3, 1, 2, 0]):
        ours = augment.jitter(image, factors(**values), torch.tensor([order]))
        expected = image
        for which in order:
            if which < 3:
                expected = peers[which](expected, list(values.values())[which])
        assert torch.allclose(ours, expected, atol=5e-4)


def hue_and_chroma(images):
    red, green, blue = images.unbind(dim=1)
    across, up = red - (green + blue) / 2, (green - blue) * 3**0.5 / 2
    return torch.atan2(up, across), torch.hypot(across, up)


@pytest.mark.parametrize("turn", [-0.3, -0.1, 0.05, 0.1, 0.25])
def test_hue_arrives_where_torchvision_does(turn):
    image = pictures(1)
    ours, _ = hue_and_chroma(augment.jitter(image, factors(hue=turn), ORDER[None]))
    theirs, chroma = hue_and_chroma(tv.adjust_hue(image, turn))
    apart = (ours - theirs + math.pi) % (2 * math.pi) - math.pi
    assert (apart.abs() * chroma).sum() / chroma.sum() < math.radians(2)


def test_a_third_of_a_turn_swaps_channels_and_turning_back_undoes_it():
    image = pictures(1)
    third = augment.jitter(image, factors(hue=1 / 3), ORDER[None])
    assert torch.allclose(third, image[:, [2, 0, 1]], atol=1e-5)
    assert torch.allclose(third, tv.adjust_hue(image, 1 / 3), atol=1e-2)
    turned = augment.jitter(image, factors(hue=0.1), ORDER[None])
    assert torch.allclose(turned.mean(1), image.mean(1), atol=1e-5)
    back = augment.jitter(turned, factors(hue=-0.1), ORDER[None])
    assert torch.allclose(back, image, atol=1e-4)


def test_dropping_colour_equals_torchvision_and_only_where_asked():
    images = pictures()
    chosen = torch.tensor([True, False, True, False])
    ours = augment.drop_colour(images, chosen)
    theirs = tv.rgb_to_grayscale(images, num_output_channels=3)
    assert torch.allclose(ours[chosen], theirs[chosen], atol=2e-4)
    assert torch.equal(ours[~chosen], images[~chosen])


# -------------------------------------------------------------- neighbourhoods and noise


@pytest.mark.parametrize(("sigma", "size"), [(0.3, 3), (1.5, 5), (2.0, 7)])
def test_blur_equals_torchvision(sigma, size):
    images = pictures()
    ours = augment.gaussian_blur(images, torch.full((4,), sigma), size)
    assert torch.allclose(ours, tv.gaussian_blur(images, [size, size], [sigma, sigma]), atol=1e-5)


def test_blur_refuses_even_kernels_and_no_width():
    with pytest.raises(ValueError, match="odd"):
        augment.gaussian_blur(pictures(), torch.ones(4), 4)
    with pytest.raises(ValueError, match="sigma"):
        augment.gaussian_blur(pictures(), torch.zeros(4))


def test_sobel_equals_scipy():
    images = pictures(2)
    ours = augment.sobel(images)
    for k in range(2):
        for channel in range(3):
            plane = images[k, channel].numpy()
            # torch's "reflect" is scipy's "mirror": the edge pixel is not repeated
            across = ndimage.sobel(plane, axis=1, mode="mirror")
            down = ndimage.sobel(plane, axis=0, mode="mirror")
            expected = torch.from_numpy((across**2 + down**2) ** 0.5 / 4).clamp(0, 1)
            assert torch.allclose(ours[k, channel], expected, atol=1e-5)


def test_cutout_paints_its_box_and_nothing_else():
    images = pictures(2, 12)
    boxes = torch.tensor([[2, 3, 4, 5], [0, 0, 12, 1]])
    expected = images.clone()
    for k, (top, left, height, width) in enumerate(boxes.tolist()):
        expected[k, :, top : top + height, left : left + width] = 0.25
    assert torch.equal(augment.cutout(images, boxes, 0.25), expected)


def test_noise_has_the_asked_spread():
    images = torch.full((2, 3, 64, 64), 0.5)
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    noisy = augment.add_noise(images, noise, torch.tensor([0.02, 0.1]))
    assert noisy[0].std().item() == pytest.approx(0.02, rel=0.05)
    assert noisy[1].std().item() == pytest.approx(0.1, rel=0.05)


# ----------------------------------------------------------------------------- samplers


@pytest.mark.parametrize(
    ("size", "area", "ratio"),
    [((32, 32), (0.08, 1.0), (3 / 4, 4 / 3)), ((20, 48), (0.3, 1.0), (0.5, 2.0))],
)
def test_boxes_are_distributed_as_random_resized_crop(size, area, ratio):
    count = 3000
    torch.manual_seed(0)
    blank = torch.zeros(3, *size)
    crop = v2.RandomResizedCrop(32, scale=area, ratio=ratio)
    drawn = [crop.make_params([blank]) for _ in range(count)]
    theirs = torch.tensor([[p["top"], p["left"], p["height"], p["width"]] for p in drawn])
    ours = views.draw_boxes(count, size, area, ratio, torch.Generator().manual_seed(1))
    assert (ours[:, :2] >= 0).all() and (ours[:, :2] + ours[:, 2:] <= torch.tensor(size)).all()
    for column in range(4):
        test = stats.ks_2samp(ours[:, column].numpy(), theirs[:, column].numpy())
        assert test.pvalue > 1e-3, f"column {column}: {test}"
    joint = stats.ks_2samp((ours[:, 2] * ours[:, 3]).numpy(), (theirs[:, 2] * theirs[:, 3]).numpy())
    assert joint.pvalue > 1e-3


def test_a_crop_that_never_fits_falls_back_to_the_centred_box():
    ours = views.draw_boxes(5, (20, 200), (0.99, 1.0), (0.9, 1.1))
    theirs = v2.RandomResizedCrop(8, scale=(0.99, 1.0), ratio=(0.9, 1.1)).make_params(
        [torch.zeros(3, 20, 200)]
    )
    expected = [theirs[name] for name in ("top", "left", "height", "width")]
    assert ours.tolist() == [expected] * 5


def test_jitter_is_distributed_as_color_jitter():
    count = 3000
    torch.manual_seed(0)
    random.seed(0)
    peer = v2.ColorJitter(0.4, 0.4, 1.3, 0.1)
    drawn = [peer.make_params([]) for _ in range(count)]
    names = ["brightness_factor", "contrast_factor", "saturation_factor", "hue_factor"]
    theirs = torch.tensor([[p[name] for name in names] for p in drawn])
    ours, order = views.draw_jitter(count, (0.4, 0.4, 1.3, 0.1), torch.Generator().manual_seed(1))
    for column in range(4):
        test = stats.ks_2samp(ours[:, column].numpy(), theirs[:, column].numpy())
        assert test.pvalue > 1e-3, f"column {column}: {test}"
    orders, counts = order.unique(dim=0, return_counts=True)
    assert len(orders) == 24
    assert stats.chisquare(counts.numpy()).pvalue > 1e-3


def test_chances_are_the_asked_ones():
    tosses = views.draw_chance(20_000, 0.2, torch.Generator().manual_seed(0))
    assert tosses.float().mean().item() == pytest.approx(0.2, abs=0.01)
    with pytest.raises(ValueError, match="probability"):
        views.draw_chance(3, 1.5)


def test_views_repeat_with_their_seed_and_differ_between_pictures():
    images = pictures(1).repeat(6, 1, 1, 1)
    one = views.random_views(images, generator=torch.Generator().manual_seed(3))
    two = views.random_views(images, generator=torch.Generator().manual_seed(3))
    assert torch.equal(one, two)
    apart = torch.cdist(one.flatten(1), one.flatten(1))
    assert (apart + torch.eye(6) > 0.1).all()
    assert one.min() >= 0 and one.max() <= 1


def test_a_recipe_of_nothing_is_the_identity():
    images = pictures()
    recipe = views.ViewRecipe(area=(1.0, 1.0), ratio=(1.0, 1.0), flip=0.0, jitter=0.0, grey=0.0)
    assert torch.allclose(views.random_views(images, recipe), images, atol=1e-5)


def test_grey_views_have_equal_channels():
    recipe = views.ViewRecipe(grey=1.0, blur=1.0)
    grey = views.random_views(pictures(), recipe)
    assert torch.allclose(grey[:, 0], grey[:, 1], atol=1e-5)
    assert torch.allclose(grey[:, 0], grey[:, 2], atol=1e-5)


def test_the_ten_augmentations_each_change_the_picture_but_the_first():
    images = pictures(3)
    results = {
        name: change(images, torch.Generator().manual_seed(0))
        for name, change in views.ten_augmentations().items()
    }
    assert len(results) == 10
    for name, result in results.items():
        assert result.shape == images.shape and torch.isfinite(result).all()
        assert ((result - images).abs().mean() > 1e-3) == (name != "original"), name


def test_bad_ranges_are_refused():
    with pytest.raises(ValueError, match="ranges"):
        views.draw_boxes(2, (8, 8), area=(0.0, 1.0))
    with pytest.raises(ValueError, match="hue"):
        views.draw_jitter(2, (0.1, 0.1, 0.1, 0.6))
