"""Two instruments for the minimax game: the plane, and Goodfellow's picture on a line.

The plane shows what GAN Lab shows (M. Kahng et al., IEEE TVCG 2019): real and made points, D
as a field, G as a bent grid, the pull on every made point, both losses, and each player moved
alone or in turn. It adds the best discriminator possible, measures of collapse, and a pen.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import torch

from course_utils.gan import toy_distributions as toy
from course_utils.gan.game import Game
from course_utils.gan.game_view import Onlooker
from course_utils.gan.learning_process import learning_picture
from course_utils.gan.players import LOSSES, NOISES, OPTIMISERS, Settings
from course_utils.lessons.gan_minimax.painting import (
    Shown,
    line_stage,
    paint_line,
    paint_plane,
    plane_stage,
)
from course_utils.live.controls import Log
from course_utils.live.kernel import is_live
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.plots import CYCLE, FAKE, GOOD, REAL

__all__ = ["LINES", "PLANES", "LineLab", "PlaneLab"]

PURPLE = CYCLE[3]
PLANES: dict[str, Callable[[], toy.Distribution]] = {
    "ring of 8": toy.ring,
    "grid of 25": toy.grid,
    "spiral": toy.spiral,
}
DRAWN = "your drawing"
LINES: dict[str, Callable[[], toy.Mixture]] = {
    "two bumps": toy.two_bumps,
    "one bump": lambda: toy.line_mixture([1.0], [0.6]),
    "three bumps": lambda: toy.line_mixture([-2.2, 0.0, 2.2], [0.35, 0.35, 0.35]),
    "far away": lambda: toy.line_mixture([3.0], [0.3]),
}
# Buttons, and what they mean: how many moves, and whose.
MOVES = {
    "Step both": "1 both",
    "Step D": "1 D",
    "Step G": "1 G",
    "25 × D": "25 D",
    "25 × G": "25 G",
}
# What a slider is called, and which of the game's settings it moves.
SETTINGS = {
    "loss": "loss",
    "G_learning_rate": "g_rate",
    "D_learning_rate": "d_rate",
    "G_moves_per_round": "g_steps",
    "D_moves_per_round": "d_steps",
    "Adam_beta_1": "beta1",
    "Adam_beta_2": "beta2",
    "batch_size": "batch",
    "optimiser": "optimiser",
    "noise": "noise",
    "noise_dimension": "noise_dim",
    "width": "width",
    "depth": "depth",
}
CONTROLS: dict[str, Any] = {  # in pairs: two columns stand side by side
    "loss": list(LOSSES),
    "G_learning_rate": Log(1e-5, 1e-1),
    "D_learning_rate": Log(1e-5, 1e-1),
    "G_moves_per_round": (1, 10),
    "D_moves_per_round": (1, 10),
    "Adam_beta_1": (0.0, 0.95, 0.05),
    "Adam_beta_2": (0.5, 0.999, 0.001),
    "optimiser": list(OPTIMISERS),
    "batch_size": [16, 64, 256, 1024],
    "noise": list(NOISES),
    "noise_dimension": (1, 8),
    "width": [8, 16, 32, 64, 128],
    "depth": (1, 4),
}
END, JS_RANGE = {"log 2": math.log(2)}, (-0.05, 0.85)
RESTART = ("noise", "noise_dimension", "width", "depth")


class _Lab:
    """What both instruments share: the game of the moment, the settings' names, the readout."""

    def __init__(self, sources: Mapping[str, Callable[[], Any]], start: Settings) -> None:
        self.sources, self.start = sources, start
        self.game: Game | None = None
        self.trainer: Trainer | None = None
        self._told_at = 0.0
        self._readout: Any = None
        if is_live():
            import ipywidgets

            self._readout = ipywidgets.HTML(layout={"width": "100%"})

    def make(self, **values: Any) -> _Lab:
        """A fresh game from the values of all controls."""
        settings = {SETTINGS[k]: v for k, v in values.items() if k in SETTINGS}
        self.game = Game(self.source(values["data"]), replace(self.start, **settings))
        self.begin(values)
        return self

    def source(self, name: str) -> Any:
        """The data of that name."""
        return self.sources[name]()

    def begin(self, values: Mapping[str, Any]) -> None:
        """Forget the last game's curves."""
        raise NotImplementedError

    def step(self, count: int = 1, which: str | None = None) -> None:
        """Play what one of the buttons says, ``count`` times; called by the trainer."""
        moves, player = (which or "1 both").split()
        self.game.step(count * int(moves), player)

    def set(self, **values: Any) -> None:
        """Take changed controls in mid-game."""
        settings = {SETTINGS[k]: v for k, v in values.items() if k in SETTINGS}
        data = self.source(values["data"]) if "data" in values else None
        self.game.set(distribution=data, **settings)

    def tell(self, tiles: Mapping[str, str]) -> None:
        """Large numbers under the buttons, at most five times a second while it runs."""
        now = time.monotonic()
        runs = self.trainer is not None and self.trainer.running
        if self._readout is None or (runs and now - self._told_at < 0.2):
            return
        self._told_at = now
        spans = "".join(
            f'<span><b style="font-size:22px;font-variant-numeric:tabular-nums">{value}</b> '
            f'<span style="opacity:.8">{name}</span></span>'
            for name, value in tiles.items()
        )
        self._readout.value = (
            '<div class="course-gan-readout" style="display:flex;flex-wrap:wrap;gap:4px 30px;'
            f'font-size:15px;line-height:1.7">{spans}</div>'
        )

    def start_trainer(self, controls: Mapping[str, Any], draw: Callable, views: list) -> Trainer:
        """Buttons and sliders, starting at this lab's settings, over the views."""
        starts = {k: getattr(self.start, v) for k, v in SETTINGS.items() if k in controls}

        def make(**values: Any) -> _Lab:
            return self.make(**values)

        make.__signature__ = inspect.Signature(
            inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=v)
            for k, v in starts.items()
        )
        trainer = Trainer(
            make,
            draw,
            controls,
            views=views,
            steps=MOVES,
            restart=[name for name in RESTART if name in controls],
        )
        if trainer.widget is not None:
            # Pictures above the sliders: a hand on a slider must see what it does.
            buttons, sliders, *status, pictures = trainer.widget.children
            trainer.widget.children = [buttons, *status, self._readout, pictures, sliders]
        return trainer

    def _ipython_display_(self) -> None:
        self.trainer.show()


