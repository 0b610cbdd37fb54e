"""An instrument for positional encoding: bend a curve, choose octaves, watch a network follow."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from course_utils.live.stage import Stage
from course_utils.live.traces import Traces
from course_utils.live.trainer import Trainer
from course_utils.plots import FAKE, MUTED, REAL
from course_utils.vision3d.fields.encoding_fits import (
    EncodedFits,
    EncodedNetworks,
    octaves_for_spacing,
    picture_points,
    rippled_curve,
)

__all__ = ["CurveRun", "EncodingLab"]

PLACES = 401  # of the drawn curve
TALL = 1.3  # the curve is drawn from -TALL to TALL
FOR_EVER = 10**9  # steps over which the rate falls: it stays


class CurveRun:
    """One network and the curve it is to follow: what `Trainer` drives.

    places, curve: the truth, on a fine grid of [-1, 1]; shared with whoever bends it.
    """

    def __init__(self, places: Tensor, curve: Tensor, octaves: int, data: int, seed: int = 0):
        self.places, self.curve, self.steps = places, curve, 0
        generator = torch.Generator().manual_seed(seed)
        self.fits = EncodedFits(EncodedNetworks([octaves], generator=generator), 3e-3, FOR_EVER)
        self.set(data)

    def set(self, data: int) -> None:
        """Give the network another number of places at which it is told the curve."""
        self.x = picture_points(1, data)[:, :1]

    def at(self, x: Float[Tensor, "points 1"]) -> Float[Tensor, "points 1"]:
        """The true curve at any place, linear between its table."""
        place = (x + 1) / 2 * (len(self.curve) - 1)
        left = place.floor().long().clamp(0, len(self.curve) - 2)
        low, high = self.curve[left[:, 0]], self.curve[left[:, 0] + 1]
        return low + (place - left) * (high - low)

    def step(self, count: int, which: Any = None) -> None:
        """So many steps of Adam on all data."""
        batch = (self.x, self.at(self.x))
        for _ in range(count):
            self.fits.step(batch)
        self.steps += count

    def fitted(self) -> Float[Tensor, "places"]:
        """What the network says along the whole line."""
        return self.fits.values(self.places[:, None])[0, :, 0]

    def errors(self) -> dict[str, float]:
        """Root mean squared errors at the data, and half way between them."""
        between = (self.x[1:] + self.x[:-1]) / 2
        found = {}
        for name, x in (("at the data", self.x), ("between them", between)):
            gap = self.fits.values(x)[0] - self.at(x)
            found[name] = float((gap**2).mean().sqrt())
        return found


class EncodingLab:
    """A curve that the hand can bend, and a network that learns it with so many octaves.

    Displays itself. ``curve`` is the truth on a fine grid; ``trainer`` the training.
    """

    def __init__(self, octaves: int = 0, data: int = 64) -> None:
        self.places = torch.linspace(-1, 1, PLACES)
        self.curve = rippled_curve(self.places[:, None])
        self._hand = (0.0, 0.0)
        self._last = -1
        self.stage = Stage(
            (-1, 1), (-TALL, TALL), 720, 330, title="bend the grey curve with the mouse",
            xlabel="x", description="curve, data and the network's fit",
        )  # fmt: skip
        self.traces = Traces(
            ["at the data", "between them"], [REAL, FAKE], 720, 190, ylabel="RMS error"
        )
        self.stage.on_pointer(self.bend)

        def make(octaves: int = octaves, data: int = data) -> CurveRun:
            return CurveRun(self.places, self.curve, octaves, data)

        self.trainer = Trainer(
            make,
            self.draw,
            {"octaves": (0, 10, 1), "data": (8, 128, 8)},
            views=[self.stage, self.traces],
            restart=["octaves"],
            name="encoding",
        )
        self.trainer.show()

    def bend(self, kind: str, x: float, y: float) -> None:
        """Take the curve along: from where the hand was to (x, y)."""
        before, self._hand = self._hand, (x, y)
        if kind == "down":
            return
        (x0, y0), (x1, y1) = sorted([before, (x, y)])
        near = (self.places >= x0) & (self.places <= x1)
        share = (self.places[near] - x0) / max(x1 - x0, 1e-9)
        self.curve[near, 0] = (y0 + share * (y1 - y0)).clamp(-1.2, 1.2)
        if not self.trainer.running:
            self.draw(self.trainer.state)

    def draw(self, run: CurveRun) -> None:
        """Put truth, data and fit on the stage, and both errors on their curves."""
        octaves = run.fits.networks.frequencies[0]
        most = octaves_for_spacing(2 / len(run.x))
        data = torch.cat([run.x, run.at(run.x)], 1)
        truth = torch.stack([self.places, self.curve[:, 0]], 1)
        fitted = torch.stack([self.places, run.fitted().clamp(-2 * TALL, 2 * TALL)], 1)
        self.stage.set("truth", "lines", lines=truth, colour=MUTED, width=1.6, label="truth")
        self.stage.set("fit", "lines", lines=fitted, colour=FAKE, width=2.6, label="fit")
        self.stage.set("data", "points", xy=data, colour=REAL, size=6.0, label="data")
        words = f"{octaves or 'no'} octaves; the data carry at most {most}"
        self.stage.set("limit", "text", xy=(-0.97, -1.17), text=words, align="left")
        self.stage.flush()
        if run.steps < self._last:
            self.traces.clear()
        self._last = run.steps
        self.traces.append(run.steps, run.errors())

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
