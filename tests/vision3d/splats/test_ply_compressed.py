"""Compressed files of Gaussians: what is written is read back to within a step of its bits."""

import math

import pytest
import torch

from course_utils.vision3d.splats.gaussians import rotation_from_quaternion
from course_utils.vision3d.splats.ply import load_ply
from course_utils.vision3d.splats.ply_compressed import save_compressed_ply, z_order
from tests.vision3d.splats.splat_scenes import scene


@pytest.mark.parametrize("degree", [0, 3])
def test_every_number_comes_back_within_half_a_step(tmp_path, degree):
    gaussians = scene(600, degree=degree)
    gaussians = gaussians[z_order(gaussians.means)]  # the order in which they are written
    save_compressed_ply(gaussians, tmp_path / "small.ply")
    again = load_ply(tmp_path / "small.ply")
    assert again.degree == degree
    for name in ("means", "log_scales"):
        for part, back in zip(
            getattr(gaussians, name).split(256), getattr(again, name).split(256), strict=True
        ):
            step = (part.amax(0) - part.amin(0)) / 1023
            assert ((part - back).abs() <= 0.501 * step + 1e-5).all(), name
    colour = (gaussians.harmonics[:, 0] / (2 * math.sqrt(math.pi)) + 0.5).clamp(-0.5, 1.5)
    back = again.harmonics[:, 0] / (2 * math.sqrt(math.pi)) + 0.5
    assert (colour - back).abs().max() <= 0.501 * 2 / 255
    assert (gaussians.opacities - again.opacities).abs().max() <= 0.502 / 255
    rest, there = gaussians.harmonics[:, 1:], again.harmonics[:, 1:]
    if degree:
        assert (rest - there).abs().max() <= 4 / 256 + 1e-5
    turn, back = (rotation_from_quaternion(x.quaternions) for x in (gaussians, again))
    assert (turn - back).abs().max() < 6 / 1023


def test_sixteen_bytes_each_and_some_for_the_limits(tmp_path):
    save_compressed_ply(scene(512, degree=0), tmp_path / "small.ply")
    body = (tmp_path / "small.ply").read_bytes().split(b"end_header\n", 1)[1]
    assert len(body) == 512 * 16 + 2 * 18 * 4


def test_neighbours_on_the_curve_are_neighbours_in_space():
    corners = torch.cartesian_prod(*[torch.arange(4.0)] * 3)
    order = z_order(corners)
    assert sorted(order.tolist()) == list(range(64))
    for first in range(0, 64, 8):  # every eight in a row fill a cube of side 2
        cube = corners[order[first : first + 8]]
        assert torch.equal(cube.amax(0) - cube.amin(0), torch.ones(3))


def test_one_gaussian_and_equal_ones(tmp_path):
    one = scene(1)
    twins = one.map(lambda x: torch.cat([x, x]))
    for gaussians in (one, twins):
        save_compressed_ply(gaussians, tmp_path / "few.ply")
        again = load_ply(tmp_path / "few.ply")
        torch.testing.assert_close(again.means, gaussians.means)
        torch.testing.assert_close(again.log_scales, gaussians.log_scales)


def test_what_cannot_be_written_is_refused(tmp_path):
    broken = scene(3)
    broken.means[1, 0] = float("nan")
    for gaussians in (broken, scene(3)[:0]):
        with pytest.raises(ValueError, match="at least one Gaussian, and finite"):
            save_compressed_ply(gaussians, tmp_path / "none.ply")
