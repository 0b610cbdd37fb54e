"""Other renderers of Gaussian splats for the CPU, fetched, built and called; nothing here is ours.

- OpenSplat (C++, its CPU rasteriser), from its repository, or from a copy of it in
  ``build/peers/OpenSplat``; compiled here against torch with the flags of its own release build.
- gsplat's reference in plain torch (``accumulate``), from its package.

A peer that cannot be had is named with the reason, and left out.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import torch
from torch import Tensor

FOLDER = Path(__file__).resolve().parents[1] / "build" / "peers"
OPENSPLAT = "https://github.com/pierotofy/OpenSplat"
SOURCE = "rasterizer/gsplat-cpu/gsplat_cpu.cpp"
Peer = Callable[..., tuple[Tensor, list[Tensor]]]

# Its own two functions between tensors: forward, then backward with the lists of each pixel.
BINDING = """
#include <torch/extension.h>
#include <algorithm>
#include "{source}"

std::vector<torch::Tensor> both(
    int64_t size, torch::Tensor xys, torch::Tensor conics, torch::Tensor colors,
    torch::Tensor opacities, torch::Tensor covariances, torch::Tensor depths,
    torch::Tensor gradient) {{
  auto background = torch::zeros({{3}});
  auto seen = rasterize_forward_tensor_cpu(
      size, size, xys, conics, colors, opacities, background, covariances, depths);
  auto lists = std::get<2>(seen);
  auto found = rasterize_backward_tensor_cpu(
      size, size, xys, conics, colors, opacities, background, covariances, depths,
      std::get<1>(seen), lists, gradient, torch::zeros({{size, size, 1}}));
  delete[] lists;
  return {{std::get<0>(seen), std::get<0>(found), std::get<1>(found), std::get<2>(found),
          std::get<3>(found)}};
}}
PYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {{ m.def("both", &both); }}
"""


def opensplat() -> Peer:
    """OpenSplat's rasteriser: ``peer(splats, size, gradient)`` gives picture and gradients.

    Its pixels have their centres at whole numbers: means are moved by half a pixel for it.
    Raises: OSError or RuntimeError when it cannot be fetched or built.
    """
    place = FOLDER / "OpenSplat"
    if not (place / SOURCE).is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        command = ["git", "clone", "--quiet", "--depth", "1", OPENSPLAT, str(place)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        if done.returncode:
            raise OSError(done.stderr.strip().splitlines()[-1])
    from torch.utils.cpp_extension import load_inline

    built = load_inline(
        "opensplat_release",
        BINDING.format(source=place / SOURCE),
        extra_cflags=["-O3", "-DNDEBUG"],
    )

    def both(splats, size: int, gradient: Tensor) -> tuple[Tensor, list[Tensor]]:
        means, conics, depths, opacities, colours = (
            x.detach().float().contiguous() for x in splats.tensors()
        )
        a, b, c = conics.unbind(-1)
        determinant = a * c - b * b
        covariances = torch.stack([c, -b, -b, a], -1).unflatten(-1, (2, 2))
        covariances = (covariances / determinant[:, None, None]).contiguous()
        image, *found = built.both(
            size, means - 0.5, conics, colours, opacities, covariances, depths, gradient
        )
        return image, found

    return both


def gsplat_reference() -> Peer:
    """gsplat's torch reference, given which splat touches which pixel as its CUDA code would.

    Two functions that it takes from nerfacc exist for CUDA only; they are stood in for by the
    same sums in plain torch. Raises: OSError or ImportError when it cannot be fetched.
    """
    if not (FOLDER / "gsplat").is_dir():
        _fetch("gsplat")
    stand_in = ModuleType("nerfacc")
    stand_in.render_weight_from_alpha = _weights_by_ray
    stand_in.accumulate_along_rays = _sum_by_ray
    sys.modules["nerfacc"] = stand_in
    sys.path.append(str(FOLDER))
    from gsplat.cuda._torch_impl import accumulate

    return lambda *arguments: _accumulate(accumulate, *arguments)


def _weights_by_ray(alphas: Tensor, ray_indices: Tensor, n_rays: int) -> tuple[Tensor, Tensor]:
    logs = torch.log1p(-alphas)
    before = logs.cumsum(0) - logs
    first = torch.searchsorted(ray_indices, ray_indices)
    through = torch.exp(before - before[first])
    return alphas * through, through


def _sum_by_ray(weights: Tensor, values: Tensor | None, ray_indices: Tensor, n_rays: int) -> Tensor:
    terms = weights[:, None] if values is None else weights[:, None] * values
    return terms.new_zeros(n_rays, terms.shape[1]).index_add(0, ray_indices, terms)


def _fetch(name: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(FOLDER)]
    done = subprocess.run([*command, name], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise OSError(done.stderr.strip().splitlines()[-1])
    for wheel in FOLDER.glob(f"{name}-*.whl"):
        zipfile.ZipFile(wheel).extractall(FOLDER)


def touched_pixels(splats, size: int) -> tuple[Tensor, Tensor]:
    """Splat and pixel of every pair with alpha of at least 1/255, pixel by pixel, near to far."""
    from course_utils.vision3d.splats.projection import ALPHA_MIN, half_extents

    means, conics, depths, opacities, _ = (x.detach() for x in splats.tensors())
    half = half_extents(conics, opacities)
    low = (means - half - 0.5).ceil().clamp(0, size).long()
    span = ((means + half - 0.5).floor() + 1).clamp(0, size).long() - low
    span = span.clamp_min(0)
    order = torch.argsort(depths, stable=True)
    counts = span.prod(1)[order]
    splat = torch.repeat_interleave(order, counts)
    within = torch.arange(len(splat)) - torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    x = low[splat, 0] + within % span[splat, 0]
    y = low[splat, 1] + within // span[splat, 0]
    d = torch.stack([x, y], -1) + 0.5 - means[splat]
    a, b, c = conics[splat].unbind(-1)
    power = 0.5 * (a * d[:, 0] ** 2 + c * d[:, 1] ** 2) + b * d[:, 0] * d[:, 1]
    kept = opacities[splat] * torch.exp(-power) >= ALPHA_MIN
    pixel, order = torch.sort((y * size + x)[kept], stable=True)
    return splat[kept][order], pixel


def _accumulate(accumulate, splats, size, gradient, pairs) -> tuple[Tensor, list[Tensor]]:
    leaves = [x.detach().float().requires_grad_() for x in splats.tensors()]
    means, conics, _, opacities, colours = (x[None] for x in leaves)
    splat, pixel = pairs
    image, _ = accumulate(
        *(means, conics, opacities, colours, splat, pixel, torch.zeros_like(splat), size, size)
    )
    image[0].backward(gradient)
    return image[0].detach(), [leaves[i].grad for i in (0, 1, 4, 3)]
