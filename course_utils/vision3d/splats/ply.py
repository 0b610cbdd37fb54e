"""Scenes of Gaussians in files: the .ply of 3D Gaussian Splatting, and its compressed form.

- The standard one has, per Gaussian, x y z, nx ny nz (unused), f_dc_0..2, f_rest_0.. (channel by
  channel), opacity (a logit), scale_0..2 (logarithms), rot_0..3 (w, x, y, z), all float32
  (Kerbl et al. 2023, their code).
- The compressed one (PlayCanvas, 2024) stores 16 bytes per Gaussian: position and scale in 11, 10
  and 11 bits between the limits of their chunk of 256, colour and opacity in 8 bits each, and the
  quaternion's three smaller parts in 10 bits each. Higher harmonics, if any, take a byte each.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt32
from torch import Tensor

from course_utils.vision3d.fields.harmonics import CONSTANT
from course_utils.vision3d.splats.gaussians import Gaussians

CHUNK = 256  # Gaussians that share limits in a compressed file
TYPES = {
    **{"float": "<f4", "float32": "<f4", "double": "<f8", "float64": "<f8"},
    **{"uchar": "u1", "uint8": "u1", "char": "i1", "int8": "i1", "ushort": "<u2", "uint16": "<u2"},
    **{
        "short": "<i2",
        "int16": "<i2",
        "uint": "<u4",
        "uint32": "<u4",
        "int": "<i4",
        "int32": "<i4",
    },
}
LONGEST_HEADER = 65536  # bytes


def load_ply(path: str | os.PathLike) -> Gaussians:
    """Gaussians of a standard or compressed .ply file, in float32 on the CPU.

    Raises: ValueError if the file is not such a file, or ends too early; OSError if unreadable.
    """
    elements = _read_elements(Path(path))
    vertex = elements.get("vertex")
    names = vertex.dtype.names if vertex is not None else ()
    if "packed_position" in names and "chunk" in elements:
        return _from_compressed(elements)
    needed = ("x", "y", "z", "opacity", "scale_0", "rot_0", "f_dc_0")
    missing = [name for name in needed if name not in names]
    if missing:
        raise ValueError(f"{path} holds no 3D Gaussians: it has no {', '.join(missing)}")
    return _from_standard(vertex)


def save_ply(gaussians: Gaussians, path: str | os.PathLike) -> None:
    """Write the standard .ply file, which other viewers of Gaussian splats open.

    Raises: OSError if it cannot be written.
    """
    scene = gaussians.map(lambda x: x.detach().cpu().float())
    rest = scene.harmonics[:, 1:].transpose(1, 2).flatten(1)  # channel by channel
    columns = {
        "x y z": scene.means,
        "nx ny nz": torch.zeros_like(scene.means),
        "f_dc_0 f_dc_1 f_dc_2": scene.harmonics[:, 0],
        " ".join(f"f_rest_{i}" for i in range(rest.shape[1])): rest,
        "opacity": scene.opacity_logits[:, None],
        "scale_0 scale_1 scale_2": scene.log_scales,
        "rot_0 rot_1 rot_2 rot_3": scene.quaternions,
    }
    names = " ".join(columns).split()
    header = ["ply", "format binary_little_endian 1.0", f"element vertex {len(scene)}"]
    header += [f"property float {name}" for name in names] + ["end_header", ""]
    table = torch.cat(list(columns.values()), 1).numpy().astype("<f4")
    Path(path).write_bytes("\n".join(header).encode("ascii") + table.tobytes())


# ------------------------------------------------------------------ reading


def _read_elements(path: Path) -> dict[str, np.ndarray]:
    """Every element of a binary little-endian .ply without lists, as a structured array."""
    data = path.read_bytes()
    end = data.find(b"end_header\n", 0, LONGEST_HEADER)
    if not data.startswith(b"ply") or end < 0:
        raise ValueError(f"{path} is not a .ply file")
    elements: dict[str, tuple[int, list[tuple[str, str]]]] = {}
    for words in (line.split() for line in data[:end].decode("ascii", "replace").splitlines()):
        if words[:1] == ["format"] and words[1] != "binary_little_endian":
            raise ValueError(f"{path} is {words[1]}; only binary little-endian files are read")
        elif words[:1] == ["element"]:
            elements[words[1]] = (int(words[2]), [])
        elif words[:1] == ["property"] and words[1] not in TYPES:
            raise ValueError(f"{path} has a property of type {words[1]}, which is not read")
        elif words[:1] == ["property"]:
            list(elements.values())[-1][1].append((words[2], TYPES[words[1]]))
    return _cut(data[end + len(b"end_header\n") :], elements, path)


def _cut(body: bytes, elements: dict, path: Path) -> dict[str, np.ndarray]:
    found, start = {}, 0
    for name, (count, properties) in elements.items():
        kind = np.dtype(properties)
        if start + count * kind.itemsize > len(body):
            raise ValueError(f"{path} ends too early: {count} of '{name}' were announced")
        found[name] = np.frombuffer(body, kind, count, start)
        start += count * kind.itemsize
    return found


def _columns(table: np.ndarray, names: list[str]) -> Tensor:
    stacked = np.stack([table[name].astype(np.float32) for name in names], 1)
    return torch.from_numpy(stacked)


def _from_standard(vertex: np.ndarray) -> Gaussians:
    rest = sum(name.startswith("f_rest_") for name in vertex.dtype.names)
    harmonics = _columns(vertex, [f"f_dc_{i}" for i in range(3)])[:, None]
    if rest:
        others = _columns(vertex, [f"f_rest_{i}" for i in range(rest)])
        others = others.unflatten(1, (3, rest // 3)).transpose(1, 2)
        harmonics = torch.cat([harmonics, others], 1)
    return Gaussians(
        means=_columns(vertex, ["x", "y", "z"]),
        log_scales=_columns(vertex, [f"scale_{i}" for i in range(3)]),
        quaternions=_columns(vertex, [f"rot_{i}" for i in range(4)]),
        opacity_logits=_columns(vertex, ["opacity"])[:, 0],
        harmonics=harmonics,
    )


# ------------------------------------------------------------------ the compressed form


def _bits(words: UInt32[np.ndarray, "n"], high: int, width: int) -> Float[Tensor, "n"]:
    """``width`` bits whose highest is bit ``high``, as a number from 0 to 1."""
    mask = (1 << width) - 1
    part = (words >> np.uint32(high - width + 1)) & np.uint32(mask)
    return torch.from_numpy(part.astype(np.float32) / mask)


def _three(words: np.ndarray) -> Float[Tensor, "n 3"]:
    return torch.stack([_bits(words, 31, 11), _bits(words, 20, 10), _bits(words, 10, 11)], 1)


def _between(share: Tensor, chunk: np.ndarray, kind: str, axes: str) -> Tensor:
    """From shares to numbers between the limits of each Gaussian's chunk."""
    which = torch.arange(len(share)) // CHUNK
    low = _columns(chunk, [f"min_{kind}{axis}" for axis in axes])[which]
    high = _columns(chunk, [f"max_{kind}{axis}" for axis in axes])[which]
    return low + (high - low) * share


