"""Pinhole cameras: from a pixel to its ray, and from a point to its pixel.

This is the one camera convention of the course.

- World: right-handed, z up, lengths in world units.
- Camera axes: x right, y down, z forward (Hartley & Zisserman 2004, chapter 6; OpenCV).
- Image: u to the right, v down, in pixels. (0, 0) is the top-left *corner* of the top-left
  pixel, so pixel centres lie at half-integers and the image spans [0, width] x [0, height].
- Depth is the coordinate along the optical axis (z forward), not the length of the ray.
- ``rotation`` is world-from-camera: its columns are the camera's right, down and forward
  axes in world coordinates. A point moves by x_world = rotation @ x_camera + centre.

Every tensor of a ``Camera`` may have leading batch axes. Functions that take points or
pixels expect one axis for them after the batch axes: ``(*batch, points, 3)``, or
``(points, 3)`` to use the same points with every camera of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

Number = int | float | Tensor


@dataclass(frozen=True)
class Camera:
    """A pinhole camera with square pixels, or a batch of them with one image size.

    focal: focal length in pixels, shape (*batch). width, height: image size in pixels.
    rotation: world-from-camera, (*batch, 3, 3). centre: the pinhole in world units,
    (*batch, 3). principal: where the optical axis meets the image, in pixels, (*batch, 2);
    the middle of the image unless given.

    Raises: ValueError if shapes disagree or the image is empty.
    """

    focal: Float[Tensor, "*batch"]
    width: int
    height: int
    rotation: Float[Tensor, "*batch 3 3"]
    centre: Float[Tensor, "*batch 3"]
    principal: Float[Tensor, "*batch 2"] | None = None

    def __post_init__(self):
        if self.width < 1 or self.height < 1:
            raise ValueError(f"an image needs at least one pixel, got {self.width} x {self.height}")
        batch = self.focal.shape
        if self.rotation.shape != (*batch, 3, 3) or self.centre.shape != (*batch, 3):
            raise ValueError(
                f"focal {tuple(batch)}, rotation {tuple(self.rotation.shape)} and centre "
                f"{tuple(self.centre.shape)} must be (*batch), (*batch, 3, 3), (*batch, 3)"
            )
        if self.principal is None:
            middle = self.centre.new_tensor([self.width / 2, self.height / 2])
            object.__setattr__(self, "principal", middle.expand(*batch, 2))
        elif self.principal.shape != (*batch, 2):
            raise ValueError(f"principal must be (*batch, 2), got {tuple(self.principal.shape)}")

    @property
    def batch_shape(self) -> torch.Size:
        """The leading axes: () for one camera, (n,) for n cameras."""
        return self.focal.shape

    @property
    def right(self) -> Float[Tensor, "*batch 3"]:
        """Unit vector along growing u, in world coordinates."""
        return self.rotation[..., 0]

    @property
    def down(self) -> Float[Tensor, "*batch 3"]:
        """Unit vector along growing v, in world coordinates."""
        return self.rotation[..., 1]

    @property
    def forward(self) -> Float[Tensor, "*batch 3"]:
        """Unit vector along the optical axis, in world coordinates."""
        return self.rotation[..., 2]

    @property
    def intrinsics(self) -> Float[Tensor, "*batch 3 3"]:
        """The matrix K = [[f, 0, u0], [0, f, v0], [0, 0, 1]] (Hartley & Zisserman, eq. 6.4)."""
        one, zero = torch.ones_like(self.focal), torch.zeros_like(self.focal)
        u0, v0 = self.principal.unbind(-1)
        rows = [self.focal, zero, u0, zero, self.focal, v0, zero, zero, one]
        return torch.stack(rows, -1).unflatten(-1, (3, 3))

    @property
    def world_to_camera(self) -> Float[Tensor, "*batch 3 4"]:
        """The extrinsic matrix [R | t] with R = rotation^T and t = -R @ centre."""
        inverse = self.rotation.transpose(-1, -2)
        return torch.cat([inverse, -inverse @ self.centre[..., None]], -1)

    def __len__(self) -> int:
        if not self.batch_shape:
            raise TypeError("one camera without a batch axis has no length")
        return self.batch_shape[0]

    def __getitem__(self, index) -> Camera:
        if not self.batch_shape:
            raise TypeError("one camera without a batch axis cannot be indexed")
        return self._map(lambda x: x[index])

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def to(self, *args, **kwargs) -> Camera:
        """The same camera on another device or in another floating dtype."""
        return self._map(lambda x: x.to(*args, **kwargs))

    def _map(self, change) -> Camera:
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{k: change(v) for k, v in tensors.items() if isinstance(v, Tensor)})


def focal_from_field_of_view(field_of_view: Number, height: int) -> Number:
    """Focal length in pixels, f = (height / 2) / tan(angle / 2).

    field_of_view: full angle across the image's height, in radians, between 0 and pi.

    Raises: ValueError if the angle is outside (0, pi).
    """
    angle = torch.as_tensor(field_of_view)
    if not bool(((angle > 0) & (angle < math.pi)).all()):
        raise ValueError("the field of view must lie between 0 and pi radians")
    tan = torch.tan(angle / 2) if isinstance(field_of_view, Tensor) else math.tan(field_of_view / 2)
    return height / 2 / tan


def _image_size(size: int | tuple[int, int]) -> tuple[int, int]:
    height, width = (size, size) if isinstance(size, int) else size
    return int(height), int(width)


def look_at(
    eye: Float[Tensor, "*#batch 3"] | Sequence[int | float],
    target: Float[Tensor, "*#batch 3"] | Sequence[int | float],
    *,
    field_of_view: Number = 0.7,
    size: int | tuple[int, int] = 128,
    up: Float[Tensor, "3"] | Sequence[int | float] = (0.0, 0.0, 1.0),
) -> Camera:
    """The camera at ``eye`` whose optical axis passes through ``target``, with ``up`` upright.

    forward = (target - eye) / |target - eye|, right = forward x up, down = forward x right.
    eye, target: world units. field_of_view: radians across the height. size: pixels, one
    number for a square or (height, width).

    Raises: ValueError if eye and target coincide, or the view direction is parallel to up.
    """
    dtype = next((x.dtype for x in (eye, target) if isinstance(x, Tensor)), None)
    eye = torch.as_tensor(eye, dtype=dtype or torch.get_default_dtype())
    target = torch.as_tensor(target, dtype=eye.dtype, device=eye.device)
    eye, target = torch.broadcast_tensors(eye, target)
    up = torch.as_tensor(up, dtype=eye.dtype, device=eye.device).expand_as(eye)
    if bool(((target - eye).norm(dim=-1) == 0).any()):
        raise ValueError("eye and target are the same point: there is no direction to look in")
    forward = normalize(target - eye, dim=-1, eps=0)
    right = torch.linalg.cross(forward, up)
    if bool((right.norm(dim=-1) < 1e-6 * up.norm(dim=-1)).any()):
        raise ValueError("the view direction is parallel to up; choose another up")
    right = normalize(right, dim=-1, eps=0)
    rotation = torch.stack([right, torch.linalg.cross(forward, right), forward], -1)
    return _posed(eye, rotation, field_of_view, size)


def orbit_camera(
    azimuth: Number,
    elevation: Number,
    distance: Number,
    target: Float[Tensor, "*batch 3"] | Sequence[int | float] = (0.0, 0.0, 0.0),
    field_of_view: Number = 0.7,
    size: int | tuple[int, int] = 128,
) -> Camera:
    """The camera on a sphere around ``target``, looking at its middle.

    eye = target + distance (cos a cos e, sin a cos e, sin e), with azimuth a from the world's
    x axis towards y and elevation e above the horizon, both in radians; unlike ``look_at``
    it is defined at the poles too. distance in world units; the rest as in ``look_at``.

    Raises: ValueError if the distance is not positive or the field of view is impossible.
    """
    given = [x for x in (azimuth, elevation, distance, target) if isinstance(x, Tensor)]
    like = given[0] if given else torch.zeros(())
    a, e, d = (torch.as_tensor(x).to(like) for x in (azimuth, elevation, distance))
    a, e, d = torch.broadcast_tensors(a, e, d)
    if not bool((d > 0).all()):
        raise ValueError("the distance to the target must be positive")
    zero = torch.zeros_like(a)
    outward = torch.stack([a.cos() * e.cos(), a.sin() * e.cos(), e.sin()], -1)
    right = torch.stack([-a.sin(), a.cos(), zero], -1)
    down = torch.linalg.cross(-outward, right)
    rotation = torch.stack([right, down, -outward], -1)
    target = torch.as_tensor(target, dtype=a.dtype, device=a.device)
    eye = target + d[..., None] * outward
    return _posed(eye, rotation.expand(*eye.shape, 3), field_of_view, size)


def _posed(eye: Tensor, rotation: Tensor, field_of_view: Number, size) -> Camera:
    height, width = _image_size(size)
    focal = torch.as_tensor(focal_from_field_of_view(field_of_view, height))
    focal = focal.to(eye).expand(eye.shape[:-1])
    return Camera(focal, width, height, rotation, eye)


def resize_camera(camera: Camera, height: int) -> Camera:
    """The same view at another resolution: focal, principal point and width scale together.

    Raises: ValueError if the new width would not be a whole number of pixels.
    """
    scale = height / camera.height
    width = round(camera.width * scale)
    if height < 1 or abs(width - camera.width * scale) > 1e-9 * width:
        raise ValueError(f"{camera.width} x {camera.height} has no exact copy {height} pixels high")
    return replace(
        camera,
        focal=camera.focal * scale,
        principal=camera.principal * scale,
        width=width,
        height=height,
    )


def crop_camera(camera: Camera, left: int, top: int, width: int, height: int) -> Camera:
    """The camera that sees only the pixels [left, left + width) x [top, top + height).

    Only the principal point moves. The crop may reach beyond the image.
    """
    corner = camera.principal.new_tensor([left, top])
    return replace(camera, principal=camera.principal - corner, width=width, height=height)


def pixel_centres(camera: Camera) -> Float[Tensor, "height width 2"]:
    """The (u, v) of every pixel's centre, in pixels: (0.5, 0.5) is the top-left one."""
    like = {"dtype": camera.centre.dtype, "device": camera.centre.device}
    v = torch.arange(camera.height, **like) + 0.5
    u = torch.arange(camera.width, **like) + 0.5
    v, u = torch.meshgrid(v, u, indexing="ij")
    return torch.stack([u, v], -1)


