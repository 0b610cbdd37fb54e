"""Wrong and right answers to two_views_index."""

import torch
from torch.nn import functional as F

from .shared import right_rows

WRONG = {
    "neighbours_taken_for_pairs": [
        lambda n: torch.arange(2 * n) ^ 1,
        lambda n: torch.arange(2 * n).view(n, 2).flip(1).flatten(),
    ],
    "each_view_itself": [lambda n: torch.arange(2 * n)],
    "first_half_only": [
        lambda n: torch.arange(n, 2 * n),
        lambda n: n + torch.arange(n),
    ],
    "second_half_points_to_itself": [
        lambda n: torch.arange(n, 2 * n).repeat(2),
        lambda n: torch.arange(2 * n) % n + n,
    ],
    "no_way_back": [lambda n: torch.arange(2 * n) + n, lambda n: torch.arange(n, 3 * n)],
    "picture_numbers": [
        lambda n: torch.arange(n).repeat(2),
        lambda n: torch.arange(2 * n) % n,
        lambda n: torch.arange(n).repeat_interleave(2),
    ],
    "next_row": [
        lambda n: torch.arange(2 * n).roll(1),
        lambda n: torch.arange(2 * n).roll(-1),
        lambda n: (torch.arange(2 * n) + 1) % n,
    ],
    "mirrored": [
        lambda n: torch.arange(2 * n).flip(0),
        lambda n: 2 * n - 1 - torch.arange(2 * n),
    ],
    "table_instead_of_rows": [
        lambda n: F.one_hot(right_rows(n)),
        lambda n: F.one_hot(right_rows(n)).bool(),
        lambda n: torch.eye(2 * n).roll(n, dims=0),
        lambda n: torch.stack([torch.arange(n), torch.arange(n, 2 * n)], dim=1),
        lambda n: torch.arange(2 * n).view(2, n).flip(0),
    ],
    "counted_from_one": [lambda n: right_rows(n) + 1],
    "not_whole_numbers": [
        lambda n: right_rows(n).float(),
        lambda n: torch.arange(2.0 * n).roll(n),
    ],
    "list_instead_of_tensor": [
        lambda n: right_rows(n).tolist(),
        lambda n: [*range(n, 2 * n), *range(n)],
        lambda n: tuple(right_rows(n).tolist()),
        lambda n: right_rows(n).numpy(),
    ],
}


def _rows_loop(pictures):
    rows = []
    for view in range(2 * pictures):
        rows.append(view + pictures if view < pictures else view - pictures)
    return torch.tensor(rows)


RIGHT = {
    "roll": lambda n: torch.arange(2 * n).roll(n),
    "remainder": lambda n: (torch.arange(2 * n) + n) % (2 * n),
    "two halves": lambda n: torch.cat([torch.arange(n, 2 * n), torch.arange(n)]),
    "flipped halves": lambda n: torch.arange(2 * n).view(2, n).flip(0).flatten(),
    "loop": _rows_loop,
    "sorted": lambda n: torch.argsort(torch.arange(2 * n) < n, stable=True).argsort(),
}


# What the first variant of each mistake earns.
MARKS = {
    "neighbours_taken_for_pairs": 0,
    "each_view_itself": 0,
    "first_half_only": 0,
    "second_half_points_to_itself": 0,
    "no_way_back": 0,
    "picture_numbers": 0,
    "next_row": 0,
    "mirrored": 0,
    "table_instead_of_rows": 0,
    "counted_from_one": 0,
    "not_whole_numbers": 1.75,
    "list_instead_of_tensor": 0,
}
