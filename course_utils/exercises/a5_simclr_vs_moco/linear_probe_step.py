"""One step of a linear probe on a frozen encoder."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.observe import flat
from course_utils.checks.plain import Plain, copy_out, is_tensor, text
from course_utils.selfsup.simclr import linear_probe_step

FEATURES, CLASSES = 4, 3


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees a few steps of a linear probe: the last loss, who moved, what reached the encoder."""
    encoder, linear, optimiser, batches = case.make()
    start, statistics = flat(encoder), _statistics(encoder)
    loss = [function(encoder, linear, optimiser, *batch) for batch in batches][-1]
    return {
        "loss": copy_out(loss),
        "classifier": copy_out(flat(linear)),
        "encoder": _moved("weights", start, flat(encoder)),
        "statistics": _moved("batch statistics", statistics, _statistics(encoder)),
        "gradient": text(
            "a gradient reached the encoder"
            if any(parameter.grad is not None for parameter in encoder.parameters())
            else "no gradient reached the encoder"
        ),
        "form": _loss_form(loss),
    }


def _statistics(network: nn.Module) -> Tensor:
    return torch.cat([buffer.double().flatten() for buffer in network.buffers()]).clone()


def _moved(what: str, before: Tensor, after: Tensor) -> Plain:
    rest = torch.equal(before, after)
    return text(f"the encoder's {what} {'rest' if rest else 'move'}")


def _loss_form(loss: object) -> Plain:
    if is_tensor(loss) and loss.requires_grad:
        return text("a loss that still holds its graph")
    held = copy_out(loss)
    single = held.numeric and len(held.values) == 1
    return text("one number" if single else "not one number")


exercise = Declared(linear_probe_step, observe)


def _probing(seed: int, steps: int, rows: int = 6, rate: float = 0.5) -> Callable[[], tuple]:
    """Maker of (encoder, linear, optimiser, batches), in float64, the same for the same seed.

    The encoder has a batch norm, is in training mode, and is held by the optimiser as well, as
    happens to everybody once: whoever writes the step must keep it at rest.
    """

    def make() -> tuple:
        encoder = nn.Sequential(nn.Linear(3, FEATURES), nn.BatchNorm1d(FEATURES), nn.Tanh())
        linear = nn.Linear(FEATURES, CLASSES)
        both = nn.ModuleList([encoder, linear]).double().cpu().train()
        _fill(both, encoder[1], seed)
        optimiser = torch.optim.SGD(both.parameters(), lr=rate)
        return encoder, linear, optimiser, [_batch(seed + 40 + k, rows) for k in range(steps)]

    return make


@torch.no_grad()
def _fill(network: nn.Module, norm: nn.Module, seed: int) -> None:
    """Draw the parameters, and the running statistics of the batch norm."""
    for index, buffer in enumerate(norm.buffers()):
        if buffer.ndim:
            buffer.copy_(0.5 + normal(seed + 20 + index, (FEATURES,), 1.0, torch.float64) ** 2)
    for index, parameter in enumerate(network.parameters()):
        parameter.copy_(normal(seed + index, tuple(parameter.shape), 0.7, torch.float64))


def _batch(seed: int, rows: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator("cpu").manual_seed(seed)
    images = 1.0 + normal(seed, (rows, 3), 1.5, torch.float64)
    return images, torch.randint(0, CLASSES, (rows,), generator=generator)


@exercise.claim(2, "loss")
def loss(seed: int) -> list[Case]:
    return [
        Case("one step with 6 pictures of 3 classes", _probing(seed, 1)),
        Case("one step with 4 pictures", _probing(seed + 100, 1, rows=4, rate=1.0)),
    ]


exercise.claim(4, "classifier", name="step")(loss)


@exercise.claim(2, "classifier")
def twice(seed: int) -> list[Case]:
    return [
        Case("two steps, other pictures each time", _probing(seed + 200, 2)),
        Case("three steps", _probing(seed + 300, 3, rows=5, rate=0.3)),
    ]


exercise.claim(2, "encoder", name="weights", formal=True)(twice)
exercise.claim(2, "statistics", name="statistics", formal=True)(twice)
exercise.claim(2, "gradient", name="gradient", formal=True)(twice)
exercise.claim(1, "form", name="form", formal=True)(loss)
