"""Wrong and right answers to rotate_batch."""

import itertools

import torch
from torch.nn import functional as F


def turned(images, k=1, dims=(2, 3)):
    return torch.rot90(images, k, dims)


def blocks(images, turn=turned, ks=(0, 1, 2, 3)):
    """One copy of the batch for each turn, one after the other."""
    return torch.cat([turn(images, k) for k in ks])


def block_labels(images, values=(0, 1, 2, 3)):
    return torch.tensor(values).repeat_interleave(len(images))


def tiled_labels(images, values=(0, 1, 2, 3)):
    return torch.tensor(values).repeat(len(images))


def by_picture(images):
    return torch.stack([turned(images, k) for k in range(4)], dim=1).flatten(0, 1)


def _flips(images, k):
    return [images, images.flip(3), images.flip(2), images.flip((2, 3))][k]


def _transposes(images, k):
    return [images, images.mT, images.flip((2, 3)), images.mT.flip((2, 3))][k]


def with_labels(pictures, labels=block_labels):
    return lambda x: (pictures(x), labels(x))


WRONG = {
    "labels_tiled": [with_labels(blocks, tiled_labels)],
    "labels_in_blocks": [with_labels(by_picture, block_labels)],
    "picture_by_picture": [
        with_labels(by_picture, tiled_labels),
        lambda x: (
            torch.stack([turned(p, k, (1, 2)) for p in x for k in range(4)]),
            torch.tensor([k for _ in x for k in range(4)]),
        ),
    ],
    "clockwise": [
        with_labels(lambda x: blocks(x, lambda y, k: turned(y, -k))),
        with_labels(lambda x: blocks(x, lambda y, k: turned(y, k, (3, 2)))),
        with_labels(lambda x: blocks(x, ks=(0, 3, 2, 1))),
    ],
    "wrong_axes": [
        with_labels(lambda x: blocks(x, lambda y, k: torch.rot90(y, k))),
        with_labels(lambda x: blocks(x, lambda y, k: turned(y, k, (1, 2)))),
        with_labels(lambda x: blocks(x, lambda y, k: turned(y, k, (1, 3)))),
    ],
    "flipped_not_turned": [with_labels(lambda x: blocks(x, _flips))],
    "transposed_not_turned": [
        with_labels(lambda x: blocks(x, _transposes)),
        with_labels(
            lambda x: blocks(x, lambda y, k: [y, y.mT, y.flip((2, 3)), y.mT.flip((2, 3))][k])
        ),
    ],
    "turned_once_only": [
        with_labels(lambda x: blocks(x, lambda y, k: turned(y, int(k > 0)))),
    ],
    "not_turned": [
        with_labels(lambda x: x.repeat(4, 1, 1, 1)),
        with_labels(lambda x: torch.cat([x] * 4)),
    ],
    "turned_twice_as_far": [with_labels(lambda x: blocks(x, lambda y, k: turned(y, 2 * k)))],
    "labels_from_one": [with_labels(blocks, lambda x: block_labels(x, (1, 2, 3, 4)))],
    "labels_in_degrees": [with_labels(blocks, lambda x: block_labels(x, (0, 90, 180, 270)))],
    "upright_left_out": [
        lambda x: (blocks(x, ks=(1, 2, 3)), block_labels(x, (1, 2, 3))),
        lambda x: (blocks(x, ks=(1, 2, 3)), block_labels(x, (0, 1, 2))),
    ],
    "labels_one_hot": [
        with_labels(blocks, lambda x: F.one_hot(block_labels(x), 4)),
        with_labels(blocks, lambda x: F.one_hot(block_labels(x), 4).float()),
    ],
    "labels_not_whole": [
        with_labels(blocks, lambda x: block_labels(x).float()),
        with_labels(blocks, lambda x: block_labels(x).to(x)),
    ],
    "stacked_not_joined": [
        with_labels(lambda x: torch.stack([turned(x, k) for k in range(4)])),
        lambda x: (
            torch.stack([turned(x, k) for k in range(4)]),
            block_labels(x).view(4, -1),
        ),
        with_labels(lambda x: torch.stack([turned(x, k) for k in range(4)], dim=1)),
    ],
    "pictures_only": [blocks],
}


def _turn_cat(images):
    pictures = torch.cat([torch.rot90(images, k, (2, 3)) for k in range(4)])
    return pictures, torch.arange(4).repeat_interleave(len(images))


def _turn_loop(images):
    pictures, labels = [], []
    for k in range(4):
        for picture in images:
            pictures.append(torch.rot90(picture, k, dims=(-2, -1)))
            labels.append(k)
    return torch.stack(pictures), torch.tensor(labels)


def _turn_flips(images):
    once = images.transpose(2, 3).flip(2)
    twice = images.flip((2, 3))
    thrice = images.flip(2).transpose(2, 3)
    labels = torch.arange(4)[:, None].expand(4, len(images)).reshape(-1)
    return [torch.cat([images, once, twice, thrice]), labels]


def _turn_again_and_again(images):
    copies = [images]
    for _ in range(3):
        copies.append(torch.rot90(copies[-1], dims=(2, 3)))
    return torch.stack(copies).flatten(0, 1), torch.arange(4 * len(images)) // len(images)


def _turn_pixels(images):
    n, channels, side, _ = images.shape
    pictures = torch.zeros(4, n, channels, side, side, dtype=images.dtype)
    for i, j in itertools.product(range(side), repeat=2):
        pictures[0, :, :, i, j] = images[:, :, i, j]
        pictures[1, :, :, i, j] = images[:, :, j, side - 1 - i]
        pictures[2, :, :, i, j] = images[:, :, side - 1 - i, side - 1 - j]
        pictures[3, :, :, i, j] = images[:, :, side - 1 - j, i]
    labels = torch.cat([torch.full((n,), k) for k in range(4)])
    return pictures.view(-1, channels, side, side), labels


RIGHT = {
    "rot90, cat": _turn_cat,
    "loop over pictures": _turn_loop,
    "transpose and flip, a list": _turn_flips,
    "each from the one before": _turn_again_and_again,
    "pixel by pixel": _turn_pixels,
}


# What the first variant of each mistake earns.
MARKS = {
    "labels_tiled": 2.75,
    "labels_in_blocks": 2,
    "picture_by_picture": 2.25,
    "clockwise": 1.25,
    "wrong_axes": 0,
    "flipped_not_turned": 1.25,
    "transposed_not_turned": 1.25,
    "turned_once_only": 1.25,
    "not_turned": 1.25,
    "turned_twice_as_far": 1.25,
    "labels_from_one": 2.75,
    "labels_in_degrees": 2.75,
    "upright_left_out": 1,
    "labels_one_hot": 2.5,
    "labels_not_whole": 3.75,
    "stacked_not_joined": 1.75,
    "pictures_only": 0,
}
