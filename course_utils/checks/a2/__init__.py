"""The exercises of assignment 2, rotation prediction and how it is judged."""

import torch
from torch import nn

from course_utils.checks.a2.budget import BUDGET_PROPERTIES, observe_budget
from course_utils.checks.a2.freezing import FREEZING_PROPERTIES, observe_freezing
from course_utils.checks.a2.misconceptions import MISCONCEPTIONS
from course_utils.checks.a2.places import PLACE_PROPERTIES, observe_pair
from course_utils.checks.a2.rotation import (
    LOSS_PROPERTIES,
    TURN_PROPERTIES,
    observe_loss,
    observe_turns,
)
from course_utils.checks.exercise import declaring
from course_utils.core import encoders
from course_utils.selfsup import patches, pretext, probe


class _Blocks(encoders.ConvEncoder):
    """Any chain of blocks, in the shape that the lesson's function freezes."""

    def __init__(self, chain: nn.Sequential) -> None:
        nn.Module.__init__(self)
        self.chain = chain

    @property
    def blocks(self) -> tuple[nn.Module, ...]:
        return tuple(self.chain)


def _freeze_first_blocks(network: nn.Sequential, count: int) -> list[nn.Parameter]:
    probe.freeze_first_blocks(_Blocks(network), count)
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _relative_patch_pair(image, corner, place, side, gap, shift):
    pictures, first = image[None], torch.tensor([corner])
    label, shifts = torch.tensor([place]), torch.tensor([shift])
    second = patches.neighbour_corners(first, label, side, gap, shifts)
    return tuple(patches.extract_patches(pictures, where, side)[0] for where in (first, second))


_exercise = declaring("a2", MISCONCEPTIONS)

EXERCISES = (
    _exercise(
        "rotate_batch",
        "Four turns of a batch",
        4,
        arguments=("images",),
        reference=pretext.rotate_batch,
        lesson=pretext,
        observe=observe_turns,
        properties=TURN_PROPERTIES,
    ),
    _exercise(
        "rotation_loss",
        "The four-way loss",
        2,
        arguments=("logits", "turns"),
        reference=pretext.rotation_loss,
        lesson=pretext,
        observe=observe_loss,
        properties=LOSS_PROPERTIES,
    ),
    _exercise(
        "freeze_first_blocks",
        "Freezing the first blocks",
        4,
        arguments=("network", "count"),
        reference=_freeze_first_blocks,
        lesson=probe,
        observe=observe_freezing,
        properties=FREEZING_PROPERTIES,
    ),
    _exercise(
        "label_budget",
        "A budget of labels",
        4,
        arguments=("labels", "per_class", "generator"),
        reference=probe.label_budget,
        lesson=probe,
        observe=observe_budget,
        properties=BUDGET_PROPERTIES,
    ),
    _exercise(
        "relative_patch_pair",
        "A patch and its neighbour",
        4,
        arguments=("image", "corner", "place", "side", "gap", "shift"),
        reference=_relative_patch_pair,
        lesson=patches,
        observe=observe_pair,
        properties=PLACE_PROPERTIES,
    ),
)
