"""Beyond shapes: a picture as a function of where one stands, ``F(viewpoint, u, v) -> colour``.

The same idea with another input and output: not space to occupancy, but a viewpoint and a pixel
to a colour. Nothing in it knows that there is a world of three dimensions, and it shows between
the pictures it was trained on; radiance fields put the world back in.

Source: the lecture, "beyond geometry"; V. Sitzmann et al., "Scene representation networks", 2019,
for the argument that the network should know about 3-D.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.fields.encodings import positional_encoding

Viewpoints = Float[Tensor, "pixels 3"]
Places = Float[Tensor, "pixels 2"]


class ViewFunction(nn.Module):
    """A network from a viewing direction and a place in the picture to a colour.

    Args:
        width, layers: of the hidden part.
        frequencies: octaves of the place's encoding.
        turns: octaves of the viewpoint's: with few of them all views look alike and blurred, with
            more each one is remembered for itself.

    Raises:
        ValueError: when width, layers or turns is not positive.
    """

    def __init__(
        self, width: int = 128, layers: int = 4, frequencies: int = 5, turns: int = 3
    ) -> None:
        super().__init__()
        if min(width, layers, turns) < 1:
            raise ValueError(f"needs a width, layers and turns, got {width}, {layers}, {turns}")
        self.frequencies, self.turns = frequencies, turns
        inputs = 2 * max(1, 2 * frequencies) + 3 * 2 * turns
        sizes = [inputs] + [width] * (layers - 1)
        self.layers = nn.ModuleList(nn.Linear(size, width) for size in sizes)
        self.colour = nn.Linear(width, 3)

    def forward(self, viewpoints: Viewpoints, places: Places) -> Float[Tensor, "pixels 3"]:
        """Returns colours in [0, 1].

        Args:
            viewpoints: unit vectors from the scene to the camera.
            places: pixels, scaled to [-1, 1] along each side.
        """
        hidden = torch.cat(
            [
                positional_encoding(places, self.frequencies),
                positional_encoding(viewpoints, self.turns),
            ],
            dim=-1,
        )
        for layer in self.layers:
            hidden = F.relu(layer(hidden))
        return torch.sigmoid(self.colour(hidden))


def picture_places(size: int) -> Float[Tensor, "pixels 2"]:
    """Returns the (u, v) of every pixel's centre in [-1, 1], row after row, v downwards.

    Raises:
        ValueError: when there is no pixel.
    """
    if size < 1:
        raise ValueError(f"a picture has at least one pixel, got {size}")
    axis = (2 * torch.arange(size) + 1) / size - 1
    v, u = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([u, v], dim=-1).reshape(-1, 2)


@torch.no_grad()
def show_from(
    function: ViewFunction, viewpoint: Float[Tensor, "3"], size: int
) -> Float[Tensor, "3 size size"]:
    """Returns the picture that the function imagines from a viewpoint (a unit vector)."""
    places = picture_places(size).to(viewpoint)
    colours = function(viewpoint.expand(len(places), 3), places)
    return colours.T.unflatten(1, (size, size))