def _last_axis(x: Tensor, size: int, what: str) -> None:
    if x.ndim < 1 or x.shape[-1] != size:
        raise ValueError(f"{what} must have a last axis of {size}, got {tuple(x.shape)}")


def pixels_to_rays(
    camera: Camera, uv: Float[Tensor, "*pixels 2"]
) -> tuple[Float[Tensor, "*rays 3"], Float[Tensor, "*rays 3"]]:
    """Origins and unit directions of the rays through pixels: d ~ R ((u-u0)/f, (v-v0)/f, 1).

    uv: (*batch, points, 2) or (points, 2), in pixels. Both results are in world coordinates.

    Raises: ValueError if the last axis of uv is not 2.
    """
    directions = normalize(_directions(camera, uv), dim=-1, eps=0)
    origins = camera.centre[..., None, :].expand_as(directions)
    return origins, directions


def _directions(camera: Camera, uv: Tensor) -> Float[Tensor, "*rays 3"]:
    """World directions with one unit of depth per unit of length along the axis."""
    _last_axis(uv, 2, "pixels")
    offset = (uv - camera.principal[..., None, :]) / camera.focal[..., None, None]
    local = torch.cat([offset, torch.ones_like(offset[..., :1])], -1)
    return local @ camera.rotation.transpose(-1, -2)


