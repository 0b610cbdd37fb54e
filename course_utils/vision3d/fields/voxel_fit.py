"""Train a voxel field on posed pictures, from coarse to fine, in seconds.

Compare what rays see with what the pictures show, follow the gradient; forget what is empty, cut
what is left into finer voxels, go on (Fridovich-Keil et al. 2022, Plenoxels, section 3.3; Sun et
al. 2022, DVGO, section 5). ``VoxelFit`` keeps the field, the optimiser and the plan; the loop
around it stays yours:

    fitting = VoxelFit(centre, radius, Plan(steps=1000), generator=dice)
    for record in fit(fitting.step, Minibatches(rays.tensors(), 4096, dice), steps=1000): ...
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from course_utils.core.steps import follow_rows
from course_utils.vision3d.fields.compositing import over_background
from course_utils.vision3d.fields.voxel_field import VoxelField, keep_dense, refine, thin_fog
from course_utils.vision3d.fields.voxel_march import march_rays

SMOOTH_EVERY = 4  # steps: roughness costs about as much as the rays do


@dataclass(frozen=True)
class Plan:
    """How a training goes, in shares of its steps.

    resolutions: corners along a side, one stage after another. stages: when each but the first
    begins. rate: Adam's, falling to ``last`` times this, evenly on a logarithmic scale. forget:
    every so many steps, cells below ``limit`` (alpha per voxel) are dropped. smooth: weight of
    ``roughness`` beside the mean squared error. longest: of a ray's bins, in voxels. degree: of
    the spherical harmonics of the colour.

    Raises: ValueError if stages are not one fewer than resolutions, or not growing in (0, 1).
    """

    steps: int = 1000
    resolutions: tuple[int, ...] = (32, 64)
    stages: tuple[float, ...] = (0.25,)
    rate: float = 0.3
    last: float = 0.05
    forget: int = 50
    limit: float = 0.1
    smooth: float = 1e-4
    longest: float = 1.0
    degree: int = 0

    def __post_init__(self):
        times = (0.0, *self.stages, 1.0)
        if len(self.stages) != len(self.resolutions) - 1:
            raise ValueError(f"{len(self.resolutions)} resolutions have one stage fewer to begin")
        if any(a >= b for a, b in pairwise(times)) or self.steps < 1:
            raise ValueError(f"stages must grow within (0, 1), got {self.stages}, {self.steps}")


def neighbours(field: VoxelField) -> tuple[Int[Tensor, "pairs"], Int[Tensor, "pairs"]]:
    """Rows of stored corners that lie beside each other along x, y or z: two rows per pair."""
    pairs = []
    for axis in range(3):
        first = field.links.narrow(axis, 0, field.resolution - 1)
        second = field.links.narrow(axis, 1, field.resolution - 1)
        both = (first >= 0) & (second >= 0)
        pairs.append(torch.stack([first[both], second[both]]))
    first, second = torch.cat(pairs, 1)
    return first, second


def roughness(
    values: Float[Tensor, "rows channels"],
    pairs: tuple[Int[Tensor, "pairs"], Int[Tensor, "pairs"]],
) -> Float[Tensor, ""]:
    """Squared differences between neighbouring corners, summed, per corner.

    Pictures leave open what no ray can tell apart; this decides for what is smooth. (Plenoxels
    2022, eq. 3, penalises the length of the difference, not its square.)
    """
    first, second = pairs
    gaps = values.index_select(0, first) - values.index_select(0, second)
    return gaps.square().sum() / max(len(values), 1)


class VoxelFit:
    """A voxel field under optimisation: the field, Adam's memory of it, and a plan.

    centre, radius: of the cube, in world units. background: one colour, white unless given.
    The dtype and device are the centre's. The same generator, inputs and number of threads give
    the same field, bit for bit.
    """

    def __init__(
        self,
        centre: Float[Tensor, "3"],
        radius: float | int,
        plan: Plan | None = None,
        background: Float[Tensor, "3"] | None = None,
        *,
        generator: torch.Generator | None = None,
    ):
        self.plan, self.generator, self.steps = plan or Plan(), generator, 0
        self.background = (torch.ones(3) if background is None else background).to(centre)
        self._take(thin_fog(self.plan.resolutions[0], centre, radius, self.plan.degree), None)

    @property
    def field(self) -> VoxelField:
        """The field as it is now, without gradients."""
        return replace(self._field, values=self._field.values.detach())

    def step(self, batch: tuple[Tensor, Tensor, Tensor]) -> dict[str, float | Tensor]:
        """Origins, directions and colours of some rays: march, compare, move the numbers.

        Returns the mean squared error (NeRF 2020, eq. 6) and the number of stored corners.
        """
        origins, directions, colour = batch
        self._follow_plan()
        shares = torch.rand(len(origins), generator=self.generator).to(origins)
        seen = march_rays(self._field, origins, directions, shares, self.plan.longest)
        loss = F.mse_loss(over_background(seen.colour, seen.opacity, self.background), colour)
        self.optimiser.zero_grad()
        (loss + self._penalty()).backward()
        self.optimiser.step()
        self.steps += 1
        return {"loss": loss.detach(), "corners": float(len(self._field))}

    def _penalty(self) -> Tensor | float:
        """Roughness, looked at in one step of ``SMOOTH_EVERY``, and then so many times as much."""
        if self.plan.smooth == 0 or self.steps % SMOOTH_EVERY:
            return 0.0
        if self._pairs is None:
            self._pairs = neighbours(self._field)
        return SMOOTH_EVERY * self.plan.smooth * roughness(self._field.values, self._pairs)

    def forget_empty(self) -> int:
        """Drop the cells that stop no light; how many corners are left."""
        self._take(*keep_dense(self.field, self.plan.limit))
        return len(self._field)

    def refine(self, resolution: int) -> int:
        """Go on with finer voxels; how many corners there are. Adam begins anew."""
        self._take(refine(self.field, resolution), None)
        return len(self._field)

    def _follow_plan(self) -> None:
        """What is due before the next step: a finer grid, forgetting, and the rate."""
        plan = self.plan
        begins = [round(share * plan.steps) for share in plan.stages]
        if self.steps in begins:
            self.forget_empty()
            self.refine(plan.resolutions[1 + begins.index(self.steps)])
        elif self.steps and self.steps % plan.forget == 0:
            self.forget_empty()
        progress = min(self.steps / plan.steps, 1.0)
        self.optimiser.param_groups[0]["lr"] = plan.rate * plan.last**progress

    def _take(self, field: VoxelField, origin: Int[Tensor, "rows"] | None) -> None:
        """Go on with another field; Adam's memory follows each corner from its origin."""
        before = self.optimiser.state[self._field.values] if origin is not None else {}
        values = field.values.clone().requires_grad_()
        self._field, self._pairs = replace(field, values=values), None
        self.optimiser = torch.optim.Adam([values], betas=(0.9, 0.99), eps=1e-15, fused=True)
        if before:
            self.optimiser.state[values] = follow_rows(before, origin)
