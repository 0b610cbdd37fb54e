"""What a student's function changed in its arguments, sent back to the judge as plain data.

After the call the student's process reports the tensors, lists, dictionaries and attributes
that differ from what was lent (`call_arguments`); the judge copies them into its own objects.
"""

from __future__ import annotations

from typing import Any

import torch

from course_admin.grading.rpc import codec


def snapshot(shared: dict[str, Any], tensors: list[torch.Tensor]) -> dict[str, Any]:
    """Each thing's state as a comparable tree, with its blobs."""
    known = {id(tensor): index for index, tensor in enumerate(tensors)}
    paths = {id(thing): path for path, thing in shared.items()}
    return {path: _state(thing, known, paths) for path, thing in shared.items()}


def _state(thing: Any, known: dict[int, int], paths: dict[int, str]) -> Any:
    if isinstance(thing, torch.Generator):
        return {"": _tree(thing.get_state(), known, paths)}
    if isinstance(thing, (list, dict)):
        return {"": _tree(thing, known, paths)}
    return {
        name: _tree((part,), known, paths)
        for name, part in vars(thing).items()
        if name.isidentifier()
    }


def _tree(value: Any, known: dict[int, int], paths: dict[int, str]) -> Any:
    writer = codec.Writer(known=known, shared=paths)
    try:
        tree = codec.flatten(value, writer)
    except (codec.NotPlain, RuntimeError, TypeError):
        return None
    return None if _has_opaque(tree) else (tree, writer.blobs)


def _has_opaque(tree: Any) -> bool:
    if isinstance(tree, list):
        return tree[:1] == ["o"] or any(_has_opaque(part) for part in tree)
    return False


def report(
    before: dict[str, Any],
    shared: dict[str, Any],
    tensors: list[torch.Tensor],
    header: dict[str, Any],
    sent: list[bytes],
) -> tuple[dict[str, Any], list[bytes]]:
    """Header and blobs that describe what the student's function changed."""
    blobs: list[bytes] = []
    moved = [
        _tensor_change(k, tensors[k], entry, sent, blobs)
        for k, entry in enumerate(header["tensors"])
    ]
    parts = []
    after = snapshot(shared, tensors)
    for path, state in after.items():
        for name, content in state.items():
            if content is not None and content != before[path].get(name):
                parts.append([path, name, content[0], len(blobs), len(content[1])])
                blobs.extend(content[1])
    return {"tensors": [m for m in moved if m], "parts": parts}, blobs


def _tensor_change(
    index: int,
    tensor: torch.Tensor,
    sent: dict[str, Any],
    blobs: list[bytes],
    sending: list[bytes],
) -> dict[str, Any] | None:
    """What is different about one tensor: values, gradient, whether it collects gradients."""
    entry: dict[str, Any] = {}
    data = codec.tensor_bytes(tensor)
    if data != blobs[1 + index]:
        entry["data"] = _report_tensor(tensor, data, sending)
    if tensor.is_leaf:
        old = blobs[sent["grad"]] if "grad" in sent else None
        new = None if tensor.grad is None else codec.tensor_bytes(tensor.grad)
        if new != old:
            entry["grad"] = None if new is None else _report_tensor(tensor.grad, new, sending)
        if tensor.requires_grad != sent["needs_grad"]:
            entry["needs_grad"] = bool(tensor.requires_grad)
    return {"index": index, **entry} if entry else None


def _report_tensor(tensor: torch.Tensor, data: bytes, sending: list[bytes]) -> list[Any]:
    sending.append(data)
    return [
        len(sending) - 1,
        str(tensor.dtype).removeprefix("torch."),
        list(tensor.shape),
    ]


def apply(
    change: dict[str, Any],
    blobs: list[bytes],
    shared: dict[str, Any],
    tensors: list[torch.Tensor],
) -> None:
    """Copy reported changes into the judge's own objects.

    Raises:
        NotPlain: the report is malformed.
    """
    try:
        for entry in change["tensors"]:
            _apply_tensor(entry, blobs, tensors[entry["index"]])
        for path, name, tree, start, count in change["parts"]:
            reader = codec.Reader(blobs[start : start + count], known=tensors, shared=shared)
            _apply_part(shared[path], name, codec.restore(tree, reader))
    except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as error:
        raise codec.NotPlain(f"malformed report of changes ({type(error).__name__})") from None


def _apply_tensor(entry: dict[str, Any], blobs: list[bytes], tensor: torch.Tensor) -> None:
    if "data" in entry:
        fresh = _reported_tensor(entry["data"], blobs)
        if tensor.shape == fresh.shape and tensor.dtype == fresh.dtype:
            with torch.no_grad():
                tensor.copy_(fresh)
        else:
            tensor.data = fresh
    if "grad" in entry and tensor.is_leaf:
        tensor.grad = None if entry["grad"] is None else _reported_tensor(entry["grad"], blobs)
    if type(entry.get("needs_grad")) is bool and tensor.is_leaf:
        tensor.requires_grad_(entry["needs_grad"])


def _reported_tensor(entry: list[Any], blobs: list[bytes]) -> torch.Tensor:
    index, name, shape = entry
    return codec.tensor_from_bytes(name, shape, blobs[index])


def _apply_part(thing: Any, name: str, value: Any) -> None:
    if isinstance(thing, torch.Generator):
        thing.set_state(value)
    elif isinstance(thing, list) and isinstance(value, list):
        thing[:] = value
    elif isinstance(thing, dict) and isinstance(value, dict):
        thing.clear()
        thing.update(value)
    elif name.isidentifier() and not name.startswith("__"):
        vars(thing)[name] = value[0]
