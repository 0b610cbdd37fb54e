"""The Triton kernels: in Triton's interpreter on a CPU, and on a GPU where there is one."""

import importlib.util
import os
import subprocess
import sys

import pytest
import torch

from course_utils.vision3d.splats.projection import project_gaussians
from course_utils.vision3d.splats.rasterize.triton_tiles import rasterise_triton
from course_utils.vision3d.splats.splatting import rasterise_dense
from tests.sources import ROOT
from tests.vision3d.splats.splat_scenes import (
    GRADIENT,
    IMAGE,
    SCENES,
    camera,
    doubtful_pixels,
)

NAMES = ("random", "a needle", "huge", "tiny", "off-screen", "behind the camera", "opaque", "none")
INSTALLED = importlib.util.find_spec("triton") is not None


def seen_and_gradients(rasterise, gaussians, view, weight):
    leaves = gaussians.map(lambda x: x.clone().requires_grad_())
    colour, transmittance = rasterise(project_gaussians(leaves, view), view)
    seen = torch.cat([colour, transmittance[None]])
    (seen * weight.to(seen)).sum().backward()
    return seen.detach().cpu(), [x.grad.cpu() for x in leaves.tensors()]


def largest_errors(name: str, device: str) -> tuple[float, float]:
    """Of the picture, and of the gradients relative to the largest, against dense float64."""
    gaussians, view = SCENES[name]()[:40].map(lambda x: x.double()), camera()
    doubtful = doubtful_pixels(project_gaussians(gaussians, view), view)
    generator = torch.Generator().manual_seed(1)
    weight = torch.randn(4, view.height, view.width, generator=generator) * ~doubtful
    expected = seen_and_gradients(rasterise_dense, gaussians, view, weight)

    def rasterise(splats, view):
        return rasterise_triton(splats, view, early_stop=0.0)

    found = seen_and_gradients(rasterise, gaussians.to(device), view.to(device), weight)
    image = ((found[0] - expected[0]).abs() * ~doubtful).max().item()
    gradient = 0.0
    for got, want in zip(found[1], expected[1], strict=True):
        if want.numel():
            scale = max(1.0, want.abs().max().item())
            gradient = max(gradient, (got - want).abs().max().item() / scale)
    return image, gradient


@pytest.mark.slow
@pytest.mark.skipif(not INSTALLED, reason="Triton is not installed: there is none for this system")
def test_the_kernels_in_tritons_interpreter():
    """In a process of its own: the interpreter must be chosen before Triton is imported."""
    code = "from tests.vision3d.splats.rasterize.test_triton_tiles import check; check('cpu')"
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("image") == len(NAMES)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_the_kernels_on_a_gpu():
    check("cuda")


def check(device: str) -> None:
    for name in NAMES:
        image, gradient = largest_errors(name, device)
        print(f"{name}: image {image:.1e}, gradients {gradient:.1e}")
        assert image < IMAGE and gradient < GRADIENT, name
