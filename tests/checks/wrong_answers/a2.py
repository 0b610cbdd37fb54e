"""Wrong answers to assignment 2: `WRONG[exercise][misconception]` is a list of variants."""

import math

import torch
from torch.nn import functional as F

from .a2_budgets import LABEL_BUDGET
from .a2_freezing import FREEZE_FIRST_BLOCKS
from .a2_places import RELATIVE_PATCH_PAIR


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


ROTATE_BATCH = {
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


def one_hot(logits, turns):
    return F.one_hot(turns, logits.shape[1]).to(logits)


def chosen(scores, turns):
    return scores[torch.arange(len(turns)), turns]


EPSILONS = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


ROTATION_LOSS = {
    "softmax_before_cross_entropy": [
        lambda a, t: F.cross_entropy(a.softmax(1), t),
        lambda a, t: F.cross_entropy(a.softmax(-1), t),
    ],
    "log_of_softmax": [
        lambda a, t: -torch.log(chosen(a.softmax(1), t)).mean(),
        lambda a, t: F.nll_loss(a.softmax(1).log(), t),
        lambda a, t: -torch.log(chosen(a.exp() / a.exp().sum(1, keepdim=True), t)).mean(),
        lambda a, t: (a.exp().sum(1).log() - chosen(a, t)).mean(),
    ],
    "epsilon_in_log": [
        answer
        for e in EPSILONS
        for answer in (
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t) + e).mean(),
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t).clamp_min(e)).mean(),
            lambda a, t, e=e: -torch.log(chosen(a.softmax(1), t).clamp(e, 1 - e)).mean(),
        )
    ],
    "sum_instead_of_mean": [
        lambda a, t: F.cross_entropy(a, t, reduction="sum"),
        lambda a, t: -chosen(a.log_softmax(1), t).sum(),
    ],
    "one_loss_per_picture": [
        lambda a, t: F.cross_entropy(a, t, reduction="none"),
        lambda a, t: -chosen(a.log_softmax(1), t),
    ],
    "mean_over_all_logits": [
        lambda a, t: -(one_hot(a, t) * a.log_softmax(1)).mean(),
    ],
    "sign_flipped": [
        lambda a, t: -F.cross_entropy(a, t),
        lambda a, t: chosen(a.log_softmax(1), t).mean(),
    ],
    "logits_taken_for_log_probabilities": [
        lambda a, t: F.nll_loss(a, t),
        lambda a, t: -chosen(a, t).mean(),
    ],
    "no_logarithm": [
        lambda a, t: -chosen(a.softmax(1), t).mean(),
        lambda a, t: 1 - chosen(a.softmax(1), t).mean(),
        lambda a, t: F.nll_loss(a.softmax(1), t),
    ],
    "softmax_over_the_batch": [
        lambda a, t: -chosen(a.log_softmax(0), t).mean(),
        lambda a, t: F.nll_loss(a.log_softmax(0), t),
    ],
    "squared_error": [
        lambda a, t: F.mse_loss(a.softmax(1), one_hot(a, t)),
        lambda a, t: F.mse_loss(a, one_hot(a, t)),
        lambda a, t: ((a.softmax(1) - one_hot(a, t)) ** 2).sum(1).mean(),
    ],
    "four_yes_or_no_questions": [
        lambda a, t: F.binary_cross_entropy_with_logits(a, one_hot(a, t)),
        lambda a, t: F.binary_cross_entropy(a.sigmoid(), one_hot(a, t)),
        lambda a, t: F.binary_cross_entropy_with_logits(a, one_hot(a, t), reduction="sum") / len(a),
    ],
    "share_of_errors": [
        lambda a, t: (a.argmax(1) != t).float().mean(),
        lambda a, t: 1 - (a.argmax(1) == t).float().mean(),
    ],
    "labels_smoothed": [
        lambda a, t, s=s: F.cross_entropy(a, t, label_smoothing=s) for s in (0.1, 0.05, 0.2)
    ],
    "log_base_2": [lambda a, t: F.cross_entropy(a, t) / math.log(2)],
    "gradient_cut": [
        lambda a, t: F.cross_entropy(a, t).item(),
        lambda a, t: F.cross_entropy(a, t).detach(),
        lambda a, t: torch.tensor(F.cross_entropy(a, t).item()),
    ],
}

WRONG = {
    "rotate_batch": ROTATE_BATCH,
    "rotation_loss": ROTATION_LOSS,
    "freeze_first_blocks": FREEZE_FIRST_BLOCKS,
    "label_budget": LABEL_BUDGET,
    "relative_patch_pair": RELATIVE_PATCH_PAIR,
}
