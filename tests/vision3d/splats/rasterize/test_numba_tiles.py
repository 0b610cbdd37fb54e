"""Lists of splats per tile, and what is left out of them, against loops in plain Python."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from course_utils.vision3d.splats.projection import Splats, project_gaussians
from course_utils.vision3d.splats.rasterize import autograd
from course_utils.vision3d.splats.rasterize import numba_binning as binning
from course_utils.vision3d.splats.rasterize import numba_culling as sifting
from course_utils.vision3d.splats.splatting import rasterise_dense
from tests.vision3d.splats.splat_scenes import camera, doubtful_pixels, scene

WIDTH, HEIGHT = 150, 40  # three tiles by three, neither size a multiple of a tile's


@pytest.fixture(autouse=True)
def no_stale_code():
    """What was compiled with other constants is thrown away, as the renderer itself does it."""
    autograd._kernels("numba_culling")


def random_splats(count: int = 400, opacity: tuple[float, float] = (0.0, 1.0)) -> Splats:
    """Splats a few pixels wide, all over a picture and a little beyond it, in float64."""
    g = torch.Generator().manual_seed(3)
    size = torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)
    means = (1.2 * torch.rand(count, 2, generator=g, dtype=torch.float64) - 0.1) * size
    root = torch.randn(count, 2, 2, generator=g, dtype=torch.float64)
    conic = torch.linalg.inv(6 * root @ root.mT + 0.3 * torch.eye(2, dtype=torch.float64))
    low, high = opacity
    return Splats(
        means,
        torch.stack([conic[:, 0, 0], conic[:, 0, 1], conic[:, 1, 1]], dim=-1),
        torch.rand(count, generator=g, dtype=torch.float64),
        low + (high - low) * torch.rand(count, generator=g, dtype=torch.float64),
        torch.rand(count, 3, generator=g, dtype=torch.float64),
    )


def alphas(splats: Splats) -> np.ndarray:
    """Alpha of each splat in each pixel, (gaussians, height, width)."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    (u, v), (a, b, c) = splats.means.numpy().T, splats.conics.numpy().T
    du, dv = x - u[:, None, None], y - v[:, None, None]
    a, b, c = a[:, None, None], b[:, None, None], c[:, None, None]
    exponent = -0.5 * (a * du * du + 2 * b * du * dv + c * dv * dv)
    return splats.opacities.numpy()[:, None, None] * np.exp(exponent)


def prepared(splats: Splats) -> tuple[np.ndarray, np.ndarray]:
    exact = (x.numpy() for x in (splats.means, splats.conics, splats.opacities))
    return binning.prepare_splats(*exact, splats.colours.float().numpy(), WIDTH, HEIGHT)


