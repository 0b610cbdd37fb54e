"""Gaussians on a CPU: the compiled projection and tiles as differentiable torch functions.

Kerbl et al. 2023, sections 4 and 6, for the CPU. The compiled code is loaded at first use; the
very first time on a machine it has to be compiled, which takes a moment and is announced.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from importlib import import_module
from types import ModuleType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from course_utils.core.numba_support import worker_threads
from course_utils.vision3d.cameras import Camera, orbit_camera
from course_utils.vision3d.fields.harmonics import colours_from_harmonics
from course_utils.vision3d.splats.gaussians import Gaussians, gaussians_from_points
from course_utils.vision3d.splats.projection import MARGIN, Splats, check_camera

SMALL = 4000  # entries of the tiles' lists, below which threads would cost more than they save
# Files that the compiled code, or a constant in it, comes from; see ``numba_support.prepare``.
SOURCES = (
    "../projection",
    "numba_binning",
    "numba_culling",
    "numba_lanes",
    "numba_projection",
    "numba_tiles",
)


def project_compiled(gaussians: Gaussians, camera: Camera) -> Splats:
    """``projection.project_gaussians`` on the CPU, for any floating dtype of the parameters.

    Means, conics, depths and opacities come in float64, colours in the dtype of the harmonics.
    Differentiable in the Gaussians, not in the camera. Kerbl et al. 2023, eqs. 5 and 6.

    Raises: ValueError if the camera is a batch of cameras, or anything is not on the CPU.
    """
    check_camera(camera)
    check_on_cpu(gaussians.means)
    parameters = gaussians.tensors()[:4]
    means, conics, depths, opacities = _Project.apply(*parameters, pack_camera(camera))
    colours = colours_from_harmonics(gaussians.harmonics, gaussians.means, camera.centre)
    return Splats(means, conics, depths, opacities, colours)


def rasterise_compiled(
    splats: Splats, camera: Camera, early_stop: float = 1e-4
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Colour and transmittance of the picture, float32, by tiles; differentiable in the splats.

    early_stop: a block of 4 x 4 pixels that all let less than this through takes no more splats;
    zero looks at all. Kerbl et al. 2023, section 6.

    Raises: ValueError if the splats are not on the CPU.
    """
    check_on_cpu(splats.means)
    return _Rasterise.apply(*splats.tensors(), camera.width, camera.height, early_stop)


def check_on_cpu(x: Float[Tensor, "..."]) -> None:
    """Compiled code runs on the CPU. Raises: ValueError for a tensor elsewhere."""
    if x.device.type != "cpu":
        raise ValueError(f"the compiled renderer runs on the CPU, these tensors are on {x.device}")


def pack_camera(camera: Camera) -> Float[Tensor, "19"]:
    """One camera as a row of float64, in the order that the compiled code expects."""
    size = camera.principal.new_tensor([camera.width, camera.height])
    low = (-camera.principal - MARGIN * size) / camera.focal
    high = (size - camera.principal + MARGIN * size) / camera.focal
    parts = (camera.rotation.flatten(), camera.centre, camera.focal[None], camera.principal)
    return torch.cat([*parts, low, high]).detach().double()


def _numpy(x: Tensor, dtype: torch.dtype | None = None) -> np.ndarray:
    return x.detach().to(dtype or x.dtype).contiguous().numpy()


class _Project(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, log_scales, quaternions, opacity_logits, camera):
        kernels = _kernels("numba_projection")
        arrays = [_numpy(x) for x in (camera, means, log_scales, quaternions, opacity_logits)]
        results = tuple(torch.from_numpy(x) for x in kernels.project(*arrays))
        ctx.save_for_backward(means, log_scales, quaternions, camera, results[3])
        ctx.mark_non_differentiable(results[2])
        return results

    @staticmethod
    @once_differentiable
    def backward(ctx, by_means, by_conics, _, by_opacities):
        means, log_scales, quaternions, camera, opacities = ctx.saved_tensors
        found = _kernels("numba_projection").project_back(
            *(_numpy(x) for x in (camera, means, log_scales, quaternions, opacities)),
            *(_numpy(x) for x in (by_means, by_conics, by_opacities)),
        )
        found = torch.from_numpy(found).to(means.dtype)
        return found[:, :3], found[:, 3:6], found[:, 6:10], found[:, 10], None


