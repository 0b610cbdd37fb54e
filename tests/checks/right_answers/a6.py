"""Right answers to assignment 6, written in different ways: `RIGHT[exercise][way]`."""

import math

import torch
from torch.nn import functional as F

# ------------------------------------------------------------------------ project_points


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


def _in_double(answer):
    def doubled(*inputs):
        return answer(*(each.double() for each in inputs))

    return doubled


PROJECT_POINTS = {
    "difference times rotation": _project,
    "matrices": _project_matrix,
    "loop": _project_loop,
    "einsum": _project_einsum,
    "inverse of the rotation": _project_inverse,
    "in float64": _in_double(_project),
}

# ------------------------------------------------------------------------ pixels_to_rays


def _rays(pixels, rotation, centre, focal, principal):
    local = F.pad((pixels - principal) / focal, (0, 1), value=1.0)
    directions = F.normalize(local @ rotation.T, dim=-1)
    return centre.expand_as(directions), directions


def _rays_unit_first(pixels, rotation, centre, focal, principal):
    """The focal length as depth, divided by the length before turning."""
    depth = focal.expand(len(pixels), 1)
    local = torch.cat([pixels - principal, depth], 1)
    local = local / (local * local).sum(1, keepdim=True).sqrt()
    return centre.repeat(len(pixels), 1), (rotation @ local.T).T


def _rays_loop(pixels, rotation, centre, focal, principal):
    directions = []
    for u, v in pixels:
        x, y = (u - principal[0]) / focal, (v - principal[1]) / focal
        along = rotation[:, 0] * x + rotation[:, 1] * y + rotation[:, 2]
        directions.append(along / along.norm())
    return torch.stack([centre] * len(pixels)), torch.stack(directions)


def _rays_matrix(pixels, rotation, centre, focal, principal):
    one, zero = torch.ones_like(focal), torch.zeros_like(focal)
    rows = [focal, zero, principal[0], zero, focal, principal[1], zero, zero, one]
    inverse = torch.linalg.inv(torch.stack(rows).view(3, 3))
    homogeneous = torch.cat([pixels, torch.ones_like(pixels[:, :1])], 1)
    directions = torch.einsum("ij,jk,nk->ni", rotation, inverse, homogeneous)
    return centre[None].expand(len(pixels), 3), F.normalize(directions, dim=1)


PIXELS_TO_RAYS = {
    "pad, normalise": _rays,
    "unit length first": _rays_unit_first,
    "loop": _rays_loop,
    "inverse matrix": _rays_matrix,
    "in float64": _in_double(_rays),
}

# ------------------------------------------------------------------------ frustum_planes


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


FRUSTUM_PLANES = {
    "slopes": _planes,
    "cross products": _planes_cross,
    "lines of the picture": _planes_of_pixels,
    "loop over the sides": _planes_loop,
    "in float64": _in_double(_planes),
}

# ------------------------------------------------------------------------------- voxelise


def _voxelise(points, resolution, side):
    index = torch.floor((points / side + 0.5) * resolution).long()
    index = index[((index >= 0) & (index < resolution)).all(1)]
    grid = torch.zeros(resolution, resolution, resolution, dtype=torch.bool)
    grid[index[:, 0], index[:, 1], index[:, 2]] = True
    return grid


def _voxelise_loop(points, resolution, side):
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    for point in points.tolist():
        i, j, k = (math.floor((x + side / 2) * resolution / side) for x in point)
        if min(i, j, k) >= 0 and max(i, j, k) < resolution:
            grid[i, j, k] = True
    return grid


def _voxelise_edges(points, resolution, side):
    """By counting the edges below each coordinate."""
    edges = side * (torch.arange(resolution + 1, dtype=points.dtype) / resolution - 0.5)
    index = torch.searchsorted(edges, points.contiguous(), right=True) - 1
    inside = ((points >= edges[0]) & (points < edges[-1])).all(-1)
    grid = torch.zeros((resolution,) * 3, dtype=torch.bool)
    grid[tuple(index[inside].T)] = True
    return grid


def _voxelise_flat(points, resolution, side):
    half = side / 2
    points = points[(points >= -half).all(1) & (points < half).all(1)]
    i, j, k = ((points + half) / (side / resolution)).long().unbind(1)
    flat = (i * resolution + j) * resolution + k
    return (torch.bincount(flat, minlength=resolution**3) > 0).view((resolution,) * 3)


def _voxelise_compare(points, resolution, side):
    """Every voxel asks every point."""
    low = side * (torch.arange(resolution, dtype=points.dtype) / resolution - 0.5)
    high = side * (torch.arange(1, resolution + 1, dtype=points.dtype) / resolution - 0.5)
    within = (points[..., None] >= low) & (points[..., None] < high)  # (points, 3, r)
    x, y, z = within.unbind(1)
    return (x[:, :, None, None] & y[:, None, :, None] & z[:, None, None, :]).any(0)


