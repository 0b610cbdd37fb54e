"""Values as plain data: what may cross from a student's process into the judge.

`flatten` turns numbers, text, lists, dictionaries, numpy arrays and torch tensors into a JSON
tree and binary blobs; `restore` builds *new* objects of exactly those types. Nothing is
unpickled, no method of the sender's objects runs on the receiving side. Everything else
becomes an `Opaque`, which carries a type's name and is equal to nothing but itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

MAX_NODES = 200_000
MAX_DEPTH = 40
MAX_ELEMENTS = 64 << 20

_TORCH_NAMES = (
    "float32 float64 float16 bfloat16 complex64 complex128 int64 int32 int16 int8 uint8 bool"
)
TORCH_TYPES = {name: getattr(torch, name) for name in _TORCH_NAMES.split()}
NUMPY_KINDS = "biufcSU"


class NotPlain(ValueError):
    """The received tree is malformed or too large."""


@dataclass(eq=False)
class Opaque:
    """Stands for an object that is not plain data."""

    type_name: str
    handle: int | None = None
    parts: list[Any] | None = None

    def __repr__(self) -> str:
        return f"<{self.type_name} object, which is not plain data>"


@dataclass
class Writer:
    """Collects blobs while a value is flattened."""

    blobs: list[bytes] = field(default_factory=list)
    tensors: list[torch.Tensor] = field(default_factory=list)
    keep: Callable[[Any], int] | None = None  # gives a handle to an opaque object
    known: dict[int, int] = field(default_factory=dict)  # id of an argument tensor -> its index
    shared: dict[int, str] = field(default_factory=dict)  # id of a shared object -> its path
    nodes: int = 0

    def blob(self, data: bytes) -> int:
        """Keep bytes; their index."""
        self.blobs.append(data)
        return len(self.blobs) - 1


def flatten(value: Any, writer: Writer, depth: int = 0) -> list[Any]:
    """Return the JSON tree of `value`; bytes go to `writer.blobs`."""
    writer.nodes += 1
    if writer.nodes > MAX_NODES or depth > MAX_DEPTH:
        raise NotPlain("the value is nested too deeply or has too many parts")
    if value is None or type(value) in (bool, str):
        return ["v", value]
    if value is ...:
        return ["e"]
    if type(value) is int:
        return ["i", hex(value)]
    if type(value) is float:
        return ["f", value.hex() if math.isfinite(value) else repr(value)]
    if type(value) is complex:
        return ["c", flatten(value.real, writer), flatten(value.imag, writer)]
    if isinstance(value, torch.Tensor):
        return _flatten_tensor(value, writer)
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in NUMPY_KINDS:
        array = np.ascontiguousarray(value)
        index = writer.blob(array.tobytes())
        kind = "a" if isinstance(value, np.ndarray) else "g"
        return [kind, array.dtype.str, list(np.shape(value)), index]
    if isinstance(value, torch.dtype) and str(value).removeprefix("torch.") in TORCH_TYPES:
        return ["y", str(value).removeprefix("torch.")]
    return _flatten_container(value, writer, depth)


def _flatten_container(value: Any, writer: Writer, depth: int) -> list[Any]:
    if depth and id(value) in writer.shared:
        return ["r", writer.shared[id(value)]]
    if isinstance(value, (bytes, bytearray)):
        return ["b", writer.blob(bytes(value))]
    if isinstance(value, Iterator):
        value = [item for item, _ in zip(value, range(10_000), strict=False)]
    if isinstance(value, (list, tuple)):
        items = [flatten(item, writer, depth + 1) for item in value]
        return ["l" if isinstance(value, list) else "t", items]
    if isinstance(value, (set, frozenset)):
        return [
            "s",
            [flatten(item, writer, depth + 1) for item in sorted(value, key=repr)],
        ]
    if isinstance(value, dict):
        pairs = [
            [flatten(key, writer, depth + 1), flatten(item, writer, depth + 1)]
            for key, item in value.items()
        ]
        return ["d", pairs]
    handle = writer.keep(value) if writer.keep else None
    known = ["o", type(value).__name__[:80], handle]
    if isinstance(value, (torch.nn.Sequential, torch.nn.ModuleList)):
        known.append([flatten(part, writer, depth + 1) for part in value])
    return known


def _flatten_tensor(value: torch.Tensor, writer: Writer) -> list[Any]:
    if id(value) in writer.known:
        return ["k", writer.known[id(value)]]
    name = str(value.dtype).removeprefix("torch.")
    if name not in TORCH_TYPES or value.layout != torch.strided:
        return ["o", f"Tensor of {name}", None]
    needs_grad = bool(value.requires_grad)
    writer.tensors.append(value)
    index = writer.blob(tensor_bytes(value))
    return ["x", name, list(value.shape), index, needs_grad]


def tensor_bytes(tensor: torch.Tensor) -> bytes:
    """The elements of a strided tensor in row-major order, as bytes."""
    flat = tensor.detach().cpu().resolve_conj().resolve_neg().reshape(-1)
    # a copy, because a single element may have stride 0, which cannot be viewed as bytes
    own = torch.empty(flat.shape, dtype=flat.dtype).copy_(flat)
    return own.view(torch.uint8).numpy().tobytes() if own.numel() else b""


def tensor_from_bytes(name: str, shape: list[int], data: bytes) -> torch.Tensor:
    """A fresh contiguous tensor.

    Raises:
        NotPlain: unknown dtype, or the number of bytes does not fit the shape.
    """
    _check_shape(shape)
    if name not in TORCH_TYPES:
        raise NotPlain(f"unknown tensor type {name!r:.40}")
    kind = TORCH_TYPES[name]
    if math.prod(shape) * kind.itemsize != len(data):
        raise NotPlain("a tensor's bytes do not fit its shape")
    if not data:
        return torch.empty(shape, dtype=kind)
    return torch.frombuffer(bytearray(data), dtype=torch.uint8).view(kind).reshape(shape)


def _check_shape(shape: Any) -> None:
    if not isinstance(shape, list) or len(shape) > 16:
        raise NotPlain("bad shape")
    if not all(type(n) is int and 0 <= n <= MAX_ELEMENTS for n in shape):
        raise NotPlain("bad shape")
    if math.prod(shape) > MAX_ELEMENTS:
        raise NotPlain("a tensor with too many elements")


@dataclass
class Reader:
    """What `restore` needs: the blobs, and the tensors that the sender already knew."""

    blobs: list[bytes]
    known: list[torch.Tensor] = field(default_factory=list)
    shared: dict[str, Any] = field(default_factory=dict)
    opaque: Callable[[str, int | None, list[Any] | None], Any] = Opaque
    tensors: list[torch.Tensor] = field(default_factory=list)
    needs_grad: list[bool] = field(default_factory=list)
    nodes: int = 0


def restore(tree: Any, reader: Reader, depth: int = 0) -> Any:
    """Build the value of a tree made by `flatten`.

    Raises:
        NotPlain: the tree is malformed or too large.
    """
    reader.nodes += 1
    if reader.nodes > MAX_NODES or depth > MAX_DEPTH:
        raise NotPlain("the value is nested too deeply or has too many parts")
    try:
        return _restore(tree, reader, depth)
    except NotPlain:
        raise
    except (
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        AttributeError,
    ) as error:
        raise NotPlain(f"malformed value ({type(error).__name__})") from None


def _restore(tree: Any, reader: Reader, depth: int) -> Any:
    kind, *rest = tree
    if kind in ("l", "t", "s"):
        items = [restore(item, reader, depth + 1) for item in rest[0]]
        return items if kind == "l" else tuple(items) if kind == "t" else set(items)
    if kind == "d":
        return {restore(k, reader, depth + 1): restore(v, reader, depth + 1) for k, v in rest[0]}
    if kind in ("x", "k"):
        return _restore_tensor(kind, rest, reader)
    if kind in ("a", "g"):
        return _restore_array(kind, *rest, reader.blobs)
    if kind == "o":
        handle = rest[1] if type(rest[1]) is int else None
        parts = [restore(part, reader, depth + 1) for part in rest[2]] if rest[2:] else None
        return reader.opaque(str(rest[0])[:80], handle, parts)
    return _restore_scalar(kind, rest, reader)


def _restore_scalar(kind: str, rest: list[Any], reader: Reader) -> Any:
    if kind == "e":
        return ...
    if kind == "v" and (rest[0] is None or type(rest[0]) in (bool, str)):
        return rest[0]
    if kind == "i" and len(rest[0]) < 4000:
        return int(rest[0], 16)
    if kind == "f":
        return float(rest[0]) if rest[0] in ("nan", "inf", "-inf") else float.fromhex(rest[0])
    if kind == "c":
        return complex(restore(rest[0], reader), restore(rest[1], reader))
    if kind == "b" and rest[0] >= 0:
        return bytes(reader.blobs[rest[0]])
    if kind == "y":
        return TORCH_TYPES[rest[0]]
    if kind == "r":
        return reader.shared[rest[0]]
    raise NotPlain(f"unknown kind of value {kind!r:.20}")


def _restore_tensor(kind: str, rest: list[Any], reader: Reader) -> torch.Tensor:
    if kind == "k":
        if not 0 <= rest[0] < len(reader.known):
            raise NotPlain("an unknown tensor is referred to")
        return reader.known[rest[0]]
    name, shape, index, needs_grad = rest
    tensor = tensor_from_bytes(name, shape, reader.blobs[index])
    reader.tensors.append(tensor)
    reader.needs_grad.append(needs_grad is True)
    return tensor


def _restore_array(kind: str, dtype: str, shape: list[int], index: int, blobs: list[bytes]) -> Any:
    _check_shape(shape)
    element = np.dtype(dtype)
    if element.kind not in NUMPY_KINDS or element.hasobject:
        raise NotPlain("an array of objects")
    if math.prod(shape) * element.itemsize != len(blobs[index]):
        raise NotPlain("an array's bytes do not fit its shape")
    array = np.frombuffer(blobs[index], dtype=element).copy().reshape(shape)
    return array if kind == "a" else array[()]
