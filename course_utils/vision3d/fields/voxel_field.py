"""A radiance field without a network: numbers at the corners of voxels, and nothing in between.

    raw(x) = sum over the 8 corners of x's cell of (trilinear weight) * (numbers of the corner)
    density(x) = SCALE / radius * softplus(raw_0)        colour(x, d) = sigmoid(sum_k raw_k B_k(d))

B_k are scaled spherical harmonics: a colour may depend on the direction it is seen from. Most of
a scene is empty: only the corners of *kept* cells are stored, and outside of them the density is
zero (Fridovich-Keil et al. 2022, Plenoxels, section 3; Sun et al. 2022, Direct Voxel Grid
Optimization, section 4, for softplus after, not before, the interpolation). A ``VoxelField`` is a
*field* as ``volume_rendering`` means it: it can be called with points and directions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.vision3d.fields.harmonics import CONSTANT, harmonics_basis

SCALE = 20.0  # density where softplus is one, times the radius of the box
HIGHER = 0.1  # factor of the harmonics that depend on the direction
FOG = -4.0  # raw density of what nothing is known about yet: thin, so that no view is blocked
CORNERS = torch.tensor([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])


@dataclass(frozen=True)
class VoxelField:
    """Numbers at the corners of the kept cells of a cube of n x n x n corners.

    values: one row per stored corner: raw density, then red, green and blue for each of the
    (degree + 1)^2 harmonics. links: the row of each corner, -1 if it is not stored; rows are in
    the order of x, y, z. cells: which of the (n - 1)^3 cells are kept. centre, radius: of the
    cube, in world units; corners lie on its faces.

    Raises: ValueError if shapes disagree or the radius is not positive.
    """

    values: Float[Tensor, "rows channels"]
    links: Int[Tensor, "corners corners corners"]
    cells: Bool[Tensor, "cells cells cells"]
    centre: Float[Tensor, "3"]
    radius: float

    def __post_init__(self):
        n = self.links.shape[0]
        if n < 2 or self.links.shape != (n,) * 3 or self.cells.shape != (n - 1,) * 3:
            raise ValueError(
                f"a cube of n corners a side has n - 1 cells, got links {tuple(self.links.shape)} "
                f"and cells {tuple(self.cells.shape)}"
            )
        if self.values.ndim != 2 or self.values.shape[1] not in (4, 13, 28):
            raise ValueError(f"a corner has 4, 13 or 28 numbers, got {tuple(self.values.shape)}")
        if not self.radius > 0:
            raise ValueError(f"the radius must be positive, got {self.radius}")

    def __len__(self) -> int:
        return len(self.values)

    def __call__(
        self, points: Float[Tensor, "*points 3"], directions: Float[Tensor, "*points 3"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points 3"]]:
        """Density per world unit and colour in [0, 1] at points seen along unit directions."""
        raw, kept = read_voxels(self, points)
        density = SCALE / self.radius * F.softplus(raw[..., 0])
        light = light_basis(directions, self.degree)[..., None, :] @ raw[..., 1:].unflatten(
            -1, (-1, 3)
        )
        return torch.where(kept, density, 0.0), torch.sigmoid(light[..., 0, :])

    @property
    def resolution(self) -> int:
        """Corners along a side, n."""
        return self.links.shape[0]

    @property
    def degree(self) -> int:
        """Degree of the spherical harmonics: 0 looks the same from everywhere."""
        return {4: 0, 13: 1, 28: 2}[self.values.shape[1]]

    @property
    def voxel(self) -> float:
        """Length of a cell's side in world units."""
        return 2 * self.radius / (self.resolution - 1)

    @property
    def bytes(self) -> int:
        """What has to be stored: numbers, and for each cell a bit that says whether it is kept."""
        return self.values.numel() * self.values.element_size() + self.cells.numel() // 8


def light_basis(directions: Float[Tensor, "*rays 3"], degree: int) -> Float[Tensor, "*rays basis"]:
    """What a corner's numbers are multiplied with: 1, then HIGHER * Y_k(d) / Y_0.

    Adam moves all numbers alike; scaled like this, what depends on the direction moves a tenth as
    far, and a few views do not each get a colour of their own. (Kerbl et al. 2023 let their higher
    harmonics learn at a twentieth of the rate.)
    """
    basis = harmonics_basis(directions, degree) / CONSTANT
    return torch.cat([basis[..., :1], HIGHER * basis[..., 1:]], -1)


