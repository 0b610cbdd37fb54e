"""Files of Gaussians: written and read back, written by hand, and what must be refused."""

import math
import struct

import numpy as np
import pytest
import torch

from course_utils.vision3d.splats.gaussians import rotation_from_quaternion
from course_utils.vision3d.splats.ply import load_ply, save_ply
from tests.vision3d.splats.splat_scenes import scene


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
def test_what_is_written_is_read_back_bit_for_bit(tmp_path, degree):
    gaussians = scene(20, degree=degree)
    save_ply(gaussians, tmp_path / "scene.ply")
    again = load_ply(tmp_path / "scene.ply")
    for a, b in zip(gaussians.tensors(), again.tensors(), strict=True):
        assert torch.equal(a, b)


def test_the_standard_layout(tmp_path):
    """Channel by channel, and 62 float32 per Gaussian at degree 3, as other programs expect."""
    gaussians = scene(2, degree=3)
    save_ply(gaussians, tmp_path / "scene.ply")
    header, body = (tmp_path / "scene.ply").read_bytes().split(b"end_header\n", 1)
    names = [line.split()[2] for line in header.decode().splitlines() if line.startswith("prop")]
    assert names[:9] == ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    assert names[9] == "f_rest_0" and names[53] == "f_rest_44"
    assert names[54:58] == ["opacity", "scale_0", "scale_1", "scale_2"]
    assert names[58:] == ["rot_0", "rot_1", "rot_2", "rot_3"]
    row = dict(zip(names, struct.unpack("<62f", body[: 62 * 4]), strict=True))
    assert len(body) == 2 * 62 * 4
    assert row["f_rest_1"] == gaussians.harmonics[0, 2, 0].item()  # red, third coefficient
    assert row["f_rest_15"] == gaussians.harmonics[0, 1, 1].item()  # green, second coefficient


def compressed(path, count: int, sh: bool = False) -> np.random.Generator:
    """A compressed file of random words, and limits that are easy to recognise."""
    random = np.random.default_rng(0)
    chunks = -(-count // 256)
    limits = [f"{side}_{kind}{axis}" for kind in ("", "scale_") for side in ("min", "max")
              for axis in "xyz"]  # fmt: skip
    words = ["packed_position", "packed_rotation", "packed_scale", "packed_color"]
    lines = ["ply", "format binary_little_endian 1.0", f"element chunk {chunks}"]
    lines += [f"property float {name}" for name in limits] + [f"element vertex {count}"]
    lines += [f"property uint {name}" for name in words]
    if sh:
        lines += [f"element sh {count}", *(f"property uchar f_rest_{i}" for i in range(9))]
    table = np.tile(np.array([-1, -2, -3, 1, 2, 3, -5, -5, -5, -1, -1, -1], "<f4"), (chunks, 1))
    table[:, 0] += np.arange(chunks)  # the limits of x move from chunk to chunk
    table[:, 3] += np.arange(chunks)
    body = random.integers(0, 2**32, (count, 4), dtype=np.uint32)
    more = random.integers(0, 256, (count, 9), dtype=np.uint8) if sh else np.zeros(0, np.uint8)
    header = "\n".join([*lines, "end_header", ""]).encode()
    path.write_bytes(header + table.tobytes() + body.astype("<u4").tobytes() + more.tobytes())
    return body, more


def test_a_compressed_file_bit_by_bit(tmp_path):
    body, more = compressed(tmp_path / "small.ply", 300, sh=True)
    gaussians = load_ply(tmp_path / "small.ply")
    assert len(gaussians) == 300 and gaussians.degree == 1
    for i in (0, 5, 255, 256, 299):
        position, rotation, scale, colour = (int(word) for word in body[i])
        bits = f"{position:032b}"
        x, y, z = int(bits[:11], 2) / 2047, int(bits[11:21], 2) / 1023, int(bits[21:], 2) / 2047
        expected = [-1 + 2 * x + i // 256, -2 + 4 * y, -3 + 6 * z]
        torch.testing.assert_close(gaussians.means[i], torch.tensor(expected))
        bits = f"{scale:032b}"
        first = -5 + 4 * int(bits[:11], 2) / 2047
        assert gaussians.log_scales[i, 0].item() == pytest.approx(first, abs=1e-5)
        bits = f"{rotation:032b}"
        rest = [(int(bits[k : k + 10], 2) / 1023 - 0.5) * math.sqrt(2) for k in (2, 12, 22)]
        rest.insert(int(bits[:2], 2), math.sqrt(max(0.0, 1 - sum(a * a for a in rest))))
        torch.testing.assert_close(gaussians.quaternions[i], torch.tensor(rest))
        red, alpha = colour >> 24, colour & 255
        seen = 0.5 + gaussians.harmonics[i, 0, 0].item() * 0.5 / math.sqrt(math.pi)
        assert seen == pytest.approx(red / 255, abs=1e-6)
        assert gaussians.opacities[i].item() == pytest.approx(alpha / 255, abs=2e-6)
        for channel in range(3):
            byte = int(more[i, 3 * channel])
            share = {0: 0.0, 255: 1.0}.get(byte, (byte + 0.5) / 256)
            coefficient = gaussians.harmonics[i, 1, channel].item()
            assert coefficient == pytest.approx(8 * share - 4, abs=1e-5)
    turns = rotation_from_quaternion(gaussians.quaternions)
    torch.testing.assert_close(turns @ turns.mT, torch.eye(3).expand(300, 3, 3), atol=1e-5, rtol=0)


def test_broken_files_are_refused_in_words(tmp_path):
    path = tmp_path / "scene.ply"
    save_ply(scene(3), path)
    whole = path.read_bytes()
    broken = {
        "is not a .ply": b"hello",
        "not a .ply file": b"ply\nno end",
        "ends too early": whole[:-1],
        "no 3D Gaussians": whole.replace(b"opacity", b"opaquex"),
        "only binary": whole.replace(b"binary_little_endian", b"ascii"),
        "which is not read": whole.replace(b"property float x", b"property list uchar int x"),
    }
    for message, data in broken.items():
        path.write_bytes(data)
        with pytest.raises(ValueError, match=message):
            load_ply(path)
    compressed(path, 300)
    path.write_bytes(path.read_bytes().replace(b"element chunk 2", b"element chunk 1"))
    with pytest.raises(ValueError, match="more than 1 chunks"):
        load_ply(path)
