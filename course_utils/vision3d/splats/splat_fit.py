"""Fit Gaussians to posed pictures by inverse rendering: render, compare, follow the gradient.

Kerbl et al. 2023, section 5. One step looks at one picture. The parameters live in very different
units, so each kind has its own rate. ``SplatFit`` keeps the parameters, the optimiser, and the
statistics that ``densify`` needs; the loop around it stays yours:

    fitting = SplatFit(start, rates)
    for record in fit(fitting.step, batches, seconds=10): ...
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_utils.core.steps import follow_rows
from course_utils.vision3d.cameras import Camera
from course_utils.vision3d.splats import densify as growth
from course_utils.vision3d.splats.gaussians import Gaussians, gaussians_from_points
from course_utils.vision3d.splats.splatting import over, renderer

NAMES = tuple(field.name for field in fields(Gaussians))


@dataclass(frozen=True)
class Rates:
    """Adam's learning rates, one per kind of parameter.

    means: in world units per step, for a scene of radius one. It falls to ``last`` times this
    over ``steps`` steps, evenly on a logarithmic scale (Kerbl et al. 2023, appendix A).
    """

    means: float = 0.004
    log_scales: float = 0.02
    quaternions: float = 0.02
    opacity_logits: float = 0.05
    harmonics: float = 0.02
    last: float = 0.05
    steps: int = 2000


class SplatFit:
    """Gaussians under optimisation: parameters, Adam, and how the loss pulls at each of them.

    background: one colour, or one picture for all views. A step minimises the mean of
    absolute and squared differences, which needs no second picture in memory.
    """

    def __init__(
        self,
        start: Gaussians,
        rates: Rates | None = None,
        background: Float[Tensor, "3"] | Float[Tensor, "3 height width"] | None = None,
    ):
        self.rates = rates or Rates()
        self.background = torch.ones(3) if background is None else background
        self.background = self.background.to(start.means)
        self.project, self.rasterise = renderer(start.means.device)
        self.steps = 0
        self._take(start, None)

    @property
    def gaussians(self) -> Gaussians:
        """The scene as it is now, without gradients."""
        return self.parameters.map(lambda x: x.detach())

    def step(self, batch: tuple[Camera, Tensor]) -> dict[str, float | Tensor]:
        """One camera and its picture (3, height, width): render, compare, move the parameters.

        Returns the loss and the number of Gaussians.
        """
        camera, picture = batch
        self._set_rate()
        splats = self.project(self.parameters, camera)
        splats.means.retain_grad()
        image = over(*self.rasterise(splats, camera), self.background)
        loss = picture_loss(image, picture)
        self.optimiser.zero_grad()
        loss.backward()
        self.pull.add(splats.means.grad, camera.height)
        self.optimiser.step()
        self.steps += 1
        return {"loss": loss.detach(), "gaussians": float(len(self.parameters))}

    def _set_rate(self) -> None:
        progress = min(self.steps / self.rates.steps, 1.0)
        self.optimiser.param_groups[0]["lr"] = self.rates.means * self.rates.last**progress

    def grow(
        self,
        pull_limit: float,
        size_limit: float,
        most: int | None = None,
        *,
        generator: torch.Generator,
    ) -> tuple[int, int]:
        """Clone and split what is pulled harder than the limit; how many of each.

        most: do not grow beyond this number of Gaussians; those pulled hardest come first.
        See ``densify.densify_mask`` for the limits.
        """
        pull = self.pull.mean()
        if most is not None and (room := max(most - len(pull), 0)) < len(pull):
            highest = pull.sort(descending=True).values[room]
            pull_limit = max(pull_limit, highest.item())
        scene = self.gaussians
        clone, split = growth.densify_mask(pull, scene.scales, pull_limit, size_limit)
        grown, origin = growth.densify(scene, clone, split, generator=generator)
        self._take(grown, origin)
        return int(clone.sum()), int(split.sum())

    def prune(self, opacity_limit: float = 0.005, size_limit: float = math.inf) -> int:
        """Remove what is nearly transparent or too large; how many there were."""
        keep = growth.keep_mask(self.gaussians, opacity_limit, size_limit)
        return self.keep_only(keep)

    def keep_only(self, keep: Bool[Tensor, "gaussians"]) -> int:
        """Remove all others; returns how many that were."""
        self._take(self.gaussians[keep], torch.nonzero(keep)[:, 0])
        return int((~keep).sum())

    def reset_opacities(self, highest: float = 0.01) -> None:
        """Make everything nearly transparent again, and forget how opacities were moving."""
        logits = growth.reset_opacities(self.gaussians, highest)
        with torch.no_grad():
            self.parameters.opacity_logits.copy_(logits)
        state = self.optimiser.state.get(self.parameters.opacity_logits, {})
        for name in ("exp_avg", "exp_avg_sq"):
            if name in state:
                state[name].zero_()

    def _take(self, scene: Gaussians, origin: Int[Tensor, "gaussians"] | None) -> None:
        """Go on with another scene; Adam's memory follows each Gaussian from its origin."""
        before = getattr(self, "optimiser", None)
        old = self.parameters.tensors() if before else ()
        self.parameters = scene.map(lambda x: x.detach().clone().requires_grad_())
        groups = [
            {"params": [tensor], "lr": getattr(self.rates, name)}
            for name, tensor in zip(NAMES, self.parameters.tensors(), strict=True)
        ]
        self.optimiser = torch.optim.Adam(groups, betas=(0.9, 0.99), eps=1e-15, fused=True)
        self.pull = growth.ScreenPull.zeros(len(scene), scene.means.device)
        for earlier, tensor in zip(old, self.parameters.tensors(), strict=bool(old)):
            state = before.state.get(earlier)
            if state:
                self.optimiser.state[tensor] = follow_rows(state, origin)


def picture_loss(
    image: Float[Tensor, "3 height width"], picture: Float[Tensor, "3 height width"]
) -> Float[Tensor, ""]:
    """Mean of |difference| + difference^2: robust as the first, and smooth as the second.

    The paper mixes the absolute difference with SSIM (Kerbl et al. 2023, eq. 7), which costs more
    than the whole rendering of a small picture.
    """
    difference = image - picture.to(image)
    return difference.abs().mean() + difference.square().mean()


def random_start(
    count: int,
    centre: Float[Tensor, "3"],
    radius: float | int,
    *,
    generator: torch.Generator,
    opacity: float = 0.1,
    degree: int = 0,
) -> Gaussians:
    """Grey Gaussians evenly spread in a ball, each as wide as its distance to the next.

    Kerbl et al. 2023, section 7.3 (random initialisation). centre, radius: world units.

    Raises: ValueError if count is below one or the radius not positive.
    """
    if count < 1 or not radius > 0:
        raise ValueError(f"need at least one Gaussian and a radius, got {count} and {radius}")
    direction = torch.randn(count, 3, generator=generator)
    direction = direction / direction.norm(dim=-1, keepdim=True)
    points = direction * torch.rand(count, 1, generator=generator) ** (1 / 3) * radius
    width = 0.5 * radius * count ** (-1 / 3)
    grey = torch.full((count, 3), 0.5)
    points = (points + centre.cpu()).to(centre)
    start = gaussians_from_points(points, grey.to(points), width, opacity, degree)
    return replace(start, means=points)
