"""A field kept as a table: density and colour on a regular grid, read between its points.

Reading a table is far cheaper than asking a formula or a network, which is what makes a whole
picture cheap (Sun et al. 2022, Direct Voxel Grid Optimization; Fridovich-Keil et al. 2022,
Plenoxels). Trilinear: exact for fields that are linear in each coordinate.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from course_utils.vision3d.fields.volume_rendering import Field

AT_ONCE = 2**16  # points asked in one call, to bound the memory


def grid_points(
    resolution: int, centre: Float[Tensor, "3"], radius: float | int
) -> Float[Tensor, "x y z 3"]:
    """The points of a cubic grid from centre - radius to centre + radius, ends included.

    Raises: ValueError for fewer than two points a side, or a radius that is not positive.
    """
    if resolution < 2 or radius <= 0:
        raise ValueError(f"needs two points a side and a radius, got {resolution}, {radius}")
    side = torch.linspace(-1, 1, resolution, dtype=centre.dtype, device=centre.device)
    x, y, z = torch.meshgrid(side, side, side, indexing="ij")
    return centre + radius * torch.stack([x, y, z], -1)


def read_grid(
    grid: Float[Tensor, "channels x y z"],
    points: Float[Tensor, "*points 3"],
    centre: Float[Tensor, "3"],
    radius: float | int,
) -> Float[Tensor, "*points channels"]:
    """Trilinear value of every channel at world points; zero outside of the cube."""
    place = (points - centre) / radius
    # grid_sample takes its coordinates last axis first.
    turned = place.flip(-1).reshape(1, -1, 1, 1, 3)
    read = F.grid_sample(grid[None], turned, align_corners=True, padding_mode="zeros")
    return read[0, :, :, 0, 0].T.reshape(*points.shape[:-1], len(grid))


@torch.no_grad()
def tabulate(
    field: Field, centre: Float[Tensor, "3"], radius: float | int, resolution: int = 48
) -> Float[Tensor, "4 x y z"]:
    """Asks a field at every point of a grid, from straight above: density, red, green, blue."""
    points = grid_points(resolution, centre, radius).reshape(-1, 3)
    down = points.new_tensor([0.0, 0.0, -1.0])
    rows = []
    for some in points.split(AT_ONCE):
        density, colour = field(some, down.expand_as(some))
        rows.append(torch.cat([density[:, None], colour], -1))
    return torch.cat(rows).T.reshape(4, resolution, resolution, resolution)


def field_from_grid(
    grid: Float[Tensor, "4 x y z"], centre: Float[Tensor, "3"], radius: float | int
) -> Field:
    """The field that reads a table of density, red, green, blue; empty outside of the cube."""

    def field(points: Tensor, directions: Tensor) -> tuple[Tensor, Tensor]:
        read = read_grid(grid, points, centre, radius)
        return read[..., 0], read[..., 1:]

    return field
