"""Two instruments for 3D boxes: slide one along its frustum, and drag one over another."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.data import driving, toy
from course_utils.lessons.cameras_boxes.camera_instrument import held_camera, on_picture
from course_utils.lessons.cameras_boxes.figures import (
    TOLD,
    TRUE,
    above,
    outlines,
    pair_panel,
    rectangle_outline,
    segments,
    side,
    slide_panel,
)
from course_utils.live.canvas import Canvas, enlarged
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.live.stage import Stage
from course_utils.plots import CYCLE, INK, MUTED
from course_utils.vision3d.boxes.box_overlap import box_iou, generalised_iou_loss
from course_utils.vision3d.boxes.boxes import box_corners
from course_utils.vision3d.boxes.frustums import frustum_corners, project_boxes, slide_boxes
from course_utils.vision3d.cameras import Camera

__all__ = ["PairLab", "SlideLab", "one_object", "pull_on"]

TIMES = 4  # sent pixels per pixel of the picture: few enough to go raw
FAR = 11.0  # where a drawn frustum ends, world units
REACH = 2.0  # how far the middle of a box is dragged: the stage shows the whole of it
PAIR_SLIDERS = {
    "height": (-0.6, 1.8, 0.02),
    "yaw": (-3.14, 3.14, 0.02),
    "pitch": (-1.5, 1.5, 0.02),
    "roll": (-1.5, 1.5, 0.02),
    "larger": (0.4, 2.0, 0.02),
}


class _Lab:
    """Sliders that call `set`, and a widget where there is a kernel."""

    settings: dict[str, float]

    def _controls(self, sliders: dict[str, tuple]) -> list[Any]:
        self._made = {n: make_control(n, spec, self.settings[n]) for n, spec in sliders.items()}
        for name, control in self._made.items():
            control.observe(lambda change, name=name: self._slid(name, change["new"]), "value")
        return list(self._made.values())

    def _slid(self, name: str, value: float) -> None:
        if value != self.settings[name]:
            self.set(**{name: value})

    def set(self, **settings: float) -> None:
        """Move sliders. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        for name, value in settings.items():
            made = getattr(self, "_made", {})
            if name in made and made[name].value != value:
                made[name].value = value
        self._refresh()

    def _refresh(self) -> None:
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""


def one_object(
    kind: str = "car", x: float = 5.0, y: float = 0.3, yaw: float = 2.2, seed: int = 2
) -> toy.Scenes:
    """A single object at (x, y) before a grey wall, without a ground. yaw: radians.

    Raises: ValueError for an unknown kind.
    """
    dice = torch.Generator().manual_seed(seed)
    scene = toy.sample_scenes(1, generator=dice, kinds=(kind,), backdrop="studio")
    objects = scene.objects
    place = torch.cat(
        [torch.tensor([[[x, y]]]).to(objects.position), objects.position[..., 2:]], -1
    )
    return replace(
        scene, objects=replace(objects, position=place, yaw=torch.full_like(objects.yaw, yaw))
    )


