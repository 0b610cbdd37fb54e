"""Wrong and right answers to frustum_planes."""

import torch
from torch.nn import functional as F
from torch.nn.functional import normalize

from .shared import in_double


def planes(
    *,
    slopes=lambda box, f, m: (box - torch.cat([m, m])) / f,
    order=lambda s: s,
    rows=None,
    unit=lambda n: normalize(n, dim=-1),
    world=lambda n, r: n @ r.T,
    offset=lambda n, c: n @ c,
    result=lambda n, d: (n, d),
):
    """The right way, with one or more of its parts changed."""
    rows = rows or right_rows

    def answer(rectangle, rotation, centre, focal, principal):
        local = rows(*order(slopes(rectangle, focal, principal)).unbind())
        normals = world(unit(local), rotation)
        return result(normals, offset(normals, centre))

    return answer


def right_rows(left, top, right, bottom):
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    flat = [-one, zero, left, zero, -one, top, one, zero, -right, zero, one, -bottom]
    return torch.stack([*flat, zero, zero, -one]).view(5, 3)


def signed(signs):
    return lambda *s: right_rows(*s) * torch.tensor(signs, dtype=s[0].dtype)[:, None]


def _edges(left, top, right, bottom):
    """The four edges of the pyramid, and its axis, in place of normals."""
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    corners = [left, top, one, right, top, one, right, bottom, one, left, bottom, one]
    return torch.stack([*corners, zero, zero, -one]).view(5, 3)


def _within_planes(left, top, right, bottom):
    """Vectors in the planes, in place of vectors across them."""
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    flat = [left, zero, one, zero, top, one, right, zero, one, zero, bottom, one]
    return torch.stack([*flat, zero, zero, -one]).view(5, 3)


def _box(left, top, right, bottom):
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    flat = [-one, zero, zero, zero, -one, zero, one, zero, zero, zero, one, zero]
    return torch.stack([*flat, zero, zero, -one]).view(5, 3)


def _slope_sign(left, top, right, bottom):
    return right_rows(-left, -top, -right, -bottom)


WRONG = {
    "inward": [planes(rows=signed([-1.0] * 5))],
    "sides_inward": [planes(rows=signed([-1.0] * 4 + [1.0]))],
    "camera_plane_inward": [planes(rows=signed([1.0] * 4 + [-1.0]))],
    "half_inward": [
        planes(rows=signed([-1.0, -1.0, 1.0, 1.0, 1.0])),
        planes(rows=signed([1.0, 1.0, -1.0, -1.0, 1.0])),
    ],
    "not_unit": [planes(unit=lambda n: n)],
    "unit_over_the_planes": [
        planes(unit=lambda n: normalize(n, dim=0)),
        planes(unit=lambda n: n / n.norm()),
    ],
    "rotation_transposed": [planes(world=lambda n, r: n @ r)],
    "rotation_forgotten": [planes(world=lambda n, r: n)],
    "offsets_zero": [planes(offset=lambda n, c: 0 * n[:, 0])],
    "offsets_negated": [planes(offset=lambda n, c: -(n @ c))],
    "offsets_per_axis": [
        planes(offset=lambda n, c: n * c),
    ],
    "principal_forgotten": [planes(slopes=lambda box, f, m: box / f)],
    "principal_on_first_corner": [
        planes(slopes=lambda box, f, m: torch.cat([box[:2] - m, box[2:]]) / f),
    ],
    "focal_forgotten": [planes(slopes=lambda box, f, m: box - torch.cat([m, m]))],
    "focal_multiplied": [planes(slopes=lambda box, f, m: (box - torch.cat([m, m])) * f)],
    "corner_and_size": [
        planes(
            slopes=lambda box, f, m: (torch.cat([box[:2], box[:2] + box[2:]]) - m.repeat(2)) / f
        ),
    ],
    "left_and_right_swapped": [planes(order=lambda s: s[[2, 1, 0, 3]])],
    "top_and_bottom_swapped": [planes(order=lambda s: s[[0, 3, 2, 1]])],
    "axes_swapped": [planes(order=lambda s: s[[1, 0, 3, 2]])],
    "other_order": [
        planes(result=lambda n, d: (n[[0, 2, 1, 3, 4]], d[[0, 2, 1, 3, 4]])),
        planes(result=lambda n, d: (n[[4, 0, 1, 2, 3]], d[[4, 0, 1, 2, 3]])),
        planes(result=lambda n, d: (n[[1, 0, 3, 2, 4]], d[[1, 0, 3, 2, 4]])),
    ],
    "slope_sign": [planes(rows=_slope_sign)],
    "edges_for_normals": [planes(rows=_edges)],
    "along_the_planes": [planes(rows=_within_planes)],
    "parallel_sides": [planes(rows=_box)],
    "camera_plane_missing": [
        planes(result=lambda n, d: (n[:4], d[:4])),
    ],
    "offsets_first": [planes(result=lambda n, d: (d, n))],
    "one_tensor": [
        planes(result=lambda n, d: torch.cat([n, d[:, None]], 1)),
        planes(result=lambda n, d: torch.cat([n, -d[:, None]], 1)),
        planes(result=lambda n, d: n),
    ],
}


