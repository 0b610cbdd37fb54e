"""The figures of the pretext zoo show what they are given."""

import pytest
import torch

from course_utils.lessons.pretext_zoo import figures


def parts(count=2):
    dice = torch.Generator().manual_seed(0)
    pictures = torch.rand(count, 3, 24, 24, generator=dice)
    corners = torch.tensor([[2, 3]] * count), torch.tensor([[12, 14]] * count)
    return pictures, corners, 8, torch.rand(count, 9, 3, 7, 7, generator=dice), pictures / 2


def seen(ax):
    return torch.as_tensor(ax.images[0].get_array().copy()).permute(2, 0, 1).float()


def test_patches_stand_out_where_they_were_cut():
    pictures, corners, side, tiles, erased = parts()
    axes = figures.pretext_gallery(pictures, corners, side, tiles, erased).axes
    assert len(axes) == 8 and axes[0].get_title() == "a picture"
    board = seen(axes[5])
    for top, left in (corner[1].tolist() for corner in corners):
        window = (slice(None), slice(top, top + side), slice(left, left + side))
        assert torch.allclose(board[window], pictures[1][window], atol=1e-6)
    assert board[:, 0, 0].min() >= 0.8  # the rest is nearly white
    frames = [(frame.get_x(), frame.get_y()) for frame in axes[5].patches]
    assert frames == [(2.5, 1.5), (13.5, 11.5)]


def test_pieces_lie_row_by_row_with_gaps():
    pictures, corners, side, tiles, erased = parts()
    axes = figures.pretext_gallery(pictures, corners, side, tiles, erased).axes
    board = seen(axes[2])
    assert board.shape == (3, 23, 23)
    assert torch.allclose(board[:, 8:15, 16:23], tiles[0, 5], atol=1e-6)
    assert (board[:, 7] == 1).all() and (board[:, :, 15] == 1).all()
    assert torch.allclose(seen(axes[7]), erased[1], atol=1e-6)


def test_parts_must_belong_together():
    pictures, corners, side, tiles, erased = parts()
    with pytest.raises(ValueError, match=r"\[1, 2\]"):
        figures.pretext_gallery(pictures, corners, side, tiles[:1], erased)
