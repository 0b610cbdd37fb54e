"""A pinhole camera to hold: carry it, turn it, zoom; its picture and its frustum follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.data import driving, toy
from course_utils.lessons.cameras_boxes.figures import (
    AXES,
    RAY,
    WorldLook,
    camera_panel,
    look_at_world,
)
from course_utils.live.canvas import Canvas, enlarged
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.plots import INK
from course_utils.vision3d.cameras import (
    Camera,
    look_at,
    orbit_camera,
    pixels_to_rays,
)

__all__ = ["CameraLab", "held_camera", "look_through", "on_picture", "outer_camera", "some_scene"]

HEIGHT, WIDTH = driving.SIZE
SIDE, ZOOM = 360, 4  # pixels of the outer view both ways, and per pixel of the picture: sent raw
SHARP, QUICK = 180, 90  # rendered pixels of the outer view, at rest and while something moves
WIDE = (430, 480)  # CSS pixels of the two views
START = {"focal": 100, "right": 0.0, "ahead": 0.0, "up": 2.0, "turn": 0.0, "tilt": 0.25}
AROUND = (-2.2, 0.42, 9.5)  # of the outer view: azimuth, elevation in radians, distance
PIXEL = (59.5, 32.0)  # whose ray is drawn at first
SLIDERS = {
    "focal": (40, 300),
    "right": (-2.5, 2.5, 0.05),
    "ahead": (-2.0, 5.0, 0.05),
    "up": (0.3, 4.0, 0.05),
    "turn": (-1.2, 1.2, 0.02),
    "tilt": (-0.3, 1.3, 0.01),
}
UNITS = {"focal": "pixels", "turn": "radians", "tilt": "radians"}
NAMED = {"right": AXES[0], "down": AXES[1], "forward": AXES[2], "the ray": RAY}


def held_camera(
    focal: float = 100,
    right: float = 0.0,
    ahead: float = 0.0,
    up: float = 2.0,
    turn: float = 0.0,
    tilt: float = 0.25,
) -> Camera:
    """A camera of the size of the roadside pictures, placed by hand.

    focal: pixels. right, ahead, up: of the pinhole, world units. turn: to the right, tilt: down,
    radians. At rest it is the one that takes the roadside pictures.

    Raises: ValueError if the focal length is not positive, or it looks straight up or down.
    """
    if focal <= 0:
        raise ValueError(f"the focal length must be positive, got {focal}")
    eye = torch.tensor([ahead, -right, up], dtype=torch.float32)
    flat = math.cos(tilt)
    forward = torch.tensor([flat * math.cos(turn), -flat * math.sin(turn), -math.sin(tilt)])
    angle = 2 * math.atan(HEIGHT / 2 / focal)
    return look_at(eye, eye + forward, field_of_view=angle, size=(HEIGHT, WIDTH))


def on_picture(
    picture: np.ndarray, layers: Sequence[tuple[Tensor, str, int]], dot: Sequence[float] = ()
) -> np.ndarray:
    """A picture, uint8 (height, width, 3), with segments (n, 2, 2) in its pixels drawn on it.

    layers: segments, colour and width, from the bottom up. dot: (u, v) of a mark, or nothing.
    """
    from PIL import Image, ImageDraw

    # Drawn twice as large and averaged: the pen knows no half pixels.
    image = Image.fromarray(picture.repeat(2, 0).repeat(2, 1))
    pen = ImageDraw.Draw(image)
    for lines, colour, width in layers:
        for (a, b), (c, d) in (2 * lines).tolist():
            pen.line((a, b, c, d), fill=colour, width=2 * width)
    if len(dot):
        u, v = (2 * x for x in dot)
        pen.ellipse((u - 16, v - 16, u + 16, v + 16), fill=RAY, outline=INK, width=4)
    return np.asarray(image.reduce(2))


def some_scene() -> toy.Scenes:
    """Four objects by the road."""
    dice = torch.Generator().manual_seed(4)
    return driving.sample_road(1, generator=dice, objects=(4, 4))


def outer_camera(around: Sequence[float] = AROUND, size: int = SIDE) -> Camera:
    """Who looks at the held camera. around: azimuth, elevation in radians, distance."""
    return orbit_camera(*around, target=(2.6, 0.0, 0.7), field_of_view=0.75, size=size)


def look_through(
    camera: Camera,
    scene: toy.Scenes,
    pixel: tuple[float, float] = PIXEL,
    around: Sequence[float] = AROUND,
    size: int = SHARP,
) -> tuple[WorldLook, float]:
    """A camera in a scene from outside and from inside, and how far the ray of a pixel goes.

    size: pixels of the outer view, both ways; below ``SHARP`` it is drawn quickly. The ray of a
    pixel of the sky goes on for ever: infinity.
    """
    outer = outer_camera(around, size)
    outside = toy.render_image(scene, outer, samples=2 if size >= SHARP else 1)[0]
    inside = toy.render(scene, camera)
    u, v = (int(min(x, n - 1)) for x, n in zip(pixel, (WIDTH, HEIGHT), strict=True))
    hit = float(inside.distance[0, v, u])
    pictures, reach = (outside, inside.image[0]), min(hit, 12.0)
    return look_at_world(outer, camera, pictures, pixel, reach), hit


def _with_unit(name: str) -> str:
    return f"{name}, {UNITS[name]}" if name in UNITS else name


class CameraLab:
    """Move a camera through a scene with sliders; point at a pixel of its picture to see its ray.

    The outer view turns under the mouse. ``camera``, ``pixel`` and ``look`` are the current ones.
    Without a kernel nothing is displayed.

    Args:
        scene: what is to be seen; by default some objects by the road.

    Raises:
        ValueError: for more than one scene.
    """

    def __init__(self, scene: toy.Scenes | None = None) -> None:
        scene = some_scene() if scene is None else scene
        if len(scene) != 1:
            raise ValueError(f"a camera is held in one scene, got {len(scene)}")
        self.scene, self.settings = scene, dict(START)
        self.pixel, self.around = PIXEL, list(AROUND)
        self._controls: dict[str, Any] = {}
        self.widget: Any = None
        self._look(sharp=True)
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: float) -> None:
        """Move sliders. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        for name, value in settings.items():
            if name in self._controls and self._controls[name].value != value:
                self._controls[name].value = value
        self._refresh()

    def point(self, u: float, v: float) -> None:
        """Choose the pixel whose ray is drawn, (u, v) in pixels of the picture."""
        self.pixel = (float(min(max(u, 0), WIDTH)), float(min(max(v, 0), HEIGHT)))
        self._refresh()

    def turn(self, dx: float, dy: float, zoom: float = 0.0) -> None:
        """Turn the outer view by a drag of (dx, dy) picture widths, and ``zoom`` doublings."""
        azimuth, elevation, distance = self.around
        elevation = min(max(elevation + math.pi / 2 * dy, 0.02), 1.5)
        self.around = [azimuth - math.pi * dx, elevation, min(max(distance * 2**-zoom, 4), 25)]
        self._refresh()

    def figure(self) -> Figure:
        """The same, still."""
        self._look(sharp=True)
        return camera_panel(self.look, self.pixel)

    def _look(self, sharp: bool) -> None:
        self.camera = held_camera(**self.settings)
        size = SHARP if sharp else QUICK
        self.look, self.hit = look_through(self.camera, self.scene, self.pixel, self.around, size)

    def _refresh(self, sharp: bool = False) -> None:
        self._look(sharp)
        if self.widget is None:
            return
        look, scale = self.look, SIDE / self.look.outside.shape[1]
        layers = [(look.frustum * scale, "white", 2), (look.body * scale, INK, 2)]
        layers += [(look.ray * scale, RAY, 4)]
        layers += [(a * scale, c, 4) for a, c in zip(look.axes, AXES, strict=True)]
        self._outside.show(on_picture(enlarged(look.outside, SIDE), layers), draft=not sharp)
        large = enlarged(look.inside, ZOOM * WIDTH)
        self._inside.show(on_picture(large, (), dot=[ZOOM * x for x in self.pixel]))
        self._readout.value = self._words()

    def _words(self) -> str:
        f, (u0, v0) = float(self.camera.focal), self.camera.principal.tolist()
        angle = math.degrees(2 * math.atan(WIDTH / 2 / f))
        _, ray = pixels_to_rays(self.camera, self.camera.centre.new_tensor([self.pixel]))
        x, y, z = ray[0].tolist()
        end = f"ends after <b>{self.hit:.2f}</b>" if math.isfinite(self.hit) else "never ends"
        named = " ".join(f'<span style="color:{c}">⬤</span> {n} ' for n, c in NAMED.items())
        return (
            f"From outside: {named} (white: what the camera sees)<br>"
            f"K = [{f:.0f} 0 {u0:.0f}; 0 {f:.0f} {v0:.0f}; 0 0 1], {angle:.0f}° wide; pixel "
            f"<b>({self.pixel[0]:.0f}, {self.pixel[1]:.0f})</b> is the ray "
            f"<b>({x:.2f}, {y:.2f}, {z:.2f})</b> in the world, which {end}"
        )

    def _build(self) -> None:
        import ipywidgets

        self._outside = Canvas(
            WIDE[0], WIDE[0], description="the camera in its world", hint="Drag to walk round."
        )
        self._inside = Canvas(
            WIDE[1] * HEIGHT // WIDTH, WIDE[1], description="picture of the held camera",
            hint="Click: the ray of that pixel.",
        )  # fmt: skip
        self._outside.on_hand(lambda move: self.turn(move["dx"], move["dy"], move["zoom"]))
        self._outside.on_settled(lambda: self._refresh(sharp=True))
        self._inside.on_pointer(lambda kind, u, v: self.point(u / ZOOM, v / ZOOM))
        self._readout = ipywidgets.HTML()
        for name, spec in SLIDERS.items():
            self._controls[name] = make_control(_with_unit(name), spec, self.settings[name])
            self._controls[name].observe(
                lambda change, name=name: self._slid(name, change["new"]), "value"
            )
        pair = ipywidgets.HBox([self._outside.widget, self._inside.widget])
        self.widget = ipywidgets.VBox([in_columns(self._controls.values()), pair, self._readout])
        self.widget.add_class("course-live-controls")
        self._refresh(sharp=True)

    def _slid(self, name: str, value: float) -> None:
        if value != self.settings[name]:
            self.set(**{name: value})

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