class _Rasterise(torch.autograd.Function):
    @staticmethod
    def forward(ctx, means, conics, depths, opacities, colours, width, height, early_stop):
        binning, tiles = _kernels("numba_binning"), _kernels("numba_tiles")
        exact = [_numpy(x, torch.float64) for x in (means, conics, opacities)]
        table, boxes = binning.prepare_splats(*exact, _numpy(colours), width, height)
        order = binning.depth_order(_numpy(depths, torch.float64))
        across, down = -(-width // binning.TILE_WIDTH), -(-height // binning.TILE_HEIGHT)
        lists, firsts = binning.list_tiles(order, boxes, across, down)
        seen = np.empty((4, height, width), np.float32)
        painted, ends = np.empty(len(lists[1]), np.int32), np.empty(across * down, np.int64)
        stop = np.float32(early_stop)
        _over_tiles(partial(tiles.paint, table, lists, stop, seen, painted, ends), lists[0])
        ctx.arrays = (table, lists, painted, ends), firsts, exact[1], exact[2]
        ctx.dtypes = means.dtype, colours.dtype
        seen = torch.from_numpy(seen)
        colour, transmittance = seen[:3], seen[3]
        ctx.save_for_backward(seen)
        return colour, transmittance

    @staticmethod
    @once_differentiable
    def backward(ctx, by_colour, by_transmittance):
        tiles = _kernels("numba_tiles")
        arguments, firsts, conics, opacities = ctx.arrays
        gradient = _numpy(torch.cat([by_colour, by_transmittance[None]]))
        starts, entries = arguments[1][0], len(arguments[1][1])
        sums = np.zeros((entries, tiles.SUMS), np.float32)  # zeros: what paint left out
        seen = ctx.saved_tensors[0].numpy()
        _over_tiles(partial(tiles.trace, *arguments, seen, gradient, sums), starts)
        found = tiles.collect(sums, firsts, conics, opacities)
        by_means, by_conics, by_opacities, by_colours = (torch.from_numpy(x) for x in found)
        dtype, colour_dtype = ctx.dtypes
        geometry = by_means.to(dtype), by_conics.to(dtype), None, by_opacities.to(dtype)
        return *geometry, by_colours.to(colour_dtype), None, None, None


def _over_tiles(work: Callable[[int, int], None], starts: np.ndarray) -> None:
    """Call ``work(first tile, last tile)`` for all tiles, in as many threads as torch uses.

    Plain threads: those of OpenMP wait for each other by spinning, which on a machine that is
    busy with something else makes a short step a hundred times slower.
    """
    threads, tiles, entries = torch.get_num_threads(), len(starts) - 1, int(starts[-1])
    if threads == 1 or entries < SMALL:
        work(0, tiles)
        return
    shares = np.linspace(0, entries, 4 * threads + 1)  # several each, since tiles differ
    borders = np.unique([0, *np.searchsorted(starts, shares), tiles]).clip(0, tiles)
    list(worker_threads().map(work, borders[:-1].tolist(), borders[1:].tolist()))


@cache
def _kernels(name: str) -> ModuleType:
    """One module of compiled code; says so before the first compilation on a machine."""
    from course_utils.core import numba_support  # looks after numba's cache
    from course_utils.vision3d.splats.rasterize import numba_tiles

    numba_support.prepare(numba_tiles.trace, SOURCES, "the renderer of Gaussian splats")
    return import_module(f"course_utils.vision3d.splats.rasterize.{name}")


def warm_up() -> None:
    """Compile the renderer of splats, or load it from numba's cache, before it is needed."""
    point = torch.zeros(1, 3, requires_grad=True)
    splats = project_compiled(
        gaussians_from_points(point, torch.ones(1, 3), radius=0.1), orbit_camera(0.3, 0.2, 2.0)
    )
    colour, transmittance = rasterise_compiled(splats, orbit_camera(0.3, 0.2, 2.0, size=8))
    (colour.sum() + transmittance.sum()).backward()