VOXELISE = {
    "floor": _voxelise,
    "loop": _voxelise_loop,
    "edges counted": _voxelise_edges,
    "flat indices": _voxelise_flat,
    "every voxel asks": _voxelise_compare,
    "in float64": lambda p, r, s: _voxelise(p.double(), r, s),
}

# ---------------------------------------------------------------- balanced_occupancy_loss


def _refuse(occupancy):
    for grid in occupancy:
        if not grid.any() or grid.all():
            raise ValueError("an object is all empty or all full")


def _loss_softplus(logits, occupancy):
    _refuse(occupancy)
    y, x = occupancy.flatten(1).to(logits), logits.flatten(1)
    full = (F.softplus(-x) * y).sum(1) / y.sum(1)
    empty = (F.softplus(x) * (1 - y)).sum(1) / (1 - y).sum(1)
    return ((full + empty) / 2).mean()


def _loss_loop(logits, occupancy):
    _refuse(occupancy)
    losses = []
    for x, y in zip(logits, occupancy, strict=True):
        losses.append(-0.5 * F.logsigmoid(x[y]).mean() - 0.5 * F.logsigmoid(-x[~y]).mean())
    return torch.stack(losses).mean()


def _loss_weights(logits, occupancy):
    _refuse(occupancy)
    share = occupancy.flatten(1).to(logits).mean(1).view(-1, 1, 1, 1)
    weight = torch.where(occupancy, 0.5 / share, 0.5 / (1 - share))
    return F.binary_cross_entropy_with_logits(logits, occupancy.to(logits), weight=weight)


def _loss_signed(logits, occupancy):
    _refuse(occupancy)
    sign = 2.0 * occupancy.to(logits) - 1
    each = F.softplus(-sign * logits).flatten(1)
    full = occupancy.flatten(1)
    means = [each[k][full[k]].mean() + each[k][~full[k]].mean() for k in range(len(each))]
    return sum(means) / (2 * len(means))


BALANCED_OCCUPANCY_LOSS = {
    "softplus": _loss_softplus,
    "loop with logsigmoid": _loss_loop,
    "weights": _loss_weights,
    "signs": _loss_signed,
    "in float64": lambda x, y: _loss_softplus(x.double(), y),
}

# ------------------------------------------------------------------------------ voxel_iou


def _iou(predicted, truth, threshold):
    full = predicted > threshold
    both = (full & truth).sum((1, 2, 3))
    either = (full | truth).sum((1, 2, 3))
    return torch.where(either > 0, both / either.clamp(min=1), 1.0)


def _iou_loop(predicted, truth, threshold):
    found = []
    for p, y in zip(predicted, truth, strict=True):
        mine = (p > threshold).flatten().nonzero()[:, 0].tolist()
        real = y.flatten().nonzero()[:, 0].tolist()
        union = set(mine) | set(real)
        found.append(len(set(mine) & set(real)) / len(union) if union else 1.0)
    return torch.tensor(found)


def _iou_sizes(predicted, truth, threshold):
    """|A or B| = |A| + |B| - |A and B|."""
    p, y = (predicted > threshold).flatten(1).float(), truth.flatten(1).float()
    both = (p * y).sum(1)
    either = p.sum(1) + y.sum(1) - both
    return (both + (either == 0)) / (either + (either == 0))


def _iou_nan(predicted, truth, threshold):
    p = torch.gt(predicted, threshold).flatten(1)
    ratio = torch.logical_and(p, truth.flatten(1)).sum(1) / torch.logical_or(
        p, truth.flatten(1)
    ).sum(1)
    return torch.nan_to_num(ratio, nan=1.0)


def _iou_extremes(predicted, truth, threshold):
    p, y = (predicted > threshold).double().flatten(1), truth.double().flatten(1)
    both, either = torch.minimum(p, y).sum(1), torch.maximum(p, y).sum(1)
    return torch.where(either > 0, both / either.clamp_min(1), torch.ones_like(both))


VOXEL_IOU = {
    "and, or": _iou,
    "sets": _iou_loop,
    "sizes": _iou_sizes,
    "NaN replaced": _iou_nan,
    "least and largest, in float64": _iou_extremes,
}

RIGHT = {
    "project_points": PROJECT_POINTS,
    "pixels_to_rays": PIXELS_TO_RAYS,
    "frustum_planes": FRUSTUM_PLANES,
    "voxelise": VOXELISE,
    "balanced_occupancy_loss": BALANCED_OCCUPANCY_LOSS,
    "voxel_iou": VOXEL_IOU,
}
