"""Meshes to take in the hand: side by side in the browser, and the same view as a picture.

What is stored is plotly's JSON, which JupyterLab draws without a kernel and without a network.
Where nothing can draw it, the picture beside it stands for it, and a sentence says what is seen.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
import torch
from jaxtyping import Float
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.solid_images import shaded_mesh
from course_utils.plots import INK, as_pictures, figure
from course_utils.vision3d.cameras import Camera, orbit_camera
from course_utils.vision3d.shapes.conversions import MeshArrays, check_mesh

__all__ = ["PLOTLY", "TurnableMeshes", "mesh_figure"]

PLOTLY = "application/vnd.plotly.v1+json"
WIDTH = 840  # pixels: what JupyterLab leaves beside its file browser on a screen of 1280
TITLE, BAR = 66, 62  # pixels above and below the meshes
PHOTOGRAPH = 0.6  # its width, of a mesh's
COLOURS = "YlOrRd"  # from light to dark: read alike by all eyes, and in grey
# The lens of plotly's cameras, which cannot be chosen, and a distance at which all is in view: both
# in units of the radius around the meshes.
LENS, DISTANCE = math.pi / 4, 2.65
# A dull surface, lit from the upper left behind the viewer. Plotly's light moves with the lens: x
# and y count in halves of the picture close to it. Triangles below an epsilon would be shaded
# wrongly, and ours are small.
LIGHTING = {"ambient": 0.45, "diffuse": 0.6, "specular": 0.0, "roughness": 1.0, "fresnel": 0.0}
LIGHTING |= {"facenormalsepsilon": 0.0, "vertexnormalsepsilon": 0.0}
CONFIG = {"displaylogo": False, "modeBarButtons": [["resetCameraDefault3d"]]}
LIGHT = {"x": -113.0, "y": 166.0, "z": 0.0}


def mesh_figure(
    meshes: Mapping[str, MeshArrays],
    values: Sequence[Float[Tensor, "vertices"]],
    meaning: str,
    *,
    photograph: Float[Tensor, "3 height width"] | None = None,
    turn: float | int = 0.7,
    tilt: float | int = 0.3,
) -> TurnableMeshes:
    """Named meshes side by side, at one scale, each vertex coloured by its value; z is up.

    values: of each mesh's vertices, from 0. meaning: what they are, with the unit, beside the one
    colour bar. photograph: shown at the left. turn, tilt: of the first view, radians, to the right
    and up, as in ``ask_camera``.

    Raises: ValueError if there is no mesh, an empty one, or one without a value for each vertex.
    """
    if not meshes or len(values) != len(meshes):
        raise ValueError(f"{len(meshes)} meshes, but values for {len(values)}")
    for (name, (vertices, faces)), value in zip(meshes.items(), values, strict=True):
        check_mesh(vertices, faces)
        if value.shape != (len(vertices),) or not bool((value >= 0).all()):
            raise ValueError(f"{name}: each vertex needs a value from 0, got {tuple(value.shape)}")
    shown = {name: (v.detach().float(), f) for name, (v, f) in meshes.items()}
    found = tuple(value.detach().float() for value in values)
    return TurnableMeshes(shown, found, meaning, photograph, (float(turn), float(tilt)))


@dataclass(frozen=True, eq=False)
class TurnableMeshes:
    """What `mesh_figure` returns: a notebook shows it as plotly's JSON with a picture and words."""

    meshes: Mapping[str, MeshArrays]
    values: tuple[Float[Tensor, "vertices"], ...]
    meaning: str
    photograph: Float[Tensor, "3 height width"] | None
    view: tuple[float, float]  # turn and tilt

    @property
    def name(self) -> str:
        """The same for the same meshes: by it a page finds the drawing."""
        arrays = [part.numpy().tobytes() for mesh in self.meshes.values() for part in mesh]
        return "meshes-" + hashlib.sha256(b"".join(arrays)).hexdigest()[:12]

    @property
    def alt_text(self) -> str:
        """What is to be seen, in words."""
        parts = [
            f"{name} with {len(v):,} vertices and {len(f):,} faces, "
            f"on average {float(value.mean()):.3f}, at most {float(value.max()):.3f}"
            for (name, (v, f)), value in zip(self.meshes.items(), self.values, strict=True)
        ]
        first = "A photograph, and beside it meshes" if self.photograph is not None else "Meshes"
        return f"{first}, coloured by {self.meaning}: {'; '.join(parts)}."

    def to_figure(self) -> Figure:
        """The first view, still."""
        fig, axes = figure(WIDTH / 100, self._height / 100, ncols=len(self._columns) + 1)
        fig.set_layout_engine("none")
        *panels, bar = axes
        for ax, (left, wide) in zip(panels, self._columns, strict=True):
            ax.set_position([left, BAR / self._height, wide, self._side / self._height])
            ax.set_axis_off()
        if self.photograph is not None:
            panels[0].imshow(as_pictures(self.photograph[None])[0])
            panels[0].set_title("photograph", fontsize=11, color=INK, loc="center")
            panels = panels[1:]
        named = zip(panels, self.meshes.items(), self.values, strict=True)
        for ax, (name, (vertices, faces)), value in named:
            of_faces = self._scale.to_rgba(value[faces].mean(1).numpy())[:, :3]
            ax.imshow(
                shaded_mesh(vertices, faces, self._camera, of_faces), interpolation="antialiased"
            )
            counts = f"{len(vertices):,} vertices\n{len(faces):,} faces"
            ax.text(0.5, 1.01, counts, transform=ax.transAxes, ha="center", fontsize=9.5, color=INK)
            ax.text(0.5, 1.2, name, transform=ax.transAxes, ha="center", fontsize=12.5, color=INK)
        bar.set_position([0.25, 0.72 * BAR / self._height, 0.5, 14 / self._height])
        fig.colorbar(self._scale, cax=bar, orientation="horizontal").outline.set_visible(False)
        bar.tick_params(labelsize=9.5)
        bar.set_xlabel(self.meaning, fontsize=10.5, labelpad=2)
        return fig

    def to_plotly(self) -> dict[str, Any]:
        """Plotly's JSON: one scene for each mesh, all seen by the same camera."""
        import plotly.graph_objects as go

        fig = go.Figure(layout=self._layout())
        for number, ((_, (vertices, faces)), value) in enumerate(
            zip(self.meshes.items(), self.values, strict=True), start=1
        ):
            x, y, z = vertices.numpy().T
            i, j, k = faces.numpy().astype(np.uint16 if len(vertices) < 2**16 else np.int32).T
            fig.add_mesh3d(
                x=x, y=y, z=z, i=i, j=j, k=k, intensity=value.numpy(), coloraxis="coloraxis",
                scene=_scene(number), flatshading=True, lighting=LIGHTING, lightposition=LIGHT,
                hovertemplate="%{intensity:.3f}<extra></extra>",
            )  # fmt: skip
        return json.loads(fig.to_json()) | {"config": CONFIG}

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        buffer, words = io.BytesIO(), self.alt_text
        self.to_figure().savefig(buffer, format="png")
        picture = base64.b64encode(buffer.getvalue()).decode()
        data = {PLOTLY: self.to_plotly(), "image/png": picture, "text/plain": words}
        return data, {"image/png": {"alt": words}}

    # ------------------------------------------------------------------------- where things are

    @property
    def _side(self) -> float:
        return WIDTH / (len(self.meshes) + PHOTOGRAPH * (self.photograph is not None))

    @property
    def _height(self) -> int:
        return round(TITLE + self._side + BAR)

    @property
    def _columns(self) -> list[tuple[float, float]]:
        """Left edge and width of each, in widths of the figure; a photograph comes first."""
        wide = self._side / WIDTH
        first = PHOTOGRAPH * wide if self.photograph is not None else 0.0
        columns = [(first + n * wide, wide) for n in range(len(self.meshes))]
        return [(0.0, first), *columns] if first else columns

    @property
    def _middle_and_radius(self) -> tuple[Float[Tensor, "3"], float]:
        """Of the ball around all meshes, about the middle of their box."""
        every = torch.cat([vertices for vertices, _ in self.meshes.values()])
        middle = (every.amin(0) + every.amax(0)) / 2
        return middle, float((every - middle).norm(dim=1).max())

    @property
    def _camera(self) -> Camera:
        """The first view, with two of its pixels for each on the page."""
        (turn, tilt), (middle, radius) = self.view, self._middle_and_radius
        away = DISTANCE * radius
        return orbit_camera(turn - math.pi / 2, tilt, away, middle, LENS, 2 * round(self._side))

    @property
    def _scale(self) -> ScalarMappable:
        """From a value to its colour, the same for all meshes."""
        most = max(float(value.max()) for value in self.values)
        return ScalarMappable(Normalize(0.0, most or 1.0), matplotlib.colormaps[COLOURS])

    def _layout(self) -> dict[str, Any]:
        low = BAR / self._height
        upright = [low, low + self._side / self._height]
        columns = self._columns[-len(self.meshes) :]
        scenes = {
            _scene(number): {**self._space(), "domain": {"x": [left, left + wide], "y": upright}}
            for number, (left, wide) in enumerate(columns, start=1)
        }
        words = [
            _title(left + wide / 2, upright[1], name, f"{len(v):,} vertices<br>{len(f):,} faces")
            for (left, wide), (name, (v, f)) in zip(columns, self.meshes.items(), strict=True)
        ]
        pictures = []
        if self.photograph is not None:
            wide = self._columns[0][1]
            words.append(_title(wide / 2, low + 0.8 * self._side / self._height, "photograph"))
            pictures.append(_picture(self.photograph, wide, upright))
        return {
            "template": "none", "width": WIDTH, "height": self._height, "annotations": words,
            "margin": dict.fromkeys("lrtb", 0), "images": pictures, "coloraxis": self._bar(),
            "font": {"color": INK}, "meta": {"name": self.name}, **scenes,
        }  # fmt: skip

    def _space(self) -> dict[str, Any]:
        """A cube about all meshes, without walls, and the camera that looks at its middle."""
        middle, radius = self._middle_and_radius
        axes = {
            f"{axis}axis": {
                "visible": False,
                "showspikes": False,
                "range": [m - radius, m + radius],
            }
            for axis, m in zip("xyz", middle.tolist(), strict=True)
        }
        # Plotly's cameras measure in sides of the cube.
        eye = ((self._camera.centre - middle) / (2 * radius)).tolist()
        camera = {"eye": dict(zip("xyz", eye, strict=True)), "up": {"x": 0, "y": 0, "z": 1}}
        return {**axes, "aspectmode": "cube", "camera": camera, "dragmode": "turntable"}

    def _bar(self) -> dict[str, Any]:
        stops = np.linspace(0, 1, 9)
        colours = [[float(s), to_hex(self._scale.cmap(s))] for s in stops]
        bar = {
            "orientation": "h", "x": 0.5, "len": 0.5, "thickness": 14, "outlinewidth": 0,
            "y": BAR / self._height, "yanchor": "top", "ypad": 4, "tickfont": {"size": 13},
            "title": {"text": self.meaning, "side": "bottom", "font": {"size": 14}},
        }  # fmt: skip
        return {"cmin": 0.0, "cmax": self._scale.norm.vmax, "colorscale": colours, "colorbar": bar}


def _scene(number: int) -> str:
    """Plotly counts them: scene, scene2, scene3."""
    return "scene" if number == 1 else f"scene{number}"


def _title(x: float, y: float, name: str, more: str = "") -> dict[str, Any]:
    text = f'<span style="font-size:17px">{name}</span>' + (f"<br>{more}" if more else "")
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "center"}
    return {"text": text, **place, "yanchor": "bottom", "showarrow": False, "font": {"size": 13}}


def _picture(photograph: Tensor, wide: float, upright: list[float]) -> dict[str, Any]:
    from PIL import Image

    buffer = io.BytesIO()
    pixels = (as_pictures(photograph[None])[0] * 255).round().astype(np.uint8)
    Image.fromarray(pixels).save(buffer, "PNG")
    source = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    place = {"x": 0, "y": sum(upright) / 2, "xref": "paper", "yref": "paper", "yanchor": "middle"}
    return {"source": source, **place, "sizex": wide, "sizey": upright[1] - upright[0]}
