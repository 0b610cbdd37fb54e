"""Wrong answers to assignment 6: `WRONG[exercise][misconception]` is a list of variants."""

import torch
from torch.nn.functional import normalize

from .a6_voxels import BALANCED_OCCUPANCY_LOSS, VOXEL_IOU, VOXELISE

# ------------------------------------------------------------------------ project_points


def ones(x):
    return torch.ones_like(x)


def projected(
    *,
    local=lambda x, r, c: (x - c) @ r,
    divide=lambda p: p[:, :2] / p[:, 2:],
    image=lambda offset, f, m: f * offset + m,
    depth=lambda p: p[:, 2],
    result=lambda uv, z: (uv, z),
):
    """The right way, with one or more of its parts changed."""

    def answer(points, rotation, centre, focal, principal):
        p = local(points, rotation, centre)
        return result(image(divide(p), focal, principal), depth(p))

    return answer


def flipped(*signs):
    return lambda p: p[:, :2] / p[:, 2:] * torch.tensor(signs, dtype=p.dtype)


def _no_grad(answer):
    def quiet(*inputs):
        with torch.no_grad():
            return answer(*inputs)

    return quiet


def _listed(answer):
    return lambda *inputs: tuple(
        torch.tensor(each.tolist(), dtype=each.dtype) for each in answer(*inputs)
    )


PROJECT_POINTS = {
    "rotation_transposed": [
        projected(local=lambda x, r, c: (x - c) @ r.T),
        projected(local=lambda x, r, c: (r @ (x - c).T).T),
    ],
    "centre_added": [projected(local=lambda x, r, c: (x + c) @ r)],
    "centre_after_rotation": [
        projected(local=lambda x, r, c: x @ r - c),
        projected(local=lambda x, r, c: x @ r + c),
    ],
    "centre_forgotten": [projected(local=lambda x, r, c: x @ r)],
    "rotation_forgotten": [projected(local=lambda x, r, c: x - c)],
    "no_perspective": [
        projected(divide=lambda p: p[:, :2]),
        projected(divide=lambda p: p[:, :2] * p[:, 2:]),
    ],
    "divided_by_distance": [projected(divide=lambda p: p[:, :2] / p.norm(dim=1, keepdim=True))],
    "divided_by_another_axis": [
        projected(divide=lambda p: p[:, :2] / p[:, 1:2]),
        projected(divide=lambda p: p[:, 1:] / p[:, :1]),
        projected(divide=lambda p: p[:, [0, 2]] / p[:, 1:2]),
    ],
    "divided_after_principal": [
        lambda x, r, c, f, m: (
            (f * ((x - c) @ r)[:, :2] + m) / ((x - c) @ r)[:, 2:],
            ((x - c) @ r)[:, 2],
        ),
    ],
    "v_flipped": [projected(divide=flipped(1.0, -1.0))],
    "u_flipped": [projected(divide=flipped(-1.0, 1.0))],
    "both_flipped": [projected(divide=flipped(-1.0, -1.0))],
    "focal_forgotten": [projected(image=lambda o, f, m: o + m)],
    "focal_divides": [projected(image=lambda o, f, m: o / f + m)],
    "focal_on_one_axis": [
        projected(image=lambda o, f, m: torch.stack([f * o[:, 0], o[:, 1]], 1) + m),
        projected(image=lambda o, f, m: torch.stack([o[:, 0], f * o[:, 1]], 1) + m),
    ],
    "principal_forgotten": [projected(image=lambda o, f, m: f * o)],
    "principal_subtracted": [projected(image=lambda o, f, m: f * o - m)],
    "principal_times_focal": [projected(image=lambda o, f, m: f * (o + m))],
    "principal_swapped": [projected(image=lambda o, f, m: f * o + m.flip(-1))],
    "half_pixel_moved": [
        projected(image=lambda o, f, m: f * o + m - 0.5),
        projected(image=lambda o, f, m: f * o + m + 0.5),
    ],
    "rounded": [
        projected(image=lambda o, f, m: (f * o + m).round()),
        projected(image=lambda o, f, m: (f * o + m).floor()),
    ],
    "rows_before_columns": [projected(result=lambda uv, z: (uv.flip(-1), z))],
    "depth_is_distance": [projected(depth=lambda p: p.norm(dim=1))],
    "depth_without_sign": [
        projected(depth=lambda p: p[:, 2].abs()),
        projected(depth=lambda p: p[:, 2].clamp_min(0)),
        projected(depth=lambda p: p[:, 2].clamp_min(1e-6)),
    ],
    "depth_negated": [projected(depth=lambda p: -p[:, 2])],
    "depth_inverted": [projected(depth=lambda p: 1 / p[:, 2])],
    "depth_before_rotation": [
        lambda x, r, c, f, m: (projected()(x, r, c, f, m)[0], (x - c)[:, 2]),
        lambda x, r, c, f, m: (projected()(x, r, c, f, m)[0], x[:, 2]),
    ],
    "depth_first": [projected(result=lambda uv, z: (z, uv))],
    "one_tensor": [
        projected(result=lambda uv, z: torch.cat([uv, z[:, None]], 1)),
        projected(result=lambda uv, z: uv),
    ],
    "points_behind_dropped": [projected(result=lambda uv, z: (uv[z > 0], z[z > 0]))],
    "gradient_cut": [
        projected(result=lambda uv, z: (uv.detach(), z.detach())),
        _no_grad(projected()),
        _listed(projected()),
    ],
}

