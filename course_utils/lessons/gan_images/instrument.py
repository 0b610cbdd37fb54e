"""The picture laboratory: a DCGAN that learns while you watch, with every guideline a switch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.gan.dcgan import GUIDELINES, Recipe
from course_utils.gan.image_game import PictureGame, Rates, made_pictures
from course_utils.lessons.gan_images.figures import tiled
from course_utils.live.canvas import Canvas
from course_utils.live.controls import Log
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.plots import CYCLE, FAKE, GOOD, REAL

__all__ = ["PictureLab"]

STEPS = {"Step": 1, "25 rounds": 25}
CONTROLS: dict[str, Any] = {
    "G_learning_rate": Log(1e-5, 1e-1),
    "D_learning_rate": Log(1e-5, 1e-1),
    "G_moves_per_round": (1, 8),
    "D_moves_per_round": (1, 8),
    **dict.fromkeys(GUIDELINES, True),
    "shown": ["slow copy of G", "G itself"],
}
RATES = {
    "G_learning_rate": "g_rate",
    "D_learning_rate": "d_rate",
    "G_moves_per_round": "g_steps",
    "D_moves_per_round": "d_steps",
}
COLUMNS, SECONDS = 10, 1.0  # of the sheet; between two scores
Score = Callable[[Tensor], Mapping[str, float]]


class PictureLab:
    """A sheet of fixed latents, both losses, and a score, while the players train.

    Args:
        pictures: training sets by name, values in [-1, 1], all of the recipe's shape.
        score: from made pictures to named numbers in [0, 1]; names must not change.
        recipe, rates: where the controls start.

    Raises:
        ValueError: when there is no training set.
    """

    def __init__(
        self,
        pictures: Mapping[str, Tensor],
        score: Score,
        recipe: Recipe,
        rates: Rates | None = None,
    ) -> None:
        if not pictures:
            raise ValueError("the laboratory needs at least one set of pictures")
        self.pictures, self.score = dict(pictures), score
        self.recipe, self.rates = recipe, rates or Rates()
        self.latents = torch.randn(
            5 * COLUMNS, recipe.latent, generator=torch.Generator().manual_seed(0)
        )
        self.game: PictureGame | None = None
        self.told: dict[str, float] = {}
        self._shows_copy, self._scored_at = True, 0.0
        times = max(1, 460 // (COLUMNS * recipe.size))
        self._times = times
        self.canvas = Canvas(
            times * 5 * (recipe.size + 1),
            times * COLUMNS * (recipe.size + 1),
            smooth=False,
            description="pictures made from the same latents",
        )
        names = list(score(next(iter(self.pictures.values()))[:100]))
        size = {"width": 430, "height": 190}
        self.losses = Traces(
            ["loss of D", "loss of G"], [CYCLE[3], FAKE], **size, description="losses"
        )
        self.scores = Traces(
            names, [GOOD, REAL, *CYCLE[3:]][: len(names)], **size, ylim=(0.0, 1.02),
            description="scores of the made pictures",
        )  # fmt: skip
        starts = {name: getattr(self.rates, field) for name, field in RATES.items()}
        starts |= {name: getattr(recipe, name) for name in GUIDELINES}
        self.trainer = Trainer(
            _with_defaults(self.make, starts),
            self.draw,
            {"data": list(self.pictures), **CONTROLS},
            views=[self.canvas, self.losses, self.scores],
            steps=STEPS,
            restart=["data", *GUIDELINES],
        )
        if self.trainer.widget is not None:
            # Pictures above the sliders: a hand on a slider must see what it does.
            buttons, sliders, *status, shown = self.trainer.widget.children
            self.trainer.widget.children = [buttons, *status, shown, sliders]

    def make(self, **values: Any) -> PictureLab:
        """A fresh game from the values of all controls."""
        switches = {name: values[name] for name in GUIDELINES}
        rates = {field: values[name] for name, field in RATES.items()}
        pictures = self.pictures[values["data"]]
        self.game = PictureGame(
            pictures, replace(self.recipe, **switches), replace(self.rates, **rates)
        )
        self._shows_copy = values["shown"] == "slow copy of G"
        self._scored_at, self.told = 0.0, {}
        self.losses.clear()
        self.scores.clear()
        return self

    def step(self, count: int = 1, which: int | None = None) -> None:
        """Plays ``count`` times what the pressed button says; called by the trainer."""
        self.told = self.game.step(count * (which or 1))

    def set(self, **values: Any) -> None:
        """Takes changed rates and moves in mid-game, and what is shown."""
        if "shown" in values:
            self._shows_copy = values["shown"] == "slow copy of G"
        changed = {RATES[name]: value for name, value in values.items() if name in RATES}
        if changed:
            self.game.set(**changed)

    def sheet(self) -> np.ndarray:
        """What is on the canvas now, uint8 (height, width, 3)."""
        player = self.game.average if self._shows_copy else self.game.generator
        return tiled(made_pictures(player, self.latents), COLUMNS, times=self._times)

    def draw(self, lab: PictureLab) -> None:
        """One frame: the sheet, the losses, and now and then the score."""
        self.canvas.show(self.sheet())
        if self.told:
            self.losses.append(self.game.rounds, self.told)
        now = time.monotonic()
        if now - self._scored_at >= SECONDS or not self.game.rounds:
            player = self.game.average if self._shows_copy else self.game.generator
            made = made_pictures(player, self.game.noise(300))
            self.scores.append(self.game.rounds, self.score(made))
            self._scored_at = now

    def _ipython_display_(self) -> None:
        self.trainer.show()


def _with_defaults(make: Callable[..., Any], starts: Mapping[str, Any]) -> Callable[..., Any]:
    """The same function with a signature from which the trainer reads where controls start."""
    import inspect

    def made(**values: Any) -> Any:
        return make(**values)

    made.__signature__ = inspect.Signature(
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value)
        for name, value in starts.items()
    )
    return made
