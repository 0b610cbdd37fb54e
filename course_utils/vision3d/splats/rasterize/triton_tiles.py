"""Splats by tiles on a CUDA device: the kernels of ``triton_kernels`` as a torch function.

Kerbl et al. 2023, section 6. Triton comes with torch where torch has CUDA; its kernels are
compiled at first use, which takes seconds, and kept in its own cache.
"""

from __future__ import annotations

import importlib.util
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.splats.projection import ALPHA_MAX, ALPHA_MIN, Splats
from course_utils.vision3d.splats.rasterize.torch_tiles import TILE, list_tiles

LIMITS = {"TILE": TILE, "LOWEST": ALPHA_MIN, "HIGHEST": ALPHA_MAX}


@cache
def can_run_triton(device_type: str) -> bool:
    """Whether Triton is installed, and the device one that it compiles for."""
    return device_type == "cuda" and importlib.util.find_spec("triton") is not None


def rasterise_triton(
    splats: Splats, camera: Camera, early_stop: float = 1e-4
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Colour and transmittance of the picture, float32, by tiles; differentiable in the splats.

    early_stop: a tile whose every pixel lets less than this through takes no more splats; zero
    looks at all. Kerbl et al. 2023, section 6.
    """
    lists = list_tiles(splats, camera)
    means, conics, _, opacities, colours = splats.tensors()
    size = (camera.height, camera.width)
    seen = _Rasterise.apply(means, conics, opacities, colours, lists, size, early_stop)
    return seen[:3], seen[3]


def _table(means: Tensor, conics: Tensor, opacities: Tensor, colours: Tensor) -> Tensor:
    a, b, c = conics.unbind(-1)
    slope = b / a
    square = torch.stack([slope, 0.5 * a, 0.5 * (c - slope * b)], -1)
    return torch.cat([means, square, opacities[:, None], colours], 1).float().contiguous()


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, conics, opacities, colours, lists, size, early_stop):
        from course_utils.vision3d.splats.rasterize import triton_kernels as kernels

        height, width = size
        table = _table(means, conics, opacities, colours)
        seen = torch.empty(4, height, width, device=means.device)
        grid = (lists.across * lists.down,)
        numbers = (width, height, lists.across, early_stop)
        kernels.paint[grid](table, lists.starts, lists.splats, seen, *numbers, **LIMITS)
        ctx.save_for_backward(table, seen, conics, opacities)
        ctx.rest = lists, numbers, means.dtype, colours.dtype
        return seen

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient):
        from course_utils.vision3d.splats.rasterize import triton_kernels as kernels

        table, seen, conics, opacities = ctx.saved_tensors
        lists, numbers, dtype, colour_dtype = ctx.rest
        found = table.new_zeros(len(lists.splats), 9)
        grid = (lists.across * lists.down,)
        inputs = (table, lists.starts, lists.splats, lists.slots, seen, gradient.contiguous())
        kernels.trace[grid](*inputs, found, *numbers, **LIMITS)
        owners = torch.empty_like(lists.splats)
        owners[lists.slots] = lists.splats
        sums = _sum_by_splat(found, owners, len(table)).to(dtype)
        geometry = _geometry_gradients(sums, conics, opacities)
        return *geometry, sums[:, 6:].to(colour_dtype), None, None, None


def _sum_by_splat(found: Tensor, owners: Tensor, count: int) -> Tensor:
    """Sum the entries of each splat, which lie together, in a fixed order and in float64."""
    running = torch.cat([found.new_zeros(1, 9).double(), found.double().cumsum(0)])
    borders = torch.searchsorted(owners, torch.arange(count + 1, device=owners.device))
    return running[borders[1:]] - running[borders[:-1]]


def _geometry_gradients(
    sums: Tensor, conics: Tensor, opacities: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients by means, conics and opacities: the formulas of ``numba_tiles.collect``."""
    s0, s1, s2, m1, m11, m2 = sums[:, :6].unbind(-1)
    a, b, c = conics.unbind(-1)
    slope = b / a
    by_means = torch.stack([-a * m1, -b * m1 - (c - slope * b) * s1], -1)
    by_a = 0.5 * (m2 - 2 * slope * m11 + slope * slope * s2)
    by_opacities = torch.where(opacities > 0, -s0 / opacities, 0.0)
    return by_means, torch.stack([by_a, m11 - slope * s2, 0.5 * s2], -1), by_opacities