# ------------------------------------------------------------------------ pixels_to_rays


def rays(
    *,
    offset=lambda uv, f, m: (uv - m) / f,
    depth=ones,
    world=lambda d, r: d @ r.T,
    unit=lambda d: normalize(d, dim=-1),
    origin=lambda d, c: c.expand_as(d),
    result=lambda o, d: (o, d),
):
    """The right way, with one or more of its parts changed."""

    def answer(pixels, rotation, centre, focal, principal):
        plane = offset(pixels, focal, principal)
        local = torch.cat([plane, depth(plane[:, :1])], 1)
        directions = unit(world(local, rotation))
        return result(origin(directions, centre), directions)

    return answer


def _end(pixels, rotation, centre, focal, principal):
    """The point at depth 1, taken for a direction."""
    origins, directions = rays(unit=lambda d: d)(pixels, rotation, centre, focal, principal)
    return origins, normalize(origins + directions, dim=-1)


PIXELS_TO_RAYS = {
    "not_unit": [
        rays(unit=lambda d: d),
        rays(unit=lambda d: normalize(d, dim=-1) * 2),
    ],
    "unit_over_the_rays": [
        rays(unit=lambda d: normalize(d, dim=0)),
        rays(unit=lambda d: d / d.norm()),
    ],
    "divided_by_the_square": [rays(unit=lambda d: d / (d * d).sum(-1, keepdim=True))],
    "rotation_transposed": [rays(world=lambda d, r: d @ r)],
    "rotation_forgotten": [rays(world=lambda d, r: d)],
    "focal_forgotten": [rays(offset=lambda uv, f, m: uv - m)],
    "focal_multiplied": [rays(offset=lambda uv, f, m: (uv - m) * f)],
    "focal_as_depth_twice": [rays(depth=lambda x: 0 * x + 45.0)],
    "principal_forgotten": [rays(offset=lambda uv, f, m: uv / f)],
    "principal_added": [rays(offset=lambda uv, f, m: (uv + m) / f)],
    "principal_after_focal": [rays(offset=lambda uv, f, m: uv / f - m)],
    "principal_swapped": [rays(offset=lambda uv, f, m: (uv - m.flip(-1)) / f)],
    "v_flipped": [rays(offset=lambda uv, f, m: (uv - m) / f * torch.tensor([1.0, -1.0]).to(uv))],
    "both_flipped": [rays(offset=lambda uv, f, m: (m - uv) / f)],
    "backwards": [
        rays(depth=lambda x: -ones(x)),
        rays(unit=lambda d: -normalize(d, dim=-1)),
    ],
    "flat": [rays(depth=torch.zeros_like)],
    "rows_before_columns": [rays(offset=lambda uv, f, m: (uv.flip(-1) - m) / f)],
    "half_pixel_moved": [
        rays(offset=lambda uv, f, m: (uv + 0.5 - m) / f),
        rays(offset=lambda uv, f, m: (uv - 0.5 - m) / f),
    ],
    "centre_in_direction": [_end],
    "origin_at_zero": [rays(origin=lambda d, c: torch.zeros_like(d))],
    "origin_on_the_picture": [
        rays(origin=lambda d, c: c + d),
    ],
    "origin_negated": [
        rays(origin=lambda d, c: (-c).expand_as(d)),
    ],
    "one_origin": [rays(origin=lambda d, c: c), rays(origin=lambda d, c: c[None])],
    "direction_first": [rays(result=lambda o, d: (d, o))],
    "directions_only": [
        rays(result=lambda o, d: d),
        rays(result=lambda o, d: torch.cat([o, d], 1)),
    ],
    "gradient_cut": [
        rays(result=lambda o, d: (o.detach(), d.detach())),
        _no_grad(rays()),
        _listed(rays()),
    ],
}

# ------------------------------------------------------------------------ frustum_planes


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


FRUSTUM_PLANES = {
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

WRONG = {
    "project_points": PROJECT_POINTS,
    "pixels_to_rays": PIXELS_TO_RAYS,
    "frustum_planes": FRUSTUM_PLANES,
    "voxelise": VOXELISE,
    "balanced_occupancy_loss": BALANCED_OCCUPANCY_LOSS,
    "voxel_iou": VOXEL_IOU,
}
