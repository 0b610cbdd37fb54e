"""Points on a circle or a sphere, pulled and pushed live by the InfoNCE loss.

Alignment and uniformity (Wang and Isola, 2020) run along as gauges. Click a point to see whom it
pushes; drag beside the points to turn the sphere.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from course_utils.lessons.infonce.figures import great_circles, kind_colours
from course_utils.live.controls import Log
from course_utils.live.kernel import is_live
from course_utils.live.stage import Stage
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.plots import FAKE, GOOD, INK, MUTED
from course_utils.selfsup.hypersphere import Rules, Swarm, best_uniformity, seen_from

__all__ = ["SphereLab"]

SPACES = {"circle": 2, "sphere": 3}
EDGE = 1.34  # of the stage, in radii
NEAR = 0.12  # how close a click must come to a point
LENGTHENED = 0.2  # of the force arrows
CONTROLS: dict[str, Any] = {  # in pairs: two columns stand side by side
    "space": list(SPACES),
    "temperature": Log(0.03, 3.0),
    "negatives": (1, 47),
    "hard_negatives": (0.0, 20.0, 0.5),
    "same_kind_as_negatives": False,
    "cosine": True,
    "kinds": (2, 24),
    "views_of_each": (2, 6),
    "forces": True,
}
RULES = {
    "temperature": "temperature",
    "negatives": "negatives",
    "hard_negatives": "hardness",
    "same_kind_as_negatives": "same_kind",
    "cosine": "cosine",
}


class SphereLab:
    """The instrument: points, sliders, and two gauges that run along.

    Args:
        space: "circle" or "sphere". seed: of the dice that place the points and draw negatives.

    Raises:
        ValueError: for another space.
    """

    def __init__(self, space: str = "circle", seed: int = 0) -> None:
        if space not in SPACES:
            raise ValueError(f"space must be one of {', '.join(SPACES)}, not {space!r}")
        self.seed, self.query, self.view = seed, None, (0.5, 0.35)
        self.swarm: Swarm | None = None
        self.trainer: Trainer | None = None
        self.forces, self._grip, self._told_at = True, None, 0.0
        edges = (-EDGE, EDGE)
        words = "points of several kinds on a circle or a sphere, and the forces on them"
        self.stage = Stage(edges, edges, 480, 480, axes=False, description=words)
        self.stage.on_pointer(self._pointer)
        size = {"width": 340, "height": 226}
        self.alignment = Traces(["alignment"], [GOOD], **size, ylim=(0.0, 2.6))
        self.uniformity = Traces(["uniformity"], [FAKE], **size, ylim=(-2.6, 0.05))
        self._readout: Any = None
        views: list[Any] = [self.stage, self.alignment, self.uniformity]
        if is_live():
            import ipywidgets

            self._readout = ipywidgets.HTML(layout={"width": "100%"})
            views = [self.stage, ipywidgets.VBox([view.widget for view in views[1:]])]
        self.trainer = self._start(space, views)

    def _start(self, space: str, views: list[Any]) -> Trainer:
        def make(
            temperature: float = 0.2,
            negatives: int = 16,
            hard_negatives: float = 0.0,
            same_kind_as_negatives: bool = False,
            cosine: bool = True,
            kinds: int = 8,
            views_of_each: int = 4,
            forces: bool = True,
            **more: Any,
        ) -> SphereLab:
            return self.make(
                {k: v for k, v in locals().items() if k not in ("more", "self")} | more
            )

        controls = {**CONTROLS, "space": [space, *(name for name in SPACES if name != space)]}
        restart = ["space", "kinds", "views_of_each"]
        trainer = Trainer(
            make, self.draw, controls, views=views, restart=restart, steps={"Step": None}, pace=1
        )
        if trainer.widget is not None:
            # Pictures above the sliders: a hand on a slider must see what it does.
            buttons, sliders, *status, pictures = trainer.widget.children
            trainer.widget.children = [buttons, *status, self._readout, pictures, sliders]
        return trainer

    # ------------------------------------------------------------------ what the trainer asks

    def make(self, values: Mapping[str, Any]) -> SphereLab:
        """Fresh points from the values of all controls."""
        rules = Rules(**{RULES[name]: value for name, value in values.items() if name in RULES})
        dice = torch.Generator().manual_seed(self.seed)
        dimensions = SPACES[values["space"]]
        self.swarm = Swarm(values["kinds"], values["views_of_each"], dimensions, rules, dice)
        self.forces, self.query = values["forces"], None
        for traces in (self.alignment, self.uniformity):
            traces.clear()
        self._frame()
        return self

    def step(self, count: int = 1, which: Any = None) -> None:
        """Move every point ``count`` times."""
        self.swarm.step(count)

    def set(self, **values: Any) -> None:
        """Take changed controls while it goes on."""
        self.forces = values.get("forces", self.forces)
        changes = {RULES[name]: value for name, value in values.items() if name in RULES}
        if changes:
            self.swarm.set(**changes)

    def draw(self, lab: SphereLab) -> None:
        """One frame: the points, the forces, the gauges, the numbers."""
        swarm = self.swarm
        self._paint()
        self.stage.flush()
        g = swarm.gauges()
        self.alignment.append(swarm.steps, {"alignment": g.alignment})
        self.uniformity.append(swarm.steps, {"uniformity": g.uniformity})
        best = best_uniformity(swarm.points.shape[1])
        self._tell(
            {
                "loss, nats": f"{g.loss:.2f}",
                f"log {swarm.candidates} − loss": f"{g.shown:.2f}",
                "alignment": f"{g.alignment:.3f}",
                f"uniformity (even: {best:.2f})": f"{g.uniformity:.2f}",
                "longest point": f"{g.longest:.2f}",
            }
        )

    # ------------------------------------------------------------------ the picture

    def _scale(self) -> float:
        """Radii in the picture per length: points that fly off are kept in sight."""
        return min(1.0, 1.15 / float(self.swarm.points.norm(dim=1).max()))

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        xy, near = seen_from(self.swarm.points * self._scale(), *self.view)
        return xy.numpy(), near.numpy()

    def _frame(self) -> None:
        """The layers in their order, from the bottom up; what is empty keeps its place."""
        for name in ("outline", "links", "arrows", "points", "query"):
            self.stage.remove(name)
        self.stage.set("outline", "lines", lines=[], colour=MUTED, width=1.2)
        self.stage.set("links", "lines", lines=[], colour=FAKE, width=2.5)
        self.stage.set("arrows", "arrows", xy=np.zeros((0, 2)), vector=np.zeros((0, 2)))
        self.stage.set("points", "points", xy=np.zeros((0, 2)))
        self.stage.set("query", "points", xy=np.zeros((0, 2)))

    def _paint(self) -> None:
        swarm, scale = self.swarm, self._scale()
        turn = np.linspace(0, 2 * np.pi, 121)
        lines = [scale * np.stack([np.cos(turn), np.sin(turn)], axis=1)]
        if swarm.points.shape[1] == 3:
            for line in great_circles():
                seen, front = seen_from(scale * line, *self.view)
                lines.append(np.where(front[:, None].numpy() < 0, np.nan, seen.numpy()))
        self.stage.set("outline", "lines", lines=lines, colour=MUTED, width=1.2, alpha=0.7)
        xy, near = self._places()
        self._paint_links(xy)
        self._paint_forces(xy)
        order = near.argsort()
        colours = kind_colours(swarm.kinds)[swarm.kind.numpy()]
        alpha = np.clip(0.7 + 0.3 * near / max(scale, 1e-6), 0.35, 1.0)
        alpha = alpha if swarm.points.shape[1] == 3 else np.ones_like(alpha)
        self.stage.set(
            "points",
            "points",
            xy=xy[order],
            colour=colours[order],
            size=13,
            alpha=alpha[order],
            outline=True,
        )

    def _paint_forces(self, xy: np.ndarray) -> None:
        """Which way each point goes; long forces are shortened, so that all can be seen."""
        swarm = self.swarm
        if not self.forces:
            self.stage.set("arrows", "arrows", xy=np.zeros((0, 2)), vector=np.zeros((0, 2)))
            return
        # A look must not throw the swarm's dice, or looking would change what happens.
        state, loss = swarm.generator.get_state(), swarm.loss
        force = -swarm.slopes()
        swarm.generator.set_state(state)
        swarm.loss = loss if not math.isnan(loss) else swarm.loss
        if swarm.rules.cosine:  # along the circle or sphere only
            force = force - (force * swarm.points).sum(1, keepdim=True) * swarm.points
        length = force.norm(dim=1, keepdim=True)
        arrows, _ = seen_from(LENGTHENED * force / (1 + 0.5 * length), *self.view)
        vector = arrows.numpy()
        self.stage.set("arrows", "arrows", xy=xy, vector=vector, colour=INK, width=1.4, alpha=0.75)

    def _paint_links(self, xy: np.ndarray) -> None:
        """From a clicked point to its positive (green) and to those it pushes (orange)."""
        if self.query is None:
            self.stage.set("links", "lines", lines=[], colour=FAKE, width=2.5)
            self.stage.set("query", "points", xy=np.zeros((0, 2)))
            return
        push = self.swarm.pushes(self.query).numpy()
        share = np.abs(push) / max(float(np.abs(push).max()), 1e-12)
        seen = np.flatnonzero(share > 0.03)
        lines = [np.stack([xy[self.query], xy[k]]) for k in seen]
        paper = np.array([1.0, 1.0, 1.0])
        inks = [
            np.array([0.0, 0.62, 0.45]) if push[k] < 0 else np.array([0.9, 0.38, 0]) for k in seen
        ]
        colours = [
            tuple(s * ink + (1 - s) * paper) for s, ink in zip(share[seen], inks, strict=True)
        ]
        self.stage.set("links", "lines", lines=lines, colour=colours, width=2.5)
        here = xy[self.query][None]
        self.stage.set("query", "points", xy=here, colour=INK, size=19, alpha=0.35, outline=False)

    # ------------------------------------------------------------------ mouse and numbers

    def _pointer(self, phase: str, x: float, y: float) -> None:
        """A click chooses a point, or none; dragging beside the points turns the sphere."""
        if phase == "down":
            xy, near = self._places()
            away = np.hypot(xy[:, 0] - x, xy[:, 1] - y) - 1e-3 * near
            closest = int(away.argmin())
            hit = away[closest] < NEAR
            self.query = closest if hit and closest != self.query else None
            self._grip = None if hit else (x, y)
        elif phase == "move" and self._grip is not None:
            dx, dy = x - self._grip[0], y - self._grip[1]
            turn, tilt = self.view
            self.view = (turn - dx, min(max(tilt + dy, -1.5), 1.5))
            self._grip = (x, y)
        if not self.trainer.running:  # else the next frame shows it
            self._paint()
            self.stage.flush()

    def _tell(self, tiles: Mapping[str, str]) -> None:
        """Large numbers under the buttons, at most five times a second while it runs."""
        now = time.monotonic()
        runs = self.trainer is not None and self.trainer.running
        if self._readout is None or (runs and now - self._told_at < 0.2):
            return
        self._told_at = now
        spans = "".join(
            f'<span><b style="font-size:22px;font-variant-numeric:tabular-nums">'
            f'{value.replace("-", "−")}</b> <span style="opacity:.8">{name.replace("-", "−")}'
            "</span></span>"
            for name, value in tiles.items()
        )
        self._readout.value = (
            '<div class="course-sphere-readout" style="display:flex;flex-wrap:wrap;gap:4px 30px;'
            f'font-size:15px;line-height:1.7">{spans}</div>'
        )

    def _ipython_display_(self) -> None:
        self.trainer.show()
