"""March rays through a voxel field: in plain torch, or compiled, with the same pictures.

The way of a ray through the cube is cut into equal bins, and the field is asked once in each: the
quadrature of ``volume_rendering`` (Mildenhall et al. 2020, NeRF, eq. 3). ``march_torch`` is just
that, in any dtype on any device. ``march_compiled`` does the same on the CPU in one loop per ray
that skips what is empty (Fridovich-Keil et al. 2022, Plenoxels, section 3, have the CUDA
counterpart).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import ModuleType
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from course_utils.core.numba_support import worker_threads
from course_utils.vision3d.cameras import Camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.fields.compositing import over_background
from course_utils.vision3d.fields.volume_rendering import render_rays
from course_utils.vision3d.fields.voxel_field import SCALE, VoxelField, light_basis, thin_fog

BIN = 0.5  # longest bin, in voxels
EARLY_STOP = 1e-3  # of the light; a ray that has less left goes no further
SMALL = 500  # rays, below which threads would cost more than they save
# Files that the compiled code, or a constant in it, comes from; see ``compiled.prepare``.
SOURCES = ("voxel_march_numba",)


class Seen(NamedTuple):
    """What rays see of a field: colour without background, opacity, and the mean distance.

    distance: along the ray, in world units, zero where the opacity is; it carries no gradient.
    """

    colour: Float[Tensor, "*rays 3"]
    opacity: Float[Tensor, "*rays"]
    distance: Float[Tensor, "*rays"]


def march_rays(
    field: VoxelField,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    shares: Float[Tensor, "*rays"] | None = None,
    longest: float | None = None,
    backend: str = "auto",
) -> Seen:
    """What rays see of a voxel field; differentiable in ``field.values``.

    origins, directions: world coordinates, unit length. shares: where in its bins each ray looks,
    from 0 to 1; the middle unless given, random in training. longest: of a bin, in voxels.
    backend: "numba" (CPU, float32), "torch" (any), or "auto", the first that can run.

    Raises: ValueError if directions are not unit vectors, shapes disagree, a bin is not longer
    than zero, or the backend is unknown or cannot run.
    """
    march = marcher(field, backend)
    longest = BIN if longest is None else longest
    shares = torch.full_like(origins[..., 0], 0.5) if shares is None else shares
    _check_rays(origins, directions, shares, longest)
    return march(field, origins, directions, shares, longest)


def marcher(field: VoxelField, backend: str = "auto") -> Callable[..., Seen]:
    """The function behind ``march_rays``. Raises: ValueError for a backend that cannot run."""
    can_compile = field.values.device.type == "cpu" and field.values.dtype == torch.float32
    if backend == "auto":
        backend = "numba" if can_compile else "torch"
    if backend not in ("numba", "torch"):
        raise ValueError(f"unknown backend {backend!r}; choose auto, numba or torch")
    if backend == "numba" and not can_compile:
        raise ValueError(
            f"the numba backend is for float32 on the CPU, the field is {field.values.dtype} on "
            f"{field.values.device}"
        )
    return march_compiled if backend == "numba" else march_torch


def _check_rays(origins: Tensor, directions: Tensor, shares: Tensor, longest: float) -> None:
    if origins.shape != directions.shape or shares.shape != origins.shape[:-1]:
        raise ValueError(
            f"every ray has an origin, a direction and a share, got {tuple(origins.shape)}, "
            f"{tuple(directions.shape)}, {tuple(shares.shape)}"
        )
    if not longest > 0:
        raise ValueError(f"a bin must be longer than zero, got {longest}")
    length = directions.detach().norm(dim=-1)
    if not torch.allclose(length, torch.ones_like(length), atol=1e-3):
        raise ValueError("directions must have length one, else bins are longer than they say")


# ------------------------------------------------------------------ plain torch


def distances_in_cube(
    field: VoxelField, origins: Float[Tensor, "*rays 3"], directions: Float[Tensor, "*rays 3"]
) -> tuple[Float[Tensor, "*rays"], Float[Tensor, "*rays"]]:
    """Distances at which rays enter and leave the field's cube; zero for those that miss it.

    The slab method (Kay & Kajiya 1986). A ray that begins inside enters at zero.
    """
    low = (field.centre - field.radius - origins) / directions
    high = (field.centre + field.radius - origins) / directions
    # A ray along a face divides zero by zero; such a slab does not bound it.
    near = torch.minimum(low, high).nan_to_num(-torch.inf, torch.inf).amax(-1).clamp_min(0)
    far = torch.maximum(low, high).nan_to_num(torch.inf, torch.inf).amin(-1)
    meets = far > near
    return torch.where(meets, near, 0.0), torch.where(meets, far, 0.0)


def march_torch(
    field: VoxelField,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    shares: Float[Tensor, "*rays"],
    longest: float,
) -> Seen:
    """The quadrature of ``volume.render_rays`` over bins of each ray's own length."""
    near, far = distances_in_cube(field, origins, directions)
    bins = ((far - near) / (longest * field.voxel)).ceil().clamp_min(1)
    length = (far - near) / bins
    most = int(bins.max()) if bins.numel() else 1
    index = torch.arange(most + 1, device=near.device)
    # Rays with fewer bins than others end with bins of length zero.
    edges = near[..., None] + torch.minimum(index, bins[..., None]) * length[..., None]
    at = edges[..., :-1] + shares[..., None] * edges.diff(dim=-1)
    seen = render_rays(field, origins, directions, edges, at)
    return Seen(seen.colour, seen.opacity, seen.distance.detach())