def project_points(
    camera: Camera, points: Float[Tensor, "*points 3"]
) -> tuple[Float[Tensor, "*pixels 2"], Float[Tensor, "*pixels"]]:
    """Pixels and depths of world points: (x, y, z) = R^T (X - C), u = f x/z + u0, v = f y/z + v0.

    points: (*batch, points, 3) or (points, 3), world units. A point is in front of the
    camera where its depth is positive; elsewhere its pixel means nothing.

    Raises: ValueError if the last axis of points is not 3.
    """
    _last_axis(points, 3, "points")
    local = (points - camera.centre[..., None, :]) @ camera.rotation
    depth = local[..., 2]
    offset = local[..., :2] / depth[..., None]
    return camera.focal[..., None, None] * offset + camera.principal[..., None, :], depth


def unproject(
    camera: Camera, uv: Float[Tensor, "*#pixels 2"], depth: Float[Tensor, "*#pixels"]
) -> Float[Tensor, "*points 3"]:
    """World points at given pixels and depths: X = C + depth R ((u-u0)/f, (v-v0)/f, 1).

    The inverse of ``project_points``. Shapes as there; depth in world units.

    Raises: ValueError if the last axis of uv is not 2.
    """
    return camera.centre[..., None, :] + depth[..., None] * _directions(camera, uv)


def depth_from_distance(
    camera: Camera, directions: Float[Tensor, "*rays 3"], distance: Float[Tensor, "*rays"]
) -> Float[Tensor, "*rays"]:
    """Depth of points at a distance along unit rays: depth = distance (direction . forward)."""
    return distance * (directions @ camera.forward[..., None])[..., 0]


def in_image(
    camera: Camera,
    uv: Float[Tensor, "*pixels 2"],
    depth: Float[Tensor, "*pixels"],
) -> Bool[Tensor, "*pixels"]:
    """Whether projected points lie in front of the camera and inside its image."""
    u, v = uv.unbind(-1)
    inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    return inside & (depth > 0)