def _from_compressed(elements: dict[str, np.ndarray]) -> Gaussians:
    vertex, chunk = elements["vertex"], elements["chunk"]
    if len(chunk) * CHUNK < len(vertex):
        raise ValueError(f"{len(vertex)} Gaussians need more than {len(chunk)} chunks of {CHUNK}")
    colour = np.ascontiguousarray(vertex["packed_color"])
    shares = torch.stack([_bits(colour, high, 8) for high in (31, 23, 15, 7)], 1)
    base = shares[:, :3]
    if "min_r" in chunk.dtype.names:
        base = _between(base, chunk, "", "rgb")
    opacity = shares[:, 3].clamp(1e-6, 1 - 1e-6)
    harmonics = ((base - 0.5) / CONSTANT)[:, None]
    return Gaussians(
        means=_between(_three(vertex["packed_position"]), chunk, "", "xyz"),
        log_scales=_between(_three(vertex["packed_scale"]), chunk, "scale_", "xyz"),
        quaternions=_unpack_rotation(vertex["packed_rotation"]),
        opacity_logits=torch.logit(opacity),
        harmonics=torch.cat([harmonics, *_higher(elements.get("sh"))], 1),
    )


def _unpack_rotation(words: UInt32[np.ndarray, "n"]) -> Float[Tensor, "n 4"]:
    """(w, x, y, z): two bits name the largest part, the others lie within 1 / sqrt(2) of zero."""
    others = torch.stack([_bits(words, high, 10) for high in (29, 19, 9)], 1)
    others = (others - 0.5) * math.sqrt(2)
    largest = torch.from_numpy((words >> np.uint32(30)).astype(np.int64))
    missing = (1 - others.square().sum(1)).clamp_min(0).sqrt()
    slots = torch.arange(4).expand(len(words), 4)
    place = (slots - (slots > largest[:, None]).long()).clamp_max(2)
    return torch.where(slots == largest[:, None], missing[:, None], others.gather(1, place))


def _higher(table: np.ndarray | None) -> list[Tensor]:
    """Higher harmonics, one byte each: -4 at 0, 4 at 255, and the middle of its step between."""
    if table is None:
        return []
    names = [f"f_rest_{i}" for i in range(len(table.dtype.names))]
    byte = _columns(table, names)
    share = torch.where(byte == 0, 0.0, torch.where(byte == 255, 1.0, (byte + 0.5) / 256))
    return [(8 * (share - 0.5)).unflatten(1, (3, len(names) // 3)).transpose(1, 2)]
