"""Scenes for the tests of the renderers: ordinary ones, and what renderers stumble over."""

import torch

from course_utils.vision3d.cameras import Camera, orbit_camera
from course_utils.vision3d.splats.gaussians import Gaussians
from course_utils.vision3d.splats.projection import Splats

SIZE = (34, 42)  # not a multiple of any tile
# How far float32 renderers may be from float64. A colour is a short sum. A gradient sums the terms
# of all pixels, each a few roundings off, and these errors grow like the root of their number.
IMAGE = 2e-6
GRADIENT = 4 * 2**-23 * (SIZE[0] * SIZE[1]) ** 0.5


def camera(dtype=torch.float64, size=SIZE) -> Camera:
    return orbit_camera(0.5, 0.3, 3.0, size=size).to(dtype)


def scene(count: int = 100, seed: int = 0, degree: int = 1) -> Gaussians:
    """Gaussians all over the picture, in float32."""
    g = torch.Generator().manual_seed(seed)
    return Gaussians(
        means=0.5 * torch.randn(count, 3, generator=g),
        log_scales=-2.5 + 0.5 * torch.randn(count, 3, generator=g),
        quaternions=torch.randn(count, 4, generator=g),
        opacity_logits=2 * torch.randn(count, generator=g),
        harmonics=0.5 * torch.randn(count, (degree + 1) ** 2, 3, generator=g),
    )


def changed(**tensors) -> Gaussians:
    """The scene with every third Gaussian made special."""
    base = scene()
    names = ("means", "log_scales", "quaternions", "opacity_logits")
    fields = dict(zip(names, base.tensors()[:4], strict=True))
    for name, value in tensors.items():
        tensor = fields[name].clone()
        tensor[::3] = value if not callable(value) else value(tensor[::3])
        fields[name] = tensor
    return Gaussians(**fields, harmonics=base.harmonics)


def in_plane(means: torch.Tensor) -> torch.Tensor:
    """Beside the camera, in the plane of its pinhole and just in front of it."""
    eye = camera(torch.float32)
    side = torch.linspace(-3, 3, len(means))[:, None]
    return eye.centre + 0.21 * eye.forward + side * eye.right


SCENES = {
    "random": lambda: scene(),
    "many harmonics": lambda: scene(60, degree=3),
    "flat": lambda: changed(log_scales=torch.tensor([-2.0, -2.0, -30.0])),
    "a needle": lambda: changed(log_scales=torch.tensor([0.5, -8.0, -8.0])),
    "a point": lambda: changed(log_scales=-20.0),
    "huge": lambda: changed(log_scales=2.0, opacity_logits=-3.0),
    "far wider than the picture": lambda: changed(log_scales=torch.tensor([5.0, -3.0, -3.0])),
    "tiny": lambda: changed(log_scales=-6.0),
    "off-screen": lambda: changed(means=lambda m: m + torch.tensor([0.0, 8.0, 0.0])),
    "behind the camera": lambda: changed(means=lambda m: m + 5 * torch.tensor([0.8, 0.5, 0.3])),
    "beside the camera": lambda: changed(means=in_plane),
    "opaque": lambda: changed(opacity_logits=12.0, log_scales=-1.5),
    "invisible": lambda: changed(opacity_logits=-12.0),
    "one depth": lambda: changed(means=torch.tensor([0.05, 0.02, 0.01])),
    "long quaternions": lambda: changed(quaternions=lambda q: 1e3 * q),
    "one": lambda: scene(1),
    "none": lambda: scene(4)[:0],
}


def doubtful_pixels(splats: Splats, view: Camera) -> torch.Tensor:
    """Pixels with an alpha so near a limit (1/255 or 0.99) that rounding decides: (height, width).

    A float32 renderer may be right on either side there; computed in float64.
    """
    from course_utils.vision3d.cameras import pixel_centres
    from course_utils.vision3d.splats.splatting import gaussian_footprint

    d = pixel_centres(view).double()[:, :, None] - splats.means.double()
    alpha = splats.opacities.double() * gaussian_footprint(d, splats.conics.double())
    found = torch.zeros(alpha.shape[:2], dtype=torch.bool)
    for limit in (1 / 255, 0.99):
        found |= ((alpha / limit - 1).abs() < 3e-6).any(-1)
    return found