def _planes(rectangle, rotation, centre, focal, principal):
    left, top, right, bottom = (rectangle - principal.repeat(2)) / focal
    one, zero = torch.ones_like(left), torch.zeros_like(left)
    local = torch.stack(
        [
            torch.stack([-one, zero, left]),
            torch.stack([zero, -one, top]),
            torch.stack([one, zero, -right]),
            torch.stack([zero, one, -bottom]),
            torch.stack([zero, zero, -one]),
        ]
    )
    normals = F.normalize(local, dim=1) @ rotation.T
    return normals, normals @ centre


def _planes_cross(rectangle, rotation, centre, focal, principal):
    """Each side as the cross product of two neighbouring edges of the pyramid."""
    left, top, right, bottom = rectangle
    corners = [(left, bottom), (left, top), (right, top), (right, bottom)]
    edges = torch.stack(
        [torch.stack([(u - principal[0]) / focal, (v - principal[1]) / focal, torch.ones_like(u)])
         for u, v in corners]
    )  # fmt: skip
    edges = edges @ rotation.T
    sides = torch.linalg.cross(edges.roll(-1, 0), edges)
    normals = torch.cat([sides, -rotation[:, 2][None]])
    normals = normals / normals.norm(dim=1, keepdim=True)
    return normals, (normals * centre).sum(1)


def _planes_of_pixels(rectangle, rotation, centre, focal, principal):
    """In pixels: the image line u = left is the plane whose camera normal is Kᵀ (1, 0, -left)."""
    left, top, right, bottom = rectangle.tolist()
    lines = torch.tensor(
        [[-1, 0, left], [0, -1, top], [1, 0, -right], [0, 1, -bottom], [0, 0, -1]]
    ).to(rectangle)
    matrix = torch.diag(torch.stack([focal, focal, torch.ones_like(focal)]))
    matrix[:2, 2] = principal
    normals = F.normalize(lines @ matrix, dim=-1) @ rotation.T
    return normals, torch.einsum("pk,k->p", normals, centre)


def _planes_loop(rectangle, rotation, centre, focal, principal):
    normals = []
    for k, axis, sign in ((0, 0, -1.0), (1, 1, -1.0), (2, 0, 1.0), (3, 1, 1.0)):
        slope = (rectangle[k] - principal[axis]) / focal
        normal = sign * (rotation[:, axis] - slope * rotation[:, 2])
        normals.append(normal / normal.norm())
    normals = torch.stack([*normals, -rotation[:, 2]])
    return normals, torch.stack([torch.dot(n, centre) for n in normals])


RIGHT = {
    "slopes": _planes,
    "cross products": _planes_cross,
    "lines of the picture": _planes_of_pixels,
    "loop over the sides": _planes_loop,
    "in float64": in_double(_planes),
}


# What the first variant of each mistake earns.
MARKS = {
    "inward": 0,
    "sides_inward": 0,
    "camera_plane_inward": 0,
    "half_inward": 0,
    "not_unit": 1.5,
    "unit_over_the_planes": 0,
    "rotation_transposed": 1,
    "rotation_forgotten": 1,
    "offsets_zero": 2.5,
    "offsets_negated": 2.5,
    "offsets_per_axis": 1.75,
    "principal_forgotten": 0,
    "principal_on_first_corner": 0,
    "focal_forgotten": 0,
    "focal_multiplied": 0,
    "corner_and_size": 0,
    "left_and_right_swapped": 0,
    "top_and_bottom_swapped": 0,
    "axes_swapped": 1,
    "other_order": 1.75,
    "slope_sign": 0,
    "edges_for_normals": 0,
    "along_the_planes": 0,
    "parallel_sides": 0,
    "camera_plane_missing": 1.5,
    "offsets_first": 0,
    "one_tensor": 0,
}
