"""NeRF: a small network that says, for every point and direction, how dense and which colour.

    F(x, y, z, d) = (density, r, g, b),

trained so that volume rendering it gives back the photographs (B. Mildenhall et al., "NeRF:
Representing Scenes as Neural Radiance Fields for View Synthesis", ECCV 2020). What is rendered,
and how, is in ``volume_rendering``, the encoding of its inputs in ``encodings``; here are the
network, the rays of a set of pictures and the loss.

Two things differ from the paper, both because training lasts seconds: the density is a softplus,
not a ReLU (a ReLU that starts negative everywhere has no gradient and stays dead; Barron et al.
2021, mip-NeRF, section 3.1), and the network is small.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.cameras import Camera, pixel_centres, pixels_to_rays
from course_utils.vision3d.fields.compositing import over_background
from course_utils.vision3d.fields.encodings import positional_encoding
from course_utils.vision3d.fields.volume_rendering import Field, Rendered, render_hierarchical


class RadianceField(nn.Module):
    """The network F: encoded position -> density and a feature; feature and direction -> colour.

    Density depends on the position alone, so that all views agree on the shape; only the colour
    may depend on the direction (NeRF 2020, section 3 and figure 7). The position comes in again
    half way (a skip connection).

    centre, radius: the ball of the world, in world units, that is brought into [-1, 1]. Outside of
    it is nothing: farther out the slowest wave would only repeat what is inside.
    position_frequencies: L of the position, 0 for none. direction_frequencies: L of the direction,
    0 for the bare direction, None for a colour that does not depend on it. The density is given
    per world unit: softplus(output - 1) / radius. The shift lets a training begin in thin fog, as
    mip-NeRF's does: thick fog hides what lies behind it, and its gradient with it.

    Raises: ValueError if the radius is not positive or there are fewer than two layers.
    """

    def __init__(
        self,
        width: int = 64,
        layers: int = 4,
        position_frequencies: int = 6,
        direction_frequencies: int | None = 2,
        centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
        radius: float | int = 1.0,
    ):
        super().__init__()
        if radius <= 0 or layers < 2:
            raise ValueError(f"needs a positive radius and two layers, got {radius} and {layers}")
        self.position_frequencies = position_frequencies
        self.direction_frequencies = direction_frequencies
        self.register_buffer("centre", torch.tensor(centre, dtype=torch.get_default_dtype()))
        self.radius, self.skip = radius, layers // 2
        size = 3 * max(1, 2 * position_frequencies)
        inputs = [size] + [width] * (layers - 1)
        inputs[self.skip] += size
        self.layers = nn.ModuleList(nn.Linear(n, width) for n in inputs)
        self.density = nn.Linear(width, 1)
        seen = 0 if direction_frequencies is None else 3 * max(1, 2 * direction_frequencies)
        self.colour = nn.Sequential(
            nn.Linear(width + seen, width // 2), nn.ReLU(), nn.Linear(width // 2, 3), nn.Sigmoid()
        )

    def fog(self, output: Float[Tensor, "*points"]) -> Float[Tensor, "*points"]:
        """Density per radius from what the last layer says; a subclass may try another."""
        return F.softplus(output - 1)

    def forward(
        self, points: Float[Tensor, "*points 3"], directions: Float[Tensor, "*points 3"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points 3"]]:
        """Density per world unit and colour in [0, 1] at points seen along unit directions."""
        local = (points - self.centre) / self.radius
        h = place = positional_encoding(local, self.position_frequencies)
        for i, layer in enumerate(self.layers):
            h = F.relu(layer(torch.cat([h, place], -1) if i == self.skip else h))
        inside = (local.square().sum(-1) <= 1).to(h)
        density = inside * self.fog(self.density(h)[..., 0]) / self.radius
        if self.direction_frequencies is not None:
            h = torch.cat([h, positional_encoding(directions, self.direction_frequencies)], -1)
        return density, self.colour(h)


# ------------------------------------------------------------------ pictures as rays


@dataclass(frozen=True)
class Rays:
    """Rays and the colour that a picture has where they leave it: what a field is trained on."""

    origins: Float[Tensor, "rays 3"]
    directions: Float[Tensor, "rays 3"]
    colour: Float[Tensor, "rays 3"]

    def __len__(self) -> int:
        return len(self.origins)

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """Origins, directions, colours: for ``Minibatches``."""
        return self.origins, self.directions, self.colour


def rays_of_views(images: Float[Tensor, "views 3 height width"], cameras: Camera) -> Rays:
    """Every pixel of every view as one ray, view after view and row after row.

    Raises: ValueError if images and cameras differ in number or size.
    """
    views, _, height, width = images.shape
    if cameras.batch_shape != (views,) or (cameras.height, cameras.width) != (height, width):
        raise ValueError(
            f"{views} images of {height} x {width} need as many cameras of that size, got "
            f"{tuple(cameras.batch_shape)} of {cameras.height} x {cameras.width}"
        )
    uv = pixel_centres(cameras).flatten(0, 1)
    origins, directions = pixels_to_rays(cameras, uv)
    colour = images.permute(0, 2, 3, 1).reshape(-1, 3)
    return Rays(origins.reshape(-1, 3), directions.reshape(-1, 3), colour)


# ------------------------------------------------------------------ loss


def photometric_loss(
    seen: Rendered,
    colour: Float[Tensor, "*rays 3"],
    background: Float[Tensor, "3"],
) -> Float[Tensor, ""]:
    """Mean squared difference between what rays see and what the pictures show (NeRF, eq. 6)."""
    return F.mse_loss(over_background(seen.colour, seen.opacity, background), colour)


def hierarchical_loss(
    fields: tuple[Field, Field],
    batch: tuple[Float[Tensor, "rays 3"], Float[Tensor, "rays 3"], Float[Tensor, "rays 3"]],
    edges: Float[Tensor, "edges"],
    count: int,
    background: Float[Tensor, "3"],
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Both terms of NeRF's loss, sum over rays |C_c - C|^2 and |C_f - C|^2 (NeRF 2020, eq. 6).

    fields: the coarse and the fine one. batch: origins, unit directions and colours. The
    coarse term keeps the coarse field good enough to say where the fine samples should go.
    """
    origins, directions, colour = batch
    first, second = render_hierarchical(*fields, origins, directions, edges, count, generator)
    return (
        photometric_loss(first, colour, background),
        photometric_loss(second, colour, background),
    )
