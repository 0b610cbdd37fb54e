import pytest
import torch

from course_utils.selfsup import shortcuts
from course_utils.selfsup.patches import NEIGHBOUR_STEPS, relative_patch_pairs


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_aberration_moves_red_out_and_blue_in():
    image = torch.zeros(1, 3, 65, 65)
    image[:, :, 32, 52] = 1  # 20 pixels right of the centre
    moved = shortcuts.chromatic_aberration(image, 0.1)
    place = (moved[0].sum(dim=1) * torch.arange(65)).sum(dim=1) / moved[0].sum(dim=(1, 2))
    assert place[0].item() == pytest.approx(54, abs=0.3)
    assert place[1].item() == pytest.approx(52)
    assert place[2].item() == pytest.approx(50, abs=0.3)
    assert torch.allclose(shortcuts.chromatic_aberration(image, 0.0), image, atol=1e-5)


def test_colour_projection_is_a_projection_that_kills_green_against_magenta():
    images = torch.rand(2, 3, 4, 4, dtype=torch.float64)
    once = shortcuts.project_colours(images)
    assert torch.allclose(shortcuts.project_colours(once), once)
    axis = torch.tensor([-1.0, 2.0, -1.0], dtype=torch.float64)
    assert torch.allclose(torch.einsum("c,nchw->nhw", axis, once), torch.zeros(2, 4, 4).double())
    grey = images[:, :1].expand(-1, 3, -1, -1)
    assert torch.allclose(shortcuts.project_colours(grey), grey)


def test_dropping_channels_keeps_exactly_one():
    images = torch.rand(200, 3, 8, 8)
    dropped = shortcuts.drop_channels(images, generator())
    same = (dropped == images).flatten(2).all(dim=2)
    assert (same.sum(dim=1) == 1).all() and (same.sum(dim=0) > 40).all()
    noise = dropped.transpose(0, 1)[:, :].flatten(2)[~same.T]
    assert noise.std(dim=1).mean() < 0.01


def test_the_green_lens_moves_green_alone():
    image = torch.zeros(1, 3, 65, 65)
    image[:, :, 52, 32] = 1  # 20 pixels below the centre
    moved = shortcuts.chromatic_aberration(image, 0.1, shortcuts.GREEN_LENS)
    place = (moved[0].sum(dim=2) * torch.arange(65)).sum(dim=1) / moved[0].sum(dim=(1, 2))
    assert place[1].item() == pytest.approx(54, abs=0.3)
    assert torch.equal(moved[:, [0, 2]], image[:, [0, 2]])


def test_projection_removes_the_fringes_of_the_green_lens_only():
    grey = torch.rand(4, 1, 24, 24, generator=generator()).expand(-1, 3, -1, -1)

    def projected(bends):
        lens = shortcuts.chromatic_aberration(grey, 0.1, bends)
        return lens, shortcuts.project_colours(lens)

    # The green lens adds colour along (0, 1, 0), and that without its part along (-1, 2, -1) is
    # grey. Red against blue is at right angles to the axis, so it stays as it was.
    lens, after = projected(shortcuts.GREEN_LENS)
    assert lens.std(dim=1).mean() > 0.01 and after.std(dim=1).max() < 1e-5
    lens, after = projected(shortcuts.RED_BLUE_LENS)
    assert torch.allclose(after[:, 0] - after[:, 2], lens[:, 0] - lens[:, 2], atol=1e-6)


def test_border_mismatch_is_the_loop_over_facing_pixels():
    first, second = torch.rand(2, 5, 3, 4, 4, generator=generator())
    found = shortcuts.border_mismatch(first, second)
    for n in range(5):
        above = left = right = below = 0.0
        for channel in range(3):
            for k in range(4):
                a, b = first[n, channel], second[n, channel]
                above += abs(a[0, k] - b[3, k]) / 12
                left += abs(a[k, 0] - b[k, 3]) / 12
                right += abs(a[k, 3] - b[k, 0]) / 12
                below += abs(a[3, k] - b[0, k]) / 12
        assert found[n].tolist() == pytest.approx([float(x) for x in (above, left, right, below)])
    with pytest.raises(ValueError, match="differ"):
        shortcuts.border_mismatch(first, second[..., 1:])


def test_the_border_cheater_is_right_where_a_picture_is_smooth():
    steps = torch.linspace(0, 1, 40)
    down, right = torch.meshgrid(steps, steps, indexing="ij")
    picture = torch.stack([down, right, down - right]).expand(64, 3, 40, 40)
    pairs = relative_patch_pairs(picture, 10, 0, 0, generator())
    straight = torch.tensor([0 in NEIGHBOUR_STEPS[k] for k in pairs.labels.tolist()])
    guess = shortcuts.border_guess(pairs.centres, pairs.neighbours)
    assert straight.sum() > 20 and torch.equal(guess[straight], pairs.labels[straight])


@pytest.mark.parametrize("shift", [(0.3, 0.0), (-0.2, 0.4)])
def test_fringes_of_a_known_shift_are_measured(shift):
    y, x = torch.meshgrid(torch.arange(10.0), torch.arange(10.0), indexing="ij")

    def wave(down, right):
        return 0.5 + 0.4 * torch.sin(0.5 * (y + down) + 0.1) * torch.cos(0.4 * (x + right))

    half = (shift[0] / 2, shift[1] / 2)
    red_blue = torch.stack([wave(*half), wave(0, 0), wave(-half[0], -half[1])])
    green = torch.stack([wave(0, 0), wave(*shift), wave(0, 0)])
    found = shortcuts.colour_fringes(torch.stack([red_blue, green]))
    assert found[0, :2].tolist() == pytest.approx(shift, abs=0.04)
    assert found[0, 2:].abs().max() < 0.04 and found[1, :2].abs().max() < 1e-5
    assert found[1, 2:].tolist() == pytest.approx(shift, abs=0.06)


def test_grey_and_plain_patches_have_no_fringes():
    grey = torch.rand(3, 1, 8, 8, generator=generator()).expand(-1, 3, -1, -1)
    assert shortcuts.colour_fringes(grey).abs().max() < 1e-5
    assert shortcuts.colour_fringes(torch.full((1, 3, 8, 8), 0.4)).abs().max() == 0
    with pytest.raises(ValueError, match="3 x 3"):
        shortcuts.colour_fringes(torch.rand(1, 3, 2, 2))
