"""3D Gaussian Splatting: pictures from Gaussians, differentiable, on whatever device they are on.

Every Gaussian becomes an ellipse on the picture (``projection``), the ellipses are sorted by
depth, and each pixel composites them from front to back (``compositing``) with

    alpha_i = min(0.99, opacity_i exp(-1/2 d^T conic_i d)),    below 1/255: zero,

where d is the pixel's centre minus the splat's mean (Kerbl et al. 2023, section 4 and eq. 3).
``rasterise_dense`` does just this, every pixel against every Gaussian. The others give the same
picture and the same gradients, but look only at the Gaussians that touch a tile of pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_utils.vision3d.cameras import Camera, pixel_centres
from course_utils.vision3d.fields.compositing import composite, weights_from_alpha
from course_utils.vision3d.splats.gaussians import Gaussians
from course_utils.vision3d.splats.projection import ALPHA_MAX, ALPHA_MIN, Splats, project_gaussians
from course_utils.vision3d.splats.rasterize.autograd import project_compiled, rasterise_compiled
from course_utils.vision3d.splats.rasterize.torch_tiles import rasterise_tiles
from course_utils.vision3d.splats.rasterize.triton_tiles import can_run_triton, rasterise_triton

Background = Float[Tensor, "3"] | Float[Tensor, "3 height width"]


def gaussian_footprint(
    offsets: Float[Tensor, "*pixels 2"], conics: Float[Tensor, "*#pixels 3"]
) -> Float[Tensor, "*pixels"]:
    """How strong a splat is at an offset from its mean, exp(-1/2 d^T conic d), between 0 and 1.

    Kerbl et al. 2023, eq. 4. offsets: (u, v) in pixels. conics: (a, b, c), per squared pixel.
    """
    du, dv = offsets.unbind(-1)
    a, b, c = conics.unbind(-1)
    return torch.exp(-0.5 * (a * du * du + c * dv * dv) - b * du * dv)


def alpha_from_footprint(
    footprint: Float[Tensor, "*pixels gaussians"], opacities: Float[Tensor, "gaussians"]
) -> Float[Tensor, "*pixels gaussians"]:
    """alpha = min(0.99, opacity footprint), zero below 1/255 (Kerbl et al. 2023, appendix C)."""
    alpha = (opacities * footprint).clamp_max(ALPHA_MAX)
    return torch.where(alpha >= ALPHA_MIN, alpha, 0.0)


def front_to_back(depths: Float[Tensor, "gaussians"]) -> Int[Tensor, "gaussians"]:
    """Indices from the nearest to the farthest; equal depths keep their order."""
    return torch.argsort(depths.detach(), stable=True)


def rasterise_dense(
    splats: Splats, camera: Camera
) -> tuple[Float[Tensor, "3 height width"], Float[Tensor, "height width"]]:
    """Colour and transmittance, every pixel against every splat: slow, short, the reference.

    Memory grows with pixels times Gaussians. Exact to 1e-15 for float64 splats.
    """
    order = front_to_back(splats.depths)
    means, conics, _, opacities, colours = (x[order] for x in splats.tensors())
    pixels = pixel_centres(camera).to(means).flatten(0, 1)
    footprint = gaussian_footprint(pixels[:, None] - means, conics)
    weights = weights_from_alpha(alpha_from_footprint(footprint, opacities))
    colour, transmittance = composite(weights, colours), 1 - weights.sum(-1)
    size = (camera.height, camera.width)
    return colour.T.unflatten(1, size), transmittance.unflatten(0, size)


Project = Callable[[Gaussians, Camera], Splats]
Rasterise = Callable[[Splats, Camera], tuple[Tensor, Tensor]]
RENDERERS: dict[str, tuple[Project, Rasterise]] = {
    "dense": (project_gaussians, rasterise_dense),
    "numba": (project_compiled, rasterise_compiled),
    "torch": (project_gaussians, rasterise_tiles),
    "triton": (project_gaussians, rasterise_triton),
}


def renderer(device: torch.device | str, backend: str = "auto") -> tuple[Project, Rasterise]:
    """How to project Gaussians on a device, and how to rasterise them: two functions.

    backend: "numba" (CPU), "triton" (CUDA), "torch" (tiles, any device), "dense" (every pixel
    against every Gaussian, any device), or "auto": the first of these that can run.

    Raises: ValueError for an unknown backend, or one that cannot run on this device.
    """
    kind = torch.device(device).type
    if backend == "auto":
        backend = "numba" if kind == "cpu" else "triton" if can_run_triton(kind) else "torch"
    if backend not in RENDERERS:
        raise ValueError(f"unknown backend {backend!r}; choose auto, {', '.join(RENDERERS)}")
    if backend == "numba" and kind != "cpu":
        raise ValueError(f"the numba backend renders on the CPU, the Gaussians are on {kind}")
    if backend == "triton" and not can_run_triton(kind):
        raise ValueError(f"the triton backend needs Triton and a CUDA device, not {kind}")
    return RENDERERS[backend]


def render_gaussians(
    gaussians: Gaussians, camera: Camera, background: Background, *, backend: str = "auto"
) -> Float[Tensor, "3 height width"]:
    """The picture of a scene in front of a background, by the fastest way its device allows.

    Differentiable in the Gaussians and in the background, which is one colour or a picture.
    backend: see ``renderer``. Kerbl et al. 2023, section 6.

    Raises: ValueError for a batch of cameras, an unknown backend, or one that cannot run on the
    device of the Gaussians.
    """
    project, rasterise = renderer(gaussians.means.device, backend)
    return over(*rasterise(project(gaussians, camera), camera), background)


def over(
    colour: Float[Tensor, "3 height width"],
    transmittance: Float[Tensor, "height width"],
    background: Background,
) -> Float[Tensor, "3 height width"]:
    """Splats in front of one colour or of a picture: colour + transmittance background."""
    background = background.to(colour)
    background = background if background.ndim == 3 else background[:, None, None]
    return colour + transmittance * background


def render_depth(
    gaussians: Gaussians, camera: Camera, *, backend: str = "auto"
) -> tuple[Float[Tensor, "height width"], Float[Tensor, "height width"]]:
    """Mean depth of what each pixel sees (zero where it sees nothing), and its opacity.

    The depths of the means, composited like colours and divided by the opacity. World units.

    Raises: ValueError as ``render_gaussians``.
    """
    project, rasterise = renderer(gaussians.means.device, backend)
    splats = project(gaussians, camera)
    depths = splats.depths[:, None].expand(-1, 3).to(splats.colours)
    sums, transmittance = rasterise(replace(splats, colours=depths), camera)
    opacity = 1 - transmittance
    return sums[0] / opacity.clamp_min(torch.finfo(opacity.dtype).eps), opacity
