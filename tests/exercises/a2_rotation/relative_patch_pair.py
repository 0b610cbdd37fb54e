"""Wrong and right answers to relative_patch_pair."""

import itertools

import torch

STEPS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


CLOCKWISE = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]


FROM_THE_TOP = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)]


NINE = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]


def cut(image, top, left, side):
    return image[:, top : top + side, left : left + side]


def pair(
    *,
    step=lambda place: STEPS[place],
    stride=lambda side, gap: side + gap,
    moved=lambda shift: shift,
    first=lambda corner, shift, side: corner,
    keep_inside=False,
    refusal=ValueError,
    result=lambda centre, neighbour: (centre, neighbour),
):
    """The right way, with one or more of its parts changed."""

    def answer(image, corner, place, side, gap, shift):
        top, left = first(corner, shift, side)
        (down, right), (more_down, more_right) = step(place), moved(shift)
        row = top + down * stride(side, gap) + more_down
        column = left + right * stride(side, gap) + more_right
        last_row, last_column = image.shape[1] - side, image.shape[2] - side
        if keep_inside:
            row, column = min(max(row, 0), last_row), min(max(column, 0), last_column)
        if refusal and not (0 <= row <= last_row and 0 <= column <= last_column):
            raise refusal("the neighbour leaves the picture")
        return result(cut(image, top, left, side), cut(image, row, column, side))

    return answer


def both(**changed):
    """With and without the test for neighbours outside."""
    return [pair(**changed), pair(refusal=None, **changed)]


def _asserting(image, corner, place, side, gap, shift):
    centre, neighbour = pair(refusal=None)(image, corner, place, side, gap, shift)
    assert centre.shape == neighbour.shape
    return centre, neighbour


def _edges_tested(strict_low, strict_high):
    def answer(image, corner, place, side, gap, shift):
        down, right = STEPS[place]
        row = corner[0] + down * (side + gap) + shift[0]
        column = corner[1] + right * (side + gap) + shift[1]
        for at, length in ((row, image.shape[1]), (column, image.shape[2])):
            if at < strict_low or at + side > length - strict_high:
                raise ValueError("the neighbour leaves the picture")
        return cut(image, *corner, side), cut(image, row, column, side)

    return answer


def _around(corner, shift, side):
    return corner[0] - side // 2, corner[1] - side // 2


def _channels_last(image, corner, place, side, gap, shift):
    right = pair()(image, corner, place, side, gap, shift)
    return tuple(patch.permute(1, 2, 0) for patch in right)


WRONG = {
    "centre_counted": [
        *both(step=lambda place: NINE[place]),
    ],
    "numbered_from_one": [
        *both(step=lambda place: STEPS[place - 1]),
    ],
    "column_by_column": [*both(step=lambda place: STEPS[place][::-1])],
    "numbered_clockwise": [
        *both(step=lambda place: CLOCKWISE[place]),
        *both(step=lambda place: FROM_THE_TOP[place]),
    ],
    "upside_down": [
        *both(step=lambda place: (-STEPS[place][0], STEPS[place][1])),
    ],
    "opposite_place": [
        *both(step=lambda place: (-STEPS[place][0], -STEPS[place][1])),
        *both(step=lambda place: STEPS[7 - place]),
    ],
    "gap_ignored": [*both(stride=lambda side, gap: side)],
    "gap_counted_twice": [*both(stride=lambda side, gap: side + 2 * gap)],
    "side_forgotten": [
        *both(stride=lambda side, gap: gap),
        *both(stride=lambda side, gap: max(gap, 1)),
    ],
    "shift_ignored": [*both(moved=lambda shift: (0, 0))],
    "shift_turned_round": [*both(moved=lambda shift: (-shift[0], -shift[1]))],
    "shift_axes_swapped": [*both(moved=lambda shift: shift[::-1])],
    "both_shifted": [
        *both(
            first=lambda corner, shift, side: (corner[0] + shift[0], corner[1] + shift[1]),
            moved=lambda shift: (0, 0),
        ),
    ],
    "centre_shifted_instead": [
        *both(
            first=lambda corner, shift, side: (corner[0] + shift[0], corner[1] + shift[1]),
            moved=lambda shift: (-shift[0], -shift[1]),
        ),
    ],
    "corner_axes_swapped": [*both(first=lambda corner, shift, side: corner[::-1])],
    "corner_taken_for_middle": [*both(first=_around)],
    "neighbour_first": [*both(result=lambda centre, neighbour: (neighbour, centre))],
    "same_patch_twice": [
        *both(result=lambda centre, neighbour: (centre, centre)),
    ],
    "channels_last": [_channels_last],
    "outside_accepted": [pair(refusal=None)],
    "pushed_back_inside": [pair(keep_inside=True)],
    "edge_refused": [
        _edges_tested(1, 0),
        _edges_tested(0, 1),
        _edges_tested(1, 1),
    ],
    "wrong_exception": [pair(refusal=IndexError), pair(refusal=RuntimeError), _asserting],
}


