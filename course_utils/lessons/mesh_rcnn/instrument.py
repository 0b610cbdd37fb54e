"""An instrument for one mesh: through the stages, round about, and with a hand on its vertices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.mesh_rcnn.figures import ask_camera, mesh_grid
from course_utils.lessons.solid_images import shaded_mesh
from course_utils.live.canvas import Canvas, enlarged
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.live.orbit import Orbiter
from course_utils.plots import BAD, GOOD
from course_utils.vision3d.cameras import Camera, orbit_camera, project_points
from course_utils.vision3d.meshes.mesh_losses import MeshLosses, Surface, mesh_losses
from course_utils.vision3d.meshes.meshes import Meshes, edges_of, pack_meshes
from course_utils.vision3d.shapes.conversions import MeshArrays

__all__ = ["MeshLab"]

NEAR = 0.05  # of the picture's width: a hand this near a vertex takes it
SIZE, LARGE = 360, 420  # pixels while it moves and on the page
STEPS, RATE = 20, 0.01  # of one press of the button; Adam's rate
START = (-1.1, 0.3, 2.5)  # where the camera stands at first: azimuth, elevation, distance
HINT = "Drag to walk round or to pull, wheel to come closer."
WEIGHTS = {"chamfer": (0.0, 2.0, 0.1), "normal": (0.0, 2.0, 0.1), "edge": (0.0, 2.0, 0.1)}


class MeshLab:
    """One mesh from its voxels to the last stage; walk round it, pull at it, let it slide back.

    stages: the same faces on other vertices, in upright axes. truth: points on the true surface,
    likewise. photograph: what the network saw. ``vertices`` are those shown, ``losses`` theirs.

    Raises: ValueError if there is no stage, or the stages differ in their faces.
    """

    def __init__(
        self,
        stages: Sequence[MeshArrays],
        truth: Surface,
        photograph: Float[Tensor, "3 height width"] | None = None,
    ):
        if not stages or any(not torch.equal(faces, stages[0][1]) for _, faces in stages):
            raise ValueError("the lab needs at least one stage, and the same faces in each")
        self.stages, self.faces = [v.detach() for v, _ in stages], stages[0][1]
        self.truth, self.photograph = truth, photograph
        self.edges = edges_of(self.faces)[0]
        self.settings: dict[str, Any] = {"stage": 0.0, "hand": "turn", "truth": False}
        self.settings |= {"chamfer": 1.0, "normal": 0.2, "edge": 0.3}
        self.walk = Orbiter(self._picture, orbit_camera, START, (SIZE, SIZE), LARGE)
        self._held: int | None = None
        self._controls: dict[str, Any] = {}
        self.widget = None
        self.vertices = self._of_stage()
        self.losses = self._measured(self.vertices)
        if is_live():
            self._build()
            show_widget(self.widget)

    # ------------------------------------------------------------------------- what one can do

    def set(self, **settings: Any) -> None:
        """Change controls; another stage takes back what a hand has done. Raises: ValueError for
        another name.
        """
        only_known(settings, self.settings)
        self.settings |= settings
        for name, value in settings.items():
            if name in self._controls and self._controls[name].value != value:
                self._controls[name].value = value
        if "stage" in settings:
            self.vertices = self._of_stage()
        self._draw()

    def hold(self, x: float, y: float) -> None:
        """Take up the nearest vertex that faces the viewer at (x, y), in picture widths."""
        camera = self.camera
        uv, depth = project_points(camera, self.vertices)
        gaps = (uv / camera.width - torch.tensor([x, y])).norm(dim=-1)
        near = gaps < NEAR
        self._held = int(torch.where(near, depth, torch.inf).argmin()) if near.any() else None

    def pull(self, dx: float, dy: float) -> None:
        """Move the held vertex along the picture, by picture widths, at the depth where it is."""
        if self._held is None:
            return
        camera = self.camera
        _, depth = project_points(camera, self.vertices[self._held][None])
        step = float(depth[0]) * camera.width / float(camera.focal)
        self.vertices = self.vertices.clone()
        self.vertices[self._held] += step * (dx * camera.right + dy * camera.down)
        self._draw()

    def descend(self, steps: int = STEPS) -> None:
        """Let the vertices follow the gradient of the weighted losses, by Adam."""
        vertices = self.vertices.clone().requires_grad_()
        optimiser = torch.optim.Adam([vertices], lr=RATE)
        dice = torch.Generator().manual_seed(0)
        for _ in range(steps):
            found = self._losses(vertices, dice)
            total = sum(self.settings[name] * scale * getattr(found, name) for name, scale in
                        {"chamfer": 100.0, "normal": 1.0, "edge": 30.0}.items())  # fmt: skip
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
        self.vertices = vertices.detach()
        self._draw()

    def figure(self) -> Figure:
        """All stages, still, from the front and from the side."""
        names = ["voxels", *(f"stage {k}" for k in range(1, len(self.stages)))]
        meshes = {n: (v, self.faces) for n, v in zip(names, self.stages, strict=True)}
        views = {"from the front": ask_camera(), "from the side": ask_camera(1.2)}
        return mesh_grid(meshes, views, photograph=self.photograph)

    # ------------------------------------------------------------------------------- how

    @property
    def camera(self) -> Camera:
        """Where the viewer stands."""
        walk = self.walk
        return orbit_camera(walk.azimuth, walk.elevation, walk.distance, size=SIZE)

    def _of_stage(self) -> Float[Tensor, "vertices 3"]:
        """Between two stages the vertices are on their way."""
        place = min(max(float(self.settings["stage"]), 0.0), len(self.stages) - 1.0)
        low = min(int(place), max(len(self.stages) - 2, 0))
        high = min(low + 1, len(self.stages) - 1)
        return torch.lerp(self.stages[low], self.stages[high], place - low)

    def _losses(self, vertices: Tensor, dice: torch.Generator) -> MeshLosses:
        meshes: Meshes = pack_meshes([(vertices, self.faces)])
        return mesh_losses(meshes, self.edges, self.truth, generator=dice)

    @torch.no_grad()
    def _measured(self, vertices: Tensor) -> MeshLosses:
        return self._losses(vertices, torch.Generator().manual_seed(1))

    def _picture(self, camera: Camera) -> np.ndarray:
        picture = shaded_mesh(self.vertices, self.faces, camera, lines=True).copy()
        if self.settings["truth"]:
            _dots(picture, project_points(camera, self.truth.points[0])[0], GOOD, 1)
        if self._held is not None:
            _dots(picture, project_points(camera, self.vertices[self._held][None])[0], BAD, 4)
        return picture

    def _build(self) -> None:
        import ipywidgets

        specs = {"stage": (0.0, len(self.stages) - 1.0, 0.05), **WEIGHTS,
                 "hand": ["turn", "pull a vertex"], "truth": False}  # fmt: skip
        for name, spec in specs.items():
            words = f"weight of {name}" if name in WEIGHTS else name
            control = make_control(words, spec, self.settings[name])
            control.observe(lambda change, name=name: self._slid(name, change["new"]), "value")
            self._controls[name] = control
        self._canvas = Canvas(LARGE, LARGE, description="a mesh to walk round and pull", hint=HINT)
        self._canvas.on_hand(self._hand)
        button = ipywidgets.Button(description=f"Descend {STEPS} steps", icon="arrow-down")
        button.layout.width = "auto"
        button.on_click(lambda _: self.descend())
        self._readout = ipywidgets.HTML()
        views = [self._canvas.widget]
        if self.photograph is not None:
            self._photograph = Canvas(LARGE, LARGE, smooth=False, description="the photograph")
            self._photograph.show(enlarged(self.photograph, LARGE))
            views.append(self._photograph.widget)
        controls = in_columns([*self._controls.values(), button])
        self.widget = ipywidgets.VBox([controls, ipywidgets.HBox(views), self._readout])
        self.widget.add_class("course-live-controls")
        self._draw()

    def _slid(self, name: str, value: Any) -> None:
        if value != self.settings[name]:
            self.set(**{name: value})

    def _hand(self, move: dict[str, Any]) -> None:
        if self.settings["hand"] == "turn" or move["zoom"]:
            self.walk.turn(move["dx"], move["dy"], move["zoom"])
        elif move["phase"] == "down":
            self.hold(move["x"], move["y"])
        else:
            self.pull(move["dx"], move["dy"])
        if move["phase"] == "up":
            self._held = None
        self._draw()

    def _draw(self) -> None:
        self.losses = self._measured(self.vertices)
        if self.widget is None:
            return
        self._canvas.show(self._picture(self.camera))
        chamfer, normal, edge = (float(value) for value in self.losses)
        self._readout.value = (
            f"Chamfer distance <b>{1000 * chamfer:.2f}</b> / 1000, mean squared edge "
            f"<b>{1000 * edge:.2f}</b> / 1000, normals <b>{normal:.3f}</b> (−2: all agree)"
        )

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""


def _dots(picture: np.ndarray, places: Tensor, colour: str, radius: int) -> None:
    """Paint small squares on a picture."""
    from matplotlib.colors import to_rgb

    high, wide = picture.shape[:2]
    for u, v in places.round().long().tolist():
        if radius <= u < wide - radius and radius <= v < high - radius:
            across = slice(u - radius, u + radius)
            picture[v - radius : v + radius, across] = np.array(to_rgb(colour)) * 255
