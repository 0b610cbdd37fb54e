"""What must hold of one step of a linear probe on a frozen encoder."""

from collections.abc import Callable

import torch
from torch import nn

from course_utils.checks.exercise import Case, Property
from course_utils.checks.inputs import normal

_double = torch.float64
_Generator, _randint = torch.Generator, torch.randint
FEATURES, CLASSES = 4, 3


def probing(seed: int, steps: int, rows: int = 6, rate: float = 0.5) -> Callable[[], tuple]:
    """Maker of (encoder, linear, optimiser, batches), in float64, the same for the same seed.

    The encoder has a batch norm, is in training mode, and is held by the optimiser as well, as
    happens to everybody once: whoever writes the step must keep it at rest.
    """

    def make() -> tuple:
        encoder = nn.Sequential(nn.Linear(3, FEATURES), nn.BatchNorm1d(FEATURES), nn.Tanh())
        linear = nn.Linear(FEATURES, CLASSES)
        both = nn.ModuleList([encoder, linear]).double().cpu().train()
        with torch.no_grad():
            for index, buffer in enumerate(encoder[1].buffers()):
                if buffer.ndim:
                    buffer.copy_(0.5 + normal(seed + 20 + index, (FEATURES,), 1.0, _double) ** 2)
            for index, parameter in enumerate(both.parameters()):
                parameter.copy_(normal(seed + index, tuple(parameter.shape), 0.7, _double))
        optimiser = torch.optim.SGD(both.parameters(), lr=rate)
        return encoder, linear, optimiser, [_batch(seed + 40 + k, rows) for k in range(steps)]

    return make


def _batch(seed: int, rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = _Generator("cpu").manual_seed(seed)
    images = 1.0 + normal(seed, (rows, 3), 1.5, _double)
    return images, _randint(0, CLASSES, (rows,), generator=generator)


def _single(seed: int) -> list[Case]:
    return [
        Case("one step with 6 pictures of 3 classes", probing(seed, 1)),
        Case("one step with 4 pictures", probing(seed + 100, 1, rows=4, rate=1.0)),
    ]


def _twice(seed: int) -> list[Case]:
    return [
        Case("two steps, other pictures each time", probing(seed + 200, 2)),
        Case("three steps", probing(seed + 300, 3, rows=5, rate=0.3)),
    ]


PROBE_PROPERTIES = (
    Property("loss", "the cross-entropy of the frozen features", 2, _single, ("loss",)),
    Property("step", "the classifier takes one step down", 4, _single, ("classifier",)),
    Property("twice", "the next steps start with a fresh gradient", 2, _twice, ("classifier",)),
    Property("weights", "the encoder's weights rest", 2, _twice, ("encoder",), formal=True),
    Property(
        "statistics", "the encoder's batch statistics rest", 2, _twice, ("statistics",), formal=True
    ),
    Property("gradient", "no gradient reaches the encoder", 2, _twice, ("gradient",), formal=True),
    Property("form", "gives the loss without its graph", 1, _single, ("form",), formal=True),
)
