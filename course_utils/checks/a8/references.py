"""The lesson's own functions, put together in the pieces that the assignment asks for."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.fields.compositing import (
    composite,
    transmittance_behind,
    weights_from_alpha,
)
from course_utils.vision3d.splats.densify import ScreenPull, densify_mask
from course_utils.vision3d.splats.projection import BLUR, project_covariance
from course_utils.vision3d.splats.splatting import (
    alpha_from_footprint,
    front_to_back,
    gaussian_footprint,
)

WIDE = 10**6  # pixels: a picture so wide that the Jacobian is never held at its border


def projected_covariance(
    means: Float[Tensor, "gaussians 3"],
    covariances: Float[Tensor, "gaussians 3 3"],
    rotation: Float[Tensor, "3 3"],
    centre: Float[Tensor, "3"],
    focal: float | int,
) -> Float[Tensor, "gaussians 2 2"]:
    """J W S W^T J^T plus the low-pass (Kerbl et al. 2023, eq. 5), in squared pixels.

    rotation: world-from-camera. means: world units, in front of the camera.
    """
    camera = Camera(means.new_tensor(focal), WIDE, WIDE, rotation, centre)
    blur = BLUR * torch.eye(2, dtype=means.dtype, device=means.device)
    return project_covariance(camera, means, covariances) + blur


def footprints_on_picture(
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
    alpha = alpha_from_footprint(gaussian_footprint(offsets, conics), opacities)
    return alpha.movedim(-1, 0)


def picture_from_alpha(
    alpha: Float[Tensor, "gaussians height width"],
    depths: Float[Tensor, "gaussians"],
    colours: Float[Tensor, "gaussians 3"],
    background: Float[Tensor, "3"],
) -> Float[Tensor, "3 height width"]:
    """The picture of Gaussians listed in any order (Kerbl et al. 2023, eq. 3)."""
    order = front_to_back(depths)
    ordered = alpha[order].movedim(0, -1)
    seen = composite(weights_from_alpha(ordered), colours[order])
    seen = seen + transmittance_behind(ordered)[..., None] * background
    return seen.movedim(-1, 0)


def densify_from_gradients(
    gradients: Float[Tensor, "steps gaussians 2"],
    scales: Float[Tensor, "gaussians 3"],
    pull_limit: float,
    size_limit: float,
) -> tuple[Bool[Tensor, "gaussians"], Bool[Tensor, "gaussians"]]:
    """Which Gaussians to clone and which to split (Kerbl et al. 2023, section 5.2).

    gradients: of the loss by the place on the picture, zero where a Gaussian was not seen.
    """
    pull = ScreenPull.zeros(len(scales))
    for gradient in gradients:
        pull.add(gradient, height=2)  # at this height the pull is the bare length
    return densify_mask(pull.mean(), scales, pull_limit, size_limit)