def thin_fog(
    resolution: int, centre: Float[Tensor, "3"], radius: float | int, degree: int = 0
) -> VoxelField:
    """The field before any training: grey fog all over the cube, of raw density FOG.

    resolution: corners along a side. Dtype and device are the centre's.

    Raises: ValueError for fewer than two corners, or a degree that is not 0, 1 or 2.
    """
    if resolution < 2 or degree not in (0, 1, 2):
        raise ValueError(f"needs two corners a side and a degree 0..2, got {resolution}, {degree}")
    values = centre.new_zeros(resolution**3, 1 + 3 * (degree + 1) ** 2)
    values[:, 0] = FOG
    device = centre.device
    links = torch.arange(resolution**3, dtype=torch.int32, device=device).view((resolution,) * 3)
    cells = torch.ones((resolution - 1,) * 3, dtype=torch.bool, device=device)
    return VoxelField(values, links, cells, centre, float(radius))


def read_voxels(
    field: VoxelField, points: Float[Tensor, "*points 3"]
) -> tuple[Float[Tensor, "*points channels"], Bool[Tensor, "*points"]]:
    """Trilinear mean of the numbers at the corners around each point, and whether its cell is kept.

    A corner that is not stored counts as grey fog. Points outside of the cube are in no cell.
    """
    last = field.resolution - 1
    place = (points - (field.centre - field.radius)) / field.voxel
    low = place.detach().floor().clamp(0, last - 1).long()
    share = place - low
    inside = ((place >= 0) & (place <= last)).all(-1)
    corners = low[..., None, :] + CORNERS.to(low.device)
    weights = torch.where(CORNERS.to(low.device) > 0, share[..., None, :], 1 - share[..., None, :])
    rows = field.links[corners.unbind(-1)].long()
    numbers = torch.cat([field.values, _fog_row(field)])[rows]  # row -1 is the last: fog
    raw = (weights.prod(-1)[..., None, :] @ numbers)[..., 0, :]
    return raw, inside & field.cells[low.unbind(-1)]


def _fog_row(field: VoxelField) -> Tensor:
    row = field.values.new_zeros(1, field.values.shape[1])
    row[0, 0] = FOG
    return row


def corner_density(field: VoxelField) -> Float[Tensor, "corners corners corners"]:
    """Density at every corner per world unit, zero at those that are not stored."""
    density = SCALE / field.radius * F.softplus(field.values.detach()[:, 0])
    return torch.cat([density, density.new_zeros(1)])[field.links.long()]  # row -1 is empty


# ------------------------------------------------------------------ changing what is stored


def keep_dense(
    field: VoxelField, limit: float, margin: int = 1
) -> tuple[VoxelField, Int[Tensor, "rows"]]:
    """Keep the cells that stop light, and ``margin`` cells around them; forget the others.

    limit: least alpha that a corner must reach over the length of a voxel. Cells of the margin
    that had been forgotten come back as fog. Also returns, for each row, the row it was, or -1.

    Raises: ValueError unless 0 <= limit < 1 and margin >= 0.
    """
    if not 0 <= limit < 1 or margin < 0:
        raise ValueError(f"needs a limit in [0, 1) and a margin, got {limit} and {margin}")
    alpha = -torch.expm1(-corner_density(field) * field.voxel)
    dense = F.max_pool3d(alpha[None, None], 2, 1)
    wide = F.max_pool3d(dense, 2 * margin + 1, 1, margin)[0, 0]
    return _with_cells(field, wide > limit)


def _with_cells(field: VoxelField, cells: Tensor) -> tuple[VoxelField, Tensor]:
    links, corners = _links_of(cells)
    origin = field.links[corners.unbind(-1)].long()
    values = torch.cat([field.values.detach(), _fog_row(field)])[origin]  # row -1 is fog
    return replace(field, values=values, links=links, cells=cells), origin


def _links_of(cells: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the corners of kept cells, and which corners these are, (rows, 3)."""
    needed = F.max_pool3d(F.pad(cells[None, None].float(), (1,) * 6), 2, 1)[0, 0] > 0
    links = (needed.flatten().cumsum(0) - 1).view(needed.shape).to(torch.int32)
    return torch.where(needed, links, -1).contiguous(), needed.nonzero()


def refine(field: VoxelField, resolution: int) -> VoxelField:
    """The same field with more corners: kept cells are cut into smaller ones, which are kept.

    Trilinear interpolation of the old numbers gives the new ones.

    Raises: ValueError if there would be fewer corners than before.
    """
    if resolution < field.resolution:
        raise ValueError(f"has {field.resolution} corners a side already, got {resolution}")
    # A new cell is kept if it overlaps an old one that is.
    edges = torch.linspace(0, field.resolution - 1, resolution, device=field.cells.device)
    first = (edges[:-1] + 1e-4).long()
    last = (edges[1:] - 1e-4).long()
    cells = field.cells
    for axis in range(3):
        cells = cells.index_select(axis, first) | cells.index_select(axis, last)
    links, corners = _links_of(cells)
    step = 2 * field.radius / (resolution - 1)
    points = field.centre - field.radius + step * corners.to(field.centre)
    values = read_voxels(field, points)[0].detach()
    return replace(field, values=values, links=links, cells=cells)