class PlaneLab(_Lab):
    """The 2-D laboratory. Draw on the plane with the mouse to make data of your own.

    Args:
        data: "ring of 8", "grid of 25" or "spiral".
        settings: where the sliders start.

    Raises:
        ValueError: for data of another name.
    """

    def __init__(self, data: str = "ring of 8", settings: Settings | None = None) -> None:
        if data not in PLANES:
            raise ValueError(f"data must be one of {', '.join(PLANES)}, not {data!r}")
        super().__init__(PLANES, settings or Settings())
        self.strokes: list[list[tuple[float, float]]] = []
        self.shown, self.best = Shown(), False
        self.stage = plane_stage(480)
        size = {"width": 340, "height": 158}
        ends = {"log 4": math.log(4), "log 2": math.log(2)}
        self.losses = Traces(
            ["loss of D", "loss of G"], [PURPLE, FAKE], **size, reference=ends, description="losses"
        )
        self.divergence = Traces(["JS as D sees it"], [GOOD], **size, reference=END, ylim=JS_RANGE)
        self.quality = Traces(
            ["share near", "share of modes"], [REAL, PURPLE], **size, ylim=(0.0, 1.02)
        )
        self.stage.on_pointer(self._pen, every=True)
        names = [data, *(name for name in PLANES if name != data), DRAWN]
        controls = {
            "data": names,
            **CONTROLS,
            "field": ["D as it is", "best D possible", "none"],
            "grid_of_G": True,
            "pull_on_G": True,
        }
        views: list[Any] = [self.stage, self.losses, self.divergence, self.quality]
        if is_live():
            import ipywidgets

            curves = [view.widget for view in views[1:]]
            views = [self.stage, ipywidgets.VBox(curves)]
        self.trainer = self.start_trainer(controls, self.draw, views)

    def begin(self, values: Mapping[str, Any]) -> None:
        """New eyes for a new game, and empty curves."""
        self.eyes = Onlooker(self.game)
        for traces in (self.losses, self.divergence, self.quality):
            traces.clear()
        self._show(values)

    def source(self, name: str) -> toy.Distribution:
        """The data of that name; before anything was drawn, a face stands for the drawing."""
        if name != DRAWN:
            return self.sources[name]()
        return toy.drawing([torch.tensor(s) for s in self.strokes] or _face(), 0.06)

    def set(self, **values: Any) -> None:
        """Take changed controls, also those that only change what is shown."""
        self._show(values)
        super().set(**values)

    def draw(self, lab: PlaneLab) -> None:
        """One frame: the plane, the curves, the numbers."""
        picture = self.eyes.look(best=self.best)
        m, game = picture.measures, self.game
        paint_plane(self.stage, picture, self.shown)
        self.stage.flush()
        modes = len(game.distribution.centres)
        now = max(game.rounds, game.d_moves, game.g_moves)
        self.losses.append(now, {"loss of D": m.d_loss, "loss of G": m.g_loss})
        self.divergence.append(now, {"JS as D sees it": m.js})
        self.quality.append(now, {"share near": m.near, "share of modes": m.modes / modes})
        self.tell(
            {
                "modes": f"{m.modes} / {modes}",
                "near": f"{m.near:.0%}",
                "V": f"{m.value:.3f}".replace("-", "−"),
                "JS estimate": f"{m.js:.3f}".replace("-", "−"),
                "moves of D · G": f"{game.d_moves:,} · {game.g_moves:,}",
            }
        )

    def _show(self, values: Mapping[str, Any]) -> None:
        field = values.get("field")
        if field is not None:
            self.best = field == "best D possible"
            self.shown = self.shown._replace(field=field != "none")
        self.shown = self.shown._replace(
            grid=values.get("grid_of_G", self.shown.grid),
            arrows=values.get("pull_on_G", self.shown.arrows),
        )

    def _pen(self, phase: str, x: float, y: float) -> None:
        """A stroke begins, goes on, or ends: then the drawing becomes the data."""
        edge = toy.EXTENT
        point = (min(max(x, -edge), edge), min(max(y, -edge), edge))
        if phase == "down":
            if self.trainer.settings["data"] != DRAWN:
                self.strokes.clear()
            self.strokes.append([point])
        elif self.strokes:
            self.strokes[-1].append(point)
        if phase != "up":
            line = torch.tensor(self.strokes[-1])
            self.stage.set("pen", "lines", lines=line, colour=REAL, width=5, alpha=0.6)
            self.stage.flush()
            return
        self.stage.remove("pen")
        if self.trainer.settings["data"] == DRAWN:
            self.trainer.background.set("data", DRAWN)
        else:
            self.trainer.set(data=DRAWN)


