"""Meshes that turn together: what the hand does to one, the others do too."""

from __future__ import annotations

from typing import Any

from course_utils.live.frames import make_widget
from course_utils.live.kernel import is_live
from course_utils.plots_interactive import TurnableMeshes

__all__ = ["turn_together"]

_LINKS: dict[str, Any] = {}  # by the name of what they turn


def turn_together(meshes: TurnableMeshes) -> TurnableMeshes:
    """The same meshes, to be shown; as long as the kernel lives, turning one turns all.

    The link has no view, and so leaves nothing in a notebook that is saved: what is opened again
    shows the same meshes, each of which turns alone.
    """
    if is_live():
        before = _LINKS.pop(meshes.name, None)
        if before is not None:
            before.close()
        _LINKS[meshes.name] = make_widget("turn", {"name": meshes.name})
    return meshes
