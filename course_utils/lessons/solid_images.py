"""Pictures of one solid by one camera: blocks, points, triangles, or a signed distance.

Solids are drawn by the painter's algorithm, from far to near, and implicit functions by sphere
tracing (Hart 1996). Every picture is uint8 (height, width, 3), quick enough to turn by hand.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from matplotlib.colors import to_rgb
from torch import Tensor

from course_utils.plots import CYCLE, INK
from course_utils.vision3d.cameras import (
    Camera,
    orbit_camera,
    pixel_centres,
    pixels_to_rays,
    project_points,
)
from course_utils.vision3d.fields.grid_field import grid_points, read_grid
from course_utils.vision3d.shapes.conversions import Implicit, MeshArrays
from course_utils.vision3d.shapes.shape_costs import block_faces
from course_utils.vision3d.shapes.sphere_tracing import sphere_trace

BLOCK, DOT, SKIN = (0.90, 0.55, 0.25), (0.10, 0.42, 0.68), (0.62, 0.70, 0.74)
OUTSIDE, INSIDE = (0.96, 0.93, 0.89), (0.99, 0.79, 0.55)
TABLE = 56  # points a side of the table that sphere tracing reads


def standing_camera(
    azimuth: float = 0.75, elevation: float = 0.35, distance: float = 4.5, *, size: int = 200
) -> Camera:
    """A camera around the cube [-1, 1]^3 that sees it whole. Angles in radians."""
    return orbit_camera(azimuth, elevation, distance, size=size, field_of_view=0.6)


def _lit(normals: Tensor, colour: tuple[float, float, float], camera: Camera) -> np.ndarray:
    """Matt colours under a lamp at the viewer's upper left, (n, 3) in [0, 255]."""
    lamp = torch.nn.functional.normalize(
        -camera.forward - 0.5 * camera.right - 0.9 * camera.down, dim=-1
    )
    light = 0.42 + 0.62 * (normals @ lamp).clamp(min=0)
    shade = (torch.tensor(colour) * light[:, None]).clamp(0, 1)
    return (255 * shade).round().int().numpy()


def _painted(
    corners: Float[Tensor, "faces corners 3"],
    normals: Float[Tensor, "faces 3"],
    colour: tuple[float, float, float],
    camera: Camera,
) -> np.ndarray:
    """Flat faces that look at the camera, the farthest first, uint8 (height, width, 3)."""
    from PIL import Image, ImageDraw

    middle = corners.mean(1)
    facing = ((camera.centre - middle) * normals).sum(-1) > 0
    corners, normals, middle = corners[facing], normals[facing], middle[facing]
    order = (middle - camera.centre).norm(dim=-1).argsort(descending=True)
    uv, _ = project_points(camera, corners[order].flatten(0, 1))
    paint = _lit(normals[order], colour, camera)
    picture = Image.new("RGB", (2 * camera.width, 2 * camera.height), "white")
    pen = ImageDraw.Draw(picture)
    places = (2 * uv).view(len(order), -1).tolist()
    for place, shade in zip(places, paint.tolist(), strict=True):
        pen.polygon(place, tuple(shade), tuple(int(0.72 * part) for part in shade))
    return np.asarray(picture.resize((camera.width, camera.height), Image.Resampling.BOX))


def draw_blocks(
    occupancy: Bool[Tensor, "r r r"],
    camera: Camera,
    colour: tuple[float, float, float] = BLOCK,
) -> np.ndarray:
    """The full voxels as blocks; white where there is none. uint8 (height, width, 3)."""
    if not bool(occupancy.any()):
        return np.full((camera.height, camera.width, 3), 255, np.uint8)
    return _painted(*block_faces(occupancy), colour, camera)


def draw_mesh(mesh: MeshArrays, camera: Camera) -> np.ndarray:
    """The triangles with their edges. uint8 (height, width, 3)."""
    corners = mesh[0][mesh[1]]
    a, b, c = corners.unbind(1)
    normals = torch.nn.functional.normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    return _painted(corners, normals, SKIN, camera)


def draw_points(cloud: Float[Tensor, "points 3"], camera: Camera) -> np.ndarray:
    """The points as discs, nearer ones darker. uint8 (height, width, 3)."""
    from PIL import Image, ImageDraw

    uv, depth = project_points(camera, cloud)
    order = depth.argsort(descending=True)
    near, far = float(camera.centre.norm()) - 1.2, float(camera.centre.norm()) + 1.2
    fade = ((depth - near) / (far - near)).clamp(0, 1)[:, None]
    paint = (255 * ((1 - fade) * torch.tensor(DOT) + 0.82 * fade)).int()[order].tolist()
    radius = 2 * camera.width * min(0.016, 0.28 / len(cloud) ** 0.5)
    picture = Image.new("RGB", (2 * camera.width, 2 * camera.height), "white")
    pen = ImageDraw.Draw(picture)
    for (u, v), shade in zip((2 * uv[order]).tolist(), paint, strict=True):
        pen.ellipse((u - radius, v - radius, u + radius, v + radius), tuple(shade))
    return np.asarray(picture.resize((camera.width, camera.height), Image.Resampling.BOX))