def test_boxes_hold_every_pixel_that_a_splat_reaches_and_tiles_of_these_alone():
    splats = random_splats()
    table, boxes = prepared(splats)
    seen = 0
    for g, reached in enumerate(alphas(splats) >= 1 / 255):
        x0, y0, x1, y1 = boxes[g]
        if not reached.any():
            continue
        seen += 1
        rows, columns = np.nonzero(reached)
        left, right, top, bottom = table[g, binning.X0 : binning.Y1 + 1]
        assert left <= columns.min() and columns.max() < right
        assert top <= rows.min() and rows.max() < bottom
        assert (x0, y0) == (left // binning.TILE_WIDTH, top // binning.TILE_HEIGHT)
        assert x1 == (right - 1) // binning.TILE_WIDTH + 1
        assert y1 == (bottom - 1) // binning.TILE_HEIGHT + 1
    assert seen > 200


def test_lists_are_those_of_a_loop_over_tiles_and_splats():
    splats = random_splats()
    _, boxes = prepared(splats)
    order = binning.depth_order(splats.depths.numpy())
    (starts, listed, slots), firsts = binning.list_tiles(order, boxes, 3, 3)
    expected = [
        [g for g in order if boxes[g, 0] <= x < boxes[g, 2] and boxes[g, 1] <= y < boxes[g, 3]]
        for y in range(3)
        for x in range(3)
    ]
    got = [listed[a:b].tolist() for a, b in pairwise(starts)]
    assert got == expected and min(len(part) for part in got) > 10
    assert sorted(slots) == list(range(len(listed)))  # one place for every entry ...
    owner = np.searchsorted(firsts, slots, side="right") - 1
    assert (owner == listed).all()  # ... beside the others of the same splat


def test_full_blocks_and_touched_blocks_bit_by_bit():
    g = np.random.default_rng(0)
    buffer = np.ones((binning.TILE_HEIGHT, sifting.STRIDE), np.float32)
    inside = buffer[:, : binning.TILE_WIDTH]
    inside[g.random(inside.shape) < 0.9] = 0.0
    most = np.empty(binning.TILE_WIDTH, np.float32)
    full = int(sifting.full_blocks(buffer.ravel(), np.float32(0.5), most))
    side, across = sifting.BLOCK, sifting.ACROSS
    found = {i for i in range(across * sifting.DOWN) if full >> i & 1}
    blocks = inside.reshape(sifting.DOWN, side, across, side).max((1, 3)).ravel()
    assert found == set(np.flatnonzero(blocks < 0.5)) and 0 < len(found) < len(blocks)
    for _ in range(300):
        x0, x1 = np.sort(g.choice(binning.TILE_WIDTH + 1, 2, replace=False)).tolist()
        y0, y1 = np.sort(g.choice(binning.TILE_HEIGHT + 1, 2, replace=False)).tolist()
        touched = {y // side * across + x // side for y in range(y0, y1) for x in range(x0, x1)}
        assert int(sifting.blocks_of(x0, x1, y0, y1)) == sum(1 << i for i in touched)


def test_all_blocks_full_is_what_stops_a_tile():
    size = binning.TILE_HEIGHT * sifting.STRIDE
    most = np.empty(binning.TILE_WIDTH, np.float32)
    assert sifting.full_blocks(np.zeros(size, np.float32), np.float32(0.5), most) == (
        sifting.ALL_FULL
    )
    assert sifting.full_blocks(np.ones(size, np.float32), np.float32(0.5), most) == 0


def rasterised(splats: Splats, view, weight: torch.Tensor, early_stop: float):
    """Picture of the compiled renderer, and the gradients of means, conics, opacities, colours."""
    leaves = [x.clone().requires_grad_(x is not splats.depths) for x in splats.tensors()]
    colour, through = autograd.rasterise_compiled(Splats(*leaves), view, early_stop)
    seen = torch.cat([colour, through[None]])
    (seen * weight).sum().backward()
    return [seen.detach(), *(x.grad for x in leaves if x.requires_grad)]


def hidden_ones() -> Splats:
    """So many opaque splats that most lie behind what is full."""
    return random_splats(6000, opacity=(0.7, 0.95))


def test_what_is_hidden_is_left_out_and_not_missed(monkeypatch):
    """No early stop in one, the usual one in the other: pictures and gradients hardly differ."""
    splats, view = hidden_ones(), camera(torch.float32, size=(HEIGHT, WIDTH))
    weight = torch.randn(4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1))
    whole = rasterised(splats, view, weight, early_stop=0.0)
    stopped = rasterised(splats, view, weight, early_stop=1e-4)
    left_out = ((stopped[4] == 0).all(-1) & (whole[4] != 0).any(-1)).double().mean().item()
    assert left_out > 0.2, f"only {left_out:.0%} are left out"
    assert (whole[0] - stopped[0]).abs().max() <= 1e-4
    for a, b in zip(whole[1:], stopped[1:], strict=True):
        assert (a - b).abs().max() <= 2e-3 * a.abs().max()
    monkeypatch.setattr(autograd, "SMALL", 0)
    for threads in (1, 2, 5):
        torch.set_num_threads(threads)
        again = rasterised(splats, view, weight, early_stop=1e-4)
        assert all(torch.equal(a, b) for a, b in zip(stopped, again, strict=True))


@pytest.mark.parametrize("count", [1, 63, 64, 65, 1000])
def test_a_picture_of_many_tiles_is_that_of_dense_float64(count):
    """Several tiles side by side, and lists around the length that is sifted at a time."""
    view = camera(torch.float32, size=(HEIGHT, WIDTH))
    splats = project_gaussians(scene(count).map(lambda x: x.double()), view.to(torch.float64))
    good = ~doubtful_pixels(splats, view.to(torch.float64))
    weight = torch.randn(4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(1)) * good
    got = rasterised(splats, view, weight, early_stop=0.0)
    leaves = [x.clone().requires_grad_() for x in splats.tensors()]
    colour, through = rasterise_dense(Splats(*leaves), view.to(torch.float64))
    expected = torch.cat([colour, through[None]])
    (expected * weight).sum().backward()
    assert ((got[0] - expected).abs() * good).max() < 2e-6
    for a, leaf in zip(got[1:], [x for i, x in enumerate(leaves) if i != 2], strict=True):
        assert (a - leaf.grad).abs().max() < 5e-6 * max(1.0, leaf.grad.abs().max().item())
