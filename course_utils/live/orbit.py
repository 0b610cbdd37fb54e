"""Walk round a scene with the mouse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course_utils.live.canvas import Canvas
from course_utils.live.explore import error_box, plain_words
from course_utils.live.frames import show_widget
from course_utils.live.kernel import is_live

__all__ = ["Orbiter", "orbit"]

CameraOf = Callable[..., Any]
HINT = "Drag to walk round, wheel to come closer (or arrow keys, + and −)."


def orbit(
    render: Callable[[Any], Any],
    camera: CameraOf | None = None,
    *,
    start: tuple[float, float, float] = (0.6, 0.35, 3.5),
    drag_size: int = 100,
    rest_size: int = 200,
    width: int = 420,
) -> Orbiter:
    """Show ``render(camera(azimuth, elevation, distance, size=size))`` and turn it with the
    mouse; displays itself.

    camera: makes the camera for angles in radians, a distance in world units, and ``size`` pixels
    each way; `orbit_camera` round the origin by default. start: its first three arguments. The
    picture has ``drag_size``² pixels while it moves and ``rest_size``² when it rests; ``width``
    is its width on the page. One request is under way at a time; movements meanwhile are added up.

    Raises: ValueError for sizes that are not positive.
    """
    if camera is None:
        from course_utils.vision3d.cameras import orbit_camera as camera
    orbiter = Orbiter(render, camera, start, (drag_size, rest_size), width)
    orbiter.show()
    return orbiter


class Orbiter:
    """What `orbit` returns: azimuth, elevation in radians, distance in world units."""

    hint = HINT

    def __init__(
        self,
        render: Callable[[Any], Any],
        camera: CameraOf,
        start: tuple[float, float, float],
        sizes: tuple[int, int],
        width: int,
    ):
        if min(sizes) < 1:
            raise ValueError(f"picture sizes must be positive, got {sizes}")
        self.render, self.camera = render, camera
        self.azimuth, self.elevation, self.distance = (float(value) for value in start)
        self.nearest, self.farthest = self.distance / 4, self.distance * 4
        self.drag_size, self.rest_size = sizes
        self.widget: Any = None
        if is_live():
            self._build(width)

    def _build(self, width: int) -> None:
        import ipywidgets

        self._canvas = Canvas(width, width, description="scene to walk round", hint=self.hint)
        self._canvas.on_hand(self._turn)
        self._error = ipywidgets.HTML()
        self.widget = ipywidgets.VBox([self._canvas.widget, self._error])
        self._refresh(self.rest_size)

    def picture(self, size: int) -> Any:
        """Render from where the camera stands now, ``size`` pixels each way."""
        return self.render(self.camera(self.azimuth, self.elevation, self.distance, size=size))

    def turn(self, dx: float, dy: float, zoom: float = 0.0) -> None:
        """Move the camera as a drag by (dx, dy) picture widths and ``zoom`` doublings would.

        A drag across the picture is a half turn; the scene follows the hand. Elevation stops
        short of straight up and down, where "up" has no meaning.
        """
        self.azimuth = (self.azimuth - math.pi * dx) % (2 * math.pi)
        self.elevation = min(max(self.elevation + math.pi / 2 * dy, -1.5), 1.5)
        self.distance = min(max(self.distance * 2.0**-zoom, self.nearest), self.farthest)

    def _turn(self, move: dict[str, Any]) -> None:
        self.turn(move["dx"], move["dy"], move["zoom"])
        if move["phase"] != "down":
            self._refresh(self.rest_size if move["phase"] == "up" else self.drag_size)

    def _refresh(self, size: int) -> None:
        try:
            self._canvas.show(self.picture(size))
        except Exception as error:
            self._error.value = error_box(plain_words(error))
            return
        if self._error.value:
            self._error.value = ""

    def show(self) -> None:
        """Display it here and now."""
        show_widget(self.widget)

    def _ipython_display_(self) -> None:
        """`orbit` has displayed it already."""
