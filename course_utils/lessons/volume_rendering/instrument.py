"""An instrument for volume rendering: drag a ray through a slice of fog, see its sum change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from course_utils.lessons.shared import FOG_STOPS
from course_utils.lessons.volume_rendering.figures import RayLook, ray_panel
from course_utils.live.controls import in_columns, make_control, only_known
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live
from course_utils.live.stage import Stage
from course_utils.plots import INK, MUTED, REAL
from course_utils.vision3d.fields.ray_sampling import (
    bin_middles,
    regular_edges,
    stratified_distances,
)
from course_utils.vision3d.fields.volume_rendering import Field, render_rays

__all__ = ["RayLab", "Slice", "look_along"]

GRID = 96  # cells along each side of the drawn slice
NEAR = 0.15  # of the slice's width: a hand this near an end of the ray takes that end


@dataclass(frozen=True)
class Slice:
    """The vertical plane y = ``depth`` of a field: from x0 to x1 and z0 to z1, in world units."""

    field: Field
    depth: float
    extent: tuple[float, float, float, float]

    def places(self, flat: Float[Tensor, "*points 2"]) -> Float[Tensor, "*points 3"]:
        """World points of (x, z) in the plane."""
        x, z = flat.unbind(-1)
        return torch.stack([x, torch.full_like(x, self.depth), z], -1)

    def density(self, cells: int = GRID) -> Float[Tensor, "rows columns"]:
        """Density at the middles of cells, row 0 at the bottom."""
        x0, x1, z0, z1 = self.extent
        share = (torch.arange(cells) + 0.5) / cells
        z, x = torch.meshgrid(z0 + share * (z1 - z0), x0 + share * (x1 - x0), indexing="ij")
        points = self.places(torch.stack([x, z], -1))
        return self.field(points, points)[0]


def look_along(
    plane: Slice,
    eye: tuple[float, float],
    end: tuple[float, float],
    bins: int = 24,
    stratified: bool = False,
    generator: torch.Generator | None = None,
) -> RayLook:
    """What is seen from ``eye`` towards ``end``, both (x, z) in the plane, with so many bins.

    The ray is cut into equal bins from the eye to the end.

    Raises: ValueError if eye and end coincide.
    """
    ends = torch.tensor([eye, end], dtype=torch.get_default_dtype())
    length = float((ends[1] - ends[0]).norm())
    if length < 1e-6:
        raise ValueError("the ray needs two different ends")
    flat = (ends[1] - ends[0]) / length
    edges = regular_edges(0.0, length, bins)
    at = stratified_distances(edges, (), generator) if stratified else bin_middles(edges)
    origin = plane.places(ends[0])
    direction = torch.stack([flat[0], torch.zeros(()), flat[1]])
    seen = render_rays(plane.field, origin, direction, edges, at)
    path = ends[0] + at[:, None] * flat
    density, colour = plane.field(plane.places(path), direction.expand(bins, 3))
    return RayLook(path, edges, density, colour, seen)


class RayLab:
    """Drag either end of the ray, or the ray itself; choose bins, regular or stratified.

    Args:
        plane: the slice of the field that the ray lies in.
        eye, end: where the ray starts and stops, (x, z).

    Raises:
        ValueError: when eye and end coincide.
    """

    def __init__(self, plane: Slice, eye: tuple[float, float], end: tuple[float, float]) -> None:
        self.plane, self.ends = plane, [tuple(eye), tuple(end)]
        self.settings = {"bins": 24, "places": "middles"}
        self.generator = torch.Generator().manual_seed(0)
        self._held: int | None = None
        self.look = self._looked()
        self.widget = None
        if is_live():
            self._build()
            show_widget(self.widget)

    def set(self, **settings: object) -> None:
        """Change bins or places. Raises: ValueError for another name."""
        only_known(settings, self.settings)
        self.settings |= settings
        self._draw()

    def hold(self, x: float, z: float) -> None:
        """Take up the nearer end of the ray, if one is near; else the whole ray."""
        wide = self.plane.extent[1] - self.plane.extent[0]
        gaps = [np.hypot(x - a, z - b) for a, b in self.ends]
        self._held = int(np.argmin(gaps)) if min(gaps) < NEAR * wide else None
        self._last = (x, z)

    def move(self, x: float, z: float) -> None:
        """Carry what is held to (x, z), within the slice."""
        dx, dz = x - self._last[0], z - self._last[1]
        self._last = (x, z)
        for which in (0, 1) if self._held is None else (self._held,):
            self.ends[which] = self._kept(self.ends[which][0] + dx, self.ends[which][1] + dz)
        self._draw()

    def figure(self) -> Figure:
        """The same, still."""
        density = self.plane.density()
        return ray_panel(density, self.plane.extent, self.look)

    def _kept(self, x: float, z: float) -> tuple[float, float]:
        x0, x1, z0, z1 = self.plane.extent
        return min(max(x, x0), x1), min(max(z, z0), z1)

    def _looked(self) -> RayLook:
        self.generator.manual_seed(0)
        stratified = self.settings["places"] == "random in each bin"
        return look_along(self.plane, *self.ends, self.settings["bins"], stratified, self.generator)

    def _build(self) -> None:
        import ipywidgets

        x0, x1, z0, z1 = self.plane.extent
        self._map = Stage(
            (x0, x1), (z0, z1), 430, 430, title="drag the ray, or one of its ends",
            xlabel="x", ylabel="height z", description="slice of the fog with a ray",
        )  # fmt: skip
        self._curves = Stage(
            (0, 1), (0, 1.15), 520, 430, title="along the ray",
            xlabel="share of the way", description="density, transmittance and weights",
        )  # fmt: skip
        density = self.plane.density()
        self._map.set(
            "fog", "field", values=(density / density.max().clamp_min(1e-9)), stops=FOG_STOPS
        )
        self._map.on_pointer(self._hand)
        specs = {"bins": (2, 96), "places": ["middles", "random in each bin"]}
        controls = [make_control(name, spec, self.settings[name]) for name, spec in specs.items()]
        for name, control in zip(specs, controls, strict=True):
            control.observe(lambda change, name=name: self.set(**{name: change["new"]}), "value")
        self._readout = ipywidgets.HTML()
        pair = ipywidgets.HBox([self._map.widget, self._curves.widget])
        self.widget = ipywidgets.VBox([in_columns(controls), pair, self._readout])
        self.widget.add_class("course-live-controls")
        self._draw()

    def _hand(self, kind: str, x: float, z: float) -> None:
        if kind == "down":
            self.hold(x, z)
        else:
            self.move(x, z)

    def _draw(self) -> None:
        self.look = self._looked()
        if self.widget is None:
            return
        weights = self.look.seen.weights
        colour = self.look.colour.clamp(0, 1)
        size = 13.0 if len(weights) < 40 else 9.0
        self._map.set("ray", "lines", lines=np.asarray(self.ends), colour=INK, width=1.5)
        self._map.set(
            "samples", "points", xy=self.look.path, colour=colour, size=size, outline=True,
            alpha=(0.25 + 0.75 * weights / weights.max().clamp_min(1e-9)),
        )  # fmt: skip
        self._map.set("eye", "text", xy=self.ends[0], text="eye", bold=True, align="center")
        self._map.flush()
        self._draw_curves(colour)

    def _draw_curves(self, colour: Tensor) -> None:
        look, share = self.look, self.look.edges / self.look.edges[-1]
        weights = look.seen.weights
        boxes = [
            [(a, 0.0), (a, w), (b, w), (b, 0.0)]
            for a, b, w in zip(
                share[:-1].tolist(), share[1:].tolist(), weights.tolist(), strict=True
            )
        ]
        peak = look.density.max().clamp_min(1e-9)
        self._curves.set(
            "weights", "polygons", polygons=np.asarray(boxes), colour=colour, alpha=0.95
        )
        for name, values, paint in (
            (f"density / {float(peak):.1f}", look.density / peak, MUTED),
            ("transmittance T", look.transmittance, REAL),
        ):
            key = name.split()[0]
            steps = torch.stack([share.repeat_interleave(2)[1:-1], values.repeat_interleave(2)], 1)
            self._curves.set(key, "lines", lines=steps, colour=paint, width=2.5, label=name)
        self._curves.flush()
        mixed = look.seen.colour + 1 - look.seen.opacity
        r, g, b = (round(255 * v) for v in mixed.clamp(0, 1).tolist())
        self._readout.value = (
            f'<span style="display:inline-block;width:3em;height:1.2em;vertical-align:middle;'
            f'border:1px solid #888;background:rgb({r},{g},{b})"></span> what the eye sees: '
            f"opacity <b>{float(look.seen.opacity):.3f}</b>, mean distance "
            f"<b>{float(look.seen.distance):.2f}</b>"
        )

    def _ipython_display_(self) -> None:
        """It has displayed itself already."""
