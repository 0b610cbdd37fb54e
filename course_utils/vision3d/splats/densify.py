"""Growing and thinning a scene of Gaussians while it is fitted.

Adaptive density control (Kerbl et al. 2023, section 5.2). Where the picture pulls hard at a
Gaussian's place on the screen, one Gaussian is too few. A small one is *cloned*: there is too
little here. A large one is *split* in two smaller ones: it covers too much. What has become
transparent or far too large is *pruned*, and now and then all opacities are *reset* to little,
so that only what the pictures need becomes opaque again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.vision3d.splats.gaussians import (
    Gaussians,
    join_gaussians,
    rotation_from_quaternion,
)

SHRINK = 1.6  # both halves of a split Gaussian are smaller by this factor (section 5.2)


@dataclass
class ScreenPull:
    """How strongly the loss pulls at each Gaussian's place on the screen, averaged over steps.

    total: sum of the lengths of dL/d(u, v) over the steps in which a Gaussian was seen.
    steps: how many those were.
    """

    total: Float[Tensor, "gaussians"]
    steps: Float[Tensor, "gaussians"]

    @classmethod
    def zeros(cls, count: int, device: torch.device | str = "cpu") -> ScreenPull:
        """Nothing seen yet."""
        return cls(torch.zeros(count, device=device), torch.zeros(count, device=device))

    def add(self, gradient: Float[Tensor, "gaussians 2"], height: int) -> None:
        """Count one step: dL/d(u, v), per pixel, times half the picture's height.

        The factor makes the pull independent of the resolution (the paper's code measures it in
        normalised device coordinates, where the picture is 2 high).
        """
        pull = gradient.detach().norm(dim=-1) * (height / 2)
        self.total += pull.to(self.total)
        self.steps += (pull > 0).to(self.steps)

    def mean(self) -> Float[Tensor, "gaussians"]:
        """Average over the steps in which each Gaussian was seen; zero if never."""
        return self.total / self.steps.clamp_min(1)


def densify_mask(
    pull: Float[Tensor, "gaussians"],
    scales: Float[Tensor, "gaussians 3"],
    pull_limit: float,
    size_limit: float,
) -> tuple[Bool[Tensor, "gaussians"], Bool[Tensor, "gaussians"]]:
    """Which Gaussians to clone, and which to split: those pulled harder than the limit.

    Among them, one whose largest standard deviation exceeds ``size_limit`` (world units) is
    split, any other cloned (Kerbl et al. 2023, section 5.2).
    """
    pulled, large = pull > pull_limit, scales.amax(-1) > size_limit
    return pulled & ~large, pulled & large


def split_in_two(gaussians: Gaussians, *, generator: torch.Generator) -> Gaussians:
    """Two Gaussians in place of each: drawn from it, and smaller by ``SHRINK``.

    Their means are samples of the Gaussian they replace, m + R diag(s) z with z normal
    (Kerbl et al. 2023, section 5.2). All first halves come first, then all second ones.
    """
    turn = rotation_from_quaternion(gaussians.quaternions)
    halves = []
    for _ in range(2):
        normal = torch.randn(gaussians.means.shape, generator=generator).to(gaussians.means)
        offset = (turn @ (gaussians.scales * normal)[..., None])[..., 0]
        halves.append(
            Gaussians(
                gaussians.means + offset,
                gaussians.log_scales - math.log(SHRINK),
                *gaussians.tensors()[2:],
            )
        )
    return join_gaussians(halves)


def densify(
    gaussians: Gaussians,
    clone: Bool[Tensor, "gaussians"],
    split: Bool[Tensor, "gaussians"],
    *,
    generator: torch.Generator,
) -> tuple[Gaussians, Int[Tensor, "grown"]]:
    """The scene after cloning and splitting, and for each of its Gaussians where it came from.

    Order: those not split, the clones, the halves of the split ones. The origin is the index
    of the Gaussian before, or -1 for a new one (clone or half), which has no history.

    Raises: ValueError if a Gaussian shall be both cloned and split.
    """
    if bool((clone & split).any()):
        raise ValueError("a Gaussian cannot be cloned and split at once")
    kept = torch.nonzero(~split)[:, 0]
    halves = split_in_two(gaussians[split], generator=generator)
    grown = join_gaussians([gaussians[kept], gaussians[clone], halves])
    origin = torch.full((len(grown),), -1, dtype=torch.long, device=kept.device)
    origin[: len(kept)] = kept
    return grown, origin


def keep_mask(
    gaussians: Gaussians, opacity_limit: float = 0.005, size_limit: float = math.inf
) -> Bool[Tensor, "gaussians"]:
    """Which Gaussians survive pruning: opaque enough, not too large, and finite.

    size_limit: for the largest standard deviation, world units (Kerbl et al. 2023, section 5.2).
    """
    finite = torch.stack([x.flatten(1).isfinite().all(1) for x in _as_rows(gaussians)]).all(0)
    return finite & (gaussians.opacities > opacity_limit) & (gaussians.scales.amax(-1) < size_limit)


def _as_rows(gaussians: Gaussians) -> list[Tensor]:
    return [x.reshape(len(gaussians), -1) for x in gaussians.tensors()]


def reset_opacities(gaussians: Gaussians, highest: float = 0.01) -> Float[Tensor, "gaussians"]:
    """Opacity logits with no opacity above ``highest`` (Kerbl et al. 2023, section 5.2).

    Raises: ValueError if ``highest`` is not between 0 and 1.
    """
    if not 0 < highest < 1:
        raise ValueError(f"the highest opacity must lie between 0 and 1, got {highest}")
    return gaussians.opacity_logits.clamp_max(math.log(highest / (1 - highest)))
