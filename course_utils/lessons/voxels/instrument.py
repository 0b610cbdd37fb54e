"""An instrument for the four representations: one drag turns all of them together."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from matplotlib.figure import Figure

from course_utils.data import toy
from course_utils.data.image_voxels import object_distance
from course_utils.lessons.solid_images import standing_camera
from course_utils.lessons.voxels.figures import (
    FourShapes,
    Solid,
    four_panel,
    four_pictures,
    four_shapes,
    solid_of,
)
from course_utils.live.canvas import Canvas
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.vision3d.shapes.shape_costs import REPRESENTATIONS

__all__ = ["ShapeLab", "shape_of"]

COARSEST, FINEST = 6, 40  # voxels along each side
DRAFT, REST = 130, 230  # pixels of one picture while it turns, and at rest
WIDTH = 940  # of the four together on the page
HINT = "Drag to turn all four, wheel to come closer (or arrow keys, + and −)."


@lru_cache(maxsize=8)
def _solid(kind: str, number: int) -> Solid:
    dice = torch.Generator().manual_seed(number)
    scene = toy.sample_scenes(1, generator=dice, kinds=(kind,))
    return solid_of(object_distance(scene), generator=dice)


def shape_of(kind: str, resolution: int, number: int = 0) -> FourShapes:
    """A toy object of a kind in the four representations. number: which of that kind.

    Raises: ValueError for an unknown kind, or a shape that slips through so coarse a grid.
    """
    return four_shapes(_solid(kind, number), resolution)


class ShapeLab:
    """Four pictures of one object before one camera; menus choose the object and the detail.

    ``shapes`` is what is shown, ``azimuth``, ``elevation`` (radians) and ``distance`` say from
    where. Without a kernel nothing is displayed.

    Raises: ValueError for an unknown kind or a resolution out of range.
    """

    def __init__(self, kind: str = "chair", resolution: int = 16) -> None:
        self.azimuth, self.elevation, self.distance = 0.75, 0.35, 4.5
        self.settings = {"kind": "chair", "number": 0, "resolution": 16}
        self.widget = None
        self._controls: dict = {}
        self.set(kind=kind, resolution=resolution)
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: object) -> None:
        """Change kind, number or resolution. Raises: ValueError for another name or value."""
        only_known(settings, self.settings)
        wanted = self.settings | settings
        if not COARSEST <= wanted["resolution"] <= FINEST:
            raise ValueError(f"the resolution must be {COARSEST} to {FINEST}, not {wanted}")
        self.shapes = shape_of(wanted["kind"], wanted["resolution"], wanted["number"])
        self.settings = wanted
        for name, value in settings.items():
            if name in self._controls and self._controls[name].value != value:
                self._controls[name].value = value
        self._draw(REST)

    def turn(self, dx: float, dy: float, zoom: float = 0.0) -> None:
        """Walk as a drag by (dx, dy), in widths of one of the pictures, and ``zoom`` doublings."""
        self.azimuth = (self.azimuth - math.pi * dx) % (2 * math.pi)
        self.elevation = min(max(self.elevation + math.pi / 2 * dy, -1.5), 1.5)
        self.distance = min(max(self.distance * 2.0**-zoom, 2.5), 12.0)

    def picture(self, size: int = REST) -> np.ndarray:
        """The four as they are seen now, each ``size`` pixels; uint8."""
        camera = standing_camera(self.azimuth, self.elevation, self.distance, size=size)
        return four_pictures(self.shapes, camera)

    def figure(self) -> Figure:
        """The same, still."""
        camera = standing_camera(self.azimuth, self.elevation, self.distance, size=300)
        return four_panel(self.shapes, camera)

    def _build(self) -> None:
        import ipywidgets

        specs = {
            "kind": list(toy.KINDS),
            "number": (0, 20),
            "resolution": (COARSEST, FINEST),
        }
        for name, spec in specs.items():
            control = make_control(name, spec, self.settings[name])
            control.observe(lambda change, name=name: self._chosen(name, change["new"]), "value")
            self._controls[name] = control
        self._names, self._sizes, self._fault = (ipywidgets.HTML() for _ in range(3))
        self._names.value = _row([f"<b>{name}</b>" for name in REPRESENTATIONS])
        self._canvas = Canvas(
            WIDTH // 4, WIDTH, description="four representations of one object", hint=HINT
        )
        self._canvas.on_hand(self._hand)
        parts = (self._names, self._canvas.widget, self._sizes, self._fault)
        self.widget = ipywidgets.VBox([in_columns(self._controls.values()), *parts])
        self.widget.add_class("course-live-controls")
        self._draw(REST)

    def _chosen(self, name: str, value: object) -> None:
        if self.settings[name] == value:
            return
        try:
            self.set(**{name: value})
            self._fault.value = ""
        except ValueError as error:  # a thin object can slip through a coarse grid
            self._fault.value = f"{error}. Still shown: {self.settings}"

    def _hand(self, move: dict) -> None:
        self.turn(4 * move["dx"], 4 * move["dy"], move["zoom"])
        if move["phase"] != "down":
            self._draw(REST if move["phase"] == "up" else DRAFT)

    def _draw(self, size: int) -> None:
        if self.widget is None:
            return
        self._sizes.value = _row(self.shapes.sizes)
        self._canvas.show(self.picture(size))

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""


def _row(words: tuple[str, ...] | list[str]) -> str:
    cells = "".join(f'<span style="flex:1;text-align:center">{word}</span>' for word in words)
    return f'<div style="display:flex;width:{WIDTH}px;max-width:100%">{cells}</div>'
