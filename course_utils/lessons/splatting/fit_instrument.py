"""An instrument for fitting Gaussians: play, grow, prune, fade, and see the picture follow."""

from __future__ import annotations

from typing import Any

import torch

from course_utils.core.metrics import image_psnr
from course_utils.data.posed_scenes import PosedViews
from course_utils.live.canvas import Canvas
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.vision3d.splats.splat_fit import Rates, SplatFit, random_start
from course_utils.vision3d.splats.splatting import render_gaussians

__all__ = ["SplatFitLab", "SplatRun"]

BUTTONS = {"Step": "fit", "Grow": "grow", "Prune": "prune", "Fade all": "fade"}
PULLED = 0.7  # the hardest pulled 30 % grow
FAINT = 0.05  # opacity below which a Gaussian is pruned, and to which all are faded
MOST = 6000  # Gaussians; beyond, growing does nothing


class SplatRun:
    """A fit whose steps may also grow, prune or fade: what `Trainer` drives.

    views: posed pictures before white. centre, radius: of the ball in which it starts.

    Raises: ValueError for no Gaussians or a radius that is not positive.
    """

    def __init__(self, views: PosedViews, centre: torch.Tensor, radius: float, count: int):
        self.views, self.generator = views, torch.Generator().manual_seed(0)
        start = random_start(count, centre, radius, generator=self.generator)
        self.fitting = SplatFit(start, Rates(means=0.004 * radius))

    def step(self, count: int, which: str | None = "fit") -> None:
        """Do ``count`` times "fit", "grow", "prune" or "fade".

        Raises: ValueError for anything else.
        """
        actions = {"fit": self._fit, "grow": self._grow, "fade": self._fade}
        actions["prune"] = lambda: self.fitting.prune(FAINT)
        if (which or "fit") not in actions:
            raise ValueError(f"there is no {which!r}; there are {', '.join(actions)}")
        for _ in range(count):
            actions[which or "fit"]()

    def _fit(self) -> None:
        view = int(torch.randint(len(self.views), (), generator=self.generator))
        self.fitting.step((self.views.cameras[view], self.views.images[view]))

    def _grow(self) -> None:
        """Grow the hardest pulled; the smaller half of them is cloned, the other split."""
        pull = self.fitting.pull.mean()
        limit = float(pull.quantile(PULLED))
        pulled = pull > limit
        if bool(pulled.any()):
            large = float(self.fitting.gaussians.scales.amax(1)[pulled].median())
            self.fitting.grow(limit, large, MOST, generator=self.generator)

    def _fade(self) -> None:
        self.fitting.reset_opacities(FAINT)


class SplatFitLab:
    """A fit of posed views in the background, seen from a view that is not fitted; shows itself.

    views: to fit. judges: one or more views to look from and to judge by; the first is shown.
    """

    def __init__(self, views: PosedViews, judges: PosedViews, centre: torch.Tensor, radius: float):
        self.judge = judges[torch.tensor([0])]
        self.canvas = Canvas(
            300,
            600,
            smooth=False,
            description="fitted view beside the photograph",
            hint="Left: the fit, from where no fitted photograph was taken. Right: the photograph.",
        )
        self.count = Traces(
            ["Gaussians"], width=400, height=220, ylabel="how many", title="Gaussians"
        )
        self.traces = Traces(
            ["PSNR"], width=400, height=220, ylabel="dB", title="on the photograph"
        )
        self.last = -1

        def make(gaussians: int = 500) -> SplatRun:
            return SplatRun(views, centre, radius, gaussians)

        self.trainer = Trainer(
            make,
            self.draw,
            {"gaussians": (50, 3000, 50)},
            views=[self.canvas, self.traces, self.count],
            steps=BUTTONS,
            restart=["gaussians"],
            name="splat fit",
        )
        self.trainer.show()

    def draw(self, run: Any) -> None:
        """Put the scene as it is now beside the photograph, and its PSNR on the curve."""
        scene, steps = run.fitting.gaussians, run.fitting.steps
        seen = render_gaussians(scene, self.judge.cameras[0], torch.ones(3))
        photograph = self.judge.images[0]
        if steps < self.last:
            self.traces.clear()
            self.count.clear()
        self.last = steps
        self.traces.append(steps, {"PSNR": image_psnr(seen, photograph)})
        self.count.append(steps, {"Gaussians": float(len(scene))})
        both = torch.cat([seen.clamp(0, 1), photograph], 2).movedim(0, -1)
        self.canvas.show(both)

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