class LineLab(_Lab):
    """The 1-D laboratory: Goodfellow's Figure 1, live.

    Args:
        settings: where the sliders start.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        super().__init__(LINES, settings or line_settings())
        self.stage = line_stage()
        self.divergence = Traces(
            ["JS, exact", "JS as D sees it"],
            [GOOD, PURPLE],
            width=760,
            height=200,
            reference=END,
            ylim=JS_RANGE,
        )
        hidden = ("noise_dimension", "depth")
        chosen = {k: v for k, v in CONTROLS.items() if k not in hidden}
        controls = {"data": list(LINES), **chosen}
        self.trainer = self.start_trainer(controls, self.draw, [self.stage, self.divergence])

    def begin(self, values: Mapping[str, Any]) -> None:
        """Empty curves for a new game."""
        self.divergence.clear()

    def draw(self, lab: LineLab) -> None:
        """One frame: the picture, the divergence, the numbers."""
        picture, game = learning_picture(self.game), self.game
        paint_line(self.stage, picture)
        self.stage.flush()
        now = max(game.rounds, game.d_moves, game.g_moves)
        seen = {"JS, exact": picture.js, "JS as D sees it": picture.js_estimate}
        self.divergence.append(now, seen)
        self.tell(
            {
                "JS(p_data, p_G)": f"{picture.js:.3f}",
                "(V + log 4)/2": f"{picture.js_estimate:.3f}".replace("-", "−"),
                "V": f"{picture.value:.3f}".replace("-", "−"),
                "moves of D · G": f"{game.d_moves:,} · {game.g_moves:,}",
            }
        )


def line_settings() -> Settings:
    """Settings under which a 1-D game runs smoothly: a quick D that moves three times a round.

    With this seed G sends z to x without mirroring the line, which it is otherwise free to do.
    """
    rates = {"d_rate": 1e-2, "g_rate": 1e-3, "d_steps": 3}
    return Settings(noise_dim=1, width=32, activation="tanh", seed=14, **rates)


def _face() -> list[torch.Tensor]:
    """A smile, to show what the pen is for."""
    turn = torch.linspace(0, 2 * math.pi, 49)
    head = 2.2 * torch.stack([turn.cos(), turn.sin()], 1)
    smile = torch.linspace(1.15 * math.pi, 1.85 * math.pi, 17)
    mouth = 1.25 * torch.stack([smile.cos(), smile.sin()], 1)
    eyes = [torch.tensor([[x, 0.55], [x, 1.0]]) for x in (-0.75, 0.75)]
    return [head, mouth, *eyes]
