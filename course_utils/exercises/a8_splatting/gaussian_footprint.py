"""What each Gaussian covers of every pixel."""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.checks.declare import Declared
from course_utils.checks.exercise import Case
from course_utils.checks.inputs import fresh, listed, normal, positive
from course_utils.checks.observe import observe_outputs
from course_utils.checks.plain import number
from course_utils.exercises.a8_splatting.gaussians import spread
from course_utils.vision3d.splats import gaussians, splatting


def gaussian_footprint(
    means: Float[Tensor, "gaussians 2"],
    covariances: Float[Tensor, "gaussians 2 2"],
    opacities: Float[Tensor, "gaussians"],
    height: int,
    width: int,
) -> Float[Tensor, "gaussians height width"]:
    """alpha of every Gaussian at every pixel's centre, held at 0.99, zero below 1/255.

    Kerbl et al. 2023, eq. 4 and appendix C. means: pixels (u, v), corners at whole numbers.
    """
    v, u = torch.meshgrid(*(torch.arange(n) + 0.5 for n in (height, width)), indexing="ij")
    offsets = torch.stack([u, v], -1)[:, :, None].to(means) - means
    a, b, c = covariances[:, 0, 0], covariances[:, 0, 1], covariances[:, 1, 1]
    conics = torch.stack([c, -b, a], -1) / (a * c - b * b)[:, None]
    footprint = splatting.gaussian_footprint(offsets, conics)
    return splatting.alpha_from_footprint(footprint, opacities).movedim(-1, 0)


_observe = observe_outputs(("means", "covariances", "opacities", "height", "width"), uneven=True)
exercise = Declared(gaussian_footprint, _observe, lesson=gaussians)


def _blobs(
    tried: str, seed: int, count: int, size: tuple[int, int], least: float, **how: Any
) -> Case:
    """Gaussians whose means lie on the picture; no standard deviation is below sqrt(least)."""
    mode, dtype = how.pop("mode", "value"), how.pop("dtype", torch.float32)
    height, width = size
    means = positive(seed, (count, 2), dtype=dtype) * torch.tensor([width, height], dtype=dtype)
    covariances = spread(seed + 1, count, 2, least, dtype)
    if how.pop("upright", False):
        covariances = covariances.diagonal(dim1=1, dim2=2).diag_embed()
    opacities = how.pop("opacity", 0.9) * (0.5 + 0.5 * positive(seed + 2, (count,), dtype=dtype))
    copies = fresh(means, covariances, opacities)
    return Case(tried, lambda: (*copies(), height, width), mode=mode)


@exercise.claim(3, "value")
def upright(seed: int) -> list[Case]:
    return [
        _blobs("2 upright Gaussians on 3 × 4 pixels", seed, 2, (3, 4), 8.0, upright=True),
        _blobs("1 upright Gaussian on 4 × 2 pixels", seed + 4, 1, (4, 2), 6.0, upright=True),
    ]


@exercise.claim(4, "value")
def slanted(seed: int) -> list[Case]:
    words, fine = "3 slanted Gaussians on 2 × 4 pixels, float64", torch.float64
    return [
        _blobs("1 slanted Gaussian on 4 × 5 pixels", seed + 8, 1, (4, 5), 7.0),
        _blobs(words, seed + 12, 3, (2, 4), 6.0, dtype=fine),
        _blobs("2 slanted Gaussians on 3 × 3 pixels", seed + 16, 2, (3, 3), 5.0),
    ]


@exercise.claim(2, fixed=True)
def peak(_: int) -> list[Case]:
    # A ball of standard deviation 2 whose mean is the centre of the first of three pixels.
    falls = [0.8 * math.exp(-0.5 * (steps / 2) ** 2) for steps in (0, 1, 2)]
    where = listed([[0.5, 0.5]], [[[4.0, 0], [0, 4]]], [0.8])
    return [
        Case(
            "standard deviation 2, opacity 0.8, on the centre of the first of 3 pixels",
            lambda: (*where(), 1, 3),
            {"value": number(*falls, shape=(1, 1, 3))},
        )
    ]


@exercise.claim(2, "value")
def opaque(seed: int) -> list[Case]:
    means, opacities = 1.5 + 0.3 * normal(seed + 20, (2, 2)), torch.tensor([1.0, 0.999])
    copies = fresh(means, spread(seed + 21, 2, 2, 5e4), opacities)
    return [Case("2 wide and quite opaque Gaussians on 3 × 3 pixels", lambda: (*copies(), 3, 3))]


@exercise.claim(2, "value")
def faint(seed: int) -> list[Case]:
    return [
        _blobs("3 small Gaussians on 5 × 4 pixels", seed + 24, 3, (5, 4), 0.4),
        _blobs("2 faint Gaussians on 3 × 5 pixels", seed + 28, 2, (3, 5), 2.0, opacity=0.02),
    ]


@exercise.claim(1, "gradient by means", "gradient by opacities")
def gradient(seed: int) -> list[Case]:
    tried = "the gradients, 2 Gaussians on 3 × 3 pixels"
    how = {"mode": "gradient", "dtype": torch.float64}
    return [_blobs(tried, seed + k, 2, (3, 3), 5.0, **how) for k in (32, 36)]


exercise.form(slanted)
