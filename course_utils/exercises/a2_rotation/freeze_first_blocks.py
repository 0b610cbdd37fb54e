"""The first blocks of a network frozen, and the parameters that still learn."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case, Seen
from course_utils.checks.inputs import normal
from course_utils.checks.plain import Plain, is_tensor, text, type_name
from course_utils.core.encoders import ConvEncoder
from course_utils.selfsup import probe

WIDTH, ROWS, RATE = 3, 6, 0.5


class _Blocks(ConvEncoder):
    """Any chain of blocks, in the shape that the lesson's function freezes."""

    def __init__(self, chain: nn.Sequential) -> None:
        nn.Module.__init__(self)
        self.chain = chain

    @property
    def blocks(self) -> tuple[nn.Module, ...]:
        return tuple(self.chain)


def freeze_first_blocks(network: nn.Sequential, count: int) -> list[nn.Parameter]:
    """The lesson's function, of any chain of blocks."""
    probe.freeze_first_blocks(_Blocks(network), count)
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def observe(function: Callable[..., Any], case: Case) -> Seen:
    """Sees which blocks still learn, and what is handed over.

    Mode "training" also makes two steps with the parameters handed over, and sees whose weights
    and batch statistics move, and whether the frozen blocks judge each picture by itself.
    """
    network, count = case.make()
    names = {id(p): number for number, block in _numbered(network) for p in block.parameters()}
    result = function(network, count)
    handed = _listed(result)
    seen = {
        "gradients": _reached(network),
        "handed over": _handed(result, handed, names, network),
    }
    if case.mode == "training":
        seen.update(_trained(network, count, handed))
    return seen


def _numbered(network: nn.Sequential) -> list[tuple[int, nn.Module]]:
    return list(enumerate(network, start=1))


def _listed(result: object) -> list | None:
    """What was handed over, one by one; groups for an optimiser are opened."""
    if result is None or is_tensor(result) or not isinstance(result, Iterable):
        return None
    things = []
    for item in result:
        inside = item["params"] if type(item) is dict and "params" in item else [item]
        things.extend([inside] if is_tensor(inside) else list(inside))
    return things


def _reached(network: nn.Sequential) -> Plain:
    """Which blocks gradients reach; an attribute that was meant to stop them is mentioned."""
    learning = _learning(network)
    numbers = {number for number, _ in learning}
    fooled = [
        f"block {number}"
        for number, block in _numbered(network)
        if number in numbers and "requires_grad" in vars(block)
    ]
    words = _blocks(learning, "gradients reach").note
    note = f" (requires_grad was set on {', '.join(fooled)} itself)" if fooled else ""
    return text(words + note)


def _learning(network: nn.Sequential) -> list[tuple[int, str]]:
    found = []
    for number, block in _numbered(network):
        learns = [parameter.requires_grad for parameter in block.parameters()]
        if any(learns):
            found.append((number, "" if all(learns) else "a part of "))
    return found


def _blocks(found: list[tuple[int, str]], verb: str) -> Plain:
    words = ", ".join(f"{part}block {number}" for number, part in found)
    return text(f"{verb} {words or 'no block'}")


def _handed(result: object, things: list | None, names: dict, network: nn.Sequential) -> Plain:
    if things is None:
        return Plain("none") if result is None else text(f"an object of type {type_name(result)}")
    if any(isinstance(thing, nn.Module) for thing in things):
        return text("blocks, not parameters")
    if any(id(thing) not in names for thing in things):
        return text("things that are not the network's own parameters")
    if len({id(thing) for thing in things}) < len(things):
        return text("some parameters twice")
    found = []
    for number, block in _numbered(network):
        whole = len(list(block.parameters()))
        given = sum(names[id(thing)] == number for thing in things)
        if given:
            found.append((number, "" if given == whole else "a part of "))
    return _blocks(found, "the parameters of")


