"""The toy world's building blocks: ellipsoids, prisms and frusta, in closed form.

All three are convex and centred at their own origin, with half sizes (x, y, z):

- ellipsoid: (px/x)^2 + (py/y)^2 + (pz/z)^2 <= 1
- prism: |py| <= y, |pz| <= z, |px| <= w(pz), an upright trapezoid drawn out along y
- frustum: px^2 + py^2 <= w(pz)^2, |pz| <= z, a trapezoid turned about z (needs x = y)

where w goes linearly from x at the bottom (pz = -z) to taper * x at the top. So a prism
with taper 1 is a box and with taper 0 a wedge; a frustum is a cylinder or a cone.
A ``Parts`` holds any number of them, with any leading axes, placed by a rotation and a centre.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

EMPTY, ELLIPSOID, PRISM, FRUSTUM = -1, 0, 1, 2


@dataclass(frozen=True)
class Parts:
    """Placed primitives; every field has the same leading axes (*parts).

    shape: EMPTY, ELLIPSOID, PRISM or FRUSTUM. label: index into ``kinds.PART_NAMES``.
    rotation: columns are the part's axes in the frame it is placed in. colour: sRGB in
    [0, 1]. gloss: strength of the clear coat in [0, 1]. glow: light given off, in units of
    its own colour.
    """

    shape: Int[Tensor, "*parts"]
    label: Int[Tensor, "*parts"]
    centre: Float[Tensor, "*parts 3"]
    rotation: Float[Tensor, "*parts 3 3"]
    size: Float[Tensor, "*parts 3"]
    taper: Float[Tensor, "*parts"]
    colour: Float[Tensor, "*parts 3"]
    gloss: Float[Tensor, "*parts"]
    glow: Float[Tensor, "*parts"]

    def map(self, change: Callable[[Tensor], Tensor]) -> Parts:
        """The same parts with ``change`` applied to every tensor."""
        return Parts(**{f.name: change(getattr(self, f.name)) for f in fields(self)})

    def __getitem__(self, index) -> Parts:
        return self.map(lambda x: x[index])

    def moved(self, rotation: Tensor, centre: Tensor) -> Parts:
        """The parts carried along by a rigid motion x -> rotation @ x + centre.

        rotation: (*parts, 3, 3), centre: (*parts, 3), both broadcast.
        """
        moved = (rotation @ self.centre[..., None])[..., 0] + centre
        return replace(self, centre=moved, rotation=rotation @ self.rotation)


def to_local(parts: Parts, points: Float[Tensor, "*points 3"]) -> Float[Tensor, "*moved 3"]:
    """World points in each part's own frame: R^T (x - c). Leading axes broadcast."""
    return ((points - parts.centre)[..., None, :] @ parts.rotation)[..., 0, :]


def to_world(parts: Parts, points: Float[Tensor, "*points 3"]) -> Float[Tensor, "*moved 3"]:
    """The inverse of ``to_local``: R x + c."""
    return (parts.rotation @ points[..., None])[..., 0] + parts.centre


def half_width(size: Tensor, taper: Tensor, z: Tensor) -> Tensor:
    """w(z), the prism's half width or the frustum's radius at local height z."""
    x, half_height = size[..., 0], size[..., 2]
    return x * (0.5 * (1 + taper) + 0.5 * (taper - 1) * z / half_height)


def is_inside(
    shape: Int[Tensor, "*parts"], size: Tensor, taper: Tensor, points: Float[Tensor, "*points 3"]
) -> Bool[Tensor, "*answers"]:
    """Whether local points lie in their part (surface included). Leading axes broadcast."""
    x, y, z = points.unbind(-1)
    ellipsoid = ((points / size) ** 2).sum(-1) <= 1
    width = half_width(size, taper, z)
    slab = z.abs() <= size[..., 2]
    prism = slab & (y.abs() <= size[..., 1]) & (x.abs() <= width)
    frustum = slab & (x * x + y * y <= width * width)
    empty = torch.zeros_like(ellipsoid)
    return pick(shape, ellipsoid, prism, frustum, empty)


def pick(shape: Tensor, ellipsoid: Tensor, prism: Tensor, frustum: Tensor, empty: Tensor) -> Tensor:
    """For each part, the value that belongs to its shape. All arguments broadcast."""
    solid = torch.where(shape == PRISM, prism, torch.where(shape == FRUSTUM, frustum, ellipsoid))
    return torch.where(shape == EMPTY, empty, solid)


def bounding_radius(parts: Parts) -> Float[Tensor, "*parts"]:
    """Radius of a ball about each part's centre that holds the part; 0 for an empty one."""
    x, y, z = parts.size.unbind(-1)
    ellipsoid = parts.size.amax(-1)
    wide = x * parts.taper.clamp(min=1)
    prism = torch.sqrt(wide**2 + y**2 + z**2)
    frustum = torch.sqrt(wide**2 + z**2)
    return pick(parts.shape, ellipsoid, prism, frustum, torch.zeros_like(x))


def on_surface(
    shape: Int[Tensor, "*parts"], size: Tensor, taper: Tensor, unit: Float[Tensor, "*points 3"]
) -> Float[Tensor, "*points 3"]:
    """Local surface points named by unit coordinates.

    A unit vector for an ellipsoid; a point of the cube [-1, 1]^3's surface for a prism; a
    point of the unit cylinder's surface for a frustum.
    """
    scaled = unit * size
    ratio = half_width(size, taper, scaled[..., 2]) / size[..., 0]
    prism = torch.stack([scaled[..., 0] * ratio, scaled[..., 1], scaled[..., 2]], -1)
    frustum = torch.stack([scaled[..., 0] * ratio, scaled[..., 1] * ratio, scaled[..., 2]], -1)
    return pick(shape[..., None], scaled, prism, frustum, scaled)
