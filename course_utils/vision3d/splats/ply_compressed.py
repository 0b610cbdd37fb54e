"""Writing scenes of Gaussians small: 16 bytes each, and a little more for higher harmonics.

The compressed .ply (PlayCanvas, 2024) that ``ply.load_ply`` also reads. Gaussians are sorted along
a Z-order curve, so that the 256 of a chunk lie close together; each number is then stored as a
share between the smallest and the largest of its chunk, in few bits.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.vision3d.fields.harmonics import CONSTANT
from course_utils.vision3d.splats.gaussians import Gaussians
from course_utils.vision3d.splats.ply import CHUNK

SMALLEST_LOG = -20.0  # of a standard deviation; a flatter Gaussian is stored as this flat
FINE = 10  # bits of each axis of the Z-order curve


def save_compressed_ply(gaussians: Gaussians, path: str | os.PathLike) -> None:
    """Write the compressed .ply: positions and axes in 10 or 11 bits, colours and opacity in 8.

    The Gaussians come out in another order. The largest error of a position or the logarithm of an
    axis is half a step, 1/2046 of what its chunk of 256 spans; a colour outside of [-0.5, 1.5] and
    harmonics outside of [-4, 4] are cut.

    Raises: ValueError if there are none, or a number is not finite; OSError if it is not writable.
    """
    scene = gaussians.map(lambda x: x.detach().cpu().float())
    if not len(scene) or not all(bool(x.isfinite().all()) for x in scene.tensors()):
        raise ValueError("a compressed file needs at least one Gaussian, and finite numbers")
    scene = scene[z_order(scene.means)]
    scales = scene.log_scales.clamp_min(SMALLEST_LOG)
    colour = (scene.harmonics[:, 0] * CONSTANT + 0.5).clamp(-0.5, 1.5)
    limits, shares = zip(*(_within_chunks(x) for x in (scene.means, scales, colour)), strict=True)
    words = [_three(shares[0]), _rotations(scene.quaternions), _three(shares[1])]
    words.append(_bytes(torch.cat([shares[2], scene.opacities[:, None]], 1)))
    rest = scene.harmonics[:, 1:].transpose(1, 2).flatten(1)  # channel by channel
    table = ((rest / 8 + 0.5) * 256).floor().clamp(0, 255).to(torch.uint8)
    body = [torch.cat(limits, 1).numpy().astype("<f4"), np.stack(words, 1).astype("<u4")]
    header = _header(len(body[0]), len(scene), rest.shape[1])
    Path(path).write_bytes(header + b"".join(x.tobytes() for x in (*body, table.numpy())))


def z_order(points: Float[Tensor, "points 3"]) -> Int[Tensor, "points"]:
    """Indices along a curve through space whose neighbours are near each other (Morton, 1966).

    The bits of the three coordinates are interleaved, which numbers the cells of a fine grid.
    """
    low, high = points.amin(0), points.amax(0)
    cell = (points - low) / (high - low).clamp_min(1e-12) * (2**FINE - 1)
    cell, code = cell.long(), torch.zeros(len(points), dtype=torch.long)
    for bit in range(FINE):
        for axis in range(3):
            code |= ((cell[:, axis] >> bit) & 1) << (3 * bit + axis)
    return torch.argsort(code, stable=True)


def _header(chunks: int, count: int, rest: int) -> bytes:
    names = [("x", "y", "z"), ("scale_x", "scale_y", "scale_z"), ("r", "g", "b")]
    lines = ["ply", "format binary_little_endian 1.0", f"element chunk {chunks}"]
    lines += [
        f"property float {end}_{n}" for group in names for end in ("min", "max") for n in group
    ]
    lines.append(f"element vertex {count}")
    packed = ("position", "rotation", "scale", "color")
    lines += [f"property uint packed_{name}" for name in packed]
    if rest:
        lines.append(f"element sh {count}")
        lines += [f"property uchar f_rest_{i}" for i in range(rest)]
    return "\n".join([*lines, "end_header", ""]).encode("ascii")


def _within_chunks(
    rows: Float[Tensor, "n 3"],
) -> tuple[Float[Tensor, "chunks 6"], Float[Tensor, "n 3"]]:
    """Least and greatest of each chunk, and every row as a share between them."""
    parts = rows.split(CHUNK)
    low = torch.stack([part.amin(0) for part in parts])
    high = torch.stack([part.amax(0) for part in parts])
    which = torch.arange(len(rows)) // CHUNK
    return torch.cat([low, high], 1), (rows - low[which]) / (high - low)[which].clamp_min(1e-12)


def _whole(share: Tensor, width: int) -> np.ndarray:
    most = 2**width - 1
    return (share.clamp(0, 1) * most).round().long().numpy().astype(np.uint32)


def _three(shares: Float[Tensor, "n 3"]) -> np.ndarray:
    x, y, z = (_whole(s, width) for s, width in zip(shares.unbind(1), (11, 10, 11), strict=True))
    return x << 21 | y << 11 | z


def _bytes(shares: Float[Tensor, "n 4"]) -> np.ndarray:
    first, second, third, fourth = (_whole(share, 8) for share in shares.unbind(1))
    return first << 24 | second << 16 | third << 8 | fourth


def _rotations(quaternions: Float[Tensor, "n 4"]) -> np.ndarray:
    """Two bits name the largest part, which is made positive and left out; ten for each other."""
    unit = normalize(quaternions, dim=1)
    largest = unit.abs().argmax(1)
    unit = unit * unit.gather(1, largest[:, None]).sign()
    slots = torch.arange(3).expand(len(unit), 3)
    others = unit.gather(1, slots + (slots >= largest[:, None]).long())
    a, b, c = (_whole(x / math.sqrt(2) + 0.5, 10) for x in others.unbind(1))
    return largest.numpy().astype(np.uint32) << np.uint32(30) | a << 20 | b << 10 | c
