"""Fly through a scene: look about with the mouse, go where you look."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor

from course_utils.live.orbit import Orbiter
from course_utils.vision3d.cameras import Camera, look_at

__all__ = ["Flyer", "fly"]


def fly(
    render: Callable[[Any], Any],
    start: Camera,
    *,
    stride: float,
    drag_size: int = 100,
    rest_size: int = 240,
    width: int = 420,
) -> Flyer:
    """Show ``render(camera)`` and steer the camera through the scene; displays itself.

    start: where the flight begins and where it looks. stride: world units that as much wheel goes
    as would bring twice as near in `orbit`. The picture has ``drag_size``² pixels while it moves
    and ``rest_size``² when it rests; ``width`` is its width on the page.

    Raises: ValueError for a batch of cameras, or a stride or sizes that are not positive.
    """
    flyer = Flyer(render, start, stride, (drag_size, rest_size), width)
    flyer.show()
    return flyer


class Flyer(Orbiter):
    """What `fly` returns: ``eye`` in world units, azimuth and elevation of the gaze in radians."""

    hint = "Drag to look about, wheel to go where you look (or arrow keys, + and −)."

    def __init__(
        self,
        render: Callable[[Any], Any],
        start: Camera,
        stride: float,
        sizes: tuple[int, int],
        width: int = 420,
    ):
        if start.batch_shape:
            raise ValueError("a flight starts from one camera, not from a batch of them")
        if not stride > 0:
            raise ValueError(f"the stride must be positive, got {stride}")
        self.eye, self.stride = start.centre, float(stride)
        self.view = 2 * math.atan(start.height / 2 / float(start.focal))  # radians, across
        x, y, z = start.forward.tolist()
        gaze = (math.atan2(y, x), math.asin(max(-1.0, min(z, 1.0))), 1.0)
        super().__init__(render, self._camera, gaze, sizes, width)

    @property
    def forward(self) -> Float[Tensor, "3"]:
        """Unit vector of the gaze, in world axes."""
        flat = math.cos(self.elevation)
        return self.eye.new_tensor(
            [
                flat * math.cos(self.azimuth),
                flat * math.sin(self.azimuth),
                math.sin(self.elevation),
            ]
        )

    def turn(self, dx: float, dy: float, zoom: float = 0.0) -> None:
        """Turn the gaze as a drag by (dx, dy) picture widths would, and go ``zoom`` strides.

        What is under the hand stays there: a drag to the right turns the gaze to the left.
        """
        self.azimuth = (self.azimuth + self.view * dx) % (2 * math.pi)
        self.elevation = min(max(self.elevation + self.view * dy, -1.5), 1.5)
        self.eye = self.eye + self.stride * zoom * self.forward

    def _camera(self, azimuth: float, elevation: float, distance: float, size: int) -> Camera:
        return look_at(self.eye, self.eye + self.forward, field_of_view=self.view, size=size)
