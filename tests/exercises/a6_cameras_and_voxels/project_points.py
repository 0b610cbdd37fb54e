"""Wrong and right answers to project_points."""

import torch

from .shared import in_double, listed, no_grad


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


WRONG = {
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
        no_grad(projected()),
        listed(projected()),
    ],
}


def _project(points, rotation, centre, focal, principal):
    local = (points - centre) @ rotation
    return focal * local[:, :2] / local[:, 2:] + principal, local[:, 2]


def _project_matrix(points, rotation, centre, focal, principal):
    """Homogeneous coordinates and one matrix, K [R | t]."""
    one, zero = torch.ones_like(focal), torch.zeros_like(focal)
    rows = [focal, zero, principal[0], zero, focal, principal[1], zero, zero, one]
    intrinsics = torch.stack(rows).view(3, 3)
    extrinsics = torch.cat([rotation.T, -rotation.T @ centre[:, None]], 1)
    homogeneous = torch.cat([points, torch.ones_like(points[:, :1])], 1)
    u, v, w = (intrinsics @ extrinsics @ homogeneous.T).unbind(0)
    return torch.stack([u / w, v / w], 1), w


def _project_loop(points, rotation, centre, focal, principal):
    pixels, depths = [], []
    for point in points:
        x, y, z = (torch.dot(point - centre, rotation[:, k]) for k in range(3))
        pixels.append(torch.stack([focal * x / z + principal[0], focal * y / z + principal[1]]))
        depths.append(z)
    return torch.stack(pixels), torch.stack(depths)


def _project_einsum(points, rotation, centre, focal, principal):
    local = torch.einsum("nj,jk->nk", points - centre, rotation)
    x, y, z = local.unbind(-1)
    return torch.stack([x, y], -1) / z.unsqueeze(-1) * focal + principal, z


def _project_inverse(points, rotation, centre, focal, principal):
    local = torch.linalg.solve(rotation, (points - centre).T).T
    return focal * (local / local[:, 2:])[:, :2] + principal, local[:, 2]


RIGHT = {
    "difference times rotation": _project,
    "matrices": _project_matrix,
    "loop": _project_loop,
    "einsum": _project_einsum,
    "inverse of the rotation": _project_inverse,
    "in float64": in_double(_project),
}


# What the first variant of each mistake earns.
MARKS = {
    "rotation_transposed": 1,
    "centre_added": 1,
    "centre_after_rotation": 1.25,
    "centre_forgotten": 1,
    "rotation_forgotten": 1,
    "no_perspective": 1.5,
    "divided_by_distance": 1.5,
    "divided_by_another_axis": 1.5,
    "divided_after_principal": 1.5,
    "v_flipped": 1.5,
    "u_flipped": 1.5,
    "both_flipped": 1.5,
    "focal_forgotten": 1.5,
    "focal_divides": 1.5,
    "focal_on_one_axis": 1.5,
    "principal_forgotten": 1.5,
    "principal_subtracted": 1.5,
    "principal_times_focal": 1.5,
    "principal_swapped": 1.5,
    "half_pixel_moved": 2,
    "rounded": 1.75,
    "rows_before_columns": 1.5,
    "depth_is_distance": 1.75,
    "depth_without_sign": 3.75,
    "depth_negated": 1.75,
    "depth_inverted": 1.75,
    "depth_before_rotation": 2.25,
    "depth_first": 0,
    "one_tensor": 0,
    "points_behind_dropped": 3.75,
    "gradient_cut": 3.5,
}