class SlideLab(_Lab):
    """One object without a ground: slide it along its frustum, growing with the distance or not.

    ``box`` is where it is now, ``rectangle`` its 2D box at the start. Without a kernel nothing
    is displayed.

    Args:
        scene: one scene with one object; by default a car.
        camera: who looks; by default the one of the roadside pictures.

    Raises:
        ValueError: unless there is one scene with one object.
    """

    def __init__(self, scene: toy.Scenes | None = None, camera: Camera | None = None) -> None:
        scene = one_object() if scene is None else scene
        if len(scene) != 1 or int(scene.exists.sum()) != 1:
            raise ValueError("one scene with one object is slid, please")
        self.scene, self.camera = scene, held_camera() if camera is None else camera
        self.start = toy.boxes_3d(scene.objects)[0, 0]
        self.rectangle = project_boxes(self.camera, self.start[None])[0][0]
        self.settings = {"times_as_far": 1.0, "grows_with_it": True}
        self._slide()
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def figure(self) -> Figure:
        """The same, still."""
        return slide_panel(self.camera, {"the box": self.box}, self.rectangle, self.picture)

    def _slide(self) -> None:
        factor, grows = self.settings["times_as_far"], self.settings["grows_with_it"]
        self.box = slide_boxes(self.camera, self.start[None], factor)[0]
        moved = driving.slide_scenes(self.scene, self.camera.centre, factor)
        if not grows:  # moved as far, then shrunk again about its own middle
            self.box = torch.cat([self.box[:3], self.start[3:]])
            moved = driving.slide_scenes(moved, self.box[:3], 1 / factor)
        self.now = project_boxes(self.camera, self.box[None])[0][0]
        self.picture = toy.render_image(moved, self.camera)[0]

    def _build(self) -> None:
        import ipywidgets

        high, wide = driving.SIZE
        self._picture = Canvas(
            480 * high // wide, 480, description="picture of the object with its 2D box",
            hint="White: the 2D box at the start. Orange: now. Blue: the 3D box.",
        )  # fmt: skip
        self._above = Stage(
            (-3.6, 3.6), (-0.5, FAR), 400, 560, title="from above", xlabel="to the right",
            ylabel="ahead", equal=True, description="frustum and box from above",
        )  # fmt: skip
        self._side = Stage(
            (-0.5, FAR), (-3, 2.6), 480, 258, title="from the side", xlabel="ahead",
            ylabel="up", equal=True, description="frustum and box from the side",
        )  # fmt: skip
        corners = frustum_corners(self.camera, self.rectangle, 0.01, FAR)
        apex = self.camera.centre
        for stage, flat, (i, j) in ((self._above, above, (4, 5)), (self._side, side, (4, 7))):
            wedge = torch.stack([flat(x) for x in (apex, corners[i], corners[j])])
            stage.set(
                "frustum", "polygons", polygons=wedge, colour=CYCLE[4], alpha=0.35,
                label="frustum of the white box",
            )  # fmt: skip
        ground = np.array([[-0.5, 0.0], [FAR, 0.0]])
        self._side.set("ground", "lines", lines=ground, colour=MUTED, width=2, label="ground")
        self._readout = ipywidgets.HTML()
        sliders = self._controls({"times_as_far": (0.5, 1.6, 0.01), "grows_with_it": True})
        left = ipywidgets.VBox([self._picture.widget, self._side.widget])
        views = ipywidgets.HBox([left, self._above.widget])
        self.widget = ipywidgets.VBox([in_columns(sliders), views, self._readout])
        self.widget.add_class("course-live-controls")
        self._refresh()

    def _refresh(self) -> None:
        self._slide()
        if self.widget is None:
            return
        around = [rectangle_outline(r) for r in (self.rectangle, self.now)]
        layers = [(TIMES * torch.stack([r[:-1], r[1:]], 1), c, w)
                  for r, c, w in zip(around, ("white", TOLD), (5, 2), strict=True)]  # fmt: skip
        layers += [(TIMES * outlines(self.camera, self.box[None]), TRUE, 2)]
        large = enlarged(self.picture, TIMES * self.camera.width)
        self._picture.show(on_picture(large, layers))
        for stage, flat in ((self._above, above), (self._side, side)):
            stage.set("box", "lines", lines=flat(segments(self.box[None])), colour=TRUE, width=2.5)
            stage.flush()
        low = float(box_corners(self.box)[:, 2].min())
        where = "on the ground" if abs(low) < 0.01 else f"{abs(low):.2f} " + (
            "above the ground" if low > 0 else "below the ground"
        )  # fmt: skip
        left, top, right, bottom = self.now.tolist()
        length, width, height = self.box[3:6].tolist()
        self._readout.value = (
            f"2D box <b>({left:.1f}, {top:.1f}, {right:.1f}, {bottom:.1f})</b> pixels; 3D box "
            f"<b>{length:.2f} × {width:.2f} × {height:.2f}</b>, it stands <b>{where}</b>"
        )


def pull_on(a: Float[Tensor, "9"], b: Float[Tensor, "9"]) -> tuple[dict[str, float], Tensor]:
    """IoU and losses of b against a, and where the generalised loss pulls the middle of b.

    The pull is minus the slope by (x, y, z).
    """
    told = b.clone().requires_grad_()
    loss = generalised_iou_loss(told[None], a[None])[0]
    (slope,) = torch.autograd.grad(loss, told)
    iou = float(box_iou(a[None], b[None])[0])
    return {"IoU": iou, "1 − IoU": 1 - iou, "generalised": float(loss.detach())}, -slope[:3]


