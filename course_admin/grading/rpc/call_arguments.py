"""Arguments that the judge lends to a student's function, and how they travel.

The judge's arguments travel by pickle, which only the student's process reads: the direction
is from trusted to untrusted. Tensors leave the pickle and travel as bytes, so that each keeps
its identity (a parameter and the optimiser's reference to it stay one object). What the
function changed in them comes back another way (`mutations`).
"""

from __future__ import annotations

import io
import pickle
import types
from typing import Any

import cloudpickle
import torch

from course_admin.grading.rpc import codec

MAX_THINGS = 4000
MAX_STEPS = 14


class _Packer(cloudpickle.Pickler):
    """Pickles everything but tensors and remote objects, which become indices and handles."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.tensors: list[torch.Tensor] = []
        self.indices: dict[int, int] = {}
        self.optimisers: dict[int, torch.optim.Optimizer] = {}

    def persistent_id(self, thing: Any) -> tuple[str, int] | None:
        if isinstance(thing, torch.Tensor):
            if id(thing) not in self.indices:
                self.indices[id(thing)] = len(self.tensors)
                self.tensors.append(thing)
            return "tensor", self.indices[id(thing)]
        if isinstance(thing, torch.optim.Optimizer):
            self.optimisers[id(thing)] = thing
        handle = getattr(type(thing), "remote_handle", None)
        return ("handle", handle(thing)) if callable(handle) else None


class _Unpacker(pickle.Unpickler):
    def __init__(self, data: bytes, tensors: list[torch.Tensor], handles: dict[int, Any]) -> None:
        super().__init__(io.BytesIO(data))
        self.tensors, self.handles = tensors, handles

    def persistent_load(self, pid: tuple[str, int]) -> Any:
        kind, index = pid
        return self.tensors[index] if kind == "tensor" else self.handles[index]


Hooks = list[tuple[str, Any, Any]]  # kind, what it hangs on, function


def pack(value: Any) -> tuple[dict[str, Any], list[bytes], list[torch.Tensor], Hooks]:
    """Header, blobs, tensor table and gradient hooks of arguments on their way to the student."""
    hooks: Hooks = []
    file = io.BytesIO()
    packer = _Packer(file)
    packer.dump((value, hooks))
    if hooks := _hooks(packer):
        file = io.BytesIO()
        packer = _Packer(file)
        packer.dump((value, hooks))
    header = {"tensors": [_describe(tensor) for tensor in packer.tensors]}
    blobs = [
        file.getvalue(),
        *(codec.tensor_bytes(tensor) for tensor in packer.tensors),
    ]
    for entry, tensor in zip(header["tensors"], packer.tensors, strict=True):
        if tensor.is_leaf and tensor.grad is not None:
            entry["grad"] = len(blobs)
            blobs.append(codec.tensor_bytes(tensor.grad))
    header["dice"] = len(blobs)
    blobs.append(codec.tensor_bytes(torch.get_rng_state()))
    return header, blobs, packer.tensors, hooks


def _hooks(packer: _Packer) -> Hooks:
    """Functions that watch gradients arrive and optimisers step: pickling leaves them behind."""
    on_tensors = ("_post_accumulate_grad_hooks", "_backward_hooks")
    on_optimisers = ("_optimizer_step_pre_hooks", "_optimizer_step_post_hooks")
    things = [(kind, index, t) for index, t in enumerate(packer.tensors) for kind in on_tensors]
    things += [(kind, o, o) for o in packer.optimisers.values() for kind in on_optimisers]
    return [
        (kind, holder, hook)
        for kind, holder, thing in things
        for hook in (getattr(thing, kind, None) or {}).values()
    ]


def _describe(tensor: torch.Tensor) -> dict[str, Any]:
    return {
        "type": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "needs_grad": bool(tensor.requires_grad),
        "leaf": bool(tensor.is_leaf),
        "parameter": isinstance(tensor, torch.nn.Parameter),
        "buffer": isinstance(tensor, torch.nn.Buffer),
    }


def unpack(
    header: dict[str, Any], blobs: list[bytes], handles: dict[int, Any]
) -> tuple[Any, list[torch.Tensor], list[torch.Tensor]]:
    """Arguments and their hooks, the tensor table, and the leaf of each tensor in it."""
    tensors, leaves = [], []
    for entry, data in zip(header["tensors"], blobs[1 : 1 + len(header["tensors"])], strict=True):
        leaf = codec.tensor_from_bytes(entry["type"], entry["shape"], data)
        if entry["parameter"]:
            leaf = torch.nn.Parameter(leaf, requires_grad=entry["needs_grad"])
        elif entry["needs_grad"]:
            leaf.requires_grad_(True)
        if "grad" in entry:
            grad = codec.tensor_from_bytes(entry["type"], entry["shape"], blobs[entry["grad"]])
            leaf.grad = grad
        leaves.append(leaf)
        inner = entry["needs_grad"] and not entry["leaf"]
        tensors.append(leaf.view_as(leaf).clone() if inner else leaf)
    value, hooks = _Unpacker(blobs[0], tensors, handles).load()
    for kind, holder, hook in hooks:
        _hang(kind, holder, hook, tensors, leaves)
    return (value, hooks), tensors, leaves


def take_dice(header: dict[str, Any], blobs: list[bytes]) -> torch.Tensor:
    """Go on with the judge's random numbers, as a function at home would; the state taken."""
    data = blobs[header["dice"]]
    state = codec.tensor_from_bytes("uint8", [len(data)], data)
    torch.set_rng_state(state)
    return state


