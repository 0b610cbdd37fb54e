"""An instrument for one Gaussian: pull at its axes, turn it, and see its footprint follow."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.splatting.figures import (
    ALPHA_STOPS,
    AXIS_COLOURS,
    look_at_gaussian,
    splat_panel,
)
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.live.stage import Stage
from course_utils.plots import INK, MUTED
from course_utils.vision3d.cameras import Camera, orbit_camera
from course_utils.vision3d.fields.harmonics import harmonics_from_colours
from course_utils.vision3d.splats.gaussians import Gaussians

__all__ = ["SplatLab", "one_gaussian", "quaternion_from_angles"]

SMALLEST, LARGEST = 0.03, 0.9  # standard deviations, world units
NEAR = 0.12  # of the picture's width: a hand this near an end of an axis takes it
SIZE = 64  # pixels of the picture, both ways
SLIDERS = {  # axes in world units, angles in radians
    "axis_1": (SMALLEST, LARGEST, 0.01),
    "axis_2": (SMALLEST, LARGEST, 0.01),
    "axis_3": (SMALLEST, LARGEST, 0.01),
    "turn": (-3.1, 3.1, 0.1),
    "tilt": (-1.6, 1.6, 0.1),
    "opacity": (0.01, 0.99, 0.01),
}


def quaternion_from_angles(turn: float | int, tilt: float | int) -> Float[Tensor, "4"]:
    """(w, x, y, z) of a tilt about x, then a turn about the vertical z; angles in radians."""
    a, b = turn / 2, tilt / 2
    return torch.tensor(
        [
            math.cos(a) * math.cos(b),
            math.cos(a) * math.sin(b),
            math.sin(a) * math.sin(b),
            math.sin(a) * math.cos(b),
        ]
    )


def one_gaussian(
    scales: tuple[float, float, float] = (0.7, 0.35, 0.2),
    turn: float = 1.9,
    tilt: float = 0.5,
    opacity: float = 0.9,
) -> Gaussians:
    """A blue Gaussian at the origin. scales: standard deviations along its axes, world units.

    Raises: ValueError if a scale is not positive, or the opacity not inside (0, 1).
    """
    if min(scales) <= 0 or not 0 < opacity < 1:
        raise ValueError(f"need scales > 0 and 0 < opacity < 1, got {scales} and {opacity}")
    return Gaussians(
        torch.zeros(1, 3),
        torch.tensor([scales]).log(),
        quaternion_from_angles(turn, tilt)[None],
        torch.logit(torch.tensor([opacity])),
        harmonics_from_colours(torch.tensor([[0.13, 0.44, 0.71]])),
    )


class SplatLab:
    """One Gaussian before a camera: drag the ends of its axes; sliders turn and fade it.

    ``gaussian`` and ``look`` are the current ones. Without a kernel nothing is displayed.
    """

    def __init__(self, camera: Camera | None = None):
        self.camera = orbit_camera(0.9, 0.35, 4.0, size=SIZE) if camera is None else camera
        start = {"axis_1": 0.7, "axis_2": 0.35, "axis_3": 0.2}
        self.settings = start | {"turn": 1.9, "tilt": 0.5, "opacity": 0.9}
        self._held: int | None = None
        self._controls: dict = {}
        self.widget = None
        self._look()
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: float) -> None:
        """Change sliders. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        for name, value in settings.items():
            if name in self._controls and self._controls[name].value != value:
                self._controls[name].value = value
        self._look()
        self._draw()

    def hold(self, u: float, v: float) -> None:
        """Take up the end of an axis that is near the place (u, v), in pixels, if there is one."""
        gaps = (self.look.axes - torch.tensor([u, v])).norm(dim=-1)
        self._held = int(gaps.argmin()) if gaps.min() < NEAR * self.camera.width else None

    def move(self, u: float, v: float) -> None:
        """Carry the held end along its axis to where it is nearest to (u, v)."""
        if self._held is None:
            return
        along = self.look.axes[self._held] - self.look.mean
        hand = torch.tensor([u, v]) - self.look.mean
        factor = float((hand @ along) / (along @ along).clamp_min(1e-6))
        name = f"axis_{self._held + 1}"
        self.set(**{name: min(max(self.settings[name] * factor, SMALLEST), LARGEST)})

    def figure(self) -> Figure:
        """The same, still."""
        return splat_panel(self.look)

    def _look(self) -> None:
        s = self.settings
        scales = (s["axis_1"], s["axis_2"], s["axis_3"])
        self.gaussian = one_gaussian(scales, s["turn"], s["tilt"], s["opacity"])
        self.look = look_at_gaussian(self.gaussian, self.camera)

    def _build(self) -> None:
        import ipywidgets

        high, wide = self.camera.height, self.camera.width
        # A stage's axis runs upwards, a picture's v downwards: places are turned over on the way.
        self._space = Stage(
            (0, wide), (0, high), 430, 430, title="in space: drag the ends of the axes",
            axes=False, description="ellipsoid of a Gaussian with its axes",
        )  # fmt: skip
        self._picture = Stage(
            (0, wide), (0, high), 430, 430, title="on the picture: alpha of each pixel",
            axes=False, description="footprint of the Gaussian on the picture",
        )  # fmt: skip
        self._space.on_pointer(self._hand)
        for name, spec in SLIDERS.items():
            self._controls[name] = make_control(name, spec, self.settings[name])
            self._controls[name].observe(
                lambda change, name=name: self._slid(name, change["new"]), "value"
            )
        self._readout = ipywidgets.HTML()
        pair = ipywidgets.HBox([self._space.widget, self._picture.widget])
        self.widget = ipywidgets.VBox([in_columns(self._controls.values()), pair, self._readout])
        self.widget.add_class("course-live-controls")
        self._draw()

    def _slid(self, name: str, value: float) -> None:
        if value != self.settings[name]:
            self.set(**{name: value})

    def _hand(self, kind: str, x: float, y: float) -> None:
        react = self.hold if kind == "down" else self.move
        react(x, self.camera.height - y)

    def _up(self, uv: Tensor) -> np.ndarray:
        return torch.stack([uv[..., 0], self.camera.height - uv[..., 1]], -1).numpy()

    def _draw(self) -> None:
        if self.widget is None:
            return
        look = self.look
        self._space.set("rings", "lines", lines=self._up(look.rings), colour=MUTED, width=1.5)
        for k, end in enumerate(look.axes):
            line = self._up(torch.stack([look.mean, end]))
            self._space.set(f"axis {k}", "lines", lines=line, colour=AXIS_COLOURS[k], width=3.0)
            self._space.set(
                f"end {k}", "points", xy=line[1:], colour=AXIS_COLOURS[k], size=14.0, outline=True
            )
        values = look.alpha.flip(0).clamp(0, 1)
        self._picture.set("alpha", "field", values=values, stops=ALPHA_STOPS)
        for stage in (self._space, self._picture):
            outline = self._up(look.outline)
            stage.set("outline", "lines", lines=outline, colour=INK, width=2.0, dash=(6, 4))
            stage.flush()
        (a, b), (_, c) = look.covariance.tolist()
        named = " ".join(
            f'<span style="color:{colour}">●</span> axis {k + 1} ·'
            for k, colour in enumerate(AXIS_COLOURS)
        )
        self._readout.value = (
            f"{named} dashed: one standard deviation on the picture<br>"
            f"covariance there, in pixels²: <b>[{a:.1f}, {b:.1f}; {b:.1f}, {c:.1f}]</b>"
            f", largest alpha <b>{float(look.alpha.max()):.2f}</b>"
        )

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
