"""From a Gaussian in space to its ellipse on the picture.

Perspective does not map Gaussians to Gaussians, so it is replaced by its linear part at each mean
(EWA splatting: Zwicker et al. 2001, section 4.2; Kerbl et al. 2023, eq. 5): with W the rotation
into camera axes and J the Jacobian of the projection, S_2D = J W S W^T J^T.

A Gaussian thinner than a pixel would fall between the pixel centres. So every picture of a
Gaussian is blurred by ``BLUR`` pixels squared, the low-pass filter of EWA splatting.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.fields.harmonics import colours_from_harmonics
from course_utils.vision3d.splats.gaussians import Gaussians, covariance_3d

BLUR = 0.3  # squared pixels, added to both variances
NEAR = 0.2  # world units; Gaussians whose mean is nearer, or behind, are not drawn
MARGIN = 0.15  # share of the picture; J is taken no farther outside than this
ALPHA_MIN = 1 / 255  # a smaller alpha would not change an 8-bit picture, and counts as zero
ALPHA_MAX = 0.99  # nothing is quite opaque, so that what lies behind keeps a gradient


@dataclass(frozen=True)
class Splats:
    """Gaussians as one camera sees them.

    means: pixels, (u, v). conics: the inverse covariance [[a, b], [b, c]] as (a, b, c), per
    squared pixel. depths: along the optical axis, world units. opacities: zero for what is
    not drawn. colours: linear weights of the three channels.
    """

    means: Float[Tensor, "gaussians 2"]
    conics: Float[Tensor, "gaussians 3"]
    depths: Float[Tensor, "gaussians"]
    opacities: Float[Tensor, "gaussians"]
    colours: Float[Tensor, "gaussians 3"]

    def tensors(self) -> tuple[Tensor, ...]:
        """The five tensors, in the order of the fields."""
        return self.means, self.conics, self.depths, self.opacities, self.colours

    def __len__(self) -> int:
        return len(self.means)


def perspective_jacobian(
    camera: Camera, local: Float[Tensor, "gaussians 3"]
) -> Float[Tensor, "gaussians 2 3"]:
    """Jacobian of (x, y, z) -> (f x/z, f y/z): J = [[f/z, 0, -f x/z^2], [0, f/z, -f y/z^2]].

    Zwicker et al. 2001, eq. 29. local: in camera axes, world units, with z > 0. Far outside the
    picture x/z and y/z are held at its border plus ``MARGIN``, else a Gaussian beside the camera
    would smear over the whole picture (Kerbl et al. 2023, their code). Pixels per world unit.
    """
    x, y, z = local.unbind(-1)
    size = camera.principal.new_tensor([camera.width, camera.height])
    low = (-camera.principal - MARGIN * size) / camera.focal
    high = (size - camera.principal + MARGIN * size) / camera.focal
    across = torch.minimum(torch.maximum(x / z, low[0]), high[0])
    along = torch.minimum(torch.maximum(y / z, low[1]), high[1])
    scale, zero = camera.focal / z, torch.zeros_like(z)
    rows = [scale, zero, -scale * across, zero, scale, -scale * along]
    return torch.stack(rows, -1).unflatten(-1, (2, 3))


def project_covariance(
    camera: Camera,
    means: Float[Tensor, "gaussians 3"],
    covariances: Float[Tensor, "gaussians 3 3"],
) -> Float[Tensor, "gaussians 2 2"]:
    """Covariance on the picture, J W S W^T J^T (Kerbl et al. 2023, eq. 5), without the blur.

    means, covariances: world axes. The means must lie in front of the camera. The result is in
    squared pixels, axes (u, v).
    """
    local = (means - camera.centre) @ camera.rotation
    project = perspective_jacobian(camera, local) @ camera.rotation.transpose(-1, -2)
    return project @ covariances @ project.transpose(-1, -2)


def conic_from_covariance(
    covariances: Float[Tensor, "gaussians 2 2"],
) -> Float[Tensor, "gaussians 3"]:
    """Inverse of the blurred covariance, (a, b, c) of [[a, b], [b, c]], per squared pixel.

    Zwicker et al. 2001, section 4.3. The determinant of what is inverted is at least
    blur (v11 + v22 - blur), which is used as a bound when rounding has left less.
    """
    v11, v12, v22 = covariances[:, 0, 0] + BLUR, covariances[:, 0, 1], covariances[:, 1, 1] + BLUR
    determinant = torch.maximum(v11 * v22 - v12 * v12, BLUR * (v11 + v22 - BLUR))
    return torch.stack([v22, -v12, v11], -1) / determinant[:, None]


def project_gaussians(gaussians: Gaussians, camera: Camera) -> Splats:
    """Every Gaussian as ``camera`` sees it, differentiable; the steps of this module in a row.

    Kerbl et al. 2023, section 4. Gaussians nearer than ``NEAR`` or behind get opacity zero.

    Raises: ValueError if the camera is a batch of cameras.
    """
    check_camera(camera)
    local = (gaussians.means - camera.centre) @ camera.rotation
    drawn = local[:, 2] >= NEAR
    # What is not drawn is moved in front, so that no division by zero reaches the gradients.
    means = torch.where(drawn[:, None], gaussians.means, camera.centre + camera.forward)
    local = torch.where(drawn[:, None], local, local.new_tensor([0.0, 0.0, 1.0]))
    covariances = covariance_3d(gaussians.scales, gaussians.quaternions)
    return Splats(
        means=camera.focal * local[:, :2] / local[:, 2:] + camera.principal,
        conics=conic_from_covariance(project_covariance(camera, means, covariances)),
        depths=local[:, 2],
        opacities=torch.where(drawn, gaussians.opacities, 0.0),
        colours=colours_from_harmonics(gaussians.harmonics, gaussians.means, camera.centre),
    )


def check_camera(camera: Camera) -> None:
    """Splats are made for one camera at a time. Raises: ValueError for a batch of cameras."""
    if camera.batch_shape:
        raise ValueError(
            f"one camera at a time: got a batch of {tuple(camera.batch_shape)}; index it first"
        )


def half_extents(
    conics: Float[Tensor, "gaussians 3"], opacities: Float[Tensor, "gaussians"]
) -> Float[Tensor, "gaussians 2"]:
    """Half width and height, in pixels, of the box in which a splat's alpha reaches 1/255.

    The ellipse q(d) = a du^2 + 2 b du dv + c dv^2 <= 2 ln(255 opacity) has these tangents:
    du = sqrt(2 ln(255 opacity) c / (a c - b^2)), and a in place of c for dv. Zero for what
    never reaches it.
    """
    a, b, c = conics.unbind(-1)
    level = 2 * torch.log((opacities / ALPHA_MIN).clamp_min(1))
    variances = torch.stack([c, a], -1) / (a * c - b * b)[:, None]
    return (level[:, None] * variances).sqrt()