def _hang(kind: str, holder: Any, hook: Any, tensors: list, leaves: list) -> None:
    if kind == "_optimizer_step_pre_hooks":
        holder.register_step_pre_hook(hook)
    elif kind == "_optimizer_step_post_hooks":
        holder.register_step_post_hook(hook)
    elif kind == "_backward_hooks":
        tensors[holder].register_hook(hook)
    elif leaves[holder].requires_grad:
        leaves[holder].register_post_accumulate_grad_hook(hook)


def things(value: Any) -> dict[str, Any]:
    """Every list, dictionary, generator and object reached from `value`, by its path."""
    found: dict[str, Any] = {}
    seen: set[int] = set()
    queue: list[tuple[str, Any, int]] = [("", value, 0)]
    while queue and len(found) < MAX_THINGS:
        path, thing, depth = queue.pop(0)
        if id(thing) in seen or depth > MAX_STEPS:
            continue
        seen.add(id(thing))
        children = _children(thing)
        if children is None:
            continue
        if path and not isinstance(thing, (tuple, types.FunctionType, types.MethodType)):
            found[path] = thing
        queue.extend((f"{path}/{key}", child, depth + 1) for key, child in children)
    return found


def _children(thing: Any) -> list[tuple[str, Any]] | None:
    """Named parts of a thing that may hold state; None for what holds none."""
    if isinstance(thing, torch.Generator):
        return []
    if isinstance(thing, (torch.Tensor, type, types.ModuleType, types.BuiltinFunctionType)):
        return None
    if isinstance(thing, (list, tuple)):
        return [(str(index), item) for index, item in enumerate(thing)]
    if isinstance(thing, dict):
        return [(f"{index}", item) for index, item in enumerate(thing.values())]
    if isinstance(thing, types.FunctionType):
        cells = [cell for cell in thing.__closure__ or () if cell is not None]
        held = [(f"cell{index}", _content(cell)) for index, cell in enumerate(cells)]
        defaults = [*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]
        return held + [(f"default{index}", value) for index, value in enumerate(defaults)]
    if isinstance(thing, types.MethodType):
        return [("self", thing.__self__)]
    if hasattr(type(thing), "remote_handle") or not hasattr(thing, "__dict__"):
        return None
    return [(f".{name}", part) for name, part in sorted(vars(thing).items())]


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return None
