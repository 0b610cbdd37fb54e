"""Shapes as functions: occupancy and signed distance networks, families of shapes by codes.

    occupancy F(x, y, z) -> {0, 1},   signed distance F(x, y, z) -> R

The network is the shape; there is no grid, and so no resolution.

Source: L. Mescheder et al., "Occupancy networks", 2019; J. J. Park et al., "DeepSDF", 2019;
A. Gropp et al., "Implicit geometric regularization for learning shapes", 2020 (the eikonal term).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils.vision3d.shapes.conversions import Implicit

Points = Float[Tensor, "points 3"]
SHARPNESS = 100.0  # of the softplus: nearly a ReLU, but with a gradient that has a gradient


class ImplicitNetwork(nn.Module):
    """A network from a point, and a code if there are any, to one number for each.

    It begins as the signed distance to a ball (geometric initialisation), so that inside is
    negative from the start and training only has to deform it.

    Source: M. Atzmon and Y. Lipman, "SAL: sign agnostic learning", 2020, theorem 1.

    Args:
        width, layers: of the hidden part.
        codes: how many numbers tell the shapes of a family apart; 0 for a single shape.
        radius: of the ball that it is before training, in world units.

    Raises:
        ValueError: when width, layers or radius is not positive, or codes is negative.
    """

    def __init__(
        self, width: int = 96, layers: int = 4, codes: int = 0, radius: float | int = 0.6
    ) -> None:
        super().__init__()
        if min(width, layers) < 1 or codes < 0 or radius <= 0:
            raise ValueError(
                f"needs a width, layers and a radius, got {width}, {layers}, {radius}, {codes}"
            )
        self.codes = codes
        sizes = [3 + codes] + [width] * layers
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        self.output = nn.Linear(width, 1)
        for layer in self.layers:
            nn.init.normal_(layer.weight, 0.0, math.sqrt(2 / layer.out_features))
            nn.init.zeros_(layer.bias)
        nn.init.zeros_(self.layers[0].weight[:, 3:])  # codes move nothing yet
        nn.init.normal_(self.output.weight, math.sqrt(math.pi / width), 1e-5)
        nn.init.constant_(self.output.bias, -radius)

    def forward(
        self, points: Points, codes: Float[Tensor, "points codes"] | None = None
    ) -> Float[Tensor, "points"]:
        """Returns one number a point: a distance, or a logit of being outside.

        Raises:
            ValueError: when the points or codes have another shape than was promised.
        """
        if points.ndim != 2 or points.shape[-1] != 3:
            raise ValueError(f"expected points (n, 3), got {tuple(points.shape)}")
        given = 0 if codes is None else codes.shape[-1]
        if given != self.codes:
            raise ValueError(f"the network takes codes of {self.codes} numbers, got {given}")
        hidden = points if codes is None else torch.cat([points, codes], dim=-1)
        for layer in self.layers:
            hidden = F.softplus(layer(hidden), beta=SHARPNESS)
        return self.output(hidden)[..., 0]


class ShapeFamily(nn.Module):
    """An auto-decoder: one network for all shapes, and one learned code for each.

    Nothing encodes: codes are found by gradient descent together with the weights. They are drawn
    to 0 by ``code_penalty``, so that what lies between two codes is a shape too.

    Source: Park et al. (2019), section 4.

    Raises:
        ValueError: when there are no shapes or no codes.
    """

    def __init__(self, shapes: int, codes: int = 8, width: int = 96, layers: int = 4) -> None:
        super().__init__()
        if min(shapes, codes) < 1:
            raise ValueError(f"needs shapes and codes, got {shapes} and {codes}")
        self.network = ImplicitNetwork(width, layers, codes)
        nn.init.normal_(self.network.layers[0].weight[:, 3:], 0.0, math.sqrt(2 / width))
        self.table = nn.Parameter(0.1 * torch.randn(shapes, codes))

    def forward(self, points: Points, shape: Int[Tensor, " points"]) -> Float[Tensor, "points"]:
        """Returns the signed distance of each point to its own shape."""
        return self.network(points, self.table[shape])

    def solid(self, code: Float[Tensor, " codes"]) -> Implicit:
        """Returns the shape of any code, also of one between two."""

        def function(points: Points) -> Float[Tensor, "points"]:
            return self.network(points, code.expand(len(points), -1))

        return function

    def code_penalty(self) -> Float[Tensor, ""]:
        """Returns the mean of ``|z|^2``: the codes' Gaussian prior (equation 9)."""
        return self.table.square().sum(dim=1).mean()


# ------------------------------------------------------------------------------------ losses


def field_gradient(function: Implicit, points: Points) -> Float[Tensor, "points 3"]:
    """Returns the gradient of the function at points; it can be differentiated again.

    For a signed distance it has length 1 and points away from the nearest place of the surface: on
    the surface it is the normal.
    """
    with torch.enable_grad():
        places = points if points.requires_grad else points.detach().requires_grad_()
        values = function(places)
        (gradient,) = torch.autograd.grad(values.sum(), places, create_graph=True)
    return gradient


def eikonal_loss(gradient: Float[Tensor, "points 3"]) -> Float[Tensor, ""]:
    """Returns the mean of ``(|grad f| - 1)^2``: a signed distance changes by one per unit of way.

    Source: Gropp et al. (2020), equation 2.
    """
    return (gradient.norm(dim=-1) - 1).square().mean()


def normal_loss(
    gradient: Float[Tensor, "points 3"], normals: Float[Tensor, "points 3"]
) -> Float[Tensor, ""]:
    """Returns the mean of ``|grad f - n|`` at points of the surface with unit normals.

    Source: Gropp et al. (2020), equation 3.
    """
    return (gradient - normals).norm(dim=-1).mean()


def occupancy_loss(
    values: Float[Tensor, "points"], inside: Bool[Tensor, "points"]
) -> Float[Tensor, ""]:
    """Returns the binary cross-entropy in nats of ``p(inside) = sigmoid(-value)``.

    The sign is that of a distance, negative inside, so that both networks draw alike.

    Source: Mescheder et al. (2019), equation 4.
    """
    return F.binary_cross_entropy_with_logits(-values, inside.to(values))


# ----------------------------------------------------------------------------------- samples


def near_and_far(
    surface: Float[Tensor, "surface 3"],
    count: int,
    spread: float = 0.1,
    side: float | int = 2.0,
    generator: torch.Generator | None = None,
) -> Float[Tensor, "count 3"]:
    """Returns where to ask a shape: half close to the surface, half anywhere in the cube.

    Close to it is where the sign is decided: a Gaussian step of ``spread`` world units from a
    random point of the surface. Anywhere: uniform in [-side/2, side/2]^3.

    Source: Park et al. (2019), section 5.

    Raises:
        ValueError: when there is no surface point, or ``count`` is below 2.
    """
    if len(surface) == 0 or count < 2:
        raise ValueError(f"cannot draw {count} points about {len(surface)} of the surface")
    like = {"generator": generator, "dtype": surface.dtype, "device": surface.device}
    chosen = torch.randint(len(surface), (count // 2,), generator=generator, device=surface.device)
    near = surface[chosen] + spread * torch.randn(count // 2, 3, **like)
    anywhere = side * (torch.rand(count - count // 2, 3, **like) - 0.5)
    return torch.cat([near, anywhere])


def distance_error(
    function: Implicit, truth: Callable[[Points], Float[Tensor, "points"]], points: Points
) -> float:
    """Returns the mean of ``|f - truth|`` over points, in world units."""
    with torch.no_grad():
        return (function(points) - truth(points)).abs().mean().item()
