"""Training a NeRF: rays in, both losses, one step; and the picture that the networks give.

Mildenhall et al. 2020, sections 5.2 and 5.3. Two networks are trained together: a small, coarse one
that says where along a ray there is anything, and the fine one that is wanted. ``NerfFit`` keeps
them and their optimiser; the loop around it stays yours:

    run = NerfFit((coarse, fine), edges, more=16, steps=800, generator=generator)
    for record in fit(run.step, Minibatches(rays.tensors(), 512, generator), steps=800): ...
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.core.metrics import psnr
from course_utils.vision3d.cameras import Camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.fields.compositing import over_background
from course_utils.vision3d.fields.nerf import RadianceField, hierarchical_loss
from course_utils.vision3d.fields.ray_sampling import regular_edges
from course_utils.vision3d.fields.volume_rendering import Field, Rendered, render_hierarchical

WARM = 50  # steps over which the rate rises: a first, long step can drive all fog away
LAST = 0.05  # share of the rate that is left at the end
RAYS = 4096  # asked at a time when a whole picture is drawn


def edges_of_ball(
    camera: Camera, centre: Float[Tensor, "3"], radius: float | int, bins: int
) -> Float[Tensor, "edges"]:
    """Equal bins of the depth of a ball, as seen from cameras that all are equally far from it.

    Raises: ValueError if the cameras' distances differ by more than a hundredth of the radius,
    or one is inside of the ball.
    """
    far = (camera.centre - centre).norm(dim=-1)
    if float(far.max() - far.min()) > 0.01 * radius or float(far.min()) <= radius:
        raise ValueError("the cameras must be outside of the ball, all at one distance of it")
    middle = float(far.mean())
    return regular_edges(middle - radius, middle + radius, bins, far)


def render_picture(
    fields: tuple[Field, Field],
    camera: Camera,
    edges: Float[Tensor, "edges"],
    more: int,
    *,
    generator: torch.Generator | None = None,
) -> Rendered:
    """What the fine field shows through one camera, ``more`` samples placed by the coarse one.

    Every part of the result has leading axes (height, width).
    """
    origins, directions = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    parts = [
        render_hierarchical(*fields, o, d, edges, more, generator)[1]
        for o, d in zip(origins.split(RAYS), directions.split(RAYS), strict=True)
    ]
    shape = (camera.height, camera.width)
    return Rendered(*(torch.cat(column).unflatten(0, shape) for column in zip(*parts, strict=True)))


class NerfFit:
    """A coarse and a fine radiance field under training.

    edges: bins of the coarse look. more: samples of the second look. steps: over which the rate
    of Adam falls to a twentieth, after a short rise; it is no limit. generator: of the places
    along the rays. Behind everything is white.
    """

    def __init__(
        self,
        fields: tuple[RadianceField, RadianceField],
        edges: Float[Tensor, "edges"],
        more: int,
        *,
        steps: int,
        rate: float = 5e-3,
        generator: torch.Generator,
    ):
        self.fields, self.edges, self.more = fields, edges, more
        self.planned, self.rate, self.steps = steps, rate, 0
        self.generator = generator
        self.background = torch.ones(3).to(edges)
        parameters = [p for field in fields for p in field.parameters()]
        self.adam = torch.optim.Adam(parameters, lr=rate, betas=(0.9, 0.99), fused=True)

    @property
    def fine(self) -> RadianceField:
        """The field that is wanted."""
        return self.fields[1]

    @property
    def bytes_stored(self) -> int:
        """Bytes of all weights of both networks: the scene is in them and nowhere else."""
        return sum(
            p.numel() * p.element_size() for field in self.fields for p in field.parameters()
        )

    def step(self, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, float | Tensor]:
        """Origins, unit directions and colours of rays: render twice, compare, step.

        Returns both losses, and the fine one in decibels.
        """
        self._set_rate()
        looks = self.edges, self.more, self.background, self.generator
        coarse, fine = hierarchical_loss(self.fields, batch, *looks)
        self.adam.zero_grad(set_to_none=True)
        (coarse + fine).backward()
        self.adam.step()
        self.steps += 1
        return {"coarse": coarse.detach(), "fine": fine.detach(), "training dB": psnr(fine)}

    def _set_rate(self) -> None:
        fallen = LAST ** min(self.steps / self.planned, 1)
        risen = min((self.steps + 1) / WARM, 1)
        self.adam.param_groups[0]["lr"] = self.rate * fallen * risen

    @torch.no_grad()
    def look(self, camera: Camera, *, generator: torch.Generator | None = None) -> Rendered:
        """Colour without background, opacity, distance and weights of every pixel of a camera."""
        return render_picture(self.fields, camera, self.edges, self.more, generator=generator)

    def picture(
        self, camera: Camera, *, generator: torch.Generator | None = None
    ) -> Float[Tensor, "3 height width"]:
        """The picture before the background, in [0, 1]."""
        seen = self.look(camera, generator=generator)
        return over_background(seen.colour, seen.opacity, self.background).movedim(-1, 0)