class PairLab(_Lab):
    """A box over another one: drag it from above, turn it by its front, tilt it with sliders.

    ``box`` is the dragged one, ``truth`` the other. Without a kernel nothing is displayed.
    """

    def __init__(self, truth: Float[Tensor, "9"] | None = None) -> None:
        if truth is None:
            truth = torch.tensor([0.0, 0.0, 0.45, 1.6, 0.8, 0.9, 0.5, 0.0, 0.0])
        self.truth, self.at = truth, [0.45, 0.3]
        self.settings = {"height": 0.5, "yaw": 0.9, "pitch": 0.0, "roll": 0.0, "larger": 1.0}
        self._turning = False
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    @property
    def box(self) -> Float[Tensor, "9"]:
        """The nine numbers of the dragged box, as large as the other times ``larger``."""
        s = self.settings
        numbers = [*self.at, s["height"], 0, 0, 0, s["yaw"], s["pitch"], s["roll"]]
        box = self.truth.new_tensor(numbers)
        box[3:6] = s["larger"] * self.truth[3:6]
        return box

    @property
    def handle(self) -> Float[Tensor, "2"]:
        """Where the box is turned: the middle of its front, (x, y)."""
        return box_corners(self.box)[4:].mean(0)[:2]

    def hold(self, x: float, y: float) -> None:
        """Take up the front of the box if that is nearer than its middle, else the box."""
        hand = self.truth.new_tensor([x, y])
        middle = self.truth.new_tensor(self.at)
        self._turning = bool((hand - self.handle).norm() < 0.6 * (hand - middle).norm())
        self._grip = (x - self.at[0], y - self.at[1])

    def move(self, x: float, y: float) -> None:
        """Carry what is held to (x, y), world units."""
        if self._turning:
            self.set(yaw=math.atan2(y - self.at[1], x - self.at[0]))
            return
        self.at = [min(max(v - g, -REACH), REACH) for v, g in zip((x, y), self._grip, strict=True)]
        self._refresh()

    def figure(self) -> Figure:
        """The same, still."""
        return pair_panel(self.truth, self.box, *pull_on(self.truth, self.box))

    def _build(self) -> None:
        import ipywidgets

        self._above = Stage(
            (-2.9, 2.9), (-2.9, 2.9), 470, 450, title="from above: drag the orange box",
            xlabel="to the right", ylabel="ahead", equal=True, description="two boxes from above",
        )  # fmt: skip
        self._side = Stage(
            (-2.9, 2.9), (-1.2, 2.6), 470, 317, title="from the side", xlabel="ahead",
            ylabel="up", equal=True, description="two boxes from the side",
        )  # fmt: skip
        self._above.on_pointer(self._hand)
        self._readout = ipywidgets.HTML()
        sliders = self._controls(PAIR_SLIDERS)
        views = ipywidgets.HBox([self._above.widget, self._side.widget])
        self.widget = ipywidgets.VBox([in_columns(sliders), views, self._readout])
        self.widget.add_class("course-live-controls")
        self._refresh()

    def _hand(self, kind: str, right: float, ahead: float) -> None:
        (self.hold if kind == "down" else self.move)(ahead, -right)

    def _refresh(self) -> None:
        if self.widget is None:
            return
        numbers, pull = pull_on(self.truth, self.box)
        for stage, flat in ((self._above, above), (self._side, side)):
            for name, box, colour in (("object", self.truth, TRUE), ("yours", self.box, TOLD)):
                lines = flat(segments(box[None]))
                stage.set(name, "lines", lines=lines, colour=colour, width=2.5, label=name)
            foot, step = flat(self.box[:3])[None], flat(pull)[None]
            stage.set(
                "pull", "arrows", xy=foot, vector=step, colour=INK, width=2.5,
                label="pull of the generalised loss",
            )  # fmt: skip
        knob = above(torch.cat([self.handle, self.box[2:3]]))[None]
        self._above.set("knob", "points", xy=knob, colour=TOLD, size=14.0, outline=True)
        self._above.flush()
        self._side.flush()
        iou, *losses = (f"{n} <b>{v:.3f}</b>" for n, v in numbers.items())
        self._readout.value = f"{iou}; losses: {', '.join(losses)}"