def _trained(network: nn.Sequential, count: int, handed: list | None) -> Seen:
    """Two steps of plain gradient descent on other data than the network knows."""
    own = {id(parameter) for parameter in network.parameters()}
    tensors = [thing for thing in handed or [] if id(thing) in own]
    tensors = tensors or [p for p in network.parameters() if p.requires_grad]
    before = [_state(block) for block in network]
    for step in range(2):
        data = 3.0 + normal(77 + step, (ROWS, WIDTH), dtype=torch.float64)
        loss = (network(data) ** 2).mean()
        if loss.requires_grad:
            loss.backward()
        with torch.no_grad():
            for tensor in tensors:
                if tensor.grad is not None:
                    tensor.sub_(RATE * tensor.grad)
                    tensor.grad = None
    after = [_state(block) for block in network]
    return {
        "weights": _moved(before, after, 0),
        "batch statistics": _moved(before, after, 1),
        "each by itself": _each_by_itself(network, count),
    }


def _moved(before: list[tuple], after: list[tuple], kind: int) -> Plain:
    pairs = enumerate(zip(before, after, strict=True), start=1)
    changed = [(n, "") for n, (old, new) in pairs if not torch.equal(old[kind], new[kind])]
    return _blocks(changed, f"{('weights', 'batch statistics')[kind]} move in")


def _state(block: nn.Module) -> tuple[Tensor, Tensor]:
    weights = torch.cat([parameter.detach().flatten() for parameter in block.parameters()])
    statistics = [buffer.double().flatten() for buffer in block.buffers() if buffer.ndim]
    return weights.clone(), torch.cat(statistics).clone() if statistics else torch.zeros(0)


def _each_by_itself(network: nn.Sequential, count: int) -> Plain:
    one = normal(90, (1, WIDTH), dtype=torch.float64)
    with torch.no_grad():
        first, second = (
            network[:count](torch.cat([one, normal(seed, (4, WIDTH), 2.0, torch.float64)]))[0]
            for seed in (91, 92)
        )
    same = torch.allclose(first, second)
    return text(f"the features of a picture {'do not ' if same else ''}depend on its batch")


exercise = Declared(freeze_first_blocks, observe, lesson=probe)


def _chain(seed: int, blocks: int, count: int) -> Callable[[], tuple[nn.Sequential, int]]:
    """Maker of (network, count): blocks of linear, batch norm, tanh; the last one is linear.

    In float64, in training mode, the same for the same seed.
    """

    def make() -> tuple[nn.Sequential, int]:
        parts = [
            nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.BatchNorm1d(WIDTH), nn.Tanh())
            for _ in range(blocks - 1)
        ]
        network = nn.Sequential(*parts, nn.Linear(WIDTH, 2)).double().cpu()
        with torch.no_grad():
            for index, parameter in enumerate(network.parameters()):
                parameter.add_(normal(seed + index, tuple(parameter.shape), 0.5, torch.float64))
        return network.train(), count

    return make


def _plan(words: str, seed: int, blocks: int, count: int, mode: str = "value") -> Case:
    frozen = f"{count}" if count > 1 else "one"
    tried = f"{words} {blocks} blocks, the first {frozen} frozen"
    return Case(tried, _chain(seed, blocks, count), mode=mode)


@exercise.claim(4, "gradients")
def gradients(seed: int) -> list[Case]:
    plans = ((4, 2), (3, 1), (5, 3)) if not seed else ((3, 2), (4, 3), (5, 1), (6, 4))
    return [_plan("a network of", seed + 100 * number, *plan) for number, plan in enumerate(plans)]


@exercise.claim(4, "batch statistics")
def statistics(seed: int) -> list[Case]:
    plans = ((4, 2), (3, 1)) if not seed else ((5, 2), (4, 1))
    return [
        _plan("two training steps of", seed + 300 + number, *plan, mode="training")
        for number, plan in enumerate(plans)
    ]


exercise.claim(3, "handed over", name="handed")(gradients)
exercise.claim(2, "weights", name="weights")(statistics)
exercise.claim(2, "each by itself", name="itself", formal=True)(statistics)


@exercise.claim(1, "gradients", "handed over")
def limits(seed: int) -> list[Case]:
    return [
        Case("a network of 3 blocks, none frozen", _chain(seed + 500, 3, 0)),
        Case("a network of 3 blocks, all frozen", _chain(seed + 501, 3, 3)),
    ]
