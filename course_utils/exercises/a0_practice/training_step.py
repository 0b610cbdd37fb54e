"""One step of training: forward, backward, update."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import SGD, Optimizer

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.plain import Plain, copy_out, is_tensor, text
from course_utils.core import steps


def training_step(
    network: nn.Module, optimizer: Optimizer, inputs: Tensor, targets: Tensor
) -> Tensor:
    """The course's step, for a mean squared error."""

    def losses(batch: tuple[Tensor, Tensor]) -> dict[str, Tensor]:
        return {"loss": (network(batch[0]) - batch[1]).square().mean()}

    return steps.gradient_step(losses, optimizer)((inputs, targets))["loss"]


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees how far the weights moved, and the loss; mode "twice" makes two steps."""
    network, *rest = case.make()
    before = _flat(network)
    for _ in range(2 if case.mode == "twice" else 1):
        loss = function(network, *rest)
    moved = copy_out(_flat(network) - before)
    return {"the weights' move": moved, "loss": copy_out(loss), "graph": _graph(loss)}


def _flat(network: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()]).clone()


def _graph(loss: object) -> Plain:
    kept = is_tensor(loss) and loss.requires_grad
    return text("the loss holds its graph" if kept else "the loss is only a number")


exercise = Declared(training_step, observe, lesson=steps)


def _case(tried: str, seed: int, sizes: tuple[int, int, int], mode: str = "value") -> Case:
    """A linear network in float64, an optimizer, and a batch: rows, inputs, outputs."""
    rows, inputs, outputs = sizes

    def make() -> tuple:
        network = nn.Linear(inputs, outputs, dtype=torch.float64)
        with torch.no_grad():
            network.weight.copy_(normal(seed, (outputs, inputs), dtype=torch.float64))
            network.bias.copy_(normal(seed + 1, (outputs,), dtype=torch.float64))
        optimizer = SGD(network.parameters(), lr=0.125)
        batch = (normal(seed + 2 + k, (rows, n), dtype=torch.float64) for k, n in
                 enumerate((inputs, outputs)))  # fmt: skip
        return network, optimizer, *batch

    return Case(tried, make, mode=mode)


@exercise.claim(4, "the weights' move")
def moves(seed: int) -> list[Case]:
    return [
        _case("a linear network and 4 examples", seed + 1, (4, 3, 1)),
        _case("a linear network with two outputs", seed + 5, (6, 2, 2)),
    ]


@exercise.claim(3, "the weights' move")
def again(seed: int) -> list[Case]:
    return [_case("two steps, one after the other", seed + 9, (5, 3, 2), "twice")]


exercise.claim(2, "loss", name="loss")(moves)
exercise.claim(1, "graph", name="graph", formal=True)(moves)
