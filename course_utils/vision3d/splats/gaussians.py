"""A scene made of 3D Gaussians: where each is, its shape, how opaque it is, and its colour.

3D Gaussian Splatting (Kerbl et al. 2023): the density of a Gaussian with mean m and covariance S
falls as exp(-1/2 (x - m)^T S^-1 (x - m)). A covariance must stay positive definite while gradient
descent moves it, so what is stored is an ellipsoid: the lengths of its axes (as logarithms) and
a quaternion that turns them, S = R diag(s)^2 R^T (eq. 6). Opacities are stored as logits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from course_utils.vision3d.fields.harmonics import degree_of, harmonics_from_colours


@dataclass(frozen=True)
class Gaussians:
    """The parameters of n Gaussians; every tensor may require a gradient.

    means: world units. log_scales: natural logarithms of the standard deviations along the
    Gaussian's own axes, in world units. quaternions: (w, x, y, z) of any length but zero; they
    turn the Gaussian's axes into the world's. opacity_logits: the opacity is their sigmoid.
    harmonics: spherical-harmonics coefficients of the colour, see ``fields.harmonics``.

    Raises: ValueError if the shapes do not fit.
    """

    means: Float[Tensor, "gaussians 3"]
    log_scales: Float[Tensor, "gaussians 3"]
    quaternions: Float[Tensor, "gaussians 4"]
    opacity_logits: Float[Tensor, "gaussians"]
    harmonics: Float[Tensor, "gaussians basis 3"]

    def __post_init__(self):
        n = len(self.means)
        shapes = [tuple(x.shape) for x in self.tensors()]
        if shapes[:4] != [(n, 3), (n, 3), (n, 4), (n,)] or shapes[4] != (n, shapes[4][1], 3):
            raise ValueError(f"these shapes do not make {n} Gaussians: {shapes}")

    @property
    def scales(self) -> Float[Tensor, "gaussians 3"]:
        """Standard deviations along the Gaussian's own axes, in world units."""
        return self.log_scales.exp()

    @property
    def opacities(self) -> Float[Tensor, "gaussians"]:
        """Largest alpha of each Gaussian, between 0 and 1."""
        return self.opacity_logits.sigmoid()

    @property
    def degree(self) -> int:
        """Degree of the spherical harmonics, 0 to 3."""
        return degree_of(self.harmonics)

    @property
    def bytes_stored(self) -> int:
        """Bytes of all parameters together, as they are in memory."""
        return sum(x.numel() * x.element_size() for x in self.tensors())

    def tensors(self) -> tuple[Tensor, ...]:
        """The five tensors, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    def map(self, change: Callable[[Tensor], Tensor]) -> Gaussians:
        """The same Gaussians with ``change`` applied to every tensor."""
        return Gaussians(*(change(x) for x in self.tensors()))

    def to(self, *args, **kwargs) -> Gaussians:
        """The same Gaussians on another device or in another floating dtype."""
        return self.map(lambda x: x.to(*args, **kwargs))

    def __len__(self) -> int:
        return len(self.means)

    def __getitem__(self, index) -> Gaussians:
        return self.map(lambda x: x[index])


def join_gaussians(parts: list[Gaussians]) -> Gaussians:
    """One scene from several, one after the other.

    Raises: ValueError if there is none.
    """
    if not parts:
        raise ValueError("join_gaussians needs at least one set of Gaussians")
    columns = zip(*(part.tensors() for part in parts), strict=True)
    return Gaussians(*(torch.cat(column) for column in columns))


def gaussians_from_points(
    points: Float[Tensor, "gaussians 3"],
    colours: Float[Tensor, "gaussians 3"],
    radius: int | float,
    opacity: int | float = 0.1,
    degree: int = 0,
) -> Gaussians:
    """Round Gaussians of one size at the given points: what a fit starts from.

    points: world units. colours: in [0, 1]. radius: standard deviation, world units.

    Raises: ValueError if the radius is not positive or the opacity not inside (0, 1).
    """
    if not radius > 0 or not 0 < opacity < 1:
        raise ValueError(f"need radius > 0 and 0 < opacity < 1, got {radius} and {opacity}")
    n = len(points)
    upright = points.new_tensor([1.0, 0.0, 0.0, 0.0]).repeat(n, 1)
    return Gaussians(
        means=points.clone(),
        log_scales=points.new_full((n, 3), math.log(radius)),
        quaternions=upright,
        opacity_logits=points.new_full((n,), math.log(opacity / (1 - opacity))),
        harmonics=harmonics_from_colours(colours, degree),
    )


def rotation_from_quaternion(
    quaternions: Float[Tensor, "*gaussians 4"],
) -> Float[Tensor, "*gaussians 3 3"]:
    """Rotation matrices of quaternions (w, x, y, z), which need not have length one.

    Shoemake 1985. Columns are the turned axes.
    """
    w, x, y, z = normalize(quaternions, dim=-1).unbind(-1)
    rows = [
        *(1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        *(2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        *(2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    ]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def covariance_3d(
    scales: Float[Tensor, "*gaussians 3"], quaternions: Float[Tensor, "*gaussians 4"]
) -> Float[Tensor, "*gaussians 3 3"]:
    """Covariance of each Gaussian, S = R diag(s)^2 R^T (Kerbl et al. 2023, eq. 6).

    scales: standard deviations along the own axes, world units. quaternions: (w, x, y, z).
    The result is in world axes, squared world units.
    """
    half = rotation_from_quaternion(quaternions) * scales[..., None, :]
    return half @ half.transpose(-1, -2)
