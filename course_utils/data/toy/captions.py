"""One sentence about each picture: colour, kind, size, place, and how two objects stand."""

from __future__ import annotations

from torch import Tensor

from course_utils.data.toy.blueprints.base import COLOURS
from course_utils.data.toy.blueprints.classes import KINDS
from course_utils.data.toy.render import match_views
from course_utils.data.toy.scenes import Scenes
from course_utils.vision3d.cameras import Camera, project_points

WORN = {"snowman": "scarf"}  # what a kind's colour belongs to, if not to all of it
SMALL_BELOW, LARGE_ABOVE = 0.92, 1.13  # of an object's scale
NOTABLE_DEPTH = 0.6  # world units before in front or behind is worth saying


def captions(scenes: Scenes, camera: Camera) -> list[str]:
    """A sentence for each view, such as "a small red car to the left of a green tree".

    One object: its size, colour, kind and place in the image. Several: the first two and
    their relation as the camera sees it. Outdoors, studio and clutter are not mentioned.

    Raises: ValueError if the numbers of scenes and cameras do not fit.
    """
    scene_of, camera = match_views(scenes, camera)
    objects = scenes.objects.map(lambda x: x[scene_of])
    uv, depth = project_points(camera, objects.position)
    kinds, colours, scales = (x.tolist() for x in (objects.kind, objects.colour, objects.scale))
    sentences = []
    for i in range(len(kinds)):
        names = [
            object_phrase(k, c, s) for k, c, s in zip(kinds[i], colours[i], scales[i], strict=True)
        ]
        slots = [j for j, k in enumerate(kinds[i]) if k >= 0]
        if len(slots) > 1:
            a, b = slots[:2]
            between = relation(uv[i, a] - uv[i, b], float(depth[i, a] - depth[i, b]), camera[i])
            sentences.append(f"{names[a]} {between} {names[b]}")
        else:
            sentences.append(f"{names[slots[0]]} {place(uv[i, slots[0]], camera[i])}")
    return sentences


def object_phrase(kind: int, colour: int, scale: float) -> str:
    """Size, colour and kind in words, with the article; "" for clutter and empty slots."""
    if kind < 0:
        return ""
    size = "small " if scale < SMALL_BELOW else "large " if scale > LARGE_ABOVE else ""
    name, tint = KINDS[kind], COLOURS[colour]
    if name in WORN:
        return f"{_article(size + name)} with {_article(f'{tint} {WORN[name]}')}"
    return _article(f"{size}{tint} {name}")


def _article(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def place(uv: Tensor, camera: Camera) -> str:
    """Which third of the image's width an object stands in."""
    share = float(uv[0]) / camera.width
    return "on the left" if share < 0.44 else "on the right" if share > 0.56 else "in the middle"


def relation(offset: Tensor, depth_difference: float, camera: Camera) -> str:
    """How the first of two objects stands to the second, as the camera sees it.

    offset: difference of their pixels. depth_difference: of their depths, in world units.
    """
    across = float(offset[0]) / float(camera.focal)  # per unit of depth
    if abs(across) < 0.12 and abs(depth_difference) > NOTABLE_DEPTH:
        return "in front of" if depth_difference < 0 else "behind"
    return "to the left of" if across < 0 else "to the right of"