# ------------------------------------------------------------------ compiled


def march_compiled(
    field: VoxelField,
    origins: Float[Tensor, "*rays 3"],
    directions: Float[Tensor, "*rays 3"],
    shares: Float[Tensor, "*rays"],
    longest: float,
    early_stop: float = EARLY_STOP,
) -> Seen:
    """The same in compiled code, float32 on the CPU; gradients only by ``field.values``.

    early_stop: a ray with less light than this left goes no further; zero looks at all.
    """
    rays = [x.detach().float().reshape(-1, 3) for x in (origins, directions)]
    basis = light_basis(rays[1], field.degree)
    arrays = [*rays, shares.detach().float().reshape(-1), basis]
    arrays = tuple(np.ascontiguousarray(x.numpy()) for x in arrays)
    settings = (longest * field.voxel, np.float32(SCALE / field.radius), np.float32(early_stop))
    colour, transmittance, far = _March.apply(field.values, field, arrays, settings)
    shape = origins.shape[:-1]
    opacity = 1 - transmittance
    distance = far / opacity.detach().clamp_min(torch.finfo(far.dtype).tiny)
    return Seen(colour.view(*shape, 3), opacity.view(shape), distance.view(shape))


class _March(torch.autograd.Function):
    @staticmethod
    def forward(ctx, values, field, rays, settings):
        kernels = _kernels()
        box = np.array([*field.centre.tolist(), field.radius])
        cells = field.cells.numpy()
        blocks = blocks_of(field).numpy()
        arrays = (values.detach().numpy(), field.links.numpy(), cells, blocks, box)
        seen = torch.empty(len(rays[0]), 5)
        template = (0.0,) * values.shape[1]
        work = partial(kernels.march, arrays, rays, *settings, seen.numpy())
        _over_rays(lambda _, a, b: work(a, b, template), len(seen))
        ctx.arguments = arrays, rays, *settings
        ctx.save_for_backward(seen)
        colour, transmittance, far = seen[:, :3], seen[:, 3], seen[:, 4]
        ctx.mark_non_differentiable(far)
        return colour, transmittance, far

    @staticmethod
    @once_differentiable
    def backward(ctx, by_colour, by_transmittance, _):
        (seen,) = ctx.saved_tensors
        by_seen = torch.cat([by_colour, by_transmittance[:, None]], 1).contiguous()
        values = ctx.arguments[0][0]
        found = torch.zeros(_threads_for(len(seen)), *values.shape)
        work = partial(_kernels().march_back, *ctx.arguments, seen.numpy(), by_seen.numpy())
        template, gradients = (0.0,) * values.shape[1], found.numpy()
        _over_rays(lambda thread, a, b: work(gradients[thread], a, b, template), len(seen))
        return found.sum(0) if len(found) > 1 else found[0], None, None, None


def blocks_of(field: VoxelField) -> Bool[Tensor, "blocks blocks blocks"]:
    """Which blocks of 4 x 4 x 4 cells hold a kept one: the others are jumped over."""
    size = _kernels().BLOCK
    return F.max_pool3d(field.cells[None].float(), size, size, ceil_mode=True)[0] > 0


def _threads_for(rays: int) -> int:
    return 1 if rays < SMALL else torch.get_num_threads()


def _over_rays(work: Callable[[int, int, int], None], rays: int) -> None:
    """Call ``work(thread, first, last)`` for equal shares of the rays, each in its own thread."""
    threads = _threads_for(rays)
    borders = np.linspace(0, rays, threads + 1).astype(int).tolist()
    if threads == 1:
        work(0, 0, rays)
    else:
        list(worker_threads().map(work, range(threads), borders[:-1], borders[1:]))


@cache
def _kernels() -> ModuleType:
    """The compiled code; says so before the first compilation on a machine."""
    from course_utils.core import numba_support  # looks after numba's cache
    from course_utils.vision3d.fields import voxel_march_numba

    numba_support.prepare(voxel_march_numba.march_back, SOURCES, "the marcher of voxel fields")
    return voxel_march_numba


# ------------------------------------------------------------------ pictures


@torch.no_grad()
def march_view(field: VoxelField, camera: Camera, backend: str = "auto") -> Seen:
    """What every pixel of a camera sees, each with leading axes (height, width)."""
    uv = pixel_centres(camera)
    rays = pixels_to_rays(camera, uv.flatten(0, 1))
    rays = (x.to(field.values).view(*uv.shape[:-1], 3) for x in rays)
    return march_rays(field, *rays, backend=backend)


def render_view(
    field: VoxelField,
    camera: Camera,
    background: Float[Tensor, "3"] | None = None,
    backend: str = "auto",
) -> Float[Tensor, "3 height width"]:
    """A picture of the field before a background, white unless given."""
    seen = march_view(field, camera, backend)
    background = torch.ones(3) if background is None else background
    return over_background(seen.colour, seen.opacity, background.to(seen.colour)).movedim(-1, 0)


def warm_up() -> None:
    """Compile the marcher of voxel fields, or load it from numba's cache, before it is needed."""
    direction = torch.tensor([[0.0, 0.0, 1.0]])
    for degree in (0, 1):
        start = thin_fog(3, torch.zeros(3), 1.0, degree)
        start.values.requires_grad_()
        march_rays(start, -2 * direction, direction).colour.sum().backward()