STEPS_RIGHT = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]


def _pair_table(image, corner, place, side, gap, shift):
    down, right = STEPS_RIGHT[place]
    row = corner[0] + down * (side + gap) + shift[0]
    column = corner[1] + right * (side + gap) + shift[1]
    if not (0 <= row <= image.shape[1] - side and 0 <= column <= image.shape[2] - side):
        raise ValueError("the neighbour leaves the picture")
    centre = image[:, corner[0] : corner[0] + side, corner[1] : corner[1] + side]
    return centre, image[:, row : row + side, column : column + side]


def _pair_divmod(image, corner, place, side, gap, shift):
    down, right = divmod(place + (place > 3), 3)
    step = torch.tensor([down - 1, right - 1]) * (side + gap) + torch.tensor(shift)
    top, left = (torch.tensor(corner) + step).tolist()
    if min(top, left) < 0 or top + side > image.shape[1] or left + side > image.shape[2]:
        raise ValueError("outside")
    window = image.unfold(1, side, 1).unfold(2, side, 1)
    return [window[:, corner[0], corner[1]], window[:, top, left]]


def _pair_narrow(image, corner, place, side, gap, shift):
    cells = [cell for cell in itertools.product((-1, 0, 1), repeat=2) if cell != (0, 0)]
    move = [step * (side + gap) + more for step, more in zip(cells[place], shift, strict=True)]
    try:
        near = image.narrow(1, corner[0] + move[0], side) if corner[0] + move[0] >= 0 else None
        near = near.narrow(2, corner[1] + move[1], side) if corner[1] + move[1] >= 0 else None
        assert near is not None
    except (RuntimeError, AttributeError, AssertionError, IndexError):
        raise ValueError("outside") from None
    return image.narrow(1, corner[0], side).narrow(2, corner[1], side).clone(), near.double()


def _pair_indices(image, corner, place, side, gap, shift):
    def cut(top, left):
        rows, columns = torch.arange(top, top + side), torch.arange(left, left + side)
        for index, length in ((rows, image.shape[1]), (columns, image.shape[2])):
            if int(index[0]) < 0 or int(index[-1]) >= length:
                raise ValueError("outside")
        return image[:, rows][:, :, columns]

    row = (0, 0, 0, 1, 1, 2, 2, 2)[place] - 1
    column = (0, 1, 2, 0, 2, 0, 1, 2)[place] - 1
    far = side + gap
    return cut(*corner), cut(corner[0] + row * far + shift[0], corner[1] + column * far + shift[1])


RIGHT = {
    "table of steps": _pair_table,
    "divmod, unfold": _pair_divmod,
    "narrow": _pair_narrow,
    "index vectors": _pair_indices,
}


# What the first variant of each mistake earns.
MARKS = {
    "centre_counted": 0.75,
    "numbered_from_one": 0.75,
    "column_by_column": 1,
    "numbered_clockwise": 0.75,
    "upside_down": 0.75,
    "opposite_place": 0.75,
    "gap_ignored": 2.25,
    "gap_counted_twice": 2.25,
    "side_forgotten": 0.75,
    "shift_ignored": 3,
    "shift_turned_round": 3,
    "shift_axes_swapped": 3,
    "both_shifted": 3.5,
    "centre_shifted_instead": 3,
    "corner_axes_swapped": 0.75,
    "corner_taken_for_middle": 0,
    "neighbour_first": 0,
    "same_patch_twice": 1.25,
    "channels_last": 1,
    "outside_accepted": 3.5,
    "pushed_back_inside": 3.5,
    "edge_refused": 3.75,
    "wrong_exception": 3.5,
}
