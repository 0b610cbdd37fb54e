"""Meshes that turn together: what the hand does to one, the others do too."""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

from course_utils.live.frames import make_widget
from course_utils.live.kernel import is_live

__all__ = ["turn_together"]

_LINKS: dict[str, Any] = {}  # by the name of what they turn


class Turnable(Protocol):
    """What stands on the page as scenes of plotly's, found there by its name."""

    name: str


Shown = TypeVar("Shown", bound=Turnable)


def turn_together(meshes: Shown) -> Shown:
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