def draw_function(table: Float[Tensor, "1 x y z"], camera: Camera, steps: int = 48) -> np.ndarray:
    """The surface where a tabulated distance is 0, and its values on the plane y = 0.

    table: over the cube [-1, 1]^3, as ``tabulated`` makes it; beyond it the nearest value holds.
    uint8 (height, width, 3).
    """
    origins, directions = pixels_to_rays(camera, pixel_centres(camera).flatten(0, 1))
    inverse = 1 / torch.where(directions.abs() < 1e-9, 1e-9, directions)
    ends = torch.stack([(-1 - origins) * inverse, (1 - origins) * inverse])
    enter, leave = ends.amin(0).amax(-1), ends.amax(0).amin(-1)
    away = float(camera.centre.norm())
    near, far = max(0.0, away - 3**0.5), away + 3**0.5
    traced = sphere_trace(
        lambda points: _read(table, points), origins, directions, near, far, steps, 0.006
    )
    along, hit = traced.distance, traced.hit
    plane = -origins[:, 1] * inverse[:, 1]
    on_plane = (enter < plane) & (plane < leave) & ~(hit & (along < plane))
    picture = torch.full((len(along), 3), 255.0)
    where = origins + along[:, None] * directions
    picture[hit] = torch.from_numpy(_lit(_slopes(table, where[hit]), SKIN, camera)).float()
    where = origins + plane[:, None] * directions
    picture[on_plane] = 255 * _contours(_read(table, where[on_plane]))
    return picture.view(camera.height, camera.width, 3).byte().numpy()


def _read(table: Tensor, points: Tensor) -> Tensor:
    inside = points.clamp(-0.999, 0.999)
    return read_grid(table, inside, torch.zeros(3), 1.0)[..., 0]


def _slopes(table: Tensor, points: Tensor, step: float = 0.03) -> Tensor:
    moved = points[:, None] + step * torch.cat([torch.eye(3), -torch.eye(3)])
    values = _read(table, moved)
    return torch.nn.functional.normalize(values[:, :3] - values[:, 3:], dim=-1)


def _contours(values: Tensor) -> Tensor:
    """Paper outside and orange inside, a line at every tenth, a thick one at 0."""
    paint = torch.where(values[:, None] > 0, torch.tensor(OUTSIDE), torch.tensor(INSIDE))
    phase = (values * 10 - (values * 10).round()).abs()
    paint = torch.where(phase[:, None] < 0.13, 0.80 * paint, paint)
    return torch.where(values.abs()[:, None] < 0.018, torch.tensor([0.15, 0.15, 0.15]), paint)


def tabulated(function: Implicit, points: int = TABLE) -> Float[Tensor, "1 x y z"]:
    """A function's values on a grid over the cube [-1, 1]^3, corners included."""
    places = grid_points(points, torch.zeros(3), 1.0)
    return function(places.flatten(0, 2)).view(1, points, points, points)


# ------------------------------------------------------------------ shaded triangle meshes


MESH_COLOUR = CYCLE[4]  # light enough for its shades to be told apart
SMOOTH = 2  # each pixel is the mean of so many, both ways
LIGHT = (-0.45, -0.6, 0.66)  # towards the light, in the upright axes: left, to the viewer, up


def shaded_mesh(
    vertices: Float[Tensor, "vertices 3"],
    faces: Int[Tensor, "faces 3"],
    camera: Camera,
    colour: str | Float[np.ndarray, "faces 3"] = MESH_COLOUR,
    *,
    lines: bool = False,
    behind: np.ndarray | None = None,
) -> np.ndarray:
    """The mesh as its camera sees it, uint8 (height, width, 3): far faces first, near ones on top.

    colour: of the mesh, or of each face, RGB in [0, 1]. lines: draw the edges too. behind: a
    picture of the camera's size to draw on, else white.

    Raises: ValueError if ``behind`` has another size than the camera's, or there is another number
    of colours than of faces.
    """
    from PIL import Image, ImageDraw

    size = (camera.width * SMOOTH, camera.height * SMOOTH)
    if behind is None:
        sheet = Image.new("RGB", size, "white")
    elif behind.shape[:2] != (camera.height, camera.width):
        raise ValueError(f"a picture of {behind.shape[:2]} lies behind one of {size}")
    else:
        sheet = Image.fromarray(behind).resize(size)
    tints = 255 * np.array(to_rgb(colour) if isinstance(colour, str) else colour)
    if tints.ndim == 2 and len(tints) != len(faces):
        raise ValueError(f"{len(tints)} colours for {len(faces)} faces")
    kept, places, shades = _visible_faces(vertices.detach(), faces, camera)
    tints = np.broadcast_to(tints, (len(faces), 3))[kept]
    draw = ImageDraw.Draw(sheet)
    for corners, tint, shade in zip(places, tints, shades, strict=True):
        fill = tuple(min(int(v), 255) for v in tint * shade + 255 * max(0.0, shade - 0.9))
        draw.polygon(corners, fill=fill, outline=INK if lines else fill)
    return np.asarray(sheet.resize((camera.width, camera.height), Image.Resampling.BOX))


def _visible_faces(vertices: Tensor, faces: Tensor, camera: Camera) -> tuple[list[int], list, list]:
    """Faces turned to the camera, far ones first: numbers, corners in pixels, brightness."""
    if not len(faces):
        return [], [], []
    corners = vertices[faces]
    normal = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normal = torch.nn.functional.normalize(normal, dim=-1)
    middle = corners.mean(1)
    uv, depth = project_points(camera, vertices)
    facing = ((middle - camera.centre) * normal).sum(-1) < 0
    kept = (facing & (depth[faces].amin(1) > 1e-3)).nonzero()[:, 0]
    far = (middle[kept] - camera.centre).norm(dim=-1).argsort(descending=True)
    kept = kept[far]
    # The light stands still beside the camera, whose axes turn with the viewer.
    light = camera.rotation @ vertices.new_tensor([LIGHT[0], -LIGHT[2], LIGHT[1]])
    shade = 0.45 + 0.55 * (normal[kept] @ light).clamp(min=0)
    places = (uv[faces[kept]] * SMOOTH).flatten(1).tolist()
    return kept.tolist(), places, shade.tolist()
